"""The spellings of Keras 1 and 2, `lr` and `decay`: each still works and says once what to write now."""

import warnings

from kx_optimizers.schedules import InverseTimeDecay


def modern(owner, extra):
    """Split the unknown arguments `extra` of optimizer class `owner` into (what to use instead, `decay`)."""
    extra = dict(extra)
    decay = extra.pop("decay", None)
    if "lr" in extra:
        extra["learning_rate"] = extra.pop("lr")
        _note(f"{owner}(lr=...) is the spelling of Keras 1 and 2; write {owner}(learning_rate=...).", 6)
    return extra, decay


def with_decay(owner, rate, decay):
    """Return the learning rate that `decay` of Keras 1 and 2 meant: `rate / (1 + decay * step)`."""
    if not decay:
        return rate
    if callable(rate):
        raise ValueError(
            f"{owner}: decay={decay!r} cannot be combined with a schedule as learning_rate; leave decay out."
        )
    schedule = f"InverseTimeDecay({rate!r}, decay_steps=1, decay_rate={decay!r})"
    new = f"learning_rate=kx.optimizers.schedules.{schedule}"
    _note(f"{owner}(decay=...) is the spelling of Keras 1 and 2; write {owner}({new}).", 5)
    return InverseTimeDecay(rate, decay_steps=1, decay_rate=decay)


def _note(text, level):
    warnings.warn(text, FutureWarning, stacklevel=level)  # `level` frames up is the caller of the constructor
