"""The kernels of means and maxima over axes against NumPy in float64."""

import doctest
import sys

import numpy as np
import pytest

import kx_kernels
from kx_kernels import max_axes, max_axes_grad, mean_axes

# Shape, first axis that goes, how many. Around the widths of rows (8, 32, 256) and of blocks (64 rows, 4096 elements).
CASES = [
    ((7,), 0, 1), ((1,), 0, 1), ((31,), 0, 1), ((5000,), 0, 1), ((100_003,), 0, 1), ((3, 4), 0, 0), ((), 0, 0),
    ((3, 4), 0, 2), ((3, 255), 1, 1), ((3, 257), 1, 1), ((40, 49), 1, 1), ((2, 5, 3), 1, 1), ((130, 4), 0, 1),
    ((3, 9, 8, 17), 1, 2), ((2, 300, 100), 1, 1), ((4, 3, 9, 9), 2, 2), ((1000, 33), 0, 1), ((0, 5, 2), 1, 1),
    ((5, 2, 0), 1, 1), ((2, 3, 4, 5, 2), 1, 3), ((3, 1, 2), 1, 1), ((20_000, 2, 3), 1, 1),
]  # fmt: skip
every_case = pytest.mark.parametrize(("shape", "first", "count"), CASES)


def drawn(shape):
    return np.random.default_rng(0).standard_normal(shape).astype("float32")


def axes(first, count):
    return tuple(range(first, first + count))


@every_case
@pytest.mark.parametrize("keepdims", [False, True])
def test_values(shape, first, count, keepdims):
    x = drawn(shape)
    mean, largest = (f(x, first, count, keepdims) for f in (mean_axes, max_axes))
    expected = x.astype("float64").mean(axes(first, count), keepdims=keepdims)
    assert mean.dtype == np.float32 and mean.shape == expected.shape
    np.testing.assert_allclose(mean, expected, rtol=1e-6, atol=1e-6)
    np.testing.assert_array_equal(largest, x.max(axes(first, count), keepdims=keepdims))


@every_case
def test_a_maximum_shares_its_gradient(shape, first, count):
    x = np.asarray(np.round(drawn(shape)))  # so that there are several
    out = max_axes(x, first, count, True)
    g = drawn(out.shape)
    hits = (x == out) / (x == out).sum(axes(first, count), keepdims=True)
    gx = max_axes_grad(g, x, out, first, count)
    assert gx.shape == x.shape and gx.dtype == np.float32
    np.testing.assert_allclose(gx, hits * g, rtol=1e-6)


@pytest.mark.parametrize("inner", [(), (3,), (20,)])
@pytest.mark.parametrize("length", [5, 49, 300, 9000])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_what_is_not_finite(length, inner):
    for place in (0, 3, length // 2, length - 1):
        for bad in (np.nan, np.inf, -np.inf):
            x = drawn((2, length, *inner))
            x[(1, place, *[0] * len(inner))] = bad
            largest = max_axes(x, 1, 1)
            np.testing.assert_array_equal(largest, x.max(1))
            np.testing.assert_allclose(mean_axes(x, 1, 1), x.mean(1), rtol=1e-5, atol=1e-6)
            gx = max_axes_grad(np.ones_like(largest), x, largest, 1, 1)
            assert np.isnan(gx[1].reshape(length, -1)[:, 0]).all() == np.isnan(bad)
            assert np.isfinite(gx[0]).all() and np.isfinite(gx.reshape(2, length, -1)[1, :, 1:]).all()
    x = np.full((2, length, *inner), -np.inf, "float32")
    np.testing.assert_array_equal(max_axes(x, 1, 1), x[:, 0])


def test_other_layouts_are_read():
    x = np.asfortranarray(drawn((6, 40, 9)))
    out = max_axes(x, 1, 1)
    np.testing.assert_array_equal(out, max_axes(x.copy("C"), 1, 1))
    g = np.broadcast_to(np.float32(1), out.shape)
    np.testing.assert_array_equal(max_axes_grad(g, x, out, 1, 1).sum(1), g)


def test_the_bits_do_not_depend_on_the_threads():
    before, runs = kx_kernels.thread_count(), []
    arrays = [(drawn((1_000_000,)), 0), (drawn((3, 40_000, 7)), 1), (drawn((64, 900, 30)), 1)]
    try:
        for count in (1, 2, 3):
            kx_kernels.set_thread_count(count)
            runs.append([mean_axes(x, axis, 1) for x, axis in arrays])
    finally:
        kx_kernels.set_thread_count(before)
    for run in runs[1:]:
        for one, other in zip(run, runs[0], strict=True):
            np.testing.assert_array_equal(one, other)


def test_bad_arguments():
    x = drawn((3, 4))
    for first, count in ((-1, 1), (0, 3), (2, 1), (0, -1)):
        for function in (mean_axes, max_axes):
            with pytest.raises(ValueError, match="no such axes"):
                function(x, first, count)
    with pytest.raises(ValueError, match="nothing along the axes"):
        max_axes(x[:, :0], 1, 1)
    with pytest.raises(TypeError, match="x: expected a float32 ndarray, got float64"):
        mean_axes(x.astype("float64"), 0, 1)
    out = max_axes(x, 1, 1)
    with pytest.raises(ValueError, match="elements of g: expected 3, got 2"):
        max_axes_grad(out[:2], x, out, 1, 1)
    with pytest.raises(ValueError, match="elements of out: expected 3, got 2"):
        max_axes_grad(out, x, out[:2], 1, 1)


@pytest.mark.parametrize("function", [mean_axes, max_axes, max_axes_grad], ids=lambda f: f.__name__)
def test_examples(function):
    names = {"np": np, **vars(kx_kernels)}
    example = doctest.DocTestParser().get_doctest(function.__doc__, names, function.__name__, None, 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_nothing_leaks():
    x = drawn((5, 40))
    out = max_axes(x, 1, 1)
    before = [sys.getrefcount(a) for a in (x, out)]
    for _ in range(20):
        mean_axes(x, 0, 2, True)
        max_axes_grad(out, x, out, 1, 1)
        with pytest.raises(ValueError, match="elements of g"):
            max_axes_grad(out[:2], x, out, 1, 1)
    assert [sys.getrefcount(a) for a in (x, out)] == before
