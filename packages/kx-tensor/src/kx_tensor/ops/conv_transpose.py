"""Transposed convolutions: back through a convolution, from its results to its input."""

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.conv import convolution, kernel_fits
from kx_tensor.ops.conv_arrays import channels_last, convolve, input_gradient, kernel_gradient, restored
from kx_tensor.ops.conv_finish import before_finish, check_finish, finish, shape_of
from kx_tensor.ops.conv_windows import reach, split_shape, spreading
from kx_tensor.ops.indexes import get_item
from kx_tensor.ops.join import pad
from kx_tensor.ops.shape import expand_dims, flip, moveaxis, reshape, swapaxes
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _check(x_channels, kernel_shape, bias_shape, activation):
    made, taken = kernel_shape[-2:]
    if None not in (x_channels, taken) and x_channels != taken:
        raise ValueError(
            f"the input has {x_channels} channels, the kernel takes {taken}: its shape is (*window, filters, channels)."
        )
    check_finish(made, bias_shape, activation)


_WINDOW_PARAMETERS = ("strides", "padding", "output_padding", "data_format", "dilation_rate")


def _transposed_shape(shapes, params):
    x, kernel, *bias = shapes
    windows = spreading(x, kernel, *[params[name] for name in _WINDOW_PARAMETERS])
    channels = split_shape(x, windows.channels_first)[1]
    _check(channels, kernel, bias[0] if bias else None, params["activation"])
    return windows.shape(x[0], windows.sizes, kernel[-2])


def _transposed_twin(
    x, kernel, bias=None, *, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1,
    activation=None,
):  # fmt: skip
    """A convolution of the input with zeros between its positions, by the kernel turned around."""
    windows = spreading(x.shape, kernel.shape, strides, padding, output_padding, data_format, dilation_rate)
    x = moveaxis(x, 1, -1) if windows.channels_first else x
    rank = len(windows.out)
    for axis, (n, s) in enumerate(zip(windows.out, windows.strides), 1):
        wide = pad(
            expand_dims(x, axis + 1), ((0, 0),) * (axis + 1) + ((0, s - 1),) + ((0, 0),) * (rank + 1 - axis)
        )
        x = reshape(wide, (*x.shape[:axis], n * s, *x.shape[axis + 1 :]))
        x = get_item(x, (slice(None),) * axis + (slice(0, (n - 1) * s + 1),))
    ends = [
        (reach(k, d) - 1 - low, size - (n - 1) * s - 1 + low)
        for k, d, low, size, n, s in zip(
            windows.window, windows.dilations, windows.low, windows.sizes, windows.out, windows.strides
        )
    ]
    x = pad(x, ((0, 0), *ends, (0, 0)))
    kernel = swapaxes(flip(kernel, tuple(range(rank))), -1, -2)
    out = convolution(
        x, kernel, bias, data_format="channels_last", dilation_rate=windows.dilations, activation=activation
    )
    return moveaxis(out, -1, 1) if windows.channels_first else out


@primitive(shape=_transposed_shape, dtype=rules.promote, like=_transposed_twin)
def transposed_convolution(
    xp, x, kernel, bias=None, *, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1,
    activation=None,
):  # fmt: skip
    """Return activation(conv_transpose(x, kernel) + bias), with activation None or "relu".

    Shapes: x (batch, *sizes, channels), kernel (*window, filters, channels), bias (filters,)
    -> (batch, *sizes, filters). See `conv_transpose` for the other arguments.

    >>> transposed_convolution([[[1.0], [2.0]]], [[[1.0]], [[10.0]]], [-11.0], activation="relu").numpy()
    array([[[0.],
            [1.],
            [9.]]], dtype=float32)
    """
    windows = spreading(x.shape, kernel.shape, strides, padding, output_padding, data_format, dilation_rate)
    _check(split_shape(x.shape, windows.channels_first)[1], kernel.shape, shape_of(bias), activation)
    out = input_gradient(xp, channels_last(xp, widen(x), windows), widen(kernel), kernel.shape[-2], windows)
    return narrow(restored(xp, finish(xp, out, bias, activation), windows), x.dtype)


def _transposed_grads(
    xp, g, x, kernel, out, needs, strides, padding, output_padding, data_format, dilation_rate, activation
):
    windows = spreading(x.shape, kernel.shape, strides, padding, output_padding, data_format, dilation_rate)
    g = channels_last(xp, before_finish(g, out, activation), windows)
    x, kernel = channels_last(xp, widen(x), windows), widen(kernel)
    return (
        restored(xp, convolve(xp, g, kernel, windows), windows) if needs[0] else None,
        kernel_gradient(xp, g, x, kernel.shape, windows) if needs[1] else None,
        g.sum(axis=tuple(range(g.ndim - 1))) if needs[2] else None,
    )


