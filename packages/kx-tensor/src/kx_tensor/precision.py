"""How half-precision arrays are computed: widened to float32, the result rounded once. And the zeros of each dtype."""


def widen(x):
    """Return a float16 or bfloat16 array as float32, any other as it is.

    >>> import numpy as np
    >>> widen(np.ones(2, "float16")).dtype.name
    'float32'
    """
    return x.astype("float32") if x.dtype.itemsize < 4 else x


def narrow(result, dtype):
    """Return `result` in `dtype`, which it already has unless the inputs were widened."""
    return result if result.dtype == dtype else result.astype(dtype)


class _Zeros(dict):
    """NumPy dtype -> its zero: ufuncs take a scalar of their own dtype fastest, and making one costs 0.4 us."""

    def __missing__(self, dtype):
        self[dtype] = zero = dtype.type(0)
        return zero


ZEROS = _Zeros()
