"""The kernels of softmax and the cross-entropies against their formulas in float64."""

import numpy as np
import pytest

import kx_kernels

EPS = 1e-7
# (distributions, classes), with and without further axes; the last ones take several blocks and threads.
SHAPES = [(1, 1), (1, 17), (7, 3), (5, 16), (3, 33), (2, 3, 5), (40, 1000), (70, 9001)]
EMPTY = [(0, 3), (0, 0), (2, 0, 5)]


def draw(shape, seed=0, scale=3):
    return (np.random.default_rng(seed).standard_normal(shape) * scale).astype("float32")


def softmax(x):
    t = np.exp(x - x.max(-1, keepdims=True))
    return t / t.sum(-1, keepdims=True)


def close(actual, expected, tolerance=3e-6):
    assert actual.dtype == np.float32
    assert actual.shape == expected.shape
    np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("shape", SHAPES)
def test_softmax_and_log_softmax(shape):
    x, g = draw(shape), draw(shape, 1)
    p = softmax(x.astype("float64"))
    y, log_y = kx_kernels.softmax(x), kx_kernels.log_softmax(x)
    close(y, p)
    close(log_y, np.log(p))
    close(kx_kernels.softmax_grad(g, y), p * (g - (g * p).sum(-1, keepdims=True)), 1e-5)
    total = g.astype("float64").sum(-1, keepdims=True)
    close(kx_kernels.log_softmax_grad(g, log_y), g - p * total, 3e-6 * (1 + np.abs(total).max()))


@pytest.mark.parametrize("shape", EMPTY)
def test_empty_arrays(shape):
    x = np.zeros(shape, "float32")
    for kernel in (kx_kernels.softmax, kx_kernels.log_softmax):
        assert kernel(x).shape == shape
    loss = kx_kernels.categorical_crossentropy(x, x, True, EPS)
    assert loss.shape == shape[:-1]
    assert kx_kernels.binary_crossentropy(x, x, True, EPS).shape == shape


def test_extreme_scores():
    x = np.float32([[1e4, 0, -1e4], [-1e9, -1e9, 0], [-3e38, -3e38, -3e38], [88, 87, -200]])
    close(kx_kernels.softmax(x), softmax(x.astype("float64")))
    assert (kx_kernels.softmax(x)[0, 1:] == 0).all()
    close(kx_kernels.log_softmax(x)[0], np.array([0, -1e4, -2e4]))


def test_infinity_hides_a_score_and_nan_spoils_its_row():
    x = np.zeros((4, 20), "float32")
    x[0, 3] = np.nan
    x[1, 5] = np.inf
    x[2, 7:] = -np.inf
    x[3] = -np.inf
    for kernel in (kx_kernels.softmax, kx_kernels.log_softmax):
        y = kernel(x)
        assert np.isnan(y[[0, 1, 3]]).all()
        assert not np.isnan(y[2]).any()
    np.testing.assert_allclose(kx_kernels.softmax(x)[2, :7], 1 / 7, rtol=1e-6)


@pytest.mark.parametrize("labels", ["int32", "int64"])
@pytest.mark.parametrize("shape", SHAPES)
def test_sparse_categorical_crossentropy(shape, labels):
    x, classes = draw(shape), shape[-1]
    target = np.random.default_rng(2).integers(0, classes, shape[:-1]).astype(labels)
    g = draw(shape[:-1], 3)
    hit = np.arange(classes) == target[..., None]
    wide = x.astype("float64")
    p = softmax(wide)
    loss = kx_kernels.sparse_categorical_crossentropy(target, x, True, EPS)
    close(loss, -np.log(p[hit]).reshape(shape[:-1]))
    grad = kx_kernels.sparse_categorical_crossentropy_grad(g, target, x, True, EPS)
    close(grad, (p - hit) * g[..., None], 1e-5)
    q = np.abs(x) + np.float32(0.01)
    wide = q.astype("float64")
    total = wide.sum(-1, keepdims=True)
    clipped = np.clip(wide / total, EPS, 1 - EPS)
    close(
        kx_kernels.sparse_categorical_crossentropy(target, q, False, EPS),
        -np.log(clipped[hit]).reshape(shape[:-1]),
    )
    grad = kx_kernels.sparse_categorical_crossentropy_grad(g, target, q, False, EPS)
    live = (clipped[hit] == (wide / total)[hit]).reshape(shape[:-1])[..., None]
    close(grad, live * g[..., None] / total * (1 - hit / clipped), 1e-5)


@pytest.mark.parametrize("shape", SHAPES)
def test_categorical_crossentropy(shape):
    x, t, g = draw(shape), np.abs(draw(shape, 1)), draw(shape[:-1], 3)
    p = softmax(x.astype("float64"))
    size = 1 + t.sum(-1).max() * 20
    close(kx_kernels.categorical_crossentropy(t, x, True, EPS), -(t * np.log(p)).sum(-1), 1e-6 * size)
    grad = kx_kernels.categorical_crossentropy_grad(g, t, x, True, EPS)
    close(grad, (p * t.sum(-1, keepdims=True) - t) * g[..., None], 1e-6 * size)
    q = np.abs(x) + np.float32(0.01)
    wide = q.astype("float64")
    total = wide.sum(-1, keepdims=True)
    clipped = np.clip(wide / total, EPS, 1 - EPS)
    close(kx_kernels.categorical_crossentropy(t, q, False, EPS), -(t * np.log(clipped)).sum(-1), 1e-6 * size)
    if shape[-1] > 1:
        grad = kx_kernels.categorical_crossentropy_grad(g, t, q, False, EPS)
        wanted = (t.sum(-1, keepdims=True) - t / clipped) * g[..., None] / total
        np.testing.assert_allclose(grad, wanted, rtol=1e-4, atol=1e-5 * np.abs(wanted).max())


