"""Reductions over axes."""

import math

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _sum_dtype(names, params):
    """Sums of small integers and booleans are carried in 32 bits, as Keras does."""
    name = dtypes.result_type(names[0])
    wide = {"bool": "int32", "int8": "int32", "int16": "int32", "uint8": "uint32", "uint16": "uint32"}.get(
        name, name
    )
    return (wide if wide != name else None), wide


def restore_axes(F, g, shape, axis, keepdims):
    """Return g, the gradient (or the result) of a reduction of `shape`, with the reduced axes back as size 1."""
    if keepdims or axis is None:  # a scalar broadcasts as it is
        return g
    axes = rules.normalize_axes(axis, len(shape))
    return F.reshape(g, newshape=tuple([1 if i in axes else n for i, n in enumerate(shape)]))


@primitive(shape=rules.reduced, dtype=_sum_dtype)
def sum(xp, x, *, axis=None, keepdims=False):
    """Sum over `axis` (None: all axes).

    >>> sum([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
    array([4., 6.], dtype=float32)
    """
    if x.dtype.kind in "fV":
        return narrow(
            xp.add.reduce(
                widen(x), axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims
            ),
            x.dtype,
        )
    return xp.sum(
        x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims, dtype=x.dtype
    )


sum.vjp(
    lambda F, g, x_shape, axis, keepdims: F.broadcast_to(
        restore_axes(F, g, x_shape, axis, keepdims), shape=x_shape
    )
)
sum.cases = (
    case("3,4"), case("3,4", axis=0), case("2,3,4", axis=(0, -1), keepdims=True), case("3,4:int8", axis=1),
    fails("3,4", axis=2, match="out of range"),
)  # fmt: skip


