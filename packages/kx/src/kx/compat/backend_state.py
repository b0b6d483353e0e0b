"""`keras.backend`: variables, the learning phase, sessions that are no more."""

import contextlib

import numpy as np

from kx.compat.backend_shapes import with_sizes
from kx_layers.context import context
from kx_models.session import clear_session
from kx_tensor import config, naming, ops
from kx_tensor.capture import effect
from kx_tensor.symbolic import KerasTensor, is_keras_tensor, record_call
from kx_tensor.variable import Variable

name_scope = naming.name_scope

__all__ = [
    "name_scope", "variable", "zeros", "ones", "eval", "get_value", "batch_get_value", "set_value",
    "batch_set_value", "update", "update_add", "update_sub", "moving_average_update", "count_params", "is_sparse",
    "to_dense", "is_keras_tensor", "is_tensor", "learning_phase", "set_learning_phase", "learning_phase_scope",
    "in_train_phase", "in_test_phase", "clear_session", "reset_uids", "print_tensor", "image_dim_ordering",
    "set_image_dim_ordering",
]  # fmt: skip


def variable(value, dtype=None, name=None, constraint=None):
    """Return a variable with this first value.

    >>> variable([1.0, 2.0]).numpy()
    array([1., 2.], dtype=float32)
    """
    made = Variable(
        np.asarray(value) if not hasattr(value, "shape") else value, dtype=dtype or _kept(value), name=name
    )
    made.constraint = constraint
    return made


def _kept(value):
    """Floats become floatx, other NumPy arrays keep their dtype."""
    kind = getattr(value, "dtype", None)
    return None if kind is not None and np.dtype(str(kind)).kind in "iub" else config.floatx()


def zeros(shape, dtype=None, name=None):
    """Return a variable of zeros.

    >>> zeros((2,)).numpy()
    array([0., 0.], dtype=float32)
    """
    return with_sizes(_made(ops.zeros, name), shape, dtype=dtype or config.floatx())


def ones(shape, dtype=None, name=None):
    """Return a variable of ones.

    >>> ones((2,)).numpy()
    array([1., 1.], dtype=float32)
    """
    return with_sizes(_made(ops.ones, name), shape, dtype=dtype or config.floatx())


def _made(function, name):
    def filled(shape, dtype):
        return Variable(function(shape, dtype), name=name)

    filled.__name__ = function.__name__
    return filled


def eval(x):
    """Return the value of a tensor or variable as a NumPy array.

    >>> eval(ops.ones((2,)))
    array([1., 1.], dtype=float32)
    """
    if isinstance(x, KerasTensor):
        raise ValueError(
            f"{x!r} has no value before there is data; make K.function(inputs, [x]) and call that with arrays."
        )
    return np.asarray(x)


get_value = eval


def batch_get_value(tensors):
    """Return the values of several tensors.

    >>> batch_get_value([ops.ones(())])
    [array(1., dtype=float32)]
    """
    return [eval(x) for x in tensors]


def set_value(x, value):
    """Give a variable a value.

    >>> v = variable(1.0)
    >>> set_value(v, 3)
    >>> float(v)
    3.0
    """
    if not hasattr(x, "assign"):  # the learning rate that a schedule gives reads as a tensor
        raise ValueError(
            f"set_value needs a variable, got {x!r}. For the learning rate write "
            "`model.optimizer.learning_rate = value`."
        )
    x.assign(value)


def batch_set_value(tuples):
    """Give several variables values: a list of (variable, value).

    >>> v = variable(1.0)
    >>> batch_set_value([(v, 2.0)])
    """
    for x, value in tuples:
        set_value(x, value)


def update(x, new_x):
    """Assign a value to a variable; with a symbolic value, return the pair that `function(updates=...)` takes.

    >>> update(variable(1.0), 2.0).numpy().item()
    2.0
    """
    if isinstance(new_x, KerasTensor):
        return x, new_x
    x.assign(new_x)
    return x


def update_add(x, increment):
    """Add to a variable.

    >>> update_add(variable(1.0), 2.0).numpy().item()
    3.0
    """
    return update(x, x + increment)


def update_sub(x, decrement):
    """Subtract from a variable.

    >>> update_sub(variable(1.0), 2.0).numpy().item()
    -1.0
    """
    return update(x, x - decrement)


