"""Replayed training steps: the bits of the eager ones, and eager again whenever something changes."""

import numpy as np
import pytest

from kx_layers.adaptive_pooling import AdaptiveAveragePooling1D, AdaptiveMaxPooling1D
from kx_layers.batch_normalization import BatchNormalization
from kx_layers.dense import Dense
from kx_layers.dropout import Dropout
from kx_layers.embedding import Embedding
from kx_layers.global_pooling import GlobalMaxPooling1D
from kx_layers.input_layer import Input
from kx_layers.layer import Layer
from kx_layers.merge import Add, Concatenate
from kx_layers.normalization import (
    GroupNormalization,
    LayerNormalization,
    RMSNormalization,
    UnitNormalization,
)
from kx_layers.pooling import AveragePooling1D, MaxPooling1D
from kx_layers.reshape import Flatten, Reshape
from kx_layers.spectral_normalization import SpectralNormalization
from kx_models import Model, Sequential
from kx_optimizers import SGD, Adam
from kx_tensor import config, ops, random


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def mlp():
    return Sequential([Input((6,)), Dense(5, activation="relu"), Dropout(0.3), Dense(1)])


def branches():
    a, b = Input((6,)), Input((6,))
    left, right = Dense(4, activation="gelu")(a), Dense(4, kernel_regularizer="l2")(b)
    joined = Concatenate()([Add()([left, right]), left])
    return Model([a, b], [Dense(1, name="one")(joined), Dense(1, name="two")(joined)])


def words():
    return Sequential([Input((6,), dtype="int32"), Embedding(9, 3), Flatten(), Dense(1)])


def normalized():
    return Sequential(
        [
            Input((6,)),
            SpectralNormalization(Dense(8)),
            BatchNormalization(momentum=0.5),
            LayerNormalization(),
            Reshape((4, 2)),
            GroupNormalization(2),
            MaxPooling1D(2, strides=1, padding="same"),
            BatchNormalization(renorm=True),
            AveragePooling1D(2, strides=1),
            RMSNormalization(),
            AdaptiveAveragePooling1D(2),
            AdaptiveMaxPooling1D(1),
            GlobalMaxPooling1D(),
            UnitNormalization(),
            Dense(1),
        ]
    )


def data(model, samples=24):
    if len(model.inputs) == 2:
        return [draw(samples, 6), draw(samples, 6, seed=1)], [draw(samples, 1), draw(samples, 1, seed=2)]
    x = draw(samples, 6)
    return (abs(x * 3).astype("int32") if "int" in model.inputs[0].dtype else x), draw(samples, 1, seed=2)


def trained(make, optimizer, eagerly, **fit):
    random.set_random_seed(5)
    model = make()
    model.compile(
        optimizer(), "mse", metrics=None if len(model.outputs) > 1 else ["mae"], run_eagerly=eagerly
    )
    x, y = data(model)
    history = model.fit(x, y, batch_size=5, epochs=4, verbose=0, **fit).history
    return history, model.get_weights(), model


@pytest.mark.parametrize("optimizer", [SGD, Adam, lambda: SGD(0.1, global_clipnorm=0.1)])
@pytest.mark.parametrize("make", [mlp, branches, words, normalized])
def test_training_is_the_same_bits_as_eagerly(make, optimizer):
    history, weights, model = trained(make, optimizer, eagerly=False)
    eager_history, eager_weights, eager_model = trained(make, optimizer, eagerly=True)
    assert {p.why_not for p in model._steady.plans.values()} == {None}
    assert all(p.program for p in model._steady.plans.values() if p.runs >= 4)
    assert any(p.program for p in model._steady.plans.values()) and not eager_model._steady.plans
    assert history == eager_history
    for mine, its in zip(weights, eager_weights, strict=True):
        np.testing.assert_array_equal(mine, its)


def test_sample_weights_and_masks_are_part_of_it():
    fit = {"sample_weight": abs(draw(24, seed=7))}
    history, weights, model = trained(mlp, SGD, False, **fit)
    eager_history, eager_weights, _ = trained(mlp, SGD, True, **fit)
    assert any(p.program for p in model._steady.plans.values())
    assert history == eager_history
    np.testing.assert_array_equal(weights[0], eager_weights[0])


