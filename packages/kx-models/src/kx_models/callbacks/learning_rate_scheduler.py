"""A learning rate for each epoch."""

import inspect

import numpy as np

from kx_models.callbacks.callback import Callback
from kx_models.messages import say


class LearningRateScheduler(Callback):
    """Set the learning rate at the start of each epoch to `schedule(epoch, lr)` or `schedule(epoch)`.

    Epochs count from 0; `lr` is the present rate; the result must be a float. `verbose=1` prints each change.
    The rate is added to the logs as "learning_rate".

    >>> halve = LearningRateScheduler(lambda epoch, lr: lr * 0.5)
    >>> halve.schedule(0, 0.1)
    0.05
    """

    def __init__(self, schedule, verbose=0):
        super().__init__()
        self.schedule = schedule
        self.verbose = verbose
        self._takes_rate = _takes_two(schedule)

    def on_epoch_begin(self, epoch, logs=None):
        optimizer = self.model.optimizer
        if not hasattr(optimizer, "learning_rate"):
            raise ValueError(f'Optimizer must have a "learning_rate" attribute; {optimizer!r} has none.')
        if self._takes_rate:
            rate = self.schedule(epoch, float(optimizer.learning_rate))
        else:
            rate = self.schedule(epoch)
        if not _is_float(rate):
            raise ValueError(f"The output of the `schedule` function should be a float. Got: {rate}")
        rate = float(rate)
        optimizer.learning_rate = rate
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {rate}.")

    def on_epoch_end(self, epoch, logs=None):
        if logs is not None:
            logs["learning_rate"] = float(self.model.optimizer.learning_rate)


def _is_float(rate):
    """Whether it is a Python float or a NumPy or kx scalar of a float type."""
    if isinstance(rate, (float, np.floating)):
        return True
    return getattr(rate, "shape", None) == () and "float" in str(rate.dtype)


def _takes_two(schedule):
    """Whether `schedule` can be called as `schedule(epoch, lr)`."""
    try:
        inspect.signature(schedule).bind(0, 0.0)
    except TypeError:
        return False
    except ValueError:  # a callable written in C without a signature
        return True
    return True
