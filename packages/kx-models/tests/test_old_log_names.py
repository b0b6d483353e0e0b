"""What Keras before 2.3 called "acc" and "val_acc" is found where the logs say "accuracy"."""

import os

import numpy as np
import pytest

from kx_layers import Dense
from kx_layers.input_layer import Input
from kx_models import Sequential
from kx_models.callbacks import EarlyStopping, ModelCheckpoint, ReduceLROnPlateau

X = np.random.default_rng(0).random((16, 3), "float32")
Y = (X.sum(axis=1) > 1.5).astype("float32")


def fit(callbacks=(), metric="accuracy"):
    model = Sequential([Input((3,)), Dense(1, "sigmoid")])
    model.compile("sgd", "binary_crossentropy", metrics=[metric])
    return model.fit(X, Y, epochs=3, validation_data=(X, Y), verbose=0, callbacks=list(callbacks))


def test_the_history():
    history = fit().history
    assert history["acc"] == history["accuracy"] and history["val_acc"] == history["val_accuracy"]
    assert list(history) == ["accuracy", "loss", "val_accuracy", "val_loss"]
    with pytest.raises(KeyError, match="mae"):
        history["mae"]


def test_an_entry_of_that_name_is_itself():
    assert set(fit(metric="acc").history) == {"acc", "loss", "val_acc", "val_loss"}


def test_callbacks_that_watch_it(tmp_path):
    stop = EarlyStopping(monitor="val_acc", patience=0)
    fit([stop, ReduceLROnPlateau(monitor="acc", mode="max")])
    assert stop.monitor == "val_accuracy" and stop.best is not None
    path = str(tmp_path / "{epoch:02d}-{val_acc:.2f}.keras")
    fit([ModelCheckpoint(path, monitor="val_acc", save_best_only=True)])
    assert any(name.startswith("01-") for name in os.listdir(tmp_path))
