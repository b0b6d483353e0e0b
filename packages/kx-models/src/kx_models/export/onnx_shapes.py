"""Ops that move, join, pick and reduce elements, in ONNX."""

import numpy as np

from kx_models.export.onnx_graph import converts
from kx_tensor import dtypes, rules
from kx_tensor.ops.resample import interpolation_matrix

# ---- shapes ------------------------------------------------------------------------------------------------------


@converts("reshape")
def reshape(g, call, x, newshape):
    return g.reshape(x, call.shape)


@converts("expand_dims")
def expand_dims(g, call, x, axis):
    axes = axis if isinstance(axis, (tuple, list)) else [axis]
    return g.unsqueeze(x, rules.normalize_axes(axes, len(call.shape)), call.shape)


@converts("squeeze")
def squeeze(g, call, x, axis=None):
    if axis is None:
        axis = [i for i, n in enumerate(x.shape) if n == 1]
    axes = axis if isinstance(axis, (tuple, list)) else [axis]
    return g.squeeze(x, rules.normalize_axes(axes, len(x.shape)), call.shape)


@converts("transpose")
def transpose(g, call, x, axes=None):
    rank = len(x.shape)
    return g.transpose(x, range(rank)[::-1] if axes is None else rules.normalize_axes(axes, rank))


