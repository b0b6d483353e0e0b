"""Arithmetic on two arrays, element by element, with broadcasting."""

import math

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.primitive import primitive


@primitive(shape=rules.broadcast, dtype=rules.promote)
def add(xp, x1, x2):
    """Return x1 + x2, element by element.

    >>> add([1.0, 2.0], 3.0).numpy()
    array([4., 5.], dtype=float32)
    """
    return xp.add(x1, x2)


add.vjp(lambda F, g: g, lambda F, g: g)
add.cases = (
    case("3,4", "3,4"),
    case("3,4", "4"),
    case("3,1", "4"),
    case("3:int32", "3"),
    fails("3", "4", match="broadcast"),
)


@primitive(shape=rules.broadcast, dtype=rules.promote)
def multiply(xp, x1, x2):
    """Return x1 * x2, element by element.

    >>> multiply([1.0, 2.0], 3.0).numpy()
    array([3., 6.], dtype=float32)
    """
    return xp.multiply(x1, x2)


multiply.vjp(lambda F, g, x2: g * x2, lambda F, g, x1: g * x1)
multiply.cases = case("3,4", "3,4"), case("3,4", "4"), case("3,1", "4"), fails("3", "4", match="broadcast")


@primitive(shape=rules.broadcast, dtype=rules.promote)
def subtract(xp, x1, x2):
    """Return x1 - x2, element by element.

    >>> subtract([1.0, 2.0], 3.0).numpy()
    array([-2., -1.], dtype=float32)
    """
    return xp.subtract(x1, x2)


subtract.vjp(lambda F, g: g, lambda F, g: -g)
subtract.cases = case("3,4", "3,4"), case("3,1", "4"), fails("3", "4", match="broadcast")


@primitive(shape=rules.broadcast, dtype=rules.floating)
def true_divide(xp, x1, x2):
    """Return x1 / x2, element by element; integers are divided as floats.

    >>> true_divide([1, 2], 4).numpy()
    array([0.25, 0.5 ], dtype=float32)
    """
    return xp.true_divide(x1, x2)


true_divide.vjp(lambda F, g, x2: g / x2, lambda F, g, x2, out: -g * out / x2)
true_divide.cases = case("3,4", "3,4", low=0.5), case("3,1", "4", low=0.5), fails("3", "4", match="broadcast")


