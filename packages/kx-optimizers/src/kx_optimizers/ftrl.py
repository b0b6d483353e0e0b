"""Follow the regularized leader."""

from kx_io import Check, field, non_negative, register
from kx_optimizers.native import kernel
from kx_optimizers.optimizer import Optimizer

_not_positive = Check(lambda x: x <= 0, "a {number} less than or equal to zero")


@register("optimizers")
class Ftrl(Optimizer):
    """Follows the regularized leader: sparse weights by an l1 penalty, with rates per coordinate.

    `n = a + g**2`, `z += g + 2 * l2_shrinkage * p - (n**-power - a**-power) / learning_rate * p`, `a = n`,
    `p = (clip(z, -l1, l1) - z) / (n**-power / learning_rate + 2 * l2 + beta / learning_rate)`, where `a`
    starts at `initial_accumulator_value`. McMahan et al., "Ad Click Prediction: a View from the Trenches",
    2013.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> Ftrl(learning_rate=0.5, initial_accumulator_value=0.0).apply([w], [w])
    >>> w.numpy()
    array([0.5], dtype=float32)
    """

    learning_rate: float = field(0.001)
    learning_rate_power: float = field(-0.5, check=_not_positive)
    initial_accumulator_value: float = field(0.1, check=non_negative)
    l1_regularization_strength: float = field(0.0, check=non_negative)
    l2_regularization_strength: float = field(0.0, check=non_negative)
    l2_shrinkage_regularization_strength: float = field(0.0, check=non_negative)
    beta: float = field(0.0)

    slots = (("accumulator", "linear"),)
    temporaries = 2

    def slot_initializer(self, name, variable):
        return self.initial_accumulator_value if name == "accumulator" else "zeros"

    def constants(self, t, learning_rate):
        curvature = 2.0 * self.l2_regularization_strength + self.beta / learning_rate
        shrinkage = 2.0 * self.l2_shrinkage_regularization_strength
        return (
            1.0 / learning_rate,
            -self.learning_rate_power,
            self.l1_regularization_strength,
            curvature,
            shrinkage,
        )

    @kernel("ftrl")
    def step(self, xp, p, g, slots, constants, scratch):
        inverse_rate, power, l1, curvature, shrinkage = constants
        a, z = slots
        old, new = scratch
        xp.add(z, g, z)
        if shrinkage:
            xp.multiply(p, shrinkage, old)
            xp.add(z, old, z)
        xp.power(a, power, old)
        xp.multiply(g, g, new)
        xp.add(a, new, a)
        xp.power(a, power, new)
        xp.subtract(new, old, old)
        xp.multiply(old, inverse_rate, old)
        xp.multiply(old, p, old)
        xp.subtract(z, old, z)
        xp.multiply(new, inverse_rate, new)
        xp.add(new, curvature, new)
        xp.minimum(z, l1, out=old)
        xp.maximum(old, -l1, out=old)
        xp.subtract(old, z, old)
        xp.divide(old, new, p)
