"""Comparisons and logic, element by element. Their results are bool and constants to the tape."""

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.primitive import primitive


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def equal(xp, x1, x2):
    """Return x1 == x2, element by element.

    >>> equal([1, 2], [1, 3]).numpy()
    array([ True, False])
    """
    return xp.equal(x1, x2)


equal.cases = case("3:int32<3", "3:int32<3"), case("3,1", "4"), fails("3", "4", match="broadcast")


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def not_equal(xp, x1, x2):
    """Return x1 != x2, element by element.

    >>> not_equal([1, 2], [1, 3]).numpy()
    array([False,  True])
    """
    return xp.not_equal(x1, x2)


not_equal.cases = case("3:int32<3", "3:int32<3"), case("3,1", "4")


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def less(xp, x1, x2):
    """Return x1 < x2, element by element.

    >>> less([1, 2], 2).numpy()
    array([ True, False])
    """
    return xp.less(x1, x2)


less.cases = case("3:int32<3", "3:int32<3"), case("3,1", "4")


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def less_equal(xp, x1, x2):
    """Return x1 <= x2, element by element.

    >>> less_equal([1, 3], 2).numpy()
    array([ True, False])
    """
    return xp.less_equal(x1, x2)


less_equal.cases = case("3:int32<3", "3:int32<3"), case("3,1", "4")


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def greater(xp, x1, x2):
    """Return x1 > x2, element by element.

    >>> greater([1, 3], 2).numpy()
    array([False,  True])
    """
    return xp.greater(x1, x2)


greater.cases = case("3:int32<3", "3:int32<3"), case("3,1", "4")


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def greater_equal(xp, x1, x2):
    """Return x1 >= x2, element by element.

    >>> greater_equal([1, 2], 2).numpy()
    array([False,  True])
    """
    return xp.greater_equal(x1, x2)


greater_equal.cases = case("3:int32<3", "3:int32<3"), case("3,1", "4")


@primitive(shape=rules.broadcast, dtype=rules.logical)
def logical_and(xp, x1, x2):
    """Return x1 and x2, element by element; non-zero is true.

    >>> logical_and([True, False], True).numpy()
    array([ True, False])
    """
    return xp.logical_and(x1, x2)


logical_and.cases = case("3,4:bool", "3,4:bool"), case("3:bool", "3")


@primitive(shape=rules.broadcast, dtype=rules.logical)
def logical_or(xp, x1, x2):
    """Return x1 or x2, element by element.

    >>> logical_or([True, False], False).numpy()
    array([ True, False])
    """
    return xp.logical_or(x1, x2)


logical_or.cases = case("3,4:bool", "3,4:bool"), case("3:bool", "3")


@primitive(shape=rules.broadcast, dtype=rules.logical)
def logical_xor(xp, x1, x2):
    """Return whether exactly one of x1 and x2 is true, element by element.

    >>> logical_xor([True, False], True).numpy()
    array([False,  True])
    """
    return xp.logical_xor(x1, x2)


logical_xor.cases = case("3,4:bool", "3,4:bool"), case("3:bool", "3")


@primitive(shape=rules.same, dtype=rules.logical)
def logical_not(xp, x):
    """Return not x, element by element.

    >>> logical_not([True, False]).numpy()
    array([False,  True])
    """
    return xp.logical_not(x)


logical_not.cases = case("3,4:bool"), case("3")


@primitive(shape=rules.same, dtype=rules.fixed("bool"))
def isnan(xp, x):
    """Tell where x is not a number.

    >>> isnan([1.0, float("nan")]).numpy()
    array([False,  True])
    """
    return xp.isnan(x)


isnan.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.fixed("bool"))
def isinf(xp, x):
    """Tell where x is plus or minus infinity.

    >>> isinf([1.0, float("inf")]).numpy()
    array([False,  True])
    """
    return xp.isinf(x)


isinf.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.fixed("bool"))
def isfinite(xp, x):
    """Tell where x is neither infinite nor NaN.

    >>> isfinite([1.0, float("inf")]).numpy()
    array([ True, False])
    """
    return xp.isfinite(x)


isfinite.cases = (case("3,4"),)


@primitive(shape=rules.broadcast, dtype=rules.boolean)
def isclose(xp, x1, x2, *, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Tell where |x1 - x2| <= atol + rtol |x2|.

    >>> isclose([1.0, 2.0], [1.0, 2.1]).numpy()
    array([ True, False])
    """
    return xp.isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan)


isclose.cases = case("3,4", "3,4"), case("3", "3", rtol=10.0)
