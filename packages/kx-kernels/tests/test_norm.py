"""The normalization kernels against their NumPy formulas in float64."""

import os
import subprocess
import sys

import numpy as np
import pytest

import kx_kernels
from kx_kernels import (
    batch_norm,
    batch_norm_grad,
    channel_affine,
    group_norm,
    group_norm_grad,
    layer_norm,
    layer_norm_grad,
)

DTYPES = ["float32", "float64"]
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}
EPSILON = 1e-3

# (shape, axis of the channels): one element, primes, few and many channels, several blocks, several threads.
CHANNELS = [
    ((1, 1), -1), ((1, 5), -1), ((7, 1), -1), ((7, 13), 1), ((5,), 0), ((31, 3), -1), ((3, 5, 7, 2), -1), ((300, 130), -1),
    ((5, 3, 7), 1), ((2, 3, 5, 7), 1), ((3, 2, 1), 1), ((4, 17, 1), 1), ((64, 37, 40), -1), ((40, 11, 35, 37), 1),
    ((9000, 3), -1), ((6, 2), 0), ((1, 3, 50, 40), 1),
]  # fmt: skip
every_layout = pytest.mark.parametrize("shape, axis", CHANNELS)
every_dtype = pytest.mark.parametrize("dtype", DTYPES)


def draw(shape, channels, dtype, seed=0):
    """x with a mean far above its deviation, its gradient, and two vectors."""
    rng = np.random.default_rng(seed)
    x = (rng.standard_normal(shape) * 3 + 10).astype(dtype)
    g = rng.standard_normal(shape).astype(dtype)
    scale, offset = rng.standard_normal((2, channels)).astype(dtype)
    return x, g, scale, offset


def wide(*arrays):
    return [a.astype("float64") for a in arrays]


def close(found, expected, dtype, scale=1.0):
    assert found.dtype == dtype and found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype] * scale)


def standard(x, axes):
    mean, variance = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    inverse = 1 / np.sqrt(variance + EPSILON)
    return (x - mean) * inverse, inverse


def through(g, hat, inverse, axes):
    return inverse * (g - g.mean(axes, keepdims=True) - hat * (g * hat).mean(axes, keepdims=True))


# ---- batch normalization -------------------------------------------------------------------------------------


def around(shape, axis):
    axes = tuple(i for i in range(len(shape)) if i != axis % len(shape))
    return axes, [-1 if i == axis % len(shape) else 1 for i in range(len(shape))]


@every_dtype
@every_layout
def test_batch_norm_is_the_formula(shape, axis, dtype):
    x, _, scale, offset = draw(shape, shape[axis], dtype)
    out, mean, variance, inverse = batch_norm(x, scale, offset, axis, EPSILON)
    axes, layout = around(shape, axis)
    x, scale, offset = wide(x, scale, offset)
    close(mean, x.mean(axes), dtype)
    close(variance, x.var(axes), dtype, 10)
    close(inverse, 1 / np.sqrt(x.var(axes) + EPSILON), dtype, 10)
    expected = standard(x, axes)[0] * scale.reshape(layout) + offset.reshape(layout)
    close(out, expected, dtype, 10)
    plain = batch_norm(x, None, None, axis, EPSILON)[0]
    close(plain, standard(x, axes)[0], "float64", 10)


@every_dtype
@every_layout
def test_batch_norm_grad_is_the_formula(shape, axis, dtype):
    x, g, scale, _ = draw(shape, shape[axis], dtype)
    _, mean, _, inverse = batch_norm(x, scale, None, axis, EPSILON)
    gx, gscale, goffset = batch_norm_grad(g, x, scale, mean, inverse, axis)
    skipped, same_scale, same_offset = batch_norm_grad(g, x, scale, mean, inverse, axis, False)
    assert skipped is None
    np.testing.assert_array_equal(same_scale, gscale)
    np.testing.assert_array_equal(same_offset, goffset)
    axes, layout = around(shape, axis)
    x, g, scale = wide(x, g, scale)
    hat, inv = standard(x, axes)
    many = np.sqrt(x.size / shape[axis])
    close(gscale, (g * hat).sum(axes), dtype, 10 * many)
    close(goffset, g.sum(axes), dtype, many)
    close(gx, through(g * scale.reshape(layout), hat, inv, axes), dtype, 10)


@every_dtype
@every_layout
def test_channel_affine_is_the_formula(shape, axis, dtype):
    x, _, factor, offset = draw(shape, shape[axis], dtype)
    mean = offset[::-1].copy()
    layout = around(shape, axis)[1]
    expected = (x - mean.reshape(layout)) * factor.reshape(layout) + offset.reshape(layout)
    np.testing.assert_allclose(channel_affine(x, mean, factor, offset, axis), expected, rtol=1e-5, atol=1e-5)
    np.testing.assert_array_equal(channel_affine(x, None, None, None, axis), x)


