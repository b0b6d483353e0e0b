"""The graph of ops that a model computes, with the layers taken apart."""

from kx_layers.context import calling
from kx_tensor import tree
from kx_tensor.graph import Function
from kx_tensor.primitive import Primitive
from kx_tensor.tape import state


class inlined:
    """Inside the block, a layer called on symbolic tensors leaves the ops inside it in the graph."""

    def __enter__(self):
        self.previous = state.inline
        state.inline = True

    def __exit__(self, *exc):
        state.inline = self.previous


def trace(model, inputs, keeps):
    """Return the Function of the ops that `model` runs at inference on the KerasTensors `inputs`.

    A fused op stays whole where `keeps(op, args)` says so; elsewhere the ops of its composite twin take its place.

    >>> from kx_layers.dense import Dense
    >>> from kx_models.sequential import Sequential
    >>> from kx_tensor.symbolic import KerasTensor
    >>> graph = trace(Sequential([Dense(2)]), KerasTensor((None, 3)), lambda op, args: False)
    >>> [op.name for op in graph.operations]
    ['matmul', 'add']
    """
    with inlined(), calling(model, False):
        function = Function(inputs, model(inputs, training=False))
        while any(_is_taken_apart(node.operation, node.args, keeps) for node in function.nodes):
            call = lambda op, args, kwargs: _twin(op, args, keeps)(*args, **kwargs)
            values = function.run(function.inputs, call)
            function = Function(inputs, tree.pack_sequence_as(function._outputs_struct, values))
        return function


def _is_taken_apart(operation, args, keeps):
    return isinstance(operation, Primitive) and operation.like is not None and not keeps(operation, args)


def _twin(operation, args, keeps):
    return operation.like if _is_taken_apart(operation, args, keeps) else operation
