"""The activation kernels against their NumPy formulas."""

import os
import subprocess
import sys

import numpy as np
import pytest

import kx_kernels
from kx_kernels import bias_relu, bias_relu_grad

# Empty, single, odd, wide, tall; the last three take several blocks of rows, the last one several threads.
SHAPES = [
    (0, 3),
    (3, 0),
    (1, 1),
    (1, 17),
    (7, 1),
    (33, 31),
    (128, 512),
    (100, 4096),
    (9000, 7),
    (2100, 1000),
]
DTYPES = ["float32", "float64"]


def arrays(shape, dtype, seed=0):
    rng = np.random.default_rng(seed)
    y, g = rng.standard_normal((2, *shape)).astype(dtype)
    return y, g, rng.standard_normal(shape[1]).astype(dtype)


def special_values(dtype):
    values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -1.0], dtype)
    return np.repeat(values, 7).reshape(7, 7), np.tile(values, (7, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_bias_relu_is_the_formula_in_place(shape, dtype):
    y, _, bias = arrays(shape, dtype)
    expected = np.maximum(y + bias, 0)
    assert bias_relu(y, bias) is None
    np.testing.assert_array_equal(y, expected)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_bias_relu_grad_is_the_formula(shape, dtype):
    y, g, _ = arrays(shape, dtype)
    gx, gbias = bias_relu_grad(g, y)
    expected = g * (y > 0)
    np.testing.assert_array_equal(gx, expected)
    assert (gx.dtype, gbias.dtype, gbias.shape) == (dtype, dtype, (shape[1],))
    tolerance = np.finfo(dtype).eps * np.abs(expected).sum(axis=0, dtype="float64") * 8
    assert np.all(np.abs(gbias - expected.sum(axis=0, dtype="float64")) <= tolerance)


@pytest.mark.parametrize("dtype", DTYPES)
def test_nan_and_infinity_are_those_of_the_formula(dtype):
    y, other = special_values(dtype)
    with np.errstate(invalid="ignore"):
        sums = [np.maximum(y[:, j : j + 1] + other[0, j], 0) for j in range(7)]
        expected_gx = other * (y > 0)
    for j, expected in enumerate(sums):
        column = y[:, j : j + 1].copy()
        bias_relu(column, other[0, j : j + 1])
        np.testing.assert_array_equal(column, expected)
    np.testing.assert_array_equal(bias_relu_grad(other, y)[0], expected_gx)


def test_views_that_are_contiguous_are_written_through():
    whole = -np.ones((6, 4), np.float32)
    bias_relu(whole[2:4], np.full(4, 3, np.float32))
    np.testing.assert_array_equal(whole[2:4], 2)
    np.testing.assert_array_equal(whole[[0, 1, 4, 5]], -1)


@pytest.mark.parametrize(
    "y",
    [
        np.zeros((4, 3), "float16"),
        np.zeros((4, 3), "int32"),
        np.zeros((4, 3), ">f4"),
        np.zeros((3, 4), "float32").T,
        np.zeros((4, 6), "float32")[:, ::2],
        np.broadcast_to(np.float32(0), (4, 3)),  # read-only
        [[0.0, 0.0, 0.0]],
    ],
)
def test_other_layouts_and_dtypes_are_refused(y):
    with pytest.raises(TypeError, match="ndarray"):
        bias_relu(y, np.zeros(3, "float32"))


def test_mixed_dtypes_are_refused():
    with pytest.raises(TypeError, match="ndarray"):
        bias_relu(np.zeros((4, 3), "float32"), np.zeros(3, "float64"))


def test_sizes_that_differ_are_refused():
    with pytest.raises(ValueError, match="axes of y: expected 2, got 1"):
        bias_relu(np.zeros(3), np.zeros(3))
    with pytest.raises(ValueError, match="length of bias: expected 3, got 2"):
        bias_relu(np.zeros((4, 3)), np.zeros(2))
    with pytest.raises(ValueError, match="rows of y: expected 4, got 5"):
        bias_relu_grad(np.zeros((4, 3)), np.zeros((5, 3)))
    with pytest.raises(ValueError, match="columns of y: expected 3, got 2"):
        bias_relu_grad(np.zeros((4, 3)), np.zeros((4, 2)))


def run_with_threads(count, code):
    environment = {**os.environ, "OMP_NUM_THREADS": str(count), "OPENBLAS_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    )
    return done.stdout


def test_sums_are_the_same_bits_for_any_number_of_threads():
    code = (
        "import numpy as np; from kx_kernels import bias_relu_grad\n"
        "g, y = np.random.default_rng(0).standard_normal((2, 3000, 1000), 'float32')\n"
        "print(bias_relu_grad(g, y)[1].tobytes().hex())"
    )
    assert run_with_threads(1, code) == run_with_threads(3, code)


@pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc")
def test_only_large_work_starts_threads():
    code = (
        "import os, numpy as np; from kx_kernels import bias_relu\n"
        "threads = lambda: len(os.listdir('/proc/self/task'))\n"
        "start = threads()\n"
        "bias_relu(np.ones((128, 512)), np.ones(512)); print(threads() - start)\n"
        "bias_relu(np.ones((4096, 1024)), np.ones(1024)); print(threads() - start)"
    )
    few, many = map(int, run_with_threads(2, code).split())
    assert few == 0
    assert many == (1 if kx_kernels.openmp else 0)
