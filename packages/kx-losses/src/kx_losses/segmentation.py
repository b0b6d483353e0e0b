"""Losses of overlap between a predicted and a true region."""

from kx_losses.declare import declare
from kx_losses.regression import as_one_dtype
from kx_tensor import config, ops


@declare(order=("reduction", "name", "axis", "dtype"))
def dice(y_true, y_pred, axis=None):
    """1 - 2 sum(y_true y_pred) / (sum(y_true) + sum(y_pred)), the sums running over `axis` (None: all axes).

    >>> round(float(dice([[1.0, 1.0], [0.0, 0.0]], [[1.0, 0.0], [0.0, 0.0]])), 4)
    0.3333
    """
    y_true, y_pred = as_one_dtype("dice", y_true, y_pred)
    overlap = ops.sum(y_true * y_pred, axis=axis)
    sizes = ops.sum(y_true, axis=axis) + ops.sum(y_pred, axis=axis)
    return 1.0 - 2.0 * overlap / (sizes + config.epsilon())


@declare(order=("alpha", "beta", "reduction", "name", "axis", "dtype"))
def tversky(y_true, y_pred, alpha=0.5, beta=0.5, axis=None):
    """1 - TP / (TP + alpha FN + beta FP), the sums running over `axis` (None: all axes); `dice` for alpha = beta = 1/2.

    So Keras computes it; its documentation and the paper have alpha and beta the other way round.
    Salehi et al. 2017, https://arxiv.org/abs/1706.05721

    >>> float(tversky([[1.0, 1.0]], [[1.0, 0.0]], alpha=1.0, beta=0.0))
    0.5
    """
    y_true, y_pred = as_one_dtype("tversky", y_true, y_pred)
    hits = ops.sum(y_true * y_pred, axis=axis)
    false_alarms = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    misses = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    return 1.0 - hits / (hits + alpha * misses + beta * false_alarms + config.epsilon())


# ---- the classes ---------------------------------------------------------------------------------------------

Dice, Tversky = dice.loss_class, tversky.loss_class
