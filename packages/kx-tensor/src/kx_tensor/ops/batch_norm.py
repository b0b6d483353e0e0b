"""Batch normalization: by the moments of the batch, as training does it, or by given ones, as inference does."""

import functools
import math

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import add, maximum, multiply, subtract, true_divide
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import equal
from kx_tensor.ops.creation import ones_like
from kx_tensor.ops.reduce import sum
from kx_tensor.ops.select import choose
from kx_tensor.ops.shape import expand_dims, reshape
from kx_tensor.ops.unary import rsqrt, square
from kx_tensor.precision import ZEROS, narrow, widen
from kx_tensor.primitive import primitive


def _layout(shape, axis):
    """The axes other than the channels', and the shape in which a vector of channels broadcasts to x."""
    axis = rules.normalize_axis(axis, len(shape))
    others = tuple([i for i in range(len(shape)) if i != axis])
    return others, tuple([-1 if i == axis else 1 for i in range(len(shape))])


def _check(x, axis, vectors, mask=None):
    """Raise ValueError unless the vectors have an element per channel, the mask one axis less than x."""
    size = x.shape[rules.normalize_axis(axis, len(x.shape))]
    for vector in vectors:
        if len(vector.shape) != 1 or (None not in (size, vector.shape[0]) and vector.shape[0] != size):
            raise ValueError(
                f"expected vectors of shape ({size},), the size of axis {axis} of x, got {tuple(vector.shape)}."
            )
    if mask is not None and len(mask.shape) != len(x.shape) - 1:
        raise ValueError(
            f"the mask must have one axis less than x: a shape like {tuple(x.shape[:-1])}, got {tuple(mask.shape)}."
        )


def _given(*tensors):
    return [t for t in tensors if t is not None]


# ---- by the moments of the batch -----------------------------------------------------------------------------


def _zero_where(condition, x):
    return choose(condition, 0, x)


def _batch_twin(x, scale=None, offset=None, mask=None, *, axis, epsilon):
    x = convert_to_tensor(x)
    dtype = dtypes.floating(x.dtype)
    x = cast(x, rules.wide_float(dtype))
    _check(x, axis, _given(scale, offset), mask)
    others, layout = _layout(x.shape, axis)
    kept = (lambda t: t) if mask is None else functools.partial(_zero_where, equal(expand_dims(mask, -1), 0))
    count = maximum(sum(kept(ones_like(x)), axis=others), 1)
    average = true_divide(sum(kept(x), axis=others), count)
    centred = subtract(x, reshape(average, layout))
    variance = true_divide(sum(kept(square(centred)), axis=others), count)
    out = multiply(centred, reshape(rsqrt(add(variance, epsilon)), layout))
    if scale is not None:
        out = multiply(out, reshape(scale, layout))
    if offset is not None:
        out = add(out, reshape(offset, layout))
    return cast(out, dtype), average, variance


@primitive(dtype=rules.normalized, like=_batch_twin, outputs=3, saves=True)
def normalize_batch(xp, x, scale=None, offset=None, mask=None, *, axis, epsilon, keep):
    """Return ((x - mean) / sqrt(variance + epsilon) * scale + offset, mean, variance), by the moments of x itself.

    The moments are those over all axes but `axis`, of the elements where `mask` is not 0 if it is given, and
    have at least float32. Shapes: x (..., c, ...), scale and offset (c,), mask that of x without the last axis.
    Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167

    >>> out, mean, variance = normalize_batch([[1.0], [3.0]], axis=-1, epsilon=0.0)
    >>> out.numpy().tolist(), mean.numpy(), variance.numpy()
    ([[-1.0], [1.0]], array([2.], dtype=float32), array([1.], dtype=float32))
    """
    _check(x, axis, _given(scale, offset), mask)
    others, layout = _layout(x.shape, axis)
    wide = widen(x)
    chosen, count = _chosen(xp, wide, mask, others)
    average = xp.sum(chosen, axis=others) / count
    centred = wide - average.reshape(layout)
    squares = xp.square(centred)
    if mask is not None:
        squares = _where(xp, mask, squares)
    variance = xp.sum(squares, axis=others) / count
    inverse = 1.0 / xp.sqrt(variance + epsilon)
    centred *= (inverse if scale is None else inverse * scale).reshape(layout)
    if offset is not None:
        centred += offset.reshape(layout)
    return (narrow(centred, x.dtype), average, variance), (average, inverse)


def _where(xp, mask, x):
    """x where the mask is not 0, and 0 elsewhere."""
    return xp.where(mask[..., None] != 0, x, ZEROS[x.dtype])


