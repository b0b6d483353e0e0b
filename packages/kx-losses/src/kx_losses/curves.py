"""Metrics of the whole curve over thresholds: the area under it, and its best point under a constraint."""

from kx_io import field, fraction, non_negative, one_of, positive, register
from kx_losses.confusion import (
    FALSE_NEGATIVES,
    FALSE_POSITIVES,
    TRUE_NEGATIVES,
    TRUE_POSITIVES,
    ConfusionMetric,
)
from kx_losses.metric import ratio
from kx_tensor import config
from kx_tensor.primitive import to_raw
from kx_tensor.tensor import Tensor


class BestPoint(ConfusionMetric):
    """Base of the metrics "best A where B is at least x", over evenly spaced thresholds."""

    counts = (TRUE_POSITIVES, FALSE_POSITIVES, TRUE_NEGATIVES, FALSE_NEGATIVES)
    _direction = "up"
    num_thresholds: int = field(200, check=positive)
    class_id: int = field(None, check=non_negative)
    name: str = field(None)

    bound = ""  # the field that holds x

    def __post_init__(self):
        super().__post_init__()
        n = self.num_thresholds
        self._make_state([0.5] if n == 1 else [i / (n - 1) for i in range(n)])

    def rates(self, xp, tp, fp, tn, fn):
        """Return (the rate with a lower bound, the rate to maximize) for each threshold."""
        raise NotImplementedError(f"{type(self).__name__} needs a method rates(self, xp, tp, fp, tn, fn).")

    def result(self):
        """Return the best rate among thresholds that meet the bound, 0 if none does."""
        device = self.true_positives.device
        xp = device.xp
        held, wanted = self.rates(xp, *(self._state[name].data for name in self.counts))
        return Tensor(xp.max(xp.where(held >= getattr(self, self.bound), wanted, 0)), None, device)


@register("metrics")
class SensitivityAtSpecificity(BestPoint):
    """The best sensitivity TP / (TP + FN) where the specificity TN / (TN + FP) is at least `specificity`.

    >>> metric = SensitivityAtSpecificity(0.5)
    >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    >>> float(metric.result())
    0.5
    """

    specificity: float = field(check=fraction)
    bound = "specificity"
    field_order = ("specificity", "num_thresholds", "class_id", "name", "dtype")

    def rates(self, xp, tp, fp, tn, fn):
        return ratio(xp, tn, tn + fp), ratio(xp, tp, tp + fn)


