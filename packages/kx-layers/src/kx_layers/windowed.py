"""`Windowed`: what all convolution layers share, a window that slides over the positions of the input."""

from kx_io import field, one_of
from kx_layers import activations, constraints, initializers, regularizers
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import config
from kx_tensor.ops.conv_windows import as_key, per_axis

# Activations that the convolutions compute in the same node.
_FUSED = {activations.linear: None, activations.relu: "relu"}


def lower(value):
    """Return a name in lower case, anything else as it is: Keras takes `padding="SAME"`.

    >>> lower("SAME")
    'same'
    """
    return value.lower() if isinstance(value, str) else value


class Windowed(Layer):
    """Base of the convolution layers; `rank` is the number of axes of positions.

    >>> class Blur(Windowed):
    ...     rank = 2
    >>> Blur(3).kernel_size
    (3, 3)
    """

    rank = None

    kernel_size = field()
    strides = field(1)
    padding = field("valid", to=lower, check=one_of("valid", "same"))
    data_format = field(None, to=config.standardize_data_format)
    dilation_rate = field(1)
    activation = field(None, to=activations.get, save=activations.serialize)
    use_bias: bool = field(True)
    bias_initializer = field("zeros", to=initializers.get)
    bias_regularizer = field(None, to=regularizers.get)
    activity_regularizer = field(None, to=regularizers.get)
    bias_constraint = field(None, to=constraints.get)

    def __post_init__(self):
        super().__post_init__()
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, per_axis(as_key(getattr(self, name)), self.rank, name))
        self.input_spec = InputSpec(min_ndim=self.rank + 2)

    def _refuse_strides_with_dilation(self):
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"{type(self).__name__}: strides above 1 do not go together with dilation_rate above 1, got strides="
                f"{self.strides} and dilation_rate={self.dilation_rate}."
            )

    def _read_channels(self, input_shape):
        """The number of channels of the input, which from now on is expected."""
        axis = 1 if self.data_format == "channels_first" else -1
        if len(input_shape) < self.rank + 2 or input_shape[axis] is None:
            raise ValueError(
                f"Layer {self.name!r}: the input must have {self.rank + 2} axes and a known number of channels, in "
                f"axis {axis} as data_format={self.data_format!r}; got input_shape={tuple(input_shape)}."
            )
        self.input_spec = InputSpec(min_ndim=self.rank + 2, axes={axis: input_shape[axis]})
        return input_shape[axis]

    def _add_bias(self, channels):
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (channels,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )

    def _convolved(self, convolution, inputs, kernel, **arguments):
        """activation(convolution(inputs, kernel) + bias), in one node if the activation can be part of it."""
        activation = self.activation
        fused = activation in _FUSED
        out = convolution(
            inputs,
            kernel,
            self.bias,
            data_format=self.data_format,
            activation=_FUSED[activation] if fused else None,
            **arguments,
        )
        return out if fused else activation(out)