def _chosen(xp, wide, mask, others):
    """x without what the mask leaves out, and how many elements of each channel that leaves, at least 1."""
    if mask is None:
        return wide, max(math.prod([wide.shape[i] for i in others]), 1)
    kept = xp.broadcast_to(mask[..., None] != 0, wide.shape)
    return _where(xp, mask, wide), xp.maximum(xp.sum(kept, axis=others, dtype=wide.dtype), 1)


def _batch_grads(xp, g, x, scale, mask, saved, needs, axis):
    g, gmean, gvariance = g
    average, inverse = saved
    others, layout = _layout(x.shape, axis)
    wide = widen(x)
    centred = wide - average.reshape(layout)
    gscale = goffset = gx = None
    slope, curve = gmean, gvariance  # the gradients of the moments
    if g is not None:
        g = widen(g)
        goffset = xp.sum(g, axis=others)
        gscale = xp.sum(g * centred, axis=others) * inverse
        factor = inverse if scale is None else inverse * scale
        gx = g * factor.reshape(layout)
        slope = _plus(slope, -goffset * factor)
        curve = _plus(curve, gscale * factor * inverse * -0.5)
    if needs[0]:
        _, count = _chosen(xp, wide, mask, others)
        # What each element adds to the mean is 1 / count, to the variance 2 (x - mean) / count.
        through = 0.0
        if curve is not None:
            centred *= (curve * (2.0 / count)).reshape(layout)
            through = centred
        if slope is not None:
            through = through + (slope / count).reshape(layout)
        if mask is not None:
            through = _where(xp, mask, through)
        gx = _plus(gx, xp.broadcast_to(through, x.shape))
    return gx, gscale, goffset, None


def _plus(a, b):
    return b if a is None else a + b


normalize_batch.vjp_joint(_batch_grads)
normalize_batch.cost = lambda x, *rest: 6 * x.size
normalize_batch.cases = (
    case("5,3", axis=-1, epsilon=1e-3), case("4,2,3", "3", "3", axis=-1, epsilon=1e-2),
    case("3,2,4", "2", "2", axis=1, epsilon=1e-3), case("3,2,2,2", None, "2", axis=1, epsilon=1e-3),
    case("1,3", "3", "3", axis=1, epsilon=0.5), case("7,1", "1", axis=-1, epsilon=1e-3),
    case("5", axis=0, epsilon=0.1), case("0,3", "3", "3", axis=-1, epsilon=1e-3),
    case("5,3", "3", "3", "5:bool", axis=-1, epsilon=1e-2), case("4,3,2", "3", "3", "4,3:bool", axis=1, epsilon=1e-2),
    case("4,3,2", None, None, "4,3:bool", axis=-1, epsilon=1e-2), case("4,3:int32", axis=-1, epsilon=1e-2, tol=1e-4),
    case("4,2", None, "2", "4:float32<2", axis=1, epsilon=1.0),
    fails("4,3", "4", axis=-1, epsilon=1e-3, match=r"vectors of shape \(3,\)"),
    fails("4,3", axis=2, epsilon=1e-3, match="out of range"),
    fails("4,3", None, None, "4,3:bool", axis=1, epsilon=1e-3, match="one axis less"),
)  # fmt: skip


# ---- by given moments ----------------------------------------------------------------------------------------


def _channels_twin(x, mean, variance, scale=None, offset=None, *, axis, epsilon):
    x = convert_to_tensor(x)
    dtype = dtypes.floating(x.dtype)
    wide = rules.wide_float(dtype)
    x = cast(x, wide)
    _check(x, axis, _given(mean, variance, scale, offset))
    _, layout = _layout(x.shape, axis)
    factor = rsqrt(add(cast(variance, wide), epsilon))
    if scale is not None:
        factor = multiply(factor, scale)
    out = multiply(subtract(x, reshape(mean, layout)), reshape(factor, layout))
    if offset is not None:
        out = add(out, reshape(offset, layout))
    return cast(out, dtype)