@primitive(shape=rules.reduced, dtype=rules.floating)
def mean(xp, x, *, axis=None, keepdims=False):
    """Arithmetic mean over `axis` (None: all axes).

    >>> mean([[1.0, 2.0], [3.0, 4.0]], axis=1).numpy()
    array([1.5, 3.5], dtype=float32)
    """
    if x.dtype.itemsize < 4:
        return narrow(mean.forward(xp, widen(x), axis=axis, keepdims=keepdims), x.dtype)
    total = xp.add.reduce(x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims)
    return total / (x.size // (total.size or 1))


def _mean_dx(F, g, x_shape, axis, keepdims):
    g = restore_axes(F, g, x_shape, axis, keepdims)
    count = math.prod(x_shape) // (math.prod(g.shape) or 1)
    return F.broadcast_to(g * (1.0 / (count or 1)), shape=x_shape)


mean.vjp(_mean_dx)
mean.cases = (
    case("3,4"),
    case("3,4", axis=0),
    case("2,3,4", axis=(0, -1), keepdims=True),
    case("3,4:int32", axis=1),
    case("2,30,20", axis=1),
    case("3,2,5,40", axis=(-1, 2), keepdims=True),
    case("1200", axis=None),
    case("4,20,15", axis=(0, 2)),
)


def _share_of(F, g, x, out, axis, keepdims, initial):
    """The gradient of a maximum or minimum: shared equally among the elements that attain it."""
    shape = x.shape
    hits = F.cast(F.equal(x, restore_axes(F, out, shape, axis, keepdims)), dtype=_dtype_name(x))
    count = F.sum(hits, axis=axis, keepdims=True)
    if initial is not None:  # which may be beyond all elements
        count = F.maximum(count, 1)
    return hits * (restore_axes(F, g, shape, axis, keepdims) / count)


def _dtype_name(x):
    return x.dtype if isinstance(x.dtype, str) else dtypes.name_of(x.dtype)


def _with_initial(xp, reduce, combine, x, axis, keepdims, initial):
    """A maximum or minimum that is at least (or at most) `initial`; CuPy's own have no such argument."""
    shape = rules.reduced([x.shape], {"axis": axis, "keepdims": keepdims})
    initial = x.dtype.type(initial)
    if x.size == 0:
        return xp.full(shape, initial, x.dtype)
    return combine(
        reduce(x, axis=tuple(axis) if isinstance(axis, list) else axis, keepdims=keepdims), initial
    )


@primitive(shape=rules.reduced, dtype=rules.keep)
def max(xp, x, *, axis=None, keepdims=False, initial=None):
    """Largest element over `axis` (None: of all), at least `initial` if given.

    >>> max([[1.0, 5.0], [3.0, 4.0]], axis=1).numpy()
    array([5., 4.], dtype=float32)
    """
    if initial is None:
        return xp.max(x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims)
    return _with_initial(xp, xp.max, xp.maximum, x, axis, keepdims, initial)


max.vjp(_share_of)
max.cases = (
    case("3,4"), case("3,4", axis=0), case("2,3,4", axis=(0, -1), keepdims=True), case("3,4:int32", axis=1),
    case("3,4", axis=1, initial=0.5), case("2,30,20", axis=1), case("2,3,200", axis=[-1], keepdims=True),
    case("3,2,5,40", axis=(-2, 1)), case("1200", axis=None), case("4,20,15", axis=(0, 2)),
    fails("3,4", axis=5, match="out of range"),
)  # fmt: skip


@primitive(shape=rules.reduced, dtype=rules.keep)
def min(xp, x, *, axis=None, keepdims=False, initial=None):
    """Smallest element over `axis` (None: of all), at most `initial` if given.

    >>> min([[1.0, 5.0], [3.0, 4.0]], axis=1).numpy()
    array([1., 3.], dtype=float32)
    """
    if initial is None:
        return xp.min(x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims)
    return _with_initial(xp, xp.min, xp.minimum, x, axis, keepdims, initial)


min.vjp(_share_of)
min.cases = (
    case("3,4"),
    case("3,4", axis=0),
    case("2,3,4", axis=(0, -1), keepdims=True),
    case("3,4", axis=1, initial=9.0),
)


def _prod_dtype(names, params):
    if params.get("dtype") is not None:
        wanted = dtypes.standardize_dtype(params["dtype"])
        return wanted, wanted
    return _sum_dtype(names, params)


_prod_dtype.reads_params = True


@primitive(shape=rules.reduced, dtype=_prod_dtype)
def prod(xp, x, *, axis=None, keepdims=False, dtype=None):
    """Product over `axis` (None: of all elements).

    >>> prod([[1.0, 2.0], [3.0, 4.0]], axis=0).numpy()
    array([3., 8.], dtype=float32)
    """
    if x.dtype.kind in "fV":
        return narrow(
            xp.prod(widen(x), axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims),
            x.dtype,
        )
    return xp.prod(
        x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims, dtype=x.dtype
    )


prod.vjp(
    lambda F, g, x, out, axis, keepdims: restore_axes(F, g * out, x.shape, axis, keepdims) / x
)  # elements must not be 0: as in Keras's backends the gradient there is not a number
prod.cases = (
    case("3,4", low=0.5),
    case("3,4", axis=0, low=0.5),
    case("2,3", axis=1, keepdims=True, low=0.5),
    case("3:int32"),
)


@primitive(shape=rules.reduced, dtype=rules.logical)
def any(xp, x, *, axis=None, keepdims=False):
    """Tell whether any element is true (not zero) over `axis`.

    >>> any([[False, True], [False, False]], axis=1).numpy()
    array([ True, False])
    """
    return xp.any(x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims)


any.cases = case("3,4:bool"), case("3,4:bool", axis=0), case("3,4:int32", axis=1, keepdims=True)


@primitive(shape=rules.reduced, dtype=rules.logical)
def all(xp, x, *, axis=None, keepdims=False):
    """Tell whether all elements are true (not zero) over `axis`.

    >>> all([[True, True], [False, True]], axis=1).numpy()
    array([ True, False])
    """
    return xp.all(x, axis=axis if axis.__class__ is not list else tuple(axis), keepdims=keepdims)


all.cases = case("3,4:bool"), case("3,4:bool", axis=0), case("3,4:int32", axis=1, keepdims=True)


@primitive(shape=rules.reduced, dtype=rules.index)
def argmax(xp, x, *, axis=None, keepdims=False):
    """Index of the largest element along `axis` (None: in the flattened array); the first of several.

    >>> argmax([[1.0, 5.0], [3.0, 2.0]], axis=1).numpy()
    array([1, 0], dtype=int32)
    """
    return xp.argmax(x, axis=axis, keepdims=keepdims).astype("int32")


argmax.cases = case("3,4", tol=9), case("3,4", axis=0, tol=9), case("3,4", axis=1, keepdims=True, tol=9)


@primitive(shape=rules.reduced, dtype=rules.index)
def argmin(xp, x, *, axis=None, keepdims=False):
    """Index of the smallest element along `axis` (None: in the flattened array); the first of several.

    >>> argmin([[1.0, 5.0], [3.0, 2.0]], axis=1).numpy()
    array([0, 1], dtype=int32)
    """
    return xp.argmin(x, axis=axis, keepdims=keepdims).astype("int32")


argmin.cases = case("3,4", tol=9), case("3,4", axis=0, tol=9), case("3,4", axis=1, keepdims=True, tol=9)


# ---- kernels -------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")
_LEAST = 1024  # elements; for fewer NumPy's own call costs no more than finding out which axes they are


def _neighbours(rank, axis):
    """(first, count) of axes that lie side by side; None if others lie between them."""
    if axis is None:
        return 0, rank
    axes = sorted(rules.normalize_axes(axis, rank))
    return (axes[0], len(axes)) if axes and axes[-1] - axes[0] < len(axes) else None


def _fits(x, axis=None, keepdims=False, initial=None):
    return (
        x.dtype is _FLOAT32 and x.size >= _LEAST and initial is None and _neighbours(x.ndim, axis) is not None
    )


def _mean_forward(x, axis=None, keepdims=False):
    return kx_kernels.mean_axes(x, *_neighbours(x.ndim, axis), keepdims)


def _max_forward(x, axis=None, keepdims=False, initial=None):
    return kx_kernels.max_axes(x, *_neighbours(x.ndim, axis), keepdims)


def _max_backward(g, inputs, out, needs, params):
    x = inputs[0]
    axes = _neighbours(x.ndim, params.get("axis"))
    return (kx_kernels.max_axes_grad(g.astype(_FLOAT32, copy=False), x, out, *axes),)


if kx_kernels is not None:
    mean.kernel("native", _mean_forward, None, _fits)
    max.kernel("native", _max_forward, _max_backward, _fits)
