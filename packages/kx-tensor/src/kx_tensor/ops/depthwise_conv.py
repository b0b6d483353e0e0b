"""Depthwise convolutions: every channel with kernels of its own; and those followed by a mixing of the channels."""

import math

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.conv import WINDOW_PARAMETERS, conv, convolution, kernel_fits
from kx_tensor.ops.conv_arrays import channels_last, padded_input, restored
from kx_tensor.ops.conv_finish import before_finish, check_finish, finish, shape_of
from kx_tensor.ops.conv_windows import sliding, split_shape
from kx_tensor.ops.shape import reshape
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _check(x_channels, kernel_shape, bias_shape, activation):
    channels, multiplier = kernel_shape[-2:]
    if None not in (x_channels, channels) and x_channels != channels:
        raise ValueError(
            f"the input has {x_channels} channels, the kernel {channels}: its shape is (*window, channels, multiplier)."
        )
    check_finish(None if None in (channels, multiplier) else channels * multiplier, bias_shape, activation)


def _depthwise_shape(shapes, params):
    x, kernel, *bias = shapes
    windows = sliding(x, kernel, *[params[name] for name in WINDOW_PARAMETERS])
    _check(split_shape(x, windows.channels_first)[1], kernel, bias[0] if bias else None, params["activation"])
    return windows.shape(x[0], windows.out, None if None in kernel[-2:] else kernel[-2] * kernel[-1])


def _depthwise_twin(x, kernel, bias=None, **params):
    *window, channels, multiplier = kernel.shape
    return convolution(x, reshape(kernel, (*window, 1, channels * multiplier)), bias, **params)


def _repeated(xp, x, multiplier):
    """x with each channel as often as it has kernels."""
    return x if multiplier == 1 else xp.repeat(x, multiplier, axis=-1)


def _flat(kernel):
    """The kernel as (*window, channels * multiplier)."""
    return kernel.reshape(*kernel.shape[:-2], -1)


@primitive(shape=_depthwise_shape, dtype=rules.promote, like=_depthwise_twin)
def depthwise_convolution(
    xp,
    x,
    kernel,
    bias=None,
    *,
    strides=1,
    padding="valid",
    data_format=None,
    dilation_rate=1,
    activation=None,
):
    """Return activation(depthwise_conv(x, kernel) + bias), with activation None or "relu".

    Shapes: x (batch, *sizes, channels), kernel (*window, channels, multiplier), bias (channels * multiplier,)
    -> (batch, *sizes, channels * multiplier). See `depthwise_conv` for the other arguments.

    >>> x, kernel = [[[1.0, 1.0], [2.0, 3.0]]], [[[1.0], [2.0]], [[-1.0], [1.0]]]
    >>> depthwise_convolution(x, kernel, [0.5, 0.5], activation="relu").numpy()
    array([[[0. , 5.5]]], dtype=float32)
    """
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    _check(split_shape(x.shape, windows.channels_first)[1], kernel.shape, shape_of(bias), activation)
    weights = _flat(widen(kernel))
    wide = padded_input(xp, _repeated(xp, channels_last(xp, widen(x), windows), kernel.shape[-1]), windows)
    out = xp.zeros((x.shape[0], *windows.out, weights.shape[-1]), wide.dtype)
    for place, read in windows.taps():
        out += wide[(slice(None), *read)] * weights[place]
    return narrow(restored(xp, finish(xp, out, bias, activation), windows), x.dtype)


def _depthwise_grads(xp, g, x, kernel, out, needs, strides, padding, data_format, dilation_rate, activation):
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    g = channels_last(xp, before_finish(g, out, activation), windows)
    weights, multiplier = _flat(widen(kernel)), kernel.shape[-1]
    summed = tuple(range(g.ndim - 1))
    gx = gkernel = None
    if needs[0]:
        wide = xp.zeros((g.shape[0], *windows.padded, g.shape[-1]), g.dtype)
        for place, read in windows.taps():
            wide[(slice(None), *read)] += g * weights[place]
        gx = wide[(slice(None), *windows.inner())]
        if multiplier > 1:
            gx = gx.reshape(*gx.shape[:-1], kernel.shape[-2], multiplier).sum(axis=-1)
        gx = restored(xp, gx, windows)
    if needs[1]:
        wide = padded_input(xp, _repeated(xp, channels_last(xp, widen(x), windows), multiplier), windows)
        gkernel = xp.stack([(wide[(slice(None), *read)] * g).sum(axis=summed) for _, read in windows.taps()])
        gkernel = gkernel.reshape(kernel.shape)
    return gx, gkernel, g.sum(axis=summed) if needs[2] else None


