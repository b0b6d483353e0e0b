"""Losses of real-valued targets, each a mean over the last axis."""

import math

from kx_losses.alignment import paired
from kx_losses.declare import declare, metric_class
from kx_tensor import config, ops


def _average_squared_error(y_true, y_pred):
    return ops.squared_error(*paired("mean_squared_error", y_true, y_pred), average=True)


@declare("mse", "MSE", metric="MeanSquaredError", averaged=_average_squared_error)
def mean_squared_error(y_true, y_pred):
    """Mean of (y_true - y_pred)^2 over the last axis. Shapes: (..., d), (..., d) -> (...).

    >>> mean_squared_error([[0.0, 0.0]], [[1.0, 3.0]]).numpy()
    array([5.], dtype=float32)
    """
    y_true, y_pred = paired("mean_squared_error", y_true, y_pred)
    return ops.squared_error(y_true, y_pred)


def _average_absolute_error(y_true, y_pred):
    return ops.absolute_error(*paired("mean_absolute_error", y_true, y_pred), average=True)


@declare("mae", "MAE", metric="MeanAbsoluteError", averaged=_average_absolute_error)
def mean_absolute_error(y_true, y_pred):
    """Mean of |y_true - y_pred| over the last axis. Shapes: (..., d), (..., d) -> (...).

    >>> mean_absolute_error([[0.0, 0.0]], [[1.0, -3.0]]).numpy()
    array([2.], dtype=float32)
    """
    y_true, y_pred = paired("mean_absolute_error", y_true, y_pred)
    return ops.absolute_error(y_true, y_pred)


@declare("mape", "MAPE", metric="MeanAbsolutePercentageError")
def mean_absolute_percentage_error(y_true, y_pred):
    """100 times the mean of |y_true - y_pred| / max(|y_true|, epsilon) over the last axis. Shapes: (..., d) -> (...).

    >>> mean_absolute_percentage_error([[100.0, 200.0]], [[90.0, 210.0]]).numpy().round(3)
    array([7.5], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("mean_absolute_percentage_error", y_true, y_pred)
    error = ops.abs((y_true - y_pred) / ops.maximum(ops.abs(y_true), config.epsilon()))
    return 100.0 * ops.mean(error, axis=-1)


@declare("msle", "MSLE", metric="MeanSquaredLogarithmicError")
def mean_squared_logarithmic_error(y_true, y_pred):
    """Mean of (log(1 + y_true) - log(1 + y_pred))^2 over the last axis, both first raised to epsilon at least.

    Shapes: (..., d), (..., d) -> (...).

    >>> mean_squared_logarithmic_error([[0.0]], [[math.e - 1]]).numpy().round(3)
    array([1.], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("mean_squared_logarithmic_error", y_true, y_pred)
    low = config.epsilon()
    return ops.squared_error(ops.log(ops.maximum(y_true, low) + 1.0), ops.log(ops.maximum(y_pred, low) + 1.0))


@declare("cosine_proximity", metric=False)
def cosine_similarity(y_true, y_pred, axis=-1):
    """Minus the cosine of the angle between y_true and y_pred: -1 for the same direction, 0 if one of them is zero.

    Shapes: (..., d), (..., d) -> (...), d being the size of `axis`.

    >>> cosine_similarity([[0.0, 1.0]], [[1.0, 1.0]]).numpy().round(4)
    array([-0.7071], dtype=float32)
    """
    return -cosine(y_true, y_pred, axis)


def cosine(y_true, y_pred, axis=-1):
    """The cosine of the angle between y_true and y_pred, which the metric averages: 1 for the same direction."""
    y_true, y_pred = as_one_dtype("cosine_similarity", y_true, y_pred)
    return ops.sum(_unit(y_true, axis) * _unit(y_pred, axis), axis=axis)


def _unit(x, axis):
    """x scaled to length 1; shorter than epsilon, it is only divided by epsilon."""
    return x * ops.rsqrt(ops.maximum(ops.sum(x * x, axis=axis, keepdims=True), config.epsilon() ** 2))


@declare(loss_name="huber_loss")
def huber(y_true, y_pred, delta=1.0):
    """Mean over the last axis of e^2 / 2 where |e| <= delta, else delta |e| - delta^2 / 2, with e = y_true - y_pred.

    Shapes: (..., d), (..., d) -> (...). Huber 1964, https://doi.org/10.1214/aoms/1177703732

    >>> huber([[0.0, 0.0]], [[0.5, 3.0]]).numpy()
    array([1.3125], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("huber", y_true, y_pred)
    size = ops.abs(y_pred - y_true)
    within = ops.minimum(size, delta)  # e^2 / 2 up to delta, straight on from there
    return ops.mean(within * (size - 0.5 * within), axis=-1)


@declare("logcosh", metric="LogCoshError", loss="LogCosh", metric_name="logcosh")
def log_cosh(y_true, y_pred):
    """Mean of log(cosh(y_pred - y_true)) over the last axis, without overflow. Shapes: (..., d), (..., d) -> (...).

    >>> log_cosh([[0.0]], [[1000.0]]).numpy().round(2)
    array([999.31], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("log_cosh", y_true, y_pred)
    error = y_pred - y_true
    return ops.mean(error + ops.softplus(-2.0 * error) - math.log(2.0), axis=-1)


def as_one_dtype(loss, y_true, y_pred, broadcast=True):
    """`paired`, and the target cast to the prediction's dtype."""
    y_true, y_pred = paired(loss, y_true, y_pred, broadcast)
    return (y_true if y_true.dtype == y_pred.dtype else ops.cast(y_true, y_pred.dtype)), y_pred


# ---- the classes ---------------------------------------------------------------------------------------------

MeanSquaredError = mean_squared_error.loss_class
MeanAbsoluteError = mean_absolute_error.loss_class
MeanAbsolutePercentageError = mean_absolute_percentage_error.loss_class
MeanSquaredLogarithmicError = mean_squared_logarithmic_error.loss_class
CosineSimilarity = cosine_similarity.loss_class
cosine_similarity.metric_class = metric_class(
    cosine, "CosineSimilarity", "cosine_similarity", direction="up"
)  # without the minus sign
Huber = huber.loss_class
LogCosh = log_cosh.loss_class
