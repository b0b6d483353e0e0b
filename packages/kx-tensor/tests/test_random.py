"""Random numbers: the bit stream, the seeds, and the distributions on every backend."""

import random as python_random

import numpy as np
import pytest

from kx_tensor import device as devices
from kx_tensor import ops, philox, random, sampling
from kx_tensor.gradients import gradients
from kx_tensor.standin import standin
from kx_tensor.testing import assert_close, leaf_tensor

DRAWS = {
    "uniform": lambda seed: random.uniform((7, 5), -1.0, 3.0, seed=seed),
    "normal": lambda seed: random.normal((7, 5), 2.0, 3.0, seed=seed),
    "truncated_normal": lambda seed: random.truncated_normal((7, 5), seed=seed),
    "randint": lambda seed: random.randint((7, 5), -3, 9, seed=seed),
    "categorical": lambda seed: random.categorical([[0.0, 1.0, 2.0]], 20, seed=seed),
    "dropout": lambda seed: random.dropout(ops.ones((7, 5)), 0.4, seed=seed),
    "shuffle": lambda seed: random.shuffle(ops.arange(20), seed=seed),
    "gamma": lambda seed: random.gamma((7, 5), 0.7, seed=seed),
    "beta": lambda seed: random.beta((7, 5), 2.0, 0.5, seed=seed),
    "binomial": lambda seed: random.binomial((7, 5), 300.0, 0.4, seed=seed),
}
every_draw = pytest.mark.parametrize("draw", DRAWS.values(), ids=DRAWS)


# ---- bits ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", [(0, 0), (1, 2), (2**32 - 1, 2**32 - 1), (123456789, 7)])
@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 1000])
@pytest.mark.parametrize("stream", [0, 3])
def test_every_backend_has_the_stream_of_numpys_philox(key, n, stream):
    counter = np.array([0, 0, stream, 0], np.uint64)
    reference = np.random.Philox(key=np.array(key, np.uint64), counter=counter).random_raw(n)
    np.testing.assert_array_equal(philox.raw_bits(np, key, n, stream), reference)
    np.testing.assert_array_equal(philox.philox_raw(np, key, n, stream), reference)
    np.testing.assert_array_equal(standin.to_numpy(philox.raw_bits(standin.xp, key, n, stream)), reference)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_uniforms_are_the_same_bits_on_every_backend(dtype):
    host = philox.uniforms(np, (5, 6), 1001, dtype)
    device = standin.to_numpy(philox.uniforms(standin.xp, (5, 6), 1001, dtype))
    assert host.dtype == device.dtype == dtype
    np.testing.assert_array_equal(host, device)


@every_draw
def test_the_same_draw_on_every_backend(draw):
    expected = draw(7)
    with devices.device(standin):
        result = draw(7)
    assert result.device is standin
    assert result.dtype == expected.dtype
    assert_close(result, expected, tol=1e-5)


# ---- seeds ---------------------------------------------------------------------------------------------------


@every_draw
def test_seeds(draw):
    first = draw(7).numpy()
    np.testing.assert_array_equal(draw(7).numpy(), first)
    assert not np.array_equal(draw(8).numpy(), first)
    generator = random.SeedGenerator(7)
    np.testing.assert_array_equal(draw(generator).numpy(), first)
    assert not np.array_equal(draw(generator).numpy(), first)
    assert generator.state.numpy().tolist() == [7, 2]


@every_draw
def test_set_random_seed_makes_unseeded_draws_repeatable(draw):
    results = []
    for _ in range(2):
        random.set_random_seed(11)
        results.append((draw(None).numpy(), draw(None).numpy(), python_random.random(), np.random.rand()))
    for a, b in zip(*results, strict=True):
        np.testing.assert_array_equal(a, b)
    assert not np.array_equal(results[0][0], results[0][1])


def test_set_random_seed_makes_unseeded_generators_repeatable():
    random.set_random_seed(11)
    first = random.SeedGenerator().state.numpy()
    random.set_random_seed(11)
    np.testing.assert_array_equal(random.SeedGenerator().state.numpy(), first)


def test_the_state_is_a_non_trainable_host_variable():
    with devices.device(standin):
        generator = random.SeedGenerator(3, name="gen")
    state = generator.state
    assert (state.dtype, state.shape, state.trainable, state.device.name) == ("uint32", (2,), False, "cpu")
    assert (state.name, state.path) == ("seed_generator_state", "gen/seed_generator_state")
    assert generator.variables == [state]


