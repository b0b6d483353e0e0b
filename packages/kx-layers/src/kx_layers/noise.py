"""Noise in training: Gaussian, added or multiplied, and the dropout that keeps mean and variance of selu."""

import math

from kx_io import Check, field, non_negative, register
from kx_layers.dropout import NOISE_SHAPE, RandomLayer
from kx_tensor import ops, random

_BELOW_ONE = Check(lambda rate: 0 <= rate < 1, "a {number} from 0 to below 1")
_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772, 1.0507009873554805


@register("layers")
class GaussianNoise(RandomLayer):
    """In training adds normally distributed numbers of standard deviation `stddev`.

    >>> import numpy as np
    >>> GaussianNoise(0.1)(np.array([[1.0, 2.0]])).numpy()
    array([[1., 2.]], dtype=float32)
    """

    stddev = field(check=non_negative)
    seed = field(None)

    strength = "stddev"

    def perturb(self, inputs):
        return inputs + random.normal(inputs.shape, 0.0, self.stddev, self.compute_dtype, self.seed_generator)


@register("layers")
class GaussianDropout(RandomLayer):
    """In training multiplies by normal numbers of mean 1 and standard deviation sqrt(rate / (1 - rate)).

    Srivastava et al. 2014, section 10.

    >>> import numpy as np
    >>> GaussianDropout(0.5)(np.array([[1.0, 2.0]])).numpy()
    array([[1., 2.]], dtype=float32)
    """

    rate = field(check=_BELOW_ONE)
    seed = field(None)

    def perturb(self, inputs):
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, stddev, self.compute_dtype, self.seed_generator)


@register("layers")
class AlphaDropout(RandomLayer):
    """In training sets a random part `rate` to selu's negative limit, then rescales to the input's mean and variance.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515

    >>> import numpy as np
    >>> AlphaDropout(0.5)(np.array([[1.0, 2.0]])).numpy()
    array([[1., 2.]], dtype=float32)
    """

    rate = field(check=_BELOW_ONE)
    noise_shape = field(None, check=NOISE_SHAPE)
    seed = field(None)

    def perturb(self, inputs):
        rate, limit = self.rate, -_SELU_ALPHA * _SELU_SCALE
        shape = inputs.shape
        if self.noise_shape is not None:
            shape = tuple(n if m is None else m for n, m in zip(shape, self.noise_shape, strict=True))
        kept = ops.greater_equal(random.uniform(shape, seed=self.seed_generator), rate)
        scale = ((1.0 - rate) * (1.0 + rate * limit**2)) ** -0.5
        return ops.where(kept, inputs, limit) * scale - scale * limit * rate