def moving_average_update(x, value, momentum):
    """Move a variable towards a value: x = momentum x + (1 - momentum) value.

    >>> moving_average_update(variable(0.0), 1.0, 0.75).numpy().item()
    0.25
    """
    return update(x, x * momentum + value * (1.0 - momentum))


def count_params(x):
    """Return the number of elements.

    >>> count_params(ops.zeros((2, 3)))
    6
    """
    return int(np.prod(x.shape))


def is_sparse(tensor):
    """Return False: kx has dense tensors only.

    >>> is_sparse(ops.zeros((2,)))
    False
    """
    return False


def to_dense(tensor):
    """Return the tensor as it is: kx has dense tensors only.

    >>> to_dense(ops.zeros((2,))).shape
    (2,)
    """
    return tensor


def is_tensor(x):
    """Return whether x is a tensor, symbolic or not.

    >>> is_tensor(KerasTensor((2,))), is_tensor([1.0])
    (True, False)
    """
    return isinstance(x, (KerasTensor, Variable)) or ops.is_tensor(x)


def reset_uids():
    """Start the automatic names of layers again.

    >>> reset_uids()
    """
    naming.reset()


def print_tensor(x, message="", summarize=3):
    """Print the value of x, when there is one, and return x.

    >>> print_tensor(ops.ones((2,)), "x =").shape
    x = [1. 1.]
    (2,)
    """
    if isinstance(x, KerasTensor):
        return record_call(print_tensor, (x, message, summarize), {}, [(x.shape, x.dtype)])[0]
    effect(_show, x.data, message, summarize)  # a captured step prints, too
    return x


def _show(array, message, summarize):
    with np.printoptions(threshold=2 * summarize, edgeitems=summarize):
        print(message, array)


def image_dim_ordering():
    """Return "th" for channels first, "tf" for channels last: the `image_data_format` of Keras 1.

    >>> image_dim_ordering()
    'tf'
    """
    return "th" if config.image_data_format() == "channels_first" else "tf"


def set_image_dim_ordering(dim_ordering):
    """Set where the channels of images are: "th" for channels first, "tf" for channels last.

    >>> set_image_dim_ordering("tf")
    """
    known = {"th": "channels_first", "tf": "channels_last"}
    if dim_ordering not in known:
        raise ValueError(f"dim_ordering must be 'tf' or 'th', got {dim_ordering!r}.")
    config.set_image_data_format(known[dim_ordering])


# ---- the learning phase --------------------------------------------------------------------------------------


def learning_phase():
    """Return 1 in a training step, 0 elsewhere; in the inputs of `function` it stands for that flag.

    >>> learning_phase()
    0
    """
    return int(bool(context.training))


def set_learning_phase(value):
    """Set what layers called without `training` take: 1 or True for training, 0 or False for inference.

    >>> set_learning_phase(1)
    >>> learning_phase()
    1
    >>> clear_session()
    """
    if value not in (0, 1):
        raise ValueError(f"The learning phase is 0 or 1, got {value!r}.")
    context.training = bool(value)


@contextlib.contextmanager
def learning_phase_scope(value):
    """Set the learning phase for a block.

    >>> with learning_phase_scope(1):
    ...     learning_phase()
    1
    """
    previous = context.training
    set_learning_phase(value)
    try:
        yield
    finally:
        context.training = previous


def in_train_phase(x, alt, training=None):
    """Return x in training, `alt` else; either may be a function without arguments.

    >>> in_train_phase(1.0, lambda: 2.0)
    2.0
    """
    symbolic = [_of(v) for v in (x, alt)] if training is None and context.root is None else ()
    if any(isinstance(v, KerasTensor) for v in symbolic):
        spec = next(v for v in symbolic if isinstance(v, KerasTensor))
        return record_call(in_train_phase, tuple(symbolic), {}, [(spec.shape, spec.dtype)])[0]
    if training is None:
        training = learning_phase()
    return _of(x if training else alt)


def in_test_phase(x, alt, training=None):
    """Return x outside of training, `alt` in it.

    >>> in_test_phase(1.0, 2.0)
    1.0
    """
    return in_train_phase(alt, x, training)


def _of(value):
    return value() if callable(value) else value
