"""`keras.backend`: cross-entropies of single elements or classes, targets first."""

from kx_tensor import config, ops

__all__ = [
    "binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy",
    "binary_focal_crossentropy", "categorical_focal_crossentropy",
]  # fmt: skip


def binary_crossentropy(target, output, from_logits=False):
    """Return -(t log p + (1 - t) log(1 - p)) of each element.

    >>> binary_crossentropy([[1.0]], [[0.5]]).numpy().round(4)
    array([[0.6931]], dtype=float32)
    """
    return ops.binary_crossentropy(target, output, from_logits=from_logits)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Return -sum(t log p) over the classes.

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    return ops.categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1, ignore_class=None):
    """Return -log p of the target class, 0 where the target is `ignore_class`.

    >>> sparse_categorical_crossentropy([1], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    target = ops.cast(target, "int32")
    if ignore_class is None:
        return ops.sparse_categorical_crossentropy(target, output, from_logits=from_logits, axis=axis)
    valid = ops.not_equal(target, ignore_class)
    value = ops.sparse_categorical_crossentropy(
        ops.where(valid, target, 0), output, from_logits=from_logits, axis=axis
    )
    return ops.where(valid, value, 0.0)


def binary_focal_crossentropy(
    target, output, apply_class_balancing=False, alpha=0.25, gamma=2.0, from_logits=False
):
    """Return the binary cross-entropy times (1 - p of the target)^gamma, weighted by alpha with class balancing.

    >>> binary_focal_crossentropy([[1.0]], [[0.5]]).numpy().round(4)
    array([[0.1733]], dtype=float32)
    """
    p = ops.sigmoid(output) if from_logits else ops.convert_to_tensor(output)
    target = ops.cast(target, p.dtype)
    right = target * p + (1.0 - target) * (1.0 - p)
    value = ops.power(1.0 - right, gamma) * ops.binary_crossentropy(target, output, from_logits=from_logits)
    return value * (target * alpha + (1.0 - target) * (1.0 - alpha)) if apply_class_balancing else value


def categorical_focal_crossentropy(target, output, alpha=0.25, gamma=2.0, from_logits=False, axis=-1):
    """Return -sum(alpha (1 - p)^gamma t log p) over the classes.

    >>> categorical_focal_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.0433], dtype=float32)
    """
    p = ops.softmax(output, axis) if from_logits else ops.convert_to_tensor(output)
    p = p / ops.sum(p, axis=axis, keepdims=True)
    p = ops.clip(p, config.epsilon(), 1.0 - config.epsilon())
    return ops.sum(-(ops.power(1.0 - p, gamma) * alpha * target * ops.log(p)), axis=axis)
