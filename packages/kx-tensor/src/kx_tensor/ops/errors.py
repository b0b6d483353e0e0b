"""Errors of predictions, averaged over the last axis: each a loss in one node of the tape."""

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import subtract
from kx_tensor.ops.reduce import mean
from kx_tensor.ops.unary import absolute, square
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _as_prediction(names, params):
    """Both inputs are taken in the prediction's float dtype, which the result has, as in Keras's losses."""
    result = dtypes.floating(dtypes.result_type({"int": int, "float": float}.get(names[1], names[1])))
    return result, result


def _averaged_shape(shapes, params):
    shape = rules.broadcast_shapes(*shapes)
    if not shape:
        raise ValueError("expected inputs with at least 1 axis, to average over the last one.")
    return () if params["average"] else shape[:-1]


def _averaged(xp, t, average):
    """The mean of t over its last axis, or over all of them."""
    if average:
        return xp.add.reduce(t, axis=None) / (t.size or 1)
    n = t.shape[-1]
    if n == 1:
        return t.reshape(t.shape[:-1])
    total = xp.add.reduce(t, axis=-1)
    total /= n
    return total


def _share(g, t, average):
    """The gradient of the mean for each element of t."""
    if average:
        return g * (1.0 / (t.size or 1))
    return (g * (1.0 / (t.shape[-1] or 1)))[..., None]


def _squared_twin(y_true, y_pred, average=False):
    return mean(square(subtract(y_pred, y_true)), axis=None if average else -1)


@primitive(shape=_averaged_shape, dtype=_as_prediction, like=_squared_twin)
def squared_error(xp, y_true, y_pred, *, average=False):
    """Return the mean of (y_pred - y_true)^2 over the last axis, or with `average` over all: a loss in one node.

    >>> squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
    array([5.], dtype=float32)
    """
    if y_pred.dtype.itemsize < 4:
        return narrow(squared_error.forward(xp, widen(y_true), widen(y_pred), average=average), y_pred.dtype)
    t = y_pred - y_true
    t *= t
    return _averaged(xp, t, average)


def _squared_grads(xp, g, y_true, y_pred, needs, average):
    if g.dtype.itemsize < 4:
        y_true, y_pred, g = widen(y_true), widen(y_pred), widen(g)
    t = y_pred - y_true
    t *= _share(2.0 * g, t, average)
    return -t if needs[0] else None, t


squared_error.vjp_joint(_squared_grads)
_cases = (
    case("3,4", "3,4"), case("3,1", "3,1"), case("2,3,4", "2,3,4"), case("4", "4"), case("3,1", "3,4"),
    case("3,4:int32", "3,4"), case("3,4", "3,4", average=True), case("2,3,1", "2,3,4", average=True),
    fails("3,4", "3,5", match="broadcast"), fails("", "", match="at least 1 axis"),
)  # fmt: skip
squared_error.cases = _cases


def _absolute_twin(y_true, y_pred, average=False):
    return mean(absolute(subtract(y_pred, y_true)), axis=None if average else -1)


@primitive(shape=_averaged_shape, dtype=_as_prediction, like=_absolute_twin)
def absolute_error(xp, y_true, y_pred, *, average=False):
    """Return the mean of abs(y_pred - y_true) over the last axis, or with `average` over all: a loss in one node.

    >>> absolute_error([[0.0, 0.0]], [[-1.0, 3.0]]).numpy()
    array([2.], dtype=float32)
    """
    if y_pred.dtype.itemsize < 4:
        return narrow(absolute_error.forward(xp, widen(y_true), widen(y_pred), average=average), y_pred.dtype)
    return _averaged(xp, xp.abs(y_pred - y_true), average)


def _absolute_grads(xp, g, y_true, y_pred, needs, average):
    t = xp.sign(widen(y_pred) - widen(y_true))
    t *= _share(widen(g), t, average)
    return -t if needs[0] else None, t


absolute_error.vjp_joint(_absolute_grads)
absolute_error.cases = _cases


# ---- kernels ---------------------------------------------------------------------------------------------------

_KERNEL_DTYPES = (np.dtype("float32"), np.dtype("float64"))


def _fits(y_true, y_pred, average=False):
    return (
        getattr(y_true, "shape", None) == y_pred.shape != ()
        and y_pred.dtype in _KERNEL_DTYPES
        and y_pred.shape[-1] > 0
    )


def _backward_of(gradient):
    def backward(g, inputs, out, needs, params):
        y_true, y_pred = inputs
        slopes = gradient(np.asarray(g, y_pred.dtype), y_true, y_pred, params.get("average", False))
        return -slopes if needs[0] else None, slopes

    return backward


def _forward_of(kernel):
    return lambda y_true, y_pred, average=False: kernel(y_true, y_pred, average)


if kx_kernels is not None:
    squared_error.kernel(
        "native", _forward_of(kx_kernels.squared_error), _backward_of(kx_kernels.squared_error_grad), _fits
    )
    absolute_error.kernel(
        "native", _forward_of(kx_kernels.absolute_error), _backward_of(kx_kernels.absolute_error_grad), _fits
    )
