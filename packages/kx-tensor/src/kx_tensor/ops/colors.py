"""Colors of images: grey, and hue, saturation and value."""

from kx_tensor import dtypes
from kx_tensor.ops.casting import cast
from kx_tensor.ops.image_size import as_images
from kx_tensor.ops.indexes import get_item
from kx_tensor.ops.join import concatenate
from kx_tensor.ops.reduce import max as maximum_of
from kx_tensor.ops.reduce import min as minimum_of
from kx_tensor.ops.select import clip, where
from kx_tensor.ops.unary import abs as absolute

# ITU-R BT.601, as Keras rounds them.
_LUMA = (0.2989, 0.587, 0.114)


def _colors(images, axis):
    """The red, green and blue (or hue, saturation, value) parts, each with a channel axis of 1."""
    if images.shape[axis] not in (3, None):
        raise ValueError(
            f"expected 3 channels in axis {axis}, got images of shape {tuple(images.shape)}; see `data_format`."
        )
    lead = (slice(None),) * axis
    return [get_item(images, (*lead, slice(i, i + 1))) for i in range(3)]


def rgb_to_grayscale(images, data_format=None):
    """Return 0.2989 red + 0.587 green + 0.114 blue as the one channel of images, in their dtype.

    >>> rgb_to_grayscale([[[1.0, 1.0, 1.0]]]).numpy().round(4)
    array([[[0.9999]]], dtype=float32)
    """
    images, _, _, axis = as_images(images, data_format)
    if images.shape[axis] not in (1, 3, None):
        raise ValueError(
            "Invalid channel size: expected 3 (RGB) or 1 (Grayscale). Received input with shape: "
            f"images.shape={tuple(images.shape)}"
        )
    if images.shape[axis] == 1:
        return images
    real = cast(images, dtypes.result_type(images.dtype, float))
    red, green, blue = (part * weight for part, weight in zip(_colors(real, axis), _LUMA))
    return cast(red + green + blue, images.dtype)


def _check_real(images):
    if not dtypes.is_float_dtype(images.dtype):
        raise ValueError(f"Invalid images dtype: expected float dtype. Received: images.dtype={images.dtype}")


def rgb_to_hsv(images, data_format=None):
    """Return the hue, saturation and value of images whose red, green and blue lie in [0, 1]; so do the results.

    >>> rgb_to_hsv([[[0.0, 1.0, 0.5]]]).numpy().round(4)
    array([[[0.4167, 1.    , 1.    ]]], dtype=float32)
    """
    images, _, _, axis = as_images(images, data_format)
    _check_real(images)
    red, green, blue = _colors(images, axis)
    value = maximum_of(images, axis=axis, keepdims=True)
    spread = value - minimum_of(images, axis=axis, keepdims=True)
    saturation = where(value > 0, spread / where(value > 0, value, 1.0), 0.0)
    unit = 1.0 / (6.0 * where(spread > 0, spread, 1.0))
    from_green = where(green == value, unit * (blue - red) + 2.0 / 6.0, unit * (red - green) + 4.0 / 6.0)
    hue = where(red == value, unit * (green - blue), from_green)
    hue = where(spread > 0, where(hue < 0, hue + 1.0, hue), 0.0)
    return concatenate([hue, saturation, value], axis=axis)


def hsv_to_rgb(images, data_format=None):
    """Return the red, green and blue of images that hold hue, saturation and value in [0, 1].

    >>> hsv_to_rgb([[[0.5, 1.0, 1.0]]]).numpy()
    array([[[0., 1., 1.]]], dtype=float32)
    """
    images, _, _, axis = as_images(images, data_format)
    _check_real(images)
    hue, saturation, value = _colors(images, axis)
    sixth = hue * 6.0
    pure = [absolute(sixth - 3.0) - 1.0, 2.0 - absolute(sixth - 2.0), 2.0 - absolute(sixth - 4.0)]
    parts = [value * (1.0 - saturation + saturation * clip(p, 0.0, 1.0)) for p in pure]
    return concatenate(parts, axis=axis)
