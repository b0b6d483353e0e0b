"""Arithmetic composed of primitives."""

from kx_tensor.ops.arithmetic import add, multiply, true_divide
from kx_tensor.ops.compare import equal
from kx_tensor.ops.select import where
from kx_tensor.ops.unary import sqrt


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
    zero = equal(x2, 0)
    return where(zero, 0.0, true_divide(x1, where(zero, 1.0, x2)))


def hypot(x1, x2):
    """Return sqrt(x1^2 + x2^2), element by element.

    >>> hypot([3.0], [4.0]).numpy()
    array([5.], dtype=float32)
    """
    return sqrt(add(multiply(x1, x1), multiply(x2, x2)))
