"""Losses and metrics on the stand-in device, which refuses what CuPy refuses: same values as on the CPU."""

import numpy as np
import pytest

from kx_losses import losses, metrics
from kx_tensor import device as devices
from kx_tensor import ops
from kx_tensor.gradients import gradients
from kx_tensor.standin import standin
from kx_tensor.testing import leaf_tensor

rng = np.random.default_rng(0)
TARGETS = {
    "signs": rng.integers(0, 2, (6, 3)).astype("float32"),
    "one_hot": np.eye(3, dtype="float32")[rng.integers(0, 3, 6)],
    "labels": rng.integers(0, 3, 6).astype("int32"),
}
SCORES = rng.dirichlet(np.ones(3), 6).astype("float32")
WEIGHTS = rng.random(6).astype("float32")
MASK = np.array([1, 1, 0, 1, 0, 1], bool)

LOSSES = [
    *((name, "signs") for name in (
        "MeanSquaredError", "MeanAbsoluteError", "MeanAbsolutePercentageError", "MeanSquaredLogarithmicError",
        "CosineSimilarity", "Huber", "LogCosh", "Hinge", "SquaredHinge", "BinaryCrossentropy",
        "BinaryFocalCrossentropy", "Poisson", "KLDivergence", "Dice", "Tversky",
    )),
    *((name, "one_hot") for name in ("CategoricalCrossentropy", "CategoricalFocalCrossentropy", "CategoricalHinge")),
    *((name, "labels") for name in ("SparseCategoricalCrossentropy", "CategoricalGeneralizedCrossEntropy", "Circle")),
]  # fmt: skip


def loss_and_gradient(device, name, target):
    with devices.device(device):
        y_pred = leaf_tensor(SCORES)
        if name != "Dice" and name != "Tversky":
            y_pred._keras_mask = ops.convert_to_tensor(MASK)
        weights = None if name in ("Dice", "Tversky") else ops.convert_to_tensor(WEIGHTS)
        value = getattr(losses, name)()(ops.convert_to_tensor(TARGETS[target]), y_pred, weights)
        (grad,) = gradients(value, [y_pred], record=False)
        return value.numpy(), grad.numpy()


@pytest.mark.parametrize(("name", "target"), LOSSES)
def test_loss(name, target):
    for actual, expected in zip(
        loss_and_gradient(standin, name, target), loss_and_gradient("cpu", name, target)
    ):
        np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-6)


def test_every_loss_is_in_the_table():  # but CTC, whose scores have an axis more (test_loss_ctc.py)
    classes = {n for n, c in vars(losses).items() if isinstance(c, type) and issubclass(c, losses.Loss)}
    assert classes - {"Loss", "CTC"} == {name for name, _ in LOSSES}


ARGUMENTS = {
    "IoU": {"num_classes": 3, "target_class_ids": [0, 2], "sparse_y_pred": False},
    "MeanIoU": {"num_classes": 3, "sparse_y_pred": False},
    "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 1, 2]},
    "OneHotMeanIoU": {"num_classes": 3},
    "BinaryIoU": {"threshold": 0.4},
    "PrecisionAtRecall": {"recall": 0.5},
    "RecallAtPrecision": {"precision": 0.2},
    "SensitivityAtSpecificity": {"specificity": 0.5},
    "SpecificityAtSensitivity": {"sensitivity": 0.5},
    "F1Score": {"average": "weighted"},
    "Precision": {"top_k": 2},
    "AUC": {"multi_label": True, "curve": "PR"},
}
LABELS = {
    "SparseCategoricalAccuracy", "SparseTopKCategoricalAccuracy", "SparseCategoricalCrossentropy", "IoU", "MeanIoU",
}  # fmt: skip
METRICS = [
    n
    for n, c in vars(metrics).items()
    if isinstance(c, type) and issubclass(c, metrics.Metric) and n not in ("Metric", "MeanMetricWrapper")
]


def metric_result(device, name):
    with devices.device(device):
        metric = getattr(metrics, name)(**ARGUMENTS.get(name, {}))
        target = TARGETS["labels" if name in LABELS else "one_hot"]
        scores = SCORES.round() if name == "Accuracy" else SCORES
        inputs = [ops.convert_to_tensor(target), ops.convert_to_tensor(scores)]
        if name in ("Mean", "Sum"):
            inputs = inputs[1:]
        weights = WEIGHTS if "IoU" not in name else 10 * WEIGHTS
        if name == "BinaryIoU":
            weights = np.repeat(weights, 3)
        metric.update_state(*inputs, sample_weight=ops.convert_to_tensor(weights))
        metric.update_state(*inputs)
        result = metric.result()
        assert result.device is devices.get(device)
        metric.reset_state()
        return result.numpy()


@pytest.mark.parametrize("name", METRICS)
def test_metric(name):
    expected = metric_result("cpu", name)
    assert np.abs(expected).max() > 0
    np.testing.assert_allclose(metric_result(standin, name), expected, rtol=1e-5, atol=1e-6)
