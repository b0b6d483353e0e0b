"""Every loss against values, gradients, dtypes, configs and refusals recorded from Keras 3."""

import numpy as np
import pytest

from kx_losses import losses
from kx_tensor import ops
from kx_tensor.gradients import gradients
from kx_tensor.testing import leaf_tensor

GOLDEN = ("loss_functions", "loss_objects")
TOLERANCE = {"float32": 1e-5, "float16": 4e-3, "bfloat16": 3e-2}

# kx takes what Keras's functions refuse here: a last axis of size 1 is squeezed as by the classes, and axis=1 works.
MORE_LENIENT = {
    "binary_crossentropy", "binary_focal_crossentropy", "categorical_generalized_cross_entropy",
    "CategoricalGeneralizedCrossEntropy",
}  # fmt: skip
MULTIPLY_OUT = {"poisson", "kl_divergence", "hinge", "squared_hinge"}


def cases(condition):
    def mark(test):
        test.select = condition
        return test

    return mark


def as_input(value):
    """A recorded array as a tensor of its dtype, weights and plain numbers as they are."""
    if hasattr(value, "array"):
        return ops.convert_to_tensor(value.array, dtype=value.dtype)
    return value


def arguments(params):
    return {k: tuple(v) if k == "axis" and isinstance(v, list) else v for k, v in params.items()}


def plain(value):
    return value.array if hasattr(value, "array") else value


def compare(actual, expected, dtype="float32"):
    tol = TOLERANCE[dtype]
    actual, expected = np.asarray(actual.numpy(), "float32"), np.asarray(plain(expected), "float32")
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=tol, atol=tol if dtype != "float32" else 1e-6)


def compare_gradient(actual, expected):
    """Gradients divide by probabilities down to 1e-7, so the absolute tolerance goes by the largest entry."""
    largest = np.abs(expected[np.isfinite(expected)]).max(initial=1.0)
    np.testing.assert_allclose(actual.numpy(), expected, rtol=2e-5, atol=5e-6 * largest)


def is_lenient(case):
    if {"axis": 1} in (case.get("params"), case.get("config")):
        return True
    target, prediction = (np.shape(plain(case[key])) for key in ("y_true", "y_pred"))
    squeezed = len(target) != len(prediction) and max(target, prediction, key=len)[-1] == 1
    labels = "eneralized" in case["loss"] and target[-1] == 1
    return case["loss"] in MORE_LENIENT and (squeezed or labels)


def multiplies_out(case):
    """Whether a Keras function took (n,) against (n, 1) as (n, n), which its class does not, nor kx."""
    if case["loss"] in ("categorical_generalized_cross_entropy", "CategoricalGeneralizedCrossEntropy"):
        return np.shape(case["y_true"])[-1] == 1
    return np.ndim(case["y_true"]) != np.ndim(case["y_pred"]) and case["loss"] in MULTIPLY_OUT


@cases(lambda c: "params" in c and "g" in c and not multiplies_out(c))
def test_function(case):
    fn, params = getattr(losses, case["loss"]), arguments(case["params"])
    y_pred = leaf_tensor(case["y_pred"])
    out = fn(case["y_true"], y_pred, **params)
    compare(out, case["out"])
    (grad,) = gradients((out * case["g"]).sum(), [y_pred], record=False)
    compare_gradient(grad, case["grad"])


@cases(lambda c: "params" in c and "dtype" in c)
def test_function_dtype(case):
    out = getattr(losses, case["loss"])(as_input(case["y_true"]), as_input(case["y_pred"]))
    assert out.dtype == str(
        case["y_pred"].dtype
    )  # Keras on JAX gives float32 for the sparse cross-entropy only
    compare(out, case["out"], out.dtype)


@cases(lambda c: c.get("mismatch") == "broadcasts")
def test_broadcast_that_is_a_mistake(case):
    with pytest.raises(ValueError, match="does not fit"):
        getattr(losses, case["loss"])(case["y_true"], case["y_pred"])


@cases(lambda c: "error" in c and not is_lenient(c))
def test_refusal(case):
    with pytest.raises(ValueError, match="does not fit|does not broadcast|broadcast"):
        if "params" in case:
            getattr(losses, case["loss"])(case["y_true"], case["y_pred"], **arguments(case["params"]))
        else:
            evaluate(case, ops.convert_to_tensor(case["y_pred"]))


def evaluate(case, y_pred):
    loss = getattr(losses, case["loss"])(**arguments(case["config"]))
    if case["mask"] is not None:
        y_pred._keras_mask = ops.convert_to_tensor(case["mask"])
    return loss(case["y_true"], y_pred, case["weight"])


@cases(lambda c: "config" in c and "g" in c and not multiplies_out(c))
def test_object(case):
    y_pred = leaf_tensor(case["y_pred"])
    out = evaluate(case, y_pred)
    assert out.dtype == case["dtype"]
    compare(out, case["out"], case["dtype"])
    (grad,) = gradients(
        (out * np.asarray(case["g"], case["dtype"] if case["dtype"] != "bfloat16" else "float32")).sum(),
        [y_pred],
        record=False,
    )
    if case["dtype"] == "float32":
        compare_gradient(grad if grad is not None else ops.zeros(y_pred.shape), case["grad"])


@cases(lambda c: "get_config" in c)
def test_config(case):
    """Keras's config, and the arguments Keras forgets to save (delta of Huber, axis of some)."""
    loss = getattr(losses, case["loss"])(**arguments(case["config"]))
    config = loss.get_config()
    expected = {
        k: tuple(v) if isinstance(v, list) and k == "axis" else v for k, v in case["get_config"].items()
    }
    assert {k: config[k] for k in expected} == expected
    assert set(config) - set(expected) <= {"delta", "axis"}
    assert loss.name == case["name"]
    again = losses.deserialize(losses.serialize(loss))
    assert type(again) is type(loss)
    assert again.get_config() == config
