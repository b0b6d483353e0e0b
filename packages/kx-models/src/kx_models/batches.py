"""One batch: its parts, its way onto the device, its size."""

import numpy as np

from kx_models.data_source import as_array, is_array_like
from kx_tensor import device as devices
from kx_tensor import tree
from kx_tensor.capture import constant
from kx_tensor.tensor import Tensor


def to_device(value, device):
    """Return (nested) arrays of a batch as tensors of `device`; None and tensors stay."""
    if value.__class__ is np.ndarray:
        if value.dtype.kind in "OUS":
            return value
        return Tensor(device.asarray(value) if device is not devices.cpu else value, None, device)
    if value is None or isinstance(value, Tensor):
        return value
    if isinstance(value, (tuple, list, dict)) and not is_array_like(value):
        return tree.map_structure(lambda v: to_device(v, device), value)
    return to_device(as_array(value, "the batch"), device)


def unpack_x_y_sample_weight(data):
    """Return `(x, y, sample_weight)` of a batch given as a tuple of one to three parts, or as x alone.

    >>> unpack_x_y_sample_weight(("x", "y"))
    ('x', 'y', None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(
            f"Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: {data}."
        )
    return (*data, None, None)[:3]


def unpack_validation(validation_data):
    """Return x, y, sample_weight of what was given as `validation_data`: a tuple of arrays, or any source."""
    if isinstance(validation_data, (tuple, list)):
        return unpack_x_y_sample_weight(validation_data)
    return validation_data, None, None


def as_batch(x, y, sample_weight):
    """Return what `train_step` and `test_step` are given: a tuple of the parts of a batch, or x where that is all."""
    if y is None and sample_weight is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def joined(parts):
    """Return the arrays of several batches as one.

    >>> joined([np.zeros((2, 3)), np.zeros((1, 3))]).shape
    (3, 3)
    """
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def samples_in(x):
    """The number of samples in a batch."""
    if x.__class__ is Tensor:
        return x.data.shape[0] if x.data.shape else 1
    return next((t.shape[0] for t in tree.flatten(x) if getattr(t, "shape", ())), 1)


def ones_like_scalar(tensor):
    """Return the raw gradient of a scalar with respect to itself."""
    if tensor.device is devices.cpu and not tensor.data.shape:
        return constant(tensor.data.dtype.type(1))
    return tensor.device.xp.ones(tensor.data.shape, tensor.data.dtype)


def flat_logs(results):
    """Return {name: Python float} of metrics' results; a result that is a dict adds its own entries.

    >>> flat_logs({"loss": np.float32(0.5), "compile_metrics": {"mae": 1}})
    {'loss': 0.5, 'mae': 1.0}
    """
    logs = {}
    for name, value in results.items():
        if isinstance(value, dict):
            logs.update(flat_logs(value))
        else:
            logs[name] = _to_python(value)
    return logs


def _to_python(value):
    if isinstance(value, Tensor):
        value = value.numpy()
    if isinstance(value, np.ndarray) and value.ndim:
        return value
    return float(value)
