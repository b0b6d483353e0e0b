"""Switches for the whole process: what is told and where, limits, tracebacks, names."""

import gc
import logging
import os
import subprocess
import sys
import traceback

import numpy as np
import pytest

from kx_layers.dense import Dense
from kx_layers.input_layer import Input
from kx_layers.merge import Add
from kx_models import limits, messages, tracebacks
from kx_models.callbacks import ReduceLROnPlateau
from kx_models.model import Model
from kx_models.progress import Progbar
from kx_models.sequential import Sequential
from kx_models.session import clear_session
from kx_tensor.symbolic import get_source_inputs, is_keras_tensor

X, Y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")


def network():
    model = Sequential([Input((3,)), Dense(1, name="out")], name="model")
    model.compile("sgd", "mse")
    return model


@pytest.fixture
def quiet():
    messages.disable_interactive_logging()
    yield
    messages.enable_interactive_logging()


def test_what_is_told_goes_to_logging(quiet, capsys, caplog):
    assert not messages.is_interactive_logging_enabled()
    caplog.set_level(logging.INFO, "kx")
    model = network()
    model.summary()
    plateau = ReduceLROnPlateau("loss", patience=0, min_delta=9.0, verbose=1)
    model.fit(X, Y, epochs=2, callbacks=[plateau])
    Progbar(3).update(3)
    told = [record.getMessage() for record in caplog.records]
    assert capsys.readouterr().out == ""
    assert told[0].startswith('Model: "model"')
    assert "Epoch 1/2" in told
    assert any(line.startswith("1/1 - 0s") and "loss: " in line for line in told)
    assert any("ReduceLROnPlateau reducing learning rate" in line for line in told)
    assert told[-1].startswith("3/3")


def test_limits(monkeypatch):
    model = network()
    limits.set_max_epochs(2)
    limits.set_max_steps_per_epoch(1)
    try:
        with pytest.warns(UserWarning, match="Limiting epochs to 2|steps_per_epoch to 1"):
            history = model.fit(X, Y, batch_size=4, epochs=5, initial_epoch=1, verbose=0)
        assert history.epoch == [1, 2]
        assert int(model.optimizer.iterations) == 2
        with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 1"):
            assert model.predict(X, batch_size=3, verbose=0).shape == (3, 1)
        with pytest.warns(UserWarning, match="Limiting steps_per_epoch to 1"):
            whole = model.evaluate(X, Y, batch_size=4, verbose=0)
    finally:
        limits.set_max_epochs(None)
        limits.set_max_steps_per_epoch(None)
    assert whole == pytest.approx(model.evaluate(X[:4], Y[:4], verbose=0))
    assert (limits.max_epochs(), limits.max_steps_per_epoch()) == (None, None)


@pytest.mark.parametrize("value", [0, -1, 1.5, "2", True])
def test_wrong_limits(value):
    for setter in (limits.set_max_epochs, limits.set_max_steps_per_epoch):
        with pytest.raises(ValueError, match="must be a positive integer, or None"):
            setter(value)


def test_limits_from_outside():
    code = "from kx_models import limits; print(limits.max_epochs(), limits.max_steps_per_epoch())"
    environment = {**os.environ, "KERAS_MAX_EPOCHS": "3", "KERAS_MAX_STEPS_PER_EPOCH": "20"}
    command = [sys.executable, "-c", code]
    assert subprocess.run(command, env=environment, capture_output=True, text=True).stdout == "3 20\n"


class Broken(Model):
    """A model of the user's that fails."""

    def call(self, x):
        return self.inside(x)

    def inside(self, x):
        return Dense(1)(x, y=1)


def frames(function):
    try:
        function()
    except Exception as error:
        return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


@pytest.mark.parametrize("verbose", [0, 2])
def test_tracebacks_show_the_users_lines(verbose):
    def run():
        Broken().predict(X, verbose=verbose)

    shown = frames(run)
    assert shown[:2] == ["frames", "run"]
    assert {"call", "inside"} <= set(shown)
    assert "_infer" not in shown
    tracebacks.disable_traceback_filtering()
    try:
        assert not tracebacks.is_traceback_filtering_enabled()
        assert {"predict", "_infer"} <= set(frames(run))
    finally:
        tracebacks.enable_traceback_filtering()


def test_a_short_traceback_of_bad_data():
    model = network()
    shown = frames(lambda: model.fit(np.ones((2, 5)), np.ones(2), verbose=0))
    assert len(shown) <= 4
    assert shown[:2] == ["frames", "<lambda>"]


def test_names_start_again():
    clear_session()
    first = Dense(1).name
    assert Dense(1).name == f"{first}_1"
    clear_session(free_memory=False)
    assert Dense(1).name == first == "dense"
    assert gc.isenabled()


def test_where_symbolic_tensors_come_from():
    a, b = Input((2,), name="a"), Input((2,), name="b")
    out = Add()([a, Dense(2)(b), a])
    assert [t.name for t in get_source_inputs(out)] == ["a", "b"]
    assert get_source_inputs(a) == [a]
    assert is_keras_tensor(out)
    assert not is_keras_tensor(X)
