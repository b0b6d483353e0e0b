"""The pooling kernels against loops in plain NumPy."""

import itertools

import numpy as np
import pytest

import kx_kernels
from kx_kernels import average_pool, average_pool_grad, max_pool, max_pool_grad

DTYPES = ["float32", "float64"]
every_dtype = pytest.mark.parametrize("dtype", DTYPES)

# shape, size, strides, padding in front, number of windows, channels last
CASES = [
    ((1, 1, 1), (1,), (1,), (0,), (1,), True),
    ((2, 7, 3), (2,), (2,), (0,), (3,), True),
    ((2, 7, 3), (3,), (2,), (1,), (4,), True),
    ((2, 3, 7), (2,), (3,), (0,), (2,), False),
    ((3, 6, 6, 5), (2, 2), (2, 2), (0, 0), (3, 3), True),
    ((2, 7, 5, 17), (2, 2), (2, 2), (0, 0), (3, 2), True),
    ((1, 6, 6, 33), (2, 2), (1, 1), (0, 0), (5, 5), True),
    ((2, 7, 6, 1), (2, 2), (2, 2), (0, 0), (3, 3), True),
    ((2, 5, 6, 4), (3, 2), (2, 3), (1, 0), (3, 2), True),
    ((1, 5, 5, 2), (3, 3), (1, 1), (1, 1), (5, 5), True),
    ((2, 3, 6, 8), (2, 2), (2, 2), (0, 0), (3, 4), False),
    ((2, 3, 6, 7), (3, 3), (2, 2), (1, 1), (3, 4), False),
    ((1, 2, 9, 11), (3, 4), (3, 4), (0, 1), (3, 3), False),
    ((2, 4, 3, 4, 2), (2, 2, 2), (2, 1, 2), (0, 0, 0), (2, 2, 2), True),
    ((1, 2, 4, 4, 5), (2, 3, 2), (1, 2, 3), (0, 1, 0), (3, 2, 2), False),
    ((2, 16, 6, 7), (2, 2), (2, 2), (0, 0), (3, 3), False),
    ((1, 17, 7, 5), (3, 2), (2, 1), (1, 0), (4, 4), False),
    ((2, 40, 9), (3,), (2,), (1,), (5,), False),
    ((1, 263, 5), (2,), (2,), (0,), (2,), False),
    ((1, 64, 3, 4, 5), (2, 2, 2), (1, 2, 2), (0, 0, 0), (2, 2, 2), False),
    ((0, 8, 4, 4), (2, 2), (2, 2), (0, 0), (2, 2), False),
    ((2, 19, 17, 3), (17, 16), (1, 1), (0, 0), (3, 2), True),
    ((64, 24, 24, 16), (2, 2), (2, 2), (0, 0), (12, 12), True),
    ((0, 4, 4, 2), (2, 2), (2, 2), (0, 0), (2, 2), True),
    ((2, 4, 4, 0), (2, 2), (2, 2), (0, 0), (2, 2), True),
]
every_case = pytest.mark.parametrize("case", CASES, ids=str)