@primitive(shape=rules.same, dtype=rules.keep)
def negative(xp, x):
    """Return -x.

    >>> negative([1.0, -2.0]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return xp.negative(x)


negative.vjp(lambda F, g: -g)
negative.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.broadcast, dtype=rules.promote)
def maximum(xp, x1, x2):
    """Return the larger of x1 and x2, element by element; at a tie the gradient is halved between them.

    >>> maximum([1.0, 5.0], 3.0).numpy()
    array([3., 5.], dtype=float32)
    """
    return xp.maximum(x1, x2)


def _larger(F, a, b):
    return 0.5 * (1.0 + F.unit_step(a - b) - F.unit_step(b - a))


maximum.vjp(lambda F, g, x1, x2: g * _larger(F, x1, x2), lambda F, g, x1, x2: g * _larger(F, x2, x1))
maximum.cases = (
    case("3,4", "3,4"),
    case("3,1", "4"),
    case("3:int32", "3:int32"),
    fails("3", "4", match="broadcast"),
)


@primitive(shape=rules.broadcast, dtype=rules.promote)
def minimum(xp, x1, x2):
    """Return the smaller of x1 and x2, element by element; at a tie the gradient is halved between them.

    >>> minimum([1.0, 5.0], 3.0).numpy()
    array([1., 3.], dtype=float32)
    """
    return xp.minimum(x1, x2)


minimum.vjp(lambda F, g, x1, x2: g * _larger(F, x2, x1), lambda F, g, x1, x2: g * _larger(F, x1, x2))
minimum.cases = (
    case("3,4", "3,4"),
    case("3,1", "4"),
    case("3:int32", "3:int32"),
    fails("3", "4", match="broadcast"),
)


@primitive(shape=rules.broadcast, dtype=rules.promote)
def power(xp, x1, x2):
    """Return x1 raised to the power x2, element by element.

    An integer to a negative power is rounded towards zero: 0 for all but 1 and -1.

    >>> power([2.0, 3.0], 2.0).numpy()
    array([4., 9.], dtype=float32)
    >>> power([2, -1], [-2, -3]).numpy()
    array([ 0, -1], dtype=int32)
    """
    if not hasattr(x2, "dtype") or x2.dtype.kind != "i":
        return xp.power(x1, x2)
    small = xp.where(x1 == -1, 1 - 2 * (x2 & 1), x1 == 1).astype(x2.dtype)
    return xp.where(x2 < 0, small, xp.power(x1, xp.maximum(x2, 0)))


def _power_dx1(F, g, x1, x2):
    if isinstance(x2, (int, float)):
        return g * x2 * x1 if x2 == 2 else g * x2 * F.power(x1, x2 - 1) if x2 else g * 0.0
    return g * x2 * F.power(x1, F.choose(x2 == 0, x2 * 0 + 1, x2 - 1))


def _power_dx2(F, g, x1, x2, out):
    if isinstance(x1, (int, float)):
        return g * out * (math.log(x1) if x1 > 0 else 0.0)
    return g * out * F.log(F.choose(x1 > 0, x1, F.ones_like(x1)))


power.vjp(_power_dx1, _power_dx2)
power.cases = (
    case("3,4", 2), case("3,4", 3.0), case(2.0, "3,4"), case(-1.0, "3,4:int32<3"), case("3,4", "3,4", low=0.5),
    case("3,1", "4", low=0.5), case("3:int32<5", 2), fails("3", "4", match="broadcast"),
    case(np.array([2, -3, 2]), np.array([3, 3, 0])),
)  # fmt: skip


@primitive(shape=rules.broadcast, dtype=rules.promote)
def floor_divide(xp, x1, x2):
    """Return the largest integer at most x1 / x2, element by element; a constant to the tape.

    >>> floor_divide([7.0, -7.0], 2.0).numpy()
    array([ 3., -4.], dtype=float32)
    """
    return xp.floor_divide(x1, x2)


floor_divide.cases = (
    case("3,4", "3,4", low=0.5, grad=False, tol=1.0),
    case(np.array([7, -7]), np.array([2, 2])),
)


def _mod_dtype(names, params):
    common = rules.promote(names, params)[1]
    return ("int32", "int32") if common == "bool" else (common, common)


@primitive(shape=rules.broadcast, dtype=_mod_dtype)
def mod(xp, x1, x2):
    """Return the remainder of x1 / x2 with the sign of x2, element by element.

    >>> mod([7.0, -7.0], 3.0).numpy()
    array([1., 2.], dtype=float32)
    """
    return xp.remainder(x1, x2)


mod.vjp(lambda F, g: g, lambda F, g, x1, x2: -g * F.floor_divide(x1, x2))
mod.cases = case(np.array([7.2, -7.2, 0.3]), np.array([3.0, 2.1, 0.7])), case("3:int32", 3)


@primitive(shape=rules.broadcast, dtype=rules.floating)
def arctan2(xp, x1, x2):
    """Return the angle of the point (x2, x1) in radians, in [-pi, pi].

    >>> arctan2([0.0, 1.0], [1.0, 0.0]).numpy().round(4)
    array([0.    , 1.5708], dtype=float32)
    """
    return xp.arctan2(x1, x2)


arctan2.vjp(
    lambda F, g, x1, x2: g * x2 / (x1 * x1 + x2 * x2), lambda F, g, x1, x2: -g * x1 / (x1 * x1 + x2 * x2)
)
arctan2.cases = case("3,4", "3,4", low=0.2), case("3:int32<4", 2)


@primitive(shape=rules.broadcast, dtype=rules.wide_floating)
def hypot(xp, x1, x2):
    """Return sqrt(x1^2 + x2^2), element by element, without overflow.

    >>> hypot([3.0], [4.0]).numpy()
    array([5.], dtype=float32)
    """
    return xp.hypot(x1, x2)


hypot.vjp(lambda F, g, x1, out: g * x1 / out, lambda F, g, x2, out: g * x2 / out)
hypot.cases = case("3,4", "3,4", low=0.5), case("3,1", "4", low=0.5)


@primitive(shape=rules.broadcast, dtype=rules.floating)
def logaddexp(xp, x1, x2):
    """Return log(exp(x1) + exp(x2)) without overflow.

    >>> logaddexp([1000.0], [1000.0]).numpy().round(3)
    array([1000.693], dtype=float32)
    """
    return xp.logaddexp(x1, x2)


logaddexp.vjp(lambda F, g, x1, out: g * F.exp(x1 - out), lambda F, g, x2, out: g * F.exp(x2 - out))
logaddexp.cases = case("3,4", "3,4"), case("3,1", "4")
