"""The kernels of kx-kernels against NumPy doing the same. Run: hatch run bench."""

import numpy as np
import pytest

from kx_kernels import bias_relu, bias_relu_grad

SHAPES = [(32, 16), (128, 512), (2048, 1024)]


def numpy_bias_relu(y, bias):
    np.add(y, bias, out=y)
    np.maximum(y, 0, out=y)


def numpy_bias_relu_grad(g, y):
    gx = g * (y > 0)
    return gx, gx.sum(axis=0)


def matrix(shape):
    return np.random.default_rng(0).standard_normal(shape, "float32")


@pytest.mark.parametrize("implementation", [bias_relu, numpy_bias_relu])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bias_relu(benchmark, shape, implementation):
    benchmark.group = f"bias_relu {shape}"
    benchmark(implementation, matrix(shape), np.zeros(shape[1], "float32"))


@pytest.mark.parametrize("implementation", [bias_relu_grad, numpy_bias_relu_grad])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_bias_relu_grad(benchmark, shape, implementation):
    benchmark.group = f"bias_relu_grad {shape}"
    benchmark(implementation, matrix(shape), matrix(shape))
