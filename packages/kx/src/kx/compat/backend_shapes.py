"""`keras.backend`: shapes, axes, reductions, and arrays of constants.

A size that is not known yet (None) is a symbolic scalar in what `shape` returns, so that
`random_normal((shape(x)[0], 2))` becomes part of the graph.
"""

import builtins

import numpy as np

from kx_tensor import config, dtypes, ops
from kx_tensor.symbolic import KerasTensor, record_call

max, min, sum, prod, mean, std, var = ops.max, ops.min, ops.sum, ops.prod, ops.mean, ops.std, ops.var
all, any, transpose, stack = ops.all, ops.any, ops.transpose, ops.stack

__all__ = [
    "max", "min", "sum", "prod", "mean", "std", "var", "all", "any", "argmax", "argmin", "cumsum", "cumprod",
    "transpose", "stack", "concatenate", "expand_dims", "squeeze", "reshape", "flatten", "batch_flatten", "repeat",
    "repeat_elements", "tile", "permute_dimensions", "reverse", "gather", "one_hot", "shape", "int_shape", "ndim",
    "dtype", "size", "get_variable_shape", "zeros_like", "ones_like", "arange", "eye", "constant",
]  # fmt: skip


def argmax(x, axis=-1):
    """Return the places of the largest elements along an axis.

    >>> argmax([[1.0, 3.0, 2.0]]).numpy()
    array([1], dtype=int32)
    """
    return ops.argmax(x, axis)


def argmin(x, axis=-1):
    """Return the places of the smallest elements along an axis.

    >>> argmin([[1.0, 3.0, 2.0]]).numpy()
    array([0], dtype=int32)
    """
    return ops.argmin(x, axis)


def cumsum(x, axis=0):
    """Return the running sums along an axis.

    >>> cumsum([1.0, 2.0]).numpy()
    array([1., 3.], dtype=float32)
    """
    return ops.cumsum(x, axis)


def cumprod(x, axis=0):
    """Return the running products along an axis.

    >>> cumprod([2.0, 3.0]).numpy()
    array([2., 6.], dtype=float32)
    """
    return ops.cumprod(x, axis)


def concatenate(tensors, axis=-1):
    """Return the tensors joined along an axis.

    >>> concatenate([[[1.0]], [[2.0]]]).numpy()
    array([[1., 2.]], dtype=float32)
    """
    return ops.concatenate(tensors, axis)


def expand_dims(x, axis=-1):
    """Return x with a new axis of size 1.

    >>> expand_dims([1.0, 2.0]).shape
    (2, 1)
    """
    return ops.expand_dims(x, axis)


def squeeze(x, axis):
    """Return x without an axis of size 1.

    >>> squeeze([[1.0, 2.0]], 0).shape
    (2,)
    """
    return ops.squeeze(x, axis)


def reshape(x, shape):
    """Return x in another shape; a size may be a symbolic one from `shape`.

    >>> reshape([[1.0, 2.0]], (2, 1)).shape
    (2, 1)
    """
    return with_sizes(ops.reshape, shape, x)


def flatten(x):
    """Return all elements in one axis.

    >>> flatten([[1.0], [2.0]]).shape
    (2,)
    """
    return ops.reshape(x, (-1,))


def batch_flatten(x):
    """Return the elements of each sample in one axis.

    >>> batch_flatten(ops.zeros((2, 3, 4))).shape
    (2, 12)
    """
    known = builtins.all(n is not None for n in x.shape[1:])
    width = int(np.prod(x.shape[1:])) if known else -1
    return ops.reshape(x, (-1, width) if known else (x.shape[0] or -1, width))


def repeat(x, n):
    """Return each sample n times along a new axis. Shapes: (batch, d) -> (batch, n, d).

    >>> repeat([[1.0, 2.0]], 3).shape
    (1, 3, 2)
    """
    return ops.repeat(ops.expand_dims(x, 1), n, axis=1)


def repeat_elements(x, rep, axis):
    """Return x with each element along an axis `rep` times in a row.

    >>> repeat_elements([1.0, 2.0], 2, 0).numpy()
    array([1., 1., 2., 2.], dtype=float32)
    """
    return ops.repeat(x, rep, axis=axis)


def tile(x, n):
    """Return x repeated n times along each axis; a number repeats along all axes.

    >>> tile([[1.0, 2.0]], [2, 1]).shape
    (2, 2)
    """
    if isinstance(n, int):
        n = [n] * len(x.shape) if hasattr(x, "shape") else [n]
    return with_sizes(ops.tile, n, x)


def permute_dimensions(x, pattern):
    """Return x with its axes in another order.

    >>> permute_dimensions(ops.zeros((2, 3)), (1, 0)).shape
    (3, 2)
    """
    return ops.transpose(x, tuple(pattern))


