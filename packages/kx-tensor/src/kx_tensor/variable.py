"""`Variable`: named state that is updated in place and that gradients are taken of."""

import numpy as np

from kx_tensor import device as devices
from kx_tensor import dtypes, naming, tape
from kx_tensor.capture import effect
from kx_tensor.structure import structure
from kx_tensor.symbolic import standardize_shape
from kx_tensor.tape import state
from kx_tensor.tensor import Operand, Tensor

_AGGREGATIONS = ("none", "mean", "sum", "only_first_replica", None)


class Variable(Operand):
    """A tensor whose value changes by `assign`; trainable ones are leaves of the tape.

    `initializer` is an array-like or a callable `(shape, dtype=...)`. `data` is the raw array; it may be a view into
    a larger buffer (optimizers keep all parameters in one), so `assign` copies into it. The tape keeps that array,
    not a copy: assigning between a forward and its backward pass gives gradients at the new value.

    >>> v = Variable([1.0, 2.0], name="w")
    >>> v.assign_add([1.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """

    __slots__ = (
        "data", "node", "device", "name", "path", "autocast", "aggregation", "synchronization",
        "overwrite_with_gradient",
        "constraint", "regularizer", "_trainable", "_keras_mask", "__weakref__", "__dict__",
    )  # fmt: skip

    def __init__(
        self,
        initializer,
        shape=None,
        dtype=None,
        trainable=True,
        autocast=True,
        aggregation="none",
        synchronization="auto",
        name=None,
        layout=None,
        **kwargs,
    ):
        if kwargs:
            raise TypeError(f"Variable got an unexpected keyword argument {next(iter(kwargs))!r}.")
        if layout is not None:
            raise ValueError("Variable layouts (distribution) are not supported: leave layout=None.")
        if aggregation not in _AGGREGATIONS:
            raise ValueError(f"aggregation must be one of {_AGGREGATIONS}, got {aggregation!r}.")
        if name is not None and (not isinstance(name, str) or "/" in name):
            raise ValueError(f"A variable's name must be a string without '/', got {name!r}.")
        self.name = name or naming.auto_name("variable")
        scope = naming.current_path()
        self.path = f"{scope}/{self.name}" if scope else self.name
        self.device = devices.current()
        self.autocast = bool(autocast)
        self.aggregation = aggregation
        self.synchronization = synchronization
        self.overwrite_with_gradient = False
        self.constraint = None
        self.regularizer = None
        self._keras_mask = None
        self.data = self._initial(initializer, shape, dtype)
        self.node = None
        self._trainable = False
        self.trainable = trainable

    def _initial(self, initializer, shape, dtype):
        fresh = getattr(initializer, "fresh", False)  # its arrays are nobody else's
        if callable(initializer):
            if shape is None:
                raise ValueError(
                    "A variable with a callable initializer needs a shape: Variable(init, shape=(2, 3))."
                )
            shape = standardize_shape(shape)
            if None in shape:
                raise ValueError(f"Variable {self.path!r}: all sizes must be known, got shape {shape}.")
            if state.allowance is not None:
                state.allowance.take(self.path, shape, dtypes.standardize_dtype(dtype))
            initializer = initializer(shape, dtype=dtypes.standardize_dtype(dtype))
        if isinstance(initializer, (Tensor, Variable)):
            array, own = initializer.data, not fresh
            if initializer.device is not self.device:
                array = self.device.asarray(initializer.numpy())
        else:
            own = isinstance(initializer, np.ndarray)
            array = np.asarray(initializer)
            if dtype is None and not hasattr(initializer, "dtype"):
                # As in Keras, a variable made of plain Python numbers is floatx, whole numbers too.
                dtype = "bool" if array.dtype == bool else dtypes.floatx()
            array = self.device.asarray(array)
        wanted = array.dtype if dtype is None else dtypes.as_numpy(dtypes.standardize_dtype(dtype))
        array = array.astype(wanted, copy=own)
        if shape is not None and tuple(array.shape) != standardize_shape(shape):
            raise ValueError(
                f"Variable {self.path!r}: the initial value has shape {array.shape}, expected {tuple(shape)}."
            )
        return self.device.xp.ascontiguousarray(array).reshape(array.shape)

    # ---- reading ---------------------------------------------------------------------------------------------

    @property
    def value(self):
        """The value as a Tensor (cast to the compute dtype inside a layer of mixed precision)."""
        tensor = Tensor(self.data, self.node, self.device)
        if state.autocast is not None and self.autocast and self.data.dtype.kind in "fV":
            return tensor.astype(state.autocast)
        return tensor

    @property
    def shape(self):
        return self.data.shape

    @property
    def dtype(self):
        if state.autocast is not None and self.autocast and dtypes.is_float_dtype(self.data.dtype):
            return state.autocast
        return dtypes.name_of(self.data.dtype)

    @property
    def size(self):
        return self.data.size

    def numpy(self):
        """Return a copy of the value as a NumPy array."""
        return np.array(self.device.to_numpy(self.data))

    def __array__(self, dtype=None, copy=None):
        return self.numpy() if dtype is None else self.numpy().astype(dtype)

    def __float__(self):
        return float(self.numpy().item())

    def __int__(self):
        return int(self.numpy().item())

    def __bool__(self):
        raise TypeError("A Variable cannot be used as a boolean.")

    # ---- writing ---------------------------------------------------------------------------------------------

    @property
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        self._trainable = bool(value)
        structure.version += 1
        if not (self._trainable and self.data.dtype.kind in "fcV"):
            self.node = None
        elif self.node is None:
            self.node = tape.leaf(self.data.shape, self.data.dtype, self.device)

    def assign(self, value):
        """Set the value in place and return the variable; the shape must be the same, the dtype is cast."""
        if isinstance(value, (Tensor, Variable)):
            raw = value.data if value.device is self.device else self.device.asarray(value.numpy())
        else:
            raw = self.device.asarray(value)
        if raw.shape != self.data.shape:
            raise ValueError(
                f"Variable {self.path!r} has shape {tuple(self.data.shape)}; a value of shape "
                f"{tuple(raw.shape)} can't be "
                "assigned to it."
            )
        effect(_copy_into, self.data, raw)
        return self

    def assign_add(self, value):
        """Add `value` in place and return the variable."""
        return self.assign(Tensor(self.data, None, self.device) + value)

    def assign_sub(self, value):
        """Subtract `value` in place and return the variable."""
        return self.assign(Tensor(self.data, None, self.device) - value)

    def rebind(self, view):
        """Move the value into `view`, a raw array of the same shape and dtype that holds it from now on."""
        view[...] = self.data
        self.data = view
        structure.version += 1  # whoever keeps the raw array has another one now

    def __repr__(self):
        return f"<Variable path={self.path}, shape={tuple(self.shape)}, dtype={self.dtype}, value={self.numpy()}>"

    def __deepcopy__(self, memo):
        memo[id(self)] = copied = _restore(*self._parts())
        return copied

    def __reduce__(self):
        return _restore, self._parts()

    def _parts(self):
        settings = {"trainable": self._trainable, "autocast": self.autocast, "name": self.name}
        return self.numpy(), settings, self.path, self.constraint, self.regularizer


def _restore(array, settings, path, constraint, regularizer):
    variable = Variable(array, **settings)
    variable.path, variable.constraint, variable.regularizer = path, constraint, regularizer
    return variable


def _copy_into(data, raw):
    data[...] = raw
