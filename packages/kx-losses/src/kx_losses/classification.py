"""Losses of classes and distributions: cross-entropies, their focal and noise-robust kin, divergences."""

from kx_losses.alignment import labels_for, paired, without_last
from kx_losses.declare import declare, metric_class
from kx_losses.regression import as_one_dtype
from kx_tensor import config, ops


def smoothed(y_true, y_pred, label_smoothing, share):
    """Return targets moved by `label_smoothing` towards `share`, the value that says nothing (1 / classes, or 1/2)."""
    if not 0.0 <= label_smoothing <= 1.0:
        raise ValueError(f"label_smoothing must be between 0 and 1, got {label_smoothing}.")
    y_true = ops.cast(y_true, y_pred.dtype)
    return y_true * (1.0 - label_smoothing) + label_smoothing * share


@declare(metric=False)
def categorical_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """-sum(y_true log p) over the classes, for one-hot targets or distributions.

    p is y_pred divided by its sum, or softmax(y_pred) with `from_logits`. Shapes: (..., classes), twice -> (...).

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = paired("categorical_crossentropy", y_true, y_pred, broadcast=False)
    if label_smoothing:
        y_true = smoothed(y_true, y_pred, label_smoothing, 1.0 / y_pred.shape[axis])
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


@declare(
    metric="SparseCategoricalCrossentropy",
    order=("from_logits", "ignore_class", "reduction", "axis", "name", "dtype"),
    integer_labels=True,
)
def sparse_categorical_crossentropy(y_true, y_pred, from_logits=False, ignore_class=None, axis=-1):
    """-log p[y_true], the cross-entropy against integer labels; labels equal to `ignore_class` do not count.

    p is y_pred divided by its sum, or softmax(y_pred) with `from_logits`. Shapes: labels (...) or (..., 1), y_pred
    (..., classes) -> (...). Raises ValueError for a label below 0 or not below the number of classes (NaN on a GPU).

    >>> sparse_categorical_crossentropy([1], [[0.75, 0.25]]).numpy().round(4)
    array([1.3863], dtype=float32)
    """
    y_true, y_pred = labels_for("sparse_categorical_crossentropy", y_true, y_pred, axis)
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    counts = ops.not_equal(y_true, ignore_class)
    labels = ops.where(counts, y_true, 0)
    values = ops.sparse_categorical_crossentropy(labels, y_pred, from_logits=from_logits, axis=axis)
    values = ops.where(counts, values, 0.0)
    values._keras_mask = counts
    return values


@declare("bce", "BCE", metric=False)
def binary_crossentropy(y_true, y_pred, from_logits=False, label_smoothing=0.0, axis=-1):
    """Mean over `axis` of -y_true log p - (1 - y_true) log(1 - p).

    p is y_pred, or sigmoid(y_pred) with `from_logits`. Shapes: (..., d), (..., d) -> (...).

    >>> binary_crossentropy([[1.0, 0.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    y_true, y_pred = paired("binary_crossentropy", y_true, y_pred, broadcast=False)
    if label_smoothing:
        y_true = smoothed(y_true, y_pred, label_smoothing, 0.5)
    values = ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits)
    if axis == -1 and values.shape[-1:] == (1,):
        return without_last(values)
    return ops.mean(values, axis=axis)


@declare()
def binary_focal_crossentropy(
    y_true,
    y_pred,
    apply_class_balancing=False,
    alpha=0.25,
    gamma=2.0,
    from_logits=False,
    label_smoothing=0.0,
    axis=-1,
):
    """Binary cross-entropy weighted by (1 - p_t)^gamma, p_t being the probability given to the true class.

    With `apply_class_balancing` class 1 also has weight alpha and class 0 weight 1 - alpha. Shapes: (..., d) -> (...).
    Lin et al. 2017, https://arxiv.org/abs/1708.02002

    >>> binary_focal_crossentropy([[1.0]], [[0.5]]).numpy().round(4)
    array([0.1733], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("binary_focal_crossentropy", y_true, y_pred, broadcast=False)
    if label_smoothing:
        y_true = smoothed(y_true, y_pred, label_smoothing, 0.5)
    p = ops.sigmoid(y_pred) if from_logits else y_pred
    missed = y_true * (1.0 - p) + (1.0 - y_true) * p  # 1 - p_t
    values = missed**gamma * ops.binary_crossentropy(y_true, p)
    if apply_class_balancing:
        values = values * (y_true * alpha + (1.0 - y_true) * (1.0 - alpha))
    return ops.mean(values, axis=axis)


@declare()
def categorical_focal_crossentropy(
    y_true, y_pred, alpha=0.25, gamma=2.0, from_logits=False, label_smoothing=0.0, axis=-1
):
    """-sum(alpha (1 - p)^gamma y_true log p) over the classes; alpha is one weight or one for each class.

    p is y_pred divided by its sum, or softmax(y_pred) with `from_logits`. Shapes: (..., classes) -> (...).
    Lin et al. 2017, https://arxiv.org/abs/1708.02002

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.0433], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("categorical_focal_crossentropy", y_true, y_pred, broadcast=False)
    if label_smoothing:
        y_true = smoothed(y_true, y_pred, label_smoothing, 1.0 / y_pred.shape[axis])
    p = ops.softmax(y_pred, axis=axis) if from_logits else y_pred / ops.sum(y_pred, axis=axis, keepdims=True)
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    weight = ops.convert_to_tensor(alpha, dtype=y_pred.dtype)
    return -ops.sum(weight * (1.0 - p) ** gamma * y_true * ops.log(p), axis=axis)


@declare(loss="CategoricalGeneralizedCrossEntropy", fields={"q": 0.5}, integer_labels=True)
def categorical_generalized_cross_entropy(y_true, y_pred, q):
    """(1 - p[y_true]^q) / q for integer labels: cross-entropy as q nears 0, absolute error at q = 1.

    Shapes: labels (...) or (..., 1), probabilities (..., classes) -> (...). Raises ValueError unless 0 < q < 1.
    Zhang, Sabuncu 2018, https://arxiv.org/abs/1805.07836

    >>> categorical_generalized_cross_entropy([1], [[0.75, 0.25]], 0.5).numpy()
    array([1.], dtype=float32)
    """
    if not 0.0 < q < 1.0:
        raise ValueError(f"categorical_generalized_cross_entropy: q must lie between 0 and 1, got {q}.")
    y_true, y_pred = labels_for("categorical_generalized_cross_entropy", y_true, y_pred)
    truth = ops.one_hot(ops.cast(y_true, "int32"), y_pred.shape[-1], dtype=y_pred.dtype)
    return (1.0 - ops.sum(y_pred * truth, axis=-1) ** q) / q


@declare("kld", "KLD", "kullback_leibler_divergence", loss="KLDivergence", metric="KLDivergence")
def kl_divergence(y_true, y_pred):
    """sum(y_true log(y_true / y_pred)) over the last axis, both clipped to [epsilon, 1]. Shapes: (..., d) -> (...).

    >>> kl_divergence([[0.5, 0.5]], [[0.25, 0.75]]).numpy().round(4)
    array([0.1438], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("kl_divergence", y_true, y_pred)
    p, q = ops.clip(y_true, config.epsilon(), 1.0), ops.clip(y_pred, config.epsilon(), 1.0)
    return ops.sum(p * ops.log(p / q), axis=-1)


@declare(metric="Poisson")
def poisson(y_true, y_pred):
    """Mean of y_pred - y_true log(y_pred + epsilon) over the last axis. Shapes: (..., d), (..., d) -> (...).

    >>> poisson([[1.0, 0.0]], [[1.0, 2.0]]).numpy()
    array([1.5], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("poisson", y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


# ---- the classes ---------------------------------------------------------------------------------------------

CategoricalCrossentropy = categorical_crossentropy.loss_class
SparseCategoricalCrossentropy = sparse_categorical_crossentropy.loss_class
BinaryCrossentropy = binary_crossentropy.loss_class
BinaryFocalCrossentropy = binary_focal_crossentropy.loss_class
CategoricalFocalCrossentropy = categorical_focal_crossentropy.loss_class
CategoricalGeneralizedCrossEntropy = categorical_generalized_cross_entropy.loss_class
KLDivergence = kl_divergence.loss_class
Poisson = poisson.loss_class

# The metric of binary cross-entropy takes no axis, and both have an integer 0 for their default smoothing.
categorical_crossentropy.metric_class = metric_class(
    categorical_crossentropy,
    "CategoricalCrossentropy",
    own={"from_logits": False, "label_smoothing": 0, "axis": -1},
)
binary_crossentropy.metric_class = metric_class(
    binary_crossentropy,
    "BinaryCrossentropy",
    own={"from_logits": False, "label_smoothing": 0},
    aliases=("bce", "BCE"),
)
