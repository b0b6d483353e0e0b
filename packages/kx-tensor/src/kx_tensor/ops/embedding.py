"""Rows of a table by their numbers, and the sums that are its gradient."""

import numpy as np

from kx_tensor import dtypes
from kx_tensor.bounds import check_indices
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive
from kx_tensor.row_sparse import RowSparse


def _table_dtype(names, params):
    """The table is not cast, ids that are no integers become int32."""
    return [None, None if names[1] in dtypes.INTS else "int32"], names[0]


def _rows_shape(shapes, params):
    table, ids = shapes
    if not table:
        raise ValueError("expected a table with at least 1 axis, got a scalar.")
    return (*ids, *table[1:])


@primitive(shape=_rows_shape, dtype=_table_dtype)
def embedding(xp, table, ids):
    """Return table[ids]: a row of the table for each number in `ids`.

    Shapes: table (rows, ...), ids (any) -> (any, ...). An id out of range raises ValueError on the CPU.

    >>> embedding([[1.0, 2.0], [3.0, 4.0]], [1, 0, 1]).numpy()
    array([[3., 4.],
           [1., 2.],
           [3., 4.]], dtype=float32)
    """
    if xp is np:
        rows = table.shape[0]
        check_indices(
            ids, rows, lambda i: f"embedding: id {i} is out of range: the table has rows 0 to {rows - 1}."
        )
    return table.take(ids, axis=0)


embedding.vjp(lambda F, g, table, ids: F.scatter_rows(g, ids, rows=table.shape[0]), None)
embedding.cases = (
    case("5,3", "4:int32<5"), case("5,3", "2,4:int64<5"), case("5", "4:uint8<5"), case("5,2,3", "4:int32<5"),
    case("5,3", np.array(2, "int32")), case("5,3", "0:int32<5"), fails("", "4:int32<5", match="at least 1 axis"),
    fails("5,3", np.array([1, 5], "int32"), match="id 5 is out of range"),
    fails("5,3", np.array([-1], "int64"), match="id -1 is out of range"),
)  # fmt: skip


def _table_shape(shapes, params):
    g, ids = shapes
    if len(g) < len(ids):
        raise ValueError(f"expected a row for each id, got rows of shape {g} for ids of shape {ids}.")
    return (params["rows"], *g[len(ids) :])


@primitive(shape=_table_shape, dtype=_table_dtype)
def scatter_rows(xp, g, ids, *, rows):
    """Return a table of `rows` rows, each the sum of the rows of g that have its number in `ids`.

    Shapes: g (any, ...), ids (any) -> (rows, ...).

    >>> scatter_rows([[1.0], [2.0], [4.0]], [1, 0, 1], rows=3).numpy()
    array([[2.],
           [5.],
           [0.]], dtype=float32)
    """
    wide = widen(g)
    row_shape = wide.shape[ids.ndim :]
    width = wide.size // ids.size if ids.size else 0
    table = xp.zeros((rows, *row_shape), wide.dtype)
    # NumPy adds at the places of a flat array eight times faster than at the rows of a matrix.
    places = ids.reshape(-1, 1).astype("int64") * width + xp.arange(width)
    xp.add.at(table.reshape(-1), places.reshape(-1), wide.reshape(-1))
    return narrow(table, g.dtype)


scatter_rows.vjp(lambda F, g, ids: F.embedding(g, ids), None)
scatter_rows.cases = (
    case("4,3", "4:int32<5", rows=5), case("2,4,3", "2,4:uint8<5", rows=5), case("4", "4:int64<5", rows=5),
    case("4,2,3", "4:int32<5", rows=5), case("0,3", "0:int32<5", rows=5),
    fails("4", "2,4:int32<5", rows=5, match="each id"),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOATS = (np.dtype("float32"), np.dtype("float64"))
_IDS = (np.dtype("int32"), np.dtype("int64"))


def _are_rows(table, ids):
    return table.dtype in _FLOATS and ids.dtype in _IDS and table.ndim > 0


def _rows_grad(g, inputs, out, needs, params):
    table, ids = inputs
    g = RowSparse(ids.reshape(-1), g.reshape(ids.size, *table.shape[1:]), table.shape)
    return (g if ids.size < table.shape[0] else g.dense()), None  # as many rows as the table has are no less


def _are_sums(g, ids, rows):
    return g.dtype in _FLOATS and ids.dtype in _IDS and g.shape[: ids.ndim] == ids.shape


if kx_kernels is not None:
    embedding.kernel("native", kx_kernels.embedding, _rows_grad, _are_rows)
    scatter_rows.kernel("native", kx_kernels.scatter_rows, None, _are_sums)
