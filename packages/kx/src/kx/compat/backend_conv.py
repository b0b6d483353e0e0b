"""`keras.backend`: convolutions, pooling, padding, resizing."""

from kx_layers.locally_connected import local_convolution
from kx_tensor import config, ops

__all__ = [
    "conv1d", "conv2d", "conv3d", "conv2d_transpose", "depthwise_conv2d", "separable_conv2d", "local_conv1d",
    "local_conv2d", "pool2d", "pool3d", "temporal_padding", "spatial_2d_padding", "spatial_3d_padding",
    "resize_images", "resize_volumes",
]  # fmt: skip


def conv1d(x, kernel, strides=1, padding="valid", data_format=None, dilation_rate=1):
    """Return the convolution of sequences; `kx.ops.conv` says what it is.

    >>> conv1d(ops.ones((1, 3, 1)), ops.ones((2, 1, 1))).numpy().ravel()
    array([2., 2.], dtype=float32)
    """
    return ops.convolution(
        x, kernel, strides=strides, padding=padding, data_format=data_format, dilation_rate=dilation_rate
    )


def conv2d(x, kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)):
    """Return the convolution of images.

    >>> conv2d(ops.ones((1, 3, 3, 1)), ops.ones((3, 3, 1, 1))).numpy().ravel()
    array([9.], dtype=float32)
    """
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv3d(x, kernel, strides=(1, 1, 1), padding="valid", data_format=None, dilation_rate=(1, 1, 1)):
    """Return the convolution of volumes.

    >>> conv3d(ops.ones((1, 2, 2, 2, 1)), ops.ones((2, 2, 2, 1, 1))).numpy().ravel()
    array([8.], dtype=float32)
    """
    return ops.conv(x, kernel, strides, padding, data_format, dilation_rate)


def conv2d_transpose(
    x, kernel, output_shape, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)
):
    """Return the transposed convolution of images that has the given output shape, batch axis included.

    Shapes: x (batch, rows, columns, channels), kernel (rows, columns, filters, channels).

    >>> conv2d_transpose(ops.ones((1, 2, 2, 1)), ops.ones((2, 2, 1, 1)), (1, 3, 3, 1)).shape
    (1, 3, 3, 1)
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    strides = (strides, strides) if isinstance(strides, int) else tuple(strides)
    sizes = [n if isinstance(n, int) else None for n in (output_shape[2:] if first else output_shape[1:3])]
    inputs, windows = (x.shape[2:] if first else x.shape[1:3]), kernel.shape[:2]
    extra = None
    if None not in sizes and None not in inputs:
        less = [2 * (k // 2) if padding == "same" else 0 for k in windows]
        extra = tuple(
            n - ((m - 1) * s + k - cut) for n, m, s, k, cut in zip(sizes, inputs, strides, windows, less)
        )
    return ops.conv_transpose(x, kernel, strides, padding, extra, data_format, dilation_rate)


def depthwise_conv2d(
    x, depthwise_kernel, strides=(1, 1), padding="valid", data_format=None, dilation_rate=(1, 1)
):
    """Return the convolution of images in which each channel has its own kernels.

    >>> depthwise_conv2d(ops.ones((1, 2, 2, 3)), ops.ones((2, 2, 3, 1))).numpy().ravel()
    array([4., 4., 4.], dtype=float32)
    """
    return ops.depthwise_conv(x, depthwise_kernel, strides, padding, data_format, dilation_rate)


def separable_conv2d(
    x,
    depthwise_kernel,
    pointwise_kernel,
    strides=(1, 1),
    padding="valid",
    data_format=None,
    dilation_rate=(1, 1),
):
    """Return a depthwise convolution of images followed by a mixing of the channels.

    >>> separable_conv2d(ops.ones((1, 2, 2, 3)), ops.ones((2, 2, 3, 1)), ops.ones((1, 1, 3, 1))).numpy().ravel()
    array([12.], dtype=float32)
    """
    return ops.separable_conv(
        x, depthwise_kernel, pointwise_kernel, strides, padding, data_format, dilation_rate
    )


def local_conv1d(inputs, kernel, kernel_size, strides, data_format=None):
    """Return a convolution of sequences with a kernel of its own at each position.

    Shapes: inputs (batch, steps, channels), kernel (positions, size * channels, filters) -> (batch,
    positions, filters).

    >>> local_conv1d(ops.ones((1, 3, 1)), ops.ones((2, 2, 1)), (2,), (1,)).numpy().ravel()
    array([2., 2.], dtype=float32)
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    x = ops.moveaxis(inputs, 1, -1) if first else inputs
    out = local_convolution(x, kernel, kernel_size, strides, (kernel.shape[0],))
    return ops.moveaxis(out, -1, 1) if first else out