def test_channel_affine_of_nothing():
    assert channel_affine(np.ones((0, 3)), None, np.ones(3), None, -1).shape == (0, 3)


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e5])
def test_moments_far_from_zero_keep_their_digits(offset):
    x = np.random.default_rng(0).standard_normal((4000, 3)) + offset
    x = x.astype("float32")
    _, mean, variance, _ = batch_norm(x, None, None, -1, 0.0)
    np.testing.assert_allclose(mean, x.mean(0, dtype="float64"), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(variance, x.astype("float64").var(0), rtol=2e-5)


def test_a_first_row_unlike_the_others_costs_few_digits():
    x = np.ones((1024, 4), "float32") * 1000 + np.random.default_rng(0).standard_normal((1024, 4)).astype(
        "float32"
    )
    x[0] = 0
    _, mean, variance, _ = batch_norm(x, None, None, -1, 0.0)
    np.testing.assert_allclose(mean, x.mean(0, dtype="float64"), rtol=1e-6)
    np.testing.assert_allclose(variance, x.astype("float64").var(0), rtol=1e-4)


# ---- layer normalization -------------------------------------------------------------------------------------

ROWS = [(1, 1), (1, 7), (5, 1), (13, 5), (3, 127), (300, 70), (2100, 131), (2, 20000)]


@pytest.mark.parametrize("centre", [True, False])
@every_dtype
@pytest.mark.parametrize("shape", ROWS)
def test_layer_norm_is_the_formula(shape, dtype, centre):
    x, g, gamma, beta = draw(shape, shape[1], dtype)
    x = x if centre else g[::-1].copy()
    out, mean, inverse = layer_norm(x, gamma, beta, 1, EPSILON, centre)
    gx, ggamma, gbeta = layer_norm_grad(g, x, gamma, mean, inverse, 1, centre)
    only, *none = layer_norm_grad(g, x, gamma, mean, inverse, 1, centre, False)
    np.testing.assert_array_equal(only, gx)
    assert none == [None, None]
    x, g, gamma, beta = wide(x, g, gamma, beta)
    if centre:
        hat, inv = standard(x, 1)
        close(mean, x.mean(1), dtype)
        expected = through(g * gamma, hat, inv, 1)
    else:
        inv = 1 / np.sqrt((x * x).mean(1, keepdims=True) + EPSILON)
        hat, h = x * inv, g * gamma
        assert not mean.any()
        expected = inv * (h - hat * (h * hat).mean(1, keepdims=True))
    close(inverse, inv[:, 0], dtype, 10)
    close(out, hat * gamma + beta, dtype, 10)
    close(gx, expected, dtype, 20)
    close(ggamma, (g * hat).sum(0), dtype, 10 * np.sqrt(shape[0]))
    close(gbeta, g.sum(0), dtype, np.sqrt(shape[0]))


@every_dtype
def test_layer_norm_over_several_axes_without_vectors(dtype):
    x = draw((3, 4, 5), 5, dtype)[0]
    out, mean, inverse = layer_norm(x, None, None, 2, EPSILON, True)
    close(out, standard(x.astype("float64"), (1, 2))[0], dtype, 10)
    gx, ggamma, gbeta = layer_norm_grad(x, x, None, mean, inverse, 2, True)
    assert (gx.shape, ggamma.shape, gbeta.shape) == ((3, 4, 5), (4, 5), (4, 5))


# ---- group normalization -------------------------------------------------------------------------------------


@every_dtype
@pytest.mark.parametrize(
    "shape, axis, groups",
    [
        ((1, 1), -1, 1), ((3, 6), -1, 3), ((2, 5, 4), -1, 2), ((3, 7, 5, 3), -1, 1), ((2, 4, 5), 1, 2), ((1, 6, 3, 5), 1, 6),
        ((2, 3, 4, 5), 2, 2), ((40, 30, 31, 16), -1, 4), ((33, 12, 30, 29), 1, 3),
    ],
)  # fmt: skip
def test_group_norm_is_the_formula(shape, axis, groups, dtype):
    x, g, gamma, beta = draw(shape, shape[axis], dtype)
    out, mean, inverse = group_norm(x, gamma, beta, groups, axis, EPSILON)
    gx, ggamma, gbeta = group_norm_grad(g, x, gamma, mean, inverse, groups, axis)
    x, g, gamma, beta = wide(x, g, gamma, beta)
    at = axis % len(shape)
    split = (*shape[:at], groups, shape[at] // groups, *shape[at + 1 :])
    layout = [n if i in (at, at + 1) else 1 for i, n in enumerate(split)]
    axes = tuple(i for i in range(1, len(split)) if i != at)
    others = tuple(i for i in range(len(split)) if i not in (at, at + 1))
    x, g, gamma, beta = x.reshape(split), g.reshape(split), gamma.reshape(layout), beta.reshape(layout)
    hat, inv = standard(x, axes)
    many = np.sqrt(x.size / shape[axis])
    close(mean, x.mean(axes).reshape(shape[0], groups), dtype)
    close(inverse, inv.reshape(shape[0], groups), dtype, 10)
    close(out, (hat * gamma + beta).reshape(shape), dtype, 10)
    close(gx, through(g * gamma, hat, inv, axes).reshape(shape), dtype, 10)
    close(ggamma, (g * hat).sum(others).reshape(-1), dtype, 10 * many)
    close(gbeta, g.sum(others).reshape(-1), dtype, many)


# ---- all of them ---------------------------------------------------------------------------------------------


def calls(x, g):
    """Each kernel on x (n, c), the results in one list."""
    ones = np.ones(x.shape[-1], x.dtype)
    out, mean, variance, inverse = batch_norm(x, ones, ones, -1, EPSILON)
    found = [out, mean, variance, *batch_norm_grad(g, x, ones, mean, inverse, -1)]
    out, mean, inverse = layer_norm(x, ones, ones, 1, EPSILON, True)
    found += [out, *layer_norm_grad(g, x, ones, mean, inverse, 1, True)]
    out, mean, inverse = group_norm(x, ones, ones, 2, -1, EPSILON)
    return [*found, out, *group_norm_grad(g, x, ones, mean, inverse, 2, -1)]


@every_dtype
def test_arrays_that_are_not_contiguous(dtype):
    x, g, _, _ = draw((12, 8), 8, dtype)
    for found, expected in zip(
        calls(x[::2, ::2], g[1::2, ::2]), calls(x[::2, ::2].copy(), g[1::2, ::2].copy())
    ):
        np.testing.assert_array_equal(found, expected)


@every_dtype
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_stays_where_it_was(dtype, bad):
    x, g, _, _ = draw((6, 4), 4, dtype)
    x[2, 1] = bad
    with np.errstate(invalid="ignore"):
        batch = batch_norm(x, None, None, -1, EPSILON)[0]
        layer = layer_norm(x, None, None, 1, EPSILON, True)[0]
        group = group_norm(x, None, None, 2, -1, EPSILON)[0]
    assert np.isnan(batch[:, 1]).all() and np.isfinite(np.delete(batch, 1, 1)).all()
    assert np.isnan(layer[2]).all() and np.isfinite(np.delete(layer, 2, 0)).all()
    assert np.isnan(group[2, :2]).all() and np.isnan(group).sum() == 2
    g[2, 1] = bad
    clean = draw((6, 4), 4, dtype)[0]
    _, mean, _, inverse = batch_norm(clean, None, None, -1, EPSILON)
    gx, gscale, goffset = batch_norm_grad(g, clean, None, mean, inverse, -1)
    assert not np.isfinite([gscale[1], goffset[1]]).any() and not np.isfinite(gx[:, 1]).any()
    assert np.isfinite(np.delete(gx, 1, 1)).all()


def test_what_does_not_fit_is_refused():
    x, v = np.ones((4, 6), "float32"), np.ones(6, "float32")
    with pytest.raises(TypeError, match="x: expected a float32 ndarray, got int64"):
        batch_norm(np.ones((2, 3), "int64"), None, None, -1, 0.1)
    with pytest.raises(TypeError, match="scale: expected a float32"):
        batch_norm(x, np.ones(6), None, -1, 0.1)
    with pytest.raises(ValueError, match="offset: expected 6, got 5"):
        batch_norm(x, None, v[:5], -1, 0.1)
    with pytest.raises(ValueError, match="no such axis"):
        batch_norm(x, None, None, 2, 0.1)
    with pytest.raises(ValueError, match="empty"):
        batch_norm(x[:0], None, None, -1, 0.1)
    with pytest.raises(ValueError, match="elements of g"):
        batch_norm_grad(x[:2], x, None, v, v, -1)
    with pytest.raises(ValueError, match="gamma: expected 6, got 4"):
        layer_norm(x, v[:4], None, 1, 0.1, True)
    with pytest.raises(ValueError, match="axes must be 1 or more"):
        layer_norm(x, None, None, 3, 0.1, True)
    with pytest.raises(ValueError, match="length of mean"):
        layer_norm_grad(x, x, None, v, v, 1, True)
    with pytest.raises(ValueError, match="groups must divide"):
        group_norm(x, None, None, 4, -1, 0.1)
    with pytest.raises(ValueError, match="groups must divide"):
        group_norm(x, None, None, 2, 0, 0.1)


def test_the_same_bits_on_any_number_of_threads():
    """Large enough for several threads; the bits depend on the shapes alone."""
    rng = np.random.default_rng(0)
    x, g = rng.standard_normal((2, 6000, 96)).astype("float32")
    before = kx_kernels.thread_count()
    try:
        results = []
        for count in (1, 2, 3, 1):
            kx_kernels.set_thread_count(count)
            results.append(calls(x, g))
    finally:
        kx_kernels.set_thread_count(before)
    for other in results[1:]:
        for found, expected in zip(other, results[0], strict=True):
            np.testing.assert_array_equal(found, expected)


def test_the_same_bits_in_another_process():
    code = (
        "import numpy as np, kx_kernels, zlib\n"
        "x = np.random.default_rng(0).standard_normal((500, 40)).astype('float32')\n"
        "print(zlib.crc32(b''.join(a.tobytes() for a in kx_kernels.batch_norm(x, None, None, -1, 0.1))))\n"
    )
    runs = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
        ).stdout
        for _ in range(2)
    }
    assert len(runs) == 1
