"""Models of all shapes against Keras 3.15 (tools/record/training.py): configs, names, order of weights, outputs."""

import json
import pathlib

import numpy as np
import pytest

import kx
from kx import tree

DATA = np.load(pathlib.Path(__file__).parent / "golden/training.npz")
CONFIGS = json.loads(str(DATA["models"]))
STRUCTURES = json.loads(str(DATA["structures"]))


def plain(config):
    """The config as JSON gives it back, tuples as lists."""
    if isinstance(config, dict):
        if config.get("class_name") == "__tuple__":
            return plain(config["items"])
        return {k: plain(v) for k, v in config.items()}
    return [plain(v) for v in config] if isinstance(config, (list, tuple)) else config


@pytest.fixture(params=STRUCTURES)
def structure(request):
    return {"name": request.param, **STRUCTURES[request.param]}


@pytest.fixture
def model(structure):
    model = kx.saving.deserialize_keras_object(structure["config"])
    random = np.random.RandomState(3)
    model.set_weights(
        [(0.7 * random.standard_normal(w.shape)).astype("float32") for w in model.get_weights()]
    )
    return model


def inputs(model):
    random = np.random.RandomState(4)
    return [random.standard_normal((2, *t.shape[1:])).astype("float32") for t in model.inputs]


def test_layers_and_weights_have_kerass_names_and_order(structure, model):
    if structure["name"] != "ops":  # the ops have no names of their own in a layer list
        assert [layer.name for layer in model.layers] == structure["layers"]
    assert [w.path for w in model.weights] == structure["weights"]
    assert [w.path for w in model.trainable_weights] == structure["trainable"]
    assert plain([model.input_shape, model.output_shape]) == structure["shapes"]


def test_outputs(structure, model):
    given = inputs(model)
    outputs = model(tree.pack_sequence_as(model.input, given))
    for out, expected in zip(tree.flatten(outputs), structure["outputs"], strict=True):
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    predicted = model.predict(tree.pack_sequence_as(model.input, given), verbose=0)
    for out, expected in zip(tree.flatten(predicted), structure["outputs"], strict=True):
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", [name for name in STRUCTURES if name != "ops"])
def test_the_config_comes_back_as_keras_wrote_it(name):
    config = STRUCTURES[name]["config"]
    again = kx.saving.serialize_keras_object(kx.saving.deserialize_keras_object(config))
    assert json.loads(json.dumps(plain(again))) == plain(config)


@pytest.mark.parametrize("name", CONFIGS)
def test_the_config_of_a_trainable_model_comes_back(name):
    again = kx.saving.serialize_keras_object(kx.saving.deserialize_keras_object(CONFIGS[name]))
    assert json.loads(json.dumps(plain(again))) == plain(CONFIGS[name])


def test_a_model_survives_its_own_config(structure, model):
    again = type(model).from_config(json.loads(json.dumps(plain(model.get_config()))))
    again.set_weights(model.get_weights())
    given = tree.pack_sequence_as(model.input, inputs(model))
    for one, two in zip(tree.flatten(again(given)), tree.flatten(model(given)), strict=True):
        np.testing.assert_array_equal(one, two)
