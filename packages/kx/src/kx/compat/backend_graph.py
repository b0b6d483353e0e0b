"""`keras.backend`: functions of symbolic tensors, their gradients, choices and loops."""

import numpy as np

from kx_layers.context import calling
from kx_layers.input_layer import Input, InputLayer
from kx_tensor import config, ops, tree
from kx_tensor.gradients import GradientTape
from kx_tensor.gradients import gradients as tape_gradients
from kx_tensor.graph import Function
from kx_tensor.ops.recurrent_loop import run_steps
from kx_tensor.symbolic import GraphNode, KerasTensor, record_call
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

__all__ = [
    "placeholder", "function", "gradients", "switch", "map_fn", "foldl", "foldr", "rnn",
    "get_session", "set_session",
]  # fmt: skip


def placeholder(shape=None, ndim=None, dtype=None, sparse=False, name=None, ragged=False):
    """Return a symbolic tensor for data of this shape, batch axis included, or of `ndim` axes of any size.

    >>> placeholder((None, 3)).shape, placeholder(ndim=2).shape
    ((None, 3), (None, None))
    """
    if shape is None:
        shape = (None,) * (ndim or 0)
    return Input(batch_shape=shape, dtype=dtype or config.floatx(), sparse=sparse, ragged=ragged, name=name)


class BackendFunction:
    """What `function` returns: called with a list of arrays it gives a list of NumPy arrays."""

    def __init__(self, inputs, outputs, updates=None, name=None):
        inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        self.tensors = [x for x in inputs if isinstance(x, KerasTensor)]
        self.is_tensor = [
            isinstance(x, KerasTensor) for x in inputs
        ]  # what is none stands for the learning phase
        self.outputs_struct, self.updates = outputs, [u for u in updates or [] if isinstance(u, tuple)]
        self.values = [*tree.flatten(outputs), *(new for _, new in self.updates)]
        symbolic = [v for v in self.values if isinstance(v, KerasTensor)]
        self.graph = Function(self.tensors, symbolic, name=name) if symbolic else None
        self.name = name

    def __call__(self, inputs=()):
        inputs = inputs if isinstance(inputs, (list, tuple)) else [inputs]
        if len(inputs) != len(self.is_tensor):
            raise ValueError(
                f"The function takes {len(self.is_tensor)} inputs, got {len(inputs)}; give them in one list."
            )
        arrays, training = [], None
        for value, is_tensor in zip(inputs, self.is_tensor):
            if is_tensor:
                arrays.append(ops.convert_to_tensor(value, self.tensors[len(arrays)].dtype))
            else:
                training = bool(value)
        with calling(None, training):
            found = iter(self.graph.run(arrays)) if self.graph is not None else iter(())
        values = [next(found) if isinstance(v, KerasTensor) else v for v in self.values]
        count = len(values) - len(self.updates)
        results = [np.array(v) for v in values[:count]]  # copies: the updates may change what they show
        for (variable, _), value in zip(self.updates, values[count:]):
            variable.assign(value)
        return tree.pack_sequence_as(self.outputs_struct, results)


def function(inputs, outputs, updates=None, name=None, **kwargs):
    """Return a function of arrays that computes symbolic `outputs` from symbolic `inputs`.

    `learning_phase()` among the inputs stands for the training flag; `updates` are pairs that `update` gives.

    >>> x = placeholder((None, 2))
    >>> function([x], [ops.sum(x, axis=1)])([[[1.0, 2.0]]])
    [array([3.], dtype=float32)]
    """
    if kwargs:
        raise ValueError(f"kx has no sessions: function() cannot use {sorted(kwargs)}.")
    return BackendFunction(inputs, outputs, updates, name)


# ---- gradients -----------------------------------------------------------------------------------------------


