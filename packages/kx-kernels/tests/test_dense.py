"""The dense kernels against the NumPy formulas in float64."""

import doctest
import itertools
import sys

import numpy as np
import pytest

from kx_kernels import dense, dense_grad

ACTIVATIONS = {
    None: lambda v: v,
    "relu": lambda v: np.maximum(v, 0),
    "sigmoid": lambda v: 1 / (1 + np.exp(-np.maximum(v, -87))),
    "tanh": np.tanh,
}
SLOPES = {
    None: lambda y: np.ones_like(y),
    "relu": lambda y: (y > 0).astype(y.dtype),
    "sigmoid": lambda y: (1 - y) * y,
    "tanh": lambda y: 1 - y * y,
}
# Below, at and above the sizes of the tiles: 4 rows; 4, 8 and 16 columns.
ROWS, FEATURES, UNITS = [0, 1, 3, 4, 5, 9], [0, 1, 2, 7, 16], [0, 1, 2, 4, 5, 8, 9, 13, 16, 17, 24, 29, 33]


def arrays(rows, features, units, seed=0):
    """x, kernel, bias and g of these sizes."""
    rng = np.random.default_rng(seed)
    shapes = (rows, features), (features, units), (units,), (rows, units)
    return [rng.standard_normal(shape).astype("float32") for shape in shapes]


def formula(x, kernel, bias, activation):
    return ACTIVATIONS[activation](x.astype("float64") @ kernel + bias)


def gradients(g, x, kernel, y, activation):
    g = g * SLOPES[activation](y.astype("float64"))
    return g @ kernel.T, x.T @ g, g.sum(axis=0)


def assert_close(actual, expected):
    assert (actual.shape, actual.dtype) == (expected.shape, np.float32)
    np.testing.assert_allclose(actual, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("rows", ROWS)
def test_small_shapes(rows, activation):
    for features, units in itertools.product(FEATURES, UNITS):
        x, kernel, bias, g = arrays(rows, features, units)
        y = dense(x, kernel, bias, activation)
        assert_close(y, formula(x, kernel, bias, activation))
        for actual, expected in zip(
            dense_grad(g, x, kernel, y, activation), gradients(g, x, kernel, y, activation), strict=True
        ):
            assert_close(actual, expected)


# (rows, features, units) on both sides of the limit between registers and tiles: one row, one column, few features; tiles
# that leave a rest in rows, in columns, and on several threads.
LARGER = [(1, 300, 40), (7, 300, 40), (600, 9, 1), (5, 1, 700), (100, 41, 33), (100, 90, 80), (1, 1000, 1000),
          (3000, 100, 1), (400, 3, 500), (37, 1300, 201), (1009, 67, 129), (131, 257, 509), (4099, 40, 60), (20001, 31, 17)]  # fmt: skip


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("shape", LARGER)
def test_larger_shapes(shape, activation, dtype):
    x, kernel, bias, g = (a.astype(dtype) for a in arrays(*shape))
    kernel /= np.sqrt(shape[1]).astype(dtype)
    y = dense(x, kernel, bias, activation)
    tolerance = 2e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(y, formula(x, kernel, bias, activation), rtol=tolerance, atol=tolerance)
    for actual, expected in zip(
        dense_grad(g, x, kernel, y, activation), gradients(g, x, kernel, y, activation), strict=True
    ):
        scale = max(1.0, np.abs(expected).max())
        assert (actual.shape, actual.dtype) == (expected.shape, dtype)
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance * scale)


