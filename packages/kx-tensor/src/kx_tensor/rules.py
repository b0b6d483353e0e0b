"""Families of shape rules and dtype rules.

A shape rule maps `(shapes of the array arguments, params)` to the result's shape; sizes may be None (unknown). A dtype
rule maps `(dtype names, params)` to `(what the inputs are cast to, the result's dtype)`; the first is None (no cast), a
name, or a list with an entry per input. A rule that looks at `params` has `reads_params = True`, as its casts
can't be remembered by the input dtypes alone.
"""

from kx_tensor import dtypes

# ---- dtype rules ---------------------------------------------------------------------------------------------


def promote(names, params):
    """Inputs are promoted to their common dtype, which the result has."""
    common = dtypes.result_type(*map(_weak, names))
    return common, common


def floating(names, params):
    """As `promote`, and integers and booleans become floatx: functions of the reals."""
    common = dtypes.floating(dtypes.result_type(*map(_weak, names)))
    return common, common


def wide_floating(names, params):
    """As `floating`, but 64-bit integers become float64: Keras's rule for some functions."""
    common = promote(names, params)[1]
    common = "float64" if common == "int64" else floating(names, params)[1]
    return common, common


def normalized(names, params):
    """The first input becomes a float, which the result has; vectors beside it have it too, but at least float32."""
    common = floating(names[:1], params)[1]
    wide = wide_float(common)
    return [common, *(None if name == "bool" else wide for name in names[1:])], common


def wide_float(name):
    """Return the dtype in which means and sums of float arrays are kept: float32 for the half-precision ones.

    >>> wide_float("bfloat16"), wide_float("float64")
    ('float32', 'float64')
    """
    return "float32" if name in ("float16", "bfloat16") else name


def product(names, params):
    """As `promote`, but int8 alone becomes int32, as in Keras's matmul: sums of products of int8 don't fit it."""
    if set(names) == {"int8"}:
        return "int32", "int32"
    return promote(names, params)


def boolean(names, params):
    """Inputs are promoted to their common dtype; the result is bool."""
    return dtypes.result_type(*map(_weak, names)), "bool"


def logical(names, params):
    """Inputs become bool, as does the result."""
    return "bool", "bool"


def keep(names, params):
    """Nothing is cast; the result has the first input's dtype."""
    return None, dtypes.result_type(_weak(names[0]))


def index(names, params):
    """Nothing is cast; the result is an int32 index."""
    return None, "int32"


def fixed(result, cast=None):
    """Inputs are cast to `cast` (None: left alone); the result has dtype `result`."""

    def rule(names, params):
        return cast, result

    return rule


def _weak(name):
    return {"int": int, "float": float}.get(name, name)


# ---- shape rules ---------------------------------------------------------------------------------------------


def same(shapes, params):
    """The result has the first input's shape."""
    return shapes[0]


def scalar(shapes, params):
    """The result is 0-dimensional."""
    return ()


def broadcast(shapes, params):
    """NumPy's broadcasting; None against 1 or None stays None, against n it is taken to be n."""
    return broadcast_shapes(*shapes)


def broadcast_shapes(*shapes):
    """Return the shape that `shapes` broadcast to.

    >>> broadcast_shapes((None, 1, 3), (4, 1))
    (None, 4, 3)
    """
    rank = max(map(len, shapes))
    out = [1] * rank
    for shape in shapes:
        for axis, n in enumerate(shape, rank - len(shape)):
            m = out[axis]
            if n == 1 or n == m:
                continue
            if m == 1 or m is None:
                out[axis] = n
            elif n is not None:
                raise ValueError(
                    f"Cannot broadcast shapes {' and '.join(map(str, map(tuple, shapes)))} together."
                )
    return tuple(out)


def reduced(shapes, params):
    """The input's shape without the axes of `axis` (None: all), or with 1 in their place with `keepdims`."""
    shape, axis = shapes[0], params.get("axis")
    axes = range(len(shape)) if axis is None else normalize_axes(axis, len(shape))
    if params.get("keepdims"):
        return tuple(1 if i in axes else n for i, n in enumerate(shape))
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def contract(shapes, params):
    """Matrix product over the last axis of x1 and the last but one of x2; leading axes broadcast."""
    a, b = shapes
    if not a or not b:
        raise ValueError(f"matmul needs at least 1 dimension on both sides, got shapes {a} and {b}.")
    inner_a, inner_b = a[-1], b[-2] if len(b) > 1 else b[0]
    if inner_a is not None and inner_b is not None and inner_a != inner_b:
        hint = "; did you mean the transpose of x2?" if len(b) > 1 and b[-1] == inner_a else ""
        raise ValueError(
            f"the inner sizes differ, {list(a)} @ {list(b)} ({inner_a} against {inner_b}){hint}."
        )
    lead = broadcast_shapes(a[:-2], b[:-2])
    rows = a[-2:-1] if len(a) > 1 else ()
    columns = b[-1:] if len(b) > 1 else ()
    return lead + rows + columns


def normalize_axis(axis, rank):
    """Return `axis` counted from 0, or raise ValueError if there is no such axis.

    >>> normalize_axis(-1, 3)
    2
    """
    axis = int(axis)
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of range for {rank} dimension(s).")
    return axis % rank


def normalize_axes(axis, rank):
    """Return one axis or several as a tuple of axes counted from 0; a repeated axis is an error."""
    axes = tuple(axis) if isinstance(axis, (tuple, list, range)) else (axis,)
    axes = tuple(normalize_axis(a, rank) for a in axes)
    if len(set(axes)) != len(axes):
        raise ValueError(f"axis {axis} names an axis twice.")
    return axes
