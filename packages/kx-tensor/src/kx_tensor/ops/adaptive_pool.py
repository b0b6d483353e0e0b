"""Adaptive pooling: as many windows as asked for, of whatever size covers the input."""

import numpy as np

from kx_tensor import config, rules
from kx_tensor.capture import constant
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import multiply
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.conv_windows import as_key, per_axis
from kx_tensor.ops.indexes import take, take_along_axis
from kx_tensor.ops.reduce import argmax, sum
from kx_tensor.ops.shape import expand_dims, squeeze
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _adapted_shape(shapes, params):
    shape, axis = shapes[0], rules.normalize_axis(params["axis"], len(shapes[0]))
    _check_size(params["size"])
    if shape[axis] == 0:
        raise ValueError(f"axis {axis} of an input of shape {shape} has no elements to pool.")
    return (*shape[:axis], params["size"], *shape[axis + 1 :])


def _check_size(size):
    if not isinstance(size, int) or size < 1:
        raise ValueError(f"the output size must be a positive integer, got {size!r}.")


def _members(n, size):
    """Window i covers [floor(i n / size), ceil((i + 1) n / size)): its indices (size, widest), and which of them count.

    A window narrower than the widest repeats its last index.
    """
    _check_size(size)
    i = np.arange(size)
    first, last = i * n // size, -(-(i + 1) * n // size) - 1
    places = first[:, None] + np.arange((last - first).max(initial=0) + 1)
    return np.minimum(places, last[:, None]).astype("int32"), places <= last[:, None]


def _weights(counts, dtype, rank, axis):
    """1 / count for the members of each window, 0 for the repeated ones, shaped for an array split at `axis`."""
    weights = counts / counts.sum(axis=1, keepdims=True)
    return weights.astype(dtype).reshape([1] * axis + list(weights.shape) + [1] * (rank - axis - 1))


def _average_twin(x, *, size, axis):
    x = convert_to_tensor(x)
    dtype = rules.floating([x.dtype], {})[1]
    axis = rules.normalize_axis(axis, len(x.shape))
    places, counts = _members(x.shape[axis], size)
    parts = take(cast(x, rules.wide_float(dtype)), constant(places), axis=axis)
    weights = constant(_weights(counts, parts.dtype, len(x.shape), axis))
    return cast(sum(multiply(parts, weights), axis=axis + 1), dtype)


@primitive(shape=_adapted_shape, dtype=rules.floating, like=_average_twin)
def adaptive_average(xp, x, *, size, axis):
    """Return the means of `size` windows that cover `axis`: window i is [floor(i n / size), ceil((i + 1) n / size)).

    >>> adaptive_average([1.0, 2.0, 3.0], size=2, axis=0).numpy()
    array([1.5, 2.5], dtype=float32)
    """
    axis = rules.normalize_axis(axis, x.ndim)
    places, counts = _members(x.shape[axis], size)
    parts = xp.take(widen(x), xp.asarray(places), axis=axis)
    parts *= xp.asarray(_weights(counts, parts.dtype, x.ndim, axis))
    return narrow(xp.sum(parts, axis=axis + 1), x.dtype)


adaptive_average.cost = lambda x, **params: x.size
adaptive_average.cases = (
    case("3,7,2", size=3, axis=1), case("5", size=5, axis=0), case("2,3", size=4, axis=-1),
    case("2,6,2", size=1, axis=1), case("0,4", size=2, axis=1), case("2,6:int32", size=4, axis=1, grad=False),
    fails("2,3", size=0, axis=1, match="positive"), fails("2,3", size=2, axis=2, match="out of range"),
    fails("2,0", size=2, axis=1, match="no elements"),
)  # fmt: skip


def _max_twin(x, *, size, axis):
    x = convert_to_tensor(x)
    axis = rules.normalize_axis(axis, len(x.shape))
    parts = take(x, constant(_members(x.shape[axis], size)[0]), axis=axis)
    best = expand_dims(argmax(parts, axis=axis + 1), axis + 1)
    return squeeze(take_along_axis(parts, best, axis=axis + 1), axis=axis + 1)


@primitive(shape=_adapted_shape, dtype=rules.keep, like=_max_twin)
def adaptive_max(xp, x, *, size, axis):
    """Return the largest elements of `size` windows that cover `axis`, the windows of `adaptive_average`.

    >>> adaptive_max([1.0, 2.0, 3.0], size=2, axis=0).numpy()
    array([2., 3.], dtype=float32)
    """
    axis = rules.normalize_axis(axis, x.ndim)
    places, _ = _members(x.shape[axis], size)
    return xp.max(xp.take(x, xp.asarray(places), axis=axis), axis=axis + 1)


adaptive_max.cost = lambda x, **params: x.size
adaptive_max.cases = (
    case("3,7,2", size=3, axis=1), case("5", size=5, axis=0), case("2,3", size=4, axis=-1),
    case("2,6,2", size=1, axis=1), case("0,4", size=2, axis=1), case("2,6:int32", size=4, axis=1, grad=False),
    fails("2,3", size=2.5, axis=1, match="positive"), fails("2,0", size=2, axis=1, match="no elements"),
)  # fmt: skip


def _over_axes(pool, inputs, output_size, data_format):
    inputs = convert_to_tensor(inputs)
    rank = len(inputs.shape) - 2
    if rank < 1:
        raise ValueError(
            f"adaptive pooling expects (batch, spatial axes..., channels) in some order, got shape {inputs.shape}."
        )
    sizes = per_axis(as_key(output_size), rank, "output_size")
    first = 1 if config.standardize_data_format(data_format) == "channels_last" else 2
    for axis, size in enumerate(sizes, first):
        inputs = pool(inputs, size=size, axis=axis)
    return inputs


def adaptive_average_pool(inputs, output_size, data_format=None):
    """Return the means of windows that cover the spatial axes, `output_size` of them along each, a number or several.

    Window i of size m along an axis of n elements is [floor(i n / m), ceil((i + 1) n / m)). Shapes: (n, spatial..., c)
    -> (n, output_size..., c), or with the channels second for "channels_first".

    >>> adaptive_average_pool([[[1.0], [2.0], [3.0]]], 2).numpy().ravel()
    array([1.5, 2.5], dtype=float32)
    """
    return _over_axes(adaptive_average, inputs, output_size, data_format)


def adaptive_max_pool(inputs, output_size, data_format=None):
    """Return the largest elements of windows that cover the spatial axes; see `adaptive_average_pool`.

    >>> adaptive_max_pool([[[1.0], [2.0], [3.0]]], 2).numpy().ravel()
    array([2., 3.], dtype=float32)
    """
    return _over_axes(adaptive_max, inputs, output_size, data_format)
