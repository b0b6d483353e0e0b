"""New tensors from shapes and ranges."""

import math

from kx_tensor import device as devices
from kx_tensor import dtypes, rules
from kx_tensor.capture import constant
from kx_tensor.cases import case
from kx_tensor.ops.arithmetic import add, multiply, subtract, true_divide
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.shape import broadcast_to, expand_dims, moveaxis, reshape
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


def _created(array, device):
    """A tensor of values that follow from Python numbers alone."""
    return Tensor(constant(array), None, device)


def zeros(shape, dtype=None):
    """Return zeros of a shape.

    >>> zeros((2,)).numpy()
    array([0., 0.], dtype=float32)
    """
    device, shape = devices.current(), _raw_shape(shape)
    if None in shape:  # sizes of symbolic tensors, inside a layer
        return KerasTensor(shape, dtype)
    return _created(device.xp.zeros(shape, dtypes.as_numpy(dtypes.standardize_dtype(dtype))), device)


def ones(shape, dtype=None):
    """Return ones of a shape.

    >>> ones((2,), "int32").numpy()
    array([1, 1], dtype=int32)
    """
    device, shape = devices.current(), _raw_shape(shape)
    if None in shape:  # sizes of symbolic tensors, inside a layer
        return KerasTensor(shape, dtype)
    return _created(device.xp.ones(shape, dtypes.as_numpy(dtypes.standardize_dtype(dtype))), device)


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
    shape = _raw_shape(shape)
    if isinstance(fill_value, (int, float)):
        if None in shape:
            return KerasTensor(shape, dtype)
        device = devices.current()
        filled = device.xp.full(shape, fill_value, dtypes.as_numpy(dtypes.standardize_dtype(dtype)))
        return _created(filled, device)
    return broadcast_to(convert_to_tensor(fill_value, dtype), shape=shape)


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
    if any(isinstance(x, KerasTensor) for x in (start, stop, step)):
        raise ValueError("arange needs numbers, not symbolic tensors: the result's size must be known.")
    if dtype is None:
        dtype = dtypes.result_type(
            *[getattr(x, "dtype", type(x)) for x in (start, stop, step) if x is not None]
        )
    from_numbers = not any(hasattr(x, "item") for x in (start, stop, step))
    start, stop, step = [x.item() if hasattr(x, "item") else x for x in (start, stop, step)]
    device = devices.current()
    start, stop = (0, start) if stop is None else (start, stop)
    count = max(0, math.ceil((stop - start) / (step or 1)))
    values = (
        device.xp.arange(count, dtype="float64" if dtypes.is_float_dtype(dtype) else "int64") * (step or 1)
        + start
    )
    values = values.astype(dtypes.as_numpy(dtypes.standardize_dtype(dtype)))
    return _created(values, device) if from_numbers else Tensor(values, None, device)


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """Return `num` evenly spaced values from start to stop.

    >>> linspace(0.0, 1.0, 3).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    if num < 0:
        raise ValueError(f"linspace: num must not be negative, got {num}.")
    if dtype is None:
        given = [getattr(x, "dtype", None) or type(x) for x in map(_number_or_array, (start, stop))]
        dtype = dtypes.floating(dtypes.result_type(*given))
    computed = dtype if dtypes.is_float_dtype(dtype) else dtypes.floatx()
    gaps = num - 1 if endpoint else num
    if isinstance(start, (int, float)) and isinstance(stop, (int, float)):
        gap = (stop - start) / gaps if gaps else math.nan
        device = devices.current()
        values = device.xp.linspace(start, stop, num, endpoint=endpoint, dtype="float64")
        out = _created(values.astype(dtypes.as_numpy(dtypes.standardize_dtype(dtype))), device)
        return (out, convert_to_tensor(gap, dtype)) if retstep else out
    start, stop = (cast(convert_to_tensor(x), computed) for x in (start, stop))
    width = subtract(stop, start)
    gap = true_divide(width, gaps or math.nan)
    steps = reshape(arange(num, dtype=computed), (num, *[1] * len(width.shape)))
    part = true_divide(steps, gaps or 1)
    # Weighted ends, not start + i * gap: the last value is then exactly stop.
    out = add(multiply(subtract(1, part), expand_dims(start, 0)), multiply(part, expand_dims(stop, 0)))
    out = cast(moveaxis(out, 0, axis) if axis else out, dtype)
    return (out, gap) if retstep else out


def _number_or_array(x):
    return x if isinstance(x, (int, float)) or hasattr(x, "dtype") else convert_to_tensor(x)


def eye(N, M=None, k=0, dtype=None):
    """Return a matrix with ones on its k-th diagonal.

    >>> eye(2).numpy()
    array([[1., 0.],
           [0., 1.]], dtype=float32)
    """
    device = devices.current()
    return _created(device.xp.eye(N, M, k, dtype=dtypes.as_numpy(dtypes.standardize_dtype(dtype))), device)


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
    return _created(device.xp.tri(N, M, k, dtype=dtypes.as_numpy(dtypes.standardize_dtype(dtype))), device)