def test_the_draw_follows_an_assigned_state():
    generator = random.SeedGenerator(3)
    generator.next()
    saved = generator.state.numpy()
    first = random.uniform((4,), seed=generator).numpy()
    generator.state.assign(saved)
    np.testing.assert_array_equal(random.uniform((4,), seed=generator).numpy(), first)


def test_next_returns_the_old_state():
    generator = random.SeedGenerator(9)
    assert [generator.next().tolist() for _ in range(3)] == [[9, 0], [9, 1], [9, 2]]
    assert generator.next(ordered=False).tolist() == [9, 3]
    assert generator.state.numpy().tolist() == [10 * 5387 % 933199, 4 * 5387 % 933199]


def test_the_count_wraps_around():
    generator = random.SeedGenerator(9)
    generator.state.assign(np.array([9, 2**32 - 1], np.uint32))
    assert generator.draw() == (9, 2**32 - 1)
    assert generator.draw() == (9, 0)


def test_config_round_trip():
    generator = random.SeedGenerator(5, name="mine")
    assert generator.get_config() == {"seed": 5, "name": "mine"}
    assert random.SeedGenerator.from_config(generator.get_config()).state.numpy().tolist() == [5, 0]
    assert random.SeedGenerator().get_config()["seed"] is None


@pytest.mark.parametrize("seed", [1.5, "1", True, [1]])
def test_bad_seeds(seed):
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        random.SeedGenerator(seed)
    with pytest.raises(ValueError, match="`seed` must be an integer"):
        random.uniform((2,), seed=seed)


@pytest.mark.parametrize("seed", [-1, 2**32, 1.0, None])
def test_bad_seeds_of_everything(seed):
    with pytest.raises(ValueError, match="from 0 to"):
        random.set_random_seed(seed)


# ---- distributions: samples of 40,000 to 5 standard errors -----------------------------------------------------

N = 40_000


def check_moments(x, mean, variance):
    x = x.numpy().astype(np.float64)
    assert abs(x.mean() - mean) < 5 * np.sqrt(variance / N)
    assert abs(x.var() / variance - 1) < 0.08


def test_uniform():
    x = random.uniform((N,), -1.0, 3.0, seed=1)
    check_moments(x, 1.0, 16 / 12)
    assert -1 <= x.numpy().min() < -0.99
    assert 2.99 < x.numpy().max() < 3


def test_uniform_with_tensor_bounds():
    low = ops.convert_to_tensor([0.0, 10.0])
    x = random.uniform((100, 2), low, low + 1.0, seed=1).numpy()
    assert ((x >= [0, 10]) & (x <= [1, 11])).all()


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
def test_uniform_never_reaches_one(dtype):
    x = random.uniform((N,), dtype=dtype, seed=1)
    assert x.dtype == dtype
    assert x.numpy().astype(np.float64).max() < 1


