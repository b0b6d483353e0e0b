"""Replayed predictions and evaluations: the bits of the eager ones, and eager again whenever something changes."""

import numpy as np
import pytest

from kx_layers.dense import Dense
from kx_layers.embedding import Embedding
from kx_layers.input_layer import Input
from kx_layers.layer import Layer
from kx_layers.lstm import LSTM
from kx_layers.masking import Masking
from kx_layers.normalization import LayerNormalization
from kx_models import Model, Sequential


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def plans(model):
    return list(model._steady_forward.plans.values())


def recurrent():
    return Sequential([Input((5,), dtype="int32"), Embedding(9, 4, mask_zero=True), LSTM(3), Dense(2)])


def branches():
    a, b = Input((6,)), Input((6,))
    shared = Dense(4, activation="tanh")
    return Model([a, b], {"one": Dense(1)(shared(a)), "two": LayerNormalization()(shared(b))})


CASES = [
    (lambda: Sequential([Input((6,)), Dense(5, activation="relu"), Dense(1)]), draw(7, 6)),
    (recurrent, np.random.default_rng(1).integers(0, 9, (7, 5)).astype("int32")),
    (branches, [draw(7, 6), draw(7, 6, seed=1)]),
]


@pytest.mark.parametrize(("make", "x"), CASES)
def test_predictions_are_the_same_bits_as_eagerly(make, x):
    model = make()
    flat = lambda outputs: list(outputs.values()) if isinstance(outputs, dict) else [outputs]
    expected = [o.numpy() for o in flat(model(x, training=False))]
    for _ in range(6):
        for mine, its in zip(flat(model.predict_on_batch(x)), expected, strict=True):
            np.testing.assert_array_equal(mine, its)
    assert [p.why_not for p in plans(model)] == [None] and plans(model)[0].program


def test_new_weights_count_and_so_does_training():
    model = Sequential([Input((6,)), Dense(1)])
    x = draw(7, 6)
    for _ in range(5):
        model.predict_on_batch(x)
    model.set_weights([w * 0 + 1 for w in model.get_weights()])
    np.testing.assert_allclose(model.predict_on_batch(x)[:, 0], x.sum(axis=1) + 1, rtol=1e-5)
    model.compile("sgd", "mse")
    model.fit(x, x[:, :1], epochs=3, verbose=0)
    for _ in range(5):
        np.testing.assert_array_equal(model.predict_on_batch(x), model(x).numpy())


def test_evaluation_replays_the_outputs():
    x, y = draw(40, 6), draw(40, 1, seed=2)
    results = []
    for eagerly in (False, True):
        model = Sequential([Input((6,)), Dense(1, kernel_initializer="ones", kernel_regularizer="l2")])
        model.compile("sgd", "mse", metrics=["mae"], run_eagerly=eagerly)
        results.append(model.evaluate(x, y, batch_size=5, verbose=0))
        assert any(p.program for p in plans(model)) is not eagerly
    assert results[0] == results[1]


class Counting(Layer):
    calls = 0

    def call(self, inputs):
        self.calls += 1
        return inputs * 2.0


def test_code_of_the_user_runs_each_time():
    model = Sequential([Input((6,)), Counting(), Dense(1)])
    for _ in range(6):
        model.predict_on_batch(draw(3, 6))
    assert not plans(model) and model.layers[0].calls == 7  # and once for the shapes


def test_outputs_with_a_mask_are_not_replayed():
    model = Sequential([Input((4, 2)), Masking()])
    for _ in range(6):
        model.predict_on_batch(draw(3, 4, 2))
    assert plans(model)[0].why_not == "its results carry masks"
