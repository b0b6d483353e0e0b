"""Learning-rate schedules: functions of the step that say which learning rate an optimizer uses."""

import bisect
import math

import numpy as np

from kx_io import Fields, field, positive, register, registry
from kx_tensor import Tensor, dtypes
from kx_tensor import device as devices


class LearningRateSchedule(Fields):
    """A learning rate that changes with the step.

    The schedules here define `at(step)` on Python floats; your own may instead define `__call__(step)` as in
    Keras.

    >>> class Halving(LearningRateSchedule):
    ...     def at(self, step):
    ...         return 0.1 * 0.5**step
    >>> float(round(Halving().at(3), 6))
    0.0125
    """

    def at(self, step):
        """Return the learning rate at `step` as a Python float."""
        if type(self).__call__ is LearningRateSchedule.__call__:
            raise NotImplementedError(
                f"Learning rate schedule {type(self).__name__!r} must define `__call__(self, step)` or "
                "`at(self, step)`."
            )
        return float(self(step))

    def __call__(self, step):
        """Return the learning rate at `step` (a number, a tensor, or an array of steps) as a tensor."""
        steps = np.asarray(getattr(step, "data", step) if devices.current().kind == "cpu" else step)
        rates = np.array([self.at(float(s)) for s in steps.ravel()]).reshape(steps.shape)
        device = devices.current()
        return Tensor(device.asarray(rates, dtypes.as_numpy(dtypes.floatx())), None, device)


@register("schedules")
class ExponentialDecay(LearningRateSchedule):
    """`initial_learning_rate * decay_rate ** (step / decay_steps)`; `staircase` rounds the exponent down.

    >>> float(ExponentialDecay(0.1, decay_steps=100, decay_rate=0.5)(200))
    0.02500000037252903
    """

    initial_learning_rate: float = field()
    decay_steps: int = field(check=positive)
    decay_rate: float = field()
    staircase: bool = field(False)
    name: str = field("ExponentialDecay")

    def at(self, step):
        p = step / self.decay_steps
        return self.initial_learning_rate * self.decay_rate ** (math.floor(p) if self.staircase else p)


@register("schedules")
class InverseTimeDecay(LearningRateSchedule):
    """`initial_learning_rate / (1 + decay_rate * step / decay_steps)`; `staircase` rounds the quotient down.

    With `decay_steps=1` this is what `decay=` of the first Keras versions did.

    >>> float(InverseTimeDecay(0.5, decay_steps=1, decay_rate=0.5)(2))
    0.25
    """

    initial_learning_rate: float = field()
    decay_steps: int = field(check=positive)
    decay_rate: float = field()
    staircase: bool = field(False)
    name: str = field("InverseTimeDecay")

    def at(self, step):
        p = step / self.decay_steps
        return self.initial_learning_rate / (1.0 + self.decay_rate * (math.floor(p) if self.staircase else p))


@register("schedules")
class PiecewiseConstantDecay(LearningRateSchedule):
    """`values[i]` for steps above `boundaries[i - 1]`, up to and including `boundaries[i]`.

    `values` has one entry more than `boundaries`, else ValueError.

    >>> float(PiecewiseConstantDecay([100, 200], [1.0, 0.5, 0.25])(101))
    0.5
    """

    boundaries: list = field(to=list)
    values: list = field(to=list)
    name: str = field("PiecewiseConstant")

    def __post_init__(self):
        if len(self.boundaries) + 1 != len(self.values):
            raise ValueError(
                "PiecewiseConstantDecay needs one value more than boundaries: one before the first "
                f"boundary, one after each. Got {len(self.boundaries)} boundaries {self.boundaries} and "
                f"{len(self.values)} values {self.values}."
            )

    def at(self, step):
        return float(self.values[bisect.bisect_left(self.boundaries, step)])


