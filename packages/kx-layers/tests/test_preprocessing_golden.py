"""The layers that prepare data against what Keras 3.15.1 did: values, dtypes, shapes, configs, files, errors."""

import json
import os
import pathlib

import numpy as np
import pytest

import kx_layers
from kx_layers import Input
from kx_tensor import Tensor

GOLDEN = json.loads(
    (pathlib.Path(__file__).parent / "golden" / "preprocessing.json").read_text(encoding="utf-8")
)
VALUES = [case for case in GOLDEN if "value" in GOLDEN[case]]
ERRORS = [case for case in GOLDEN if "error" in GOLDEN[case]]
TOKENS = ["", "a", "cat", "hello world", "a" * 20, "b" * 40, "c" * 64, "d" * 65, "e" * 70, "xyz" * 100, "é水", "12345678"]  # fmt: skip


def adapted(layer, data):
    layer.adapt(data)
    return layer


def given(layer, *arguments):
    layer.set_vocabulary(*arguments)
    return layer


def config(layer):
    found = layer.get_config()
    again = type(layer).from_config(json.loads(json.dumps(found)))
    assert {**again.get_config(), "vocabulary_size": 0} == {**found, "vocabulary_size": 0}
    dtype = found.pop("dtype")
    return {**found, "name": None, "dtype": dtype if isinstance(dtype, str) else dtype["config"]["name"]}


@pytest.fixture
def names(tmp_path):
    def stored(layer):
        own, files = {}, {}
        layer.save_own_variables(own)
        if hasattr(layer, "save_assets"):
            layer.save_assets(tmp_path)
            for name in os.listdir(tmp_path):
                files[name] = (tmp_path / name).read_bytes().decode()
            again = type(layer).from_config(layer.get_config())
            again.load_own_variables(own)
            again.load_assets(tmp_path)
            assert again.get_vocabulary() == layer.get_vocabulary()
            x = [5, 4, 3] if "Integer" in type(layer).__name__ else ["the cat", "a"]
            np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())
        return {"variables": {key: np.asarray(v).tolist() for key, v in own.items()}, "assets": files}

    return {
        **vars(kx_layers), "np": np, "Input": Input, "adapted": adapted, "given": given, "config": config,
        "stored": stored, "batched": lambda x, size: (x[i : i + size] for i in range(0, len(x), size)),
        "TEXTS": ["The cat sat, on the mat!", "A  dog's\tlog.\nHere-there_x", "ÀÉ the cat"], "TOKENS": TOKENS,
        "V": ["a", "b", "c"], "X": np.array([[1, 2, 3], [4, 5, 9]], "float32"),
        "R": np.random.default_rng(0).normal(size=(1000, 1)).astype("float32"),
    }  # fmt: skip


def compare(mine, theirs):
    if isinstance(theirs, dict) and theirs.keys() == {"dtype", "shape", "values"}:
        array = mine.numpy() if isinstance(mine, Tensor) else np.asarray(mine)
        assert ("string" if array.dtype == object else array.dtype.name) == theirs["dtype"]
        assert list(array.shape) == theirs["shape"]
        mine, theirs = array.ravel().tolist(), theirs["values"]
    if isinstance(theirs, list) and theirs and isinstance(theirs[0], float):
        np.testing.assert_allclose(mine, theirs, rtol=2e-6, atol=1e-6)
    elif isinstance(theirs, dict):
        assert mine.keys() == theirs.keys()
        for key in theirs:
            compare(mine[key], theirs[key])
    elif isinstance(theirs, list):
        assert len(mine) == len(theirs)
        for one, other in zip(mine, theirs, strict=True):
            compare(one, other)
    else:
        assert mine == theirs and type(mine) is type(theirs)


@pytest.mark.parametrize("case", VALUES)
def test_as_keras(case, names):
    compare(eval(case, names), GOLDEN[case]["value"])


@pytest.mark.parametrize("case", ERRORS)
def test_errors_where_keras_has_them(case, names):
    with pytest.raises((ValueError, TypeError, RuntimeError)) as caught:
        eval(case, names)
    assert len(str(caught.value)) > 20