@pytest.mark.parametrize("shape", [(), (1,), (7, 3), (33, 31), (300, 1000)])
def test_binary_crossentropy(shape):
    x, g = np.asarray(draw(shape)), np.asarray(draw(shape, 3))
    t = np.asarray(np.random.default_rng(1).random(shape) < 0.5, "float32")
    wide = x.astype("float64")
    close(kx_kernels.binary_crossentropy(t, x, True, EPS), np.logaddexp(0, wide) - t * wide)
    close(kx_kernels.binary_crossentropy_grad(g, t, x, True, EPS), (1 / (1 + np.exp(-wide)) - t) * g)
    p = np.asarray(1 / (1 + np.exp(-x)))
    wide = np.clip(p.astype("float64"), EPS, 1 - EPS)
    close(
        kx_kernels.binary_crossentropy(t, p, False, EPS),
        -(t * np.log(wide) + (1 - t) * np.log(1 - wide)),
        1e-5,
    )
    close(
        kx_kernels.binary_crossentropy_grad(g, t, p, False, EPS), (wide - t) / (wide * (1 - wide)) * g, 1e-4
    )


def test_probabilities_are_kept_from_their_ends():
    p, t = np.float32([0, 1, 0, 1]), np.float32([0, 1, 1, 0])
    eps = np.float32(EPS)
    loss = kx_kernels.binary_crossentropy(t, p, False, EPS)
    np.testing.assert_allclose(
        loss[2:], [-np.log(eps), -np.log(np.float32(1) - (np.float32(1) - eps))], rtol=1e-6
    )
    np.testing.assert_array_equal(
        kx_kernels.binary_crossentropy_grad(np.ones(4, "float32"), t, p, False, EPS), 0
    )
    np.testing.assert_array_equal(
        kx_kernels.sparse_categorical_crossentropy_grad(
            np.ones(1, "float32"), np.int32([0]), p[None], False, EPS
        ),
        0,
    )


def test_nan_comes_through():
    x = np.full((3, 5), np.nan, "float32")
    target, ones, label = np.ones((3, 5), "float32"), np.ones(3, "float32"), np.zeros(3, "int32")
    for from_logits in (True, False):
        for y in (
            kx_kernels.sparse_categorical_crossentropy(label, x, from_logits, EPS),
            kx_kernels.categorical_crossentropy(target, x, from_logits, EPS),
            kx_kernels.binary_crossentropy(target, x, from_logits, EPS),
            kx_kernels.categorical_crossentropy_grad(ones, target, x, True, EPS),
            kx_kernels.sparse_categorical_crossentropy_grad(ones, label, x, from_logits, EPS),
            kx_kernels.binary_crossentropy_grad(target, target, x, from_logits, EPS),
        ):
            assert np.isnan(y).all()


def test_other_layouts_are_read():
    x, t = draw((6, 8)), np.abs(draw((6, 8), 1))
    for view, target in ((x.T, t.T), (x[::2], t[::2])):
        copy, target_copy = view.copy(order="C"), target.copy(order="C")
        np.testing.assert_array_equal(kx_kernels.softmax(view), kx_kernels.softmax(copy))
        np.testing.assert_array_equal(
            kx_kernels.categorical_crossentropy(target, view, True, EPS),
            kx_kernels.categorical_crossentropy(target_copy, copy, True, EPS),
        )


def test_what_does_not_fit_is_refused():
    x = draw((4, 3))
    with pytest.raises(ValueError, match="label 3 is out of range: the output has 3 classes"):
        kx_kernels.sparse_categorical_crossentropy(np.int32([0, 1, 2, 3]), x, True, EPS)
    with pytest.raises(ValueError, match="label -1 is out of range"):
        kx_kernels.sparse_categorical_crossentropy_grad(x[:, 0].copy(), np.int64([0, 1, -1, 2]), x, True, EPS)
    with pytest.raises(ValueError, match="elements of target: expected 4, got 3"):
        kx_kernels.sparse_categorical_crossentropy(np.int32([0, 1, 2]), x, True, EPS)
    with pytest.raises(TypeError, match="target: expected a int64 ndarray, got uint8"):
        kx_kernels.sparse_categorical_crossentropy(np.uint8([0, 1, 2, 0]), x, True, EPS)
    with pytest.raises(ValueError, match="elements of target: expected 12, got 8"):
        kx_kernels.categorical_crossentropy(draw((4, 2)), x, True, EPS)
    with pytest.raises(TypeError, match="output: expected a float32 ndarray, got float64"):
        kx_kernels.binary_crossentropy(x, x.astype("float64"), True, EPS)
    with pytest.raises(ValueError, match="1 or more axes"):
        kx_kernels.categorical_crossentropy(np.array(1, "float32"), np.array(1, "float32"), True, EPS)
