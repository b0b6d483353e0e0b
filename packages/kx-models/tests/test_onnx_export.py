"""Models exported to ONNX: onnxruntime computes from the file what kx does."""

import sys

import numpy as np
import pytest

import kx_layers as L
from kx_layers.input_layer import Input
from kx_layers.input_spec import InputSpec
from kx_models import Model, Sequential
from kx_models.export.onnx import export_onnx
from kx_tensor import ops

pytest.importorskip("onnx")
onnxruntime = pytest.importorskip("onnxruntime")


def draw(*shape):
    return np.random.default_rng(len(shape)).standard_normal(shape).astype("float32")


IMAGES, STEPS, ROWS, VOLUMES = draw(2, 12, 10, 4), draw(2, 7, 4), draw(3, 6), draw(1, 6, 6, 6, 2)
IDS = np.random.default_rng(1).integers(0, 9, (2, 7)).astype("int32")


def around(layer, x):
    """A model of one layer, on inputs like x."""
    return Sequential([Input(x.shape[1:], dtype=x.dtype.name), layer]), [x]


def set_random_weights(model):
    rng = np.random.default_rng(3)
    for v in model.variables:
        if v.dtype == "float32":
            values = rng.standard_normal(v.shape) * 0.3 + (0.6 if len(v.shape) == 1 else 0)
            v.assign(np.abs(values) + 0.1 if "variance" in v.path else values)


def assert_same(model, inputs, path, signature=None):
    set_random_weights(model)
    export_onnx(model, path, signature)
    session = onnxruntime.InferenceSession(str(path))
    got = session.run(None, {one.name: x for one, x in zip(session.get_inputs(), inputs, strict=True)})
    expected = model(inputs if len(inputs) > 1 else inputs[0], training=False)
    expected = [e.numpy() for e in (expected if isinstance(expected, (list, tuple)) else [expected])]
    for mine, theirs in zip(expected, got, strict=True):
        assert (mine.shape, mine.dtype) == (theirs.shape, theirs.dtype)
        np.testing.assert_allclose(theirs, mine, rtol=1e-4, atol=1e-5)


ACTIVATIONS = [
    "relu", "sigmoid", "tanh", "softmax", "elu", "selu", "gelu", "silu", "softplus", "softsign",
    "hard_sigmoid", "hard_silu", "mish", "exponential", "leaky_relu", "log_softmax", "relu6", "linear",
    "celu", "glu", "hard_tanh", "hard_shrink", "soft_shrink", "squareplus", "tanh_shrink", "sparse_plus",
    "sparse_sigmoid", "log_sigmoid", "sparsemax",
]  # fmt: skip


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations(name, tmp_path):
    assert_same(*around(L.Dense(4, activation=name), ROWS), tmp_path / "model.onnx")


