"""RMSprop."""

from kx_io import field, fraction, non_negative, register
from kx_optimizers.native import kernel
from kx_optimizers.numerics import moving_average, moving_square, standard_epsilon
from kx_optimizers.optimizer import Optimizer


@register("optimizers")
class RMSprop(Optimizer):
    """Divides the gradient by the root of a moving average of its square.

    `v = rho * v + (1 - rho) * g**2`, `d = learning_rate * g / sqrt(v + epsilon)`, `p -= d`. `centered`
    subtracts from `v` the square of a moving average of `g`; with momentum, `m = momentum * m + d` and `p -=
    m`. Hinton, "Neural Networks for Machine Learning", lecture 6, 2012.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> RMSprop(learning_rate=0.5, rho=0.75).apply([w], [w])
    >>> w.numpy().round(4)
    array([0.], dtype=float32)
    """

    learning_rate: float = field(0.001)
    rho: float = field(0.9, check=fraction)
    momentum: float = field(0.0, check=fraction)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)
    centered: bool = field(False)

    temporaries = 2

    @property
    def slots(self):
        momentum = ("momentum",) if self.momentum else ()
        return ("velocity", *momentum, *(("average_gradient",) if self.centered else ()))

    def constants(self, t, learning_rate):
        return learning_rate, self.rho, 1.0 - self.rho, self.momentum, self.epsilon

    @kernel("rmsprop", "momentum", "centered")
    def step(self, xp, p, g, slots, constants, scratch):
        learning_rate, rho, rest, momentum, epsilon = constants
        delta, root = scratch
        v = slots[0]
        moving_square(xp, v, g, rho, rest, delta)
        if self.centered:
            mean = slots[-1]
            moving_average(xp, mean, g, rho, rest, delta)
            xp.multiply(mean, mean, root)
            xp.subtract(v, root, root)
            xp.add(root, epsilon, root)
        else:
            xp.add(v, epsilon, root)
        xp.sqrt(root, root)
        xp.multiply(g, learning_rate, delta)
        xp.divide(delta, root, delta)
        if self.momentum:
            m = slots[1]
            xp.multiply(m, momentum, m)
            xp.add(m, delta, m)
            delta = m
        xp.subtract(p, delta, p)
