"""A model as boxes, frames around the boxes of models inside it, and arrows: what is drawn, before it is drawn."""

from typing import NamedTuple

from kx_models.graph_steps import Step, shown_steps


class Box(NamedTuple):
    """A step of a graph. `path` names it: the names of the models around it and its own, joined by "/"."""

    path: str
    step: Step


class Frame(NamedTuple):
    """A model: the boxes and frames in it, arrows as pairs of paths of boxes, and where its inputs and outputs are."""

    path: str
    title: str
    parts: list
    arrows: list
    entries: list
    exits: list


def framed(model, expand_nested=False, path=None):
    """Return the Frame of a model; models in it are frames with `expand_nested`, else boxes.

    The input of a sequential model has no box. A subclassed model is one box, as only its `call` knows what
    happens inside.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> frame = framed(Sequential([Input((3,)), Dense(4, name="a"), Dense(1, name="b")], name="mlp"))
    >>> frame.arrows
    [('mlp/a', 'mlp/b')]
    """
    path = model.name if path is None else path
    graph = getattr(model, "_graph", None)
    if graph is None:
        return Frame(path, model.name, [Box(path, Step(model.name, model, []))], [], [path], [path])
    parts = {}  # of each node of the graph
    for step in shown_steps(model):
        inner = f"{path}/{step.name}"
        opens = expand_nested and getattr(step.operation, "_graph", None) is not None
        part = framed(step.operation, True, inner) if opens else Box(inner, step)
        parts.update((node, part) for node in step.calls)
    arrows, entries = {}, {}
    for node in graph.nodes:
        for number, tensor in enumerate(node.inputs):
            entry = _end(parts[node], "entries", number)
            if tensor.node in parts:
                arrows[_end(parts[tensor.node], "exits", tensor.index), entry] = None
            else:
                entries.setdefault(tensor.node, entry)
    return Frame(
        path,
        model.name,
        list({part.path: part for part in parts.values()}.values()),
        list(arrows),
        [_end(parts[t.node], "entries", 0) if t.node in parts else entries[t.node] for t in graph.inputs],
        [_end(parts[t.node], "exits", t.index) for t in graph.outputs],
    )


def _end(part, ends, number):
    """The path of the box at which an arrow to input (or from output) `number` of a part ends (or starts)."""
    if isinstance(part, Box):
        return part.path
    paths = getattr(part, ends)
    return paths[min(number, len(paths) - 1)]
