"""Adagrad and Adadelta: learning rates that shrink with the gradients seen so far."""

from kx_io import field, fraction, non_negative, register
from kx_optimizers.native import kernel
from kx_optimizers.numerics import moving_square, standard_epsilon
from kx_optimizers.optimizer import Optimizer


@register("optimizers")
class Adagrad(Optimizer):
    """Divides the gradient by the root of the sum of all its squares.

    `a += g**2`, `p -= learning_rate * g / sqrt(a + epsilon)`, where `a` starts at
    `initial_accumulator_value`. Duchi et al., "Adaptive Subgradient Methods", 2011.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> Adagrad(learning_rate=0.5, initial_accumulator_value=3.0).apply([w], [w])
    >>> w.numpy()
    array([0.75], dtype=float32)
    """

    learning_rate: float = field(0.001)
    initial_accumulator_value: float = field(0.1, check=non_negative)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)

    slots = ("accumulator",)
    temporaries = 2

    def slot_initializer(self, name, variable):
        return self.initial_accumulator_value

    def constants(self, t, learning_rate):
        return learning_rate, self.epsilon

    @kernel("adagrad")
    def step(self, xp, p, g, slots, constants, scratch):
        learning_rate, epsilon = constants
        (a,) = slots
        delta, root = scratch
        xp.multiply(g, g, delta)
        xp.add(a, delta, a)
        xp.add(a, epsilon, root)
        xp.sqrt(root, root)
        xp.multiply(g, learning_rate, delta)
        xp.divide(delta, root, delta)
        xp.subtract(p, delta, p)


@register("optimizers")
class Adadelta(Optimizer):
    """Scales the gradient by the ratio of the recent updates' size to the recent gradients' size.

    `a = rho * a + (1 - rho) * g**2`, `d = g * sqrt(b + epsilon) / sqrt(a + epsilon)`, `b = rho * b + (1 -
    rho) * d**2`, `p -= learning_rate * d`. The paper has `learning_rate=1`. Zeiler, "ADADELTA: An Adaptive
    Learning Rate Method", 2012.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> Adadelta(learning_rate=1.0, rho=0.75, epsilon=0.75).apply([w], [w])
    >>> w.numpy().round(4)
    array([0.134], dtype=float32)
    """

    learning_rate: float = field(0.001)
    rho: float = field(0.95, check=fraction)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)

    slots = (("accumulated_grad", "accumulated_delta_var"),)
    temporaries = 2

    def constants(self, t, learning_rate):
        return learning_rate, self.rho, 1.0 - self.rho, self.epsilon

    @kernel("adadelta")
    def step(self, xp, p, g, slots, constants, scratch):
        learning_rate, rho, rest, epsilon = constants
        a, b = slots
        delta, root = scratch
        moving_square(xp, a, g, rho, rest, delta)
        xp.add(b, epsilon, delta)
        xp.add(a, epsilon, root)
        xp.divide(delta, root, delta)
        xp.sqrt(delta, delta)
        xp.multiply(delta, g, delta)
        moving_square(xp, b, delta, rho, rest, root)
        xp.multiply(delta, learning_rate, delta)
        xp.subtract(p, delta, p)