@primitive(dtype=rules.normalized, like=_channels_twin)
def normalize_channels(xp, x, mean, variance, scale=None, offset=None, *, axis, epsilon):
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset, for vectors that go along `axis`.

    >>> normalize_channels([[1.0], [3.0]], [1.0], [4.0], axis=-1, epsilon=0.0).numpy().tolist()
    [[0.0], [1.0]]
    """
    _check(x, axis, _given(mean, variance, scale, offset))
    _, layout = _layout(x.shape, axis)
    inverse = 1.0 / xp.sqrt(variance + epsilon)
    out = widen(x) - mean.reshape(layout)
    out *= (inverse if scale is None else inverse * scale).reshape(layout)
    if offset is not None:
        out += offset.reshape(layout)
    return narrow(out, x.dtype)


def _channels_grads(xp, g, x, mean, variance, scale, needs, axis, epsilon):
    others, layout = _layout(x.shape, axis)
    g = widen(g)
    inverse = 1.0 / xp.sqrt(variance + epsilon)
    factor = inverse if scale is None else inverse * scale
    gx = g * factor.reshape(layout) if needs[0] else None
    gmean = gvariance = gscale = goffset = None
    if needs[1] or needs[4]:
        goffset = xp.sum(g, axis=others)
        gmean = goffset * -factor
    if needs[2] or needs[3]:
        gscale = xp.sum(g * (widen(x) - mean.reshape(layout)), axis=others) * inverse
        gvariance = gscale * factor * inverse * -0.5
    return gx, gmean, gvariance, gscale, goffset


normalize_channels.vjp_joint(_channels_grads)
normalize_channels.cost = lambda x, *rest: 3 * x.size
normalize_channels.cases = (
    case("5,3", "3", "3", axis=-1, epsilon=1e-3, low=0.5), case("7,1", "1", "1", "1", axis=-1, epsilon=1e-3, low=0.5),
    case("4,2,3", "3", "3", "3", "3", axis=-1, epsilon=0.1, low=0.5),
    case("3,2,4", "2", "2", "2", "2", axis=1, epsilon=1e-3, low=0.5),
    case("1,3", "3", "3", None, "3", axis=1, epsilon=1.0, low=0.5),
    case("0,3", "3", "3", "3", axis=-1, epsilon=0.1, low=0.5),
    case("4,3:int32", "3", "3", axis=-1, epsilon=1e-2, low=0.5, grad=False),
    fails("4,3", "4", "3", axis=-1, epsilon=1e-3, match=r"vectors of shape \(3,\)"),
    fails("4,3", "3", "3", axis=-3, epsilon=1e-3, match="out of range"),
)  # fmt: skip


def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """Return (x - mean) / sqrt(variance + epsilon) * scale + offset, for vectors that go along `axis`.

    Shapes: x (..., c, ...), all others (c,). Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167

    >>> batch_normalization([[1.0], [3.0]], [1.0], [4.0], axis=-1, epsilon=0.0).numpy().tolist()
    [[0.0], [1.0]]
    """
    return normalize_channels(x, mean, variance, scale, offset, axis=axis, epsilon=epsilon)


# ---- kernels -------------------------------------------------------------------------------------------------


def _batch_forward(x, scale, offset, mask, axis, epsilon, keep):
    out, average, variance, inverse = kx_kernels.batch_norm(x, scale, offset, axis, epsilon)
    return (out, average, variance), (average, inverse)


def _batch_backward(g, inputs, saved, needs, params):
    x, scale, _, mask = inputs
    g_out, g_mean, g_variance = g
    if g_out is None or g_mean is not None or g_variance is not None:
        return _batch_grads(np, g, x, scale, mask, saved, needs, params["axis"])
    g_out = narrow(g_out, x.dtype)
    gx, gscale, goffset = kx_kernels.batch_norm_grad(g_out, x, scale, *saved, params["axis"], needs[0])
    return gx, gscale, goffset, None


def _batch_fits(x, scale, offset, mask, axis, epsilon, keep):
    return mask is None and x.dtype.itemsize >= 4 and x.size > 0


def _channels_forward(x, mean, variance, scale, offset, axis, epsilon):
    factor = 1.0 / np.sqrt(variance + epsilon)
    if scale is not None:
        factor *= scale
    return kx_kernels.channel_affine(x, mean, factor, offset, axis)


def _channels_backward(g, inputs, out, needs, params):
    x, mean, variance, scale, _ = inputs
    axis, epsilon = params["axis"], params["epsilon"]
    g = narrow(g, x.dtype)
    inverse = 1.0 / np.sqrt(variance + epsilon)
    factor = inverse if scale is None else inverse * scale
    gx = kx_kernels.channel_affine(g, None, factor, None, axis) if needs[0] else None
    if not any(needs[1:]):
        return gx, None, None, None, None
    # The sums over g are those of the batch's own moments, at these ones.
    _, gscale, goffset = kx_kernels.batch_norm_grad(g, x, None, mean, inverse, axis, False)
    return gx, goffset * -factor, gscale * factor * inverse * -0.5, gscale, goffset


def _channels_fit(x, mean, variance, scale=None, offset=None, *, axis, epsilon):
    return x.dtype.itemsize >= 4 and x.size > 0 and mean.shape == variance.shape and -x.ndim <= axis < x.ndim


if kx_kernels is not None:
    normalize_batch.kernel("native", _batch_forward, _batch_backward, _batch_fits)
    normalize_channels.kernel("native", _channels_forward, _channels_backward, _channels_fit)
