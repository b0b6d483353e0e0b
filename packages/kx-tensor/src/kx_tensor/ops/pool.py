"""Max and average pooling over sliding windows."""

import math

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.indexes import get_item, take_along_axis
from kx_tensor.ops.join import pad, stack
from kx_tensor.ops.pool_windows import elements_inside, first_inside, places, pool_windows, result_shape
from kx_tensor.ops.reduce import argmax
from kx_tensor.ops.shape import expand_dims, squeeze
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _pooled_shape(shapes, params):
    return result_shape(shapes[0], pool_windows(shapes[0], **params))


def _lowest(dtype):
    """The value that no element of a maximum lies below."""
    return -np.inf if dtype.kind in "fV" else dtypes.int_limits(dtype)[0]


# ---- maximum -------------------------------------------------------------------------------------------------


def _max_twin(inputs, *, pool_size, strides=None, padding="valid", data_format=None):
    x = convert_to_tensor(inputs)
    w = pool_windows(x.shape, pool_size, strides, padding, data_format)
    first = 2 if w.channels_first else 1
    around = [(0, 0)] * len(x.shape)
    around[first : first + len(w.out)] = zip(w.low, w.high)
    x = pad(x, around, constant_values=_lowest(dtypes.as_numpy(x.dtype)))
    read = [get_item(x, (slice(None),) * first + slices) for _, slices in w.taps()]
    read = stack(read, axis=-1)
    return squeeze(take_along_axis(read, expand_dims(argmax(read, axis=-1), -1), axis=-1), axis=-1)


@primitive(shape=_pooled_shape, dtype=rules.keep, like=_max_twin, saves=True)
def max_pool(xp, inputs, *, pool_size, strides=None, padding="valid", data_format=None, keep):
    """Return the largest element of each window of `pool_size`, taken every `strides` (None: `pool_size`).

    Padding "same" lets windows reach over the border, half on each side, and gives ceil(size / stride) of them; "valid"
    does not. Shapes: (n, spatial..., c), or (n, c, spatial...) with `data_format` "channels_first". The gradient
    goes to the first of equal maxima; a window with a NaN gives NaN.

    >>> max_pool([[[1.0], [3.0], [2.0], [4.0], [5.0]]], pool_size=2).numpy().ravel()
    array([3., 4.], dtype=float32)
    """
    w = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    out = xp.full(result_shape(inputs.shape, w), _lowest(inputs.dtype), inputs.dtype)
    if not keep:
        for read, reached in places(w):
            xp.maximum(out[reached], inputs[read], out=out[reached])
        return out, None
    winner = xp.empty(out.shape, "uint8" if math.prod(w.window) <= 256 else "int32")
    winner[...] = xp.asarray(first_inside(w))
    for number, (read, reached) in enumerate(places(w)):
        x, best = inputs[read], out[reached]
        better = x > best
        better |= x != x
        xp.copyto(best, x, where=better)
        xp.copyto(winner[reached], winner.dtype.type(number), where=better)
    return out, winner


def _max_grads(xp, g, inputs_shape, saved, pool_size, strides, padding, data_format):
    w = pool_windows(inputs_shape, pool_size, strides, padding, data_format)
    g = widen(g)
    gx = xp.zeros(inputs_shape, g.dtype)
    for number, (read, reached) in enumerate(places(w)):
        gx[read] += g[reached] * (saved[reached] == number)
    return (gx,)


max_pool.vjp_joint(_max_grads)
max_pool.cost = lambda x, **params: x.size
max_pool.cases = (
    case("2,5,2", pool_size=2), case("1,4,4,2", pool_size=2), case("0,4,4,1", pool_size=2),
    case("1,2,5,4", pool_size=(2, 3), data_format="channels_first"),
    case("1,5,4,2", pool_size=3, strides=1, padding="same"), case("2,7,1", pool_size=3, strides=2, padding="same"),
    case("1,2,7", pool_size=2, strides=3, data_format="channels_first"), case("1,3,3,2,1", pool_size=2, strides=1),
    case("1,3,2,3,1", pool_size=(2, 1, 2), padding="same"), case("1,1,1,1", pool_size=1),
    case("1,4,4,1:int32", pool_size=2, grad=False), case("2,5,1", pool_size=(4,), strides=(1,), padding="same"),
    case("1,4,2,1", pool_size=(1, 2), strides=(3, 1), padding="SAME"),
    fails("4,4", pool_size=2, match="spatial axes"), fails("1,4,4,1", pool_size=5, match="does not fit"),
    fails("1,4,4,1", pool_size=(2, 2, 2), match="or 2 of them"),
    fails("1,4,4,1", pool_size=0, match="at least 1"), fails("1,4,4,1", pool_size=2, strides=0, match="strides must"),
    fails("1,4,4,1", pool_size=2, padding="full", match="padding must be"),
)  # fmt: skip


# ---- mean ----------------------------------------------------------------------------------------------------


