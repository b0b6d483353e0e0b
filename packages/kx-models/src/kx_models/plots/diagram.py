"""Diagrams of models, drawn by Graphviz: one box per layer, one arrow per tensor."""

import html
import os
import re
from typing import NamedTuple

from kx_layers import activations
from kx_layers.bidirectional import Bidirectional
from kx_layers.input_layer import InputLayer
from kx_layers.layer import Layer
from kx_layers.wrapper import Wrapper
from kx_models.graph_frames import Frame, framed
from kx_models.summary import kind_of, output_shape

_NO_PYDOT = "You must install pydot (`pip install pydot`) for `{}` to work."
_NO_GRAPHVIZ = (
    "You must install Graphviz for `plot_model` to work: its program `dot` was not found. Try `apt install "
    "graphviz`, `brew install graphviz`, `conda install graphviz`, or see https://graphviz.org/download/."
)


def model_to_dot(
    model,
    show_shapes=False,
    show_dtype=False,
    show_layer_names=True,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    subgraph=False,
    show_layer_activations=False,
    show_trainable=False,
    splines="ortho",
    **kwargs,
):
    """Return the diagram of a model as a `pydot.Dot`, or as a `pydot.Cluster` with `subgraph=True`.

    `rankdir` is "TB" (top to bottom) or "LR" (left to right), `splines` Graphviz's name of the shape of the
    arrows. `expand_nested` draws the layers of a model inside the model, in a frame. ImportError without pydot,
    ValueError for a model that is not built yet.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> dot = model_to_dot(Sequential([Input((3,)), Dense(4), Dense(1)], name="mlp"))
    >>> len(dot.get_edges())
    1
    """
    if kwargs:
        raise ValueError(f"Unrecognized keyword arguments: {kwargs}")
    if not model.built:
        raise ValueError(
            "This model has not yet been built. Build the model first by calling `build()` or by calling the "
            "model on a batch of data."
        )
    pydot = _pydot("model_to_dot")
    if subgraph:
        dot = _cluster(pydot, model.name, model.name)
    else:
        dot = pydot.Dot(graph_type="digraph", concentrate=True, rankdir=rankdir, dpi=dpi, splines=splines)
        dot.set_node_defaults(shape="plain")
    label = _Label(show_shapes, show_dtype, show_layer_names, show_layer_activations, show_trainable)
    _draw(pydot, framed(model, expand_nested), dot, label)
    return dot


def plot_model(
    model,
    to_file="model.png",
    show_shapes=False,
    show_dtype=False,
    show_layer_names=False,
    rankdir="TB",
    expand_nested=False,
    dpi=200,
    show_layer_activations=False,
    show_trainable=False,
    splines="ortho",
    **kwargs,
):
    """Write the diagram of a model to a file, in the format that its ending names: png, svg, pdf, dot, ...

    The arguments are those of `model_to_dot`. Where IPython is installed, the picture is returned too, so that a
    notebook shows it. ImportError without pydot and Graphviz.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> model = Sequential([Input((3,)), Dense(4), Dense(1)], name="mlp")
    >>> picture = plot_model(model, "mlp.png", show_shapes=True)
    >>> open("mlp.png", "rb").read(4)
    b'\\x89PNG'
    """
    pydot = _pydot("plot_model")
    dot = model_to_dot(
        model,
        show_shapes=show_shapes,
        show_dtype=show_dtype,
        show_layer_names=show_layer_names,
        rankdir=rankdir,
        expand_nested=expand_nested,
        dpi=dpi,
        show_layer_activations=show_layer_activations,
        show_trainable=show_trainable,
        splines=splines,
        **kwargs,
    )
    to_file = os.fspath(to_file)
    kind = os.path.splitext(to_file)[1].removeprefix(".").lower() or "png"
    try:
        dot.write(to_file, format="raw" if kind == "dot" else kind)
    except FileNotFoundError as error:
        if os.path.isdir(os.path.dirname(to_file) or "."):
            raise ImportError(_NO_GRAPHVIZ) from error
        raise
    except (AssertionError, pydot.Error) as error:  # what pydot raises when `dot` fails
        raise ValueError(f"Graphviz could not write {to_file!r} as {kind!r}: {error}") from error
    return _displayed(to_file, kind)


