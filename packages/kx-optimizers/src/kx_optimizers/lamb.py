"""Lamb."""

import math

from kx_io import field, non_negative, register
from kx_optimizers.native import kernel
from kx_optimizers.numerics import below_one, moving_average, moving_square, standard_epsilon
from kx_optimizers.optimizer import Optimizer


@register("optimizers")
class Lamb(Optimizer):
    """Adam whose step on each variable is scaled to the variable's norm, for large batches.

    With `r = m_hat / (sqrt(v_hat) + epsilon)` of Adam, `p -= learning_rate * |p| / |r| * r`, the ratio being
    1 where a norm is 0. You et al., "Large Batch Optimization for Deep Learning", 2019.

    >>> from kx_tensor import Variable
    >>> w = Variable([2.0])
    >>> Lamb(learning_rate=0.5).apply([w], [w])
    >>> w.numpy().round(4)
    array([1.], dtype=float32)
    """

    learning_rate: float = field(0.001)
    beta_1: float = field(0.9, check=below_one)
    beta_2: float = field(0.999, check=below_one)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)

    slots = (("momentum", "velocity"),)
    temporaries = 2
    elementwise = False

    def constants(self, t, learning_rate):
        corrections = 1.0 / (1.0 - self.beta_1**t), 1.0 / math.sqrt(1.0 - self.beta_2**t)
        betas = (self.beta_1, 1.0 - self.beta_1, self.beta_2, 1.0 - self.beta_2)
        return learning_rate, *betas, *corrections, self.epsilon

    @kernel("lamb")
    def step(self, xp, p, g, slots, constants, scratch):
        learning_rate, beta_1, rest_1, beta_2, rest_2, of_m, of_root, epsilon = constants
        m, v = slots
        r, root = scratch
        moving_average(xp, m, g, beta_1, rest_1, r)
        moving_square(xp, v, g, beta_2, rest_2, r)
        xp.sqrt(v, root)
        xp.multiply(root, of_root, root)
        xp.add(root, epsilon, root)
        xp.multiply(m, of_m, r)
        xp.divide(r, root, r)
        size, reach = xp.sqrt(xp.vdot(p, p)), xp.sqrt(xp.vdot(r, r))
        moves = (size > 0) & (reach > 0)
        ratio = xp.where(moves, size, 1) / xp.where(moves, reach, 1)
        xp.multiply(r, learning_rate * ratio, r)
        xp.subtract(p, r, p)