@pytest.mark.parametrize("shape", [(0, 5, 3), (4, 0, 3), (4, 5, 0), (1, 1, 1), (9, 6, 5)])
def test_small_float64(shape):
    x, kernel, bias, g = (a.astype("float64") for a in arrays(*shape))
    for activation in ACTIVATIONS:
        y = dense(x, kernel, bias, activation)
        np.testing.assert_allclose(y, formula(x, kernel, bias, activation), rtol=1e-12, atol=1e-12)
        for actual, expected in zip(
            dense_grad(g, x, kernel, y, activation), gradients(g, x, kernel, y, activation), strict=True
        ):
            np.testing.assert_allclose(actual, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_nan_and_infinity_in_tiles(activation):
    x, kernel, bias, g = arrays(131, 257, 509)
    x[3], x[4, 5], bias[7], g[100, 8] = np.nan, np.inf, np.nan, np.inf
    with np.errstate(invalid="ignore"):
        y, wanted = dense(x, kernel, bias, activation), formula(x, kernel, bias, activation)
        np.testing.assert_array_equal(np.isnan(y), np.isnan(wanted))
        for actual, expected in zip(
            dense_grad(g, x, kernel, y, activation), gradients(g, x, kernel, y, activation), strict=True
        ):
            np.testing.assert_array_equal(np.isfinite(actual), np.isfinite(expected))


def test_bits_do_not_depend_on_the_number_of_threads(printed):
    code = (
        "import numpy as np; from kx_kernels import dense, dense_grad\n"
        "x, w, g = (np.random.default_rng(0).random(s, 'float32') for s in ((300, 400), (400, 500), (300, 500)))\n"
        "y = dense(x, w, g[0], 'relu')\n"
        "print(*[a.tobytes().hex() for a in (y, *dense_grad(g, x, w, y, 'relu'))])"
    )
    assert printed(code, 1) == printed(code, 3)


@pytest.mark.parametrize("shape", [(5,), (2, 3, 5), (2, 0, 5)])
def test_any_number_of_leading_axes(shape):
    _, kernel, bias, _ = arrays(1, 5, 3)
    x = np.random.default_rng(1).standard_normal(shape).astype("float32")
    y = dense(x, kernel, bias, "tanh")
    assert_close(y, formula(x, kernel, bias, "tanh"))
    gx, gkernel, _ = dense_grad(np.ones_like(y), x, kernel, y)
    assert_close(gx, np.ones(y.shape) @ kernel.T)
    assert_close(gkernel, x.reshape(-1, 5).T @ np.ones((x.size // 5, 3)))


def test_no_bias():
    x, kernel, _, _ = arrays(6, 5, 3)
    assert_close(dense(x, kernel), formula(x, kernel, 0, None))
    assert_close(dense(x, kernel, activation="relu"), formula(x, kernel, 0, "relu"))


def test_only_the_gradients_asked_for():
    x, kernel, bias, g = arrays(6, 5, 3)
    y = dense(x, kernel, bias, "sigmoid")
    every = dense_grad(g, x, kernel, y, "sigmoid")
    for needs in itertools.product([False, True], repeat=3):
        some = dense_grad(g, x, kernel, y, "sigmoid", *needs)
        assert [gradient is not None for gradient in some] == list(needs)
        for gradient, expected in zip(some, every, strict=True):
            if gradient is not None:
                np.testing.assert_array_equal(gradient, expected)


@pytest.mark.parametrize("activation", ACTIVATIONS)
def test_any_layout(activation):
    x, kernel, bias, g = arrays(6, 5, 3)
    y = dense(x, kernel, bias, activation)
    expected = dense_grad(g, x, kernel, y, activation)
    given = [np.repeat(x, 2, axis=1)[:, ::2], np.asfortranarray(kernel), np.repeat(bias, 3)[::3]]
    np.testing.assert_array_equal(dense(*given, activation), y)
    actual = dense_grad(np.asfortranarray(g), given[0], given[1], np.asfortranarray(y), activation)
    for gradient, wanted in zip(actual, expected, strict=True):
        np.testing.assert_array_equal(gradient, wanted)


def test_a_broadcast_gradient_and_read_only_arrays():
    x, kernel, bias, _ = arrays(6, 5, 3)
    x.flags.writeable = False
    y = dense(x, kernel, bias, "relu")
    broadcast = np.broadcast_to(np.float32(0.5), y.shape)
    for actual, expected in zip(
        dense_grad(broadcast, x, kernel, y, "relu"),
        dense_grad(broadcast.copy(), x, kernel, y, "relu"),
        strict=True,
    ):
        np.testing.assert_array_equal(actual, expected)


def test_byte_order_and_alignment():
    x, kernel, bias, _ = arrays(6, 5, 3)
    y = dense(x, kernel, bias)
    unaligned = np.frombuffer(b"?" + x.tobytes(), "float32", offset=1).reshape(x.shape)
    assert not unaligned.flags.aligned
    np.testing.assert_array_equal(dense(unaligned, kernel.astype(">f4"), bias), y)


@pytest.mark.parametrize("activation", ACTIVATIONS)
@pytest.mark.parametrize("units", [1, 2, 4, 8, 16, 19])
@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.filterwarnings("ignore:invalid value")
def test_nan_and_infinity_are_those_of_the_formula(value, units, activation):
    x, kernel, bias, g = arrays(9, 6, units)
    x[2, 3] = kernel[1, 0] = bias[-1] = value
    g[5, -1] = value
    y = dense(x, kernel, bias, activation)
    assert_close(y, formula(x, kernel, bias, activation))
    for actual, expected in zip(
        dense_grad(g, x, kernel, y, activation), gradients(g, x, kernel, y, activation), strict=True
    ):
        assert_close(actual, expected)


@pytest.mark.parametrize("activation", ["sigmoid", "tanh"])
def test_activations_to_the_last_digits(activation):
    size = np.concatenate([np.logspace(-30, 2, 2000), [0, 9, 10, 86.9, 87, 88, 1e30, 3.4e38]])
    x = np.concatenate([size, -size]).astype("float32")[:, None]
    y = dense(x, np.ones((1, 1), "float32"), activation=activation)
    np.testing.assert_allclose(y, ACTIVATIONS[activation](x.astype("float64")), rtol=2.5e-7)


def test_sizes_that_differ_are_refused():
    x, kernel, bias, g = arrays(6, 5, 3)
    with pytest.raises(ValueError, match="last size of x: expected 5, got 4"):
        dense(x[:, :4], kernel)
    with pytest.raises(ValueError, match="length of bias: expected 3, got 2"):
        dense(x, kernel, bias[:2])
    with pytest.raises(ValueError, match="axes of bias: expected 1, got 2"):
        dense(x, kernel, bias[None])
    with pytest.raises(ValueError, match="axes of kernel: expected 2, got 1"):
        dense(x, bias)
    with pytest.raises(ValueError, match="1 or more axes"):
        dense(np.zeros((), "float32"), kernel)
    with pytest.raises(ValueError, match="elements of g: expected 18, got 15"):
        dense_grad(g[:5], x, kernel, g)
    with pytest.raises(ValueError, match="elements of out: expected 18, got 15"):
        dense_grad(g, x, kernel, g[:5])


def test_other_dtypes_are_refused():
    x, kernel, _, _ = arrays(6, 5, 3)
    with pytest.raises(TypeError, match="x: expected a float32 ndarray, got float64"):
        dense(x.astype("float64"), kernel)
    with pytest.raises(TypeError, match="bias: expected a float32 ndarray, got list"):
        dense(x, kernel, [0.0, 0.0, 0.0])


@pytest.mark.parametrize("name", ["softsign", "", 1])
def test_other_activations_are_refused(name):
    x, kernel, bias, _ = arrays(6, 5, 3)
    with pytest.raises(ValueError, match="'relu', 'sigmoid' or 'tanh', got"):
        dense(x, kernel, bias, name)


@pytest.mark.parametrize("function", [dense, dense_grad])
def test_the_example(function):
    names = {"np": np, "dense": dense, "dense_grad": dense_grad}
    example = doctest.DocTestParser().get_doctest(function.__doc__, names, function.__name__, None, 0)
    assert example.examples
    assert doctest.DocTestRunner().run(example).failed == 0


def test_nothing_leaks():
    x, kernel, bias, g = arrays(6, 5, 3)
    transposed = np.asfortranarray(kernel)
    before = [sys.getrefcount(a) for a in (x, kernel, bias, g, transposed)]
    for _ in range(50):
        y = dense(x, transposed, bias, "relu")
        dense_grad(g, x, kernel, y, "relu", False)
        with pytest.raises(ValueError, match="length of bias"):
            dense(x, kernel, bias[:2])
    assert [sys.getrefcount(a) for a in (x, kernel, bias, g, transposed)] == before
