"""Less common functions of numbers: fmod, gcd, cbrt, sinc, heaviside, logaddexp2 and their kin."""

import math

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import maximum, minimum, multiply, power, true_divide
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import equal, isnan
from kx_tensor.ops.select import choose
from kx_tensor.ops.unary import absolute, sin
from kx_tensor.primitive import primitive


@primitive(shape=rules.broadcast, dtype=rules.promote)
def fmod(xp, x1, x2):
    """Return the remainder of x1 / x2 with the sign of x1, element by element.

    >>> fmod([7.0, -7.0], 3.0).numpy()
    array([ 1., -1.], dtype=float32)
    """
    return xp.fmod(x1, x2)


fmod.vjp(lambda F, g: g, lambda F, g, x1, x2: -g * F.trunc(x1 / x2))
fmod.cases = case("3,4", "4", low=0.5), case("3:int32", 3), fails("3", "4", match="broadcast")


def _integers(names, params):
    common = rules.promote(names, params)[1]
    if not dtypes.is_int_dtype(common) and common != "bool":
        raise ValueError(f"integers are needed, got dtypes {', '.join(names)}.")
    common = "int32" if common == "bool" else common
    return common, common


@primitive(shape=rules.broadcast, dtype=_integers)
def gcd(xp, x1, x2):
    """Return the greatest common divisor of integers, element by element.

    >>> gcd([12, 7], 8).numpy()
    array([4, 1], dtype=int32)
    """
    return xp.gcd(x1, x2)


gcd.cases = case("3,4:int32<30", "4:int32<30"), fails("3:float32", 2, match="integers are needed")


@primitive(shape=rules.broadcast, dtype=_integers)
def lcm(xp, x1, x2):
    """Return the least common multiple of integers, element by element.

    >>> lcm([12, 7], 8).numpy()
    array([24, 56], dtype=int32)
    """
    return xp.lcm(x1, x2)


lcm.cases = (case("3,4:int32<30", "4:int32<30"),)


@primitive(shape=rules.broadcast, dtype=rules.wide_floating)
def heaviside(xp, x1, x2):
    """Return 0 where x1 is negative, 1 where it is positive and x2 where it is 0; a constant to the tape.

    >>> heaviside([-2.0, 0.0, 3.0], 0.5).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return xp.heaviside(x1, x2)


heaviside.cases = case("3,4", "4", grad=False), case("3:int32", 0.5, grad=False)


@primitive(shape=rules.broadcast, dtype=rules.floating)
def logaddexp2(xp, x1, x2):
    """Return log2(2^x1 + 2^x2) without overflow.

    >>> logaddexp2([1000.0], [1000.0]).numpy()
    array([1001.], dtype=float32)
    """
    return xp.logaddexp2(x1, x2)


logaddexp2.vjp(
    lambda F, g, x1, out: g * F.exp((x1 - out) * math.log(2)),
    lambda F, g, x2, out: g * F.exp((x2 - out) * math.log(2)),
)
logaddexp2.cases = case("3,4", "3,4"), case("3,1", "4")


@primitive(shape=rules.broadcast, dtype=rules.floating)
def nextafter(xp, x1, x2):
    """Return the next number after x1 towards x2 that the dtype has; a constant to the tape.

    >>> (nextafter([1.0], [2.0]) - 1.0).numpy()
    array([1.1920929e-07], dtype=float32)
    """
    return xp.nextafter(x1, x2)


nextafter.cases = (case("3,4", "4", grad=False),)


@primitive(shape=rules.same, dtype=rules.wide_floating)
def cbrt(xp, x):
    """Return the cube root of x.

    >>> cbrt([8.0, -27.0]).numpy()
    array([ 2., -3.], dtype=float32)
    """
    return xp.cbrt(x)


cbrt.vjp(lambda F, g, out: g / (3.0 * out * out))
cbrt.cases = case("3,4", low=0.5), case("3:int32<5")


@primitive(shape=rules.same, dtype=rules.fixed("bool"))
def signbit(xp, x):
    """Tell where the sign bit of x is set: for negative numbers and -0.

    >>> signbit([-1.0, -0.0, 0.0]).numpy()
    array([ True,  True, False])
    """
    return xp.signbit(x)


signbit.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.same, dtype=rules.fixed("bool"))
def isreal(xp, x):
    """Tell where the imaginary part of x is 0; everywhere for real numbers.

    >>> isreal([1.0, 2.0]).numpy()
    array([ True,  True])
    """
    return xp.isreal(x)


isreal.cases = (case("3,4"),)


def isposinf(x):
    """Tell where x is plus infinity.

    >>> isposinf([float("inf"), -float("inf"), 1.0]).numpy()
    array([ True, False, False])
    """
    return equal(x, math.inf)


def isneginf(x):
    """Tell where x is minus infinity.

    >>> isneginf([float("inf"), -float("inf"), 1.0]).numpy()
    array([False,  True, False])
    """
    return equal(x, -math.inf)


def fabs(x):
    """Return the absolute value of x as a float.

    >>> fabs([-1, 2]).numpy()
    array([1., 2.], dtype=float32)
    """
    return absolute(_as_float(x))


def _as_float(x):
    x = convert_to_tensor(x)
    return cast(x, dtypes.floating(x.dtype))


def fmax(x1, x2):
    """Return the larger of x1 and x2, element by element; NaN only where both are.

    >>> fmax([1.0, float("nan")], 0.0).numpy()
    array([1., 0.], dtype=float32)
    """
    return choose(isnan(x1), x2, choose(isnan(x2), x1, maximum(x1, x2)))


def fmin(x1, x2):
    """Return the smaller of x1 and x2, element by element; NaN only where both are.

    >>> fmin([1.0, float("nan")], 0.0).numpy()
    array([0., 0.], dtype=float32)
    """
    return choose(isnan(x1), x2, choose(isnan(x2), x1, minimum(x1, x2)))


def ldexp(x1, x2):
    """Return x1 times 2 to the power of the integers x2.

    >>> ldexp([0.75, 1.5], [1, 2]).numpy()
    array([1.5, 6. ], dtype=float32)
    """
    x1, x2 = _as_float(x1), convert_to_tensor(x2)
    if not (dtypes.is_int_dtype(x2.dtype) or x2.dtype == "bool"):
        raise TypeError(f"ldexp: the exponent must be an integer, got dtype {x2.dtype}.")
    dtype = dtypes.result_type(x1.dtype, x2.dtype)
    return multiply(x1, power(2.0, cast(x2, dtype)))


def sinc(x):
    """Return sin(pi x) / (pi x), and 1 at 0.

    >>> sinc([0.0, 0.5]).numpy().round(4)
    array([1.    , 0.6366], dtype=float32)
    """
    angle = multiply(_as_float(x), math.pi)
    at_zero = equal(angle, 0)
    safe = choose(at_zero, 1, angle)
    return choose(at_zero, 1, true_divide(sin(safe), safe))
