"""Dropout: the input times a random mask."""

import math

import numpy as np

from kx_tensor import philox, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import multiply
from kx_tensor.primitive import primitive

_COARSE = 1 / 256  # from this rate on a mask element takes 16 random bits, below it 32


def _noise_shape(shapes, params):
    shape, noise = shapes[0], params["noise_shape"]
    if noise is None:
        return shape
    if len(noise) != len(shape):
        raise ValueError(f"noise_shape {tuple(noise)} has {len(noise)} axes, the input {len(shape)}.")
    noise = tuple([n if m is None else m for n, m in zip(shape, noise)])
    if any(m not in (1, n) and n is not None for n, m in zip(shape, noise)):
        raise ValueError(f"noise_shape {noise} does not broadcast to the input's shape {shape}.")
    return noise


@primitive(shape=_noise_shape, dtype=rules.floating)
def dropout_mask(xp, x, *, rate, seed, noise_shape=None):
    """Return 0 with probability `rate` and 1 / (1 - rate) otherwise, in the shape of x or of `noise_shape`.

    `seed` is a pair of 32-bit numbers. The probability is `rate` rounded to a multiple of 2^-16, or of 2^-32 below
    1/256.

    >>> dropout_mask([1.0, 1.0, 1.0, 1.0], rate=0.5, seed=(7, 0)).numpy()
    array([2., 0., 0., 2.], dtype=float32)
    """
    shape = x.shape if noise_shape is None else _noise_shape((x.shape,), {"noise_shape": noise_shape})
    if not 0 <= rate < 1:
        if rate != 1:
            raise ValueError(f"dropout: rate must be in [0, 1], got {rate}.")
        return xp.zeros(shape, x.dtype)
    n = math.prod(shape)
    if rate >= _COARSE:
        lanes = philox.raw_bits(xp, seed, (n + 3) // 4).view("uint16")
        mask = lanes[:n] >= min(round(rate * 2**16), 2**16 - 1)
    else:
        lanes = philox.raw_bits(xp, seed, (n + 1) // 2).view("uint32")
        mask = lanes[:n] >= round(rate * 2**32)
    mask = mask.astype(x.dtype)
    mask *= x.dtype.type(1.0 / (1.0 - rate))
    return mask.reshape(shape)


dropout_mask.cases = (
    case("3,4", rate=0.5, seed=(1, 2), grad=False), case("3,4", rate=0.001, seed=(1, 2), grad=False),
    case("2,3,4", rate=0.3, seed=(1, 2), noise_shape=(None, 1, 4), grad=False),
    case("3,4", rate=1.0, seed=(1, 2), grad=False),
    fails("3,4", rate=1.5, seed=(1, 2), match="rate"),
    fails("3,4", rate=0.5, seed=(1, 2), noise_shape=(2, 4), match="broadcast"),
)  # fmt: skip


def _dropped_shape(shapes, params):
    _noise_shape(shapes, params)
    return shapes[0]


def _dropout_twin(x, rate, seed, noise_shape=None):
    return multiply(x, dropout_mask(x, rate=rate, seed=seed, noise_shape=noise_shape))


@primitive(shape=_dropped_shape, dtype=rules.floating, like=_dropout_twin, saves=True)
def dropout(xp, x, *, rate, seed, noise_shape=None, keep):
    """Return x with a random part `rate` of its elements set to 0 and the others divided by 1 - rate.

    `seed` is a pair of 32-bit numbers; `noise_shape` (None: the shape of x) gives axes of size 1 one decision in
    common. x is multiplied by `dropout_mask`. Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html

    >>> dropout([1.0, 2.0, 3.0, 4.0], rate=0.5, seed=(7, 0)).numpy()
    array([2., 0., 0., 8.], dtype=float32)
    """
    mask = dropout_mask.forward(xp, x, rate=rate, seed=seed, noise_shape=noise_shape)
    return x * mask, mask


dropout.vjp_joint(lambda xp, g, saved: (g * saved,))
dropout.cases = (
    case("3,7", rate=0.5, seed=(1, 2)), case("3,7", rate=0.001, seed=(1, 2)),
    case("2,25", rate=0.3, seed=(3, 2**32 - 1)),
    case("2,3,4", rate=0.3, seed=(1, 2), noise_shape=(None, 1, 4)), case("3,4", rate=0.0, seed=(1, 2)),
    case("3,4", rate=1.0, seed=(1, 2)), case("", rate=0.5, seed=(7, 1)), case("0,3", rate=0.5, seed=(1, 2)),
    fails("3,4", rate=1.5, seed=(1, 2), match="rate"),
    fails("3,4", rate=0.5, seed=(1, 2), noise_shape=(2, 4), match="broadcast"),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")


def _fits(x, rate, seed, noise_shape=None, keep=False):
    return x.dtype is _FLOAT32 and x.ndim > 0 and noise_shape is None and 0 <= rate < 1


def _forward(x, rate, seed, noise_shape=None, keep=False):
    return kx_kernels.dropout(x, rate, *seed)


def _backward(g, inputs, saved, needs, params):
    return (kx_kernels.dropout_grad(np.asarray(g, _FLOAT32), saved, params["rate"]),)


if kx_kernels is not None:
    dropout.kernel("native", _forward, _backward, _fits)
