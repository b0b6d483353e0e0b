"""`import tensorflow as tf`, as far as scripts need it around tf.keras: arithmetic, tapes, variables, dtypes, seeds.

What has the same meaning in kx.ops is that function; for the rest an AttributeError names the function of kx to use.
"""

import builtins
import functools
import importlib
import logging
import sys
import types

import numpy as np

from kx.compat import tf_names
from kx.compat.backend_shapes import shape as _shape
from kx.compat.backend_shapes import with_sizes
from kx_datasets.pipeline.elements import TensorSpec as TensorSpec
from kx_tensor import device as devices
from kx_tensor import ops
from kx_tensor.gradients import GradientTape as GradientTape
from kx_tensor.tensor import Tensor as Tensor
from kx_tensor.variable import Variable as Variable

explains = True  # its AttributeErrors say more than "no attribute"
__version__ = "2.21.0"  # whose tf.keras kx stands in for
newaxis = None

bool, uint8, int8, int16, int32, int64 = "bool", "uint8", "int8", "int16", "int32", "int64"
float16, bfloat16, float32, float64, string = "float16", "bfloat16", "float32", "float64", "string"
dtypes = types.SimpleNamespace(
    bool=bool, uint8=uint8, int8=int8, int16=int16, int32=int32, int64=int64, float16=float16, bfloat16=bfloat16,
    float32=float32, float64=float64, string=string, cast=ops.cast,
)  # fmt: skip


def function(func=None, **options):
    """Return the function as it is: kx runs it eagerly. The options of tf.function change no result.

    >>> @function(jit_compile=True)
    ... def double(x):
    ...     return x * 2
    >>> double(3)
    6
    """
    return func if func is not None else lambda func: func


def constant(value, dtype=None, shape=None, name=None):
    """Return a tensor of a value, spread over `shape` if that is given; Python floats are float32.

    >>> constant([1.0, 2.0]).dtype, constant(1, shape=(2,)).shape
    ('float32', (2,))
    """
    out = ops.convert_to_tensor(value, dtype)
    if shape is None:
        return out
    return ops.broadcast_to(out, shape) if out.size == 1 else ops.reshape(out, shape)


def convert_to_tensor(value, dtype=None, dtype_hint=None, name=None):
    """Return the value as a tensor.

    >>> convert_to_tensor(np.ones(2)).dtype
    'float64'
    """
    if dtype is None:
        dtype = value.dtype.name if isinstance(value, np.ndarray) else None
        dtype = dtype or (dtype_hint if not hasattr(value, "dtype") else None)
    return ops.convert_to_tensor(value, dtype)


def shape(input, out_type=None, name=None):
    """Return the sizes of a tensor; those not known yet are symbolic.

    >>> shape(ops.zeros((2, 3)))
    (2, 3)
    """
    return _shape(input)


def reshape(tensor, shape, name=None):
    """Return the tensor in another shape; sizes may be symbolic.

    >>> reshape(ops.zeros((2, 3)), (3, 2)).shape
    (3, 2)
    """
    return with_sizes(ops.reshape, shape, tensor)


def cast(x, dtype, name=None):
    """Return x in another dtype.

    >>> cast([1.5], int32).numpy()
    array([1], dtype=int32)
    """
    return ops.cast(x, dtype)


def concat(values, axis, name=None):
    """Return the tensors joined along an axis.

    >>> concat([ops.zeros((1, 2)), ops.zeros((1, 1))], 1).shape
    (1, 3)
    """
    return ops.concatenate(values, axis)


def matmul(a, b, transpose_a=False, transpose_b=False, name=None):
    """Return the matrix product, after swapping the last axes of a or b where asked.

    >>> matmul(ops.ones((2, 3)), ops.ones((2, 3)), transpose_b=True).shape
    (2, 2)
    """
    a, b = (ops.swapaxes(x, -1, -2) if swap else x for x, swap in ((a, transpose_a), (b, transpose_b)))
    return ops.matmul(a, b)


