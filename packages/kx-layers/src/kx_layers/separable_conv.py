"""`SeparableConv1D`, `SeparableConv2D`: a depthwise convolution, then a mixing of the channels at each position."""

from kx_io import field, positive, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.windowed import Windowed
from kx_tensor import ops
from kx_tensor.ops.conv_windows import sliding


class SeparableConvolution(Windowed):
    """Base of SeparableConv1D and SeparableConv2D.

    >>> SeparableConv2D(5, 3).compute_output_shape((None, 8, 8, 4))
    (None, 6, 6, 5)
    """

    filters: int = field(check=positive)
    depth_multiplier: int = field(1, check=positive)
    depthwise_initializer = field("glorot_uniform", to=initializers.get)
    pointwise_initializer = field("glorot_uniform", to=initializers.get)
    depthwise_regularizer = field(None, to=regularizers.get)
    pointwise_regularizer = field(None, to=regularizers.get)
    depthwise_constraint = field(None, to=constraints.get)
    pointwise_constraint = field(None, to=constraints.get)
    field_order = (
        "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "depth_multiplier",
        "activation", "use_bias", "depthwise_initializer", "pointwise_initializer", "bias_initializer",
        "depthwise_regularizer", "pointwise_regularizer", "bias_regularizer", "activity_regularizer",
        "depthwise_constraint", "pointwise_constraint", "bias_constraint",
    )  # fmt: skip

    def build(self, input_shape):
        channels = self._read_channels(input_shape)
        self.depthwise_kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name="depthwise_kernel",
        )
        self.pointwise_kernel = self.add_weight(
            (*(1,) * self.rank, channels * self.depth_multiplier, self.filters),
            self.pointwise_initializer,
            regularizer=self.pointwise_regularizer,
            constraint=self.pointwise_constraint,
            name="pointwise_kernel",
        )
        self._add_bias(self.filters)

    def call(self, inputs):
        deep = ops.depthwise_convolution(
            inputs,
            self.depthwise_kernel,
            None,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
            dilation_rate=self.dilation_rate,
        )
        return self._convolved(ops.convolution, deep, self.pointwise_kernel)

    def compute_output_shape(self, input_shape):
        kernel = (*self.kernel_size, None, self.depth_multiplier)
        windows = sliding(
            input_shape, kernel, self.strides, self.padding, self.data_format, self.dilation_rate
        )
        return windows.shape(input_shape[0], windows.out, self.filters)


@register("layers", "SeparableConvolution1D")
class SeparableConv1D(SeparableConvolution):
    """A depthwise convolution of a sequence, then a mixing of its channels at each step.

    Shapes: (batch, steps, channels) -> (batch, new steps, filters); with data_format "channels_first" the channels
    come second. Weights: `depthwise_kernel` (kernel_size, channels, depth_multiplier), `pointwise_kernel` (1,
    channels * depth_multiplier, filters), `bias` (filters,).

    >>> import numpy as np
    >>> layer = SeparableConv1D(1, 2, depthwise_initializer="ones", pointwise_initializer="ones")
    >>> layer(np.array([[[1.0, 10.0], [2.0, 20.0]]])).numpy()
    array([[[33.]]], dtype=float32)
    """

    rank = 1


@register("layers", "SeparableConvolution2D")
class SeparableConv2D(SeparableConvolution):
    """A depthwise convolution of an image, then a mixing of its channels at each pixel.

    Shapes: (batch, rows, columns, channels) -> (batch, new rows, new columns, filters); with data_format
    "channels_first" the channels come second. Weights: `depthwise_kernel` (*kernel_size, channels, depth_multiplier),
    `pointwise_kernel` (1, 1, channels * depth_multiplier, filters), `bias` (filters,). Chollet 2017,
    https://arxiv.org/abs/1610.02357

    >>> layer = SeparableConv2D(5, 3, padding="same")
    >>> layer.compute_output_shape((None, 8, 8, 4))
    (None, 8, 8, 5)
    """

    rank = 2
    strides = field((1, 1))
    dilation_rate = field((1, 1))
