"""Initializers against what Keras 3.15.1 promises: exact values, the statistics of random ones, fans, configs."""

import json
import pathlib

import numpy as np
import pytest

from kx_layers import initializers
from kx_tensor import random

GOLDEN = np.load(pathlib.Path(__file__).parent / "golden" / "initializers.npz")
RECORD = json.loads(str(GOLDEN["record"]))


@pytest.mark.parametrize("index", range(len(RECORD["exact"])))
def test_exact_values(index):
    case = RECORD["exact"][index]
    if isinstance(case["kwargs"].get("window"), list):
        with pytest.raises(ValueError, match="window must be"):
            initializers.STFT(**case["kwargs"])
        return
    out = getattr(initializers, case["name"])(**case["kwargs"])(tuple(case["shape"]), dtype=case["dtype"])
    assert out.dtype == case["dtype"]
    # Keras gives one input channel whatever the shape says.
    wanted = np.broadcast_to(GOLDEN[f"exact/{index}"], case["shape"])
    np.testing.assert_allclose(out.numpy(), wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("case", RECORD["random"], ids=lambda c: f"{c['name']}-{c['kwargs']}-{c['shape']}")
def test_statistics(case):
    initializer = getattr(initializers, case["name"])(**case["kwargs"])
    x = initializer(tuple(case["shape"])).numpy()
    mean, std, low, high = case["stats"]
    assert x.dtype == "float32" and list(x.shape) == case["shape"]
    assert x.std() == pytest.approx(std, rel=0.05)
    assert x.mean() == pytest.approx(mean, abs=6 * std / np.sqrt(x.size))
    if "untruncated" not in str(case["kwargs"]) and case["name"] != "RandomNormal":
        spread = high - low
        assert x.min() == pytest.approx(low, abs=0.02 * spread) and x.max() == pytest.approx(
            high, abs=0.02 * spread
        )
    np.testing.assert_array_equal(initializer(tuple(case["shape"])).numpy(), x)
    assert initializers.serialize(initializer) == case["config"]
    again = initializers.deserialize(case["config"])
    np.testing.assert_array_equal(again(tuple(case["shape"])).numpy(), x)


@pytest.mark.parametrize("name", RECORD["defaults"])
def test_default_configs(name):
    wanted = RECORD["defaults"][name]
    found = initializers.serialize(getattr(initializers, name)())
    if name == "Identity":  # Keras forgets the gain
        assert found["config"] == {"gain": 1.0}
        return
    assert found == wanted


@pytest.mark.parametrize("case", RECORD["failures"], ids=lambda c: f"{c['name']}-{c['kwargs']}")
def test_failures(case):
    with pytest.raises(ValueError):
        initializer = getattr(initializers, case["name"])(**case["kwargs"])
        initializer(tuple(case["shape"]))


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4), (2, 2, 3, 20)])
def test_orthogonal(shape):
    flat = initializers.Orthogonal(gain=2.0, seed=3)(shape).numpy().reshape(-1, shape[-1])
    small = flat.T @ flat if flat.shape[0] >= flat.shape[1] else flat @ flat.T
    np.testing.assert_allclose(small, 4.0 * np.eye(len(small)), atol=1e-5)


def test_seeds():
    draw = initializers.RandomNormal
    assert (draw(seed=1)((4,)).numpy() == draw(seed=1)((4,)).numpy()).all()
    assert (draw(seed=1)((4,)).numpy() != draw(seed=2)((4,)).numpy()).any()
    unseeded = draw()
    assert (unseeded((4,)).numpy() != unseeded((4,)).numpy()).any()
    random.set_random_seed(5)
    first = unseeded((4,)).numpy()
    random.set_random_seed(5)
    assert (unseeded((4,)).numpy() == first).all()
    shared = draw(seed=random.SeedGenerator(1))
    assert (shared((4,)).numpy() != shared((4,)).numpy()).any()
    config = json.loads(json.dumps(initializers.serialize(shared)))
    assert isinstance(initializers.deserialize(config).seed, random.SeedGenerator)


@pytest.mark.parametrize(
    "name", ["RandomNormal", "RandomUniform", "TruncatedNormal", "HeNormal", "Orthogonal"]
)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
def test_dtypes(name, dtype):
    assert getattr(initializers, name)(seed=1)((4, 4), dtype=dtype).dtype == dtype


def test_functions_serve():
    assert initializers.get(np.zeros) is np.zeros
    with pytest.raises(ValueError, match="Did you mean 'glorot_uniform'"):
        initializers.get("gloro_uniform")


def test_one_axis_may_be_a_number():
    assert initializers.compute_fans((10, 30, 20), 0, (1, 2)) == (10, 600)
    assert initializers.compute_fans((10, 30, 20), 0, None) == (300, 200)
    assert [initializers.compute_fans(s) for s in ((), (4,), (4, 5))] == [(1, 1), (4, 4), (4, 5)]