def transpose(a, perm=None, conjugate=False, name=None):
    """Return a with its axes in another order, by default backwards.

    >>> transpose(ops.zeros((2, 3))).shape
    (3, 2)
    """
    if conjugate:
        raise ValueError("tf.transpose: kx has no complex tensors to conjugate; leave conjugate=False.")
    return ops.transpose(a, perm)


def gather(params, indices, axis=0, name=None):
    """Return the slices of `params` that `indices` name along an axis.

    >>> gather([1.0, 2.0], [1]).numpy()
    array([2.], dtype=float32)
    """
    return ops.take(params, indices, axis=axis)


def one_hot(indices, depth, on_value=1.0, off_value=0.0, axis=-1, dtype=None, name=None):
    """Return rows of `off_value` with `on_value` at each index.

    >>> one_hot([1], 3).numpy()
    array([[0., 1., 0.]], dtype=float32)
    """
    out = ops.one_hot(indices, depth, axis=axis, dtype=dtype or "float32")
    return out if (on_value, off_value) == (1.0, 0.0) else off_value + out * (on_value - off_value)


def pad(tensor, paddings, mode="CONSTANT", constant_values=0, name=None):
    """Return the tensor with more elements before and after each axis.

    >>> pad(ops.ones((2,)), [[1, 0]]).numpy()
    array([0., 1., 1.], dtype=float32)
    """
    if mode.lower() == "constant":
        return ops.pad(tensor, paddings, "constant", constant_values=constant_values)
    return ops.pad(tensor, paddings, mode.lower())


def split(value, num_or_size_splits, axis=0, num=None, name=None):
    """Return parts along an axis: equal ones for a number, or of the given sizes.

    >>> [part.shape for part in split(ops.zeros((5,)), [2, 3])]
    [(2,), (3,)]
    """
    if isinstance(num_or_size_splits, int):
        return ops.split(value, num_or_size_splits, axis)
    return ops.split(value, [int(n) for n in np.cumsum(num_or_size_splits)[:-1]], axis)


def fill(dims, value, name=None):
    """Return a tensor of one value.

    >>> fill((2,), 7.0).numpy()
    array([7., 7.], dtype=float32)
    """
    return ops.full(dims, value)


def argmax(input, axis=None, output_type="int64", name=None):
    """Return the places of the largest elements along an axis, by default the first.

    >>> argmax([[1.0, 2.0], [3.0, 0.0]], axis=1).numpy()
    array([1, 0])
    """
    return ops.cast(ops.argmax(input, 0 if axis is None else axis), output_type)


def argmin(input, axis=None, output_type="int64", name=None):
    """Return the places of the smallest elements along an axis, by default the first.

    >>> argmin([3.0, 1.0]).numpy()
    array(1)
    """
    return ops.cast(ops.argmin(input, 0 if axis is None else axis), output_type)


def cumsum(x, axis=0, exclusive=False, reverse=False, name=None):
    """Return the running sums along an axis, by default the first.

    >>> cumsum([1.0, 2.0]).numpy()
    array([1., 3.], dtype=float32)
    """
    x = ops.flip(x, axis) if reverse else ops.convert_to_tensor(x)
    sums = ops.cumsum(x, axis)
    sums = sums - x if exclusive else sums
    return ops.flip(sums, axis) if reverse else sums


def clip_by_value(t, clip_value_min, clip_value_max, name=None):
    """Return t limited to a range.

    >>> clip_by_value([3.0], 0.0, 1.0).numpy()
    array([1.], dtype=float32)
    """
    return ops.clip(t, clip_value_min, clip_value_max)


def size(input, out_type=None, name=None):
    """Return the number of elements, as a tensor.

    >>> size(ops.ones((2, 3))).numpy()
    array(6, dtype=int32)
    """
    return ops.cast(ops.size(input), out_type or "int32")


def rank(input, name=None):
    """Return the number of axes, as a tensor.

    >>> rank(ops.ones((2, 3))).numpy()
    array(2, dtype=int32)
    """
    return ops.convert_to_tensor(len(input.shape), "int32")


