"""`DepthwiseConv1D`, `DepthwiseConv2D`: each channel with kernels of its own."""

from kx_io import field, positive, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.windowed import Windowed
from kx_tensor import ops
from kx_tensor.ops.conv_windows import sliding, split_shape


class DepthwiseConvolution(Windowed):
    """Base of DepthwiseConv1D and DepthwiseConv2D.

    >>> DepthwiseConv2D(3, depth_multiplier=2).compute_output_shape((None, 8, 8, 4))
    (None, 6, 6, 8)
    """

    depth_multiplier: int = field(1, check=positive)
    depthwise_initializer = field("glorot_uniform", to=initializers.get)
    depthwise_regularizer = field(None, to=regularizers.get)
    depthwise_constraint = field(None, to=constraints.get)
    field_order = (
        "kernel_size", "strides", "padding", "depth_multiplier", "data_format", "dilation_rate", "activation",
        "use_bias", "depthwise_initializer", "bias_initializer", "depthwise_regularizer", "bias_regularizer",
        "activity_regularizer", "depthwise_constraint", "bias_constraint",
    )  # fmt: skip

    def build(self, input_shape):
        channels = self._read_channels(input_shape)
        self.kernel = self.add_weight(
            (*self.kernel_size, channels, self.depth_multiplier),
            self.depthwise_initializer,
            regularizer=self.depthwise_regularizer,
            constraint=self.depthwise_constraint,
            name="kernel",
        )
        self._add_bias(channels * self.depth_multiplier)

    def call(self, inputs):
        return self._convolved(
            ops.depthwise_convolution,
            inputs,
            self.kernel,
            strides=self.strides,
            padding=self.padding,
            dilation_rate=self.dilation_rate,
        )

    def compute_output_shape(self, input_shape):
        kernel = (*self.kernel_size, None, self.depth_multiplier)
        windows = sliding(
            input_shape, kernel, self.strides, self.padding, self.data_format, self.dilation_rate
        )
        channels = split_shape(input_shape, windows.channels_first)[1]
        made = None if channels is None else channels * self.depth_multiplier
        return windows.shape(input_shape[0], windows.out, made)


@register("layers")
class DepthwiseConv1D(DepthwiseConvolution):
    """A convolution of a sequence in which each channel has `depth_multiplier` learnt kernels of its own.

    Shapes: (batch, steps, channels) -> (batch, new steps, channels * depth_multiplier); with data_format
    "channels_first" the channels come second. Weights: `kernel` (kernel_size, channels, depth_multiplier), `bias`.

    >>> import numpy as np
    >>> layer = DepthwiseConv1D(2, depthwise_initializer="ones")
    >>> layer(np.array([[[1.0, 10.0], [2.0, 20.0]]])).numpy()
    array([[[ 3., 30.]]], dtype=float32)
    """

    rank = 1


@register("layers")
class DepthwiseConv2D(DepthwiseConvolution):
    """A convolution of an image in which each channel has `depth_multiplier` learnt kernels of its own.

    Shapes: (batch, rows, columns, channels) -> (batch, new rows, new columns, channels * depth_multiplier); with
    data_format "channels_first" the channels come second. Weights: `kernel` (*kernel_size, channels,
    depth_multiplier), `bias`.

    >>> layer = DepthwiseConv2D(3, strides=2, padding="same")
    >>> layer.compute_output_shape((None, 9, 8, 4))
    (None, 5, 4, 4)
    """

    rank = 2
    strides = field((1, 1))
    dilation_rate = field((1, 1))
