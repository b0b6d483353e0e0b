"""Muon."""

import math
import re

from kx_io import field, fraction, non_negative, register
from kx_optimizers.numerics import below_one, standard_epsilon
from kx_optimizers.optimizer import Optimizer
from kx_tensor.precision import narrow, widen


@register("optimizers")
class Muon(Optimizer):
    """Momentum whose step on a matrix is made nearly orthogonal; Adam with weight decay for all other variables.

    For matrices, `m = momentum m + g`, u = g + momentum m (`nesterov`, else m), and
    `p -= learning_rate rms_rate sqrt(max(rows, columns)) X`, where X comes of u / |u| by `ns_steps` steps
    `X = a X + (b A + c A A) X, A = X X^T`, which bring all singular values near 1. Embeddings (`exclude_embeddings`)
    and variables whose path one of `exclude_layers` is found in (regular expressions), go to Adam, whose learning
    rate is `adam_lr_ratio` times the other: leave the last layer of a classifier to it.
    Jordan et al. 2024, https://kellerjordan.github.io/posts/muon; Liu et al. 2025, https://arxiv.org/abs/2502.16982

    >>> from kx_tensor import Variable
    >>> w = Variable([[2.0, 0.0], [0.0, 1.0]])
    >>> Muon(learning_rate=1.0, rms_rate=None, weight_decay=None).apply([w], [w])
    >>> w.numpy().round(1)
    array([[ 1.3,  0. ],
           [ 0. , -0.1]], dtype=float32)
    """

    field_order = (
        "learning_rate", "adam_beta_1", "adam_beta_2", "adam_weight_decay", "epsilon", "weight_decay", "clipnorm",
        "clipvalue", "global_clipnorm", "use_ema", "ema_momentum", "ema_overwrite_frequency", "loss_scale_factor",
        "gradient_accumulation_steps", "name",
    )  # fmt: skip

    learning_rate: float = field(0.001)
    adam_beta_1: float = field(0.9, check=below_one)
    adam_beta_2: float = field(0.999, check=below_one)
    adam_weight_decay: float = field(0.004)
    epsilon: float = field(1e-7, to=standard_epsilon, check=non_negative)
    weight_decay: float = field(0.004)
    exclude_layers: list = field(None, to=lambda names: list(names or ()))
    exclude_embeddings: bool = field(True)
    muon_a: float = field(3.4445)
    muon_b: float = field(-4.775)
    muon_c: float = field(2.0315)
    adam_lr_ratio: float = field(1)
    momentum: float = field(0.95, check=fraction)
    ns_steps: int = field(5, check=non_negative)
    nesterov: bool = field(True)
    rms_rate: float = field(0.2)

    def build(self, variables):
        """Create the state for `variables`: a momentum, and for those that Adam updates a velocity."""
        if self.built:
            return
        super().build(variables)
        moments = {}
        for variable in self._trainable:
            if not variable.overwrite_with_gradient:
                names = ("momentum", "velocity") if self._is_adams(variable) else ("momentum",)
                moments[variable] = [self.add_variable_from_reference(variable, name) for name in names]
        self.untracked("_moments", moments)

    def _is_adams(self, variable):
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def _use_weight_decay(self, variable):
        """Whether `weight_decay` is meant; `adam_weight_decay` is seen to in the step of Adam."""
        return not self._is_adams(variable) and super()._use_weight_decay(variable)

    def update_step(self, gradient, variable, learning_rate):
        """Update one variable from its gradient."""
        step = self._adam_step if self._is_adams(variable) else self._muon_step
        p = step(
            variable,
            widen(variable.data),
            widen(gradient.data),
            getattr(learning_rate, "data", learning_rate),
        )
        variable.data[...] = narrow(p, variable.data.dtype)

    def _muon_step(self, variable, p, g, rate):
        (momentum,) = self._moments[variable]
        m = self.momentum * widen(momentum.data) + g
        momentum.data[...] = narrow(m, momentum.data.dtype)
        u = self._orthogonal(variable.device.xp, g + self.momentum * m if self.nesterov else m)
        return p - rate * u * (1.0 if self.rms_rate is None else self.rms_rate * math.sqrt(max(p.shape)))

    def _orthogonal(self, xp, x):
        tall = x.shape[0] > x.shape[1]
        x = x.T if tall else x
        x = x / (xp.sqrt((x * x).sum()) + 1e-7)
        for _ in range(self.ns_steps):
            a = xp.matmul(x, x.T)
            x = self.muon_a * x + xp.matmul(self.muon_b * a + self.muon_c * xp.matmul(a, a), x)
        return x.T if tall else x

    def _adam_step(self, variable, p, g, rate):
        t, xp = int(self.iterations) + 1, variable.device.xp
        if self.adam_weight_decay and super()._use_weight_decay(variable):
            p = p - p * (self.adam_weight_decay * rate)
        moments, new = self._moments[variable], []
        for moment, value, beta in zip(
            moments, (g, g * g), (self.adam_beta_1, self.adam_beta_2), strict=True
        ):
            new.append(beta * widen(moment.data) + (1.0 - beta) * value)
            moment.data[...] = narrow(new[-1], moment.data.dtype)
        m, v = new
        rate = rate * (
            self.adam_lr_ratio * math.sqrt(1.0 - self.adam_beta_2**t) / (1.0 - self.adam_beta_1**t)
        )
        return p - rate * m / (xp.sqrt(v) + self.epsilon)
