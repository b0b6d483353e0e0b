"""Dtype changes, and the way in and out of tensors."""

import numpy as np

from kx_tensor import device as devices
from kx_tensor import dtypes, rules
from kx_tensor.cases import case
from kx_tensor.primitive import as_operand, primitive, to_raw
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


def _cast_dtype(names, params):
    return None, dtypes.standardize_dtype(params["dtype"])


_cast_dtype.reads_params = True


@primitive(shape=rules.same, dtype=_cast_dtype)
def cast(xp, x, *, dtype):
    """Return x in another dtype; the gradient is cast back.

    >>> cast([1.7, -1.7], "int32").numpy()
    array([ 1, -1], dtype=int32)
    """
    return x.astype(dtypes.as_numpy(dtypes.standardize_dtype(dtype)))


# An integer result has no gradient to give.
cast.vjp(lambda F, g, dtype: g if dtypes.is_float_dtype(dtype) else None)
cast.cases = (
    case("3,4", static={"dtype": "float16"}, tol=2e-3, grad=False),
    case("3,4", static={"dtype": "float64"}),
    case("3:int32", static={"dtype": "float32"}),
)


@primitive(shape=rules.same, dtype=rules.keep)
def stop_gradient(xp, variable):
    """Return x as a constant: no gradient flows back through it.

    >>> from kx_tensor import grad
    >>> grad(lambda x: (stop_gradient(x) * x).sum())([3.0]).numpy()
    array([3.], dtype=float32)
    """
    return variable


stop_gradient.cases = (case("3,4", grad=False),)


def convert_to_tensor(x, dtype=None, sparse=None, ragged=None):
    """Return an array, a number, nested lists or a variable as a Tensor of the current device.

    >>> convert_to_tensor([1, 2]).dtype, convert_to_tensor(np.zeros(3), dtype="float16").dtype
    ('int32', 'float16')
    """
    if sparse or ragged:
        raise ValueError("kx has dense tensors only: sparse=True and ragged=True are not supported.")
    if isinstance(x, KerasTensor):
        return x if dtype is None or x.dtype == dtypes.standardize_dtype(dtype) else cast(x, dtype)
    if dtype is None:
        return as_operand(x, devices.current())
    dtype = dtypes.standardize_dtype(dtype)
    if isinstance(x, (Tensor, Variable)):
        x = as_operand(x, x.device)
        return x if x.dtype == dtype else cast(x, dtype)
    return Tensor(to_raw(x, devices.current(), dtypes.as_numpy(dtype)), None, devices.current())


def convert_to_numpy(x):
    """Return x as a NumPy array, from whatever device.

    >>> convert_to_numpy(convert_to_tensor([1.5]))
    array([1.5], dtype=float32)
    """
    return x.numpy() if isinstance(x, (Tensor, Variable)) else np.asarray(x)


def is_tensor(x):
    """Tell whether x is a (real or symbolic) tensor; a Variable or a NumPy array is not.

    >>> is_tensor(np.zeros(3)), is_tensor(convert_to_tensor(0.0))
    (False, True)
    """
    return isinstance(x, (Tensor, KerasTensor))
