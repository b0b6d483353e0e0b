"""`Dense`: the fully connected layer."""

from kx_io import field, positive, register
from kx_layers import activations, constraints, initializers, regularizers
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_layers.unsupported import only_none
from kx_tensor import ops

# Activations that ops.dense computes in the same node.
FUSED = {
    activations.linear: None, activations.relu: "relu", activations.sigmoid: "sigmoid", activations.tanh: "tanh",
}  # fmt: skip


@register("layers")
class Dense(Layer):
    """`activation(inputs @ kernel + bias)`. Shapes: (..., d) -> (..., units).

    Weights: `kernel` (d, units) and, with `use_bias`, `bias` (units,). The last size of the input must be known.

    >>> import numpy as np
    >>> layer = Dense(3, activation="relu", kernel_initializer="ones")
    >>> layer(np.array([[1.0, 2.0]])).numpy()
    array([[3., 3., 3.]], dtype=float32)
    """

    units: int = field(check=positive)
    activation = field(None, to=activations.get, save=activations.serialize)
    use_bias: bool = field(True)
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    bias_initializer = field("zeros", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    bias_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    bias_constraint = field(None, to=constraints.get)
    lora_rank = field(None, check=only_none("LoRA"), config=False)
    lora_alpha = field(None, check=only_none("LoRA"), config=False)
    quantization_config = field(None, check=only_none("quantization"))
    field_order = (
        "units", "activation", "use_bias", "kernel_initializer", "bias_initializer",
        "kernel_regularizer", "bias_regularizer", "activity_regularizer", "kernel_constraint", "bias_constraint",
        "lora_rank", "lora_alpha", "quantization_config",
    )  # fmt: skip

    supports_masking = True
    input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape):
        size = input_shape[-1]
        if size is None:
            raise ValueError(
                f"Layer {self.name!r}: the last size of the input of a Dense layer must be known, got input_shape="
                f"{tuple(input_shape)}."
            )
        self.kernel = self.add_weight(
            (size, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: size})

    def call(self, inputs):
        activation = self.activation
        if activation in FUSED:
            return ops.dense(inputs, self.kernel, self.bias, activation=FUSED[activation])
        return activation(ops.dense(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape):
        return (*input_shape[:-1], self.units)
