"""Stochastic gradient descent."""

from kx_io import field, fraction, register
from kx_optimizers.native import kernel
from kx_optimizers.optimizer import Optimizer


@register("optimizers")
class SGD(Optimizer):
    """Gradient descent, with momentum if asked for.

    `p -= learning_rate * g`; with momentum, `m = momentum * m - learning_rate * g` and `p += m`, or with
    `nesterov` `p += momentum * m - learning_rate * g`. Sutskever et al., "On the importance of initialization
    and momentum in deep learning", 2013.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> SGD(learning_rate=0.25).apply([w], [w])
    >>> w.numpy()
    array([0.75], dtype=float32)
    """

    learning_rate: float = field(0.01)
    momentum: float = field(0.0, check=fraction)
    nesterov: bool = field(False)

    @property
    def slots(self):
        return ("momentum",) if self.momentum else ()

    def constants(self, t, learning_rate):
        return learning_rate, self.momentum

    @kernel("sgd", "momentum", "nesterov")
    def step(self, xp, p, g, slots, constants, scratch):
        learning_rate, momentum = constants
        (delta,) = scratch
        xp.multiply(g, learning_rate, delta)
        if not slots:
            xp.subtract(p, delta, p)
            return
        (m,) = slots
        xp.multiply(m, momentum, m)
        xp.subtract(m, delta, m)
        if not self.nesterov:
            xp.add(p, m, p)
            return
        xp.subtract(p, delta, p)
        xp.multiply(m, momentum, delta)
        xp.add(p, delta, p)
