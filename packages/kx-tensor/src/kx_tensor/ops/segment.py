"""Reductions over segments: rows of the data with one id are reduced together."""

import math

from kx_tensor import dtypes
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import greater_equal, less, logical_and
from kx_tensor.ops.creation import full
from kx_tensor.ops.indexes import get_item, scatter_update
from kx_tensor.ops.reduce import max as largest
from kx_tensor.ops.select import choose
from kx_tensor.ops.shape import expand_dims
from kx_tensor.symbolic import KerasTensor, record_call


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    """Return the sums of the rows of each segment; 0 for a segment without rows.

    Row i of `data` belongs to segment `segment_ids[i]`; ids outside 0..num_segments-1 are left out. `num_segments` is
    the largest id + 1 unless given; `sorted` promises ascending ids and changes nothing.
    Shapes: (rows, ...), (rows,) -> (num_segments, ...).

    >>> segment_sum([1, 2, 10], [0, 0, 1]).numpy()
    array([ 3, 10], dtype=int32)
    """
    return _reduce(segment_sum, "add", lambda dtype: 0, data, segment_ids, num_segments)


def segment_prod(data, segment_ids, num_segments=None, sorted=False):
    """Return the products of the rows of each segment; 1 for a segment without rows. See `segment_sum`.

    >>> segment_prod([2, 3, 10], [0, 0, 1]).numpy()
    array([ 6, 10], dtype=int32)
    """
    return _reduce(segment_prod, "mul", lambda dtype: 1, data, segment_ids, num_segments)


def segment_max(data, segment_ids, num_segments=None, sorted=False):
    """Return the largest row elements of each segment; the lowest number there is for one without rows. See
    `segment_sum`.

    >>> segment_max([1, 2, 10], [0, 0, 1]).numpy()
    array([ 2, 10], dtype=int32)
    """
    return _reduce(segment_max, "max", _lowest, data, segment_ids, num_segments)


def segment_min(data, segment_ids, num_segments=None, sorted=False):
    """Return the smallest row elements of each segment; the highest number there is for one without rows. See
    `segment_sum`.

    >>> segment_min([1, 2, 10], [0, 0, 1]).numpy()
    array([ 1, 10], dtype=int32)
    """
    return _reduce(segment_min, "min", _highest, data, segment_ids, num_segments)


def _lowest(dtype):
    return -math.inf if dtypes.is_float_dtype(dtype) else dtypes.int_limits(dtype)[0]


def _highest(dtype):
    return math.inf if dtypes.is_float_dtype(dtype) else dtypes.int_limits(dtype)[1]


def _reduce(operation, reduction, neutral, data, segment_ids, num_segments):
    data, ids = convert_to_tensor(data), convert_to_tensor(segment_ids)
    depth = len(ids.shape)
    if not dtypes.is_int_dtype(ids.dtype) or not 0 < depth <= len(data.shape):
        raise ValueError(
            f"{operation.__name__}: segment_ids must be integers for the first axes of data; got shape "
            f"{ids.shape} and dtype "
            f"{ids.dtype} for data of shape {data.shape}."
        )
    rest = tuple(data.shape[depth:])
    if num_segments is None:
        if isinstance(data, KerasTensor) or isinstance(ids, KerasTensor):
            return record_call(operation, (data, ids), {}, [((None, *rest), data.dtype)])[0]
        num_segments = int(largest(ids)) + 1 if ids.size else 0
    inside = logical_and(greater_equal(ids, 0), less(ids, num_segments))
    rows = choose(inside, cast(ids, "int64"), num_segments)  # one row more takes what is left out
    start = full((num_segments + 1, *rest), neutral(data.dtype), data.dtype)
    return get_item(
        scatter_update(start, expand_dims(rows, -1), data, reduction=reduction), slice(0, num_segments)
    )
