"""Intersection over union of predicted and true classes, from a confusion matrix."""

from kx_io import field, fraction, positive, register
from kx_losses.arrays import raw_pair
from kx_losses.metric import Metric, ratio
from kx_tensor import dtypes
from kx_tensor.primitive import to_raw
from kx_tensor.tensor import Tensor


def _confusion_matrix(xp, t, p, w, classes):
    """counts[i, j]: the weight of elements of class i predicted as j. Shapes: three of (n,) -> (classes, classes)."""
    flat = xp.bincount(t * classes + p, weights=w, minlength=classes * classes)
    return flat.reshape(classes, classes)


class Overlap(Metric):
    """Base of the IoU metrics: a confusion matrix, and the mean overlap of its `target_class_ids`."""

    _direction = "up"
    dtype = field(None)
    name: str = field(None)

    num_classes = 2
    ignore_class = None
    sparse_y_true = True
    sparse_y_pred = True
    axis = -1

    @dtype.getter
    def dtype(self):
        return self._dtype

    @dtype.setter
    def dtype(self, value):
        Metric.dtype.fset(self, value or "int32")

    def __post_init__(self):
        super().__post_init__()
        n = self.num_classes
        bad = [c for c in self._targets() if not 0 <= c < n]
        if bad:
            raise ValueError(
                f"{self.name}: target_class_ids {bad} are no classes: there are {n}, 0 to {n - 1}."
            )
        self.total_cm = self.add_variable((n, n), "zeros", name="total_confusion_matrix")

    def _targets(self):
        return list(self.target_class_ids)

    def _labels(self, y_true, y_pred):
        """(device, true labels, predicted labels), flat integers."""
        device, t, p = (
            raw_pair(y_true, y_pred) if self.sparse_y_true == self.sparse_y_pred else _mixed(y_true, y_pred)
        )
        t = t if self.sparse_y_true else t.argmax(axis=self.axis)
        p = p if self.sparse_y_pred else p.argmax(axis=self.axis)
        return device, t.reshape(-1).astype("int64"), p.reshape(-1).astype("int64")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch; weights have one number for each label."""
        device, t, p = self._labels(y_true, y_pred)
        xp, n = device.xp, self.num_classes
        if t.shape != p.shape:
            raise ValueError(f"{self.name}: {t.size} true labels do not fit {p.size} predicted ones.")
        w = xp.ones(t.shape, self._np_dtype)
        if sample_weight is not None:
            w = to_raw(sample_weight, device, self._np_dtype).reshape(-1)
            if w.shape != t.shape:
                raise ValueError(f"{self.name}: expected {t.size} weights, one for each label, got {w.size}.")
        if self.ignore_class is not None:
            ignored = t == self.ignore_class
            t, p, w = xp.where(ignored, 0, t), xp.where(ignored, 0, p), xp.where(ignored, 0, w)
        if device.kind == "cpu":
            _check_labels(self.name, t, n)
            _check_labels(self.name, p, n)
        counts = _confusion_matrix(xp, t, p, w, n)
        xp.add(self.total_cm.data, counts.astype(self._np_dtype), out=self.total_cm.data)

    def result(self):
        """Return the mean over the target classes that occurred; 0 if none did."""
        device = self.total_cm.device
        xp = device.xp
        cm = self.total_cm.data.astype(dtypes.as_numpy(dtypes.floatx()))
        hits = xp.diagonal(cm)
        union = cm.sum(axis=0) + cm.sum(axis=1) - hits
        targets = xp.asarray(self._targets())
        hits, union = hits[targets], union[targets]
        return Tensor(
            ratio(xp, ratio(xp, hits, union).sum(), xp.asarray((union > 0).sum(), cm.dtype)), None, device
        )


def _mixed(y_true, y_pred):
    """Labels beside scores: no axis of size 1 is to be squeezed for their sake."""
    device, p, _ = raw_pair(y_pred, y_pred)
    return device, to_raw(y_true, device), p


def _check_labels(name, labels, classes):
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        bad = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(
            f"{name}: label {bad} is out of range: there are {classes} classes, 0 to {classes - 1}."
        )


@register("metrics")
class IoU(Overlap):
    """The mean over `target_class_ids` of TP / (TP + FP + FN), for classes that occur in y_true or y_pred.

    Labels are integers, or scores along `axis` where `sparse_y_true` or `sparse_y_pred` is False (their argmax counts).
    Elements whose true class is `ignore_class` do not count. Weights are cast to `dtype` (int32). Raises ValueError for
    a label outside [0, num_classes) on the CPU.

    >>> metric = IoU(num_classes=2, target_class_ids=[0])
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    num_classes: int = field(check=positive)
    target_class_ids = field(save=list)
    ignore_class = field(None)
    sparse_y_true: bool = field(True)
    sparse_y_pred: bool = field(True)
    axis: int = field(-1)
    field_order = (
        "num_classes", "target_class_ids", "name", "dtype", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis",
    )  # fmt: skip


