"""What recorded values cannot say about metrics: errors, own classes, statelessness, resolution, the call budget."""

import sys

import numpy as np
import pytest

from kx_losses import losses, metrics, resolve_loss, resolve_metric
from kx_losses.metric import FunctionMetric
from kx_tensor import Variable, ops
from kx_tensor.testing import leaf_tensor

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.random(shape).astype("float32")


# ---- classes of the user


class Largest(metrics.Metric):
    def __init__(self, start=0.0, name="largest", **kwargs):
        super().__init__(name=name, **kwargs)
        self.start = start
        self.largest = self.add_variable(shape=(), initializer="ones", name="largest")
        self.seen = self.add_weight(name="seen", dtype="int32")
        self.inner = metrics.Sum()

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.largest.assign(ops.maximum(self.largest, ops.max(y_pred)))
        self.seen.assign_add(1)
        self.inner.update_state(y_true)

    def result(self):
        return {"largest": self.largest.value, "sum": self.inner.result()}


def test_own_class():
    metric = Largest(start=2.0)
    assert [(v.name, v.dtype, v.trainable) for v in metric.variables] == [
        ("largest", "float32", False), ("seen", "int32", False), ("total", "float32", False),
    ]  # fmt: skip
    result = metric(np.array([1.0, 2.0]), np.array([4.0, 5.0]))
    assert {k: float(v) for k, v in result.items()} == {"largest": 5.0, "sum": 3.0}
    assert metric.get_config() == {"start": 2.0, "name": "largest"}
    metric.reset_state()
    assert [float(v) for v in metric.variables] == [0.0, 0.0, 0.0]


def test_own_class_without_methods():
    empty = type("Empty", (metrics.Metric,), {})()
    with pytest.raises(NotImplementedError, match="Empty needs a method update_state"):
        empty.update_state()
    with pytest.raises(NotImplementedError, match="Empty needs a method result"):
        empty.result()


def test_wrapper_of_a_function():
    def within(y_true, y_pred, margin=0.1):
        return ops.cast(ops.abs(y_true - y_pred) < margin, "float32")

    metric = metrics.MeanMetricWrapper(within, margin=1.0)
    metric.update_state(np.array([0.0, 1.0]), np.array([0.5, 3.0]))
    assert (metric.name, float(metric.result())) == ("within", 0.5)
    assert metric.get_config()["margin"] == 1.0
    assert [v.name for v in metric.variables] == ["total", "count"]


# ---- state


def test_stateless_functions_leave_the_metric_alone():
    metric = metrics.SparseCategoricalAccuracy()
    metric.update_state([1], [[0.9, 0.1]])
    state = metric.stateless_reset_state()
    assert [float(v) for v in state] == [0.0, 0.0]
    state = metric.stateless_update_state(state, [1, 1], [[0.1, 0.9], [0.9, 0.1]])
    assert float(metric.stateless_result(state)) == 0.5
    assert [float(v) for v in metric.variables] == [0.0, 1.0]
    with pytest.raises(ValueError, match="has 2 variables, got 1 values"):
        metric.stateless_result(state[:1])


def test_nothing_is_recorded():
    y_pred = leaf_tensor(floats(3, 2))
    metric = metrics.MeanSquaredError()
    metric.update_state(floats(3, 2), y_pred)
    assert metric.result().node is None
    assert metrics.MeanMetricWrapper(losses.mean_squared_error)._values(floats(3, 2), y_pred).node is not None


def test_result_is_a_snapshot():
    total = metrics.Sum()
    before = total(2.0)
    total.update_state(3.0)
    assert (float(before), float(total.result())) == (2.0, 5.0)


@pytest.mark.parametrize(
    "value", [2, 2.0, np.float64(2), np.array([2]), ops.convert_to_tensor(2.0), Variable(2.0), [2.0]]
)
def test_mean_takes_any_number(value):
    assert float(metrics.Mean()(value)) == 2.0


def test_half_precision_values_are_summed_in_float32():
    metric = metrics.Mean()
    metric.update_state(np.full(4096, 16.0, "float16"))  # the sum, 65536, is too large for float16
    assert float(metric.result()) == 16.0


def test_before_the_first_batch():
    for name in ("Mean", "Sum", "AUC", "Precision", "F1Score", "R2Score", "RootMeanSquaredError"):
        assert float(getattr(metrics, name)().result()) == 0.0
    assert float(metrics.AUC(multi_label=True).result()) == 0.0
    assert float(metrics.MeanIoU(num_classes=2).result()) == 0.0


