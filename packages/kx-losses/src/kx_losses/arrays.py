"""Raw arrays of one device for metrics, which need no gradients: plain NumPy or CuPy from here on."""

from kx_tensor import device as devices
from kx_tensor import dtypes
from kx_tensor.primitive import to_raw
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


def raw_pair(y_true, y_pred):
    """Return (device, y_true, y_pred) as raw arrays of y_pred's device; ranks are made equal by `same_rank`.

    >>> [x.shape for x in raw_pair([1, 0], [[0.5], [0.5]])[1:]]
    [(2, 1), (2, 1)]
    """
    device = device_of(y_pred)
    p = y_pred.data if type(y_pred) is Tensor else to_raw(y_pred, device)
    t = y_true.data if type(y_true) is Tensor and y_true.device is device else to_raw(y_true, device)
    if t.ndim != p.ndim:
        t, p = same_rank(t, p)
    return device, t, p


def device_of(x):
    """Return the device of a tensor or variable, the current one for anything else."""
    return x.device if isinstance(x, (Tensor, Variable)) else devices.current()


def same_rank(a, b):
    """Drop or add a last axis of size 1 where the ranks of two raw arrays differ by one."""
    if a.ndim == b.ndim + 1 and a.shape[-1] == 1:
        return (a, b[:, None]) if b.ndim == 1 else (a[..., 0], b)
    if b.ndim == a.ndim + 1 and b.shape[-1] == 1:
        return (a[:, None], b) if a.ndim == 1 else (a, b[..., 0])
    return a, b


def as_floats(x):
    """Return a raw array as floats: its own kind, or floatx for integers and booleans.

    >>> import numpy as np
    >>> as_floats(np.array([True, False])).dtype
    dtype('float32')
    """
    return x if x.dtype.kind in "fV" else x.astype(dtypes.as_numpy(dtypes.floatx()))


def check_same_shape(what, t, p):
    """Raise ValueError unless two raw arrays have one shape."""
    if t.shape != p.shape:
        raise ValueError(
            f"{what}: y_true of shape {tuple(t.shape)} does not fit y_pred of shape {tuple(p.shape)}."
        )
