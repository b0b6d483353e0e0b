"""New tensors from shapes and ranges."""

import math

from kx_tensor import device as devices
from kx_tensor import dtypes, rules
from kx_tensor.cases import case
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.primitive import primitive
from kx_tensor.symbolic import KerasTensor, standardize_shape
from kx_tensor.tensor import Tensor


def _like_dtype(names, params):
    dtype = params.get("dtype")
    return None, dtypes.result_type(names[0]) if dtype is None else dtypes.standardize_dtype(dtype)


_like_dtype.reads_params = True


@primitive(shape=rules.same, dtype=_like_dtype)
def zeros_like(xp, x, *, dtype=None):
    """Return zeros of the shape (and dtype) of x.

    >>> zeros_like([1.0, 2.0]).numpy()
    array([0., 0.], dtype=float32)
    """
    return xp.zeros(x.shape, x.dtype if dtype is None else dtypes.as_numpy(dtypes.standardize_dtype(dtype)))


zeros_like.cases = case("3,4", grad=False), case("3,4", static={"dtype": "int32"}, grad=False)


@primitive(shape=rules.same, dtype=_like_dtype)
def ones_like(xp, x, *, dtype=None):
    """Return ones of the shape (and dtype) of x.

    >>> ones_like([1.0, 2.0]).numpy()
    array([1., 1.], dtype=float32)
    """
    return xp.ones(x.shape, x.dtype if dtype is None else dtypes.as_numpy(dtypes.standardize_dtype(dtype)))


ones_like.cases = case("3,4", grad=False), case("3,4", static={"dtype": "int32"}, grad=False)


def _raw_shape(shape):
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return standardize_shape(shape)


def zeros(shape, dtype=None):
    """Return zeros of a shape.

    >>> zeros((2,)).numpy()
    array([0., 0.], dtype=float32)
    """
    device = devices.current()
    return Tensor(device.xp.zeros(_raw_shape(shape), dtypes.as_numpy(dtypes.standardize_dtype(dtype))), None, device)


def ones(shape, dtype=None):
    """Return ones of a shape.

    >>> ones((2,), "int32").numpy()
    array([1, 1], dtype=int32)
    """
    device = devices.current()
    return Tensor(device.xp.ones(_raw_shape(shape), dtypes.as_numpy(dtypes.standardize_dtype(dtype))), None, device)


def empty(shape, dtype=None):
    """Return an uninitialized tensor of a shape; kx fills it with zeros, so that no run depends on chance.

    >>> empty((2,)).shape
    (2,)
    """
    return zeros(shape, dtype)


def full(shape, fill_value, dtype=None):
    """Return a tensor of a shape filled with a value.

    >>> full((2,), 3.0).numpy()
    array([3., 3.], dtype=float32)
    """
    value = convert_to_tensor(fill_value, dtype)
    return Tensor(value.device.xp.broadcast_to(value.data, _raw_shape(shape)).copy(), None, value.device)


def full_like(x, fill_value, dtype=None):
    """Return a tensor of the shape (and dtype) of x filled with a value.

    >>> full_like([1.0, 2.0], 3).numpy()
    array([3., 3.], dtype=float32)
    """
    ones = ones_like(x, dtype=dtype)
    return cast(ones * fill_value, ones.dtype)


def empty_like(x, dtype=None):
    """Return a tensor of the shape (and dtype) of x, filled with zeros.

    >>> empty_like([1.0]).numpy()
    array([0.], dtype=float32)
    """
    return zeros_like(x, dtype=dtype)


def arange(start, stop=None, step=None, dtype=None):
    """Return start, start + step, ... up to but without stop.

    >>> arange(3).numpy(), arange(0.0, 1.0, 0.5).numpy()
    (array([0, 1, 2], dtype=int32), array([0. , 0.5], dtype=float32))
    """
    start, stop, step = [x.item() if hasattr(x, "item") else x for x in (start, stop, step)]
    if any(isinstance(x, KerasTensor) for x in (start, stop, step)):
        raise ValueError("arange needs numbers, not symbolic tensors: the result's size must be known.")
    if dtype is None:
        dtype = dtypes.result_type(*[type(x) for x in (start, stop, step) if x is not None])
    device = devices.current()
    start, stop = (0, start) if stop is None else (start, stop)
    count = max(0, math.ceil((stop - start) / (step or 1)))
    values = device.xp.arange(count, dtype="float64" if dtypes.is_float_dtype(dtype) else "int64") * (step or 1) + start
    return Tensor(values.astype(dtypes.as_numpy(dtypes.standardize_dtype(dtype))), None, device)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """Return `num` evenly spaced values from start to stop.

    >>> linspace(0.0, 1.0, 3).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    start, stop = convert_to_tensor(start), convert_to_tensor(stop)
    device = start.device
    if dtype is None:
        dtype = dtypes.floating(dtypes.result_type(start.dtype, stop.dtype))
    first, last = (x.numpy().astype("float64") for x in (start, stop))
    values, gap = devices.cpu.xp.linspace(first, last, num, endpoint=endpoint, retstep=True, axis=axis)
    out = Tensor(device.asarray(values, dtypes.as_numpy(dtypes.standardize_dtype(dtype))), None, device)
    return (out, convert_to_tensor(gap, dtype)) if retstep else out


def eye(N, M=None, k=0, dtype=None):
    """Return a matrix with ones on its k-th diagonal.

    >>> eye(2).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    device = devices.current()
    return Tensor(device.xp.eye(N, M, k, dtype=dtypes.as_numpy(dtypes.standardize_dtype(dtype))), None, device)


def identity(n, dtype=None):
    """Return the identity matrix of size n.

    >>> identity(1).numpy()
    array([[1.]], dtype=float32)
    """
    return eye(n, dtype=dtype)


def tri(N, M=None, k=0, dtype=None):
    """Return a matrix with ones at and below its k-th diagonal.

    >>> tri(2).numpy()
    array([[1., 0.],
           [1., 1.]], dtype=float32)
    """
    device = devices.current()
    return Tensor(device.xp.tri(N, M, k, dtype=dtypes.as_numpy(dtypes.standardize_dtype(dtype))), None, device)
