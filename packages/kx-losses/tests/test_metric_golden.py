"""Every metric against results, state, resets, dtypes and configs recorded from Keras 3 over two updates."""

import numpy as np
import pytest

from kx_losses import metrics, resolve_loss, resolve_metric
from kx_tensor import naming, ops
from kx_tensor.tensor import Tensor

GOLDEN = ("metric_means", "metric_counts", "metric_functions")
OMITTED_BY_KERAS = {
    "axis",
    "from_sorted_ids",
    "thresholds",
}  # in configs, by some metrics or where they are the default


def cases(condition):
    def mark(test):
        test.select = condition
        return test

    return mark


def compare(actual, expected, dtype):
    """Closeness to float32 rounding: results divide sums of a few dozen terms."""
    actual, expected = np.asarray(actual, "float32"), np.asarray(expected, "float32")
    assert actual.shape == expected.shape
    rtol = 5e-3 if dtype == "float16" else 2e-5
    np.testing.assert_allclose(actual, expected, rtol=rtol, atol=2e-3 if dtype == "float16" else 2e-6)


def state(metric):
    return [[v.name, list(v.shape), v.dtype] for v in metric.variables]


def update(metric, case):
    """Update the metric with each batch of the case, yielding after each."""
    for (*inputs, weight), mask in zip(case["updates"], case["masks"]):
        if mask is not None:
            inputs[-1] = ops.convert_to_tensor(inputs[-1])
            inputs[-1]._keras_mask = ops.convert_to_tensor(mask)
        metric.update_state(*inputs, sample_weight=weight)
        yield


@cases(lambda c: "results" in c)
def test_two_updates(case):
    metric = getattr(metrics, case["metric"])(**case["config"])
    for expected, _ in zip(case["results"], update(metric, case)):
        result = metric.result()
        assert type(result) is Tensor
        assert result.dtype == case["dtype"]
        compare(result.numpy(), expected, case["dtype"])
    assert state(metric) == case["state"]
    for variable, expected in zip(metric.variables, case["variables"] or ()):
        compare(variable.numpy(), expected, case["dtype"])
    metric.reset_state()
    assert [float(np.abs(v.numpy()).sum()) for v in metric.variables] == case["after_reset"]


def lenient(case):
    """What Keras refuses and kx takes: an axis of size 1 in binary cross-entropy, weights per sample with ignore_class,
    axis of one-hot IoU."""
    if case["metric"] == "BinaryCrossentropy":
        return np.ndim(case["updates"][0][0]) != np.ndim(case["updates"][0][1])
    return case["config"].get("ignore_class") == 1 or (
        case["metric"] == "OneHotIoU" and case["config"].get("axis") == 1
    )


@cases(lambda c: "metric" in c and "error" in c and not lenient(c))
def test_refusal(case):
    with pytest.raises(ValueError, match="fit|expects|axis|weights"):
        if "params" in case:
            getattr(metrics, case["metric"])(case["y_true"], case["y_pred"], **case["params"])
        else:
            list(update(getattr(metrics, case["metric"])(**case["config"]), case))


@cases(lambda c: "get_config" in c)
def test_config(case):
    naming.reset()
    metric = getattr(metrics, case["metric"])(**case["config"])
    assert metric.name == case["name"]
    assert state(metric) == case["state"]
    config = metric.get_config()
    for key, expected in case["get_config"].items():
        value = list(config[key]) if isinstance(config[key], tuple) else config[key]
        assert value == (pytest.approx(expected) if key == "label_weights" else expected)
    assert set(config) - set(case["get_config"]) <= OMITTED_BY_KERAS
    again = metrics.deserialize(metrics.serialize(metric))
    assert type(again) is type(metric)
    assert again.get_config() == metric.get_config()


@cases(lambda c: "params" in c and "out" in c)
def test_function(case):
    out = getattr(metrics, case["metric"])(case["y_true"], case["y_pred"], **case["params"])
    assert out.dtype == case["dtype"]
    expected = case["out"]
    if case["metric"] == "sparse_top_k_categorical_accuracy":
        expected = expected.reshape(
            out.shape
        )  # labels (n, 1) give Keras (n, 1) here, (n,) in all its other functions
    compare(out.numpy(), expected, case["dtype"])


@cases(lambda c: "resolve" in c)
def test_resolve_metric(case):
    metric = resolve_metric(case["resolve"], *case["shapes"])
    assert metric.function.__name__ == case["fn"]
    assert metric.name == case["name"]


@cases(lambda c: "resolve_loss" in c)
def test_resolve_loss(case):
    assert resolve_loss(case["resolve_loss"], *case["shapes"]).function.__name__ == case["fn"]
