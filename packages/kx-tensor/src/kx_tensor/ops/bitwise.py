"""Bit operations on integers; on booleans they are the logical ones."""

from kx_tensor import rules
from kx_tensor.cases import case
from kx_tensor.primitive import primitive


@primitive(shape=rules.broadcast, dtype=rules.promote)
def bitwise_and(xp, x, y):
    """Return the bits set in both.

    >>> bitwise_and([6], [3]).numpy()
    array([2], dtype=int32)
    """
    return xp.bitwise_and(x, y)


bitwise_and.cases = case("3,4:int32", "4:int32"), case("3:bool", "3:bool")


@primitive(shape=rules.broadcast, dtype=rules.promote)
def bitwise_or(xp, x, y):
    """Return the bits set in either.

    >>> bitwise_or([6], [3]).numpy()
    array([7], dtype=int32)
    """
    return xp.bitwise_or(x, y)


bitwise_or.cases = case("3,4:int32", "4:int32"), case("3:bool", "3:bool")


@primitive(shape=rules.broadcast, dtype=rules.promote)
def bitwise_xor(xp, x, y):
    """Return the bits set in exactly one.

    >>> bitwise_xor([6], [3]).numpy()
    array([5], dtype=int32)
    """
    return xp.bitwise_xor(x, y)


bitwise_xor.cases = case("3,4:int32", "4:int32"), case("3:bool", "3:bool")


@primitive(shape=rules.same, dtype=rules.keep)
def bitwise_not(xp, x):
    """Return x with all bits flipped.

    >>> bitwise_not([6]).numpy()
    array([-7], dtype=int32)
    """
    return xp.invert(x)


bitwise_not.cases = case("3,4:int32"), case("3:bool")


@primitive(shape=rules.broadcast, dtype=rules.promote)
def left_shift(xp, x, y):
    """Return x with its bits moved y places up.

    >>> left_shift([3], 1).numpy()
    array([6], dtype=int32)
    """
    return xp.left_shift(x, y)


left_shift.cases = (case("3:int32<5", "3:int32<3"),)


@primitive(shape=rules.broadcast, dtype=rules.promote)
def right_shift(xp, x, y):
    """Return x with its bits moved y places down.

    >>> right_shift([6], 1).numpy()
    array([3], dtype=int32)
    """
    return xp.right_shift(x, y)


right_shift.cases = (case("3:int32<5", "3:int32<3"),)


def bitwise_invert(x):
    """Return x with all bits flipped.

    >>> bitwise_invert([0]).numpy()
    array([-1], dtype=int32)
    """
    return bitwise_not(x)


def bitwise_left_shift(x, y):
    """Return x with its bits moved y places up.

    >>> bitwise_left_shift([1], 3).numpy()
    array([8], dtype=int32)
    """
    return left_shift(x, y)


def bitwise_right_shift(x, y):
    """Return x with its bits moved y places down.

    >>> bitwise_right_shift([8], 3).numpy()
    array([1], dtype=int32)
    """
    return right_shift(x, y)
