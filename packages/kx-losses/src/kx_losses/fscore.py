"""F-scores: the weighted harmonic mean of precision and recall."""

from kx_io import field, one_of, positive, register
from kx_losses.arrays import raw_pair
from kx_losses.confusion import check_label_shapes
from kx_losses.metric import Metric, fit_weights, ratio
from kx_tensor import config
from kx_tensor.primitive import to_raw
from kx_tensor.tensor import Tensor

_AVERAGES = (None, "micro", "macro", "weighted")


class FScore(Metric):
    """Base of the F-scores: weighted counts for each class (together with average="micro")."""

    _direction = "up"
    average = field(None, check=one_of(*_AVERAGES))
    threshold = field(None)

    beta = 1.0

    def __post_init__(self):
        super().__post_init__()
        if self.threshold is not None and not 0.0 < self.threshold <= 1.0:
            raise ValueError(f"{self.name}: threshold must lie in (0, 1], got {self.threshold}.")
        self.true_positives = None

    def _build(self, classes):
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_variable(shape, "zeros", name="true_positives")
        self.false_positives = self.add_variable(shape, "zeros", name="false_positives")
        self.false_negatives = self.add_variable(shape, "zeros", name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, "zeros", name="intermediate_weights")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch."""
        device, t, p = raw_pair(y_true, y_pred)
        xp, dtype = device.xp, self._np_dtype
        check_label_shapes(self, t, p)
        if t.ndim != 2:
            raise ValueError(
                f"{self.name} expects y_true and y_pred of shape (batch, classes), got {tuple(t.shape)}."
            )
        if self.true_positives is None:
            self._build(t.shape[1])
        if self.threshold is None:
            chosen = (p == p.max(axis=-1, keepdims=True)) & (xp.abs(p) > 1e-9)
        else:
            chosen = p > self.threshold
        t = t.astype(bool)
        w = xp.ones((1, 1), dtype)
        if sample_weight is not None:
            w = fit_weights(to_raw(sample_weight, device, dtype), t.shape)
        axis = None if self.average == "micro" else 0
        for state, counted in (
            (self.true_positives, t & chosen),
            (self.false_positives, chosen & ~t),
            (self.false_negatives, t & ~chosen),
            (self.intermediate_weights, t),
        ):
            xp.add(state.data, (counted * w).sum(axis=axis, dtype=dtype), out=state.data)

    def result(self):
        """Return the score; 0 before the first batch."""
        if self.true_positives is None:
            return Tensor(self._np_dtype.type(0))
        device = self.true_positives.device
        xp, hits, eps = device.xp, self.true_positives.data, config.epsilon()
        precision = ratio(xp, hits, hits + self.false_positives.data)
        recall = ratio(xp, hits, hits + self.false_negatives.data)
        squared = self.beta**2
        score = (1 + squared) * precision * recall / (precision * squared + recall + eps)
        if self.average == "macro":
            score = score.mean()
        elif self.average == "weighted":
            weights = self.intermediate_weights.data
            score = (score * weights).sum() / (weights.sum() + eps)
        return Tensor(xp.asarray(score, self._np_dtype), None, device)


@register("metrics")
class FBetaScore(FScore):
    """(1 + beta^2) precision recall / (beta^2 precision + recall), for one-hot or multi-label targets.

    A class is predicted where its score exceeds `threshold`, or where it is the highest (threshold=None). `average`:
    None gives one score a class, "micro" counts all classes together, "macro" averages the scores, "weighted" by the
    number of true elements. Shapes: (batch, classes), weights (batch,).

    >>> metric = FBetaScore(beta=2.0, threshold=0.5)
    >>> metric.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    >>> metric.result().numpy().round(4)
    array([0.3846, 0.9091, 0.8333], dtype=float32)
    """

    beta: float = field(1.0, to=float, check=positive)
    name: str = field("fbeta_score")
    field_order = ("average", "beta", "threshold", "name", "dtype")


@register("metrics")
class F1Score(FScore):
    """2 precision recall / (precision + recall), the harmonic mean of both; arguments as for `FBetaScore`.

    >>> metric = F1Score(threshold=0.5)
    >>> metric.update_state([[1, 1, 1], [1, 0, 0], [1, 1, 0]], [[0.2, 0.6, 0.7], [0.2, 0.6, 0.6], [0.6, 0.8, 0.0]])
    >>> metric.result().numpy().round(4)
    array([0.5   , 0.8   , 0.6667], dtype=float32)
    """

    name: str = field("f1_score")
    field_order = ("average", "threshold", "name", "dtype")
