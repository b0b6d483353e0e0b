"""Normalization by the moments of each sample: layer, root-mean-square, group and unit normalization."""

import warnings

from kx_io import Check, each, field, instance_of, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import ops, rules

AXES = instance_of(int) | each(instance_of(int))


def size_of(layer, input_shape, axis):
    """The size of `input_shape` along `axis`; ValueError if there is no such axis or the size is None."""
    rank = len(input_shape)
    if not -rank <= axis < rank:
        raise ValueError(f"Layer {layer.name!r}: no axis {axis} in input_shape={tuple(input_shape)}.")
    if input_shape[axis] is None:
        raise ValueError(
            f"Layer {layer.name!r}: the size of axis {axis} must be known, got input_shape={tuple(input_shape)}."
        )
    return input_shape[axis]


class ScaleAndCenter(Layer):
    """Base of the layers with a learnt factor `gamma` (if `scale`) and offset `beta` (if `center`)."""

    supports_masking = True

    def add_vectors(self, shape, center=True):
        """Make `gamma` and `beta`, or set them to None."""
        self.gamma = self.beta = None
        if self.scale:
            self.gamma = self.add_weight(
                shape,
                self.gamma_initializer,
                autocast=False,  # they meet numbers of at least float32
                regularizer=self.gamma_regularizer,
                constraint=self.gamma_constraint,
                name="gamma",
            )
        if self.center and center:
            self.beta = self.add_weight(
                shape,
                self.beta_initializer,
                autocast=False,
                regularizer=self.beta_regularizer,
                constraint=self.beta_constraint,
                name="beta",
            )

    def in_compute_dtype(self, out):
        """Return `out`, which has the dtype of the input, as the layer returns it."""
        return out if out.dtype == self.compute_dtype else ops.cast(out, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


@register("layers")
class LayerNormalization(ScaleAndCenter):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, by the moments over `axis`, a number or several.

    Weights: `gamma` and `beta`, of the input's sizes along `axis`. With `rms_scaling`, which is deprecated, it is
    x / sqrt(variance + epsilon) * gamma. Ba et al. 2016, https://arxiv.org/abs/1607.06450

    >>> import numpy as np
    >>> LayerNormalization(epsilon=1e-9)(np.array([[1.0, 3.0]])).numpy()
    array([[-1.,  1.]], dtype=float32)
    """

    axis = field(-1, check=AXES)
    epsilon = field(1e-3, to=float)
    center: bool = field(True)
    scale: bool = field(True)
    beta_initializer = field("zeros", to=initializers.get)
    gamma_initializer = field("ones", to=initializers.get)
    beta_regularizer = field(None, to=regularizers.get)
    gamma_regularizer = field(None, to=regularizers.get)
    beta_constraint = field(None, to=constraints.get)
    gamma_constraint = field(None, to=constraints.get)
    rms_scaling: bool = field(False, kw_only=True)
    autocast = field(False, config=False)  # the moments are those of the input as it comes

    def __post_init__(self):
        super().__post_init__()
        if self.rms_scaling:
            warnings.warn(
                "LayerNormalization(rms_scaling=True) divides by the standard deviation without subtracting the "
                "mean. Use RMSNormalization for root-mean-square normalization.",
                DeprecationWarning,
                stacklevel=4,
            )

    def build(self, input_shape):
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        shape = {axis % len(input_shape): size_of(self, input_shape, axis) for axis in axes}
        self.add_vectors(tuple([shape[axis] for axis in sorted(shape)]), center=not self.rms_scaling)

    def call(self, inputs):
        if self.rms_scaling:
            return self.in_compute_dtype(self._divided_by_deviation(inputs))
        out = ops.layer_normalization(inputs, self.gamma, self.beta, axis=self.axis, epsilon=self.epsilon)
        return self.in_compute_dtype(out)

    def _divided_by_deviation(self, x):
        x = ops.cast(x, rules.wide_float(self.compute_dtype))
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        out = x * ops.rsqrt(ops.var(x, axis=axis, keepdims=True) + self.epsilon)
        if self.gamma is None:
            return out
        axes = rules.normalize_axes(axis, len(x.shape))
        return out * ops.reshape(self.gamma, [x.shape[i] if i in axes else 1 for i in range(len(x.shape))])


@register("layers")
class RMSNormalization(Layer):
    """x / sqrt(mean(x^2) + epsilon) * scale, by the mean over `axis`, a number or several.

    Weight: `scale`, of the input's sizes along `axis`. Zhang & Sennrich 2019, https://arxiv.org/abs/1910.07467

    >>> import numpy as np
    >>> RMSNormalization()(np.array([[1.0, 7.0]])).numpy()
    array([[0.2, 1.4]], dtype=float32)
    """

    axis = field(-1, check=AXES)
    epsilon = field(1e-6, to=float)

    def build(self, input_shape):
        axes = [self.axis] if isinstance(self.axis, int) else self.axis
        shape = {axis % len(input_shape): size_of(self, input_shape, axis) for axis in axes}
        shape = tuple([shape[axis] for axis in sorted(shape)])
        self.scale = self.add_weight(shape, "ones", autocast=False, name="scale")

    def call(self, inputs):
        out = ops.rms_normalization(inputs, self.scale, axis=self.axis, epsilon=self.epsilon)
        return out if out.dtype == self.compute_dtype else ops.cast(out, self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


@register("layers")
class GroupNormalization(ScaleAndCenter):
    """(x - mean) / sqrt(variance + epsilon) * gamma + beta, by the moments of groups of channels of each sample.

    The channels, on `axis`, are divided into `groups`; -1 makes each channel a group (instance normalization).
    Weights: `gamma` and `beta` (c,). Wu & He 2018, https://arxiv.org/abs/1803.08494

    >>> import numpy as np
    >>> GroupNormalization(2, epsilon=1e-9)(np.array([[1.0, 3.0, 5.0, 5.0]])).numpy().round(3)
    array([[-1.,  1.,  0.,  0.]], dtype=float32)
    """

    groups: int = field(
        32, check=Check(lambda n: n == -1 or n > 0, "a positive {number}, or -1 for instance normalization")
    )
    axis: int = field(-1, check=instance_of(int))
    epsilon = field(1e-3, to=float)
    center: bool = field(True)
    scale: bool = field(True)
    beta_initializer = field("zeros", to=initializers.get)
    gamma_initializer = field("ones", to=initializers.get)
    beta_regularizer = field(None, to=regularizers.get)
    gamma_regularizer = field(None, to=regularizers.get)
    beta_constraint = field(None, to=constraints.get)
    gamma_constraint = field(None, to=constraints.get)
    autocast = field(False, config=False)  # the moments are those of the input as it comes

    def build(self, input_shape):
        size = size_of(self, input_shape, self.axis)
        if self.axis % len(input_shape) == 0:
            raise ValueError(f"Layer {self.name!r}: axis={self.axis} holds the samples, not the channels.")
        self.untracked("_count", size if self.groups == -1 else self.groups)
        if size % self._count:
            raise ValueError(
                f"Layer {self.name!r}: groups={self.groups} must divide the number of channels, {size} on axis "
                f"{self.axis} of input_shape={tuple(input_shape)}."
            )
        self.add_vectors((size,))
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: size})

    def call(self, inputs):
        out = ops.group_normalization(
            inputs, self.gamma, self.beta, groups=self._count, axis=self.axis, epsilon=self.epsilon
        )
        return self.in_compute_dtype(out)


@register("layers")
class UnitNormalization(Layer):
    """x divided by its Euclidean norm over `axis`, a number or several.

    >>> import numpy as np
    >>> UnitNormalization()(np.array([[3.0, 4.0]])).numpy()
    array([[0.6, 0.8]], dtype=float32)
    """

    axis = field(-1, check=AXES)

    supports_masking = True

    def call(self, inputs):
        axis = self.axis if isinstance(self.axis, int) else tuple(self.axis)
        wide = ops.cast(inputs, rules.wide_float(self.compute_dtype))  # squares of halves soon overflow
        return ops.cast(ops.normalize(wide, axis=axis, epsilon=1e-12), self.compute_dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)