@converts("mT", "swapaxes")
def swapped(g, call, x, axis1=-1, axis2=-2):
    order = list(range(len(x.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return g.transpose(x, order)


@converts("broadcast_to")
def broadcast_to(g, call, x, shape):
    # Expand's sizes of 1 stand for whatever the input has there
    return g.emit(
        "Expand", [x, g.numbers([1 if n is None else n for n in call.shape])], call.shape, call.dtype
    )


@converts("flip")
def flip(g, call, x, axis=None):
    rank = len(x.shape)
    axes = range(rank) if axis is None else axis if isinstance(axis, (tuple, list)) else [axis]
    axes = list(rules.normalize_axes(axes, rank))
    if x.array is not None:
        return g.constant(np.flip(x.array, axes))
    return g.slice(x, [-1] * len(axes), [-(2**62)] * len(axes), axes, [-1] * len(axes))


@converts("roll")
def roll(g, call, x, shift, axis=None):
    if axis is None:
        flat = g.reshape(x, (int(np.prod(x.shape)),))
        return g.reshape(_rolled(g, flat, shift, 0), x.shape)
    pairs = zip(shift, axis) if isinstance(axis, (tuple, list)) else [(shift, axis)]
    for by, along in pairs:
        x = _rolled(g, x, by, along % len(x.shape))
    return x


def _rolled(g, x, shift, axis):
    shift = shift % x.shape[axis] if x.shape[axis] else shift
    if shift == 0:
        return x
    parts = [g.slice(x, [-shift], [2**62], [axis]), g.slice(x, [0], [-shift], [axis])]
    return g.emit("Concat", parts, x.shape, x.dtype, axis=axis)


@converts("concatenate")
def concatenate(g, call, xs, axis=0):
    parts = [g.as_value(x, call.dtype) for x in xs]
    return g.emit("Concat", parts, call.shape, call.dtype, axis=axis % len(call.shape))


@converts("pad")
def pad(g, call, x, pad_width, mode="constant", constant_values=None):
    widths = pad_width if isinstance(pad_width[0], (tuple, list)) else [pad_width] * len(x.shape)
    modes = {"constant": "constant", "reflect": "reflect", "edge": "edge"}
    if mode not in modes:
        raise ValueError(f"padding with mode={mode!r} has no counterpart in ONNX")
    ends = g.numbers([low for low, _ in widths] + [high for _, high in widths])
    inputs = [x, ends]
    if mode == "constant":
        inputs.append(g.as_value(0 if constant_values is None else constant_values, x.dtype))
    return g.emit("Pad", inputs, call.shape, call.dtype, mode=modes[mode])


@converts("tril", "triu")
def triangle(g, call, x, k=0):
    diagonal = g.constant(np.asarray(k, "int64"))
    return g.emit("Trilu", [x, diagonal], call.shape, call.dtype, upper=int(call.name == "triu"))


@converts("enlarge")
def enlarge(g, call, x, factors):
    scales = g.constant(np.asarray(factors, "float32"))
    return g.emit(
        "Resize", [x, None, scales], call.shape, call.dtype, mode="nearest", nearest_mode="floor",
        coordinate_transformation_mode="asymmetric",
    )  # fmt: skip


@converts("resample")
def resample(g, call, x, axis, size, scale=None, translation=0.0, kernel="bilinear", antialias=False):
    axis %= len(x.shape)
    order = [i for i in range(len(x.shape)) if i != axis] + [axis]
    if x.shape[axis] is None:
        raise ValueError("interpolation needs inputs of known height and width")
    matrix = interpolation_matrix(x.shape[axis], size, scale, translation, kernel, antialias)
    last = g.transpose(g.cast(x, call.dtype), order)
    weights = g.as_value(matrix.T, call.dtype)
    out = g.emit("MatMul", [last, weights], [call.shape[i] for i in order], call.dtype)
    return g.transpose(out, np.argsort(order).tolist())


# ---- picking -----------------------------------------------------------------------------------------------------


@converts("pick")
def pick(g, call, x, key):
    parts = list(key) if isinstance(key, (tuple, list)) else [key]
    used = sum(part is not None and part is not Ellipsis for part in parts)
    at = next((i for i, part in enumerate(parts) if part is Ellipsis), len(parts))
    parts[at : at + 1] = [slice(None)] * (len(x.shape) - used)
    arrays = [part for part in parts if _is_array(part)]
    if len(arrays) > 1 or any(a.dtype == bool for a in arrays):
        raise ValueError("indexing with several arrays, or with a mask, has no counterpart in ONNX")
    axis, dropped, added, cuts, gathered = 0, [], [], [], None
    place = 0
    for part in parts:
        if part is None:
            added.append(place)
            place += 1
            continue
        if isinstance(part, slice):
            if part != slice(None):
                step = part.step or 1
                start = part.start if part.start is not None else (0 if step > 0 else -1)
                stop = part.stop if part.stop is not None else (2**62 if step > 0 else -(2**62))
                cuts.append((start, stop, axis, step))
            place += 1
        elif _is_array(part):
            gathered = axis - len(dropped), part
            place += part.ndim
        else:
            cuts.append((part, part + 1 if part != -1 else 2**62, axis, 1))
            dropped.append(axis)
        axis += 1
    if cuts:
        starts, ends, axes, steps = zip(*cuts)
        x = g.slice(x, starts, ends, axes, list(steps))
    if dropped:
        x = g.squeeze(x, dropped, [n for i, n in enumerate(x.shape) if i not in dropped])
    if gathered:
        x = _gathered(g, x, g.constant(np.asarray(gathered[1], "int64")), gathered[0])
    return g.unsqueeze(x, added, call.shape) if added else x


def _is_array(part):
    return hasattr(part, "ndim") and part.ndim > 0


def _gathered(g, x, indices, axis):
    shape = (*x.shape[:axis], *indices.shape, *x.shape[axis + 1 :])
    return g.emit("Gather", [x, g.int64(indices)], shape, x.dtype, axis=axis)


@converts("take")
def take(g, call, x, indices, axis=None):
    if axis is None:
        x, axis = g.reshape(x, (int(np.prod(x.shape)),)), 0
    return _gathered(g, x, g.int64(indices), axis % len(x.shape))


@converts("embedding")
def embedding(g, call, table, ids):
    return _gathered(g, table, g.int64(ids), 0)


@converts("take_along_axis")
def take_along_axis(g, call, x, indices, axis=None):
    return g.emit("GatherElements", [x, g.int64(indices)], call.shape, x.dtype, axis=axis % len(x.shape))


@converts("one_hot")
def one_hot(g, call, x, num_classes, axis=-1, dtype=None, sparse=False):
    values = g.constant(np.asarray([0, 1], dtypes.as_numpy("float32")))
    out = g.emit(
        "OneHot",
        [g.int64(x), g.numbers([num_classes]), values],
        call.shape,
        "float32",
        axis=axis % len(call.shape),
    )
    return g.cast(out, call.dtype)


# ---- reducing ----------------------------------------------------------------------------------------------------

_REDUCED = {
    "sum": "ReduceSum",
    "mean": "ReduceMean",
    "max": "ReduceMax",
    "min": "ReduceMin",
    "prod": "ReduceProd",
}


@converts(*_REDUCED)
def reduced(g, call, x, axis=None, keepdims=False, **rest):
    if rest.get("initial") is not None:
        raise ValueError(f"{call.name} with initial= has no counterpart in ONNX")
    return _reduce(g, _REDUCED[call.name], g.cast(x, call.dtype), axis, keepdims, call)


@converts("all", "any")
def all_or_any(g, call, x, axis=None, keepdims=False):
    numbers = g.cast(g.cast(x, "bool"), "int32")
    operator = "ReduceMin" if call.name == "all" else "ReduceMax"
    return g.cast(_reduce(g, operator, numbers, axis, keepdims, call), "bool")


def _reduce(g, operator, x, axis, keepdims, call):
    axes = range(len(x.shape)) if axis is None else axis if isinstance(axis, (tuple, list)) else [axis]
    axes = g.numbers(rules.normalize_axes(axes, len(x.shape)))
    return g.emit(operator, [x, axes], call.shape, x.dtype, keepdims=int(keepdims))


@converts("argmax", "argmin")
def place_of_extreme(g, call, x, axis=None, keepdims=False):
    if axis is None:
        x, axis = g.reshape(x, (None if None in x.shape else int(np.prod(x.shape)),)), 0
    operator = "ArgMax" if call.name == "argmax" else "ArgMin"
    return g.cast(g.emit(operator, [x], call.shape, "int64", axis=axis, keepdims=int(keepdims)), call.dtype)


@converts("cumsum")
def cumsum(g, call, x, axis=None, dtype=None):
    x = g.cast(x, call.dtype)
    if axis is None:
        x, axis = g.reshape(x, call.shape), 0
    return g.emit("CumSum", [x, g.constant(np.asarray(axis % len(x.shape), "int64"))], call.shape, call.dtype)


@converts("top_k_indices")
def top_k_indices(g, call, x, k):
    specs = [(call.shape, x.dtype), (call.shape, "int64")]
    return g.cast(g.emit_several("TopK", [x, g.numbers([k])], specs, axis=-1)[1], call.dtype)


@converts("argsort")
def argsort(g, call, x, axis=-1):
    specs = [(call.shape, x.dtype), (call.shape, "int64")]
    order = g.emit_several("TopK", [x, g.size(x, axis)], specs, axis=axis, largest=0)[1]
    return g.cast(order, call.dtype)


@converts("sparsemax")
def sparsemax(g, call, x, axis=-1):
    axis %= len(x.shape)
    n = x.shape[axis]
    ordered = g.emit_several(
        "TopK", [x, g.numbers([n])], [(x.shape, x.dtype), (x.shape, "int64")], axis=axis
    )[0]
    sums = g.emit("CumSum", [ordered, g.constant(np.asarray(axis, "int64"))], x.shape, x.dtype)
    ranks = np.arange(1, n + 1, dtype=x.dtype).reshape([n if i == axis else 1 for i in range(len(x.shape))])
    over = g.elementwise("Add", [g.elementwise("Mul", [ordered, g.constant(ranks)], call), 1], call)
    inside = g.emit("Greater", [over, sums], x.shape, "bool")
    one = [1 if i == axis else m for i, m in enumerate(x.shape)]
    count = g.emit("ReduceSum", [g.cast(inside, x.dtype), g.numbers([axis])], one, x.dtype)
    last = g.int64(g.emit("Sub", [count, g.as_value(1, x.dtype)], one, x.dtype))
    total = g.emit("GatherElements", [sums, last], one, x.dtype, axis=axis)
    excess = g.emit("Sub", [total, g.as_value(1, x.dtype)], one, x.dtype)
    level = g.emit("Div", [excess, count], one, x.dtype)
    return g.elementwise("Relu", [g.emit("Sub", [x, level], x.shape, x.dtype)], call)


# ---- products ----------------------------------------------------------------------------------------------------


@converts("matmul")
def matmul(g, call, x1, x2):
    return g.elementwise("MatMul", [x1, x2], call)


@converts("einsum_of")
def einsum_of(g, call, xs, subscripts):
    return g.elementwise("Einsum", xs, call, equation=subscripts)
