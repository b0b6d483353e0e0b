"""Order: sort, argsort, top_k, and searches in sorted arrays."""

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.indexes import take_along_axis
from kx_tensor.ops.shape import reshape
from kx_tensor.primitive import primitive
from kx_tensor.symbolic import KerasTensor, record_call
from kx_tensor.tensor import Tensor


def _sorted_shape(shapes, params):
    if params["axis"] is not None:
        rules.normalize_axis(params["axis"], len(shapes[0]))
        return shapes[0]
    total = 1
    for n in shapes[0]:
        total = None if n is None or total is None else total * n
    return (total,)


@primitive(shape=_sorted_shape, dtype=rules.index)
def argsort(xp, x, *, axis=-1):
    """Return the indices that sort x along `axis` (None: flattened), equal elements in their order.

    >>> argsort([3.0, 1.0, 2.0]).numpy()
    array([1, 2, 0], dtype=int32)
    """
    return xp.argsort(x, axis=axis, kind="stable").astype("int32")


argsort.cases = (
    case("3,4", tol=9),
    case("3,4", axis=0, tol=9),
    case("3,4", axis=None, tol=99),
    fails("3", axis=1, match="out of range"),
)


def argpartition(x, kth, axis=-1):
    """Return indices that bring the smaller elements before place kth and the larger ones behind it: here, that sort x.

    >>> argpartition([3.0, 1.0, 2.0], 1).numpy()
    array([1, 2, 0], dtype=int32)
    """
    size = np.size(x) if axis is None else x.shape[axis] if hasattr(x, "shape") else np.shape(x)[axis]
    if size is not None and any(not -size <= k < size for k in np.atleast_1d(kth)):
        raise ValueError(f"argpartition: kth={kth} is out of range for size {size}.")
    return argsort(x, axis=axis)


def sort(x, axis=-1):
    """Return x in ascending order along `axis`.

    >>> sort([3.0, 1.0, 2.0]).numpy()
    array([1., 2., 3.], dtype=float32)
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    if axis is None:
        x, axis = reshape(x, (-1,)), -1
    return take_along_axis(x, argsort(x, axis=axis), axis=axis)


def _top_shape(shapes, params):
    shape, k = shapes[0], params["k"]
    if not shape or (shape[-1] is not None and not 0 < k <= shape[-1]):
        raise ValueError(f"k={k} is out of range for the last axis of shape {shape}.")
    return (*shape[:-1], k)


@primitive(shape=_top_shape, dtype=rules.index)
def top_k_indices(xp, x, *, k):
    """Return the indices of the k largest elements along the last axis, largest first; of equal ones the first."""
    _top_shape([x.shape], {"k": k})
    # ~x runs opposite to x for every integer; -x of the smallest integer, or of an unsigned one, does not.
    order = xp.argsort(-x if x.dtype.kind in "fV" else ~x, axis=-1, kind="stable")
    return order[..., :k].astype("int32")


top_k_indices.cases = case("3,4", k=2, tol=9), case("5:int32", k=5), fails("3", k=4, match="out of range")


def top_k(x, k, sorted=True):
    """Return the k largest elements along the last axis and their indices, largest first.

    With `sorted=False` any order is allowed; kx gives the sorted one.

    >>> values, indices = top_k([1.0, 9.0, 5.0], 2)
    >>> values.numpy(), indices.numpy()
    (array([9., 5.], dtype=float32), array([1, 2], dtype=int32))
    """
    x = x if hasattr(x, "shape") else convert_to_tensor(x)
    indices = top_k_indices(x, k=k)
    return take_along_axis(x, indices, axis=-1), indices


def _found_shape(shapes, params):
    if len(shapes[0]) != 1:
        raise ValueError(f"searchsorted needs a 1-D sorted sequence, got shape {shapes[0]}.")
    return shapes[1]


def _comparable(names, params):
    return dtypes.result_type(*[{"int": int, "float": float}.get(n, n) for n in names]), "int32"


@primitive(shape=_found_shape, dtype=_comparable)
def searchsorted(xp, sorted_sequence, values, *, side="left"):
    """Return where `values` would be put into a sorted 1-D sequence to keep it sorted.

    >>> searchsorted([1.0, 3.0, 5.0], [0.0, 4.0]).numpy()
    array([0, 2], dtype=int32)
    """
    return xp.searchsorted(sorted_sequence, values, side=side).astype("int32")


_KNOTS = np.array([-1.0, 0.0, 1.0], "float32")
searchsorted.cases = (
    case(_KNOTS, "3,4", grad=False),
    case(_KNOTS, "4", side="right", grad=False),
    fails("2,2", "3", match="1-D"),
)


def digitize(x, bins):
    """Return for each element the number of the bin it falls into: 0 below bins[0].

    >>> digitize([0.5, 2.5], [1.0, 2.0]).numpy()
    array([0, 2], dtype=int32)
    """
    return searchsorted(bins, x, side="right")


def unique(
    x,
    sorted=True,
    return_index=False,
    return_inverse=False,
    return_counts=False,
    axis=None,
    size=None,
    fill_value=None,
):
    """Return the different elements of x in order; optionally first places, inverse and counts.

    `size` cuts the result to that many, or fills it up with `fill_value` (0).

    >>> unique([3, 1, 3]).numpy()
    array([1, 3], dtype=int32)
    """
    wanted = (True, return_index, return_inverse, return_counts)
    if isinstance(x, KerasTensor):
        options = dict(
            sorted=sorted,
            return_index=return_index,
            return_inverse=return_inverse,
            return_counts=return_counts,
        )
        specs = [s for s, w in zip(_unique_specs(x, axis, size), wanted) if w]
        outs = record_call(unique, (x,), options | dict(axis=axis, size=size, fill_value=fill_value), specs)
        return outs[0] if len(outs) == 1 else tuple(outs)
    x = convert_to_tensor(x)
    xp = x.device.xp
    values, first, inverse, counts = xp.unique(
        x.data, return_index=True, return_inverse=True, return_counts=True, axis=axis
    )
    if size is not None:
        along = 0 if axis is None else axis
        short = max(0, size - values.shape[along])
        width = [(0, short if i == along else 0) for i in range(values.ndim)]
        values = xp.take(values, xp.arange(min(size, values.shape[along])), axis=along)
        values = xp.pad(values, width, constant_values=0 if fill_value is None else fill_value)
        first, counts = (xp.pad(part[:size], (0, short)) for part in (first, counts))
    parts = [values, *[part.astype("int32") for part in (first, inverse, counts)]]
    outs = [Tensor(part, None, x.device) for part, w in zip(parts, wanted) if w]
    return outs[0] if len(outs) == 1 else tuple(outs)


def _unique_specs(x, axis, size):
    """(shape, dtype) of the values, first places, inverse and counts."""
    values = (
        (size,)
        if axis is None
        else tuple(size if i == axis % len(x.shape) else n for i, n in enumerate(x.shape))
    )
    inverse = x.shape if axis is None else (x.shape[axis],)
    return [(values, x.dtype), ((size,), "int32"), (inverse, "int32"), ((size,), "int32")]
