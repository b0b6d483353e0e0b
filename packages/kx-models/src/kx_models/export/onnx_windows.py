"""Convolutions and pooling in ONNX, which has the channels first."""

import numpy as np

from kx_models.export.onnx_graph import Value, converts
from kx_tensor.ops.conv_windows import sliding, spreading
from kx_tensor.ops.pool_windows import pool_windows
from kx_tensor.symbolic import KerasTensor


def _is_constant(x, kernel, *rest):
    # a kernel that is computed in the graph is left to the ops of the twin
    return not isinstance(kernel, KerasTensor)


@converts("convolution", "depthwise_convolution", when=_is_constant)
def convolution(
    g,
    call,
    x,
    kernel,
    bias=None,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
    activation=None,
):
    w = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    filters = kernel.array
    if call.name == "depthwise_convolution":  # each channel is a group of its own
        *window, channels, multiplier = filters.shape
        filters = filters.reshape(*window, 1, channels * multiplier)
    x = _channels_first(g, x, w)
    groups = x.shape[1] // filters.shape[-2]
    out = _convolved(g, call, x, np.moveaxis(filters, (-1, -2), (0, 1)), bias, w, padding, groups)
    return _finished(g, call, out, w, activation)


@converts("transposed_convolution", when=_is_constant)
def transposed_convolution(
    g, call, x, kernel, bias=None, strides=1, padding="valid", output_padding=None, data_format=None,
    dilation_rate=1, activation=None,
):  # fmt: skip
    w = spreading(x.shape, kernel.shape, strides, padding, output_padding, data_format, dilation_rate)
    if None in w.sizes:
        raise ValueError("a transposed convolution needs inputs of known height and width")
    x = _channels_first(g, x, w)
    weights = g.constant(np.moveaxis(kernel.array, (-1, -2), (0, 1)))
    covered = [(n - 1) * s + (k - 1) * d + 1 for n, k, s, d in zip(w.out, w.window, w.strides, w.dilations)]
    whole = [max(c, low + size) for c, low, size in zip(covered, w.low, w.sizes)]
    out = g.emit(
        "ConvTranspose", [x, weights, bias], (x.shape[0], kernel.shape[-2], *whole), call.dtype,
        strides=list(w.strides), dilations=list(w.dilations),
        output_padding=[a - b for a, b in zip(whole, covered)],
    )  # fmt: skip
    axes = list(range(2, len(whole) + 2))
    if list(whole) != list(w.sizes):
        out = g.slice(out, w.low, [low + size for low, size in zip(w.low, w.sizes)], axes)
    return _finished(g, call, out, w, activation)


@converts("max_pool", "average_pool")
def pool(g, call, inputs, pool_size, strides=None, padding="valid", data_format=None):
    w = pool_windows(inputs.shape, pool_size, strides, padding, data_format)
    x = _channels_first(g, inputs, w)
    operator, more = ("MaxPool", {}) if call.name == "max_pool" else ("AveragePool", {"count_include_pad": 0})
    shape = (x.shape[0], x.shape[1], *w.out)
    attributes = {"kernel_shape": list(w.window), "strides": list(w.strides), **_padding(w, padding), **more}
    return _restored(g, call, g.emit(operator, [x], shape, x.dtype, **attributes), w)


def _convolved(g, call, x, filters, bias, w, padding, groups):
    inputs = [x, g.constant(filters), *([] if bias is None else [bias])]
    return g.emit(
        "Conv", inputs, (x.shape[0], filters.shape[0], *w.out), call.dtype, group=groups, strides=list(w.strides),
        dilations=list(w.dilations), kernel_shape=list(w.window), **_padding(w, padding),
    )  # fmt: skip


def _padding(w, padding):
    """The zeros around the input as attributes; those of unknown sizes are left to the runtime."""
    if padding == "valid":
        return {}
    if padding == "causal":
        return {"pads": [(k - 1) * d for k, d in zip(w.window, w.dilations)] + [0] * len(w.window)}
    return {"auto_pad": "SAME_UPPER"} if None in w.sizes else {"pads": [*w.low, *w.high]}


def _finished(g, call, out, w, activation):
    if activation == "relu":
        out = g.emit("Relu", [out], out.shape, out.dtype)
    return _restored(g, call, out, w)


def _channels_first(g, x, w):
    rank = len(x.shape)
    return x if w.channels_first else g.transpose(x, [0, rank - 1, *range(1, rank - 1)])


def _restored(g, call, x, w):
    rank = len(x.shape)
    out = x if w.channels_first else g.transpose(x, [0, *range(2, rank), 1])
    return Value(out.name, call.shape, call.dtype, out.array)