class GradientOf:
    """The gradient of a symbolic loss for one symbolic tensor, or for variables, as an operation of the graph."""

    def __init__(self, loss, source=None, variables=()):
        self.name = "gradients"
        self.variables, self.sources = list(variables), [] if source is None else [source]
        self.inputs = [*self.sources, *_leaves(loss, {s.key for s in self.sources})]
        self.graph = Function(self.inputs, [loss])

    def __call__(self, *values):
        count = len(self.sources)
        with GradientTape() as tape:
            sources = [Tensor(v.data, None, v.device) for v in values[:count]]
            tape.watch(sources)
            loss = self.graph.run([*sources, *values[count:]])[0]
        wanted = [*sources, *self.variables]
        found = tape.gradient(loss, wanted)
        return [ops.zeros_like(w) if g is None else g for g, w in zip(found, wanted)]

    def symbolic(self):
        """Return its symbolic results."""
        node = GraphNode(self, tuple(self.inputs), {})
        specs = [*self.sources, *self.variables]
        outs = [KerasTensor(v.shape, v.dtype, node=node, index=i) for i, v in enumerate(specs)]
        node.finish(outs)
        return outs


def gradients(loss, variables):
    """Return the gradients of a loss (the sum of its elements) for tensors or variables.

    Symbolic tensors get symbolic gradients, which `function` computes.

    >>> x = placeholder((None, 1))
    >>> function([x], gradients(ops.square(x), [x]))([[[3.0]]])
    [array([[6.]], dtype=float32)]
    """
    wanted = list(variables) if isinstance(variables, (list, tuple)) else [variables]
    if isinstance(loss, (list, tuple)):
        loss = sum(ops.sum(part) for part in loss[1:]) + ops.sum(loss[0]) if len(loss) > 1 else loss[0]
    if not isinstance(loss, KerasTensor):
        if any(isinstance(v, KerasTensor) for v in wanted):
            raise ValueError("The loss has a value already, the variables are symbolic: use kx.GradientTape.")
        return tape_gradients(loss, wanted)
    symbols = [v for v in wanted if isinstance(v, KerasTensor)]
    weights = [v for v in wanted if isinstance(v, Variable)]
    if len(symbols) + len(weights) < len(wanted):
        raise ValueError(
            "gradients() of a symbolic loss are for symbolic tensors and variables; for tensors with values use "
            "kx.GradientTape."
        )
    found = dict(zip(map(id, weights), GradientOf(loss, None, weights).symbolic())) if weights else {}
    for symbol in symbols:
        found[id(symbol)] = GradientOf(loss, symbol).symbolic()[0]
    return [found[id(v)] for v in wanted]


def _leaves(tensor, known):
    """The inputs of the graph that `tensor` is made of, other than through the tensors `known`."""
    leaves, seen, stack = [], set(known), [tensor]
    while stack:
        t = stack.pop()
        if t.key in seen:
            continue
        seen.add(t.key)
        if t.node is None or isinstance(t.node.operation, InputLayer):
            leaves.append(t)
        else:
            stack.extend(t.node.inputs)
    return leaves


# ---- choices and loops ---------------------------------------------------------------------------------------


def switch(condition, then_expression, else_expression):
    """Return `then_expression` where the condition holds, `else_expression` elsewhere; both may be functions.

    A condition of fewer axes than the expressions is for their leading axes.

    >>> switch(ops.convert_to_tensor([True, False]), ops.ones((2,)), ops.zeros((2,))).numpy()
    array([1., 0.], dtype=float32)
    """
    if not hasattr(condition, "shape"):
        condition = ops.convert_to_tensor(condition)
    scalar = condition.shape == ()
    if scalar and callable(then_expression) and not isinstance(condition, KerasTensor):
        return then_expression() if bool(condition) else else_expression()
    then, other = (v() if callable(v) else v for v in (then_expression, else_expression))
    rank = len(getattr(then, "shape", ()))
    if not scalar and len(condition.shape) < rank:
        condition = ops.expand_dims(condition, tuple(range(len(condition.shape), rank)))
    return ops.where(ops.cast(condition, "bool"), then, other)


def map_fn(fn, elems, name=None, dtype=None):
    """Return the results of a function of each element of the first axis, stacked.

    >>> map_fn(lambda x: x * 2, ops.ones((3,))).numpy()
    array([2., 2., 2.], dtype=float32)
    """
    return ops.map(fn, elems)


