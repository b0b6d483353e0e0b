"""`BatchNormalization`: by the moments of the batch in training, by their moving averages in inference."""

import math

from kx_io import Check, field, instance_of, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.input_spec import InputSpec
from kx_layers.normalization import ScaleAndCenter, size_of
from kx_tensor import ops
from kx_tensor.capture import effect
from kx_tensor.precision import widen

_LIMITS = ("rmax", "rmin", "dmax")


@register("layers")
class BatchNormalization(ScaleAndCenter):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, with one mean and variance for each channel.

    In training they are those of the batch (of what its mask keeps), and the layer's moving averages follow them:
    moving = momentum moving + (1 - momentum) batch's. In inference they are the moving averages, and likewise in a
    layer that is not `trainable`. Weights: `gamma`, `beta`, `moving_mean`, `moving_variance` (c,), c being the size on
    `axis`. Ioffe & Szegedy 2015, https://arxiv.org/abs/1502.03167

    With `renorm`, training too gives what moving averages would, those kept in `renorm_mean` and `renorm_stddev`: the
    standardized x is multiplied by r = stddev / renorm_stddev, and d = (mean - renorm_mean) / renorm_stddev is added,
    both taken for constants. `renorm_clipping` is a dict of the limits "rmin" <= r <= "rmax" and |d| <= "dmax".
    Ioffe 2017, https://arxiv.org/abs/1702.03275

    >>> import numpy as np
    >>> layer, x = BatchNormalization(momentum=0.5, epsilon=1e-9), np.array([[1.0], [3.0]])
    >>> layer(x, training=True).numpy().tolist(), layer.moving_mean.numpy(), layer.moving_variance.numpy()
    ([[-1.0], [1.0]], array([1.], dtype=float32), array([1.], dtype=float32))
    >>> layer(x).numpy().tolist()
    [[0.0], [2.0]]
    """

    axis: int = field(-1, check=instance_of(int))
    momentum = field(0.99, to=float)
    epsilon = field(1e-3, to=float)
    center: bool = field(True)
    scale: bool = field(True)
    beta_initializer = field("zeros", to=initializers.get)
    gamma_initializer = field("ones", to=initializers.get)
    moving_mean_initializer = field("zeros", to=initializers.get)
    moving_variance_initializer = field("ones", to=initializers.get)
    beta_regularizer = field(None, to=regularizers.get)
    gamma_regularizer = field(None, to=regularizers.get)
    beta_constraint = field(None, to=constraints.get)
    gamma_constraint = field(None, to=constraints.get)
    renorm: bool = field(False)
    renorm_clipping = field(None, check=instance_of(dict))
    renorm_momentum = field(0.99, to=float)
    synchronized = field(False, check=Check(lambda on: not on, "False: kx trains on one device"))

    def __post_init__(self):
        super().__post_init__()
        if self.renorm:
            self.renorm_clipping = limits = self.renorm_clipping or {}
            unknown = limits.keys() - set(_LIMITS)
            if unknown:
                raise ValueError(f"renorm_clipping has the keys {', '.join(_LIMITS)}, got {sorted(unknown)}.")
            if limits.get("rmin", -math.inf) > limits.get("rmax", math.inf) or limits.get("dmax", 0) < 0:
                raise ValueError(f"renorm_clipping needs rmin <= rmax and dmax >= 0, got {limits}.")

    def build(self, input_shape):
        size = size_of(self, input_shape, self.axis)
        self.add_vectors((size,))
        self.moving_mean = self._add_average(size, self.moving_mean_initializer, "moving_mean")
        self.moving_variance = self._add_average(size, self.moving_variance_initializer, "moving_variance")
        if self.renorm:
            deviation = ops.sqrt(self.moving_variance)
            self.moving_stddev = self._add_average(size, lambda shape, dtype: deviation, "moving_stddev")
            self.renorm_mean = self._add_average(size, self.moving_mean_initializer, "renorm_mean")
            self.renorm_stddev = self._add_average(size, lambda shape, dtype: deviation, "renorm_stddev")
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def _add_average(self, size, initializer, name):
        return self.add_weight((size,), initializer, trainable=False, autocast=False, name=name)

    def call(self, inputs, training=None, mask=None):
        if not training or not self._trainable:
            moments = self.moving_mean, self.moving_variance
            out = ops.normalize_channels(
                inputs, *moments, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon
            )
        elif self.renorm:
            out = self._renormalize(inputs, mask)
        else:
            out, mean, variance = ops.normalize_batch(
                inputs, self.gamma, self.beta, mask, axis=self.axis, epsilon=self.epsilon
            )
            _follow(self.moving_mean, mean, self.momentum)
            _follow(self.moving_variance, variance, self.momentum)
        return self.in_compute_dtype(out)

    def _renormalize(self, inputs, mask):
        """The output in training with `renorm`, all averages being updated."""
        out, mean, variance = ops.normalize_batch(
            inputs, None, None, mask, axis=self.axis, epsilon=self.epsilon
        )
        mean, variance = ops.stop_gradient(mean), ops.stop_gradient(variance)
        deviation, limits = ops.sqrt(variance + self.epsilon), self.renorm_clipping
        r = deviation / self.renorm_stddev
        d = (mean - self.renorm_mean) / self.renorm_stddev
        if "rmin" in limits:
            r = ops.maximum(r, limits["rmin"])
        if "rmax" in limits:
            r = ops.minimum(r, limits["rmax"])
        if "dmax" in limits:
            d = ops.clip(d, -limits["dmax"], limits["dmax"])
        if self.gamma is not None:
            r, d = r * self.gamma, d * self.gamma
        if self.beta is not None:
            d = d + self.beta
        for average, value, momentum in (
            (self.moving_mean, mean, self.momentum),
            (self.moving_stddev, deviation, self.momentum),
            (self.renorm_mean, mean, self.renorm_momentum),
            (self.renorm_stddev, deviation, self.renorm_momentum),
        ):
            _follow(average, value, momentum)
        self.moving_variance.assign(ops.square(self.moving_stddev) - self.epsilon)
        layout = [-1 if i == self.axis % len(inputs.shape) else 1 for i in range(len(inputs.shape))]
        return out * ops.reshape(r, layout) + ops.reshape(d, layout)


def _follow(average, value, momentum):
    """Move a variable towards a tensor, in place: average = momentum average + (1 - momentum) value."""
    effect(_mix, average.data, value.data, momentum)


def _mix(average, value, momentum):
    if average.dtype == value.dtype:
        average *= momentum
        average += value * (1.0 - momentum)
    else:  # an average in half precision
        average[...] = widen(average) * momentum + value * (1.0 - momentum)