@register("metrics")
class BinaryIoU(Overlap):
    """IoU of the two classes y_pred < `threshold` (0) and y_pred >= `threshold` (1).

    >>> metric = BinaryIoU(target_class_ids=[0, 1], threshold=0.3)
    >>> metric.update_state([0, 1, 0, 1], [0.1, 0.2, 0.4, 0.7])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    target_class_ids = field((0, 1), save=list)
    threshold: float = field(0.5, check=fraction)
    field_order = ("target_class_ids", "threshold", "name", "dtype")

    def _labels(self, y_true, y_pred):
        device, t, p = raw_pair(y_true, y_pred)
        return device, t.reshape(-1).astype("int64"), (p >= self.threshold).reshape(-1).astype("int64")


@register("metrics")
class MeanIoU(Overlap):
    """IoU averaged over all classes that occur; arguments as for `IoU`.

    >>> metric = MeanIoU(num_classes=2)
    >>> metric.update_state([0, 0, 1, 1], [0, 1, 0, 1])
    >>> round(float(metric.result()), 4)
    0.3333
    """

    num_classes: int = field(check=positive)
    ignore_class = field(None)
    sparse_y_true: bool = field(True)
    sparse_y_pred: bool = field(True)
    axis: int = field(-1)
    field_order = ("num_classes", "name", "dtype", "ignore_class", "sparse_y_true", "sparse_y_pred", "axis")

    def _targets(self):
        return list(range(self.num_classes))


@register("metrics")
class OneHotIoU(Overlap):
    """IoU of one-hot targets, and of scores (labels with `sparse_y_pred`); arguments as for `IoU`.

    >>> metric = OneHotIoU(num_classes=3, target_class_ids=[0, 2])
    >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7]])
    >>> float(metric.result())
    0.25
    """

    num_classes: int = field(check=positive)
    target_class_ids = field(save=list)
    ignore_class = field(None)
    sparse_y_pred: bool = field(False)
    axis: int = field(-1)
    field_order = (
        "num_classes",
        "target_class_ids",
        "name",
        "dtype",
        "ignore_class",
        "sparse_y_pred",
        "axis",
    )

    sparse_y_true = False


@register("metrics")
class OneHotMeanIoU(Overlap):
    """IoU of one-hot targets, and of scores (labels with `sparse_y_pred`), averaged over all classes that occur.

    >>> metric = OneHotMeanIoU(num_classes=3)
    >>> metric.update_state([[0, 0, 1], [1, 0, 0]], [[0.2, 0.3, 0.5], [0.1, 0.2, 0.7]])
    >>> float(metric.result())
    0.25
    """

    num_classes: int = field(check=positive)
    ignore_class = field(None)
    sparse_y_pred: bool = field(False)
    axis: int = field(-1)
    field_order = ("num_classes", "name", "dtype", "ignore_class", "sparse_y_pred", "axis")

    sparse_y_true = False

    def _targets(self):
        return list(range(self.num_classes))