def test_normal():
    x = random.normal((N,), 5.0, 2.0, seed=2)
    check_moments(x, 5.0, 4.0)
    z = np.sort((x.numpy() - 5) / 2)
    assert np.allclose(z[[N // 40, N // 2, N - N // 40]], [-1.96, 0, 1.96], atol=0.06)


def test_normal_of_odd_and_zero_size():
    assert random.normal((3, 5), seed=1).shape == (3, 5)
    assert random.normal((0, 5), seed=1).shape == (0, 5)
    assert random.normal((), seed=1).shape == ()


def test_truncated_normal():
    x = random.truncated_normal((N,), 1.0, 2.0, seed=3)
    check_moments(x, 1.0, 4 * 0.7737)
    assert abs(x.numpy() - 1).max() < 4


def test_truncated_normal_inverts_the_distribution_function():
    u = philox.uniforms(np, (3, 0), 200, "float64")
    low, high = (1 + np.array([-1, 1]) * 0.9544997361036416) / 2
    x = ops.convert_to_tensor(sampling.truncated_normal(np, (3, 0), 200, "float64"), dtype="float64")
    p = (ops.erf(x / 2**0.5).numpy() + 1) / 2
    np.testing.assert_allclose(p, low + u * (high - low), rtol=1e-10)


def test_randint():
    x = random.randint((N,), -3, 9, seed=4)
    check_moments(x, 2.5, (12**2 - 1) / 12)
    assert (x.numpy().min(), x.numpy().max()) == (-3, 8)
    assert random.randint((4,), 0, 2**63 - 1, dtype="int64", seed=1).numpy().max() > 2**60
    assert random.randint((50,), -128, 128, dtype="int8", seed=1).numpy().min() < -60


def test_categorical():
    p = np.array([[0.1, 0.2, 0.7], [0.5, 0.5, 0.0]], "float32")
    x = random.categorical(np.log(p + 1e-30), N, seed=5)
    assert (x.shape, x.dtype) == ((2, N), "int32")
    counts = np.stack([np.bincount(row, minlength=3) for row in x.numpy()]) / N
    np.testing.assert_allclose(counts, p, atol=0.013)


def test_shuffle_permutes_slices_and_passes_gradients():
    x = leaf_tensor(np.arange(24.0).reshape(2, 6, 2))
    y = random.shuffle(x, axis=1, seed=1)
    order = y.numpy()[0, :, 0].astype(int) // 2
    assert sorted(order) == list(range(6)) != order.tolist()
    np.testing.assert_array_equal(y.numpy(), x.numpy()[:, order])
    seed = np.random.default_rng(0).standard_normal(y.shape)
    np.testing.assert_array_equal(gradients(y, [x], seed=seed)[0].numpy()[:, order], seed)


@pytest.mark.parametrize("alpha", [0.3, 1.0, 4.5])
def test_gamma(alpha):
    x = random.gamma((N,), alpha, seed=6)
    check_moments(x, alpha, alpha)
    assert x.numpy().min() >= 0


def test_beta():
    check_moments(random.beta((N,), 2.0, 5.0, seed=7), 2 / 7, 10 / (49 * 8))


@pytest.mark.parametrize("count,p", [(10, 0.3), (10, 0.9), (1000, 0.02), (1000, 0.5), (7, 0.0), (7, 1.0)])
def test_binomial(count, p):
    x = random.binomial((N,), count, p, seed=8)
    if p in (0.0, 1.0):
        assert (x.numpy() == count * p).all()
    else:
        check_moments(x, count * p, count * p * (1 - p))
    np.testing.assert_array_equal(x.numpy(), np.round(x.numpy()))
    assert 0 <= x.numpy().min() <= x.numpy().max() <= count


def test_binomial_with_arrays():
    x = random.binomial((2000, 2), [5.0, 500.0], [0.5, 0.1], seed=9).numpy()
    np.testing.assert_allclose(x.mean(0), [2.5, 50.0], rtol=0.05)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float64"])
@pytest.mark.parametrize("name", ["uniform", "normal", "truncated_normal"])
def test_float_dtypes(name, dtype):
    x = getattr(random, name)((10,), dtype=dtype, seed=1)
    assert x.dtype == dtype
    single = getattr(random, name)((10,), seed=1).numpy()
    if dtype != "float64":
        np.testing.assert_allclose(x.numpy().astype("float32"), single, rtol=1e-2, atol=5e-3)


# ---- dropout -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [0.001, 0.2, 0.5, 0.9])
def test_dropout(rate):
    x = leaf_tensor(np.full((200, 200), 2.0, "float32"))
    y = random.dropout(x, rate, seed=3)
    kept = y.numpy() != 0
    assert abs(kept.mean() - (1 - rate)) < 5 * np.sqrt(rate * (1 - rate) / N)
    np.testing.assert_allclose(y.numpy()[kept], 2 / (1 - rate), rtol=1e-6)
    seed = np.ones(y.shape, "float32")
    np.testing.assert_allclose(gradients(y, [x], seed=seed)[0].numpy(), y.numpy() / 2, rtol=1e-6)


def test_dropout_noise_shape():
    y = random.dropout(np.ones((50, 3, 4), "float32"), 0.5, noise_shape=(None, 1, 4), seed=1).numpy()
    assert (y == y[:, :1]).all()
    assert 0 < (y == 0).mean() < 1


def test_dropout_at_the_ends():
    x = np.ones((3, 4), "float32")
    assert (random.dropout(x, 0.0, seed=1).numpy() == 1).all()
    assert (random.dropout(x, 1.0, seed=1).numpy() == 0).all()
    with pytest.raises(ValueError, match="rate"):
        random.dropout(x, -0.1, seed=1)


# ---- errors --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "draw,match",
    [
        (lambda: random.uniform((2,), dtype="int32", seed=1), "use randint"),
        (lambda: random.randint((2,), 0, 5, dtype="float32", seed=1), "integer dtype"),
        (lambda: random.randint((2,), 5, 5, seed=1), "minval < maxval"),
        (lambda: random.categorical([1.0, 2.0], 3, seed=1), r"\(batch, classes\)"),
    ],
)
def test_errors(draw, match):
    with pytest.raises(ValueError, match=match):
        draw()