def _pydot(function):
    try:
        import pydot
    except ImportError as error:
        raise ImportError(_NO_PYDOT.format(function)) from error
    return pydot


def _displayed(path, kind):
    """The picture for a notebook; None where there is no IPython, or none that shows this kind of file."""
    if kind not in ("png", "jpg", "jpeg", "svg"):
        return None
    try:
        from IPython import display
    except ImportError:
        return None
    return display.SVG(filename=path) if kind == "svg" else display.Image(filename=path)


def _draw(pydot, frame, into, label):
    """Draw the boxes, frames and arrows of a frame into a graph."""
    for part in frame.parts:
        if isinstance(part, Frame):
            cluster = _cluster(pydot, part.path, part.title)
            _draw(pydot, part, cluster, label)
            into.add_subgraph(cluster)
        else:
            text = f"<{label.of(part.step)}>"
            into.add_node(pydot.Node(_quoted(part.path), label=text, fontname="Helvetica"))
    for start, end in frame.arrows:
        into.add_edge(pydot.Edge(_quoted(start), _quoted(end), penwidth=2, color="gray25"))


def _cluster(pydot, path, title):
    name = re.sub(
        r"\W", lambda found: f"_{ord(found[0])}_", path
    )  # pydot quotes the names of clusters wrongly
    return pydot.Cluster(
        name, label=_quoted(title), labeljust="l", style="dashed", fontname="Helvetica", margin=16
    )


def _quoted(text):
    """A name in the DOT language; without quotes some characters mean something there."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


class _Label(NamedTuple):
    """What the boxes say: a table in Graphviz's HTML, its title in white on black as in Keras."""

    show_shapes: bool
    show_dtype: bool
    show_names: bool
    show_activations: bool
    show_trainable: bool

    def of(self, step):
        """The label of one step of a graph."""
        cells = self._cells(step)
        span = max(len(cells), 1)
        rows = [self._title(step, span)]
        activation = getattr(step.operation, "activation", None) if self.show_activations else None
        if activation is not None:
            name = activations.serialize(activation)
            name = name if isinstance(name, str) else type(activation).__name__
            rows.append(f'<td bgcolor="white" colspan="{span}">Activation: {_bold(name)}</td>')
        if cells:
            rows.append("".join(cells))
        table = "".join(f"<tr>{row}</tr>" for row in rows)
        return f'<table border="0" cellborder="1" cellspacing="0" cellpadding="8">{table}</table>'

    def _title(self, step, span):
        kind = _kind(step.operation)
        title = f"{_bold(step.name)} ({html.escape(kind)})" if self.show_names else _bold(kind)
        colour = "gray35" if isinstance(step.operation, InputLayer) else "black"
        return (
            f'<td bgcolor="{colour}" colspan="{span}"><font point-size="16" color="white">{title}</font></td>'
        )

    def _cells(self, step):
        cells, operation = [], step.operation
        if self.show_shapes:
            if not isinstance(operation, InputLayer):
                cells.append(_cell("Input shape", _input_shape(step)))
            cells.append(_cell("Output shape", output_shape(step)))
        if self.show_dtype:
            types = dict.fromkeys(dtype for node in step.calls for _, dtype, _ in node.output_specs)
            cells.append(_cell("Output dtype", ", ".join(types) or "?"))
        if self.show_trainable and isinstance(operation, Layer) and operation.weights:
            colour, text = (
                ("forestgreen", "Trainable") if operation.trainable else ("firebrick", "Non-trainable")
            )
            cells.append(f'<td bgcolor="{colour}"><font color="white">{_bold(text)}</font></td>')
        return cells


def _kind(operation):
    """The class of a layer; of a wrapper, with that of what it wraps."""
    if isinstance(operation, Wrapper | Bidirectional):
        return f"{kind_of(operation)}({kind_of(operation.layer)})"
    return kind_of(operation)


def _input_shape(step):
    """The shapes of the inputs; those of the first call, where a layer is called several times."""
    if not step.calls:
        return "?"
    shapes = [tuple(t.shape) for t in step.calls[0].inputs]
    return shapes[0] if len(shapes) == 1 else shapes


def _cell(name, value):
    return f'<td bgcolor="white">{name}: {_bold(value)}</td>'


def _bold(text):
    return f"<b>{html.escape(str(text))}</b>"
