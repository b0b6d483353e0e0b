"""Convolutions over one, two or three axes of positions, fused with a bias and a relu."""

import math

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.conv_arrays import channels_last, convolve, input_gradient, kernel_gradient, restored
from kx_tensor.ops.conv_finish import before_finish, check_finish, composed_finish, finish, shape_of
from kx_tensor.ops.conv_windows import sliding, split_shape
from kx_tensor.ops.indexes import take
from kx_tensor.ops.join import pad
from kx_tensor.ops.matrix import matmul
from kx_tensor.ops.shape import moveaxis, reshape, transpose
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive

WINDOW_PARAMETERS = ("strides", "padding", "data_format", "dilation_rate")


def _check(channels, kernel_shape, bias_shape, activation):
    own, filters = kernel_shape[-2:]
    if None not in (channels, own) and (own == 0 or channels % own):
        raise ValueError(
            f"the input has {channels} channels, no multiple of the {own} that the kernel takes: its shape is "
            f"(*window, channels / groups, filters)."
        )
    if None not in (channels, own, filters) and channels and filters % (channels // own):
        raise ValueError(f"{filters} filters can't be split into {channels // own} groups.")
    check_finish(filters, bias_shape, activation)


def _conv_shape(shapes, params):
    x, kernel, *bias = shapes
    windows = sliding(x, kernel, *[params[name] for name in WINDOW_PARAMETERS])
    _check(split_shape(x, windows.channels_first)[1], kernel, bias[0] if bias else None, params["activation"])
    return windows.shape(x[0], windows.out, kernel[-1])


def _conv_twin(
    x, kernel, bias=None, *, strides=1, padding="valid", data_format=None, dilation_rate=1, activation=None
):
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    x = moveaxis(x, 1, -1) if windows.channels_first else x
    batch, channels, filters = x.shape[0], x.shape[-1], kernel.shape[-1]
    groups, depth = channels // kernel.shape[-2], math.prod(kernel.shape[:-1])
    x = pad(x, pad_width=((0, 0), *zip(windows.low, windows.high), (0, 0)))
    x = reshape(x, (batch, math.prod(windows.padded), channels))
    x = take(x, windows.indices(), axis=1)  # (batch, places, window, channels)
    places, size = x.shape[1:3]
    x = transpose(reshape(x, (batch, places, size, groups, channels // groups)), (0, 3, 1, 2, 4))
    kernel = transpose(reshape(kernel, (depth, groups, filters // groups)), (1, 0, 2))
    out = matmul(reshape(x, (batch, groups, places, depth)), kernel)
    out = reshape(transpose(out, (0, 2, 1, 3)), (batch, *windows.out, filters))
    out = composed_finish(out, bias, activation)
    return moveaxis(out, -1, 1) if windows.channels_first else out


@primitive(shape=_conv_shape, dtype=rules.promote, like=_conv_twin)
def convolution(
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
    """Return activation(conv(x, kernel) + bias), with activation None or "relu".

    Shapes: x (batch, *sizes, channels), kernel (*window, channels / groups, filters), bias (filters,)
    -> (batch, *sizes, filters). See `conv` for the other arguments.

    >>> x, kernel = [[[1.0], [2.0], [4.0]]], [[[1.0]], [[-1.0]]]
    >>> convolution(x, kernel, [1.5], activation="relu").numpy()
    array([[[0.5],
            [0. ]]], dtype=float32)
    """
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    _check(split_shape(x.shape, windows.channels_first)[1], kernel.shape, shape_of(bias), activation)
    out = convolve(xp, channels_last(xp, widen(x), windows), widen(kernel), windows)
    return narrow(restored(xp, finish(xp, out, bias, activation), windows), x.dtype)


def _conv_grads(xp, g, x, kernel, out, needs, strides, padding, data_format, dilation_rate, activation):
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    g = channels_last(xp, before_finish(g, out, activation), windows)
    x, kernel = channels_last(xp, widen(x), windows), widen(kernel)
    gx = input_gradient(xp, g, kernel, x.shape[-1], windows) if needs[0] else None
    return (
        restored(xp, gx, windows) if needs[0] else None,
        kernel_gradient(xp, x, g, kernel.shape, windows) if needs[1] else None,
        g.sum(axis=tuple(range(g.ndim - 1))) if needs[2] else None,
    )


convolution.vjp_joint(_conv_grads)
convolution.cost = lambda x, kernel, bias=None, **params: (
    2
    * math.prod(kernel.shape[:-1])
    * math.prod(_conv_shape([x.shape, kernel.shape], convolution.statics | params))
)
convolution.cases = (
    case("2,5,3", "2,3,4"), case("2,5,3", "2,3,4", "4", activation="relu"), case("1,6,2", "3,2,1", padding="causal"),
    case("1,7,2", "2,2,3", "3", strides=2, padding="same"), case("2,6,1", "3,1,2", dilation_rate=2),
    case("1,2,7", "3,2,3", "3", data_format="channels_first", padding="causal", dilation_rate=2),
    case("2,4,4,2", "3,3,2,3", "3", activation="relu"), case("1,5,4,2", "3,2,2,2", "2", padding="same"),
    case("1,5,6,2", "2,3,2,2", strides=(2, 3), padding="same"), case("2,3,3,1", "1,1,1,3", "3", strides=2),
    case("1,3,4,4", "2,2,3,2", "2", data_format="channels_first", activation="relu"),
    case("1,4,4,4", "2,2,2,6", "6", activation="relu"), case("1,5,3,2", "2,2,1,4", padding="same", dilation_rate=2),
    case("1,6,3,3", "3,1,1,3", "3", strides=2, dilation_rate=2, padding="same"), case("1,1,1,2", "1,1,2,3"),
    case("0,4,4,1", "2,2,1,2", "2"), case("1,3,3,3,2", "2,2,2,2,2", "2", activation="relu"),
    case("1,2,3,4,1", "2,1,3,1,2", strides=(1, 2, 1), padding="same"),
    fails("2,4,4,3", "3,3,2,4", match="3 channels, no multiple"), fails("2,4,4,4", "3,3,2,3", match="2 groups"),
    fails("2,4,4,1", "5,3,1,2", match="does not fit an input with 4"), fails("2,4", "3,4", match="at least 3"),
    fails("2,4,1", "2,2,1,2", match="as many axes"), fails("2,4,1", "2,1,2", strides=0, match="strides"),
    fails("2,4,4,1", "2,2,1,2", padding="causal", match="padding must be one of 'valid', 'same'"),
    fails("2,4,1", "2,1,2", "3", match=r"shape \(2,\)"), fails("2,4,1", "2,1,2", activation="tanh", match="activation"),
)  # fmt: skip


def conv(inputs, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Return the sums of products of a kernel and the windows of `inputs`, over 1, 2 or 3 axes of positions.

    out[n, i, f] = sum over k, c of inputs[n, i * strides - low + k * dilation_rate, c] * kernel[k, c, f]

    Shapes: inputs (batch, *sizes, channels), kernel (*window, channels / groups, filters) -> (batch, *sizes, filters);
    with data_format "channels_first" the channels come before the sizes. Fewer channels in the kernel make groups,
    each with its part of the channels and of the filters. `padding`: "valid" reads inside the inputs only; "same"
    adds zeros on both sides so that the result has ceil(size / strides) positions; "causal", for one axis, before the
    first position. Raises ValueError where no window fits.

    >>> x = [[[1.0], [2.0], [4.0]]]
    >>> conv(x, [[[1.0]], [[10.0]]], padding="same").numpy()
    array([[[21.],
            [42.],
            [ 4.]]], dtype=float32)
    """
    return convolution(
        inputs,
        kernel,
        None,
        strides=strides,
        padding=padding,
        data_format=data_format,
        dilation_rate=dilation_rate,
    )


# ---- kernels ---------------------------------------------------------------------------------------------------


def kernel_fits(x, kernel, bias, **params):
    """Whether the kernels take arrays like these: half precision goes in and out as float32."""
    dtype = x.dtype
    return dtype.itemsize <= 4 and dtype.kind in "fV" and 3 <= x.ndim <= 5 and x.size > 0 and kernel.size > 0


def _native_forward(
    x, kernel, bias, strides=1, padding="valid", data_format=None, dilation_rate=1, activation=None
):
    windows = sliding(x.shape, kernel.shape, strides, padding, data_format, dilation_rate)
    _check(split_shape(x.shape, windows.channels_first)[1], kernel.shape, shape_of(bias), activation)
    out = kx_kernels.conv(
        widen(x), widen(kernel), None if bias is None else widen(bias),
        windows.geometry, windows.channels_first, activation is not None,
    )  # fmt: skip
    return narrow(out, x.dtype)


def _native_backward(g, inputs, out, needs, params):
    x, kernel, _ = inputs
    full = {**convolution.statics, **params}
    windows = sliding(x.shape, kernel.shape, *[full[name] for name in WINDOW_PARAMETERS])
    gate = widen(out) if full["activation"] else None
    return kx_kernels.conv_grad(
        g.astype("float32", copy=False), widen(x), widen(kernel), gate,
        windows.geometry, windows.channels_first, *needs,
    )  # fmt: skip


if kx_kernels is not None:
    convolution.kernel("native", _native_forward, _native_backward, kernel_fits)
