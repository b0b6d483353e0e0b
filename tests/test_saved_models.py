"""Every model of the table goes on from every file as if it had not been saved; and the table has every layer of Keras."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest

import kx

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tools/record"))

import all_saved_models  # noqa: E402
from saved_models import flat, train  # noqa: E402

MODELS = all_saved_models.MODELS
# Keras's HDF5 files have no place for the state of random numbers
NOT_SAME_FROM_HDF5 = all_saved_models.DRAWING
NO_LAYERS = {"Layer", "InputSpec"}  # classes of keras.layers that stand in no model


def made(name, seed=1):
    kx.utils.set_random_seed(seed)
    model, (x, y) = MODELS[name](kx)
    return model, x, y


def state(model, random=True):
    """The bits of all variables; without those of random numbers where a file has no place for them."""
    optimizer = getattr(model, "optimizer", None)
    variables = model.variables if random else model.weights
    variables = variables + (optimizer.variables if optimizer is not None else [])
    return [v.numpy().tobytes() for v in variables]


@pytest.fixture(scope="module")
def uninterrupted():
    """For each model the losses and the state after 2 + 2 epochs without a stop."""
    runs = {}

    def run(name):
        if name not in runs:
            model, x, y = made(name)
            losses = [train(model, x, y, epochs=2) for _ in range(2)] if model.compiled else []
            runs[name] = losses[1:], state(model)
        return runs[name]

    return run


def predicted(model, x):
    return flat(model.predict(x, batch_size=4, verbose=0))


def from_weights(name, path):
    """A model made anew, with other numbers, filled from a file of weights."""
    model, x, _ = made(name, seed=2)
    if not model.built:
        model.predict(x, batch_size=4, verbose=0)
    if getattr(model, "optimizer", None) is not None:
        model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    return model


@pytest.mark.parametrize("suffix", [".keras", ".weights.h5", ".h5"])
@pytest.mark.parametrize("name", MODELS)
def test_training_goes_on_from_a_file_bit_for_bit(name, suffix, tmp_path, uninterrupted):
    model, x, y = made(name)
    if model.compiled:
        train(model, x, y, epochs=2)
    path = tmp_path / f"model{suffix}"
    if suffix == ".weights.h5":
        model.save_weights(path)
        again = from_weights(name, path)
    else:
        model.save(path)
        again = kx.models.load_model(path)
    random = suffix != ".h5"
    assert state(again, random) == state(model, random)
    stateful = name in all_saved_models.STATEFUL
    if suffix == ".keras" and not stateful:
        for mine, theirs in zip(predicted(again, x), predicted(model, x), strict=True):
            np.testing.assert_array_equal(mine, theirs)
    if model.compiled:
        losses, last = uninterrupted(name)
        same = [train(again, x, y, epochs=2)] == losses
        if stateful or (suffix == ".h5" and name in NOT_SAME_FROM_HDF5):
            assert not same
        else:
            assert same
            if random:
                assert state(again) == last


def test_every_layer_of_keras_is_in_some_model():
    listed = re.findall(
        r"^have +class keras\.layers\.(\w+)", (ROOT / "packages/kx/keras_api.txt").read_text(), re.MULTILINE
    )
    wanted = {getattr(kx.layers, name) for name in set(listed) - NO_LAYERS}
    wanted = {getattr(kind, "modern", kind) for kind in wanted}  # names of Keras 1 make layers of today's
    assert len(wanted) > 100
    layers = [layer for name in MODELS for layer in made(name)[0]._flatten_layers()]
    found = {kind for layer in layers for kind in type(layer).__mro__}
    assert sorted(kind.__name__ for kind in wanted - found) == []
