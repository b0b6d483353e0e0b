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


@pytest.mark.parametrize("index", [i for i, c in enumerate(CASES) if c["name"] != "sparsemax"])
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
        name, kwargs = CASES[index]["name"], CASES[index]["kwargs"]
        if dtype.startswith("int") and ("max_value" in kwargs or name in ("relu6", "hard_shrink")):
            continue  # Keras on JAX differs from its own symbolic dtypes here
        wanted = "int64" if (dtype, wanted) == ("int64", "int32") else wanted  # JAX ran without int64
        x = ops.ones((2, 4), dtype=dtype)
        assert function(x).dtype == wanted
        assert function(KerasTensor((2, 4), dtype)).dtype == wanted


@every_case
def test_symbolic_shape(index):
    if CASES[index]["name"] == "glu":
        axis = CASES[index]["kwargs"].get("axis", -1)
        x = KerasTensor((4, None) if axis == 0 else (None, 6))
        assert function_of(index)(x).shape == ((2, None) if axis == 0 else (None, 3))
    else:
        assert function_of(index)(KerasTensor((None, 6))).shape == (None, 6)


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


def test_sparsemax_is_the_nearest_distribution():
    """Not compared with Keras: its result does not sum to 1 where two or more elements remain."""
    x = GOLDEN["x"]
    out = activations.sparsemax(x).numpy()
    np.testing.assert_allclose(out.sum(axis=-1), 1.0, rtol=1e-6)
    level = np.where(out > 0, x - out, np.nan)  # x - t on the support, with one t for each row
    np.testing.assert_allclose(np.nanmax(level, axis=-1), np.nanmin(level, axis=-1), atol=1e-6)
    assert (np.where(out > 0, -np.inf, x) <= np.nanmax(level, axis=-1, keepdims=True) + 1e-6).all()
    assert (out > 0).sum(axis=-1).max() > 1
    np.testing.assert_allclose(activations.sparsemax(x.T, axis=0).numpy(), out.T, rtol=1e-6)
