"""Counts of true and false positives and negatives at thresholds, and what follows from them at one threshold each."""

from kx_io import field, non_negative, positive, register
from kx_losses.arrays import raw_pair
from kx_losses.metric import Metric, fit_weights, ratio
from kx_tensor.primitive import to_raw
from kx_tensor.tensor import Tensor

_BELOW_ALL = -1e10  # what scores outside the top k become
TRUE_POSITIVES, FALSE_POSITIVES = "true_positives", "false_positives"
TRUE_NEGATIVES, FALSE_NEGATIVES = "true_negatives", "false_negatives"


def as_thresholds(thresholds, default):
    """Return thresholds (a number, several, None: the default) as a list of floats.

    >>> as_thresholds(None, 0.5), as_thresholds([0.2, 1], 0.5)
    ([0.5], [0.2, 1.0])
    """
    given = default if thresholds is None else thresholds
    listed = [float(t) for t in given] if isinstance(given, (list, tuple)) else [float(given)]
    bad = [t for t in listed if not 0.0 <= t <= 1.0]
    if bad and thresholds is not None:
        raise ValueError(f"thresholds must lie in [0, 1], got {bad}.")
    return listed


def check_label_shapes(metric, t, p):
    """Raise ValueError unless targets and predictions have one shape."""
    if t.shape != p.shape:
        raise ValueError(
            f"{metric.name}: y_true of shape {tuple(t.shape)} does not fit y_pred of shape {tuple(p.shape)}; expected "
            "the same shape (for integer labels, give one-hot targets)."
        )


def count_above(xp, t, p, w, thresholds):
    """Return (positives above, all positives, negatives above, all negatives), weighted, for each threshold.

    Shapes: targets t (boolean), scores p, weights w (n, labels); thresholds (T,), ascending -> two of (T, labels),
    two of (labels,). Each score is put in its place among the thresholds once: O(n log T), not O(n T).
    """
    n, labels = p.shape
    count = thresholds.shape[0]
    place = xp.searchsorted(thresholds, p.ravel(), side="left").reshape(
        n, labels
    )  # thresholds below the score
    place += xp.arange(labels) * (count + 1)
    w = xp.broadcast_to(w, p.shape)
    sides = []
    for chosen in (xp.where(t, w, 0), xp.where(t, 0, w)):
        bins = xp.bincount(place.ravel(), weights=chosen.ravel(), minlength=labels * (count + 1))
        bins = bins.reshape(labels, count + 1)
        above = xp.cumsum(bins[:, ::-1], axis=1)[
            :, ::-1
        ]  # above[l, j]: scores with at least j thresholds below
        sides.append((above[:, 1:].T, above[:, 0]))
    (positive_above, positives), (negative_above, negatives) = sides
    return positive_above, positives, negative_above, negatives


def only_top_k(xp, p, k):
    """Return scores with all but the k highest of each row set below every threshold; earlier ones win ties."""
    order = xp.argsort(-p, axis=-1, kind="stable")
    rank = xp.argsort(order, axis=-1, kind="stable")
    return xp.where(rank < k, p, p.dtype.type(_BELOW_ALL))


