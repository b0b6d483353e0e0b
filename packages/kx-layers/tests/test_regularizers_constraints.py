"""Regularizers and constraints against Keras 3.15.1: values, gradients, configs, names."""

import json
import pathlib

import numpy as np
import pytest

from kx_layers import constraints, initializers, regularizers
from kx_tensor import Variable, grad, ops

FOLDER = pathlib.Path(__file__).parent / "golden"
REGULARIZERS = np.load(FOLDER / "regularizers.npz")
CONSTRAINTS = np.load(FOLDER / "constraints.npz")
PENALTIES = json.loads(str(REGULARIZERS["cases"]))
LIMITS = json.loads(str(CONSTRAINTS["cases"]))
IDENTIFIERS = json.loads(str(np.load(FOLDER / "policies.npz")["record"]))["identifiers"]


def approximately(config):
    return {k: pytest.approx(v) if isinstance(v, float) else v for k, v in config.items()}


@pytest.mark.parametrize(
    "index", range(len(PENALTIES)), ids=[f"{c['name']}-{c['kwargs']}" for c in PENALTIES]
)
def test_regularizer(index):
    case, x = PENALTIES[index], REGULARIZERS["x"]
    regularizer = getattr(regularizers, case["name"])(**case["kwargs"])
    assert float(regularizer(x)) == pytest.approx(case["value"], rel=1e-5)
    assert float(regularizer(Variable(x))) == pytest.approx(case["value"], rel=1e-5)
    found = grad(regularizer)(ops.convert_to_tensor(x)).numpy()
    np.testing.assert_allclose(found, REGULARIZERS[f"{index}/grad"], rtol=1e-4, atol=1e-6)
    config = regularizers.serialize(regularizer)
    assert config["class_name"] == case["config"]["class_name"]
    assert config["module"] == "keras.regularizers"
    assert config["config"] == approximately(case["config"]["config"])
    again = regularizers.deserialize(json.loads(json.dumps(case["config"])))
    assert again.get_config() == approximately(regularizer.get_config())


@pytest.mark.parametrize("index", range(len(LIMITS)), ids=[f"{c['name']}-{c['kwargs']}" for c in LIMITS])
def test_constraint(index):
    case, x = LIMITS[index], CONSTRAINTS["x"]
    constraint = getattr(constraints, case["name"])(**case["kwargs"])
    np.testing.assert_allclose(constraint(x).numpy(), CONSTRAINTS[f"{index}/out"], rtol=1e-5, atol=1e-6)
    assert constraint(ops.cast(x, "bfloat16")).dtype == "bfloat16"
    assert constraints.serialize(constraint) == case["config"]
    assert constraints.deserialize(case["config"]).get_config() == constraint.get_config()


@pytest.mark.parametrize("kind", ["initializers", "regularizers", "constraints"])
def test_names(kind):
    module = {"initializers": initializers, "regularizers": regularizers, "constraints": constraints}[kind]
    for entry in IDENTIFIERS[kind]:
        name = entry["identifier"]
        if "error" in entry:
            continue  # kx knows some names that Keras does not, such as "l1_l2"
        found = module.get(name)
        if entry["serialized"] is None:
            assert found is None
            continue
        assert module.serialize(found)["class_name"] == entry["serialized"]["class_name"], name
        assert module.get(entry["serialized"]).get_config() == approximately(found.get_config())
        if hasattr(module, name):
            assert getattr(module, name) is type(found)


def test_bad_values():
    with pytest.raises(ValueError, match="l1 must be a non-negative number, got -1"):
        regularizers.L1(-1)
    with pytest.raises(ValueError, match="mode must be 'rows' or 'columns', got 'x'"):
        regularizers.OrthogonalRegularizer(mode="x")
    with pytest.raises(ValueError, match=r"needs a matrix, got shape \(2, 3, 4\)"):
        regularizers.OrthogonalRegularizer()(np.ones((2, 3, 4)))
    with pytest.raises(ValueError, match="Did you mean 'max_norm'"):
        constraints.get("maxx_norm")


def test_own_classes():
    class Half(constraints.Constraint):
        def __call__(self, w):
            return w * 0.5

    half = constraints.get(Half)
    assert isinstance(half, Half)
    np.testing.assert_array_equal(half(ops.ones((2,))).numpy(), [0.5, 0.5])
    with pytest.raises(NotImplementedError, match="__call__"):
        regularizers.Regularizer()(1.0)
