"""Models copied and pickled, as loops over candidates and tools such as joblib do."""

import copy
import pickle

import numpy as np
import pytest

from kx_layers import LSTM, BatchNormalization, Dense, Dropout, Input
from kx_layers.merge import Add
from kx_models import Model, Sequential
from kx_tensor import ops, random

X = np.random.default_rng(0).normal(size=(12, 4)).astype("float32")
Y = X[:, :1] * 2


def pickled(model):
    return pickle.loads(pickle.dumps(model))


@pytest.mark.parametrize("copied", [pickled, copy.deepcopy])
@pytest.mark.parametrize("epochs", [0, 1, 8], ids=["new", "begun", "captured"])
def test_training_goes_on_to_the_same_bits(copied, epochs):
    random.set_random_seed(3)
    model = Sequential([Input((4,)), Dense(3, "relu"), Dropout(0.5, seed=1), BatchNormalization(), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    if epochs:
        model.fit(X, Y, epochs=epochs, verbose=0)
        model.predict(X, verbose=0)
    other = copied(model)
    assert [w.path for w in other.weights] == [w.path for w in model.weights]
    np.testing.assert_array_equal(other.predict(X, verbose=0), model.predict(X, verbose=0))
    losses = [each.fit(X, Y, epochs=6, verbose=0, shuffle=False).history["loss"] for each in (model, other)]
    assert losses[0] == losses[1]
    before = model.get_weights()
    other.fit(X, Y, verbose=0)
    for now, then in zip(model.get_weights(), before):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("copied", [pickled, copy.deepcopy])
def test_a_functional_model_with_functions(copied):
    x = Input((4,))
    y = LSTM(3)(ops.expand_dims(ops.relu(x) + 1, -1))
    model = Model(x, Add()([y, y]))
    other = copied(model)
    np.testing.assert_allclose(other.predict(X, verbose=0), model.predict(X, verbose=0), rtol=1e-5, atol=1e-6)
    assert other.to_json() == model.to_json()
