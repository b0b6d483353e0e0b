"""`Conv1DTranspose`, `Conv2DTranspose`, `Conv3DTranspose`: convolutions backward, to larger sequences and images."""

from kx_io import field, positive, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.windowed import Windowed
from kx_tensor import ops
from kx_tensor.ops.conv_windows import as_key, per_axis, spreading

_ORDER_1_2 = (
    "filters", "kernel_size", "strides", "padding", "output_padding", "data_format", "dilation_rate", "activation",
    "use_bias", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
    "activity_regularizer", "kernel_constraint", "bias_constraint",
)  # fmt: skip


class TransposedConvolution(Windowed):
    """Base of Conv1DTranspose, Conv2DTranspose and Conv3DTranspose.

    >>> Conv2DTranspose(4, 3, strides=2, padding="same").compute_output_shape((None, 7, 7, 8))
    (None, 14, 14, 4)
    """

    filters: int = field(check=positive)
    output_padding = field(None)
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    field_order = _ORDER_1_2

    def __post_init__(self):
        super().__post_init__()
        self._refuse_strides_with_dilation()
        if self.output_padding is None:
            return
        self.output_padding = per_axis(as_key(self.output_padding), self.rank, "output_padding", least=0)
        if any(p >= s for p, s in zip(self.output_padding, self.strides)):
            raise ValueError(
                f"{type(self).__name__}: output_padding must be less than strides along each axis, got output_padding="
                f"{self.output_padding} and strides={self.strides}."
            )

    def build(self, input_shape):
        self.kernel = self.add_weight(
            (*self.kernel_size, self.filters, self._read_channels(input_shape)),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
        )
        self._add_bias(self.filters)

    def call(self, inputs):
        return self._convolved(
            ops.transposed_convolution,
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            output_padding=self.output_padding,
            dilation_rate=self.dilation_rate,
        )

    def compute_output_shape(self, input_shape):
        kernel = (*self.kernel_size, self.filters, None)
        windows = spreading(
            input_shape, kernel, self.strides, self.padding, self.output_padding, self.data_format, self.dilation_rate
        )  # fmt: skip
        return windows.shape(input_shape[0], windows.sizes, self.filters)


@register("layers", "Convolution1DTranspose")
class Conv1DTranspose(TransposedConvolution):
    """Each step adds a learnt kernel times itself to a window of the result: the gradient of Conv1D as a layer.

    Shapes: (batch, steps, channels) -> (batch, new steps, filters); with data_format "channels_first" the channels
    come second. Weights: `kernel` (kernel_size, filters, channels), `bias` (filters,). Sizes as in
    `ops.conv_transpose`.

    >>> import numpy as np
    >>> layer = Conv1DTranspose(1, 2, strides=2, kernel_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0]]])).numpy()[0, :, 0]
    array([1., 1., 2., 2.], dtype=float32)
    """

    rank = 1


@register("layers", "Convolution2DTranspose")
class Conv2DTranspose(TransposedConvolution):
    """Each pixel adds a learnt kernel times itself to a window of the result: the gradient of Conv2D as a layer.

    Shapes: (batch, rows, columns, channels) -> (batch, new rows, new columns, filters); with data_format
    "channels_first" the channels come second. Weights: `kernel` (*kernel_size, filters, channels), `bias` (filters,).
    Sizes as in `ops.conv_transpose`.

    >>> layer = Conv2DTranspose(3, 3, strides=2, output_padding=1)
    >>> layer.compute_output_shape((None, 5, 5, 8))
    (None, 12, 12, 3)
    """

    rank = 2
    strides = field((1, 1))
    dilation_rate = field((1, 1))


@register("layers", "Convolution3DTranspose")
class Conv3DTranspose(TransposedConvolution):
    """Each position adds a learnt kernel times itself to a window of the result: the gradient of Conv3D as a layer.

    Shapes: (batch, size 1, size 2, size 3, channels) -> (batch, new sizes, filters); with data_format
    "channels_first" the channels come second. Weights: `kernel` (*kernel_size, filters, channels), `bias` (filters,).
    Sizes as in `ops.conv_transpose`.

    >>> Conv3DTranspose(3, 2, strides=2).compute_output_shape((None, 2, 3, 4, 1))
    (None, 4, 6, 8, 3)
    """

    rank = 3
    strides = field((1, 1, 1))
    dilation_rate = field((1, 1, 1))
    field_order = (
        *_ORDER_1_2[:4], "data_format", "output_padding", *_ORDER_1_2[6:],
    )  # fmt: skip