@register("metrics")
class SpecificityAtSensitivity(BestPoint):
    """The best specificity TN / (TN + FP) where the sensitivity TP / (TP + FN) is at least `sensitivity`.

    >>> metric = SpecificityAtSensitivity(0.5)
    >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    sensitivity: float = field(check=fraction)
    bound = "sensitivity"
    field_order = ("sensitivity", "num_thresholds", "class_id", "name", "dtype")

    def rates(self, xp, tp, fp, tn, fn):
        return ratio(xp, tp, tp + fn), ratio(xp, tn, tn + fp)


@register("metrics")
class PrecisionAtRecall(BestPoint):
    """The best precision TP / (TP + FP) where the recall TP / (TP + FN) is at least `recall`.

    >>> metric = PrecisionAtRecall(0.5)
    >>> metric.update_state([0, 0, 0, 1, 1], [0, 0.3, 0.8, 0.3, 0.8])
    >>> float(metric.result())
    0.5
    """

    recall: float = field(check=fraction)
    bound = "recall"
    field_order = ("recall", "num_thresholds", "class_id", "name", "dtype")

    def rates(self, xp, tp, fp, tn, fn):
        return ratio(xp, tp, tp + fn), ratio(xp, tp, tp + fp)


@register("metrics")
class RecallAtPrecision(BestPoint):
    """The best recall TP / (TP + FN) where the precision TP / (TP + FP) is at least `precision`.

    >>> metric = RecallAtPrecision(0.8)
    >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    >>> float(metric.result())
    0.5
    """

    precision: float = field(check=fraction)
    bound = "precision"
    field_order = ("precision", "num_thresholds", "class_id", "name", "dtype")

    def rates(self, xp, tp, fp, tn, fn):
        return ratio(xp, tp, tp + fp), ratio(xp, tp, tp + fn)


# ---- area under the curve ------------------------------------------------------------------------------------

_CURVES = ("ROC", "PR")
_SUMMATIONS = ("interpolation", "minoring", "majoring")


@register("metrics")
class AUC(ConfusionMetric):
    """The area under the ROC curve (recall over false positive rate), or under the PR curve (precision over recall).

    The curve is sampled at `num_thresholds` evenly spaced thresholds, or at `thresholds` and at both ends, and summed
    by the trapezoidal rule ("interpolation"; for PR, the interpolation of Davis and Goadrich) or by the lower
    ("minoring") or upper ("majoring") corner of each step. With `multi_label` the areas of the labels (last axis) are
    averaged with `label_weights`. Davis, Goadrich 2006, https://doi.org/10.1145/1143844.1143874

    >>> metric = AUC(num_thresholds=3)
    >>> metric.update_state([0, 0, 1, 1], [0, 0.5, 0.3, 0.9])
    >>> float(metric.result())
    0.75
    """

    _direction = "up"
    num_thresholds: int = field(200, check=positive)
    curve: str = field("ROC", check=one_of(*_CURVES))
    summation_method: str = field("interpolation", check=one_of(*_SUMMATIONS))
    name: str = field(None)
    dtype = field(None)
    thresholds = field(None)
    multi_label: bool = field(False)
    num_labels = field(None)
    label_weights = field(None)
    from_logits: bool = field(False)
    field_order = (
        "num_thresholds", "curve", "summation_method", "name", "dtype", "thresholds", "multi_label", "num_labels",
        "label_weights", "from_logits",
    )  # fmt: skip

    counts = (TRUE_POSITIVES, FALSE_POSITIVES, TRUE_NEGATIVES, FALSE_NEGATIVES)

    def __post_init__(self):
        super().__post_init__()
        if self.num_labels is not None and not self.multi_label:
            raise ValueError("AUC: num_labels needs multi_label=True.")
        inner = self.thresholds
        if inner is None:
            if self.num_thresholds < 2:
                raise ValueError(f"AUC: num_thresholds must be at least 2, got {self.num_thresholds}.")
            last = self.num_thresholds - 1
            inner = [i / last for i in range(1, last)]
        else:
            inner = sorted(float(x) for x in inner)
            self.num_thresholds = len(inner) + 2
        eps = (
            config.epsilon()
        )  # the ends lie outside [0, 1], so that all scores are above the first, none above the last
        self.untracked("_points", [-eps, *inner, 1.0 + eps])
        self._state = None
        if not self.multi_label or self.num_labels is not None:
            self._build(self.num_labels)

    def _build(self, labels):
        shape = (len(self._points),) if labels is None else (len(self._points), labels)
        self._make_state(self._points, shape)

    def _scores(self, device, p):
        p = super()._scores(device, p)
        return 1 / (1 + device.xp.exp(-p)) if self.from_logits else p

    def _columns(self, device, t, p, w):
        if not self.multi_label:
            return super()._columns(device, t, p, w)
        labels = p.shape[-1]
        return t.reshape(-1, labels), p.reshape(-1, labels), w if w.ndim == 0 else w.reshape(-1, labels)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch: y_true of 0 and 1 and y_pred in [0, 1] (logits with `from_logits`), alike in shape."""
        if self.multi_label:
            labels = y_pred.shape[-1] if hasattr(y_pred, "shape") else len(y_pred[0])
            if self._state is None:
                self._build(labels)
            elif self.true_positives.shape[1] != labels:
                raise ValueError(f"AUC counts {self.true_positives.shape[1]} labels, got {labels} in y_pred.")
        super().update_state(y_true, y_pred, sample_weight)

    def result(self):
        """Return the area; 0 before the first batch."""
        if self._state is None:
            return Tensor(self._np_dtype.type(0))
        device = self.true_positives.device
        xp = device.xp
        tp, fp, tn, fn = (self._state[name].data for name in self.counts)
        if self.curve == "PR" and self.summation_method == "interpolation":
            area = _interpolated_pr_area(xp, tp, fp, fn)
        else:
            recall = ratio(xp, tp, tp + fn)
            x, y = (
                (ratio(xp, fp, fp + tn), recall) if self.curve == "ROC" else (recall, ratio(xp, tp, tp + fp))
            )
            area = ((x[:-1] - x[1:]) * _heights(xp, y, self.summation_method)).sum(axis=0)
        if self.multi_label:
            if self.label_weights is None:
                area = area.mean()
            else:
                w = to_raw(self.label_weights, device, self._np_dtype)
                area = ratio(xp, (area * w).sum(), w.sum())
        return Tensor(area, None, device)


def _heights(xp, y, summation_method):
    if summation_method == "minoring":
        return xp.minimum(y[:-1], y[1:])
    if summation_method == "majoring":
        return xp.maximum(y[:-1], y[1:])
    return (y[:-1] + y[1:]) / 2


def _interpolated_pr_area(xp, tp, fp, fn):
    """The area under precision over recall with TP between two thresholds taken linear in all predicted positives P.

    On a step TP = slope P + intercept, so the area is the integral of TP / P over TP, divided by TP + FN:
    slope (dTP + intercept log(P0 / P1)) / (TP + FN).
    """
    predicted = tp + fp
    gain = tp[:-1] - tp[1:]
    slope = ratio(xp, gain, xp.maximum(predicted[:-1] - predicted[1:], 0))
    intercept = tp[1:] - slope * predicted[1:]
    both = (predicted[:-1] > 0) & (predicted[1:] > 0)
    log = xp.log(xp.where(both, predicted[:-1], 1) / xp.where(both, predicted[1:], 1))
    return ratio(xp, slope * (gain + intercept * log), tp[1:] + fn[1:]).sum(axis=0)