def foldl(fn, elems, initializer=None, name=None):
    """Combine the elements of the first axis from the first to the last: fn(accumulated, element).

    >>> float(foldl(lambda a, x: a - x, ops.convert_to_tensor([5.0, 1.0, 2.0])))
    2.0
    """
    return _folded(fn, list(elems), initializer)


def foldr(fn, elems, initializer=None, name=None):
    """Combine the elements of the first axis from the last to the first: fn(accumulated, element).

    >>> float(foldr(lambda a, x: a - x, ops.convert_to_tensor([5.0, 1.0, 2.0])))
    -4.0
    """
    return _folded(fn, list(elems)[::-1], initializer)


def _folded(fn, elements, initializer):
    total = elements.pop(0) if initializer is None else initializer
    for x in elements:
        total = fn(total, x)
    return total


def rnn(
    step_function, inputs, initial_states, go_backwards=False, mask=None, constants=None, unroll=False,
    input_length=None, time_major=False, zero_output_for_mask=False, return_all_outputs=True,
):  # fmt: skip
    """Carry states along the steps: return (last output, outputs, new states).

    `step_function(input, states + constants)` returns (output, new states). Shapes: inputs (batch, steps, ...), or
    (steps, batch, ...) with `time_major`.

    >>> step = lambda x, states: (x + states[0], [x + states[0]])
    >>> last, outputs, states = rnn(step, ops.ones((1, 3, 2)), [ops.zeros((1, 2))])
    >>> last.numpy(), outputs.shape
    (array([[3., 3.]], dtype=float32), (1, 3, 2))
    """
    if time_major:
        inputs = tree.map_structure(lambda x: ops.swapaxes(x, 0, 1), inputs)
        mask = None if mask is None else ops.swapaxes(mask, 0, 1)
    extra = list(constants or [])

    def step(x, states):
        output, new = step_function(x, [*states, *extra])
        return output, list(new)

    states = list(initial_states)
    if isinstance(inputs, KerasTensor) and inputs.shape[1] is None:
        first = KerasTensor((inputs.shape[0], *inputs.shape[2:]), inputs.dtype)
        output, new = step(first, states)
        shape = (output.shape[0], None if return_all_outputs else 1, *output.shape[1:])
        specs = [(output.shape, output.dtype), (shape, output.dtype), *((s.shape, s.dtype) for s in new)]

        def later(inputs, states, mask):
            last, outputs, new = rnn(
                step_function, inputs, states, go_backwards, mask, constants, unroll, None, False,
                zero_output_for_mask, return_all_outputs,
            )  # fmt: skip
            return [last, outputs, *new]

        last, outputs, *new = record_call(later, (inputs, states, mask), {}, specs)
    else:
        if mask is not None:
            mask = ops.cast(mask, "bool")
            mask = ops.squeeze(mask, -1) if len(mask.shape) == 3 else mask
        outputs, new = run_steps(
            step, inputs, states, mask, return_sequences=True, go_backwards=go_backwards,
            zero_output_for_mask=zero_output_for_mask,
        )  # fmt: skip
        last = outputs[:, -1]
        outputs = outputs if return_all_outputs else ops.expand_dims(last, 1)
    return last, ops.swapaxes(outputs, 0, 1) if time_major else outputs, new


# ---- what kx does not have -----------------------------------------------------------------------------------


def get_session():
    """Raise NotImplementedError: kx has no sessions.

    >>> get_session()
    Traceback (most recent call last):
    NotImplementedError: kx has no sessions: a tensor has its value at once, and K.function runs a graph.
    """
    raise NotImplementedError(
        "kx has no sessions: a tensor has its value at once, and K.function runs a graph."
    )


def set_session(session):
    """Raise NotImplementedError: kx has no sessions.

    >>> set_session(None)
    Traceback (most recent call last):
    NotImplementedError: kx has no sessions: leave the line out; kx takes memory as it needs it.
    """
    raise NotImplementedError("kx has no sessions: leave the line out; kx takes memory as it needs it.")