def draw(shape, dtype, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def members(case):
    """For each window (its place in the result) the elements of x in it, as pairs (place in the window, index)."""
    shape, size, strides, low, counts, last = case
    spatial = shape[1:-1] if last else shape[2:]
    for window in itertools.product(*map(range, counts)):
        found = []
        for number, place in enumerate(itertools.product(*map(range, size))):
            at = tuple(w * s - o + p for w, s, o, p in zip(window, strides, low, place))
            if all(0 <= i < n for i, n in zip(at, spatial)):
                found.append((number, (slice(None), *at) if last else (slice(None), slice(None), *at)))
        yield (slice(None), *window) if last else (slice(None), slice(None), *window), found


def result_shape(case):
    shape, *_, counts, last = case
    return (shape[0], *counts, shape[-1]) if last else (*shape[:2], *counts)


@every_dtype
@every_case
def test_max_pool_is_the_formula(case, dtype):
    x = np.round(draw(case[0], dtype) * 2)  # with ties
    out, winners = max_pool(x, *case[1:])
    alone, none = max_pool(x, *case[1:], False)
    assert none is None and winners.dtype == ("uint8" if np.prod(case[1]) <= 256 else "int32")
    expected, places = np.empty(result_shape(case), dtype), np.empty(result_shape(case), "int32")
    for window, inside in members(case):
        values = np.stack([x[at] for _, at in inside])
        first = values.argmax(0)
        expected[window] = np.take_along_axis(values, first[None], 0)[0]
        places[window] = np.array([number for number, _ in inside])[first]
    np.testing.assert_array_equal(out, expected)
    np.testing.assert_array_equal(alone, expected)
    np.testing.assert_array_equal(winners, places)
    g = draw(out.shape, dtype, seed=1)
    shape, size, strides, low, _, last = case
    gx, wanted = max_pool_grad(g, winners, shape, size, strides, low, last), np.zeros(shape, "float64")
    for window, inside in members(case):
        for number, at in inside:
            wanted[at] += np.where(places[window] == number, g[window], 0)
    np.testing.assert_allclose(gx, wanted, rtol=1e-5, atol=1e-6)
    assert gx.dtype == dtype


@every_dtype
@every_case
def test_average_pool_is_the_formula(case, dtype):
    x = draw(case[0], dtype)
    out = average_pool(x, *case[1:])
    g = draw(out.shape, dtype, seed=1)
    shape, size, strides, low, _, last = case
    gx, wanted = average_pool_grad(g, shape, size, strides, low, last), np.zeros(shape, "float64")
    expected = np.empty(result_shape(case), "float64")
    for window, inside in members(case):
        expected[window] = np.mean([x[at].astype("float64") for _, at in inside], axis=0)
        for _, at in inside:
            wanted[at] += g[window] / len(inside)
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(gx, wanted, rtol=1e-5, atol=1e-6)
    assert (out.dtype, gx.dtype) == (dtype, dtype)


@every_dtype
@pytest.mark.parametrize("last", [True, False])
def test_what_is_not_finite(dtype, last):
    x = draw((1, 4, 4, 2) if last else (1, 2, 4, 4), dtype)
    plane = (lambda a: a[0, :, :, 0]) if last else (lambda a: a[0, 0])
    plane(x)[0, 1], plane(x)[2, 2], plane(x)[0, 2] = np.nan, -np.inf, np.inf
    plane(x)[2:, :2] = -np.inf
    out, winners = max_pool(x, (2, 2), (2, 2), (0, 0), (2, 2), last)
    assert np.isnan(plane(out)[0, 0]) and plane(out)[0, 1] == np.inf
    assert plane(out)[1, 0] == -np.inf and plane(winners)[1, 0] == 0
    assert plane(winners)[0, 0] == 1
    assert np.isnan(out).sum() == 1
    np.testing.assert_array_equal(max_pool(x, (2, 2), (2, 2), (0, 0), (2, 2), last, False)[0], out)
    with np.errstate(invalid="ignore"):
        mean = average_pool(x, (2, 2), (2, 2), (0, 0), (2, 2), last)
    assert np.isnan(plane(mean)[0, 0]) and plane(mean)[0, 1] == np.inf and plane(mean)[1, 0] == -np.inf


def test_arrays_that_are_not_contiguous():
    x = draw((2, 8, 8, 6), "float32")
    window = ((2, 2), (2, 2), (0, 0), (2, 4), True)
    for kernel in (lambda a: max_pool(a, *window), lambda a: (average_pool(a, *window),)):
        for found, expected in zip(kernel(x[:, ::2, :, ::2]), kernel(x[:, ::2, :, ::2].copy())):
            np.testing.assert_array_equal(found, expected)


def test_the_same_bits_on_any_number_of_threads():
    x = draw((64, 24, 24, 16), "float32")
    before = kx_kernels.thread_count()
    try:
        results = []
        for count in (1, 2, 3):
            kx_kernels.set_thread_count(count)
            out, winners = max_pool(x, (3, 3), (2, 2), (0, 0), (12, 12), True)
            back = max_pool_grad(out, winners, x.shape, (3, 3), (2, 2), (0, 0), True)
            results.append([out, winners, back, average_pool(x, (3, 3), (2, 2), (0, 0), (12, 12), True)])
    finally:
        kx_kernels.set_thread_count(before)
    for other in results[1:]:
        for found, expected in zip(other, results[0]):
            np.testing.assert_array_equal(found, expected)


def test_what_does_not_fit_is_refused():
    x = draw((1, 4, 4, 2), "float32")
    with pytest.raises(TypeError, match="expected a float32 ndarray, got int64"):
        max_pool(np.ones((1, 4, 4, 1), "int64"), (2, 2), (2, 2), (0, 0), (2, 2), True)
    with pytest.raises(ValueError, match="3, 4 or 5 axes"):
        max_pool(np.ones((4, 4)), (), (), (), (), True)
    with pytest.raises(ValueError, match="numbers for the spatial axes: expected 2, got 1"):
        max_pool(x, (2,), (2, 2), (0, 0), (2, 2), True)
    with pytest.raises(ValueError, match="too small"):
        average_pool(x, (2, 2), (0, 2), (0, 0), (2, 2), True)
    out, winners = max_pool(x, (2, 2), (2, 2), (0, 0), (2, 2), True)
    with pytest.raises(ValueError, match="elements of winners"):
        max_pool_grad(out, winners[:, :1], x.shape, (2, 2), (2, 2), (0, 0), True)
    with pytest.raises(ValueError, match="elements of g"):
        max_pool_grad(out, winners, (2, 4, 4, 2), (2, 2), (2, 2), (0, 0), True)
    with pytest.raises(TypeError, match="winners: expected a int32"):
        max_pool_grad(out, winners.astype("int64"), x.shape, (2, 2), (2, 2), (0, 0), True)
