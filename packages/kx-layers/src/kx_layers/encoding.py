"""Numbers of categories as vectors: one-hot, multi-hot, counts."""

import math

from kx_tensor import ops

MODES = ("one_hot", "multi_hot", "count")


def encode(ids, depth, mode, dtype, weights=None):
    """Vectors of length `depth` for a tensor of ids; an id outside [0, depth) counts for nothing.

    - "one_hot": a vector per id. Shapes: (..., 1) and (...) -> (..., depth), a single id -> (1, depth).
    - "multi_hot": a vector per sample, with 1 for each id in it. Shapes: (batch, n) -> (batch, depth), (n,) ->
      (depth,); of (batch, n, ...) axis 1 is the one summed over.
    - "count": the same with the number of times, or the sum of the `weights`, which have the shape of the ids.

    >>> encode(ops.convert_to_tensor([[0, 2, 2]]), 4, "count", "int32").numpy()
    array([[1, 0, 2, 0]], dtype=int32)
    """
    shape = tuple(ids.shape)
    if mode == "one_hot":
        ids = ops.reshape(ids, shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape or (1,))
        return ops.one_hot(ids, depth, dtype=dtype)
    lead, count = ((), math.prod(shape)) if len(shape) < 2 else (shape[:1] + shape[2:], shape[1])
    rows = math.prod(lead)
    ids = ops.cast(_rows(ids, rows, count), "int64")
    inside = (ids >= 0) & (ids < depth)
    places = ops.where(inside, ids + ops.arange(0, rows * depth, depth, dtype="int64")[:, None], 0)
    values = ops.cast(inside, dtype)
    if weights is not None:
        values = values * ops.cast(_rows(weights, rows, count), dtype)
    sums = ops.segment_sum(ops.reshape(values, (-1,)), ops.reshape(places, (-1,)), rows * depth)
    if mode == "multi_hot":
        sums = ops.cast(sums > 0, dtype)
    return ops.reshape(sums, (*lead, depth))


def _rows(x, rows, count):
    """`x` with its axis 1 moved to the end, as (rows, count)."""
    if len(x.shape) > 2:
        x = ops.moveaxis(x, 1, -1)
    return ops.reshape(x, (rows, count))


def encoded_shape(shape, depth, mode):
    """The shape of `encode`'s result for ids of this shape; "int" keeps it.

    >>> encoded_shape((None, 3), 4, "one_hot"), encoded_shape((None, 3), 4, "count")
    ((None, 3, 4), (None, 4))
    """
    shape = tuple(shape)
    if mode == "int":
        return shape
    if mode == "one_hot":
        return (*(shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape or (1,)), depth)
    return (depth,) if len(shape) < 2 else (*shape[:1], *shape[2:], depth)
