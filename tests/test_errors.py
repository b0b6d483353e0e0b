"""The mistakes people make, and the texts that tell them what to do."""

import numpy as np
import pytest

import kx
from kx import layers


@pytest.fixture
def model():
    model = kx.Sequential([kx.Input((4,)), layers.Dense(3, activation="softmax")], name="classifier")
    model.compile("sgd", "categorical_crossentropy")
    return model


@pytest.fixture
def data():
    rng = np.random.default_rng(0)
    return rng.random((20, 4), "float32"), np.eye(3, dtype="float32")[rng.integers(0, 3, 20)]


def text_of(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


def test_misspelt_loss(model):
    text = text_of(ValueError, lambda: model.compile(loss="catgorical_crossentropy"))
    assert text.startswith("Unknown loss 'catgorical_crossentropy'. Did you mean 'categorical_crossentropy'?")


def test_misspelt_metric_and_optimizer(model):
    assert "Did you mean 'accuracy'?" in text_of(ValueError, lambda: model.compile(metrics=["acuracy"]))
    assert "Did you mean 'rmsprop'?" in text_of(ValueError, lambda: model.compile("rmsprob"))


def test_misspelt_argument_of_compile(model):
    text = text_of(TypeError, lambda: model.compile(loss="mse", metric=["accuracy"]))
    assert "compile() got an unexpected keyword argument 'metric'. Did you mean 'metrics'?" in text


def test_misspelt_argument_of_fit(model, data):
    text = text_of(TypeError, lambda: model.fit(*data, apochs=10))
    assert "fit() got an unexpected keyword argument 'apochs'. Did you mean 'epochs'?" in text


def test_misspelt_argument_of_a_layer():
    text = text_of(TypeError, lambda: layers.Dense(untis=3))
    assert "Dense got an unexpected keyword argument 'untis'. Did you mean 'units'?" in text


def test_wrong_input_shape(model, data):
    x, y = data
    text = text_of(ValueError, lambda: model.fit(x[:, :3], y, verbose=0))
    assert 'Input 0 of layer "classifier" is incompatible with the layer' in text
    assert "expected shape=(None, 4), found shape=(20, 3)" in text
    assert "One sample should be (4,), it is (3,)" in text


def test_wrong_target_shape(model, data):
    x, y = data
    text = text_of(ValueError, lambda: model.fit(x, y[:, :2], verbose=0))
    assert "categorical_crossentropy" in text and "(20, 2)" in text and "(20, 3)" in text


def test_integer_labels_for_one_hot_loss(model, data):
    x, y = data
    text = text_of(ValueError, lambda: model.fit(x, y.argmax(axis=1), verbose=0))
    assert "sparse_categorical_crossentropy" in text


def test_label_out_of_range(model, data):
    x, _ = data
    model.compile("sgd", "sparse_categorical_crossentropy")
    labels = np.zeros(20, "int64")
    labels[5] = 7
    text = text_of(ValueError, lambda: model.fit(x, labels, batch_size=20, verbose=0))
    assert "label 7 is out of range: the output has 3 classes, so labels go from 0 to 2" in text


def test_different_numbers_of_samples(model, data):
    x, y = data
    text = text_of(ValueError, lambda: model.fit(x, y[:10], verbose=0))
    assert "20" in text and "10" in text


def test_fit_before_compile(data):
    model = kx.Sequential([kx.Input((4,)), layers.Dense(3)])
    assert "compile()" in text_of(ValueError, lambda: model.fit(*data, verbose=0))


def test_nan_stops_training(model, data, capsys):
    x, y = data
    x = x.copy()
    x[0, 0] = np.nan
    history = model.fit(x, y, epochs=5, verbose=0, callbacks=[kx.callbacks.TerminateOnNaN()])
    assert len(history.history["loss"]) == 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out


def test_nan_can_raise(model, data):
    x, y = data
    callback = kx.callbacks.TerminateOnNaN(raise_error=True)
    assert (
        "nan"
        in text_of(RuntimeError, lambda: model.fit(x * np.nan, y, verbose=0, callbacks=[callback])).lower()
    )