depthwise_convolution.vjp_joint(_depthwise_grads)
depthwise_convolution.cost = lambda x, kernel, bias=None, **params: (
    2 * math.prod(kernel.shape[:-2])
    * math.prod(_depthwise_shape([x.shape, kernel.shape], depthwise_convolution.statics | params))
)  # fmt: skip
depthwise_convolution.cases = (
    case("2,5,3", "2,3,1"), case("1,5,2", "3,2,2", "4", padding="same", activation="relu"),
    case("1,6,2", "3,2,1", "2", padding="causal", dilation_rate=2), case("1,4,4,3", "3,3,3,1", "3", activation="relu"),
    case("1,5,6,2", "3,2,2,1", strides=2, padding="same"), case("1,5,5,1", "2,2,1,3", "3", strides=(1, 3)),
    case("1,2,5,3", "2,2,2,2", "4", data_format="channels_first", padding="same"), case("1,1,1,1", "1,1,1,1", "1"),
    case("1,5,5,2", "2,2,2,1", dilation_rate=(2, 1), activation="relu"), case("0,4,2", "2,2,1"),
    case("1,3,2,3,2", "2,1,2,2,1", "2"),
    fails("1,5,3", "2,2,1", match="3 channels, the kernel 2"), fails("1,5,3", "2,3,2", "3", match=r"shape \(6,\)"),
    fails("1,5,3", "6,3,1", match="does not fit"), fails("1,5,3", "2,3,1", activation="elu", match="activation must"),
)  # fmt: skip


def depthwise_conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Return a convolution in which every channel has `multiplier` kernels of its own.

    out[n, i, c * multiplier + m] = sum over k of inputs[n, i * strides - low + k * dilation_rate, c] * kernel[k, c, m]

    Shapes: inputs (batch, *sizes, channels), kernel (*window, channels, multiplier) -> (batch, *sizes, channels *
    multiplier); the other arguments as in `conv`.

    >>> depthwise_conv([[[1.0, 1.0], [2.0, 3.0]]], [[[1.0], [2.0]], [[1.0], [1.0]]]).numpy()
    array([[[3., 5.]]], dtype=float32)
    """
    return depthwise_convolution(
        inputs,
        kernel,
        None,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )


def separable_conv(
    inputs, depthwise_kernel, pointwise_kernel, strides=1, padding="valid", data_format=None, dilation_rate=1
):
    """Return a depthwise convolution followed by a mixing of its channels at each position.

    Shapes: inputs (batch, *sizes, channels), depthwise_kernel (*window, channels, multiplier), pointwise_kernel
    (1, ..., 1, channels * multiplier, filters) -> (batch, *sizes, filters); the other arguments as in `conv`.

    >>> x, depthwise = [[[1.0, 1.0], [2.0, 3.0]]], [[[1.0], [2.0]], [[1.0], [1.0]]]
    >>> separable_conv(x, depthwise, [[[1.0], [10.0]]]).numpy()
    array([[[53.]]], dtype=float32)
    """
    deep = depthwise_conv(inputs, depthwise_kernel, strides, padding, data_format, dilation_rate)
    return conv(deep, pointwise_kernel, 1, "same", data_format)


# ---- kernels ---------------------------------------------------------------------------------------------------

# To the kernels this is a convolution in as many groups as there are channels, each of them repeated if it has several
# kernels.


def _grouped(x, kernel, windows):
    axis, multiplier = 1 if windows.channels_first else -1, kernel.shape[-1]
    x, weights = widen(x), widen(kernel).reshape(*windows.window, 1, -1)
    return (x if multiplier == 1 else np.repeat(x, multiplier, axis=axis)), weights


def _native_forward(
    x, kernel, bias, strides=1, padding="valid", data_format=None, dilation_rate=1, activation=None
):
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    _check(split_shape(x.shape, windows.channels_first)[1], kernel.shape, shape_of(bias), activation)
    out = kx_kernels.conv(
        *_grouped(x, kernel, windows), None if bias is None else widen(bias),
        windows.geometry, windows.channels_first, activation is not None,
    )  # fmt: skip
    return narrow(out, x.dtype)


def _native_backward(g, inputs, out, needs, params):
    x, kernel, _ = inputs
    full = {**depthwise_convolution.statics, **params}
    windows = sliding(x.shape, kernel.shape, *[full[name] for name in WINDOW_PARAMETERS])
    gate = widen(out) if full["activation"] else None
    gx, gkernel, gbias = kx_kernels.conv_grad(
        g.astype("float32", copy=False), *_grouped(x, kernel, windows), gate,
        windows.geometry, windows.channels_first, *needs,
    )  # fmt: skip
    multiplier = kernel.shape[-1]
    if gx is not None and multiplier > 1:
        axis = 1 if windows.channels_first else gx.ndim - 1
        gx = gx.reshape(*gx.shape[:axis], -1, multiplier, *gx.shape[axis + 1 :]).sum(axis=axis + 1)
    return gx, None if gkernel is None else gkernel.reshape(kernel.shape), gbias


if kx_kernels is not None:
    depthwise_convolution.kernel("native", _native_forward, _native_backward, kernel_fits)
