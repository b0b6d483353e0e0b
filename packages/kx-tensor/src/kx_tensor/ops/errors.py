"""Errors of predictions, averaged over the last axis: each a loss in one node of the tape."""

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import subtract
from kx_tensor.ops.reduce import mean
from kx_tensor.ops.unary import absolute, square
from kx_tensor.precision import widen
from kx_tensor.primitive import primitive


def _as_prediction(names, params):
    """Both inputs are taken in the prediction's float dtype, which the result has, as in Keras's losses."""
    result = dtypes.floating(dtypes.result_type({"int": int, "float": float}.get(names[1], names[1])))
    return result, result


def _last_axis_gone(shapes, params):
    shape = rules.broadcast_shapes(*shapes)
    if not shape:
        raise ValueError("expected inputs with at least 1 axis, to average over the last one.")
    return shape[:-1]


def _mean_last(t):
    n = t.shape[-1]
    if n == 1:
        return t.reshape(t.shape[:-1])
    total = t.sum(axis=-1)
    total /= n
    return total


def _squared_twin(y_true, y_pred):
    return mean(square(subtract(y_pred, y_true)), axis=-1)


@primitive(shape=_last_axis_gone, dtype=_as_prediction, like=_squared_twin)
def squared_error(xp, y_true, y_pred):
    """Return the mean of (y_pred - y_true)^2 over the last axis.

    >>> squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
    array([5.], dtype=float32)
    """
    if y_pred.dtype.itemsize < 4:
        return squared_error.forward(xp, widen(y_true), widen(y_pred)).astype(y_pred.dtype)
    t = y_pred - y_true
    t *= t
    return _mean_last(t)


def _squared_grads(xp, g, y_true, y_pred, needs):
    if g.dtype.itemsize < 4:
        y_true, y_pred, g = widen(y_true), widen(y_pred), widen(g)
    t = y_pred - y_true
    t *= (g * (2.0 / (t.shape[-1] or 1)))[..., None]
    return -t if needs[0] else None, t


squared_error.vjp_joint(_squared_grads)
_cases = (
    case("3,4", "3,4"), case("3,1", "3,1"), case("2,3,4", "2,3,4"), case("4", "4"), case("3,1", "3,4"),
    case("3,4:int32", "3,4"), fails("3,4", "3,5", match="broadcast"), fails("", "", match="at least 1 axis"),
)  # fmt: skip
squared_error.cases = _cases


def _absolute_twin(y_true, y_pred):
    return mean(absolute(subtract(y_pred, y_true)), axis=-1)


@primitive(shape=_last_axis_gone, dtype=_as_prediction, like=_absolute_twin)
def absolute_error(xp, y_true, y_pred):
    """Return the mean of abs(y_pred - y_true) over the last axis.

    >>> absolute_error([[0.0, 0.0]], [[-1.0, 3.0]]).numpy()
    array([2.], dtype=float32)
    """
    if y_pred.dtype.itemsize < 4:
        return absolute_error.forward(xp, widen(y_true), widen(y_pred)).astype(y_pred.dtype)
    return _mean_last(xp.abs(y_pred - y_true))


def _absolute_grads(xp, g, y_true, y_pred, needs):
    t = xp.sign(widen(y_pred) - widen(y_true))
    t *= (widen(g) * (1.0 / max(t.shape[-1], 1)))[..., None]
    return -t if needs[0] else None, t


absolute_error.vjp_joint(_absolute_grads)
absolute_error.cases = _cases
