"""One row per layer, the same properties for all of them; what only one layer does is in test_layers_singly.py."""

import json

import numpy as np
import pytest

import kx_layers
from kx_io import deserialize, registry, serialize
from kx_layers import Layer
from kx_tensor import GradientTape, KerasTensor, Variable, ops
from kx_tensor.device import device
from kx_tensor.standin import standin

# layer, arguments, input shape(s) without the batch; "ids" marks integer input.
ROWS = [
    ("Activation", {"activation": "tanh"}, (5,)),
    ("ActivityRegularization", {"l1": 0.1}, (5,)),
    ("AdaptiveAveragePooling1D", {"output_size": 2}, (5, 3)),
    ("AdaptiveAveragePooling2D", {"output_size": 2}, (4, 5, 2)),
    ("AdaptiveAveragePooling3D", {"output_size": 2}, (3, 4, 3, 2)),
    ("AdaptiveMaxPooling1D", {"output_size": 2}, (5, 3)),
    ("AdaptiveMaxPooling2D", {"output_size": 2}, (4, 5, 2)),
    ("AdaptiveMaxPooling3D", {"output_size": 2}, (3, 4, 3, 2)),
    ("Add", {}, [(5,), (5,)]),
    ("AdditiveAttention", {"dropout": 0.1, "seed": 1}, [(3, 4), (5, 4)]),
    ("AlphaDropout", {"rate": 0.3, "seed": 1}, (5,)),
    ("Attention", {"use_scale": True}, [(3, 4), (5, 4)]),
    ("Average", {}, [(5,), (5,)]),
    ("AveragePooling1D", {"pool_size": 2, "padding": "same"}, (5, 3)),
    ("AveragePooling2D", {"pool_size": 2, "padding": "same"}, (4, 5, 2)),
    ("AveragePooling3D", {"pool_size": 2, "padding": "same"}, (3, 4, 3, 2)),
    ("BatchNormalization", {}, (5,)),
    ("BatchNormalization", {"axis": 1, "renorm": True, "center": False}, (4, 5)),
    ("Bidirectional", {"layer": {"class_name": "GRU", "config": {"units": 3}}, "merge_mode": "sum"}, (4, 5)),
    ("CenterCrop", {"height": 2, "width": 3}, (4, 5, 2)),
    ("Concatenate", {"axis": 1}, [(3, 2), (4, 2)]),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "causal"}, (6, 3)),
    ("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2}, (4, 3)),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "activation": "relu"}, (5, 6, 3)),
    ("Conv2D", {"filters": 4, "kernel_size": 2, "groups": 2, "data_format": "channels_first"}, (2, 5, 4)),
    ("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, (3, 2, 3)),
    ("Conv3D", {"filters": 2, "kernel_size": 2, "padding": "same"}, (2, 3, 4, 2)),
    ("Conv3DTranspose", {"filters": 2, "kernel_size": 2}, (2, 2, 3, 2)),
    (
        "ConvLSTM1D",
        {"filters": 2, "kernel_size": 3, "padding": "same", "return_sequences": True, "seed": 1},
        (3, 5, 2),
    ),
    (
        "ConvLSTM2D",
        {"filters": 2, "kernel_size": 2, "dropout": 0.2, "recurrent_dropout": 0.2, "seed": 1},
        (2, 3, 4, 1),
    ),
    ("ConvLSTM3D", {"filters": 2, "kernel_size": 2, "seed": 1}, (2, 2, 3, 2, 1)),
    ("Cropping1D", {"cropping": (1, 0)}, (5, 3)),
    ("Cropping2D", {"cropping": 1}, (4, 5, 2)),
    ("Cropping3D", {"cropping": ((1, 0), (0, 1), (1, 1))}, (3, 4, 3, 2)),
    ("Dense", {"units": 3, "activation": "relu"}, (5,)),
    ("Dense", {"units": 3}, (4, 5)),
    ("DepthwiseConv1D", {"kernel_size": 3}, (6, 3)),
    ("DepthwiseConv2D", {"kernel_size": 2, "depth_multiplier": 2, "strides": 2}, (5, 6, 3)),
    ("Dot", {"axes": 1}, [(5,), (5,)]),
    ("Dropout", {"rate": 0.3, "seed": 1}, (5,)),
    ("ELU", {}, (5,)),
    ("EinsumDense", {"equation": "abc,cd->abd", "output_shape": (None, 3), "bias_axes": "d"}, (4, 5)),
    ("Embedding", {"input_dim": 7, "output_dim": 3, "mask_zero": True}, "ids"),
    ("Flatten", {}, (2, 3)),
    ("GRU", {"units": 3, "dropout": 0.2, "recurrent_dropout": 0.2, "seed": 1}, (4, 5)),
    ("GaussianDropout", {"rate": 0.3, "seed": 1}, (5,)),
    ("GaussianNoise", {"stddev": 0.3, "seed": 1}, (5,)),
    ("GlobalAveragePooling1D", {}, (5, 3)),
    ("GlobalAveragePooling2D", {}, (4, 5, 2)),
    ("GlobalAveragePooling3D", {}, (3, 4, 3, 2)),
    ("GlobalMaxPooling1D", {"keepdims": True}, (5, 3)),
    ("GlobalMaxPooling2D", {"keepdims": True}, (4, 5, 2)),
    ("GlobalMaxPooling3D", {"keepdims": True}, (3, 4, 3, 2)),
    ("GroupNormalization", {"groups": 2}, (3, 4)),
    ("Identity", {}, (5,)),
    ("LSTM", {"units": 3, "dropout": 0.2, "return_sequences": True, "seed": 1}, (4, 5)),
    ("LayerNormalization", {}, (4, 5)),
    ("Highway", {"activation": "tanh"}, (5,)),
    ("LeakyReLU", {}, (5,)),
    ("LocallyConnected1D", {"filters": 4, "kernel_size": 3, "strides": 2}, (7, 3)),
    ("LocallyConnected2D", {"filters": 4, "kernel_size": (2, 3), "activation": "relu"}, (4, 5, 2)),
    ("Masking", {}, (4, 5)),
    ("MaxPooling1D", {}, (5, 3)),
    ("MaxPooling2D", {}, (4, 5, 2)),
    ("MaxPooling3D", {}, (3, 4, 3, 2)),
    ("Maximum", {}, [(5,), (5,)]),
    ("MaxoutDense", {"units": 3}, (5,)),
    ("Merge", {"mode": "ave"}, [(5,), (5,)]),
    ("Minimum", {}, [(5,), (5,)]),
    ("Multiply", {}, [(5,), (5,)]),
    ("Normalization", {"mean": 1.0, "variance": 2.0}, (5,)),
    ("Normalization", {"mean": [1.0, 2.0], "variance": [2.0, 0.0], "invert": True, "axis": 1}, (2, 3)),
    ("PReLU", {"shared_axes": [1]}, (4, 5)),
    ("Permute", {"dims": (2, 1)}, (4, 5)),
    ("RMSNormalization", {}, (5,)),
    ("RNN", {"cell": {"class_name": "LSTMCell", "config": {"units": 3}}, "go_backwards": True}, (4, 5)),
    ("RandomBrightness", {"factor": (0.1, 0.1), "value_range": (-5, 5), "seed": 1}, (4, 5, 2)),
    ("RandomContrast", {"factor": (0, 0), "value_range": (-5, 5), "seed": 1}, (4, 5, 2)),
    ("RandomRotation", {"factor": (0.1, 0.1), "seed": 1}, (4, 5, 2)),
    ("RandomTranslation", {"height_factor": (0.1, 0.1), "width_factor": (-0.2, -0.2), "seed": 1}, (4, 5, 2)),
    ("RandomZoom", {"height_factor": (0.2, 0.2), "seed": 1}, (4, 5, 2)),
    ("ReLU", {"max_value": 1.0}, (5,)),
    ("RepeatVector", {"n": 2}, (5,)),
    ("Rescaling", {"scale": 0.5, "offset": -1.0}, (5,)),
    ("Reshape", {"target_shape": (2, -1)}, (6,)),
    ("Resizing", {"height": 3, "width": 7}, (4, 5, 2)),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3}, (6, 3)),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 2, "padding": "same"}, (4, 5, 3)),
    ("SimpleRNN", {"units": 3, "activation": "relu", "seed": 1}, (4, 5)),
    ("Softmax", {}, (5,)),
    ("SpatialDropout1D", {"rate": 0.3, "seed": 1}, (4, 5)),
    ("SpatialDropout2D", {"rate": 0.3, "seed": 1}, (2, 3, 4)),
    ("SpatialDropout3D", {"rate": 0.3, "seed": 1}, (2, 2, 2, 3)),
    ("SpectralNormalization", {"layer": {"class_name": "Dense", "config": {"units": 3}}}, (5,)),
    ("Subtract", {}, [(5,), (5,)]),
    ("ThresholdedReLU", {"theta": 0.5}, (5,)),
    ("TimeDistributed", {"layer": {"class_name": "Dense", "config": {"units": 3}}}, (4, 5)),
    ("UnitNormalization", {}, (5,)),
    ("UpSampling1D", {"size": 3}, (5, 3)),
    ("UpSampling2D", {"size": 2, "interpolation": "bilinear"}, (4, 5, 2)),
    ("UpSampling3D", {"size": (1, 2, 3)}, (3, 4, 3, 2)),
    ("ZeroPadding1D", {"padding": 2}, (5, 3)),
    ("ZeroPadding2D", {"padding": (1, 2)}, (4, 5, 2)),
    ("ZeroPadding3D", {}, (3, 4, 3, 2)),
]
every_layer = pytest.mark.parametrize("row", ROWS, ids=[f"{r[0]}{i}" for i, r in enumerate(ROWS)])
# These make masks, or take them for something else.
OWN_MASKS = ("Embedding", "Masking", "Dot", "Softmax", "GlobalAveragePooling1D", "SpectralNormalization")
OWN_MASKS += ("AdditiveAttention", "Attention", "Bidirectional", "GRU", "LSTM", "RNN", "SimpleRNN")
OWN_MASKS += ("ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
# Tested in files of their own: layers without a call of their own, and such whose call takes several arguments.
NO_LAYER_OF_ITS_OWN = {
    "Lambda",
    "InputLayer",
    "Layer",
    "Wrapper",
    "MultiHeadAttention",
    "GroupQueryAttention",
}
NO_LAYER_OF_ITS_OWN |= {"CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup"}
NO_LAYER_OF_ITS_OWN |= {"StringLookup", "TextVectorization"}
NO_LAYER_OF_ITS_OWN |= {"RandomFlip", "SimpleRNNCell", "LSTMCell", "GRUCell", "StackedRNNCells"}


def make(row, **extra):
    return getattr(kx_layers, row[0])(**row[1], **extra)


def draw(row, batch=3, seed=0):
    rng = np.random.default_rng(seed)
    if row[2] == "ids":
        return rng.integers(0, 7, (batch, 4)).astype("int32")
    shapes = row[2] if isinstance(row[2], list) else [row[2]]
    xs = [rng.normal(size=(batch, *shape)).astype("float32") for shape in shapes]
    return xs if isinstance(row[2], list) else xs[0]


def symbols(x, dims):
    if isinstance(x, list):
        return [symbols(item, dims) for item in x]
    return KerasTensor([n if i in dims else None for i, n in enumerate(x.shape)], x.dtype.name)


def test_every_layer_has_a_row():
    mine = {n for n, c in registry("layers").classes().items() if c.__module__.startswith("kx_layers")}
    assert mine - NO_LAYER_OF_ITS_OWN == {row[0] for row in ROWS}
    assert all(getattr(kx_layers, name, None) is registry("layers").classes()[name] for name in mine)


@every_layer
def test_symbolic_shape_is_the_real_one(row):
    x = draw(row)
    real = make(row)(x)
    rank = len(x[0].shape if isinstance(x, list) else x.shape)
    exact = make(row)(symbols(x, range(rank)))
    assert exact.shape == tuple(real.shape) and exact.dtype == real.dtype
    free = make(row)(symbols(x, range(1, rank)))
    assert len(free.shape) == len(real.shape) and free.shape[0] is None
    assert all(s in (n, None) for s, n in zip(free.shape, real.shape))
    shape = [item.shape for item in x] if isinstance(x, list) else x.shape
    assert tuple(make(row).compute_output_shape(shape)) == tuple(real.shape)


@every_layer
def test_config_round_trip(row):
    x, layer = draw(row), make(row)
    config = json.loads(json.dumps(layer.get_config()))
    assert json.loads(json.dumps(type(layer).from_config(config).get_config())) == config
    layer(x)
    whole = json.loads(json.dumps(serialize(layer)))
    assert whole["module"] == "keras.layers" and whole["class_name"] == row[0]
    again = deserialize(whole)
    assert type(again) is type(layer) and len(again.weights) == len(layer.weights)
    again.set_weights(layer.get_weights())
    np.testing.assert_array_equal(again(x).numpy(), layer(x).numpy())


@every_layer
def test_building_twice_is_harmless(row):
    x, layer = draw(row), make(row)
    before = layer(x).numpy()
    assert layer.built
    count = len(layer.weights)
    np.testing.assert_array_equal(layer(x).numpy(), before)
    layer(symbols(x, range(1, 9)))
    np.testing.assert_array_equal(layer(draw(row, batch=3)).numpy(), before)
    assert len(layer.weights) == count


@every_layer
def test_counts_agree_however_it_is_built(row):
    x = draw(row)
    called, symbolic = make(row), make(row)
    called(x)
    symbolic(symbols(x, range(1, 9)))
    built = make(row)
    built.build([(None, *item.shape[1:]) for item in x] if isinstance(x, list) else (None, *x.shape[1:]))
    numbers = [(len(la.weights), len(la.variables), la.count_params()) for la in (called, symbolic, built)]
    assert numbers[0] == numbers[1] == numbers[2]
    seeds = len(called.variables) - len(called.weights)
    assert seeds == {"RNN": 1, "Bidirectional": 2}.get(row[0], 1 if "seed" in row[1] else 0)


@every_layer
def test_one_step_lowers_a_loss(row):
    """A step on the weights, or, for a layer without any, on its input."""
    x, layer = draw(row), make(row)
    out = layer(x)
    target = np.random.default_rng(1).normal(size=out.shape).astype("float32")
    trained = layer.trainable_variables
    fixed = [Variable(item) for item in (x if isinstance(x, list) else [x])] if not trained else None

    def loss():
        inputs = x if trained else [v.value for v in fixed]
        y = layer(inputs if isinstance(x, list) or trained else inputs[0])
        return ops.mean(ops.square(y - target))

    with GradientTape() as tape:
        before = loss()
    sources = trained or fixed
    for variable, g in zip(sources, tape.gradient(before, sources)):
        variable.assign_sub(0.01 * g)
    assert float(loss()) < float(before)


@every_layer
@pytest.mark.parametrize("policy", ["mixed_float16", "mixed_bfloat16"])
def test_mixed_precision(row, policy):
    x, layer = draw(row), make(row, dtype=policy)
    half = policy.removeprefix("mixed_")
    assert layer(x, training=True).dtype == half
    assert all(w.dtype == "float32" for w in layer.weights)
    full = make(row)
    full(x)
    full.set_weights(layer.get_weights())
    np.testing.assert_allclose(
        ops.cast(layer(x), "float32").numpy(), full(x).numpy(), atol=0.15 if half == "bfloat16" else 0.02
    )


@pytest.mark.parametrize("row", [r for r in ROWS if r[0] not in OWN_MASKS], ids=lambda r: r[0])
def test_masks_pass(row):
    x, layer = draw(row), make(row)
    if layer.supports_masking:
        tensors = [ops.convert_to_tensor(item) for item in (x if isinstance(x, list) else [x])]
        for tensor in tensors:
            tensor._keras_mask = ops.convert_to_tensor(np.array([True, False, True]))
        out = layer(tensors if isinstance(x, list) else tensors[0])
        assert out._keras_mask is not None
    else:
        tensor = ops.convert_to_tensor(x)
        tensor._keras_mask = ops.convert_to_tensor(np.ones(x.shape[:2], "bool"))
        with pytest.warns(UserWarning, match="does not support masking"):
            assert layer(tensor)._keras_mask is None


@every_layer
def test_signature_and_names(row):
    layer = make(row, name="mine")
    assert layer.name == "mine" and "mine" in repr(layer)
    assert isinstance(layer, Layer)
    with pytest.raises(TypeError, match="nmae"):
        make(row, nmae="mine")
    layer(draw(row))
    assert all(w.path.startswith("mine/") for w in layer.weights)


@every_layer
def test_an_empty_batch(row):
    assert make(row)(draw(row, batch=0)).shape[0] == 0


@every_layer
def test_on_a_device_that_refuses_what_cupy_refuses(row):
    x, layer = draw(row), make(row)
    here = layer(x).numpy()
    with device(standin):
        there = make(row)
        with GradientTape() as tape:
            out = there(x)
            loss = ops.sum(ops.square(out)) + sum(there.losses, 0.0)
        assert out.device is standin
        assert all(g is not None for g in tape.gradient(loss, there.trainable_variables))
        there(x, training=True)
        there.set_weights(layer.get_weights())
        np.testing.assert_allclose(there(x).numpy(), here, rtol=1e-6, atol=1e-6)
