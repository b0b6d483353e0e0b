"""Ops in functional models: kx computes what Keras recorded from Keras's configs, and writes configs as Keras does."""

import gzip
import json
import re
from pathlib import Path

import numpy as np
import pytest

import kx_layers  # noqa: F401  (makes the layers known)
from kx_layers.input_layer import Input
from kx_models.model import Model
from kx_models.saving.architecture import model_from_json
from kx_tensor import ops
from kx_tensor.primitive import PRIMITIVES

GOLDEN = json.loads(gzip.decompress((Path(__file__).parent / "golden" / "saved_ops.json.gz").read_bytes()))
CASES = GOLDEN["cases"]
VALUES = {name: np.array(item["value"], item["dtype"]) for name, item in GOLDEN["inputs"].items()}
# kx has two ops where Keras has one, or the other way round.
OTHER_NAMES = (
    "p & q",
    "p | q",
    "p ^ q",
    "~i",
    "ops.divide(x, y)",
    "ops.one_hot(i, 4)",
    "ops.multi_hot(i, 4)",
)


def keras_model(case):
    """The model of Keras's config."""
    inputs = [
        {
            "module": "keras.layers",
            "class_name": "InputLayer",
            "config": {"batch_shape": VALUES[n].shape, "dtype": str(VALUES[n].dtype), "name": n},
            "registered_name": None,
            "name": n,
            "inbound_nodes": [],
        }
        for n in case["inputs"]
    ]
    config = {
        "name": "m",
        "layers": inputs + case["layers"],
        "input_layers": [[n, 0, 0] for n in case["inputs"]],
        "output_layers": case["output_layers"],
    }
    return Model.from_config(config)


def own_model(expression):
    tensors = {n: Input(v.shape[1:], batch_size=2, dtype=str(v.dtype), name=n) for n, v in VALUES.items()}
    outputs = eval(expression, {"ops": ops, "abs": abs, **tensors})
    return Model([tensors[n] for n in CASES[expression]["inputs"]], outputs)


def check(model, case):
    result = model([VALUES[n] for n in case["inputs"]]).numpy()
    assert str(result.dtype) == case["dtype"]
    tolerance = 2e-3 if case["dtype"] == "float16" else 1e-4
    np.testing.assert_allclose(result.astype("float64"), case["result"], rtol=tolerance, atol=1e-5)


@pytest.mark.parametrize("expression", CASES)
def test_configs_of_keras_compute_what_keras_computed(expression):
    check(keras_model(CASES[expression]), CASES[expression])


# `~` on integers is bitwise in kx, as in NumPy; Keras's is logical.
@pytest.mark.parametrize("expression", [e for e in CASES if e != "~i"])
def test_own_configs_come_back_in_names_of_keras(expression):
    text = own_model(expression).to_json()
    assert "kx.ops" not in text
    check(model_from_json(text), CASES[expression])


def is_one_primitive(entries):
    return all(re.sub(r"_\d+$", "", entry["name"]) in PRIMITIVES for entry in entries)


PRIMITIVE_CASES = [
    e
    for e, case in CASES.items()
    if is_one_primitive(case["layers"]) and "diff" not in e and e not in OTHER_NAMES
]


@pytest.mark.parametrize("expression", PRIMITIVE_CASES)
def test_configs_are_those_of_keras(expression):
    entries = json.loads(own_model(expression).to_json())["config"]["layers"]
    mine = [entry for entry in entries if entry["class_name"] != "InputLayer"]
    theirs = [
        {k: v for k, v in entry.items() if k != "build_config"} for entry in CASES[expression]["layers"]
    ]
    assert sorted(mine, key=lambda e: e["name"]) == sorted(theirs, key=lambda e: e["name"])


def test_ops_of_kx_alone_come_back():
    x = Input((4,), batch_size=2, name="x")
    model = Model(x, ops.rms_normalization(x) + ops.nonzero(x > 0)[0][0])
    again = model_from_json(model.to_json())
    np.testing.assert_array_equal(again(VALUES["x"]), model(VALUES["x"]))


def entry(class_name, args, **config):
    call = {"args": args, "kwargs": {}}
    return {
        "module": "keras.src.ops.numpy",
        "class_name": class_name,
        "config": {"name": "op", **config},
        "registered_name": class_name,
        "name": "op",
        "inbound_nodes": [call],
    }


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        (entry("Zeros", [[10**12]]), "without any tensor"),
        (entry("Nonsense", []), "Unknown op 'Nonsense'"),
        (entry("_PublicOp", []), "Unknown op"),
        (entry("Arithmetic", []), "Unknown op"),  # a module in kx_tensor.ops
    ],
)
def test_what_no_graph_holds_is_refused(layer, message):
    with pytest.raises(ValueError, match=message):
        keras_model({"inputs": ["x"], "layers": [layer], "output_layers": [["op", 0, 0]]})


def test_tensors_in_a_call_come_back():
    x = Input((4,), batch_size=2, name="x")
    model = Model(x, x + ops.convert_to_tensor([1.0, 2.0, 3.0, 4.0]) * np.array(2.0, "float32"))
    again = model_from_json(model.to_json())
    np.testing.assert_array_equal(again(VALUES["x"]), model(VALUES["x"]))