# ---- errors


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (lambda: metrics.SparseCategoricalAccuracy()(np.eye(3), floats(3, 3)), "Use 'categorical_accuracy'"),
        (lambda: metrics.BinaryAccuracy()(floats(4, 3), floats(4, 2)), "does not fit"),
        (lambda: metrics.Precision()(np.zeros(4), floats(4, 3)), "for integer labels, give one-hot targets"),
        (lambda: metrics.Precision(thresholds=1.5), r"thresholds must lie in \[0, 1\]"),
        (lambda: metrics.Precision(top_k=0), "top_k must be a positive integer"),
        (lambda: metrics.AUC(num_thresholds=1), "at least 2"),
        (lambda: metrics.AUC(curve="roc"), "curve must be 'ROC' or 'PR'"),
        (lambda: metrics.AUC(num_labels=3), "needs multi_label=True"),
        (lambda: metrics.AUC(multi_label=True, num_labels=2)(floats(4, 3), floats(4, 3)), "counts 2 labels, got 3"),
        (lambda: metrics.PrecisionAtRecall(1.2), "recall must be"),
        (lambda: metrics.F1Score(average="mean"), "average must be None, 'micro', 'macro' or 'weighted'"),
        (lambda: metrics.F1Score(threshold=0.0), r"threshold must lie in \(0, 1\]"),
        (lambda: metrics.F1Score()(floats(4), floats(4)), r"shape \(batch, classes\)"),
        (lambda: metrics.IoU(2, [2]), r"target_class_ids \[2\] are no classes"),
        (lambda: metrics.MeanIoU(2)([0, 2], [0, 1]), "label 2 is out of range: there are 2 classes"),
        (lambda: metrics.MeanIoU(2)([0, 1], [0, 1], sample_weight=[1.0]), "expected 2 weights"),
        (lambda: metrics.R2Score()(floats(4), floats(4)), r"shape \(batch, outputs\)"),
        (lambda: metrics.Mean()(floats(4, 3), sample_weight=floats(3)), r"one weight a sample, of shape \(4,\)"),
        (lambda: metrics.MeanSquaredError()(floats(4), floats(4), floats(4)), r"shape \(batch, 1\), not \(batch,\)"),
        (lambda: metrics.get("acuracy"), "Unknown metric 'acuracy'. Did you mean 'accuracy'"),
    ],
)  # fmt: skip
def test_bad_values(call, text):
    with pytest.raises(ValueError, match=text):
        call()


def test_outputs_may_not_change():
    metric = metrics.R2Score()
    metric.update_state(floats(4, 2), floats(4, 2))
    with pytest.raises(ValueError, match="made for 2 outputs by its first batch, got 3"):
        metric.update_state(floats(4, 3), floats(4, 3))


# ---- values that Keras cannot be asked for


def test_auc_is_the_share_of_ordered_pairs():
    """With a threshold between any two scores, the trapezoidal ROC area counts ordered pairs, ties half."""
    scores, labels = rng.integers(0, 20, 300) / 20, rng.integers(0, 2, 300)
    metric = metrics.AUC(thresholds=(np.arange(20) + 0.5) / 20)
    metric.update_state(labels, scores)
    high, low = scores[labels == 1][:, None], scores[labels == 0]
    expected = (high > low).mean() + 0.5 * (high == low).mean()
    assert float(metric.result()) == pytest.approx(expected, abs=1e-6)


def test_thresholds_in_any_order():
    counts = metrics.TruePositives(thresholds=[0.9, 0.1, 0.5])
    counts.update_state([1, 1, 1], [0.2, 0.6, 0.95])
    assert counts.result().numpy().tolist() == [1.0, 3.0, 2.0]


def test_top_k_counts_ties_as_hits():
    assert float(metrics.TopKCategoricalAccuracy(k=1)([[0, 1, 0]], [[0.5, 0.5, 0.0]])) == 1.0
    assert float(metrics.SparseTopKCategoricalAccuracy(k=1)([0], [[np.nan, 0.5]])) == 0.0


# ---- names


