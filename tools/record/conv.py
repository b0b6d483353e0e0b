"""Record how the convolution layers of real Keras behave, for packages/kx-layers/tests/test_layers_golden.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/conv.py packages/kx-layers/tests/golden/conv.npz

The format is that of layers.py.
"""

import sys

from layers import record, row

SEQUENCE = [(None, None, 3), (None, 8, 3)]
CONV_1D = [
    row("Conv1D", {"filters": 4, "kernel_size": 3}, "2,8,3", symbolic=SEQUENCE),
    row("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", "activation": "relu"}, "2,6,3", symbolic=SEQUENCE),
    row("Conv1D", {"filters": 2, "kernel_size": 3, "padding": "causal", "dilation_rate": 2}, "1,7,3", symbolic=SEQUENCE),
    row("Conv1D", {"filters": 2, "kernel_size": 2, "padding": "causal", "strides": 2, "use_bias": False}, "2,7,3", symbolic=SEQUENCE),
    row("Conv1D", {"filters": 4, "kernel_size": 4, "padding": "same", "strides": 3, "activation": "tanh"}, "2,8,3", symbolic=SEQUENCE),
    row("Conv1D", {"filters": 4, "kernel_size": 2, "groups": 2, "dilation_rate": 3}, "2,8,4", symbolic=[(None, None, 4)]),
    row("Conv1D", {"filters": 2, "kernel_size": 3, "data_format": "channels_first"}, "2,3,8", symbolic=[(None, 3, None)]),
    row("Conv1D", {"filters": 2, "kernel_size": [3], "data_format": "channels_first", "padding": "causal"}, "2,3,5", symbolic=[(None, 3, None)]),
    row("Conv1D", {"filters": 2, "kernel_size": 3, "kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2", "kernel_constraint": "max_norm", "bias_constraint": "non_neg", "kernel_initializer": "he_normal", "bias_initializer": "ones"}, "2,6,3"),
    row("Conv1D", {"filters": 2, "kernel_size": 3}, "2,6,3", mask=True),
]  # fmt: skip

IMAGE = [(None, None, None, 3), (None, 6, 7, 3)]
CONV_2D = [
    row("Conv2D", {"filters": 4, "kernel_size": 3}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 4, "kernel_size": (3, 2), "activation": "relu"}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 2, "kernel_size": 3, "padding": "same", "activation": "relu"}, "1,5,6,2"),
    row("Conv2D", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same"}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 2, "kernel_size": 2, "strides": (2, 3), "padding": "SAME"}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 2, "kernel_size": 3, "strides": [2, 1], "use_bias": False}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 2, "kernel_size": (2, 3), "dilation_rate": (2, 1)}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 2, "kernel_size": 3, "dilation_rate": 2, "padding": "same"}, "2,6,7,3", symbolic=IMAGE),
    row("Conv2D", {"filters": 6, "kernel_size": 2, "groups": 2, "activation": "relu"}, "2,4,4,4", symbolic=[(None, None, None, 4)]),
    row("Conv2D", {"filters": 4, "kernel_size": 2, "groups": 4, "padding": "same", "strides": 2}, "2,5,4,4"),
    row("Conv2D", {"filters": 3, "kernel_size": 1, "activation": "softmax"}, "2,3,4,2"),
    row("Conv2D", {"filters": 3, "kernel_size": 1, "strides": 2}, "2,5,4,2"),
    row("Conv2D", {"filters": 2, "kernel_size": 3, "data_format": "channels_first", "padding": "same"}, "2,3,5,4", symbolic=[(None, 3, None, None)]),
    row("Conv2D", {"filters": 2, "kernel_size": 2, "data_format": "channels_first", "strides": 2, "activation": "relu"}, "2,3,5,4", symbolic=[(None, 3, None, 4)]),
]  # fmt: skip

CONV_3D = [
    row("Conv3D", {"filters": 2, "kernel_size": 2}, "1,3,4,3,2", symbolic=[(None, None, None, None, 2)]),
    row("Conv3D", {"filters": 2, "kernel_size": (2, 1, 3), "strides": (1, 2, 1), "padding": "same", "activation": "relu"}, "1,3,4,3,2", symbolic=[(None, 3, None, 3, 2)]),
    row("Conv3D", {"filters": 2, "kernel_size": 2, "data_format": "channels_first", "groups": 2}, "1,2,3,3,3", symbolic=[(None, 2, None, None, None)]),
]  # fmt: skip

