"""Metrics of real-valued predictions that are no plain mean of a loss: RMSE, R2, correlations."""

from kx_io import field, non_negative, one_of, register
from kx_losses.arrays import as_floats, check_same_shape, raw_pair
from kx_losses.declare import metric_class
from kx_losses.metric import FunctionMetric, Metric, fit_weights, ratio
from kx_losses.regression import as_one_dtype
from kx_tensor import ops
from kx_tensor.primitive import to_raw
from kx_tensor.tensor import Tensor


def squared_differences(y_true, y_pred):
    """(y_true - y_pred)^2, element by element: what `RootMeanSquaredError` averages."""
    y_true, y_pred = as_one_dtype("root_mean_squared_error", y_true, y_pred)
    return ops.square(y_true - y_pred)


@register("metrics")
class RootMeanSquaredError(FunctionMetric):
    """The square root of the mean of (y_true - y_pred)^2 over all elements seen.

    >>> metric = RootMeanSquaredError()
    >>> metric.update_state([[0.0, 1.0], [0.0, 0.0]], [[1.0, 1.0], [0.0, 0.0]])
    >>> float(metric.result())
    0.5
    """

    name: str = field("root_mean_squared_error")
    _direction = "down"
    function = staticmethod(squared_differences)

    def result(self):
        """Return sqrt(total / count)."""
        device = self.total.device
        return Tensor(device.xp.sqrt(ratio(device.xp, self.total.data, self.count.data)), None, device)


@register("metrics")
class R2Score(Metric):
    """1 - sum((y_true - y_pred)^2) / sum((y_true - mean(y_true))^2), the coefficient of determination.

    One score for each output, averaged as `class_aggregation` says: None, "uniform_average" or
    "variance_weighted_average". `num_regressors` p > 0 gives the adjusted score 1 - (1 - R2)(n - 1) / (n - p - 1).
    Shapes: (batch, outputs), weights (batch,).

    >>> metric = R2Score()
    >>> metric.update_state([[1.0], [4.0], [3.0]], [[2.0], [4.0], [4.0]])
    >>> round(float(metric.result()), 4)
    0.5714
    """

    class_aggregation = field(
        "uniform_average", check=one_of(None, "uniform_average", "variance_weighted_average")
    )
    num_regressors: int = field(0, check=non_negative)
    name: str = field("r2_score")
    field_order = ("class_aggregation", "num_regressors", "name", "dtype")
    _direction = "up"

    def __post_init__(self):
        super().__post_init__()
        self.num_samples = self.add_variable((), "zeros", name="num_samples")
        self.squared_sum = None

    def _build(self, outputs):
        self.squared_sum = self.add_variable((outputs,), "zeros", name="squared_sum")
        self.sum = self.add_variable((outputs,), "zeros", name="sum")
        self.residual = self.add_variable((outputs,), "zeros", name="residual")
        self.count = self.add_variable((outputs,), "zeros", name="count")

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add a batch."""
        device, t, p = raw_pair(y_true, y_pred)
        check_same_shape("R2Score", t, p)
        if t.ndim != 2:
            raise ValueError(
                f"R2Score expects y_true and y_pred of shape (batch, outputs), got {tuple(t.shape)}."
            )
        if self.squared_sum is None:
            self._build(t.shape[1])
        elif self.squared_sum.shape != (t.shape[1],):
            raise ValueError(
                f"R2Score was made for {self.squared_sum.shape[0]} outputs by its first batch, got {t.shape[1]}."
            )
        xp, dtype = device.xp, self._np_dtype
        t, p = t.astype(dtype), p.astype(dtype)
        w = xp.ones((1, 1), dtype)
        if sample_weight is not None:
            w = fit_weights(to_raw(sample_weight, device, dtype), t.shape)
        w = xp.broadcast_to(w, t.shape)
        weighted = w * t
        for state, term in (
            (self.squared_sum, weighted * t),
            (self.sum, weighted),
            (self.residual, w * (t - p) ** 2),
            (self.count, w),
        ):
            xp.add(state.data, term.sum(axis=0), out=state.data)
        xp.add(self.num_samples.data, t.size, out=self.num_samples.data)

    def result(self):
        """Return the score, or one for each output with class_aggregation=None; 0 before the first batch."""
        device = self.num_samples.device
        xp = device.xp
        if self.squared_sum is None:
            return Tensor(xp.zeros((), self._np_dtype), None, device)
        mean = ratio(xp, self.sum.data, self.count.data)
        spread = self.squared_sum.data - self.sum.data * mean
        scores = 1 - ratio(xp, self.residual.data, spread)
        if self.class_aggregation == "uniform_average":
            scores = scores.mean()
        elif self.class_aggregation == "variance_weighted_average":
            scores = ratio(xp, (scores * spread).sum(), spread.sum())
        if self.num_regressors:
            n, p = self.num_samples.data, self.num_regressors
            scores = 1 - ratio(xp, xp.asarray((1 - scores) * (n - 1)), xp.asarray(n - p - 1))
        return Tensor(xp.asarray(scores, self._np_dtype), None, device)


# ---- correlations along an axis ------------------------------------------------------------------------------


def _moments(name, y_true, y_pred, axis):
    """(device, means of both, variances of both, covariance) along `axis`."""
    device, t, p = raw_pair(y_true, y_pred)
    check_same_shape(name, t, p)
    p = as_floats(p)
    t = t.astype(p.dtype)
    t_mean, p_mean = t.mean(axis=axis, keepdims=True), p.mean(axis=axis, keepdims=True)
    t0, p0 = t - t_mean, p - p_mean
    means = t_mean.squeeze(axis), p_mean.squeeze(axis)
    return device, *means, (t0 * t0).mean(axis=axis), (p0 * p0).mean(axis=axis), (t0 * p0).mean(axis=axis)


@register("metric_functions", module="keras.metrics")
def pearson_correlation(y_true, y_pred, axis=-1):
    """cov(t, p) / (std(t) std(p)) along `axis`: 1 for a rising linear relation, 0 for none. NaN for a constant.

    >>> pearson_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).numpy().round(4)
    array([1.], dtype=float32)
    """
    device, _, _, t_var, p_var, covariance = _moments("pearson_correlation", y_true, y_pred, axis)
    xp = device.xp
    spread = xp.sqrt(t_var) * xp.sqrt(p_var)
    return Tensor(covariance / xp.where(spread == 0, xp.nan, spread).astype(spread.dtype), None, device)


@register("metric_functions", module="keras.metrics")
def concordance_correlation(y_true, y_pred, axis=-1):
    """2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))^2) along `axis`: 1 only where p equals t.

    Lin 1989, https://doi.org/10.2307/2532051

    >>> concordance_correlation([[0.0, 1.0, 0.5]], [[0.1, 0.9, 0.5]]).numpy().round(3)
    array([0.976], dtype=float32)
    """
    device, t_mean, p_mean, t_var, p_var, covariance = _moments(
        "concordance_correlation", y_true, y_pred, axis
    )
    return Tensor(2 * covariance / (t_var + p_var + (t_mean - p_mean) ** 2), None, device)


PearsonCorrelation = metric_class(pearson_correlation, "PearsonCorrelation", direction="up")
ConcordanceCorrelation = metric_class(concordance_correlation, "ConcordanceCorrelation", direction="up")
