"""Dropout and noise: statistics, seeds, `training`, noise shapes; symbolic calls."""

import numpy as np
import pytest

import kx_layers as layers
from kx_tensor import KerasTensor, grad, ops
from kx_tensor.random import SeedGenerator

RANDOM = [
    ("Dropout", {"rate": 0.3}),
    ("GaussianDropout", {"rate": 0.3}),
    ("GaussianNoise", {"stddev": 0.3}),
    ("AlphaDropout", {"rate": 0.3}),
]
every_layer = pytest.mark.parametrize("name, kwargs", RANDOM, ids=[r[0] for r in RANDOM])


def make(name, kwargs, **extra):
    return getattr(layers, name)(**kwargs, **extra)


@every_layer
def test_only_in_training(name, kwargs):
    x = np.ones((4, 5), "float32")
    layer = make(name, kwargs)
    np.testing.assert_array_equal(layer(x).numpy(), x)
    np.testing.assert_array_equal(layer(x, training=False).numpy(), x)
    assert (layer(x, training=True).numpy() != x).any()


@every_layer
def test_seeds(name, kwargs):
    x = np.ones((4, 5), "float32")
    one, same, other = make(name, kwargs, seed=1), make(name, kwargs, seed=1), make(name, kwargs, seed=2)
    first = one(x, training=True).numpy()
    np.testing.assert_array_equal(first, same(x, training=True).numpy())
    assert (first != one(x, training=True).numpy()).any()  # the generator moves on
    assert (first != other(x, training=True).numpy()).any()
    assert [v.path for v in one.variables] == [f"{one.seed_generator.name}/seed_generator_state"]
    assert one.weights == [] and len(one.non_trainable_variables) == 1 and one.count_params() == 0
    with pytest.raises(ValueError, match="seed"):
        make(name, kwargs, seed="a")
    with pytest.raises(ValueError, match="seed"):
        make(name, kwargs, seed=SeedGenerator(1))


@every_layer
def test_statistics(name, kwargs):
    x = np.random.default_rng(0).normal(size=(200, 300)).astype("float32")
    out = make(name, kwargs, seed=1)(x, training=True).numpy()
    assert out.mean() == pytest.approx(x.mean(), abs=0.02)
    spread = {
        "Dropout": 1 / 0.7,
        "GaussianDropout": 1 + 0.3 / 0.7,
        "GaussianNoise": 1 + 0.09,
        "AlphaDropout": 1.0,
    }
    assert out.var() == pytest.approx(x.var() * spread[name], rel=0.03)
    if name == "Dropout":
        kept = out != 0
        assert kept.mean() == pytest.approx(0.7, abs=0.01)
        np.testing.assert_allclose(out[kept], x[kept] / 0.7, rtol=1e-6)


@every_layer
def test_symbolic_calls_in_training(name, kwargs):
    out = make(name, kwargs)(KerasTensor((None, 5), "float32"), training=True)
    assert out.shape == (None, 5) and out.dtype == "float32"


@every_layer
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "mixed_float16"])
def test_half_precision(name, kwargs, dtype):
    out = make(name, kwargs, dtype=dtype)(np.ones((4, 5), "float32"), training=True)
    assert out.dtype == dtype.removeprefix("mixed_")


def test_the_gradient_takes_the_same_mask():
    layer = layers.Dropout(0.5, seed=1)
    out = layer(np.ones((8, 8), "float32"), training=True).numpy()
    layer = layers.Dropout(0.5, seed=1)
    slope = grad(lambda x: ops.sum(layer(x, training=True)))(np.ones((8, 8), "float32"))
    np.testing.assert_array_equal(slope.numpy(), out)


@pytest.mark.parametrize(
    "name, kwargs, shape, axes",
    [
        ("Dropout", {"noise_shape": (None, 1, None)}, (4, 5, 6), (1,)),
        ("Dropout", {"noise_shape": (4, 1, 1)}, (4, 5, 6), (1, 2)),
        ("SpatialDropout1D", {}, (4, 5, 6), (1,)),
        ("SpatialDropout2D", {}, (4, 5, 3, 6), (1, 2)),
        ("SpatialDropout2D", {"data_format": "channels_first"}, (4, 6, 5, 3), (2, 3)),
        ("SpatialDropout3D", {}, (4, 5, 3, 2, 6), (1, 2, 3)),
    ],
)
def test_decisions_in_common(name, kwargs, shape, axes):
    out = make(name, kwargs, rate=0.5, seed=3)(np.ones(shape, "float32"), training=True).numpy()
    assert (out == out.max(axis=axes, keepdims=True)).all()
    assert set(np.unique(out)) == {0.0, 2.0}


def test_alpha_dropout_decisions_in_common():
    out = layers.AlphaDropout(0.5, (None, 1), seed=1)(np.ones((20, 5), "float32"), training=True).numpy()
    assert (out == out[:, :1]).all() and len(np.unique(out)) == 2


def test_rate_0_has_no_generator_and_rate_1_gives_zeros():
    assert layers.Dropout(0).variables == []
    assert layers.Dropout(1.0)(np.ones((2, 3), "float32"), training=True).numpy().tolist() == [[0.0] * 3] * 2


def test_bad_arguments():
    with pytest.raises(ValueError, match="rate must be a number between 0 and 1, got 1.5"):
        layers.Dropout(1.5)
    with pytest.raises(ValueError, match="noise_shape must be"):
        layers.Dropout(0.5, noise_shape="a")
    with pytest.raises(ValueError, match="noise_shape must be"):
        layers.Dropout(0.5, noise_shape=(0, 1))
    with pytest.raises(ValueError, match="stddev must be a non-negative number"):
        layers.GaussianNoise(-1)
    with pytest.raises(ValueError, match="data_format"):
        layers.SpatialDropout2D(0.5, "last")


def test_positional_order():
    layer = layers.Dropout(0.5, (None, 1), 7)
    assert (layer.noise_shape, layer.seed) == ((None, 1), 7)
    assert layers.SpatialDropout2D(0.5, "channels_first", 7, "mine").name == "mine"
    assert isinstance(layers.SpatialDropout1D(0.5), layers.Dropout)