def reverse(x, axes):
    """Return x backwards along axes.

    >>> reverse([1.0, 2.0], 0).numpy()
    array([2., 1.], dtype=float32)
    """
    return ops.flip(x, axes if isinstance(axes, int) else tuple(axes))


def gather(reference, indices):
    """Return the rows of `reference` that `indices` name.

    >>> gather([[1.0], [2.0]], [1, 1]).numpy()
    array([[2.],
           [2.]], dtype=float32)
    """
    return ops.take(reference, indices, axis=0)


def one_hot(indices, num_classes):
    """Return rows of zeros with a 1 at each index.

    >>> one_hot([1], 3).numpy()
    array([[0., 1., 0.]], dtype=float32)
    """
    return ops.one_hot(indices, num_classes)


# ---- what a tensor is ----------------------------------------------------------------------------------------


def shape(x):
    """Return the sizes of x; where x is symbolic, sizes that are not known yet are symbolic scalars.

    >>> shape([[1.0, 2.0]])
    (1, 2)
    """
    if not isinstance(x, KerasTensor):
        return tuple(ops.shape(x))
    return tuple(
        record_call(size_of_axis, (x, axis), {}, [((), "int32")])[0] if n is None else n
        for axis, n in enumerate(x.shape)
    )


def size_of_axis(x, axis):
    """Return the size of one axis.

    >>> int(size_of_axis(ops.zeros((2, 3)), 1))
    3
    """
    return ops.convert_to_tensor(x.shape[axis], "int32")


def with_sizes(function, shape, *before, **keywords):
    """Call `function(*before, shape, **keywords)`; with symbolic sizes in `shape`, record the call for later.

    >>> with_sizes(ops.zeros, (2, ops.convert_to_tensor(3))).shape
    (2, 3)
    """
    sizes = [shape] if isinstance(shape, int) else list(shape)
    if not builtins.any(isinstance(n, KerasTensor) or n is None for n in sizes):
        return function(*before, tuple(int(n) for n in sizes), **keywords)
    spec = tuple(None if isinstance(n, KerasTensor) or n is None or n == -1 else n for n in sizes)
    kind = keywords.get("dtype") or (before[0].dtype if before else config.floatx())
    if function is ops.tile:
        spec = tuple(None if n is None or m is None else n * m for n, m in zip(spec, before[0].shape))

    def at_run_time(sizes, *before):
        return function(*before, tuple(int(n) for n in sizes), **keywords)

    at_run_time.__name__ = getattr(function, "name", None) or getattr(function, "__name__", "sized")
    return record_call(at_run_time, (sizes, *before), {}, [(spec, kind)])[0]


def int_shape(x):
    """Return the sizes of x as numbers, None where not known.

    >>> int_shape(KerasTensor((None, 2)))
    (None, 2)
    """
    return tuple(x.shape)


get_variable_shape = int_shape


def ndim(x):
    """Return the number of axes.

    >>> ndim(ops.zeros((2, 3)))
    2
    """
    return len(x.shape)


def size(x):
    """Return the number of elements.

    >>> int(size(ops.zeros((2, 3))))
    6
    """
    return ops.size(x)


def dtype(x):
    """Return the dtype by name.

    >>> dtype(ops.zeros((2,)))
    'float32'
    """
    return dtypes.standardize_dtype(x.dtype)


# ---- constants -----------------------------------------------------------------------------------------------


def zeros_like(x, dtype=None, name=None):
    """Return zeros in the shape of x.

    >>> zeros_like([1.0, 2.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return ops.zeros_like(x, dtype=dtype)


def ones_like(x, dtype=None, name=None):
    """Return ones in the shape of x.

    >>> ones_like([1.0, 2.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    return ops.ones_like(x, dtype=dtype)


def arange(start, stop=None, step=1, dtype="int32"):
    """Return evenly spaced integers.

    >>> arange(3).numpy()
    array([0, 1, 2], dtype=int32)
    """
    return ops.arange(start, stop, step, dtype=dtype)


def eye(size, dtype=None, name=None):
    """Return an identity matrix.

    >>> eye(2).shape
    (2, 2)
    """
    return ops.eye(*([size] if isinstance(size, int) else size), dtype=dtype or config.floatx())


def constant(value, dtype=None, shape=None, name=None):
    """Return a tensor of constants, spread over `shape` if that is given.

    >>> constant(2, shape=(2,)).numpy()
    array([2., 2.], dtype=float32)
    """
    out = ops.convert_to_tensor(value, dtype or config.floatx())
    if shape is None:
        return out
    return ops.broadcast_to(out, shape) if out.size == 1 else ops.reshape(out, shape)
