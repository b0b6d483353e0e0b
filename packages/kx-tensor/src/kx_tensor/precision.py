"""How half-precision arrays are computed: widened to float32, the result rounded once."""


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
