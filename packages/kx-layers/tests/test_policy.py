"""Dtype policies against Keras 3.15.1, the global policy, policies by layer path."""

import json
import pathlib

import numpy as np
import pytest

import kx_layers
from kx_layers import policy
from kx_tensor import dtypes, ops

RECORD = json.loads(str(np.load(pathlib.Path(__file__).parent / "golden" / "policies.npz")["record"]))


@pytest.mark.parametrize("case", RECORD["policies"], ids=lambda c: str(c["name"]))
def test_policy(case):
    found = policy.get(None) if case["name"] is None else policy.DTypePolicy(case["name"])
    assert (found.compute_dtype, found.variable_dtype, found.name) == (
        case["compute"],
        case["variable"],
        case["resolved"],
    )
    assert repr(found) == case["repr"]
    assert policy.serialize(found) == case["config"]
    assert policy.deserialize(case["config"]) == found
    if dtypes.is_float_dtype(found.compute_dtype) and found.compute_dtype != "float64":
        given = ("float32", "float16", "int32", "bool")
        converted = [found.convert_input(ops.ones((2,), d), True, found.compute_dtype).dtype for d in given]
        assert converted == case["converted"]


@pytest.fixture
def restored():
    yield
    policy.set_dtype_policy(None)


def test_global_policy(restored):
    policy.set_dtype_policy("mixed_bfloat16")
    assert policy.dtype_policy() == policy.DTypePolicy("mixed_bfloat16")
    layer = kx_layers.Dense(2)
    assert layer(np.ones((1, 3), "float32")).dtype == "bfloat16"
    assert layer.kernel.dtype == "float32"
    policy.set_dtype_policy("float32")
    assert kx_layers.Dense(2).compute_dtype == "float32"


def test_floatx_decides_the_default():
    dtypes.set_floatx("float64")
    try:
        layer = kx_layers.Dense(2)
    finally:
        dtypes.set_floatx("float32")
    assert layer(np.ones((1, 3), "float32")).dtype == "float64"


def test_policy_map():
    layout = RECORD["map"]["config"]
    policies = policy.deserialize(layout)
    assert {path: policies[path].name for path in RECORD["map"]["lookups"]} == RECORD["map"]["lookups"]
    assert policy.serialize(policies) == layout
    assert policies.compute_dtype == "bfloat16"
    with pytest.raises(ValueError, match="already"):
        policies["block.*"] = "float32"
    policies["bl.*"] = "float32"
    with pytest.raises(ValueError, match="matches several keys"):
        policies["block_3"]
    assert len(policies) == 3 and list(policies) == ["model/dense", "block.*", "bl.*"]
    del policies["bl.*"]
    assert policies["block_3"].name == "float16"


def test_errors():
    with pytest.raises(ValueError, match="Cannot convert 'mixed_int8' to a DTypePolicy"):
        policy.get("mixed_int8")
    with pytest.raises(TypeError, match="must be a string"):
        policy.DTypePolicy(5)
    with pytest.raises(ValueError, match="Cannot use 3 as a dtype policy"):
        policy.get(3)
    assert policy.get(np.float16) == policy.DTypePolicy("float16")
