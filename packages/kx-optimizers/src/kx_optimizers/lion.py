"""Lion."""

from kx_io import Check, field, fraction, register
from kx_optimizers.native import kernel
from kx_optimizers.numerics import moving_average
from kx_optimizers.optimizer import Optimizer

_in_range = Check(lambda x: 0 < x <= 1, "a {number} above 0 and at most 1")


@register("optimizers")
class Lion(Optimizer):
    """Moves by the sign of a blend of momentum and gradient, so every element moves equally far.

    `p -= learning_rate * sign(beta_1 * m + (1 - beta_1) * g)`, then `m = beta_2 * m + (1 - beta_2) * g`. Chen
    et al., "Symbolic Discovery of Optimization Algorithms", 2023.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0, -4.0])
    >>> Lion(learning_rate=0.5).apply([w], [w])
    >>> w.numpy()
    array([ 0.5, -3.5], dtype=float32)
    """

    learning_rate: float = field(0.001)
    beta_1: float = field(0.9, check=_in_range)
    beta_2: float = field(0.99, check=fraction)

    slots = ("momentum",)
    temporaries = 2

    def constants(self, t, learning_rate):
        return learning_rate, self.beta_1, 1.0 - self.beta_1, self.beta_2, 1.0 - self.beta_2

    @kernel("lion")
    def step(self, xp, p, g, slots, constants, scratch):
        learning_rate, beta_1, rest_1, beta_2, rest_2 = constants
        (m,) = slots
        delta, blend = scratch
        xp.multiply(m, beta_1, blend)
        xp.multiply(g, rest_1, delta)
        xp.add(blend, delta, blend)
        xp.sign(blend, delta)
        xp.multiply(delta, learning_rate, delta)
        xp.subtract(p, delta, p)
        moving_average(xp, m, g, beta_2, rest_2, delta)
