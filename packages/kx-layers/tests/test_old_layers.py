"""Layers, names and arguments of Keras 1 and 2."""

import json
from pathlib import Path

import numpy as np
import pytest

import kx_layers as layers
from kx_tensor import GradientTape, ops

GOLDEN = np.load(Path(__file__).parent / "golden/old_layers.npz")
CASES = json.loads(str(GOLDEN["cases"]))
X = np.random.default_rng(0).normal(size=(2, 6)).astype("float32")
quiet = pytest.mark.filterwarnings("ignore::FutureWarning")


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{c[0]}{i}" for i, c in enumerate(CASES)])
def test_recorded_from_keras_2(number):
    name, arguments = CASES[number]
    layer, x = getattr(layers, name)(**arguments), ops.convert_to_tensor(GOLDEN[f"x{number}"])
    layer.build(x.shape)
    layer.set_weights([GOLDEN[f"w{number}_{j}"] for j in range(len(layer.weights))])
    with GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
        total = ops.sum(y * y)
    np.testing.assert_allclose(y.numpy(), GOLDEN[f"y{number}"], rtol=1e-5, atol=1e-5)
    np.testing.assert_allclose(tape.gradient(total, x).numpy(), GOLDEN[f"g{number}"], rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("data_format", ["channels_first", "channels_last"])
def test_locally_connected_in_both_orders_of_axes(data_format):
    x = np.random.default_rng(1).normal(size=(2, 4, 5, 3)).astype("float32")
    last = layers.LocallyConnected2D(2, 3, data_format="channels_last")
    other = layers.LocallyConnected2D(2, 3, data_format=data_format)
    first = data_format == "channels_first"
    other.build((2, 3, 4, 5) if first else (2, 4, 5, 3))
    expected = last(x)
    other.set_weights(last.get_weights())
    y = other(x.transpose(0, 3, 1, 2) if first else x).numpy()
    np.testing.assert_allclose(y.transpose(0, 2, 3, 1) if first else y, expected.numpy(), rtol=1e-5)


def test_locally_connected_needs_sizes_and_valid_padding():
    with pytest.raises(ValueError, match="sizes must be known"):
        layers.LocallyConnected1D(2, 3).build((None, None, 3))
    with pytest.raises(ValueError, match="padding must be"):
        layers.LocallyConnected1D(2, 3, padding="same")
    with pytest.raises(ValueError, match="implementation"):
        layers.LocallyConnected1D(2, 3, implementation=2)


def test_maxout_and_highway_by_their_formulas():
    maxout = layers.MaxoutDense(3, nb_feature=2)
    y = maxout(X).numpy()
    kernel, bias = maxout.get_weights()
    np.testing.assert_allclose(y, np.max(np.einsum("nd,kdu->nku", X, kernel) + bias, axis=1), rtol=1e-5)
    highway = layers.Highway(activation="tanh")
    y = highway(X).numpy()
    kernel, gate_kernel, bias, gate_bias = highway.get_weights()
    assert (gate_bias == -2).all()
    t = 1 / (1 + np.exp(-(X @ gate_kernel + gate_bias)))
    np.testing.assert_allclose(y, t * np.tanh(X @ kernel + bias) + (1 - t) * X, rtol=1e-4, atol=1e-6)


@quiet
def test_positional_arguments_of_keras_1():
    conv = layers.Convolution2D(8, 3, 5, border_mode="same", subsample=(2, 2), dim_ordering="tf")
    assert type(conv) is layers.Conv2D and conv.kernel_size == (3, 5) and conv.strides == (2, 2)
    assert conv.padding == "same" and conv.name.startswith("conv2d")
    assert (
        layers.Convolution2D(8, 3, 3, "he_normal", "relu").kernel_initializer.__class__.__name__ == "HeNormal"
    )
    assert layers.Convolution2D(8, (3, 3), (2, 2)).strides == (2, 2)
    assert layers.Convolution2D(8, 3).kernel_size == (3, 3)
    assert layers.Convolution3D(8, 3, 4, 5).kernel_size == (3, 4, 5)
    assert layers.Convolution1D(8, 3, border_mode="valid", subsample_length=2).strides == (2,)
    turned = layers.Deconvolution2D(3, 3, 3, (None, 3, 14, 14), subsample=(2, 2), border_mode="same")
    assert type(turned) is layers.Conv2DTranspose and turned.strides == (2, 2)
    assert layers.AtrousConvolution2D(8, 3, 3, atrous_rate=(2, 2)).dilation_rate == (2, 2)
    assert layers.SeparableConvolution2D(8, 3, 3).kernel_size == (3, 3)
    assert layers.MaxPooling1D(pool_length=4, stride=2).strides == (2,)
    lstm = layers.LSTM(output_dim=4, inner_activation="hard_sigmoid", forget_bias_init="zero", dropout_U=0.1)
    assert (lstm.units, lstm.unit_forget_bias, lstm.recurrent_dropout) == (4, False, 0.1)
    assert type(layers.CuDNNLSTM(4, return_sequences=True)) is layers.LSTM
    assert type(layers.TimeDistributedDense(4)) is layers.Dense
    assert layers.Embedding(10, 4, init="uniform", dropout=0.2, input_length=3).output_dim == 4


def test_old_names_are_classes():
    conv = layers.Conv2D(4, 3)
    assert isinstance(conv, layers.Convolution2D) and issubclass(layers.Conv2D, layers.Convolution2D)
    assert not isinstance(layers.Dense(2), layers.Convolution2D)

    class Mine(layers.Convolution2D):
        def call(self, inputs):
            return super().call(inputs) * 2.0

    mine = Mine(4, 3)
    assert type(mine) is Mine and isinstance(mine, layers.Conv2D)


@quiet
def test_initial_weights_of_any_layer():
    kernel, bias = np.ones((6, 2), "float32"), np.full(2, 3.0, "float32")
    layer = layers.Dense(2, weights=[kernel, bias], input_shape=(6,))
    np.testing.assert_allclose(layer(X).numpy(), X @ kernel + bias, rtol=1e-5)
    with pytest.raises(ValueError, match="weight list of length 1"):
        layers.Dense(2, weights=[kernel])(X)