@pytest.mark.parametrize(
    ("name", "cls"),
    [
        ("mse", "MeanSquaredError"), ("mean_squared_error", "MeanSquaredError"), ("MAE", "MeanAbsoluteError"),
        ("bce", "BinaryCrossentropy"), ("auc", "AUC"), ("AUC", "AUC"), ("f1_score", "F1Score"), ("hinge", "Hinge"),
        ("binary_accuracy", "BinaryAccuracy"), ("cosine_similarity", "CosineSimilarity"), ("logcosh", "LogCoshError"),
        ("top_k_categorical_accuracy", "TopKCategoricalAccuracy"), ("accuracy", "Accuracy"), ("kld", "KLDivergence"),
    ],
)  # fmt: skip
def test_names(name, cls):
    assert type(metrics.get(name)) is getattr(metrics, cls)


def test_functions_without_a_metric_class():
    assert metrics.get("huber") is losses.huber
    assert resolve_metric("huber", (4, 1), (4, 1)).name == "huber"


def test_metric_cosine_similarity_has_the_other_sign():
    y = floats(3, 4)
    assert float(metrics.CosineSimilarity()(y, y)) == pytest.approx(1.0)
    assert float(losses.CosineSimilarity()(y, y)) == pytest.approx(-1.0)


@pytest.mark.parametrize(
    ("identifier", "y_true", "y_pred", "loss", "expected"),
    [
        ("crossentropy", (4,), (4, 3), None, "SparseCategoricalCrossentropy"),
        ("ce", (4, 3), (4, 3), None, "CategoricalCrossentropy"),
        ("ce", (4, 1), (4, 1), None, "BinaryCrossentropy"),
        ("acc", None, (None, 3), "sparse_categorical_crossentropy", "SparseCategoricalAccuracy"),
        ("acc", None, (None, 3), losses.SparseCategoricalCrossentropy(name="x"), "SparseCategoricalAccuracy"),
        ("acc", None, (None, 3), "categorical_crossentropy", "CategoricalAccuracy"),
        ("acc", None, (None, 1), "mse", "BinaryAccuracy"),
        ("acc", (None, None), (None, None, 8), None, "SparseCategoricalAccuracy"),
        ("AUC", (4, 1), (4, 1), None, "AUC"),
        (metrics.Mean, (4, 1), (4, 1), None, "Mean"),
        ({"class_name": "Precision", "config": {"top_k": 2}}, (4, 3), (4, 3), None, "Precision"),
        (losses.Huber(), (4, 1), (4, 1), None, "MeanMetricWrapper"),
        (lambda y_true, y_pred: y_pred, (4, 1), (4, 1), None, "MeanMetricWrapper"),
    ],
)
def test_resolution(identifier, y_true, y_pred, loss, expected):
    metric = resolve_metric(identifier, y_true, y_pred, loss)
    assert type(metric) is getattr(metrics, expected)


def test_names_of_resolved_objects():
    assert resolve_metric(None, (4,), (4,)) is None
    assert resolve_metric("mae", (4, 1), (4, 1)).name == "mae"
    assert resolve_metric(losses.Huber(), (4, 1), (4, 1)).name == "huber"
    assert resolve_metric(lambda y_true, y_pred: y_pred, (4, 1), (4, 1)).name == "lambda"
    assert resolve_loss(None, (4,), (4,)) is None
    assert resolve_loss("mse", (4, 1), (4, 1)).name == "mse"
    assert type(resolve_loss(losses.Huber(), (4, 1), (4, 1))) is losses.Huber


def test_every_loss_metric_comes_from_its_function():
    made = [
        m
        for m in vars(metrics).values()
        if isinstance(m, type) and issubclass(m, FunctionMetric) and m.function
    ]
    assert len(made) == 23
    for cls in made:
        assert (
            cls().function(floats(2, 3) if "Sparse" not in cls.__name__ else [0, 1], floats(2, 3)).shape[0]
            == 2
        )


# ---- speed


def python_calls(run):
    """The number of Python functions that `run` calls, once warm."""
    seen = []
    run()
    sys.setprofile(lambda frame, event, arg: seen.append(frame) if event == "call" else None)
    try:
        run()
    finally:
        sys.setprofile(None)
    return len(seen) - 1


def test_call_budget():
    mean, accuracy = metrics.Mean(), metrics.SparseCategoricalAccuracy()
    loss, labels = ops.convert_to_tensor(0.5), ops.convert_to_tensor(np.arange(8, dtype="int32"))
    scores = ops.convert_to_tensor(floats(8, 10))
    assert python_calls(lambda: mean.update_state(loss)) <= 2
    assert python_calls(mean.result) <= 2
    assert python_calls(lambda: accuracy.update_state(labels, scores)) <= 18
