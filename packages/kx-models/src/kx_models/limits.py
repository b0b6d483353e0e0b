"""Limits on all runs, for trying out a script in seconds.

`KERAS_MAX_EPOCHS=1 KERAS_MAX_STEPS_PER_EPOCH=10 python script.py` sets them from outside.
"""

import os
import warnings

_limits: dict[str, int | None] = {}


def max_epochs():
    """Return the most epochs that `fit` runs, None without a limit; at first that of KERAS_MAX_EPOCHS.

    >>> set_max_epochs(2)
    >>> max_epochs()
    2
    >>> set_max_epochs(None)
    """
    return _limit("KERAS_MAX_EPOCHS")


def set_max_epochs(max_epochs):
    """Limit the epochs of every `fit` to an integer; None ends the limit."""
    _limits["KERAS_MAX_EPOCHS"] = _checked(max_epochs, "max_epochs")


def max_steps_per_epoch():
    """Return the most batches in an epoch, an evaluation or a prediction, None without a limit.

    At first it is that of KERAS_MAX_STEPS_PER_EPOCH.

    >>> max_steps_per_epoch()
    """
    return _limit("KERAS_MAX_STEPS_PER_EPOCH")


def set_max_steps_per_epoch(max_steps_per_epoch):
    """Limit the batches of every epoch, evaluation and prediction to an integer; None ends the limit."""
    _limits["KERAS_MAX_STEPS_PER_EPOCH"] = _checked(max_steps_per_epoch, "max_steps_per_epoch")


def limited_epochs(epochs):
    """Return the number of epochs to run, with a warning if it is limited.

    >>> limited_epochs(7)
    7
    """
    most = max_epochs()
    if most is None or epochs <= most:
        return epochs
    warnings.warn(f"Limiting epochs to {most}", stacklevel=4)
    return most


def limited(source):
    """Return the source of batches with at most the allowed number in an epoch."""
    most = max_steps_per_epoch()
    if most is not None and (source.num_batches is None or source.num_batches > most):
        warnings.warn(f"Limiting steps_per_epoch to {most}", stacklevel=4)
        source.steps = source.num_batches = most
    return source


def _limit(name):
    if name not in _limits:
        text = os.environ.get(name)
        _limits[name] = _checked(int(text), name) if text else None
    return _limits[name]


def _checked(value, name):
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ValueError(f"{name} must be a positive integer, or None for no limit, got {value!r}.")
    return value
