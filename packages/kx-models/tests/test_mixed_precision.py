"""Models of mixed precision: dtypes along the way, float32 variables, loss scaling in `fit`."""

import numpy as np
import pytest

from kx_layers import Activation, Dense, Input, Layer
from kx_layers.policy import dtype_policy, set_dtype_policy
from kx_models import Model, Sequential
from kx_optimizers import SGD, LossScaleOptimizer
from kx_tensor import KerasTensor, ops

X = np.linspace(-1, 1, 24).reshape(8, 3).astype("float32")
Y = X.sum(1, keepdims=True)
HALF = {"mixed_float16": "float16", "mixed_bfloat16": "bfloat16"}


@pytest.fixture(params=HALF)
def policy(request):
    set_dtype_policy(request.param)
    yield request.param
    set_dtype_policy(None)


def test_layers_compute_in_half_and_keep_float32(policy):
    layer = Dense(2)
    assert layer(X).dtype == HALF[policy]
    assert layer(X.astype("float64")).dtype == HALF[policy]
    assert layer(Input((3,))).dtype == HALF[policy]
    assert (layer.kernel.dtype, layer.compute_dtype, layer.variable_dtype) == (
        "float32",
        HALF[policy],
        "float32",
    )


def test_only_floats_are_cast(policy):
    seen = []

    class Look(Layer):
        def build(self, input_shape):
            self.weight = self.add_weight((3,), name="weight")
            self.kept = self.add_weight((3,), autocast=False, name="kept")

        def call(self, x, ids):
            if not isinstance(x, KerasTensor):
                seen.append((x.dtype, ids.dtype, self.weight.dtype, self.kept.dtype))
                seen.append((ops.add(self.weight, x).dtype, ops.convert_to_tensor(self.weight).dtype))
            return x * self.weight

        def compute_output_shape(self, x_shape, ids_shape):
            return x_shape

        def build_from_config(self, config):
            self.build(config)

    class Look2(Look):
        def build(self, x_shape, ids_shape):
            super().build(x_shape)

    half = HALF[policy]
    assert Look2()(X, np.ones(3, "int32")).dtype == half
    assert seen == [(half, "int32", half, "float32"), (half, half)]


def test_a_layer_with_its_own_policy(policy):
    model = Sequential([Input((3,)), Dense(4), Activation("relu"), Dense(1, dtype="float32")])
    assert model(X).dtype == "float32"
    assert [layer.compute_dtype for layer in model.layers] == [HALF[policy], HALF[policy], "float32"]
    assert model.layers[0].get_config()["dtype"]["config"]["name"] == policy
    again = Sequential.from_config(model.get_config())
    assert [layer.compute_dtype for layer in again.layers] == [HALF[policy], HALF[policy], "float32"]


def test_training_learns_and_variables_stay_float32(policy):
    start = [np.full((3, 4), 0.3), np.zeros(4), np.full((4, 1), 0.3), np.zeros(1)]
    model = Sequential([Input((3,)), Dense(4), Dense(1, dtype="float32")])
    model.set_weights(start)
    model.compile(SGD(0.05), "mse")
    scaled = isinstance(model.optimizer, LossScaleOptimizer)
    assert scaled == (policy == "mixed_float16")
    if scaled:  # the usual first scale of 2**15 overflows here and leaves out the first steps
        model.compile(LossScaleOptimizer(SGD(0.05), initial_scale=16.0), "mse")
    history = model.fit(X, Y, batch_size=4, epochs=10, shuffle=False, verbose=0).history["loss"]
    set_dtype_policy("float32")
    plain = Sequential([Input((3,)), Dense(4), Dense(1)])
    plain.set_weights(start)
    plain.compile(SGD(0.05), "mse")
    expected = plain.fit(X, Y, batch_size=4, epochs=10, shuffle=False, verbose=0).history["loss"]
    np.testing.assert_allclose(history, expected, rtol=0.05, atol=0.01)
    assert all(w.dtype == "float32" for w in model.get_weights())


def test_a_functional_model_casts_between_its_layers(policy):
    x = Input((3,))
    assert x.dtype == "float32"
    hidden = Dense(4)(x)
    model = Model(x, [hidden, Dense(1, dtype="float32")(hidden)])
    assert [t.dtype for t in model.outputs] == [HALF[policy], "float32"]
    assert [t.dtype for t in model(X)] == [HALF[policy], "float32"]
    assert model.predict(X, verbose=0)[0].dtype == ops.cast(X, HALF[policy]).numpy().dtype


def test_the_loss_scale_goes_down_when_gradients_overflow():
    set_dtype_policy("mixed_float16")
    try:
        model = Sequential([Input((3,)), Dense(1, dtype="mixed_float16")])
        model.set_weights([np.ones((3, 1)), np.zeros(1)])
        optimizer = LossScaleOptimizer(SGD(0.01), initial_scale=2.0**30, dynamic_growth_steps=1000)
        model.compile(optimizer, "mse")
        before = model.get_weights()[0]
        model.train_on_batch(X * 100, Y)
        np.testing.assert_array_equal(model.get_weights()[0], before)  # the step was left out
        assert float(optimizer.dynamic_scale) == 2.0**29
        for _ in range(30):
            model.train_on_batch(X, Y)
        assert (model.get_weights()[0] != before).any()
        assert np.isfinite(model.get_weights()[0]).all()
    finally:
        set_dtype_policy(None)


def test_scaling_can_be_turned_off():
    model = Sequential([Input((3,)), Dense(1, dtype="mixed_float16")], name="half")
    model.dtype_policy = "mixed_float16"
    model.compile(SGD(0.01), "mse", auto_scale_loss=False)
    assert isinstance(model.optimizer, SGD)
    model.compile(SGD(0.01), "mse")
    assert isinstance(model.optimizer, LossScaleOptimizer)


def test_the_default_policy_is_float32():
    assert dtype_policy().name == "float32"
    assert Dense(2)(X).dtype == "float32"
