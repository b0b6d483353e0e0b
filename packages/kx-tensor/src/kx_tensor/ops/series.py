"""Sequences: logspace, geomspace, differences, integrals, powers of a vector, cross product, windows."""

from kx_tensor import device as devices
from kx_tensor import dtypes, rules
from kx_tensor.ops.arithmetic import add, multiply, power, subtract
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import not_equal
from kx_tensor.ops.creation import arange, linspace
from kx_tensor.ops.indexes import get_item
from kx_tensor.ops.join import stack
from kx_tensor.ops.reduce import sum
from kx_tensor.ops.shape import expand_dims, moveaxis
from kx_tensor.ops.unary import absolute, exp, log, sign
from kx_tensor.symbolic import record_call
from kx_tensor.tensor import Tensor


def logspace(start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """Return base ** linspace(start, stop, num).

    >>> logspace(0.0, 2.0, 3).numpy()
    array([  1.,  10., 100.], dtype=float32)
    """
    steps = linspace(start, stop, num, endpoint=endpoint, axis=axis, dtype=_float_dtype(dtype))
    out = power(base if isinstance(base, int) else convert_to_tensor(base), steps)
    return out if dtype is None else cast(out, dtype)


def _float_dtype(dtype):
    return dtype if dtype is not None and dtypes.is_float_dtype(dtype) else None


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """Return `num` values from start to stop, each the same multiple of the one before; both of one sign.

    >>> geomspace(1.0, 100.0, 3).numpy().round(3)
    array([  1.,  10., 100.], dtype=float32)
    """
    first = convert_to_tensor(start)
    logs = [log(absolute(convert_to_tensor(x))) for x in (start, stop)]
    steps = linspace(*logs, num, endpoint=endpoint, axis=axis, dtype=_float_dtype(dtype))
    side = sign(first) if len(first.shape) == 0 else expand_dims(sign(first), axis)
    out = multiply(exp(steps), cast(side, steps.dtype))
    return out if dtype is None else cast(out, dtype)


def diff(a, n=1, axis=-1):
    """Return the n-th differences of neighbours along `axis`; for booleans whether they differ.

    >>> diff([1, 4, 9]).numpy()
    array([3, 5], dtype=int32)
    """
    if n < 0:
        raise ValueError(f"diff: n must not be negative, got {n}.")
    a = convert_to_tensor(a)
    lead = (slice(None),) * rules.normalize_axis(axis, len(a.shape))
    for _ in range(n):
        later, earlier = get_item(a, (*lead, slice(1, None))), get_item(a, (*lead, slice(None, -1)))
        a = not_equal(later, earlier) if a.dtype == "bool" else subtract(later, earlier)
    return a


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """Integrate y along `axis` by the trapezoidal rule, over the places x or with spacing dx.

    >>> trapezoid([1.0, 2.0, 3.0]).numpy().item()
    4.0
    """
    y = convert_to_tensor(y)
    axis = rules.normalize_axis(axis, len(y.shape))
    lead = (slice(None),) * axis
    if x is not None:
        x = convert_to_tensor(x)
        if len(x.shape) == 1:
            dx = diff(x)
            for _ in range(len(y.shape) - axis - 1):
                dx = expand_dims(dx, -1)
        else:
            dx = diff(x, axis=axis)
    pairs = add(get_item(y, (*lead, slice(1, None))), get_item(y, (*lead, slice(None, -1))))
    return sum(multiply(multiply(pairs, 0.5), dx), axis=axis)


def vander(x, N=None, increasing=False):
    """Return the powers of a vector as columns, highest first (`increasing`: lowest first).

    >>> vander([2, 3], 3).numpy()
    array([[4, 2, 1],
           [9, 3, 1]], dtype=int32)
    """
    x = convert_to_tensor(x)
    if len(x.shape) != 1:
        raise ValueError(f"vander: a vector is needed, got shape {x.shape}.")
    count = x.shape[0] if N is None else int(N)
    kind = dtypes.result_type(x.dtype, int)
    if count is None:  # known only at run time
        return record_call(vander, (x,), {"increasing": increasing}, [((None, None), kind)])[0]
    exponents = arange(count) if increasing else arange(count - 1, -1, -1)
    return power(expand_dims(cast(x, kind), 1), expand_dims(cast(exponents, kind), 0))


def cross(x1, x2, axisa=-1, axisb=-1, axisc=-1, axis=None):
    """Return the cross product of vectors of 3 (or 2) elements along the given axes.

    Two vectors of 2 elements give a scalar, the third component.

    >>> cross([1.0, 0.0, 0.0], [0.0, 1.0, 0.0]).numpy()
    array([0., 0., 1.], dtype=float32)
    """
    if axis is not None:
        axisa = axisb = axisc = axis
    x1, x2 = (moveaxis(convert_to_tensor(x), a, -1) for x, a in ((x1, axisa), (x2, axisb)))
    if x1.shape[-1] not in (2, 3) or x2.shape[-1] not in (2, 3):
        raise ValueError(
            f"cross: vectors of 2 or 3 elements are needed, got {x1.shape[-1]} and {x2.shape[-1]}."
        )
    (a0, a1, a2), (b0, b1, b2) = _components(x1), _components(x2)
    third = subtract(multiply(a0, b1), multiply(a1, b0))
    if a2 is None and b2 is None:
        return third
    a2, b2 = (multiply(z, 0) if c is None else c for c, z in ((a2, a0), (b2, b0)))
    first = subtract(multiply(a1, b2), multiply(a2, b1))
    second = subtract(multiply(a2, b0), multiply(a0, b2))
    return stack([first, second, third], axis=axisc)


def _components(x):
    return [get_item(x, (..., i)) if i < x.shape[-1] else None for i in range(3)]


def _window(values):
    device = devices.current()
    return Tensor(values.astype(dtypes.as_numpy(dtypes.floatx())), None, device)


def bartlett(x):
    """Return the triangular window of x points, 0 at both ends.

    >>> bartlett(3).numpy()
    array([0., 1., 0.], dtype=float32)
    """
    return _window(devices.current().xp.bartlett(int(x)))


def blackman(x):
    """Return the Blackman window of x points: 0.42 - 0.5 cos(t) + 0.08 cos(2 t).

    >>> blackman(3).numpy().round(3) + 0.0
    array([0., 1., 0.], dtype=float32)
    """
    return _window(devices.current().xp.blackman(int(x)))


def hamming(x):
    """Return the Hamming window of x points: 0.54 - 0.46 cos(t).

    >>> hamming(3).numpy().round(3)
    array([0.08, 1.  , 0.08], dtype=float32)
    """
    return _window(devices.current().xp.hamming(int(x)))


def hanning(x):
    """Return the Hann window of x points: 0.5 - 0.5 cos(t).

    >>> hanning(3).numpy()
    array([0., 1., 0.], dtype=float32)
    """
    return _window(devices.current().xp.hanning(int(x)))


def kaiser(x, beta):
    """Return the Kaiser window of x points; beta sets how narrow it is.

    >>> kaiser(3, 0.0).numpy()
    array([1., 1., 1.], dtype=float32)
    """
    return _window(devices.current().xp.kaiser(int(x), float(beta)))