@pytest.mark.parametrize("strides", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize(
    ("make", "x"),
    [
        (lambda **kw: L.Conv2D(6, 3, activation="relu", groups=2, **kw), IMAGES),
        (lambda **kw: L.DepthwiseConv2D(3, depth_multiplier=2, **kw), IMAGES),
        (lambda **kw: L.SeparableConv2D(5, 3, **kw), IMAGES),
        (lambda **kw: L.Conv2DTranspose(5, 2, **kw), IMAGES),
        (lambda **kw: L.Conv2DTranspose(5, 3, **kw), IMAGES),
        (lambda **kw: L.Conv2DTranspose(5, 4, **kw), IMAGES),
        (lambda **kw: L.MaxPooling2D(3, **kw), IMAGES),
        (lambda **kw: L.AveragePooling2D(3, **kw), IMAGES),
        (lambda **kw: L.Conv1D(6, 3, **kw), STEPS),
        (lambda **kw: L.Conv3D(3, 3, **kw), VOLUMES),
    ],
)
def test_windows(make, x, padding, strides, tmp_path):
    assert_same(*around(make(padding=padding, strides=strides), x), tmp_path / "model.onnx")


LAYERS = {
    "dilated": (L.Conv2D(6, 3, dilation_rate=2, padding="same"), IMAGES),
    "causal": (L.Conv1D(6, 3, dilation_rate=2, padding="causal"), STEPS),
    "channels first": (L.Conv2D(6, 3, data_format="channels_first"), IMAGES),
    "wide strides": (L.Conv2DTranspose(5, 2, strides=3), IMAGES),
    "global average": (L.GlobalAveragePooling2D(), IMAGES),
    "global maximum": (L.GlobalMaxPooling1D(), STEPS),
    "adaptive average": (L.AdaptiveAveragePooling2D(3), IMAGES),
    "adaptive maximum": (L.AdaptiveMaxPooling2D(3), IMAGES),
    "upsampling": (L.UpSampling2D(2), IMAGES),
    "bilinear upsampling": (L.UpSampling2D((2, 3), interpolation="bilinear"), IMAGES),
    "bicubic resizing": (L.Resizing(25, 7, interpolation="bicubic"), IMAGES),
    "padding": (L.ZeroPadding2D(1), IMAGES),
    "cropping": (L.Cropping2D(((1, 2), (0, 1))), IMAGES),
    "rescaling": (L.Rescaling(1 / 255), IMAGES),
    "centre": (L.CenterCrop(4, 4), IMAGES),
    "convolutional lstm": (L.ConvLSTM1D(3, 3, return_sequences=True, padding="same"), draw(2, 4, 6, 2)),
    "batch normalization": (L.BatchNormalization(), IMAGES),
    "layer normalization": (L.LayerNormalization(), STEPS),
    "group normalization": (L.GroupNormalization(2), IMAGES),
    "rms normalization": (L.RMSNormalization(), STEPS),
    "unit normalization": (L.UnitNormalization(), STEPS),
    "spectral normalization": (L.SpectralNormalization(L.Dense(3)), ROWS),
    "dropout": (L.Dropout(0.5), ROWS),
    "noise": (L.GaussianNoise(0.1), ROWS),
    "flatten": (L.Flatten(), IMAGES),
    "permute": (L.Permute((2, 1)), STEPS),
    "reshape": (L.Reshape((4, -1)), STEPS),
    "repeat": (L.RepeatVector(3), ROWS),
    "time distributed": (L.TimeDistributed(L.Dense(3)), STEPS),
    "einsum": (L.EinsumDense("abc,cd->abd", (None, 5), bias_axes="d"), STEPS),
    "prelu": (L.PReLU(), ROWS),
    "relu with a maximum": (L.ReLU(6, 0.1, 0.5), ROWS),
    "leaky relu": (L.LeakyReLU(), ROWS),
    "elu": (L.ELU(), ROWS),
    "softmax": (L.Softmax(), ROWS),
    "lstm": (L.LSTM(5), STEPS),
    "lstm sequences": (L.LSTM(5, return_sequences=True), STEPS),
    "lstm backwards": (L.LSTM(5, go_backwards=True, return_sequences=True), STEPS),
    "lstm hard sigmoid": (L.LSTM(5, recurrent_activation="hard_sigmoid"), STEPS),
    "lstm relu": (L.LSTM(5, activation="relu", use_bias=False), STEPS),
    "lstm elu": (L.LSTM(5, activation="elu"), STEPS),
    "gru": (L.GRU(5), STEPS),
    "gru sequences": (L.GRU(5, return_sequences=True, use_bias=False), STEPS),
    "gru reset before": (L.GRU(5, reset_after=False), STEPS),
    "simple rnn": (L.SimpleRNN(5, return_sequences=True, go_backwards=True), STEPS),
    "bidirectional": (L.Bidirectional(L.LSTM(5, return_sequences=True)), STEPS),
    "stacked cells": (L.RNN([L.LSTMCell(5), L.GRUCell(4)]), STEPS),
}


@pytest.mark.parametrize("name", LAYERS)
def test_layers(name, tmp_path):
    assert_same(*around(*LAYERS[name]), tmp_path / "model.onnx")


def merged(make):
    a, b = Input((4,)), Input((4,))
    return Model([a, b], make([a, b])), [draw(2, 4), draw(3, 4)[:2]]


def attended(make, steps=5):
    query, value = Input((steps, 6)), Input((4, 6))
    return Model([query, value], make(query, value)), [draw(2, 5, 6), draw(2, 4, 6)]


def masked(recurrent):
    return Sequential([Input((7,), dtype="int32"), L.Embedding(9, 4, mask_zero=True), recurrent]), [IDS]


def nested():
    x = Input((4,))
    inner = Sequential([Input((4,)), L.Dense(3)])
    return Model(x, [L.Dense(2, name="one")(inner(x)), L.Dense(3, name="two")(inner(x))]), [draw(3, 4)]


def with_ops():
    x = Input((4,))
    parts = [x * 2 + 1, ops.exp(-x), x[:, 1:3], ops.maximum(x, 0.0), ops.where(x > 0, x, x // 2)]
    parts += [ops.cast(ops.argsort(x, axis=-1), "float32"), ops.cumsum(x, axis=1), ops.roll(x, 1, axis=1)]
    return Model(x, ops.concatenate(parts, -1)), [draw(3, 4)]


def encoder_decoder():
    source, target = Input((7, 4)), Input((6, 4))
    _, h, c = L.LSTM(5, return_state=True)(source)
    return Model([source, target], L.LSTM(5, return_sequences=True)(target, initial_state=[h, c])), [
        STEPS,
        draw(2, 6, 4),
    ]


def any_size():
    layers = [L.Conv2D(6, 3, padding="same", strides=2), L.GlobalAveragePooling2D()]
    return Sequential([Input((None, None, 4)), *layers]), [IMAGES]


MODELS = {
    "add": lambda: merged(L.Add()),
    "subtract": lambda: merged(L.Subtract()),
    "average": lambda: merged(L.Average()),
    "minimum": lambda: merged(L.Minimum()),
    "concatenate": lambda: merged(L.Concatenate()),
    "dot": lambda: merged(L.Dot(1)),
    "attention": lambda: attended(lambda q, v: L.Attention()([q, v])),
    "additive attention": lambda: attended(lambda q, v: L.AdditiveAttention()([q, v])),
    "multi head": lambda: attended(L.MultiHeadAttention(2, 3)),
    "multi head causal": lambda: attended(
        lambda q, v: L.MultiHeadAttention(2, 3)(q, q, use_causal_mask=True) + v[:, :1]
    ),
    "multi head, any length": lambda: attended(L.MultiHeadAttention(2, 3), steps=None),
    "grouped queries": lambda: attended(L.GroupQueryAttention(4, 4, 2)),
    "masked lstm": lambda: masked(L.LSTM(3)),
    "masked gru": lambda: masked(L.GRU(3, return_sequences=True)),
    "masked average": lambda: masked(L.GlobalAveragePooling1D()),
    "nested, two outputs": nested,
    "ops": with_ops,
    "encoder and decoder": encoder_decoder,
    "any size": any_size,
}


@pytest.mark.parametrize("name", MODELS)
def test_models(name, tmp_path):
    assert_same(*MODELS[name](), tmp_path / "model.onnx")


class Residual(Model):
    def __init__(self):
        super().__init__()
        self.dense = L.Dense(6)

    def call(self, x):
        return x + self.dense(x)


def test_a_subclassed_model_says_its_inputs_by_being_called(tmp_path):
    model = Residual()
    with pytest.raises(ValueError, match="input_signature"):
        export_onnx(model, tmp_path / "model.onnx")
    model(ROWS)
    assert_same(model, [ROWS], tmp_path / "model.onnx")


def test_a_signature_says_what_is_free(tmp_path):
    assert_same(Residual(), [ROWS], tmp_path / "model.onnx", [InputSpec(shape=(None, 6), dtype="float32")])


def test_inputs_and_outputs_carry_the_names_of_the_model(tmp_path):
    x = Input((4,), name="pixels")
    export_onnx(Model(x, [L.Dense(2, name="digit")(x)]), tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(str(tmp_path / "model.onnx"))
    assert [i.name for i in session.get_inputs()] == ["pixels"]
    assert [o.name for o in session.get_outputs()] == ["digit"]
    assert session.get_inputs()[0].shape == ["n0", 4]


def test_ops_without_counterpart_are_all_named_and_no_file_is_left(tmp_path):
    x = Input((4,))
    model = Model(x, ops.cumprod(ops.cast(ops.searchsorted(np.arange(3.0), ops.ravel(x)), "float32")))
    with pytest.raises(ValueError, match="does not know: cumprod, searchsorted"):
        export_onnx(model, tmp_path / "model.onnx")
    assert not list(tmp_path.iterdir())


def test_other_formats_are_refused_by_name(tmp_path):
    model = Sequential([Input((3,)), L.Dense(2)])
    with pytest.raises(ValueError, match='format="onnx"'):
        model.export(tmp_path / "model")
    model.export(tmp_path / "model.onnx", format="onnx")
    assert (tmp_path / "model.onnx").stat().st_size > 100


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(ImportError, match="pip install onnx"):
        export_onnx(Sequential([Input((3,)), L.Dense(2)]), tmp_path / "model.onnx")
