"""Functions of one array, element by element."""

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case
from kx_tensor.ops.arithmetic import multiply
from kx_tensor.ops.casting import cast
from kx_tensor.primitive import primitive


@primitive(shape=rules.same, dtype=rules.floating)
def exp(xp, x):
    """Return e to the power x.

    >>> exp([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return xp.exp(x)


exp.vjp(lambda F, g, out: g * out)
exp.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def log(xp, x):
    """Return the natural logarithm of x.

    >>> log([1.0]).numpy()
    array([0.], dtype=float32)
    """
    return xp.log(x)


log.vjp(lambda F, g, x: g / x)
log.cases = (case("3,4", low=0.5),)


@primitive(shape=rules.same, dtype=rules.keep)
def absolute(xp, x):
    """Return the absolute value of x.

    >>> absolute([-1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """
    return xp.abs(x)


absolute.vjp(lambda F, g, x: g * F.sign(x))
absolute.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.same, dtype=rules.keep)
def sign(xp, x):
    """Return -1, 0 or 1 by the sign of x; a constant to the tape.

    >>> sign([-3.0, 0.0, 2.0]).numpy()
    array([-1.,  0.,  1.], dtype=float32)
    """
    return xp.sign(x)


sign.cases = case("3,4", grad=False), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def expm1(xp, x):
    """Return exp(x) - 1, accurate near 0.

    >>> expm1([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.expm1(x)


expm1.vjp(lambda F, g, out: g * (out + 1))
expm1.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.floating)
def log1p(xp, x):
    """Return log(1 + x), accurate near 0.

    >>> log1p([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.log1p(x)


log1p.vjp(lambda F, g, x: g / (1 + x))
log1p.cases = (case("3,4", low=-0.5),)


@primitive(shape=rules.same, dtype=rules.floating)
def log2(xp, x):
    """Return the logarithm of x to base 2.

    >>> log2([8.0]).numpy().round(4)
    array([3.], dtype=float32)
    """
    return xp.log2(x)


log2.vjp(lambda F, g, x: g / (x * 0.6931471805599453))
log2.cases = (case("3,4", low=0.5),)


@primitive(shape=rules.same, dtype=rules.floating)
def log10(xp, x):
    """Return the logarithm of x to base 10.

    >>> log10([100.0]).numpy().round(4)
    array([2.], dtype=float32)
    """
    return xp.log10(x)


log10.vjp(lambda F, g, x: g / (x * 2.302585092994046))
log10.cases = (case("3,4", low=0.5),)


@primitive(shape=rules.same, dtype=rules.floating)
def sqrt(xp, x):
    """Return the square root of x.

    >>> sqrt([4.0]).numpy().round(4)
    array([2.], dtype=float32)
    """
    return xp.sqrt(x)


sqrt.vjp(lambda F, g, out: g * 0.5 / out)
sqrt.cases = case("3,4", low=0.5), case("3:int32<5")


def _square_dtype(names, params):
    name = dtypes.result_type(names[0])
    return ("int32", "int32") if name == "bool" else (None, name)


@primitive(shape=rules.same, dtype=_square_dtype)
def square(xp, x):
    """Return x * x.

    >>> square([3.0]).numpy()
    array([9.], dtype=float32)
    """
    return xp.square(x)


square.vjp(lambda F, g, x: g * (2 * x))
square.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def sin(xp, x):
    """Return the sine of x radians.

    >>> sin([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.sin(x)


sin.vjp(lambda F, g, x: g * F.cos(x))
sin.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def cos(xp, x):
    """Return the cosine of x radians.

    >>> cos([0.0]).numpy().round(4)
    array([1.], dtype=float32)
    """
    return xp.cos(x)


cos.vjp(lambda F, g, x: -g * F.sin(x))
cos.cases = case("3,4"), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def tan(xp, x):
    """Return the tangent of x radians.

    >>> tan([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.tan(x)


tan.vjp(lambda F, g, out: g * (1 + out * out))
tan.cases = (case("3,4", low=-1, high=1),)


@primitive(shape=rules.same, dtype=rules.floating)
def arcsin(xp, x):
    """Return the angle in [-pi/2, pi/2] whose sine is x.

    >>> arcsin([1.0]).numpy().round(4)
    array([1.5708], dtype=float32)
    """
    return xp.arcsin(x)


arcsin.vjp(lambda F, g, x: g / F.sqrt(1 - x * x))
arcsin.cases = (case("3,4", low=-0.8, high=0.8),)


@primitive(shape=rules.same, dtype=rules.floating)
def arccos(xp, x):
    """Return the angle in [0, pi] whose cosine is x.

    >>> arccos([1.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.arccos(x)


arccos.vjp(lambda F, g, x: -g / F.sqrt(1 - x * x))
arccos.cases = (case("3,4", low=-0.8, high=0.8),)


@primitive(shape=rules.same, dtype=rules.floating)
def arctan(xp, x):
    """Return the angle in (-pi/2, pi/2) whose tangent is x.

    >>> arctan([1.0]).numpy().round(4)
    array([0.7854], dtype=float32)
    """
    return xp.arctan(x)


arctan.vjp(lambda F, g, x: g / (1 + x * x))
arctan.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.floating)
def sinh(xp, x):
    """Return the hyperbolic sine of x.

    >>> sinh([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.sinh(x)


sinh.vjp(lambda F, g, x: g * F.cosh(x))
sinh.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.floating)
def cosh(xp, x):
    """Return the hyperbolic cosine of x.

    >>> cosh([0.0]).numpy().round(4)
    array([1.], dtype=float32)
    """
    return xp.cosh(x)


cosh.vjp(lambda F, g, x: g * F.sinh(x))
cosh.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.floating)
def arcsinh(xp, x):
    """Return the inverse hyperbolic sine of x.

    >>> arcsinh([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.arcsinh(x)


arcsinh.vjp(lambda F, g, x: g / F.sqrt(x * x + 1))
arcsinh.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.floating)
def arccosh(xp, x):
    """Return the inverse hyperbolic cosine of x.

    >>> arccosh([1.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.arccosh(x)


arccosh.vjp(lambda F, g, x: g / F.sqrt(x * x - 1))
arccosh.cases = (case("3,4", low=1.5, high=3),)


@primitive(shape=rules.same, dtype=rules.floating)
def arctanh(xp, x):
    """Return the inverse hyperbolic tangent of x.

    >>> arctanh([0.0]).numpy().round(4)
    array([0.], dtype=float32)
    """
    return xp.arctanh(x)


arctanh.vjp(lambda F, g, x: g / (1 - x * x))
arctanh.cases = (case("3,4", low=-0.7, high=0.7),)


@primitive(shape=rules.same, dtype=rules.floating)
def floor(xp, x):
    """Return the largest integer at most x; a constant to the tape.

    >>> floor([1.7, -1.2]).numpy().round(4)
    array([ 1., -2.], dtype=float32)
    """
    return xp.floor(x)


floor.cases = case("3,4", grad=False, tol=1.0), case("3:int32")


@primitive(shape=rules.same, dtype=rules.floating)
def ceil(xp, x):
    """Return the smallest integer at least x; a constant to the tape.

    >>> ceil([1.2, -1.7]).numpy().round(4)
    array([ 2., -1.], dtype=float32)
    """
    return xp.ceil(x)


ceil.cases = case("3,4", grad=False, tol=1.0), case("3:int32")


@primitive(shape=rules.same, dtype=rules.keep)
def trunc(xp, x):
    """Return x without its fraction; a constant to the tape.

    >>> trunc([1.7, -1.7]).numpy()
    array([ 1., -1.], dtype=float32)
    """
    return xp.trunc(x)


trunc.cases = (case("3,4", grad=False, tol=1.0),)


@primitive(shape=rules.same, dtype=rules.floating)
def reciprocal(xp, x):
    """Return 1 / x; integers become floats first.

    >>> reciprocal([4.0]).numpy()
    array([0.25], dtype=float32)
    """
    return xp.reciprocal(x)


reciprocal.vjp(lambda F, g, out: -g * out * out)
reciprocal.cases = (case("3,4", low=0.5),)


@primitive(shape=rules.same, dtype=rules.keep)
def round(xp, x, *, decimals=0):
    """Return x rounded to `decimals` places, halves to even; a constant to the tape.

    >>> round([1.25, 2.5]).numpy()
    array([1., 2.], dtype=float32)
    """
    return xp.round(x, decimals)


round.cases = case("3,4", grad=False, tol=1.0), case("3,4", decimals=1, grad=False, tol=0.11), case("3:int32")


@primitive(shape=rules.same, dtype=rules.keep)
def copy(xp, x):
    """Return a copy of x.

    >>> copy([1.0]).numpy()
    array([1.], dtype=float32)
    """
    return xp.array(x, copy=True)


copy.vjp(lambda F, g: g)
copy.cases = (case("3,4"),)


@primitive(shape=rules.same, dtype=rules.keep)
def nan_to_num(xp, x, *, nan=0.0, posinf=None, neginf=None):
    """Return x with NaN and the infinities replaced by numbers (None: the largest and smallest finite ones).

    >>> nan_to_num([1.0, float("nan")]).numpy()
    array([1., 0.], dtype=float32)
    """
    if x.dtype.kind not in "fV":
        return x
    limits = dtypes.finfo(x.dtype)
    high, low = (limits.max if posinf is None else posinf), (limits.min if neginf is None else neginf)
    x = xp.where(xp.isnan(x), x.dtype.type(nan), x)
    x = xp.where(x == float("inf"), x.dtype.type(high), x)
    return xp.where(x == float("-inf"), x.dtype.type(low), x)


nan_to_num.vjp(lambda F, g, x: F.choose(F.isfinite(x), g, 0.0 * g))
nan_to_num.cases = (
    case("3,4"),
    case(np.array([1.0, np.nan, np.inf, -np.inf], "float32"), posinf=9.0, neginf=-9.0, grad=False),
)


def abs(x):
    """Return the absolute value of x.

    >>> abs([-1.0]).numpy()
    array([1.], dtype=float32)
    """
    return absolute(x)


def rsqrt(x):
    """Return 1 / sqrt(x).

    >>> rsqrt([4.0]).numpy()
    array([0.5], dtype=float32)
    """
    return reciprocal(sqrt(x))


def exp2(x):
    """Return 2 to the power x.

    >>> exp2([3.0]).numpy().round(4)
    array([8.], dtype=float32)
    """
    return exp(multiply(x, 0.6931471805599453))


def deg2rad(x):
    """Return degrees as radians.

    >>> deg2rad([180.0]).numpy().round(4)
    array([3.1416], dtype=float32)
    """
    return multiply(_wide_angle(x), 0.017453292519943295)


def _wide_angle(x):
    """64-bit integers become float64 angles, as in Keras."""
    return cast(x, "float64") if getattr(x, "dtype", None) == "int64" else x


def rad2deg(x):
    """Return radians as degrees.

    >>> rad2deg([3.14159265]).numpy().round(2)
    array([180.], dtype=float32)
    """
    return multiply(_wide_angle(x), 57.29577951308232)