def local_conv2d(inputs, kernel, kernel_size, strides, output_shape, data_format=None):
    """Return a convolution of images with a kernel of its own at each position.

    Shapes: inputs (batch, rows, columns, channels), kernel (positions, window * channels, filters) -> (batch,
    *output_shape, filters).

    >>> local_conv2d(ops.ones((1, 3, 3, 1)), ops.ones((4, 4, 1)), (2, 2), (1, 1), (2, 2)).shape
    (1, 2, 2, 1)
    """
    first = config.standardize_data_format(data_format) == "channels_first"
    x = ops.moveaxis(inputs, 1, -1) if first else inputs
    out = local_convolution(x, kernel, kernel_size, strides, tuple(output_shape))
    return ops.moveaxis(out, -1, 1) if first else out


# ---- pooling, padding, resizing ------------------------------------------------------------------------------


def pool2d(x, pool_size, strides=(1, 1), padding="valid", data_format=None, pool_mode="max"):
    """Return the largest element ("max") or the mean ("avg") of each window of images.

    >>> pool2d(ops.ones((1, 2, 2, 1)), (2, 2), pool_mode="avg").shape
    (1, 1, 1, 1)
    """
    if pool_mode not in ("max", "avg"):
        raise ValueError(f"pool_mode must be 'max' or 'avg', got {pool_mode!r}.")
    pool = ops.max_pool if pool_mode == "max" else ops.average_pool
    return pool(x, pool_size=pool_size, strides=strides, padding=padding, data_format=data_format)


def pool3d(x, pool_size, strides=(1, 1, 1), padding="valid", data_format=None, pool_mode="max"):
    """Return the largest element ("max") or the mean ("avg") of each window of volumes.

    >>> pool3d(ops.ones((1, 2, 2, 2, 1)), (2, 2, 2)).shape
    (1, 1, 1, 1, 1)
    """
    return pool2d(x, pool_size, strides, padding, data_format, pool_mode)


def temporal_padding(x, padding=(1, 1)):
    """Return sequences with zeros before and after the steps.

    >>> temporal_padding(ops.ones((1, 2, 1)), (1, 0)).numpy().ravel()
    array([0., 1., 1.], dtype=float32)
    """
    return ops.pad(x, ((0, 0), tuple(padding), (0, 0)))


def spatial_2d_padding(x, padding=((1, 1), (1, 1)), data_format=None):
    """Return images with zeros around them.

    >>> spatial_2d_padding(ops.ones((1, 2, 2, 1))).shape
    (1, 4, 4, 1)
    """
    return ops.pad(x, _around(padding, data_format))


def spatial_3d_padding(x, padding=((1, 1), (1, 1), (1, 1)), data_format=None):
    """Return volumes with zeros around them.

    >>> spatial_3d_padding(ops.ones((1, 2, 2, 2, 1))).shape
    (1, 4, 4, 4, 1)
    """
    return ops.pad(x, _around(padding, data_format))


def _around(padding, data_format):
    inner = tuple(tuple(p) for p in padding)
    if config.standardize_data_format(data_format) == "channels_first":
        return ((0, 0), (0, 0), *inner)
    return ((0, 0), *inner, (0, 0))


def resize_images(x, height_factor, width_factor, data_format, interpolation="nearest"):
    """Return images larger by whole factors: each element repeated ("nearest"), or "bilinear".

    >>> resize_images(ops.ones((1, 2, 2, 1)), 2, 3, "channels_last").shape
    (1, 4, 6, 1)
    """
    if interpolation != "nearest":
        return _interpolated(x, (height_factor, width_factor), data_format, interpolation)
    return _repeated(x, (height_factor, width_factor), data_format)


def resize_volumes(x, depth_factor, height_factor, width_factor, data_format):
    """Return volumes larger by whole factors, each element repeated.

    >>> resize_volumes(ops.ones((1, 1, 2, 2, 1)), 2, 2, 3, "channels_last").shape
    (1, 2, 4, 6, 1)
    """
    return _repeated(x, (depth_factor, height_factor, width_factor), data_format)


def _repeated(x, factors, data_format):
    axis = 2 if config.standardize_data_format(data_format) == "channels_first" else 1
    for i, factor in enumerate(factors):
        x = ops.repeat(x, factor, axis=axis + i)
    return x


def _interpolated(x, factors, data_format, interpolation):
    if interpolation != "bilinear":
        raise ValueError(f"interpolation must be 'nearest' or 'bilinear', got {interpolation!r}.")
    axis = 2 if config.standardize_data_format(data_format) == "channels_first" else 1
    for i, factor in enumerate(factors):
        x = _bilinear(x, factor, axis + i)
    return x


def _bilinear(x, factor, axis):
    """Linear interpolation along one axis, the centres of the elements in line."""
    size = x.shape[axis]
    places = ops.clip((ops.arange(size * factor, dtype="float32") + 0.5) / factor - 0.5, 0.0, size - 1)
    low = ops.cast(ops.floor(places), "int32")
    high = ops.minimum(low + 1, size - 1)
    shape = [-1 if i == axis else 1 for i in range(len(x.shape))]
    part = ops.reshape(ops.cast(places - ops.cast(low, "float32"), x.dtype), shape)
    return ops.take(x, low, axis=axis) * (1.0 - part) + ops.take(x, high, axis=axis) * part
