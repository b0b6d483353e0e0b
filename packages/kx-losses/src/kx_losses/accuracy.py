"""Accuracies: how often predictions match targets. Each is a function and the metric of its mean."""

from kx_io import register
from kx_losses.arrays import check_same_shape, raw_pair
from kx_losses.declare import metric_class
from kx_tensor import dtypes
from kx_tensor.tensor import Tensor


def _hits(device, hits):
    """Booleans as a tensor of 0 and 1."""
    return Tensor(hits.astype(dtypes.as_numpy(dtypes.floatx())), None, device)


@register("metric_functions", module="keras.metrics")
def accuracy(y_true, y_pred):
    """1 where the elements are equal, else 0. Shapes: (...), (...) -> (...).

    >>> accuracy([[1, 2]], [[1, 3]]).numpy()
    array([[1., 0.]], dtype=float32)
    """
    device, t, p = raw_pair(y_true, y_pred)
    check_same_shape("accuracy", t, p)
    return _hits(device, t == p)


@register("metric_functions", module="keras.metrics")
def binary_accuracy(y_true, y_pred, threshold=0.5):
    """1 where y_true equals y_pred > threshold, else 0, element by element. Shapes: (...), (...) -> (...).

    >>> binary_accuracy([[1, 0]], [[0.7, 0.6]]).numpy()
    array([[1., 0.]], dtype=float32)
    """
    device, t, p = raw_pair(y_true, y_pred)
    if t.shape != p.shape and (t.ndim != p.ndim or 1 not in (t.shape[-1], p.shape[-1])):
        check_same_shape("binary_accuracy", t, p)
    return _hits(device, t == (p > threshold))


@register("metric_functions", module="keras.metrics")
def categorical_accuracy(y_true, y_pred):
    """1 where the largest element of y_true and of y_pred stand at the same place of the last axis, else 0.

    Shapes: (..., classes), (..., classes) -> (...).

    >>> categorical_accuracy([[0, 1], [1, 0]], [[0.2, 0.8], [0.4, 0.6]]).numpy()
    array([1., 0.], dtype=float32)
    """
    device, t, p = raw_pair(y_true, y_pred)
    check_same_shape("categorical_accuracy", t, p)
    return _hits(device, t.argmax(axis=-1) == p.argmax(axis=-1))


@register("metric_functions", module="keras.metrics")
def sparse_categorical_accuracy(y_true, y_pred):
    """1 where the largest element of y_pred stands at the place y_true of the last axis, else 0.

    Shapes: labels (...) or (..., 1), y_pred (..., classes) -> (...).

    >>> sparse_categorical_accuracy([1, 1], [[0.2, 0.8], [0.6, 0.4]]).numpy()
    array([1., 0.], dtype=float32)
    """
    device, labels, p = _labels("sparse_categorical_accuracy", y_true, y_pred)
    return _hits(device, p.argmax(axis=-1) == labels)


@register("metric_functions", module="keras.metrics")
def top_k_categorical_accuracy(y_true, y_pred, k=5):
    """1 where fewer than k classes have a higher score than the class of the one-hot target, else 0.

    Shapes: (..., classes), (..., classes) -> (...).

    >>> top_k_categorical_accuracy([[0, 0, 1], [1, 0, 0]], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).numpy()
    array([1., 0.], dtype=float32)
    """
    device, t, p = raw_pair(y_true, y_pred)
    check_same_shape("top_k_categorical_accuracy", t, p)
    return _hits(device, _among_highest(device.xp, t.argmax(axis=-1), p, k))


@register("metric_functions", module="keras.metrics")
def sparse_top_k_categorical_accuracy(y_true, y_pred, k=5, from_sorted_ids=False):
    """1 where fewer than k classes have a higher score than the class y_true, else 0.

    With `from_sorted_ids`, y_pred holds class numbers from the highest score down, of which the first k count.
    Shapes: labels (...) or (..., 1), y_pred (..., classes) -> (...).

    >>> sparse_top_k_categorical_accuracy([2, 0], [[0.1, 0.6, 0.3], [0.1, 0.6, 0.3]], k=2).numpy()
    array([1., 0.], dtype=float32)
    """
    device, labels, p = _labels("sparse_top_k_categorical_accuracy", y_true, y_pred)
    if from_sorted_ids:
        return _hits(device, (p[..., :k] == labels[..., None]).any(axis=-1))
    return _hits(device, _among_highest(device.xp, labels.astype("int64"), p, k))


def _among_highest(xp, labels, p, k):
    """Whether fewer than k scores are higher than the label's own; a score that is not finite is no hit."""
    own = xp.take_along_axis(p, labels[..., None], axis=-1)
    return ((p > own).sum(axis=-1) < k) & xp.isfinite(own[..., 0])


def _labels(name, y_true, y_pred):
    device, t, p = raw_pair(y_true, y_pred)
    if t.ndim == p.ndim and t.shape[-1] == 1:
        t = t[..., 0]
    if t.shape != p.shape[:-1]:
        hint = f" One-hot targets? Use {name.removeprefix('sparse_')!r}." if t.shape == p.shape else ""
        raise ValueError(
            f"{name}: y_true of shape {tuple(t.shape)} does not fit y_pred of shape {tuple(p.shape)}; expected labels "
            f"of shape {tuple(p.shape[:-1])}.{hint}"
        )
    return device, t, p


# ---- the classes ---------------------------------------------------------------------------------------------

Accuracy = metric_class(accuracy, "Accuracy", direction="up")
BinaryAccuracy = metric_class(binary_accuracy, "BinaryAccuracy", direction="up")
CategoricalAccuracy = metric_class(categorical_accuracy, "CategoricalAccuracy", direction="up")
SparseCategoricalAccuracy = metric_class(
    sparse_categorical_accuracy, "SparseCategoricalAccuracy", direction="up"
)
TopKCategoricalAccuracy = metric_class(
    top_k_categorical_accuracy, "TopKCategoricalAccuracy", order=("k", "name", "dtype"), direction="up"
)
SparseTopKCategoricalAccuracy = metric_class(
    sparse_top_k_categorical_accuracy,
    "SparseTopKCategoricalAccuracy",
    order=("k", "name", "dtype", "from_sorted_ids"),
    direction="up",
)