def _share(xp, w, dtype):
    """1 / the number of elements in each window, as an array that broadcasts to the windows, or one number."""
    if not any(w.low) and not any(w.high):
        return dtype.type(1 / math.prod(w.window))
    return xp.asarray((1.0 / elements_inside(w)).astype(dtype))


@primitive(shape=_pooled_shape, dtype=rules.floating)
def average_pool(xp, inputs, *, pool_size, strides=None, padding="valid", data_format=None):
    """Return the mean of each window of `pool_size`, taken every `strides` (None: `pool_size`).

    Shapes and padding as for `max_pool`; a window that reaches over the border counts the elements inside only.

    >>> average_pool([[[1.0], [3.0], [2.0], [4.0], [5.0]]], pool_size=2, padding="same").numpy().ravel()
    array([2., 3., 5.], dtype=float32)
    """
    w = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    x = widen(inputs)
    out = xp.zeros(result_shape(inputs.shape, w), x.dtype)
    for read, reached in places(w):
        out[reached] += x[read]
    out *= _share(xp, w, x.dtype)
    return narrow(out, inputs.dtype)


average_pool.vjp(
    lambda F, g, inputs_shape, pool_size, strides, padding, data_format: F.average_unpool(
        g,
        shape=tuple(inputs_shape),
        pool_size=pool_size,
        strides=strides,
        padding=padding,
        data_format=data_format,
    )
)
average_pool.cost = lambda x, **params: x.size
average_pool.cases = (
    case("2,5,2", pool_size=2), case("1,4,4,2", pool_size=2), case("0,4,4,1", pool_size=2),
    case("1,2,5,4", pool_size=(2, 3), data_format="channels_first"),
    case("1,5,4,2", pool_size=3, strides=1, padding="same"), case("2,7,1", pool_size=3, strides=2, padding="same"),
    case("1,2,7", pool_size=2, strides=3, data_format="channels_first"), case("1,3,3,2,1", pool_size=2, strides=1),
    case("1,3,2,3,1", pool_size=(2, 1, 2), padding="same"), case("1,1,1,1", pool_size=1),
    case("1,4,4,1:int32", pool_size=2), case("1,4,2,1", pool_size=(1, 2), strides=(3, 1), padding="same"),
    fails("4,4", pool_size=2, match="spatial axes"), fails("1,4,4,1", pool_size=5, match="does not fit"),
)  # fmt: skip


@primitive(shape=lambda shapes, params: tuple(params["shape"]), dtype=rules.floating)
def average_unpool(xp, g, *, shape, pool_size, strides, padding, data_format):
    """Return g shared out among the members of its windows in an array of `shape`: `average_pool` transposed."""
    w = pool_windows(shape, pool_size, strides, padding, data_format)
    share = widen(g) * _share(xp, w, widen(g).dtype)
    out = xp.zeros(shape, share.dtype)
    for read, reached in places(w):
        out[read] += share[reached]
    return narrow(out, g.dtype)


average_unpool.vjp(
    lambda F, g, pool_size, strides, padding, data_format: F.average_pool(
        g, pool_size=pool_size, strides=strides, padding=padding, data_format=data_format
    )
)
average_unpool.cost = lambda g, shape, **params: g.size
average_unpool.cases = (
    case("1,2,2,2", shape=(1, 4, 5, 2), pool_size=2, strides=None, padding="valid", data_format="channels_last"),
    case("1,1,3", shape=(1, 1, 5), pool_size=3, strides=2, padding="same", data_format="channels_first"),
)  # fmt: skip


# ---- kernels -------------------------------------------------------------------------------------------------

_MOST_AXES = 5


def _max_forward(x, pool_size, strides=None, padding="valid", data_format=None, keep=False):
    w = pool_windows(x.shape, pool_size, strides, padding, data_format)
    return kx_kernels.max_pool(x, w.window, w.strides, w.low, w.out, not w.channels_first, keep)


def _max_backward(g, inputs, winners, needs, params):
    x = inputs[0]
    w = pool_windows(x.shape, **params)
    g = narrow(g, x.dtype)
    return (kx_kernels.max_pool_grad(g, winners, x.shape, w.window, w.strides, w.low, not w.channels_first),)


def _average_forward(x, pool_size, strides=None, padding="valid", data_format=None):
    w = pool_windows(x.shape, pool_size, strides, padding, data_format)
    return kx_kernels.average_pool(x, w.window, w.strides, w.low, w.out, not w.channels_first)


def _unpool_forward(g, shape, pool_size, strides, padding, data_format):
    w = pool_windows(shape, pool_size, strides, padding, data_format)
    return kx_kernels.average_pool_grad(g, shape, w.window, w.strides, w.low, not w.channels_first)


def _fits(x, **params):
    return x.dtype.kind == "f" and x.dtype.itemsize >= 4 and 3 <= x.ndim <= _MOST_AXES


if kx_kernels is not None:
    max_pool.kernel("native", _max_forward, _max_backward, _fits)
    average_pool.kernel("native", _average_forward, None, _fits)
    average_unpool.kernel("native", _unpool_forward, None, _fits)
