"""The kernels of element-wise activations against their formulas in float64."""

import math

import numpy as np
import pytest

import kx_kernels

ERF = np.vectorize(math.erf, otypes=[float])


def sigmoid(x):
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-x))


def normal(x):
    return 0.5 * (1 + ERF(x / np.sqrt(2)))


def by_tanh(x):
    return np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)


def by_tanh_slope(x):
    t = np.tanh(by_tanh(x))
    return 0.5 * (1 + t) + 0.5 * x * (1 - t**2) * np.sqrt(2 / np.pi) * (1 + 3 * 0.044715 * x**2)


# name, further arguments, function, slope (of x), whether the gradient's kernel takes the result
TABLE = [
    ("relu", (), lambda x: np.maximum(x, 0), lambda x: (x > 0) * 1.0, True),
    ("sigmoid", (), sigmoid, lambda x: sigmoid(x) * sigmoid(-x), True),
    ("tanh", (), np.tanh, lambda x: 1 - np.tanh(x) ** 2, True),
    ("softplus", (), lambda x: np.logaddexp(0, x), sigmoid, False),
    ("silu", (), lambda x: x * sigmoid(x), lambda x: sigmoid(x) * (1 + x * sigmoid(-x)), False),
    ("elu", (0.7,), lambda x: np.where(x > 0, x, 0.7 * np.expm1(np.minimum(x, 0))),
     lambda x: np.where(x > 0, 1, 0.7 * np.exp(np.minimum(x, 0))), False),
    ("leaky_relu", (0.3,), lambda x: np.where(x > 0, x, 0.3 * x), lambda x: np.where(x > 0, 1, 0.3), False),
    ("leaky_relu", (3.0,), lambda x: np.where(x > 0, x, 3 * x), lambda x: np.where(x > 0, 1, 3.0), False),
    ("gelu", (False,), lambda x: x * normal(x),
     lambda x: normal(x) + x * np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), False),
    ("gelu", (True,), lambda x: 0.5 * x * (1 + np.tanh(by_tanh(x))), by_tanh_slope, False),
]  # fmt: skip
every_function = pytest.mark.parametrize("row", TABLE, ids=lambda row: f"{row[0]}{row[1]}")
# Empty, 0-d, single, primes, several axes; the last ones take several blocks and threads.
SHAPES = [(0,), (), (1,), (7,), (31,), (0, 3), (3, 5, 7), (16385,), (300, 1000)]


def kernel(row):
    return getattr(kx_kernels, row[0]), getattr(kx_kernels, row[0] + "_grad")


@every_function
@pytest.mark.parametrize("shape", SHAPES)
def test_values_and_gradients_are_those_of_the_formula(row, shape):
    _, arguments, function, slope, by_value = row
    forward, backward = kernel(row)
    rng = np.random.default_rng(0)
    x, g = rng.uniform(-9, 9, shape).astype("float32"), rng.standard_normal(shape).astype("float32")
    x, g = np.asarray(x), np.asarray(g)
    y = forward(x, *arguments)
    assert (y.shape, y.dtype) == (shape, "float32")
    wide = x.astype("float64")
    np.testing.assert_allclose(y, function(wide), rtol=2e-6, atol=1e-6)
    gx = backward(g, y if by_value else x, *arguments)
    assert (gx.shape, gx.dtype) == (shape, "float32")
    np.testing.assert_allclose(gx, g * slope(wide), rtol=3e-6, atol=1e-5)


@every_function
def test_small_and_large_arguments(row):
    _, arguments, function, slope, by_value = row
    forward, backward = kernel(row)
    x = np.float32([-1e30, -3e4, -100, -88, -12, -1e-6, -1e-30, 0, 1e-30, 1e-6, 12, 88, 100, 3e4, 1e30])
    wide = x.astype("float64")
    with np.errstate(over="ignore", invalid="ignore"):
        wanted = function(wide)
    y = forward(x, *arguments)
    np.testing.assert_allclose(y, wanted, rtol=2e-6, atol=1e-6)
    middle = np.abs(x) < 1e9  # beyond, x^2 overflows in the formulas of some slopes
    gx = backward(np.ones_like(x), y if by_value else x, *arguments)
    np.testing.assert_allclose(gx[middle], slope(wide[middle]), rtol=3e-6, atol=3e-6)


@every_function
def test_nan_stays_nan_and_infinity_is_the_limit(row):
    _, arguments, *_ = row
    forward, backward = kernel(row)
    x = np.full(40, np.nan, "float32")
    assert np.isnan(forward(x, *arguments)).all()
    if row[0] not in ("relu", "leaky_relu", "elu"):
        assert np.isnan(backward(np.ones_like(x), x, *arguments)).all()
    assert np.isnan(backward(x, np.ones_like(x), *arguments)).all()
    top = forward(np.float32([np.inf]), *arguments)
    assert top[0] == (1 if row[0] in ("sigmoid", "tanh") else np.inf)


@every_function
def test_other_layouts_are_read_and_other_dtypes_refused(row):
    _, arguments, *_ = row
    forward, backward = kernel(row)
    x = np.random.default_rng(0).standard_normal((6, 8)).astype("float32")
    for view in (x.T, x[::2, ::-1], np.broadcast_to(x[0], (4, 8))):
        np.testing.assert_array_equal(
            forward(view, *arguments), forward(np.ascontiguousarray(view), *arguments)
        )
        np.testing.assert_array_equal(
            backward(view, view, *arguments), backward(view.copy(order="C"), view.copy(order="C"), *arguments)
        )
    for wrong in (x.astype("float64"), x.astype("float16"), [1.0], np.float32(1.0)):
        with pytest.raises(TypeError, match="x: expected a float32 ndarray"):
            forward(wrong, *arguments)
    with pytest.raises(ValueError, match="elements of g: expected 48, got 6"):
        backward(x[:, 0].copy(), x, *arguments)


def test_bits_do_not_depend_on_the_number_of_threads(printed):
    code = (
        "import numpy as np, kx_kernels\n"
        "x = np.random.default_rng(0).standard_normal((300, 1000), 'float32')\n"
        "print(kx_kernels.gelu(x, False).sum(), kx_kernels.gelu_grad(x, x, True).tobytes()[:4000].hex())"
    )
    assert printed(code, 1) == printed(code, 3)
