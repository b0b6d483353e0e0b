"""Which kernel of `dense` runs, and that each agrees with NumPy."""

import numpy as np
import pytest

from kx_tensor import Tensor, device, ops
from kx_tensor.gradients import gradients
from kx_tensor.testing import leaf_tensor

pytestmark = pytest.mark.skipif(device.kx_kernels is None, reason="kx-kernels is not built")


def results(kernels, x, kernel, bias, activation, seed):
    """The result and the gradients of dense, and the kernel rule its node has."""
    previous, device.cpu.kernels = device.cpu.kernels, kernels
    try:
        leaves = [leaf_tensor(a) for a in (x, kernel, bias)]
        out = ops.dense(*leaves, activation=activation)
        rule = out.node.kernel_rule
        return [
            t.numpy() if isinstance(t, Tensor) else t for t in (out, *gradients(out, leaves, seed=seed))
        ], rule
    finally:
        device.cpu.kernels = previous


@pytest.mark.parametrize(
    ("shape", "units", "dtype", "activation", "rule"),
    [
        ((32, 10), 16, "float32", "relu", "_kernel_grads"),
        ((32, 16), 1, "float32", None, "_kernel_grads"),
        ((4, 8, 10), 16, "float32", "tanh", "_kernel_grads"),
        ((10,), 16, "float32", "sigmoid", "_kernel_grads"),
        ((128, 64), 80, "float32", "relu", "_kernel_grads"),
        ((128, 64), 80, "float32", "tanh", "_kernel_grads"),
        ((32, 10), 16, "float64", "relu", "_kernel_grads"),
        ((128, 64), 80, "float64", "sigmoid", "_kernel_grads"),
        ((32, 10), 16, "float16", "tanh", None),
    ],
)
def test_the_kernel_that_fits_runs_and_agrees(shape, units, dtype, activation, rule):
    rng = np.random.default_rng(0)
    x, kernel, bias = (rng.standard_normal(s).astype(dtype) for s in (shape, (shape[-1], units), units))
    seed = np.broadcast_to(rng.standard_normal(units).astype(dtype), (*shape[:-1], units))
    native, ran = results("native", x, kernel, bias, activation, seed)
    plain, none = results(None, x, kernel, bias, activation, seed)
    assert (getattr(ran, "__name__", None), none) == (rule, None)
    for actual, expected in zip(native, plain, strict=True):
        assert (actual.shape, actual.dtype) == (expected.shape, expected.dtype)
        tolerance = 1e-4 if dtype != "float16" else 1e-2
        np.testing.assert_allclose(actual, expected, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("x1", "x2", "runs"),
    [
        (np.ones((4, 5), "float32"), np.ones((5, 3), "float32"), True),
        (np.ones((2, 4, 5)), np.ones((5, 3)), True),
        (np.ones(5), np.ones((5, 3)), True),
        (np.ones((2, 4, 5)), np.ones((2, 5, 3)), False),
        (np.ones((4, 5)), np.ones(5), False),
        (np.ones((4, 5)), np.ones((3, 5)).T, False),
        (np.ones((5, 4)).T, np.ones((5, 3)), False),
        (np.ones((4, 5), "float16"), np.ones((5, 3), "float16"), False),
    ],
)
def test_products_that_the_kernel_takes(x1, x2, runs, monkeypatch):
    found = {}
    for kernels in ("native", None):
        monkeypatch.setattr(device.cpu, "kernels", kernels)
        leaves = [leaf_tensor(x1), leaf_tensor(x2)]
        out = ops.matmul(*leaves)
        assert (out.node.kernel_rule is not None) == (runs and kernels == "native")
        found[kernels] = [t.numpy() for t in (out, *gradients(out, leaves))]
    for actual, expected in zip(found["native"], found[None], strict=True):
        assert actual.dtype == expected.dtype
        np.testing.assert_array_equal(actual, expected)


@pytest.mark.parametrize("shape", [(32, 10), (128, 64)])
def test_a_gradient_of_another_dtype(shape):
    x, kernel, bias = np.ones(shape, "float32"), np.ones((shape[1], 80), "float32"), np.zeros(80, "float32")
    seed = Tensor(np.ones((shape[0], 80)))
    native, _ = results("native", x, kernel, bias, "relu", seed)
    assert [a.dtype for a in native] == [np.float32] * 4
    np.testing.assert_array_equal(native[3], np.full(80, shape[0], "float32"))
