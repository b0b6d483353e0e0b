"""`DataLayer`: what the layers share that prepare data, and may learn from data how to."""

import numpy as np

from kx_io import field
from kx_layers.layer import Layer
from kx_layers.text_arrays import as_input
from kx_tensor import device as devices
from kx_tensor.capture import constant
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


class DataLayer(Layer):
    """A layer that also takes lists, single values and arrays of texts, so that it can be used outside of a model.

    It works on its own, inside a model and in a data pipeline (`dataset.map(layer)`). Its output has `output_dtype`.

    >>> class Length(DataLayer):
    ...     output_dtype = "int64"
    ...     def call(self, inputs):
    ...         return np.vectorize(len)(inputs)
    >>> Length()(["a", "bcd"])
    array([1, 3])
    """

    def __call__(self, *args, **kwargs):
        if len(args) == 1 and args[0].__class__ is not Tensor:
            args = (self._as_input(args[0]),)
        return super().__call__(*args, **kwargs)

    def _as_input(self, value):
        return as_input(value)

    @property
    def output_dtype(self):
        """The dtype of the outputs."""
        return self.compute_dtype

    def compute_output_spec(self, inputs, **kwargs):
        return KerasTensor(self.compute_output_shape(inputs.shape), self.output_dtype)


class StringDataLayer(DataLayer):
    """A DataLayer whose dtype is that of its input, as Keras has it: "string" unless a class says otherwise.

    >>> StringDataLayer().dtype
    'string'
    """

    autocast = field(False, config=False)  # integers given as floats stay exact
    compute_dtype = input_dtype = "string"

    @property
    def dtype(self):
        return self.compute_dtype

    @dtype.setter
    def dtype(self, value):
        self.dtype_policy = value


def batches_of(data, steps=None):
    """Yield the batches of what `adapt` was given, at most `steps` of them; an array is one batch.

    Errors: TypeError for what is neither an array nor iterable.

    >>> [batch.tolist() for batch in batches_of(iter([np.array([1]), np.array([2])]), steps=1)]
    [[1]]
    """
    if isinstance(data, (np.ndarray, Tensor, Variable, list, tuple, str)) or hasattr(data, "__array__"):
        yield as_input(data)
        return
    if not hasattr(data, "__iter__"):
        raise TypeError(
            f"adapt() expects an array, or an iterable of batches such as a Dataset; got a {type(data).__name__}."
        )
    for number, batch in enumerate(data):
        if number == steps:
            return
        yield as_input(batch)


def on_host(data):
    """A batch as a NumPy array."""
    if not isinstance(data, (np.ndarray, Tensor, Variable)):
        data = as_input(data)
    return data if isinstance(data, np.ndarray) else data.numpy()


def fixed_tensor(values, dtype):
    """A tensor of numbers that a layer was given, for steps that are captured: it is the same in every run of them.

    >>> fixed_tensor([1.0, 2.0], "float32").numpy()
    array([1., 2.], dtype=float32)
    """
    device = devices.current()
    return Tensor(constant(device.asarray(np.array(values, dtype))), None, device)
