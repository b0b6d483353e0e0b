"""Choosing among values, element by element."""

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import maximum, minimum
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.indexes import nonzero
from kx_tensor.primitive import primitive


def _choice_dtype(names, params):
    common = dtypes.result_type(*[{"int": int, "float": float}.get(n, n) for n in names[1:]])
    return ["bool", common, common], common


@primitive(shape=rules.broadcast, dtype=_choice_dtype)
def choose(xp, condition, x1, x2):
    """Return x1 where the condition holds and x2 elsewhere.

    >>> choose([True, False], [1.0, 2.0], 0.0).numpy()
    array([1., 0.], dtype=float32)
    """
    return xp.where(condition, x1, x2)


choose.vjp(
    None,
    lambda F, g, condition: F.choose(condition, g, 0.0 * g),
    lambda F, g, condition: F.choose(condition, 0.0 * g, g),
)
choose.cases = (
    case("3,4:bool", "3,4", "3,4"), case("4:bool", "3,4", 0.0),
    case("3,1:bool", "", "4"), case("3:bool", "3:int32", "3"),
    fails("3:bool", "4", "3", match="broadcast"),
)  # fmt: skip


def where(condition, x1=None, x2=None):
    """Return x1 where the condition holds and x2 elsewhere; the condition alone gives the indices where it holds.

    >>> where([True, False], 1.0, [5.0, 6.0]).numpy()
    array([1., 6.], dtype=float32)
    """
    if (x1 is None) != (x2 is None):
        raise ValueError("`x1` and `x2` either both should be `None` or both should have non-None value.")
    return nonzero(condition) if x1 is None else choose(condition, x1, x2)


def clip(x, x_min, x_max):
    """Return x limited to [x_min, x_max], in the dtype of x (bool becomes int32).

    Only bounds with a fraction make integers floats.

    >>> clip([-2.0, 0.5, 2.0], -1.0, 1.0).numpy()
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    low, high = (_bound(b, x) for b in (x_min, x_max))
    return minimum(maximum(x, low), high)


def saturate_cast(x, dtype):
    """Return x in another dtype, limited to the numbers that it has.

    >>> saturate_cast([-1.0, 300.0], "uint8").numpy()
    array([  0, 255], dtype=uint8)
    """
    x, dtype = convert_to_tensor(x), dtypes.standardize_dtype(dtype)
    low, high = _limits(x.dtype, dtype)
    if low is not None:
        x = maximum(x, low)
    return cast(x if high is None else minimum(x, high), dtype)


def _limits(source, target):
    """The bounds, as numbers of the dtype `source`, that its numbers must be held to; None where none is needed."""
    if target == "bool" or source == "bool":
        return (None, None) if source == "bool" else (0, 1)
    own = [float(v) for v in _range(source)]
    bounds = []
    for bound, reach, inward in zip(_range(target), own, (np.inf, -np.inf)):
        beyond = reach < bound if inward > 0 else reach > bound
        if not beyond or dtypes.is_int_dtype(source):
            bounds.append(bound if beyond else None)
            continue
        rounded = dtypes.as_numpy(source).type(bound)
        outside = float(rounded) < bound if inward > 0 else float(rounded) > bound
        bounds.append(
            float(np.nextafter(rounded, dtypes.as_numpy(source).type(inward))) if outside else float(rounded)
        )
    return tuple(bounds)


def _range(dtype):
    if dtypes.is_int_dtype(dtype):
        return dtypes.int_limits(dtype)
    limits = dtypes.finfo(dtypes.as_numpy(dtype))
    return float(limits.min), float(limits.max)


def _bound(bound, x):
    dtype = getattr(x, "dtype", None)
    if dtype is None or bound.__class__ in (int, float):
        return bound
    return cast(bound, "int32" if dtype == "bool" else dtypes.standardize_dtype(dtype))
