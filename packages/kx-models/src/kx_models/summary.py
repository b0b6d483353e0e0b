"""`model.summary()`: the layers of a model as a table, with shapes and parameter counts."""

import io
import math
import re
import shutil
import sys
from collections import Counter, namedtuple
from typing import Any

from kx_layers.layer import Layer
from kx_models.graph_steps import function_name, shown_steps, steps_of
from kx_models.messages import is_interactive_logging_enabled, say
from kx_tensor import tree
from kx_tensor.state import count_params, size_in_bytes

_SEQUENTIAL = (88, [0.45, 0.80, 1.0])  # line length and where columns end, as fractions of it
_CONNECTED = (108, [0.3, 0.56, 0.74, 1.0])
_COLOURS = ((re.compile(r"None"), "color(45)"), (re.compile(r"(?<![\w.])\d[\d,]*"), "color(34)"))

_Row = namedtuple("_Row", "title kind shape params inputs trainable")


def summary(
    model,
    line_length=None,
    positions=None,
    print_fn=None,
    expand_nested=False,
    show_trainable=False,
    layer_range=None,
):
    """Print the layers of a model with output shapes, parameter counts and, where it branches, inputs.

    `line_length` is the width of the table (default: what fits the terminal, at most 120) and `positions` the
    ends of the columns as fractions of it or in characters. `print_fn` receives the whole text.
    `expand_nested` shows the layers inside of layers that are models, `show_trainable` which layers train.
    `layer_range` is a pair of regular expressions for the names of the first and the last layer to show;
    ValueError if they match none.
    """
    graph = getattr(model, "_graph", None)
    linear = graph is None or not model._lists_functions or _is_chain(graph)
    rows = _rows(model, graph, expand_nested)
    if layer_range is not None:
        rows = _within(rows, layer_range)
    headers = ["Layer (type)", "Output Shape", "Param #"]
    default_length, default_positions = _layout(linear, show_trainable)
    if not linear:
        headers.append("Connected to")
    if show_trainable:
        headers.append("Trainable")
    if line_length is None:
        line_length = min(shutil.get_terminal_size().columns - 4, default_length)
    positions = default_positions if positions is None else positions
    if len(positions) != len(headers):
        raise ValueError(
            f"positions expects the ends of the {len(headers)} columns {headers}, got {len(positions)} "
            f"numbers: {positions}."
        )
    widths = _column_widths(line_length, positions)
    cells = [_cells(row, linear, show_trainable) for row in rows]
    _render(f'Model: "{model.name}"', headers, widths, cells, _totals(model), print_fn, line_length)


def _layout(linear, show_trainable):
    """Return the preferred line length and the positions of the columns."""
    length, positions = _SEQUENTIAL if linear else _CONNECTED
    if not show_trainable:
        return length, positions
    return length + 12, [*(p * 0.9 for p in positions), 1.0]


def _rows(model, graph, expand_nested, depth=0):
    """Return (name, row) for every layer; `graph` only at the top, where connections are shown."""
    rows, steps = [], shown_steps(model)
    if not getattr(model, "_lists_functions", True):  # what a sequential model has are masks
        steps = [step for step in steps if isinstance(step.operation, Layer)]
    names = {} if graph is None else _tensor_names(steps_of(graph))
    for step in steps:
        prefix = "   " * depth + "└ " if depth else ""
        rows.append((step.name, _row(step, prefix, names)))
        if expand_nested and hasattr(step.operation, "layers"):
            rows += _rows(step.operation, None, True, depth + 1)
    return rows


def _row(step, prefix, names):
    operation = step.operation
    is_layer = isinstance(operation, Layer)
    built = not is_layer or operation.built or bool(operation.weights)
    inputs = [names[t.key] for node in step.calls for t in node.inputs if names]
    trainable = "-"
    if is_layer and operation.weights:
        trainable = "Y" if operation.trainable else "N"
    params = f"{count_params(operation.weights) if is_layer else 0:,}"
    return _Row(
        title=f"{prefix}{step.name}",
        kind=kind_of(operation),
        shape=output_shape(step),
        params=params if built else "0 (unbuilt)",
        inputs=", ".join(inputs) or "-",
        trainable=trainable,
    )


def kind_of(operation):
    """Return the class of a layer, or the name of a function as Keras's class for it.

    >>> from kx_tensor import ops
    >>> kind_of(ops.log_softmax)
    'LogSoftmax'
    """
    if isinstance(operation, Layer):
        return type(operation).__name__
    return "".join(part.title() for part in function_name(operation).split("_"))


def output_shape(step):
    """Return the output shape(s) of a step as text: of its first call, or for the shapes it was built with."""
    nodes = step.calls or getattr(step.operation, "_inbound_nodes", ())
    if nodes:
        shapes = [tuple(shape) for shape, _, _ in nodes[0].output_specs]
        return str(shapes[0] if len(shapes) == 1 else shapes)
    built_with = getattr(step.operation, "_build_shapes", None)
    if not built_with:
        return "?"
    try:
        output = step.operation.compute_output_shape(*built_with.values())
    except (NotImplementedError, TypeError, ValueError):  # a shape is a comfort here, not worth failing for
        return "?"
    return str(tree.map_shape_structure(tuple, output))


