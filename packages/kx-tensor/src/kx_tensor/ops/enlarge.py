"""Each element as a block of equal ones, and the sums over such blocks."""

import itertools

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.primitive import primitive


def _enlarged(shapes, params):
    shape, factors = shapes[0], params["factors"]
    if len(factors) != len(shape) or any(not isinstance(f, int) or f < 1 for f in factors):
        raise ValueError(
            f"factors must be a positive integer for each of the {len(shape)} axes, got {factors}."
        )
    return tuple(None if n is None else n * f for n, f in zip(shape, factors))


def _places(factors):
    """The slices at which, in blocks of these sizes, the same place of each block lies."""
    for place in itertools.product(*map(range, factors)):
        yield tuple([slice(None) if f == 1 else slice(p, None, f) for p, f in zip(place, factors)])


@primitive(shape=_enlarged, dtype=rules.keep)
def enlarge(xp, x, *, factors):
    """Return x with each element repeated `factors` times along each axis: `repeat` along several axes at once.

    >>> enlarge([[1, 2]], factors=(2, 2)).numpy()
    array([[1, 1, 2, 2],
           [1, 1, 2, 2]], dtype=int32)
    """
    out = xp.empty(_enlarged([x.shape], {"factors": factors}), x.dtype)
    for place in _places(factors):
        out[place] = x
    return out


enlarge.vjp(lambda F, g, factors: F.block_sums(g, factors=factors))
enlarge.cases = (
    case("1,3,2,2", factors=(1, 2, 3, 1)), case("3", factors=(4,)), case("2,3,1", factors=(1, 1, 1)),
    case("2,0", factors=(2, 2)), case("2,3:int32", factors=(1, 2)),
    fails("2,3", factors=(2,), match="each of the 2 axes"), fails("2,3", factors=(2, 0), match="positive"),
)  # fmt: skip


def _shrunk(shapes, params):
    shape, factors = shapes[0], params["factors"]
    return tuple(None if n is None else n // f for n, f in zip(shape, factors))


@primitive(shape=_shrunk, dtype=rules.keep)
def block_sums(xp, x, *, factors):
    """Return the sums of x over blocks of `factors` elements, side by side: `enlarge` transposed."""
    first, *rest = _places(factors)
    out = x[first].copy()
    for place in rest:
        out += x[place]
    return out


block_sums.vjp(lambda F, g, factors: F.enlarge(g, factors=factors))
block_sums.cases = case("1,4,6,2", factors=(1, 2, 3, 1)), case("4", factors=(4,))
