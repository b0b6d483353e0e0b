"""Choosing among values, element by element."""

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import maximum, minimum
from kx_tensor.ops.casting import cast
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
    case("3,4:bool", "3,4", "3,4"), case("4:bool", "3,4", 0.0), case("3,1:bool", "", "4"), case("3:bool", "3:int32", "3"),
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


def _bound(bound, x):
    dtype = getattr(x, "dtype", None)
    if dtype is None or bound.__class__ in (int, float):
        return bound
    return cast(bound, "int32" if dtype == "bool" else dtypes.standardize_dtype(dtype))
