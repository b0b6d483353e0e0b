"""What the layers that change images at random do on average, and that they do it to each image by itself."""

import numpy as np
import pytest

import kx_layers
from kx_layers import (
    RandomBrightness,
    RandomContrast,
    RandomFlip,
    RandomRotation,
    RandomTranslation,
    RandomZoom,
)
from kx_tensor import KerasTensor, random

MANY = np.tile(np.arange(20.0).reshape(1, 4, 5, 1), (600, 1, 1, 1)).astype("float32")
LAYERS = [
    ("RandomFlip", {}),
    ("RandomRotation", {"factor": 0.1}),
    ("RandomZoom", {"height_factor": 0.3}),
    ("RandomTranslation", {"height_factor": 0.2, "width_factor": 0.3}),
    ("RandomContrast", {"factor": 0.4}),
    ("RandomBrightness", {"factor": 0.2, "value_range": (-100, 100)}),
]
every_layer = pytest.mark.parametrize(("name", "kwargs"), LAYERS, ids=[name for name, _ in LAYERS])


def make(name, kwargs, **extra):
    return getattr(kx_layers, name)(**kwargs, **extra)


@every_layer
def test_the_seed_says_it_all(name, kwargs):
    first, second = (make(name, kwargs, seed=3)(MANY).numpy() for _ in range(2))
    np.testing.assert_array_equal(first, second)
    layer = make(name, kwargs, seed=3)
    assert (layer(MANY).numpy() != layer(MANY).numpy()).any()
    assert (make(name, kwargs, seed=4)(MANY).numpy() != first).any()


@every_layer
def test_in_training_by_default_and_not_outside(name, kwargs):
    layer = make(name, kwargs, seed=1)
    assert (layer(MANY).numpy() != MANY).any()
    np.testing.assert_array_equal(layer(MANY, training=False).numpy(), MANY)
    assert layer(MANY[0], training=True).shape == (4, 5, 1)
    assert layer(KerasTensor((None, None, None, 1))).shape == (None, None, None, 1)


@every_layer
def test_images_are_changed_each_by_itself(name, kwargs):
    out = make(name, kwargs, seed=1)(MANY).numpy()
    different = len(np.unique(out.reshape(len(out), -1).round(4), axis=0))
    assert different == 2 if name == "RandomFlip" else different > 500


@pytest.mark.parametrize("mode", ["horizontal", "vertical", "horizontal_and_vertical"])
def test_half_of_the_images_are_mirrored(mode):
    out = RandomFlip(mode, seed=2)(MANY).numpy()
    axes = tuple(a for a, n in ((1, "vertical"), (2, "horizontal")) if n in mode)
    mirrored = (out == np.flip(MANY, axis=axes)).all(axis=(1, 2, 3))
    assert (mirrored | (out == MANY).all(axis=(1, 2, 3))).all()
    assert 0.42 < mirrored.mean() < 0.58


def test_brightness_and_contrast_are_spread_evenly():
    more = RandomBrightness(0.2, value_range=(-1, 1), seed=1)(np.zeros((600, 2, 2, 1))).numpy()[:, 0, 0, 0]
    assert -0.4 <= more.min() < -0.38 and 0.38 < more.max() <= 0.4
    assert abs(more.std() - 0.8 / 12**0.5) < 0.02
    slopes = RandomContrast((0.2, 0.5), value_range=(-100, 100), seed=1)(MANY).numpy()
    slopes = slopes[:, 0, 1, 0] - slopes[:, 0, 0, 0]
    assert 0.8 <= slopes.min() < 0.82 and 1.48 < slopes.max() <= 1.5001


def test_a_zoom_by_one_factor_keeps_the_shape():
    image = np.tile(np.arange(25.0).reshape(1, 5, 5, 1), (300, 1, 1, 1))
    out = RandomZoom(0.5, seed=1)(image).numpy()[..., 0]
    across, down = out[:, 2, 3] - 12, (out[:, 3, 2] - 12) / 5
    np.testing.assert_allclose(across, down, atol=1e-5)
    assert 0.5 <= across.min() < 0.55 and 1.45 < across.max() <= 1.5001
    out = RandomZoom(0.5, 0.5, seed=1)(image).numpy()[..., 0]
    assert np.abs(out[:, 2, 3] - 12 - (out[:, 3, 2] - 12) / 5).max() > 0.5


def test_turns_and_shifts_stay_in_their_range():
    ramp = np.tile(np.arange(-4.0, 5).reshape(1, 1, 9, 1), (300, 9, 1, 1))
    turned = RandomRotation((0.0, 0.25), seed=1)(ramp).numpy()[..., 0]
    across, down = turned[:, 4, 5], turned[:, 5, 4]
    np.testing.assert_allclose(across**2 + down**2, 1.0, atol=1e-5)  # cosine and sine
    assert (across >= -1e-6).all() and (down <= 1e-6).all()
    shifted = RandomTranslation(0.0, (0.0, 0.2), seed=1)(ramp).numpy()[:, 4, 4, 0]
    assert -1.8 <= shifted.min() < -1.7 and -0.1 < shifted.max() <= 0


def test_the_counts_of_variables():
    layer = RandomFlip(seed=1)
    assert (len(layer.variables), len(layer.weights)) == (1, 0)
    assert isinstance(layer.seed_generator, random.SeedGenerator)


@pytest.mark.parametrize(
    ("name", "kwargs"),
    [
        ("RandomFlip", {"mode": "diagonal"}),
        ("RandomContrast", {"factor": (0.5, 0.2)}),
        ("RandomBrightness", {"factor": 0.1, "value_range": (1, 0)}),
        ("RandomZoom", {"height_factor": 0.1, "interpolation": "bicubic"}),
    ],
)
def test_wrong_arguments_are_refused(name, kwargs):
    with pytest.raises(ValueError, match=f"{name}: .* must be"):
        make(name, kwargs)