@register("schedules")
class PolynomialDecay(LearningRateSchedule):
    """`(initial - end) * (1 - step / decay_steps) ** power + end`, then constant.

    With `cycle`, `decay_steps` grows to the next multiple of itself that is not below the step, so the rate
    jumps up and falls again.

    >>> float(PolynomialDecay(0.5, decay_steps=10, end_learning_rate=0.25)(5))
    0.375
    """

    initial_learning_rate: float = field()
    decay_steps: int = field(check=positive)
    end_learning_rate: float = field(0.0001)
    power: float = field(1.0)
    cycle: bool = field(False)
    name: str = field("PolynomialDecay")

    def at(self, step):
        decay_steps = self.decay_steps
        if self.cycle:
            decay_steps *= max(1, math.ceil(step / decay_steps))
        left = 1.0 - min(step, decay_steps) / decay_steps
        return (
            self.initial_learning_rate - self.end_learning_rate
        ) * left**self.power + self.end_learning_rate


@register("schedules")
class CosineDecay(LearningRateSchedule):
    """A linear rise to `warmup_target` over `warmup_steps` (if given), then half a cosine wave down to
    `alpha` of the top.

    `top * ((1 - alpha) * (1 + cos(pi * step / decay_steps)) / 2 + alpha)`, constant after `decay_steps`, with
    `top = warmup_target` or, without a warm-up, `initial_learning_rate`. Loshchilov & Hutter, "SGDR", 2016.

    >>> float(CosineDecay(0.5, decay_steps=10)(5))
    0.25
    """

    initial_learning_rate: float = field()
    decay_steps: int = field(check=positive)
    alpha: float = field(0.0)
    name: str = field("CosineDecay")
    warmup_target: float = field(None)
    warmup_steps: int = field(0)

    def at(self, step):
        top = self.initial_learning_rate
        if self.warmup_target is not None:
            if step < self.warmup_steps:
                return top + (self.warmup_target - top) * step / self.warmup_steps
            top = self.warmup_target
            step -= self.warmup_steps
        return top * ((1.0 - self.alpha) * _wave(min(step / self.decay_steps, 1.0)) + self.alpha)


def _wave(fraction):
    """Half a cosine wave, from 1 at 0 to 0 at 1."""
    return 0.5 * (1.0 + math.cos(math.pi * fraction))


@register("schedules")
class CosineDecayRestarts(LearningRateSchedule):
    """Cosine decay that starts again after `first_decay_steps`, each period `t_mul` times longer and `m_mul`
    times as high.

    Loshchilov & Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts", 2016.

    >>> float(CosineDecayRestarts(0.5, first_decay_steps=10)(20))
    0.25
    """

    initial_learning_rate: float = field()
    first_decay_steps: int = field(check=positive)
    t_mul: float = field(2.0)
    m_mul: float = field(1.0)
    alpha: float = field(0.0)
    name: str = field("SGDRDecay")

    def at(self, step):
        periods = step / self.first_decay_steps  # in units of the first period
        if self.t_mul == 1.0:
            restarts = math.floor(periods)
            fraction = periods - restarts
        else:
            restarts = math.floor(math.log(1.0 + periods * (self.t_mul - 1.0)) / math.log(self.t_mul))
            began = (self.t_mul**restarts - 1.0) / (self.t_mul - 1.0)
            fraction = (periods - began) / self.t_mul**restarts
        top = self.m_mul**restarts
        return self.initial_learning_rate * (top * (1.0 - self.alpha) * _wave(fraction) + self.alpha)


def serialize(learning_rate_schedule):
    """Return the schedule as a dict that `deserialize` turns back into it.

    >>> serialize(ExponentialDecay(0.1, 100, 0.5))["class_name"]
    'ExponentialDecay'
    """
    return registry("schedules").serialize(learning_rate_schedule)


def deserialize(config, custom_objects=None):
    """Return the schedule that `serialize` described.

    >>> deserialize(serialize(ExponentialDecay(0.1, 100, 0.5))).decay_rate
    0.5
    """
    return registry("schedules").deserialize(config, custom_objects=custom_objects)
