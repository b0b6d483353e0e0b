"""`RowSparse`: the gradient of a table of which few rows were looked up, as those rows and their numbers."""

import numpy as np

from kx_tensor.device import kx_kernels


class RowSparse(np.lib.mixins.NDArrayOperatorsMixin):
    """The NumPy array of `shape` whose row `ids[i]` has `rows[i]` added to it, for each i, and is 0 elsewhere.

    With kx-kernels the gradient of a table travels the tape as one, and the optimizers' kernels update the rows in
    place. To all else it is the array it stands for: NumPy's functions and operators make that array. Only the sum of
    two is another one.

    Shapes: ids (n,), int32 or int64; rows (n, *shape[1:]), float32 or float64. A number may occur more than once.

    >>> g = RowSparse(np.array([2, 0, 2]), np.array([[1.0], [2.0], [4.0]]), (5, 1))
    >>> (g + g).ids
    array([2, 0, 2, 2, 0, 2])
    """

    __slots__ = ("ids", "rows", "shape")

    def __init__(self, ids, rows, shape):
        self.ids = ids
        self.rows = rows
        self.shape = shape

    @property
    def dtype(self):
        return self.rows.dtype

    def dense(self):
        """Return the array."""
        return kx_kernels.scatter_rows(self.rows, self.ids, self.shape[0])

    def astype(self, dtype, copy=True):
        """Return it with its rows in another dtype."""
        return RowSparse(self.ids, self.rows.astype(dtype, copy=copy), self.shape)

    def __add__(self, other):
        if isinstance(other, RowSparse):
            ids = np.concatenate([self.ids, other.ids])
            return RowSparse(ids, np.concatenate([self.rows, other.rows]), self.shape)
        return super().__add__(other)

    def __array__(self, dtype=None, copy=None):
        return self.dense() if dtype is None else self.dense().astype(dtype)

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        if "out" in kwargs:
            return NotImplemented
        return getattr(ufunc, method)(*map(densified, inputs), **kwargs)


def densified(grad):
    """Return a gradient as the array it stands for, if it is a RowSparse; else as it is."""
    return grad.dense() if grad.__class__ is RowSparse else grad
