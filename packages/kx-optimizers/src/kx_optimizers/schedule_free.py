"""Schedule-free AdamW."""

import math

from kx_io import Check, field, non_negative, register
from kx_optimizers.native import kernel
from kx_optimizers.numerics import below_one, moving_square, standard_epsilon
from kx_optimizers.optimizer import Optimizer

_blend = Check(lambda x: 0 < x <= 1, "a {number} above 0 and at most 1")


@register("optimizers")
class ScheduleFreeAdamW(Optimizer):
    """AdamW that averages its iterates instead of following a learning-rate schedule.

    Steps are taken on `z` (the slot "momentum"): `z -= rate * g / (sqrt(v / (1 - beta_2**t)) + epsilon)`;
    their average is `x = (1 - 1/t) * x + z / t`; the variables hold `p = (1 - beta_1) * z + beta_1 * x`, from
    which `x` is recovered. `rate` rises over `warmup_steps`. Defazio et al., "The Road Less Scheduled", 2024.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> ScheduleFreeAdamW(learning_rate=0.5).apply([w], [w])
    >>> w.numpy().round(4)
    array([0.5], dtype=float32)
    """

    learning_rate: float = field(0.0025)
    beta_1: float = field(0.9, check=_blend)
    beta_2: float = field(0.999, check=below_one)
    epsilon: float = field(1e-8, to=standard_epsilon, check=non_negative)
    warmup_steps: int = field(0, check=non_negative)

    slots = (("momentum", "velocity"),)
    temporaries = 2

    def slot_initializer(self, name, variable):
        if name == "velocity":
            return "zeros"
        return lambda shape, dtype: variable.value

    def constants(self, t, learning_rate):
        rate = learning_rate * min(1.0, t / self.warmup_steps) if self.warmup_steps else learning_rate
        of_root = 1.0 / math.sqrt(1.0 - self.beta_2**t)
        return (
            rate,
            self.beta_1,
            1.0 - self.beta_1,
            self.beta_2,
            1.0 - self.beta_2,
            of_root,
            self.epsilon,
            1.0 / t,
        )

    @kernel("schedule_free_adamw")
    def step(self, xp, p, g, slots, constants, scratch):
        rate, beta_1, rest_1, beta_2, rest_2, of_root, epsilon, share = constants
        z, v = slots
        x, delta = scratch
        moving_square(xp, v, g, beta_2, rest_2, delta)
        xp.multiply(z, rest_1, delta)
        xp.subtract(p, delta, x)
        xp.divide(x, beta_1, x)
        xp.sqrt(v, delta)
        xp.multiply(delta, of_root, delta)
        xp.add(delta, epsilon, delta)
        xp.divide(g, delta, delta)
        xp.multiply(delta, rate, delta)
        xp.subtract(z, delta, z)
        xp.subtract(z, x, delta)
        xp.multiply(delta, share, delta)
        xp.add(x, delta, x)
        xp.multiply(x, beta_1, x)
        xp.multiply(z, rest_1, delta)
        xp.add(x, delta, p)
