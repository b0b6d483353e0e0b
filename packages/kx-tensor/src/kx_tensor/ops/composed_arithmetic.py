"""Arithmetic composed of primitives."""

from kx_tensor.ops.arithmetic import true_divide
from kx_tensor.ops.compare import equal
from kx_tensor.ops.creation import zeros_like
from kx_tensor.ops.select import where


def divide(x1, x2):
    """Return x1 / x2, element by element; integers are divided as floats.

    >>> divide(1.0, [2.0, 4.0]).numpy()
    array([0.5 , 0.25], dtype=float32)
    """
    return true_divide(x1, x2)


def divide_no_nan(x1, x2):
    """Return x1 / x2, and 0 where x2 is 0.

    >>> divide_no_nan([1.0, 1.0], [2.0, 0.0]).numpy()
    array([0.5, 0. ], dtype=float32)
    """
    if isinstance(x2, (int, float)):
        quotient = true_divide(x1, x2 or 1)
        return quotient if x2 else zeros_like(quotient)
    zero = equal(x2, 0)
    return where(zero, 0, true_divide(x1, where(zero, 1, x2)))