def _tensor_names(steps):
    """{(node, index): layer[call][output]} for all tensors that the steps give."""
    return {
        (node, index): f"{step.name}[{number}][{index}]"
        for step in steps
        for number, node in enumerate(step.calls)
        for index in range(len(node.output_specs))
    }


def _is_chain(graph):
    """Whether the graph is a single line: one input, no merging, no branching, no layer used twice."""
    uses = Counter(id(t.node or t) for node in graph.nodes for t in node.inputs)
    layers = [id(node.operation) for node in graph.nodes if isinstance(node.operation, Layer)]
    return (
        len(graph.inputs) == 1
        and len(layers) == len(set(layers))
        and all(len(node.inputs) == 1 for node in graph.nodes)
        and set(uses.values()) <= {1}
    )


def _within(rows, layer_range):
    if not isinstance(layer_range, (list, tuple)) or len(layer_range) != 2:
        raise ValueError(
            "layer_range must be a list or tuple of length 2: expressions for the names of the first and the "
            f"last layer. Received: layer_range = {layer_range}"
        )
    ends = []
    for pattern in layer_range:
        found = [i for i, (name, _) in enumerate(rows) if re.match(pattern, name)]
        if not found:
            raise ValueError(
                f"Passed layer_names do not match the layer names in the model. Received: {layer_range}; the "
                f"layers are {[name for name, _ in rows]}."
            )
        ends.append(found)
    return rows[min(ends[0]) : max(ends[1]) + 1]


def _cells(row, linear, show_trainable):
    cells = [row[1].title, row[1].kind, row[1].shape, row[1].params]
    if not linear:
        cells.append(row[1].inputs)
    return [*cells, row[1].trainable] if show_trainable else cells


def _totals(model):
    """Return (label, count, bytes) for the lines below the table."""
    weights = {"Trainable": model.trainable_weights, "Non-trainable": model.non_trainable_weights}
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and getattr(optimizer, "built", False):
        weights["Optimizer"] = list(optimizer.variables)
    lines = [(f"{label} params", count_params(v), size_in_bytes(v)) for label, v in weights.items()]
    return [("Total params", sum(n for _, n, _ in lines), sum(b for _, _, b in lines)), *lines]


def format_bytes(size):
    """Return a size in bytes with a fitting unit.

    >>> format_bytes(76), format_bytes(2048)
    ('76.00 B', '2.00 KB')
    """
    units = ("B", "KB", "MB", "GB", "TB", "PB")
    scale = min(int(math.log(size, 1024)), len(units) - 1) if size else 0
    return f"{size / 1024**scale:.2f} {units[scale]}"


def _column_widths(line_length, positions):
    """Return the widths between the vertical lines; the line takes one character per column and one more."""
    ends = [int(p * line_length) for p in positions] if positions[-1] <= 1 else list(positions)
    widths = [end - start - 1 for start, end in zip([0, *ends], ends)]
    widths[-2] -= 1
    if min(widths) < 4:
        raise ValueError(
            f"A summary of line_length={line_length} has no room for {len(widths)} columns; give it more."
        )
    return widths


def _render(title, headers, widths, rows, totals, print_fn, line_length):
    # rich takes longer to import than numpy, and most programs never print a summary
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=box.HEAVY_HEAD, show_lines=True, header_style="bold")
    styles: dict[str, dict[str, Any]] = {
        "Param #": {"justify": "right"},
        "Trainable": {"justify": "center", "no_wrap": True},
    }
    for header, width in zip(headers, widths):
        table.add_column(header, width=width - 2, overflow="ellipsis", **styles.get(header, {}))
    for name, kind, *others in rows:
        table.add_row(_titled(Text, name, kind, widths[0] - 2), *(_coloured(Text, text) for text in others))
    below = [
        Text.assemble((f" {label}: ", "bold"), (f"{count:,}", "color(34)"), f" ({format_bytes(size)})")
        for label, count, size in totals
    ]
    text = io.StringIO()
    width = max(line_length, shutil.get_terminal_size().columns)
    if print_fn is None and not is_interactive_logging_enabled():
        print_fn = say
    console = Console(file=sys.stdout if print_fn is None else text, width=width, highlight=False)
    console.print(Text(title, style="bold"))
    console.print(table)
    for line in below:
        console.print(line)
    if print_fn is not None:
        print_fn(text.getvalue())


def _titled(Text, name, kind, width):
    """Name and type of a layer; the name is cut before the type wraps."""
    shown = name if len(name) <= width else name[: width - 1] + "…"
    return Text.assemble(shown, " (", (kind, "color(33)"), ")")


def _coloured(Text, cell):
    if cell in ("Y", "N", "-"):
        return Text(cell, style={"Y": "bold color(34)", "N": "bold color(9)"}.get(cell, ""))
    text = Text(cell)
    for pattern, style in _COLOURS:
        text.highlight_regex(pattern, style)
    return text