def test_freezing_a_layer_starts_again():
    *_, model = trained(mlp, SGD, False)
    model.layers[0].trainable = False
    before = model.get_weights()
    x, y = data(model)
    model.compile(SGD(), "mse")
    model.fit(x, y, batch_size=5, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[0], before[0])
    assert np.any(model.get_weights()[2] != before[2])


def test_set_weights_and_a_new_learning_rate_count():
    *_, model = trained(mlp, SGD, False)
    x, y = data(model)
    model.set_weights([w * 0 for w in model.get_weights()])
    model.optimizer.learning_rate = 0.0
    model.fit(x, y, batch_size=5, verbose=0)
    assert any(p.program for p in model._steady.plans.values())
    assert all(not w.any() for w in model.get_weights())


@pytest.mark.parametrize(
    ("setting", "value"), [("floatx", "float64"), ("floatx", "float16"), ("epsilon", 0.5)]
)
def test_a_changed_setting_counts(setting, value):
    change, before = getattr(config, f"set_{setting}"), getattr(config, setting)()
    runs = []
    for eagerly in (False, True):
        random.set_random_seed(5)
        whole = Input((6,), dtype="int32")
        model = Model(
            whole, Dense(3, activation="softmax")(whole / 3)
        )  # a quotient of whole numbers is floatx
        model.compile(SGD(), "kl_divergence", run_eagerly=eagerly)
        x, y = np.arange(48, dtype="int32").reshape(8, 6) // 10, np.eye(3, dtype="float32")[np.arange(8) % 3]
        results = []
        try:
            for step in range(16):
                if step in (8, 12):
                    change(value if step == 8 else before)
                results.append(model.train_on_batch(x, y))
        finally:
            change(before)
        runs.append([*results, *model.get_weights()])
        assert eagerly or any(plan.program for plan in model._steady.plans.values())
    for replayed, eager in zip(*runs, strict=True):
        assert getattr(replayed, "dtype", None) == getattr(eager, "dtype", None)
        np.testing.assert_array_equal(replayed, eager)


def test_a_changed_field_of_a_layer_counts():
    *_, model = trained(mlp, SGD, False)
    x, y = data(model)
    model.layers[1].rate = 1.0  # nothing passes, and the last layer gets its bias to learn alone
    kernel = model.get_weights()[2]
    model.fit(x, y, batch_size=5, epochs=3, verbose=0)
    np.testing.assert_array_equal(model.get_weights()[2], kernel)


class Counting(Layer):
    calls = 0

    def call(self, inputs):
        self.calls += 1
        return inputs * 2.0


@pytest.mark.parametrize(
    "layer",
    [Counting, lambda: Dense(3, activation=lambda x: ops.relu(x)), lambda: Dense(3, kernel_regularizer=own)],
)
def test_code_of_the_user_runs_at_every_step(layer):
    model = Sequential([Input((6,)), layer(), Dense(1)])
    model.compile("sgd", "mse")
    x, y = data(model)
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    assert not model._steady.plans
    if isinstance(model.layers[0], Counting):
        assert model.layers[0].calls == 13  # once for the shapes, then at each of 12 steps


def own(weights):
    return ops.sum(weights) * 0.01


def test_an_output_without_a_loss_and_an_optimizer_used_before():
    random.set_random_seed(5)
    model = branches()
    x, y = data(model)
    for _ in range(2):  # the second time, nothing that is built changes the structure
        model.compile(model.optimizer or SGD(), ["mse", None])
        with pytest.warns(UserWarning, match="Gradients do not exist"):
            model.fit(x, y, batch_size=4, epochs=2, verbose=0)
        assert {bool(p.program) for p in model._steady.plans.values()} == {True}


def test_a_loss_of_the_user_runs_at_every_step():
    seen = []
    model = mlp()
    model.compile("sgd", lambda y, p: seen.append(1) or ops.mean(ops.square(y - p), axis=-1))
    x, y = data(model)
    model.fit(x, y, batch_size=4, epochs=2, verbose=0)
    assert len(seen) == 12


def test_many_shapes_are_not_all_captured():
    model = mlp()
    model.compile("sgd", "mse")
    x, y = data(model)
    for size in range(1, 23):
        model.train_on_batch(x[:size], y[:size])
    assert len(model._steady.plans) <= 23
    assert model._steady.plan.why_not == "the model has seen too many shapes"