transposed_convolution.vjp_joint(_transposed_grads)
transposed_convolution.cost = lambda x, kernel, bias=None: (
    2 * x.size * kernel.size // max(1, kernel.shape[-1])
)
transposed_convolution.cases = (
    case("2,4,3", "2,2,3"), case("1,3,2", "3,4,2", "4", strides=2, activation="relu"),
    case("1,3,2", "2,1,2", "1", strides=3, padding="same"), case("1,4,1", "1,2,1", strides=2, padding="same"),
    case("2,3,1", "3,2,1", dilation_rate=2), case("1,3,1", "4,2,1", strides=3, padding="same", output_padding=2),
    case("1,3,1", "3,1,1", strides=2, output_padding=1), case("1,2,3", "3,2,2", "2", data_format="channels_first"),
    case("1,3,2,2", "2,3,2,2", "2", strides=2, padding="same", activation="relu"),
    case("1,2,3,1", "3,2,2,1", strides=(2, 1), padding="same", output_padding=(1, 0)),
    case("1,2,2,3", "2,2,1,2", "1", strides=2, data_format="channels_first", activation="relu"),
    case("1,2,2,1,2", "2,1,2,2,2", "2", strides=(1, 2, 1)), case("0,3,2", "2,1,2"), case("1,1,1", "1,1,1", "1"),
    fails("2,4,3", "2,2,4", match="3 channels, the kernel takes 4"), fails("2,4,3", "2,2,3", "3", match="a bias"),
    fails("2,4,3", "2,2,3", padding="causal", match="padding must"), fails("2,4,3", "2,2,2,3", match="as many axes"),
    fails("2,4,3", "2,2,3", output_padding=-1, match="output_padding"),
    fails("2,4,3", "2,2,3", activation="tanh", match="activation must be"),
)  # fmt: skip


def conv_transpose(
    inputs, kernel, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1
):
    """Return what a convolution's gradient does with `inputs`: each position adds the kernel times itself to a window.

    out[n, i * strides - low + k * dilation_rate, f] += inputs[n, i, c] * kernel[k, f, c]

    Shapes: inputs (batch, *sizes, channels), kernel (*window, filters, channels) -> (batch, *sizes, filters); with
    data_format "channels_first" the channels come before the sizes. Positions per axis of the result, with width =
    (window - 1) * dilation_rate + 1: max(size * strides, (size - 1) * strides + width) for padding "valid",
    size * strides for "same"; with `output_padding` (size - 1) * strides + width + output_padding, for "same" less
    2 * (width // 2).

    >>> conv_transpose([[[1.0], [2.0]]], [[[1.0]], [[10.0]]], strides=2).numpy()
    array([[[ 1.],
            [10.],
            [ 2.],
            [20.]]], dtype=float32)
    """
    return transposed_convolution(
        inputs, kernel, None, strides=strides, padding=padding, output_padding=output_padding, data_format=data_format,
        dilation_rate=dilation_rate,
    )  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------


def _native_forward(
    x, kernel, bias, strides=1, padding="valid", output_padding=None, data_format=None, dilation_rate=1,
    activation=None,
):  # fmt: skip
    windows = spreading(x.shape, kernel.shape, strides, padding, output_padding, data_format, dilation_rate)
    _check(split_shape(x.shape, windows.channels_first)[1], kernel.shape, shape_of(bias), activation)
    out = kx_kernels.conv_transpose(
        widen(x), widen(kernel), None if bias is None else widen(bias),
        windows.spread_geometry, windows.channels_first, activation is not None,
    )  # fmt: skip
    return narrow(out, x.dtype)


def _native_backward(g, inputs, out, needs, params):
    x, kernel, _ = inputs
    full = {**transposed_convolution.statics, **params}
    windows = spreading(x.shape, kernel.shape, *[full[name] for name in _WINDOW_PARAMETERS])
    g = before_finish(g.astype("float32", copy=False), out, full["activation"])
    wide_kernel, gx, gkernel, gbias = widen(kernel), None, None, None
    if needs[0]:
        gx = kx_kernels.conv(g, wide_kernel, None, windows.geometry, windows.channels_first, False)
    if needs[1]:
        gkernel = kx_kernels.conv_grad(
            widen(x), g, wide_kernel, None, windows.geometry, windows.channels_first, False, True, False
        )[1]
    if needs[2]:
        gbias = g.sum(
            axis=tuple([a for a in range(g.ndim) if a != (1 if windows.channels_first else g.ndim - 1)])
        )
    return gx, gkernel, gbias


if kx_kernels is not None:
    transposed_convolution.kernel("native", _native_forward, _native_backward, kernel_fits)
