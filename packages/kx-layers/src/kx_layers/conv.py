"""`Conv1D`, `Conv2D`, `Conv3D`: learnt kernels that slide over a sequence, an image, a volume."""

from kx_io import field, one_of, positive, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.windowed import Windowed, lower
from kx_tensor import ops
from kx_tensor.ops.conv_windows import sliding


class Convolution(Windowed):
    """Base of Conv1D, Conv2D and Conv3D: `activation(conv(inputs, kernel) + bias)`.

    >>> Conv2D(4, 3, padding="same").compute_output_shape((None, 28, 28, 1))
    (None, 28, 28, 4)
    """

    filters: int = field(check=positive)
    groups: int = field(1, check=positive)
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    field_order = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "groups", "activation",
        "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "bias_constraint",
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if self.filters % self.groups:
            raise ValueError(
                f"{type(self).__name__}: filters must be a multiple of groups, got filters={self.filters} and groups="
                f"{self.groups}."
            )
        self._refuse_strides_with_dilation()

    def build(self, input_shape):
        channels = self._read_channels(input_shape)
        if channels % self.groups:
            raise ValueError(
                f"Layer {self.name!r}: the number of input channels must be a multiple of groups={self.groups}, got "
                f"{channels} in input_shape={tuple(input_shape)}."
            )
        self.kernel = self.add_weight(
            (*self.kernel_size, channels // self.groups, self.filters),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self._add_bias(self.filters)

    def call(self, inputs):
        return self._convolved(
            ops.convolution,
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
        )

    def compute_output_shape(self, input_shape):
        kernel = (*self.kernel_size, None, self.filters)
        windows = sliding(
            input_shape, kernel, self.strides, self.padding, self.data_format, self.dilation_rate
        )
        return windows.shape(input_shape[0], windows.out, self.filters)


@register("layers", "Convolution1D")
class Conv1D(Convolution):
    """Sums of products of a learnt kernel and the windows of a sequence, through an activation.

    Shapes: (batch, steps, channels) -> (batch, new steps, filters); with data_format "channels_first" the channels
    come second. Weights: `kernel` (kernel_size, channels / groups, filters), `bias` (filters,). `padding` "causal"
    adds zeros before the first step only, so that no result reads a later step.

    >>> import numpy as np
    >>> layer = Conv1D(1, 2, padding="causal", kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy()
    array([[[1.],
            [3.],
            [5.]]], dtype=float32)
    """

    rank = 1
    padding = field("valid", to=lower, check=one_of("valid", "same", "causal"))


@register("layers", "Convolution2D")
class Conv2D(Convolution):
    """Sums of products of a learnt kernel and the windows of an image, through an activation.

    Shapes: (batch, rows, columns, channels) -> (batch, new rows, new columns, filters); with data_format
    "channels_first" the channels come second. Weights: `kernel` (*kernel_size, channels / groups, filters), `bias`
    (filters,).

    >>> import numpy as np
    >>> layer = Conv2D(1, 2, kernel_initializer="ones", activation="relu")
    >>> layer(np.arange(9.0).reshape(1, 3, 3, 1)).numpy()[0, ..., 0]
    array([[ 8., 12.],
           [20., 24.]], dtype=float32)
    """

    rank = 2
    strides = field((1, 1))
    dilation_rate = field((1, 1))


@register("layers", "Convolution3D")
class Conv3D(Convolution):
    """Sums of products of a learnt kernel and the windows of a volume, through an activation.

    Shapes: (batch, size 1, size 2, size 3, channels) -> (batch, new sizes, filters); with data_format
    "channels_first" the channels come second. Weights: `kernel` (*kernel_size, channels / groups, filters), `bias`
    (filters,).

    >>> layer = Conv3D(4, (2, 3, 3), strides=(1, 2, 2))
    >>> layer.compute_output_shape((None, 4, 9, 9, 1))
    (None, 3, 4, 4, 4)
    """

    rank = 3
    strides = field((1, 1, 1))
    dilation_rate = field((1, 1, 1))
