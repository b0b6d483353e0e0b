"""Activation functions against Keras 3.15.1: values, gradients, dtypes, extreme numbers, names."""

import json
import pathlib

import numpy as np
import pytest

from kx_layers import activations
from kx_tensor import KerasTensor, grad, ops

GOLDEN = np.load(pathlib.Path(__file__).parent / "golden" / "activations.npz")
CASES = json.loads(str(GOLDEN["cases"]))
every_case = pytest.mark.parametrize(
    "index", range(len(CASES)), ids=[f"{c['name']}-{c['kwargs']}" for c in CASES]
)


def function_of(index):
    case = CASES[index]
    kwargs = {k: tuple(v) if isinstance(v, list) else v for k, v in case["kwargs"].items()}
    return lambda x: getattr(activations, case["name"])(x, **kwargs)


@every_case
def test_values_and_gradients(index):
    function, x = function_of(index), GOLDEN["x"]
    out = function(ops.convert_to_tensor(x))
    np.testing.assert_allclose(np.asarray(out), GOLDEN[f"{index}/out"], rtol=3e-6, atol=2e-6)
    g = GOLDEN["g"].ravel()[: out.size].reshape(out.shape)
    found = grad(lambda t: ops.sum(function(t) * g))(ops.convert_to_tensor(x))
    wanted = GOLDEN[f"{index}/grad"]
    smooth = x != 0  # at a kink any slope between the sides' is right
    np.testing.assert_allclose(found.numpy()[smooth], wanted[smooth], rtol=2e-5, atol=3e-6)


@pytest.mark.parametrize("index", [i for i in range(len(CASES)) if f"{i}/tricky" in GOLDEN])
def test_extreme_numbers(index):
    x = GOLDEN["tricky"]
    with np.errstate(all="ignore"):
        found = function_of(index)(ops.convert_to_tensor(x)).numpy()
    wanted = GOLDEN[f"{index}/tricky"]
    finite = np.isfinite(x)
    np.testing.assert_allclose(found[finite], wanted[finite], rtol=1e-5, atol=1e-7)
    nan = np.isnan(x)
    assert np.isnan(found[nan]).all() or not np.isnan(wanted[nan]).any()


@every_case
def test_dtypes(index):
    function = function_of(index)
    for dtype, wanted in CASES[index]["dtypes"].items():
        if wanted is None or dtype == "bool":
            continue
        clipped_ints = CASES[index]["kwargs"].get("max_value") and dtype.startswith("int")
        if clipped_ints:
            continue  # Keras truncates a float max_value to the integer dtype
        wanted = "int64" if (dtype, wanted) == ("int64", "int32") else wanted  # JAX ran without int64
        x = ops.ones((2, 4), dtype=dtype)
        assert function(x).dtype == wanted
        assert function(KerasTensor((None, 4), dtype)).dtype == wanted


@every_case
def test_symbolic_shape(index):
    case, x = CASES[index], KerasTensor((None, 6))
    out = function_of(index)(x)
    assert out.shape == ((None, 3) if case["name"] == "glu" and not case["kwargs"] else (None, 6))


@every_case
def test_names(index):
    case = CASES[index]
    function = getattr(activations, case["name"])
    assert activations.serialize(function) == case["serialized"]
    assert activations.get(case["name"]) is function
    assert activations.deserialize(case["serialized"]) is function


def test_unknown_name_names_the_nearest():
    with pytest.raises(ValueError, match="Did you mean 'softmax'"):
        activations.get("sofmax")


def test_functions_pass_through():
    assert activations.get(np.tanh) is np.tanh
