"""Activations that are primitives: the rectifiers, sigmoid, tanh, and softmax."""

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.precision import ZEROS, narrow, widen
from kx_tensor.primitive import primitive

# exp neither overflows nor leaves the normal numbers of the dtype below these; NumPy warns where it does.
_EXP_LIMITS = {4: 87.0, 8: 708.0}
# Between these bounds exp needs no shift in float32: its sums over any axis stay finite and far from zero.
_UNSHIFTED = 60.0


@primitive(shape=rules.same, dtype=rules.keep)
def unit_step(xp, x):
    """Return 1 where x > 0 and 0 elsewhere, in the dtype of x: the slope of `relu`, a constant to the tape.

    >>> unit_step([-1.0, 0.0, 2.0]).numpy()
    array([0., 0., 1.], dtype=float32)
    """
    return (x > 0).astype(x.dtype)


unit_step.cases = (case("3,4", grad=False),)


@primitive(shape=rules.same, dtype=rules.keep)
def relu(xp, x):
    """Return max(x, 0).

    >>> relu([-1.0, 2.0]).numpy()
    array([0., 2.], dtype=float32)
    """
    return xp.maximum(x, ZEROS[x.dtype])


relu.vjp(lambda F, g, out: g * F.unit_step(out))
relu.cases = case("3,4"), case(""), case("3,4:int32")


def sigmoid_of(xp, x):
    """Return 1 / (1 + exp(-x)) of a raw float32 or float64 array, in a fresh array and without overflow."""
    t = xp.minimum(-x, _EXP_LIMITS[x.dtype.itemsize])
    into = t if t.ndim else None  # NumPy gives scalars, which can't be written into, for 0-d arrays
    t = xp.exp(t, out=into)
    t += 1.0
    return xp.reciprocal(t, out=into)


@primitive(shape=rules.same, dtype=rules.floating)
def sigmoid(xp, x):
    """Return 1 / (1 + exp(-x)).

    >>> sigmoid([0.0, 100.0]).numpy()
    array([0.5, 1. ], dtype=float32)
    """
    return narrow(sigmoid_of(xp, widen(x)), x.dtype)


sigmoid.vjp(lambda F, g, out: g * (out * (1.0 - out)))
sigmoid.cases = case("3,4"), case(""), case("3,4", low=-200, high=200), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def tanh(xp, x):
    """Return the hyperbolic tangent of x.

    >>> tanh([0.0, 100.0]).numpy()
    array([0., 1.], dtype=float32)
    """
    return narrow(xp.tanh(widen(x)), x.dtype)


tanh.vjp(lambda F, g, out: g * (1.0 - out * out))
tanh.cases = case("3,4"), case(""), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def softplus(xp, x):
    """Return log(1 + exp(x)), computed as max(x, 0) + log1p(exp(-abs(x))).

    >>> softplus([-200.0, 0.0, 200.0]).numpy().round(4)
    array([  0.    ,   0.6931, 200.    ], dtype=float32)
    """
    return narrow(softplus_of(xp, widen(x)), x.dtype)


def softplus_of(xp, x):
    """Return log(1 + exp(x)) of a raw float32 or float64 array in a fresh array."""
    t = -xp.abs(x)
    into = t if t.ndim else None
    t = xp.exp(t, out=into)
    t = xp.log1p(t, out=into)
    t += xp.maximum(x, ZEROS[x.dtype])
    return t


softplus.vjp(lambda F, g, x: g * F.sigmoid(x))
softplus.cases = case("3,4"), case(""), case("3,4", low=-200, high=200, second=False)