def print(*inputs, output_stream=None, sep=" ", end="\n", **kwargs):
    """Print values, by default to standard error as TensorFlow does.

    >>> print("step", 3, output_stream=sys.stdout)
    step 3
    """
    shown = [x.numpy() if isinstance(x, (Tensor, Variable)) else x for x in inputs]
    builtins.print(*shown, sep=sep, end=end, file=sys.stderr if output_stream is None else output_stream)


def add_n(inputs, name=None):
    """Return the sum of tensors.

    >>> add_n([ops.ones((2,)), ops.ones((2,))]).numpy()
    array([2., 2.], dtype=float32)
    """
    return functools.reduce(ops.add, inputs)


def disable_v2_behavior():
    """Do nothing: scripts for graphs and sessions of tf.keras and those for eager execution run alike.

    >>> disable_v2_behavior()
    """


disable_eager_execution = enable_eager_execution = enable_v2_behavior = disable_v2_behavior


def get_logger():
    """Return the logger "tensorflow", which kx does not write to.

    >>> get_logger().name
    'tensorflow'
    """
    return logging.getLogger("tensorflow")


def executing_eagerly():
    """Return True: kx has no other way.

    >>> executing_eagerly()
    True
    """
    return True


def is_tensor(x):
    """Return whether x is a tensor or a variable.

    >>> is_tensor(ops.zeros(())), is_tensor(1.0)
    (True, False)
    """
    return isinstance(x, Variable) or ops.is_tensor(x)


class PhysicalDevice:
    """A device by name and kind.

    >>> PhysicalDevice("cpu", "CPU").device_type
    'CPU'
    """

    def __init__(self, name, device_type):
        self.name, self.device_type = name, device_type

    def __repr__(self):
        return f"PhysicalDevice(name={self.name!r}, device_type={self.device_type!r})"


class config:
    """`tf.config`: which devices there are, and settings of memory that kx has no need of."""

    @staticmethod
    def list_physical_devices(device_type=None):
        """Return the CPU, and the GPU where kx uses one."""
        found = [PhysicalDevice("/physical_device:CPU:0", "CPU")]
        if devices.backend() == "cupy":
            found.append(PhysicalDevice("/physical_device:GPU:0", "GPU"))
        return [d for d in found if device_type in (None, d.device_type)]

    list_logical_devices = list_physical_devices
    get_visible_devices = list_physical_devices

    class experimental:
        """`tf.config.experimental`."""

        @staticmethod
        def list_physical_devices(device_type=None):
            """Return the CPU, and the GPU where kx uses one."""
            return config.list_physical_devices(device_type)

        @staticmethod
        def set_memory_growth(device, enable):
            """Return: kx takes memory as it needs it, which is what True asks for."""
            if not enable:
                raise ValueError("kx takes GPU memory as it needs it; memory growth cannot be turned off.")


class test:
    """`tf.test`: questions about GPUs."""

    @staticmethod
    def is_gpu_available(*args, **kwargs):
        """Return whether kx runs on a GPU."""
        return devices.backend() == "cupy"

    @staticmethod
    def gpu_device_name():
        """Return the name of the GPU that kx runs on, "" without one."""
        return "/device:GPU:0" if devices.backend() == "cupy" else ""


def __getattr__(name):
    if name in tf_names.NAMESPACES:
        return tf_names.Namespace(name)
    if name == "data":
        return tf_names.data()
    if name in ("initializers", "losses", "metrics", "optimizers"):
        return importlib.import_module(f"kx.{name}")
    if name == "strings":
        return tf_names.strings()
    found = tf_names.SAME.get(name)
    if found is not None:
        return tf_names.function_of(found)
    raise AttributeError(tf_names.advice(f"tf.{name}", name), name=name)


def __dir__():
    return [*(n for n in globals() if not n.startswith("_")), *tf_names.SAME, *tf_names.NAMESPACES]
