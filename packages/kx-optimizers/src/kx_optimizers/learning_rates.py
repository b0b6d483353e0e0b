"""Where an optimizer's learning rate comes from: a variable, or a function of the step."""

import inspect
import numbers

import numpy as np

from kx_optimizers import schedules
from kx_tensor import Tensor, Variable, dtypes


def standardize(value):
    """Return a learning rate as a float or a callable; a config dict becomes its schedule.

    >>> standardize(1), standardize(np.float32(0.5))
    (1.0, 0.5)
    """
    if isinstance(value, dict):
        return schedules.deserialize(value)
    if isinstance(value, (Tensor, Variable)) or (isinstance(value, np.ndarray) and value.shape == ()):
        return float(value)
    if isinstance(value, numbers.Real) and not isinstance(value, bool):
        return float(value)
    if callable(value) and not isinstance(value, type):
        return value
    raise ValueError(
        "learning_rate must be a number, a LearningRateSchedule, or a callable that takes no argument or "
        f"the step, got {value!r}."
    )


def saved(rate):
    """Return the current learning rate, a variable or a tensor, as the number that a config holds."""
    return float(rate)


class Constant:
    """A learning rate held in `variable`, saved with the optimizer."""

    def __init__(self, variable):
        self.variable = variable

    def at(self, t):
        return float(self.variable.data)

    def current(self, iterations):
        return self.variable


class Scheduled:
    """A learning rate computed by `function`: a schedule, or a callable of the step or of nothing."""

    variable = None

    def __init__(self, function):
        self.function = function
        if isinstance(function, schedules.LearningRateSchedule):
            self.at = function.at
        elif _takes_step(function):
            self.at = lambda t: float(function(t))
        else:
            self.at = lambda t: float(function())

    def current(self, iterations):
        value = np.asarray(self.at(iterations.data.item()), dtypes.as_numpy(dtypes.floatx()))
        return Tensor(value, None, iterations.device)

    def __reduce__(self):
        return Scheduled, (self.function,)


def _takes_step(function):
    empty = inspect.Parameter.empty
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    parameters = inspect.signature(function).parameters.values()
    return any(p.default is empty and p.kind in positional for p in parameters)


def with_decay(owner, rate, decay):
    """Return the learning rate that `decay` of Keras 1 and 2 meant: `rate / (1 + decay * step)`.

    >>> with_decay("SGD", 0.5, 0.0)
    0.5
    """
    if not decay:
        return rate
    from kx_io.spellings import note  # new code never loads the tables

    if callable(rate):
        raise ValueError(
            f"{owner}: decay={decay!r} cannot be combined with a schedule as learning_rate; leave decay out."
        )
    schedule = f"InverseTimeDecay({rate!r}, decay_steps=1, decay_rate={decay!r})"
    new = f"learning_rate=kx.optimizers.schedules.{schedule}"
    note(f"{owner}(decay=...) is the spelling of Keras 1 and 2; write {owner}({new}).")
    return decayed(rate, decay)


def decayed(rate, decay):
    """Return the schedule `rate / (1 + decay * step)`."""
    return schedules.InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)


class Undecayed:
    """What `optimizer.lr` is where `decay` was given: the rate at the first step, which can be read and assigned."""

    def __init__(self, optimizer):
        self.optimizer = optimizer

    def __float__(self):
        return float(self.optimizer._rate.function.initial_learning_rate)

    def __array__(self, dtype=None, copy=None):
        return np.asarray(float(self), dtype or dtypes.floatx())

    def numpy(self):
        """Return the rate as a NumPy array."""
        return np.asarray(self)

    def assign(self, value):
        """Set the rate; the decay goes on as before."""
        self.optimizer.learning_rate = float(value)