@primitive(shape=rules.same, dtype=rules.floating)
def elu(xp, x, *, alpha=1.0):
    """Return x where x > 0 and alpha (exp(x) - 1) elsewhere.

    Clevert, Unterthiner, Hochreiter 2016, https://arxiv.org/abs/1511.07289

    >>> elu([-100.0, 2.0]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    wide = widen(x)
    zero = ZEROS[wide.dtype]
    t = xp.minimum(wide, zero)
    t = xp.expm1(t, out=t if t.ndim else None)
    t *= alpha
    t += xp.maximum(wide, zero)
    return narrow(t, x.dtype)


def _elu_dx(F, g, x, alpha):
    positive = F.unit_step(x)
    return g * (positive + (1.0 - positive) * alpha * F.exp(F.minimum(x, 0.0)))


elu.vjp(_elu_dx)
elu.cases = case("3,4"), case("3,4", alpha=0.5), case("")


@primitive(shape=rules.same, dtype=rules.floating)
def leaky_relu(xp, x, *, negative_slope=0.2):
    """Return x where x > 0 and negative_slope * x elsewhere.

    >>> leaky_relu([-1.0, 2.0]).numpy()
    array([-0.2,  2. ], dtype=float32)
    """
    scaled = x * x.dtype.type(negative_slope)
    choice = xp.maximum if negative_slope <= 1 else xp.minimum
    return choice(x, scaled, out=scaled if scaled.ndim else None)


leaky_relu.vjp(lambda F, g, x, negative_slope: g * (F.unit_step(x) * (1.0 - negative_slope) + negative_slope))
leaky_relu.cases = case("3,4"), case("3,4", negative_slope=3.0), case("")


# ---- over an axis --------------------------------------------------------------------------------------------


def _along(shapes, params):
    shape, axis = shapes[0], params["axis"]
    if axis is not None:
        rules.normalize_axes(axis, len(shape))
    return shape


def log_softmax_of(xp, x, axis):
    """Return log(softmax(x)) of a raw float32 or float64 array in a fresh array."""
    t = x - x.max(axis=axis, keepdims=True)
    t -= xp.log(xp.exp(t).sum(axis=axis, keepdims=True))
    return t


@primitive(shape=_along, dtype=rules.floating)
def softmax(xp, x, *, axis=-1):
    """Return exp(x) / sum(exp(x)), the sum running over `axis` (a number, several, or None: all).

    >>> softmax([[1.0, 1.0], [1000.0, 0.0]]).numpy()
    array([[0.5, 0.5],
           [1. , 0. ]], dtype=float32)
    """
    wide = widen(x)
    if xp is np and x.size and wide.min() > -_UNSHIFTED and wide.max() < _UNSHIFTED:
        t = xp.exp(wide)  # two flat reductions are cheaper than a maximum for each row and a subtraction
    else:
        t = wide - wide.max(axis=axis, keepdims=True)
        t = xp.exp(t, out=t if t.ndim else None)
    t /= t.sum(axis=axis, keepdims=True)
    return narrow(t, x.dtype)


def _softmax_dx(F, g, out, axis):
    weighted = g * out
    return weighted - out * F.sum(weighted, axis=axis, keepdims=True)


softmax.vjp(_softmax_dx)
softmax.cases = (
    case("3,4"), case("3,4", axis=0), case("2,3,4", axis=(1, 2)), case("3,4", axis=None),
    case("3,4", low=-300, high=300),
    fails("3,4", axis=2, match="out of range"),
)  # fmt: skip


@primitive(shape=_along, dtype=rules.floating)
def log_softmax(xp, x, *, axis=-1):
    """Return x - log(sum(exp(x))), the sum running over `axis` (a number, several, or None: all).

    >>> log_softmax([0.0, 1000.0]).numpy()
    array([-1000.,     0.], dtype=float32)
    """
    return narrow(log_softmax_of(xp, widen(x), axis), x.dtype)


log_softmax.vjp(lambda F, g, out, axis: g - F.exp(out) * F.sum(g, axis=axis, keepdims=True))
log_softmax.cases = (
    case("3,4"), case("3,4", axis=0), case("2,3,4", axis=(1, 2)), case("3,4", axis=None),
    case("3,4", low=-300, high=300, second=False), fails("3,4", axis=2, match="out of range"),
)  # fmt: skip


@primitive(shape=_along, dtype=rules.floating)
def sparsemax(xp, x, *, axis=-1):
    """Return the point nearest to x among the probability distributions over `axis`; many of its elements are 0.

    max(x - t, 0) with the t that makes the sum 1. Martins, Astudillo 2016, https://arxiv.org/abs/1602.02068
    (Keras 3.15 takes another t where more than one element is positive; its results don't sum to 1.)

    >>> sparsemax([3.0, 2.5, 0.0]).numpy()
    array([0.75, 0.25, 0.  ], dtype=float32)
    """
    wide = xp.moveaxis(widen(x), axis, -1)
    descending = -xp.sort(-wide, axis=-1)
    excess = xp.cumsum(descending, axis=-1) - 1.0
    counts = xp.arange(1, wide.shape[-1] + 1).astype(wide.dtype)
    size = (descending * counts > excess).sum(axis=-1, keepdims=True)
    t = xp.take_along_axis(excess, size - 1, axis=-1) / size.astype(wide.dtype)
    return narrow(xp.moveaxis(xp.maximum(wide - t, ZEROS[wide.dtype]), -1, axis), x.dtype)


def _sparsemax_dx(F, g, out, axis):
    support = F.unit_step(out)
    g = g * support
    return g - support * (F.sum(g, axis=axis, keepdims=True) / F.sum(support, axis=axis, keepdims=True))


sparsemax.vjp(_sparsemax_dx)
sparsemax.cases = case("3,4"), case("3,4", axis=0), case("2,3,4", axis=1), case("3,4", low=-300, high=300)


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")


def _fits(x, alpha=1.0, negative_slope=0.2):
    return x.dtype is _FLOAT32 and x.ndim > 0


def _fits_last(x, axis=-1):
    return x.dtype is _FLOAT32 and x.ndim > 0 and (axis == -1 or axis == x.ndim - 1)


def _of_out(gradient):
    """The backward of a kernel that computes the slope from the result."""
    return lambda g, inputs, out, needs, params: (gradient(np.asarray(g, _FLOAT32), out),)


def _softplus_backward(g, inputs, out, needs, params):
    return (kx_kernels.softplus_grad(np.asarray(g, _FLOAT32), inputs[0]),)


def _elu_forward(x, alpha=1.0):
    return kx_kernels.elu(x, alpha)


def _elu_backward(g, inputs, out, needs, params):
    return (kx_kernels.elu_grad(np.asarray(g, _FLOAT32), inputs[0], params.get("alpha", 1.0)),)


def _leaky_forward(x, negative_slope=0.2):
    return kx_kernels.leaky_relu(x, negative_slope)


def _leaky_backward(g, inputs, out, needs, params):
    slope = params.get("negative_slope", 0.2)
    return (kx_kernels.leaky_relu_grad(np.asarray(g, _FLOAT32), inputs[0], slope),)


def _softmax_forward(x, axis=-1):
    return kx_kernels.softmax(x)


def _log_softmax_forward(x, axis=-1):
    return kx_kernels.log_softmax(x)


if kx_kernels is not None:
    relu.kernel("native", kx_kernels.relu, _of_out(kx_kernels.relu_grad), _fits)
    sigmoid.kernel("native", kx_kernels.sigmoid, _of_out(kx_kernels.sigmoid_grad), _fits)
    tanh.kernel("native", kx_kernels.tanh, _of_out(kx_kernels.tanh_grad), _fits)
    softplus.kernel("native", kx_kernels.softplus, _softplus_backward, _fits)
    elu.kernel("native", _elu_forward, _elu_backward, _fits)
    leaky_relu.kernel("native", _leaky_forward, _leaky_backward, _fits)
    softmax.kernel("native", _softmax_forward, _of_out(kx_kernels.softmax_grad), _fits_last)
    log_softmax.kernel("native", _log_softmax_forward, _of_out(kx_kernels.log_softmax_grad), _fits_last)
