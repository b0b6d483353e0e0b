"""Layers of Keras 1 and 2 that Keras 3 no longer has, for the models that are made of them."""

from kx_io import field, non_negative, positive, register
from kx_layers import activations, constraints, initializers, regularizers
from kx_layers.layer import Layer
from kx_tensor import ops


@register("layers")
class ThresholdedReLU(Layer):
    """x where x > theta, else 0.

    >>> import numpy as np
    >>> ThresholdedReLU(theta=1.0)(np.array([[0.5, 2.0]])).numpy()
    array([[0., 2.]], dtype=float32)
    """

    theta = field(1.0, to=float, check=non_negative)

    supports_masking = True

    def call(self, inputs):
        return inputs * ops.cast(ops.greater(inputs, self.theta), inputs.dtype)

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)


class _Kernels(Layer):
    """What MaxoutDense and Highway have in common: one kernel and one bias, or two of each."""

    kernel_initializer = field("glorot_uniform", to=initializers.get)
    bias_initializer = field("zeros", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    bias_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    bias_constraint = field(None, to=constraints.get)
    activity_regularizer = field(None, to=regularizers.get)
    use_bias: bool = field(True)

    def _add(self, kind, name, shape, initializer=None):
        return self.add_weight(
            shape,
            initializer or getattr(self, f"{kind}_initializer"),
            regularizer=getattr(self, f"{kind}_regularizer"),
            constraint=getattr(self, f"{kind}_constraint"),
            name=name,
        )


@register("layers")
class MaxoutDense(_Kernels):
    """The largest of `nb_feature` linear functions. Shapes: (batch, d) -> (batch, units).

    Weights: `kernel` (nb_feature, d, units), `bias` (nb_feature, units). Goodfellow et al. 2013,
    https://arxiv.org/abs/1302.4389

    >>> MaxoutDense(3, nb_feature=2).compute_output_shape((None, 5))
    (None, 3)
    """

    units: int = field(check=positive)
    nb_feature: int = field(4, check=positive)
    field_order = ("units", "nb_feature")

    def build(self, input_shape):
        self.kernel = self._add("kernel", "kernel", (self.nb_feature, input_shape[-1], self.units))
        self.bias = self._add("bias", "bias", (self.nb_feature, self.units)) if self.use_bias else None

    def call(self, inputs):
        out = ops.einsum("nd,kdu->nku", inputs, self.kernel)
        if self.bias is not None:
            out = out + self.bias
        return ops.max(out, axis=1)

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)


@register("layers")
class Highway(_Kernels):
    """t * activation(x @ kernel + bias) + (1 - t) * x with the gate t = sigmoid(x @ gate_kernel + gate_bias).

    Shapes: (batch, d) -> (batch, d). The gate's bias starts at -2: nearly all of x passes. Srivastava et al. 2015,
    https://arxiv.org/abs/1505.00387

    >>> Highway(activation="tanh").compute_output_shape((None, 5))
    (None, 5)
    """

    activation = field("linear", to=activations.get, save=activations.serialize)
    transform_bias = field(-2.0, to=float)
    field_order = ("activation", "transform_bias")

    def build(self, input_shape):
        size = input_shape[-1]
        self.kernel = self._add("kernel", "kernel", (size, size))
        self.gate_kernel = self._add("kernel", "gate_kernel", (size, size))
        self.bias = self.gate_bias = None
        if self.use_bias:
            self.bias = self._add("bias", "bias", (size,))
            start = initializers.Constant(self.transform_bias)
            self.gate_bias = self._add("bias", "gate_bias", (size,), start)

    def call(self, inputs):
        gate = ops.dense(inputs, self.gate_kernel, self.gate_bias, activation="sigmoid")
        out = self.activation(ops.dense(inputs, self.kernel, self.bias, activation=None))
        return gate * out + (1.0 - gate) * inputs

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)
