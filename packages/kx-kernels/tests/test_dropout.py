"""The dropout kernel: the stream of NumPy's Philox, the same decisions however the work is cut."""

import numpy as np
import pytest

from kx_kernels import dropout, dropout_grad


def decisions(n, rate, key):
    """Which of n elements stay, by NumPy's own stream."""
    words = np.random.Philox(key=np.array(key, "uint64")).random_raw(n // 2 + 8)
    if rate >= 1 / 256:
        return words.view("uint16")[:n] >= min(round(rate * 2**16), 2**16 - 1)
    return words.view("uint32")[:n] >= round(rate * 2**32)


@pytest.mark.parametrize("rate", [0.0, 1e-6, 0.003, 1 / 256, 0.1, 0.5, 0.99, 0.999999])
@pytest.mark.parametrize("shape", [(0,), (), (1,), (15,), (16,), (17,), (3, 5, 7), (1025,), (70001,)])
def test_the_mask_is_that_of_numpys_stream(shape, rate):
    x = np.asarray(np.random.default_rng(0).standard_normal(shape).astype("float32"))
    key = (12345, 2**32 - 1)
    y, mask = dropout(x, rate, *key)
    assert (y.shape, y.dtype, mask.shape, mask.dtype) == (shape, "float32", shape, "bool")
    np.testing.assert_array_equal(mask, decisions(x.size, rate, key).reshape(shape))
    factor = mask.astype("float32") * np.float32(1.0 / (1.0 - rate))
    np.testing.assert_array_equal(y, x * factor)
    np.testing.assert_array_equal(dropout_grad(x, mask, rate), x * factor)


def test_large_arrays_on_several_threads(printed):
    x = np.ones((1000, 1031), "float32")
    y, mask = dropout(x, 0.25, 1, 2)
    np.testing.assert_array_equal(mask.ravel(), decisions(x.size, 0.25, (1, 2)))
    assert abs(y.mean() - 1) < 5e-3
    code = (
        "import numpy as np, zlib, kx_kernels\n"
        "y, mask = kx_kernels.dropout(np.ones((1000, 1031), 'float32'), 0.25, 1, 2)\n"
        "print(zlib.crc32(y.tobytes()), zlib.crc32(mask.tobytes()))"
    )
    assert printed(code, 1) == printed(code, 3)


def test_whole_64_bit_keys():
    key = (2**64 - 1, 0x0123456789ABCDEF)
    np.testing.assert_array_equal(dropout(np.ones(333, "float32"), 0.5, *key)[1], decisions(333, 0.5, key))


def test_nan_and_infinity_are_those_of_the_product():
    x = np.float32([np.nan, np.inf, -np.inf] * 20)
    y, mask = dropout(x, 0.5, 1, 1)
    with np.errstate(invalid="ignore"):
        np.testing.assert_array_equal(y, x * (mask * np.float32(2)))


def test_other_layouts_are_read_and_what_does_not_fit_is_refused():
    x = np.random.default_rng(0).standard_normal((6, 8)).astype("float32")
    np.testing.assert_array_equal(dropout(x.T, 0.5, 1, 2)[0], dropout(x.T.copy(), 0.5, 1, 2)[0])
    for rate in (-0.1, 1.0, 1.5, np.nan):
        with pytest.raises(ValueError, match="rate of at least 0 and below 1"):
            dropout(x, rate, 1, 2)
    with pytest.raises(TypeError, match="x: expected a float32 ndarray, got float64"):
        dropout(x.astype("float64"), 0.5, 1, 2)
    with pytest.raises(ValueError, match="elements of mask"):
        dropout_grad(x, np.ones(3, "bool"), 0.5)
