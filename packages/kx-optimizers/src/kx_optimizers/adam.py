"""Adam and its relatives: AdamW, Adamax, Nadam."""

import math

from kx_io import field, non_negative, register
from kx_optimizers.native import kernel
from kx_optimizers.numerics import below_one, moving_average, moving_square, standard_epsilon
from kx_optimizers.optimizer import Optimizer
from kx_tensor import dtypes


@register("optimizers")
class Adam(Optimizer):
    """Moving averages of the gradient and of its square, corrected for their start at zero.

    `m = beta_1 * m + (1 - beta_1) * g`, `v = beta_2 * v + (1 - beta_2) * g**2`,
    `p -= learning_rate * sqrt(1 - beta_2**t) / (1 - beta_1**t) * m / (sqrt(v) + epsilon)`. With `amsgrad`,
    the largest `v` so far takes its place. Kingma & Ba, "Adam: A Method for Stochastic Optimization", 2014;
    Reddi et al., 2018.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0, -1.0])
    >>> Adam(learning_rate=0.5).apply([w], [w])
    >>> w.numpy().round(4)
    array([ 0.5, -0.5], dtype=float32)
    """

    learning_rate: float = field(0.001)
    beta_1: float = field(0.9, check=below_one)
    beta_2: float = field(0.999, check=below_one)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)
    amsgrad: bool = field(False)

    @property
    def slots(self):
        return (("momentum", "velocity"), *(("velocity_hat",) if self.amsgrad else ()))

    def constants(self, t, learning_rate):
        alpha = learning_rate * math.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        return alpha, self.beta_1, 1.0 - self.beta_1, self.beta_2, 1.0 - self.beta_2, self.epsilon

    @kernel("adam", "amsgrad")
    def step(self, xp, p, g, slots, constants, scratch):
        alpha, beta_1, rest_1, beta_2, rest_2, epsilon = constants
        m, v = slots[:2]
        (delta,) = scratch
        moving_average(xp, m, g, beta_1, rest_1, delta)
        moving_square(xp, v, g, beta_2, rest_2, delta)
        if self.amsgrad:
            xp.maximum(slots[2], v, out=slots[2])
            v = slots[2]
        xp.sqrt(v, delta)
        xp.add(delta, epsilon, delta)
        xp.divide(m, delta, delta)
        xp.multiply(delta, alpha, delta)
        xp.subtract(p, delta, p)


@register("optimizers")
class AdamW(Adam):
    """Adam with decoupled weight decay: `p -= weight_decay * learning_rate * p` before each step of Adam.

    Loshchilov & Hutter, "Decoupled Weight Decay Regularization", 2019.

    >>> AdamW().weight_decay
    0.004
    """

    field_order = ("learning_rate", "weight_decay", "beta_1", "beta_2", "epsilon", "amsgrad")

    weight_decay: float = field(0.004)

    def __post_init__(self):
        if self.weight_decay is None:
            raise ValueError("AdamW needs a weight_decay, got None; without one, use Adam.")
        super().__post_init__()


@register("optimizers")
class Adamax(Optimizer):
    """Adam with the largest recent gradient in place of the root of the mean square.

    `m = beta_1 * m + (1 - beta_1) * g`, `u = max(beta_2 * u, |g|)`,
    `p -= learning_rate / (1 - beta_1**t) * m / (u + epsilon)`. Kingma & Ba, 2014, section 7.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> Adamax(learning_rate=0.5).apply([w], [w])
    >>> w.numpy().round(4)
    array([0.5], dtype=float32)
    """

    learning_rate: float = field(0.001)
    beta_1: float = field(0.9, check=below_one)
    beta_2: float = field(0.999, check=below_one)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)

    slots = (("momentum", "norm"),)

    def constants(self, t, learning_rate):
        return (
            learning_rate / (1.0 - self.beta_1**t),
            self.beta_1,
            1.0 - self.beta_1,
            self.beta_2,
            self.epsilon,
        )

    @kernel("adamax")
    def step(self, xp, p, g, slots, constants, scratch):
        alpha, beta_1, rest_1, beta_2, epsilon = constants
        m, u = slots
        (delta,) = scratch
        moving_average(xp, m, g, beta_1, rest_1, delta)
        xp.multiply(u, beta_2, u)
        xp.abs(g, delta)
        xp.maximum(u, delta, out=u)
        xp.add(u, epsilon, delta)
        xp.divide(m, delta, delta)
        xp.multiply(delta, alpha, delta)
        xp.subtract(p, delta, p)


@register("optimizers")
class Nadam(Optimizer):
    """Adam with Nesterov momentum, whose coefficient grows with the step.

    `u_t = beta_1 * (1 - 0.96**t / 2)`, `U_t = u_1 * ... * u_t`, `m` and `v` as in Adam, and
    `p -= learning_rate * (u_(t+1) * m / (1 - U_(t+1)) + (1 - u_t) * g / (1 - U_t)) / (sqrt(v / (1 -
    beta_2**t)) + epsilon)`. Dozat, "Incorporating Nesterov Momentum into Adam", 2016.

    >>> from kx_tensor import Variable
    >>> w = Variable([1.0])
    >>> Nadam(learning_rate=0.5).apply([w * 1.0], [w])
    >>> w.numpy().round(2)
    array([0.47], dtype=float32)
    """

    learning_rate: float = field(0.001)
    beta_1: float = field(0.9, check=below_one)
    beta_2: float = field(0.999, check=below_one)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)

    slots = (("momentum", "velocity"),)
    temporaries = 2

    def build(self, variables):
        """Create the state for `variables`."""
        if self.built:
            return
        super().build(variables)
        dtype = dtypes.name_of(self._trainable[0].data.dtype) if self._trainable else None
        self.untracked("_product", self.add_variable((), "ones", dtype))

    def _momentum_at(self, t):
        return self.beta_1 * (1.0 - 0.5 * 0.96**t)

    def _update(self, parts, rule, factors, t):
        super()._update(parts, rule, factors, t)
        self._product.data[...] = float(self._product) * self._momentum_at(t + 1)

    def constants(self, t, learning_rate):
        now, after = self._momentum_at(t), self._momentum_at(t + 1)
        product = float(self._product) * now
        of_momentum = learning_rate * after / (1.0 - product * after)
        of_gradient = learning_rate * (1.0 - now) / (1.0 - product)
        betas = (self.beta_1, 1.0 - self.beta_1, self.beta_2, 1.0 - self.beta_2)
        return of_momentum, of_gradient, *betas, 1.0 / (1.0 - self.beta_2**t), self.epsilon

    @kernel("nadam")
    def step(self, xp, p, g, slots, constants, scratch):
        of_momentum, of_gradient, beta_1, rest_1, beta_2, rest_2, correction, epsilon = constants
        m, v = slots
        delta, root = scratch
        moving_average(xp, m, g, beta_1, rest_1, delta)
        moving_square(xp, v, g, beta_2, rest_2, delta)
        xp.multiply(v, correction, root)
        xp.sqrt(root, root)
        xp.add(root, epsilon, root)
        xp.multiply(m, of_momentum, delta)
        xp.divide(delta, root, delta)
        xp.subtract(p, delta, p)
        xp.multiply(g, of_gradient, delta)
        xp.divide(delta, root, delta)
        xp.subtract(p, delta, p)
