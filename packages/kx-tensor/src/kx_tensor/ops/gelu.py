"""Activations that multiply x by a probability: silu (that of the logistic distribution) and gelu (the normal one)."""

import math

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case
from kx_tensor.device import kx_kernels
from kx_tensor.ops.activation import sigmoid, sigmoid_of, tanh
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.special import erf
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive

_LINEAR = math.sqrt(2.0 / math.pi)  # the approximation is (1 + tanh(x (_LINEAR + _CUBIC x^2))) / 2
_CUBIC = 0.044715 * _LINEAR
_DENSITY = 1.0 / math.sqrt(2.0 * math.pi)  # of the normal distribution at 0
_ROOT_HALF = math.sqrt(0.5)


def _silu_twin(x):
    return multiply(x, sigmoid(x))


@primitive(shape=rules.same, dtype=rules.floating, like=_silu_twin)
def silu(xp, x):
    """Return x sigmoid(x), also called swish.

    Ramachandran, Zoph, Le 2017, https://arxiv.org/abs/1710.05941

    >>> silu([0.0, 100.0]).numpy()
    array([  0., 100.], dtype=float32)
    """
    wide = widen(x)
    return narrow(sigmoid_of(xp, wide) * wide, x.dtype)


def _silu_grad(xp, g, x):
    wide = widen(x)
    s = sigmoid_of(xp, wide)
    return (g * (s * (1.0 + wide * (1.0 - s))),)


silu.vjp_joint(_silu_grad)
silu.cases = case("3,4"), case(""), case("3,4", low=-200, high=200), case("3:int32"), case("0,3"), case("1")


def _gelu_twin(x, approximate=True):
    half = multiply(x, 0.5)
    if not approximate:
        return multiply(half, add(erf(multiply(x, _ROOT_HALF)), 1.0))
    inner = multiply(x, add(multiply(multiply(x, x), _CUBIC), _LINEAR))
    return multiply(half, add(tanh(inner), 1.0))


@primitive(shape=rules.same, dtype=rules.floating, like=_gelu_twin)
def gelu(xp, x, *, approximate=True):
    """Return x times the probability that a standard normal number is below x.

    The probability is (1 + erf(x / sqrt(2))) / 2, approximated by a tanh unless `approximate` is false.
    Hendrycks, Gimpel 2016, https://arxiv.org/abs/1606.08415

    >>> gelu([-1.0, 0.0, 1.0]).numpy().round(4)
    array([-0.1588,  0.    ,  0.8412], dtype=float32)
    """
    wide = widen(x)
    if approximate:
        t = xp.tanh(wide * (wide * wide * _CUBIC + _LINEAR))
    else:
        t = erf.forward(xp, wide * _ROOT_HALF)
    return narrow((t + 1.0) * (wide * 0.5), x.dtype)


def _gelu_grad(xp, g, x, approximate):
    wide = widen(x)
    square = wide * wide
    if approximate:
        t = xp.tanh(wide * (square * _CUBIC + _LINEAR))
        rise = (1.0 - t * t) * (square * (3.0 * _CUBIC) + _LINEAR) * 0.5
    else:
        t = erf.forward(xp, wide * _ROOT_HALF)
        rise = xp.exp(square * -0.5) * _DENSITY
    return (g * ((t + 1.0) * 0.5 + wide * rise),)


gelu.vjp_joint(_gelu_grad)
gelu.cases = (
    case("3,4"), case("3,4", approximate=False), case(""), case("3,4", low=-8, high=8), case("3:int32"), case("0,3"),
    case("3,4", low=-8, high=8, approximate=False), case("1", approximate=False), case("3:int32", approximate=False),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")


def _fits(x, approximate=True):
    return x.dtype is _FLOAT32 and x.ndim > 0


def _silu_backward(g, inputs, out, needs, params):
    return (kx_kernels.silu_grad(np.asarray(g, _FLOAT32), inputs[0]),)


def _gelu_forward(x, approximate=True):
    return kx_kernels.gelu(x, approximate)


def _gelu_backward(g, inputs, out, needs, params):
    return (kx_kernels.gelu_grad(np.asarray(g, _FLOAT32), inputs[0], params.get("approximate", True)),)


if kx_kernels is not None:
    silu.kernel("native", kx_kernels.silu, _silu_backward, _fits)
    gelu.kernel("native", _gelu_forward, _gelu_backward, _fits)
