"""Files that Keras 3.15.1 wrote: kx predicts the same from them and trains on as Keras did; and kx's own go on bit for bit."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest

import kx

ROOT = Path(__file__).parents[1]
FILES = ROOT / "packages/kx-models/tests/golden/files"
RECORDED = json.loads((FILES / "recorded.json").read_text())
BY_KERAS = RECORDED | json.loads((FILES / "recorded_tf.json").read_text())  # and by tf_keras 2.21
sys.path.insert(0, str(ROOT / "tools/record"))

import saved_models  # noqa: E402

saved_models.custom_objects(kx)
TRAINED = [name for name, entry in BY_KERAS.items() if entry["losses"]]
TOLERANCE = {"mixed": 2e-2}


def loaded(name):
    return kx.models.load_model(FILES / f"{name}.keras")


def data(name):
    return saved_models.MODELS[name.removeprefix("tf_")](kx)[1]


@pytest.mark.parametrize("name", BY_KERAS)
def test_predictions_are_those_of_keras(name):
    x, _ = data(name)
    predicted = saved_models.flat(loaded(name).predict(x, verbose=0))
    assert len(predicted) == len(BY_KERAS[name]["predicted"])
    for mine, theirs in zip(predicted, BY_KERAS[name]["predicted"]):
        np.testing.assert_allclose(
            mine, theirs, rtol=TOLERANCE.get(name, 1e-5), atol=TOLERANCE.get(name, 2e-6)
        )


@pytest.mark.parametrize("name", TRAINED)
def test_training_goes_on_as_in_keras(name):
    model = loaded(name)
    assert model.compiled and int(model.optimizer.iterations) > 0
    losses = saved_models.train(model, *data(name), epochs=3)
    np.testing.assert_allclose(losses, BY_KERAS[name]["losses"], rtol=TOLERANCE.get(name, 2e-5))


def made(name):
    kx.utils.set_random_seed(1)
    model, (x, y) = saved_models.MODELS[name](kx)
    if model.compiled:
        saved_models.train(model, x, y, epochs=2)
    return model, x, y


def bits(model):
    return [v.numpy().tobytes() for v in model.variables]


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("form", ["file", "folder"])
def test_a_model_comes_back_and_trains_on_bit_for_bit(name, form, tmp_path):
    model, x, y = made(name)
    if form == "folder":
        model.save(tmp_path / "model", zipped=False)
        again = kx.models.load_model(tmp_path / "model")
    else:
        model.save(tmp_path / "model.keras")
        again = kx.models.load_model(tmp_path / "model.keras")
    assert type(again) is type(model) and again.name == model.name
    assert [v.shape for v in again.variables] == [v.shape for v in model.variables]
    assert bits(again) == bits(model)
    for mine, theirs in zip(
        saved_models.flat(again.predict(x, verbose=0)), saved_models.flat(model.predict(x, verbose=0))
    ):
        np.testing.assert_array_equal(mine, theirs)
    if model.compiled:
        assert saved_models.train(again, x, y, epochs=3) == saved_models.train(model, x, y, epochs=3)
        assert bits(again) == bits(model)
        assert [v.numpy().tobytes() for v in again.optimizer.variables] == [
            v.numpy().tobytes() for v in model.optimizer.variables
        ]


def test_seed_generators_go_on(tmp_path):
    model, x, _ = made("seeds")
    model(x, training=True)
    model.save(tmp_path / "model.keras")
    again = kx.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(x, training=True), model(x, training=True))


@pytest.mark.parametrize("name", RECORDED)
@pytest.mark.parametrize("suffix", [".weights.h5", ".weights.json", ".safetensors"])
def test_weights_come_back(name, suffix, tmp_path):
    model, x, _ = made(name)
    model(x[:2] if not isinstance(x, list) else [part[:2] for part in x])
    limit = 2000 / 2**30 if suffix == ".weights.json" else None
    model.save_weights(tmp_path / f"model{suffix}", max_shard_size=limit)
    model.save(tmp_path / "whole.keras")
    other = kx.models.load_model(tmp_path / "whole.keras", compile=False)
    other.set_weights([np.zeros_like(w) for w in other.get_weights()])
    other.load_weights(tmp_path / f"model{suffix}")
    assert bits(other) == bits(model)


@pytest.mark.parametrize("name", RECORDED)
def test_the_architecture_comes_back_as_it_is(name):
    model = loaded(name)
    again = kx.models.model_from_json(model.to_json())
    assert json.loads(again.to_json())["config"] == json.loads(model.to_json())["config"]
