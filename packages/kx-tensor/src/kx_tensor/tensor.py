"""`Tensor`: an array on a device, with the tape node that made it."""

import numpy as np

from kx_tensor import device as devices
from kx_tensor import dtypes


class Operand:
    """What tensors, variables and symbolic tensors share; the operators are bound in `kx_tensor.operators`."""

    __slots__ = ()
    __array_priority__ = 100
    __hash__ = object.__hash__

    @property
    def ndim(self):
        return len(self.shape)

    @property
    def T(self):
        return self._transpose()

    def __len__(self):
        if not self.shape:
            raise TypeError("A 0-dimensional tensor has no length.")
        return self.shape[0]

    def __iter__(self):
        if not self.shape:
            raise TypeError("Cannot iterate over a 0-dimensional tensor.")
        if self.shape[0] is None:
            raise TypeError("Cannot iterate over a symbolic tensor whose first size is unknown (None).")
        return (self[i] for i in range(self.shape[0]))


class Tensor(Operand):
    """An n-dimensional array on a device that remembers how it was computed.

    `data` is the raw array (`node`, `device` and the Keras mask ride along); make one with
    `ops.convert_to_tensor`. Gradients: `backward()`, `kx_tensor.grad`, `GradientTape`.

    >>> from kx_tensor import ops
    >>> x = ops.convert_to_tensor([[1.0, 2.0]])
    >>> (x * 3).numpy()
    array([[3., 6.]], dtype=float32)
    """

    __slots__ = ("data", "node", "device", "__weakref__", "__dict__")

    _keras_mask = None  # the mask that rides along, set on those tensors that have one

    def __init__(self, data, node=None, device=devices.cpu):
        self.data = data
        self.node = node
        self.device = device

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        return dtypes.name_of(self.data.dtype)

    @property
    def size(self):
        return self.data.size

    def numpy(self):
        """Return the value as a NumPy array, sharing memory with the tensor on the CPU."""
        return self.device.to_numpy(self.data)

    def __array__(self, dtype=None, copy=None):
        array = self.numpy()
        if dtype is not None and array.dtype != dtype:
            return array.astype(dtype)
        return array.copy() if copy else array

    def item(self):
        """Return the value of a one-element tensor as a Python number."""
        return self.numpy().item()

    def tolist(self):
        """Return the value as nested Python lists."""
        return self.numpy().tolist()

    def __float__(self):
        return float(self.numpy().item())

    def __int__(self):
        return int(self.numpy().item())

    def __bool__(self):
        return bool(self.numpy().item())

    def __index__(self):
        if self.data.dtype.kind not in "iu":
            raise TypeError(f"Only integer tensors can be used as an index, got dtype {self.dtype}.")
        return int(self.numpy().item())

    def __format__(self, spec):
        return format(self.numpy().item(), spec) if spec else str(self)

    def __repr__(self):
        place = "" if self.device.kind == "cpu" else f", device={self.device.name}"
        return f"<kx.Tensor shape={self.shape} dtype={self.dtype}{place}\n{self.numpy()}>"

    def __reduce__(self):
        return _restore, (self.numpy(),)

    def __deepcopy__(self, memo):
        return Tensor(self.data.copy(), None, self.device)

    def to(self, device):
        """Return the tensor on another device ("cpu", "cuda:0"); the only way a tensor moves."""
        target = devices.get(device)
        if target is self.device:
            return self
        return Tensor(target.asarray(self.numpy()), None, target)


def _restore(array):
    return Tensor(np.asarray(array))
