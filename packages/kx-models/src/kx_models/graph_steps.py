"""The operations of a functional model as a list: what summaries, diagrams and configs go through."""

from typing import NamedTuple

from kx_layers.input_layer import InputLayer
from kx_layers.layer import Layer


class Step(NamedTuple):
    """A layer with all its calls in a graph, or one call of a plain function."""

    name: str
    operation: object
    calls: list


def steps_of(graph):
    """Return the steps by decreasing distance from the outputs, as Keras lists them: weights are in this order.

    A function called several times gives several steps, named as Keras does: "add", "add_1", ...

    >>> from kx_layers.input_layer import Input
    >>> from kx_tensor.graph import Function
    >>> x = Input((2,), name="x")
    >>> [step.name for step in steps_of(Function(x, x + x + x))]
    ['x', 'add', 'add_1']
    """
    depth = _depths(graph)
    first_seen = _first_seen(graph)
    inputs = {t.node for t in graph.inputs if t.node is not None}
    names = _names(graph)
    ranks, steps = {}, {}
    for node in depth:
        operation = node.operation
        if node in inputs and not isinstance(operation, InputLayer):
            continue
        rank = (-depth[node], first_seen[node])
        key = id(operation) if isinstance(operation, Layer) else id(node)
        ranks[key] = min(rank, ranks.get(key, rank))
        steps.setdefault(key, Step(names.get(node, operation.name), operation, []))
    for node in (*inputs, *graph.nodes):
        key = id(node.operation) if isinstance(node.operation, Layer) else id(node)
        if key in steps:
            steps[key].calls.append(node)
    return [steps[key] for key in sorted(steps, key=ranks.__getitem__)]


def shown_steps(model):
    """Return the steps of a model that summaries and diagrams show: for a model without a graph, just its layers.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> [step.name for step in shown_steps(Sequential([Input((2,)), Dense(1, name="out")]))]
    ['out']
    """
    graph = getattr(model, "_graph", None)
    if graph is None:
        return [Step(layer.name, layer, []) for layer in model.layers]
    shown = {id(layer) for layer in model.layers}  # the input of a sequential model is not among its layers
    return [s for s in steps_of(graph) if not isinstance(s.operation, Layer) or id(s.operation) in shown]


def _first_seen(graph):
    """{node: when a search from the outputs reaches it}; inputs that nothing uses come first."""
    seen = {}
    for tensor in graph.outputs:
        stack = [] if tensor.node is None else [tensor.node]
        while stack:
            node = stack.pop()
            if node not in seen:
                seen[node] = len(seen)
                stack.extend(t.node for t in reversed(node.inputs) if t.node is not None)
    return {**{t.node: -1 for t in graph.inputs if t.node is not None}, **seen}


def _depths(graph):
    """{node: longest way to an output}, of the graph's nodes and inputs."""
    depth = {}
    inputs = [t.node for t in graph.inputs if t.node is not None]
    known = {*graph.nodes, *inputs}
    for node in [*reversed(graph.nodes), *inputs]:
        depth.setdefault(node, 0)
        if node in inputs:
            continue
        for t in node.inputs:
            if t.node in known:
                depth[t.node] = max(depth.get(t.node, 0), depth[node] + 1)
    return depth


def _names(graph):
    """{node: its name} for the calls of functions; layers have names of their own."""
    taken = {node.operation.name for node in graph.nodes if isinstance(node.operation, Layer)}
    names = {}
    for node in graph.nodes:
        if isinstance(node.operation, Layer):
            continue
        first = name = function_name(node.operation)
        number = 0
        while name in taken:
            number += 1
            name = f"{first}_{number}"
        taken.add(name)
        names[node] = name
    return names


def function_name(operation):
    """Return Keras's name of a function in a graph; indexing is a primitive of another name.

    >>> from kx_tensor import ops
    >>> function_name(ops.exp)
    'exp'
    """
    return "get_item" if operation.name == "pick" else operation.name