TRANSPOSED = [
    row("Conv1DTranspose", {"filters": 4, "kernel_size": 3}, "2,5,3", symbolic=SEQUENCE),
    row("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "activation": "relu"}, "2,5,3", symbolic=SEQUENCE),
    row("Conv1DTranspose", {"filters": 2, "kernel_size": 4, "strides": 3, "padding": "same", "output_padding": 2}, "2,5,3", symbolic=SEQUENCE),
    row("Conv1DTranspose", {"filters": 2, "kernel_size": 2, "strides": 3, "use_bias": False}, "2,4,3", symbolic=SEQUENCE),
    row("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "dilation_rate": 2}, "2,4,3", symbolic=SEQUENCE),
    row("Conv1DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "data_format": "channels_first"}, "2,3,4", symbolic=[(None, 3, None)]),
    row("Conv2DTranspose", {"filters": 2, "kernel_size": 3}, "2,3,4,3", symbolic=[(None, None, None, 3)]),
    row("Conv2DTranspose", {"filters": 2, "kernel_size": (3, 2), "strides": (2, 1), "padding": "same", "activation": "relu"}, "2,3,4,3", symbolic=[(None, None, 4, 3)]),
    row("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "output_padding": (1, 0)}, "2,3,4,3", symbolic=[(None, None, 4, 3)]),
    row("Conv2DTranspose", {"filters": 2, "kernel_size": 2, "dilation_rate": 2, "padding": "same"}, "2,3,4,3"),
    row("Conv2DTranspose", {"filters": 2, "kernel_size": 3, "strides": 2, "padding": "same", "output_padding": 1, "data_format": "channels_first"}, "2,3,3,4", symbolic=[(None, 3, None, None)]),
    row("Conv3DTranspose", {"filters": 2, "kernel_size": 2, "strides": 2, "activation": "relu"}, "1,2,3,2,2", symbolic=[(None, None, None, None, 2)]),
    row("Conv3DTranspose", {"filters": 1, "kernel_size": 3, "padding": "same", "output_padding": 0}, "1,2,3,2,2"),
]  # fmt: skip

DEPTHWISE = [
    row("DepthwiseConv1D", {"kernel_size": 3}, "2,6,3", symbolic=SEQUENCE),
    row("DepthwiseConv1D", {"kernel_size": 2, "strides": 2, "padding": "same", "depth_multiplier": 2, "activation": "relu"}, "2,7,3", symbolic=SEQUENCE),
    row("DepthwiseConv1D", {"kernel_size": 2, "dilation_rate": 2, "data_format": "channels_first"}, "2,3,6", symbolic=[(None, 3, None)]),
    row("DepthwiseConv2D", {"kernel_size": 3, "activation": "relu"}, "2,5,6,3", symbolic=IMAGE),
    row("DepthwiseConv2D", {"kernel_size": (2, 3), "depth_multiplier": 2, "padding": "same", "use_bias": False}, "2,5,6,3", symbolic=IMAGE),
    row("DepthwiseConv2D", {"kernel_size": 3, "strides": 2, "padding": "same"}, "2,5,6,3", symbolic=IMAGE),
    row("DepthwiseConv2D", {"kernel_size": 2, "dilation_rate": (1, 2), "depth_multiplier": 2, "data_format": "channels_first", "depthwise_regularizer": "l2", "depthwise_constraint": "max_norm"}, "2,2,5,4"),
    row("SeparableConv1D", {"filters": 4, "kernel_size": 3}, "2,6,3", symbolic=SEQUENCE),
    row("SeparableConv1D", {"filters": 4, "kernel_size": 2, "depth_multiplier": 2, "strides": 2, "padding": "same", "activation": "relu"}, "2,7,3", symbolic=SEQUENCE),
    row("SeparableConv2D", {"filters": 4, "kernel_size": 3}, "2,5,6,3", symbolic=IMAGE),
    row("SeparableConv2D", {"filters": 2, "kernel_size": (2, 3), "depth_multiplier": 2, "padding": "same", "activation": "relu"}, "2,5,4,2"),
    row("SeparableConv2D", {"filters": 3, "kernel_size": 2, "strides": 2, "use_bias": False, "data_format": "channels_first"}, "2,2,5,4"),
]  # fmt: skip

CASES = CONV_1D + CONV_2D + CONV_3D + TRANSPOSED + DEPTHWISE

CHANNELS_3 = ({"filters": 4, "kernel_size": 3}, [(2, 6, 6, 3), (2, 6, 6, 4)])
FAILURES = [
    ("Conv2D", {"filters": 0, "kernel_size": 3}, None),
    ("Conv2D", {"filters": -2, "kernel_size": 3}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 0}, None),
    ("Conv2D", {"filters": 4, "kernel_size": (3, 3, 3)}, None),
    ("Conv2D", {"filters": 4, "kernel_size": "a"}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3.5}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 0}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": (1, 0)}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "dilation_rate": 0}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "padding": "causal"}, None),
    ("Conv1D", {"filters": 4, "kernel_size": 3, "padding": "full"}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 0}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 3}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "data_format": "last"}, None),
    ("Conv2D", {"filters": 4, "kernel_size": 3, "groups": 2}, [(2, 5, 5, 3)]),
    ("Conv2D", {"filters": 4, "kernel_size": 8}, [(2, 7, 9, 3)]),
    ("Conv2D", {"filters": 4, "kernel_size": 3}, [(2, 5, 3)]),
    ("Conv2D", *CHANNELS_3),
    ("Conv2DTranspose", *CHANNELS_3),
    ("SeparableConv2D", *CHANNELS_3),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "dilation_rate": 2}, None),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": 2}, None),
    ("Conv2DTranspose", {"filters": 4, "kernel_size": 3, "strides": 2, "output_padding": -1}, None),
    ("Conv1DTranspose", {"filters": 4, "kernel_size": 3, "padding": "causal"}, None),
    ("DepthwiseConv1D", {"kernel_size": 3, "padding": "causal"}, None),
    ("DepthwiseConv2D", {"kernel_size": 3, "depth_multiplier": 0}, None),
    ("DepthwiseConv2D", {"kernel_size": 3, "strides": 2, "dilation_rate": 2}, [(2, 7, 7, 3)]),
    ("DepthwiseConv2D", {"kernel_size": 8}, [(2, 7, 9, 3)]),
    ("SeparableConv2D", {"filters": 0, "kernel_size": 3}, None),
    ("SeparableConv2D", {"filters": 4, "kernel_size": (0, 3)}, None),
    ("SeparableConv1D", {"filters": 4, "kernel_size": 3, "padding": "causal"}, None),
    ("SeparableConv2D", {"filters": 4, "kernel_size": 3, "depth_multiplier": 0}, None),
]

if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