class ConfusionMetric(Metric):
    """Base of the metrics made of confusion counts: `counts` names the state variables it keeps."""

    counts = ()
    top_k = None
    class_id = None

    def _make_state(self, thresholds, shape=None, names=None):
        state = {}
        for count, name in zip(self.counts, names or self.counts):
            state[count] = self.add_variable(shape or (len(thresholds),), "zeros", name=name)
            setattr(self, name, state[count])
        self.untracked("_state", state)
        ascending = sorted(thresholds)
        self.untracked("_rank", [ascending.index(t) for t in thresholds])  # state keeps the order given
        device = state[self.counts[0]].device
        self.untracked("_thresholds", device.asarray(ascending, self._np_dtype))

    def _scores(self, device, p):
        """Predictions as floats of the metric's dtype."""
        return p.astype(self._np_dtype, copy=False)

    def _columns(self, device, t, p, w):
        """Targets, scores, weights as (n, labels); all elements together unless a subclass keeps labels apart."""
        return t.reshape(-1, 1), p.reshape(-1, 1), w if w.ndim == 0 else w.reshape(-1, 1)

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch: y_true of 0 and 1 and y_pred alike in shape; weights broadcast from the left."""
        device, t, p = raw_pair(y_true, y_pred)
        xp = device.xp
        check_label_shapes(self, t, p)
        p = self._scores(device, p)
        w = xp.ones((), self._np_dtype)
        if self.top_k is not None:
            p = only_top_k(xp, p, self.top_k)
        if self.class_id is not None:
            t, p = t[..., self.class_id], p[..., self.class_id]
        if sample_weight is not None:
            w = to_raw(sample_weight, device, self._np_dtype)
            w = xp.broadcast_to(fit_weights(w, p.shape), p.shape)
        t, p, w = self._columns(device, t.astype(bool), p, w)
        tp, positives, fp, negatives = count_above(xp, t, p, w, self._thresholds)
        found = {
            TRUE_POSITIVES: tp,
            FALSE_POSITIVES: fp,
            FALSE_NEGATIVES: positives - tp,
            TRUE_NEGATIVES: negatives - fp,
        }
        for count, variable in self._state.items():
            amount = found[count][self._rank].reshape(variable.data.shape)
            xp.add(variable.data, amount.astype(self._np_dtype), out=variable.data)

    def _tensor(self, array):
        device = next(iter(self._state.values())).device
        array = array[0] if array.shape == (1,) else array
        return Tensor(device.xp.asarray(array), None, device)


class CountMetric(ConfusionMetric):
    """Base of the four plain counts."""

    thresholds = field(None)
    name: str = field(None)
    field_order = ("thresholds", "name", "dtype")

    def __post_init__(self):
        super().__post_init__()
        self._make_state(as_thresholds(self.thresholds, 0.5), names=("accumulator",))

    def result(self):
        """Return the count, one for each threshold if there are several."""
        return self._tensor(self.accumulator.data.copy())


@register("metrics")
class TruePositives(CountMetric):
    """The (weighted) number of elements with y_true = 1 and y_pred > threshold.

    >>> metric = TruePositives()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> float(metric.result())
    2.0
    """

    counts = (TRUE_POSITIVES,)


@register("metrics")
class TrueNegatives(CountMetric):
    """The (weighted) number of elements with y_true = 0 and y_pred <= threshold.

    >>> metric = TrueNegatives()
    >>> metric.update_state([0, 1, 0, 0], [1, 1, 0, 0])
    >>> float(metric.result())
    2.0
    """

    counts = (TRUE_NEGATIVES,)


@register("metrics")
class FalsePositives(CountMetric):
    """The (weighted) number of elements with y_true = 0 and y_pred > threshold.

    >>> metric = FalsePositives()
    >>> metric.update_state([0, 1, 0, 0], [0, 0, 1, 1])
    >>> float(metric.result())
    2.0
    """

    counts = (FALSE_POSITIVES,)


@register("metrics")
class FalseNegatives(CountMetric):
    """The (weighted) number of elements with y_true = 1 and y_pred <= threshold.

    >>> metric = FalseNegatives()
    >>> metric.update_state([0, 1, 1, 1], [0, 1, 0, 0])
    >>> float(metric.result())
    2.0
    """

    counts = (FALSE_NEGATIVES,)


class ShareMetric(ConfusionMetric):
    """Base of precision and recall: true positives over true positives and another count."""

    _direction = "up"
    thresholds = field(None)
    top_k: int = field(None, check=positive)
    class_id: int = field(None, check=non_negative)
    name: str = field(None)
    field_order = ("thresholds", "top_k", "class_id", "name", "dtype")

    def __post_init__(self):
        super().__post_init__()
        self._make_state(as_thresholds(self.thresholds, 0.5 if self.top_k is None else _BELOW_ALL))

    def result(self):
        """Return the share, one for each threshold if there are several; 0 where there is nothing to divide by."""
        hits, rest = (self._state[name].data for name in self.counts)
        return self._tensor(ratio(self._state[self.counts[0]].device.xp, hits, hits + rest))


@register("metrics")
class Precision(ShareMetric):
    """TP / (TP + FP): the share of predicted positives that are positive.

    Positive is what lies above a threshold (0.5 unless given), or, with `top_k`, among the k highest scores of a row;
    `class_id` looks at one class only.

    >>> metric = Precision()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    counts = (TRUE_POSITIVES, FALSE_POSITIVES)


@register("metrics")
class Recall(ShareMetric):
    """TP / (TP + FN): the share of positives that are predicted so; arguments as for `Precision`.

    >>> metric = Recall()
    >>> metric.update_state([0, 1, 1, 1], [1, 0, 1, 1])
    >>> round(float(metric.result()), 4)
    0.6667
    """

    counts = (TRUE_POSITIVES, FALSE_NEGATIVES)
