"""The kernels of squared and absolute errors against their formulas."""

import numpy as np
import pytest

from kx_kernels import absolute_error, absolute_error_grad, squared_error, squared_error_grad

ERRORS = {
    "squared": (squared_error, squared_error_grad, np.square, lambda d: 2 * d),
    "absolute": (absolute_error, absolute_error_grad, np.abs, np.sign),
}
every_error = pytest.mark.parametrize("name", ERRORS)
SHAPES = [(0, 3), (1,), (7,), (1, 1), (5, 1), (31, 17), (2, 3, 5), (700, 999)]


def arrays(shape, dtype):
    return np.random.default_rng(0).standard_normal((2, *shape)).astype(dtype)


@every_error
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("average", [False, True])
def test_values_and_gradients(name, dtype, shape, average):
    error, grad, value, slope = ERRORS[name]
    t, p = arrays(shape, dtype)
    d = p.astype("float64") - t
    axis = None if average else -1
    count = d.size if average else d.shape[-1]
    expected = value(d).sum(axis=axis) / (count or 1)
    out = error(t, p, average)
    assert (out.shape, out.dtype) == (np.shape(expected), dtype)
    tol = 4 * np.finfo(dtype).eps
    np.testing.assert_allclose(out, expected, rtol=tol, atol=tol)
    g = np.random.default_rng(1).standard_normal(out.shape).astype(dtype)
    wide = g if average else g[..., None]
    np.testing.assert_allclose(grad(g, t, p, average), wide * slope(d) / (count or 1), rtol=1e-5, atol=1e-6)


@every_error
def test_other_layouts_are_read_and_nan_and_infinity_stay(name):
    error, grad, value, slope = ERRORS[name]
    t, p = (
        np.zeros((3, 4), "float32").T,
        np.float32([[np.nan, 1, 2], [np.inf, 0, 0], [1, 1, 1], [-np.inf, 0, 1]]),
    )
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(error(t, p, False), value(p).mean(axis=-1))
        expected = slope(p) / np.float32(3)
    np.testing.assert_allclose(grad(np.ones(4, "float32"), t, p, False), expected, rtol=1e-6)


@every_error
def test_bad_arguments(name):
    error, grad, *_ = ERRORS[name]
    x = np.zeros((2, 3))
    with pytest.raises(TypeError, match="y_true: expected a float64 ndarray, got float32"):
        error(x.astype("float32"), x, True)
    with pytest.raises(TypeError, match="got int32"):
        error(x.astype("int32"), x.astype("int32"), True)
    with pytest.raises(ValueError, match="size of y_true: expected 3, got 2"):
        error(x[:, :2], x, True)
    with pytest.raises(ValueError, match="axes of y_true: expected 2, got 1"):
        error(x[0], x, True)
    with pytest.raises(ValueError, match="1 or more axes"):
        error(np.array(1.0), np.array(1.0), True)
    with pytest.raises(ValueError, match="elements of g: expected 2, got 3"):
        grad(np.zeros(3), x, x, False)
