"""Weights of classes turned into weights of samples."""

import numpy as np

from kx_tensor import config, tree


def check_class_weight(class_weight):
    """Return the classes, sorted, and their weights as arrays; TypeError if it is no dict of ints."""
    if not isinstance(class_weight, dict):
        raise TypeError(
            f"class_weight expects a dict of class index to weight, such as {{0: 1.0, 1: 5.0}}, got "
            f"{class_weight!r}."
        )
    for label in class_weight:
        if not isinstance(label, (int, np.integer)):
            raise TypeError(f"class_weight expects integer classes as keys, got {label!r}.")
    classes = sorted(class_weight)
    return np.array(classes, "int64"), np.array([class_weight[c] for c in classes], config.floatx())


def class_weights_to_sample_weights(y, class_weight):
    """Return one weight per sample: that of its class, or 1 for a class not in `class_weight`.

    `y` holds labels, shape (n,) or (n, 1), or one-hot rows, shape (n, classes); any other shape, or several
    outputs, raise ValueError.

    >>> class_weights_to_sample_weights(np.array([0, 1, 2]), check_class_weight({1: 5.0}))
    array([1., 5., 1.], dtype=float32)
    """
    leaves = tree.flatten(y)
    if len(leaves) != 1:
        raise ValueError(
            "`class_weight` is only supported for Models with a single output. "
            f"Received {len(leaves)} targets; pass `sample_weight` instead."
        )
    labels = leaves[0]
    if labels is None:
        raise ValueError("`class_weight` needs targets: got y=None.")
    if not isinstance(labels, np.ndarray):  # a Tensor on a GPU
        labels = labels.numpy()
    if labels.ndim not in (1, 2):
        raise ValueError(
            "`class_weight` needs one class per sample: targets of shape (n,), (n, 1) or one-hot (n, "
            f"classes). Received targets of shape {labels.shape}; pass `sample_weight` instead."
        )
    if labels.ndim == 2:
        labels = labels[:, 0] if labels.shape[1] == 1 else labels.argmax(axis=1)
    labels = np.round(labels).astype("int64")
    classes, weights = class_weight
    if not len(classes):
        return np.ones(len(labels), config.floatx())
    at = np.searchsorted(classes, labels).clip(max=len(classes) - 1)
    return np.where(classes[at] == labels, weights[at], np.array(1, weights.dtype))
