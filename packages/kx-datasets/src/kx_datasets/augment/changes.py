"""Single changes of an image, drawn at random: turned, moved, slanted, stretched, recoloured."""

import numpy as np

from kx_datasets.augment.affine import apply_affine_transform
from kx_datasets.images import array_to_img, img_to_array, pillow


def random_rotation(
    x, rg, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """Return an image turned by up to `rg` degrees to either side; the other arguments are `apply_affine_transform`'s.

    >>> random_rotation(np.ones((3, 4, 4)), 30).shape
    (3, 4, 4)
    """
    theta = np.random.uniform(-rg, rg)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, theta, 0, 0, 0, 1, 1, *axes)


def random_shift(
    x, wrg, hrg, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """Return an image moved by up to the parts `wrg` of its width and `hrg` of its height, in either direction.

    As in Keras, the share of the height goes along `col_axis` and that of the width along `row_axis`.

    >>> random_shift(np.ones((3, 4, 4)), 0.2, 0.5).shape
    (3, 4, 4)
    """
    tx = np.random.uniform(-hrg, hrg) * x.shape[row_axis]
    ty = np.random.uniform(-wrg, wrg) * x.shape[col_axis]
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, tx, ty, 0, 1, 1, *axes)


def random_shear(
    x, intensity, row_axis=1, col_axis=2, channel_axis=0, fill_mode="nearest", cval=0.0, interpolation_order=1
):
    """Return an image slanted by up to `intensity` degrees to either side.

    >>> random_shear(np.ones((3, 4, 4)), 10).shape
    (3, 4, 4)
    """
    shear = np.random.uniform(-intensity, intensity)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, shear, 1, 1, *axes)


def random_zoom(
    x,
    zoom_range,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    interpolation_order=1,
):
    """Return an image stretched, by two factors from `zoom_range`, (lowest, highest); below 1 things grow.

    Errors: ValueError for a `zoom_range` of another length.

    >>> random_zoom(np.ones((3, 4, 4)), (0.5, 2.0)).shape
    (3, 4, 4)
    """
    if len(zoom_range) != 2:
        raise ValueError(f"`zoom_range` should be a tuple or list of two floats. Received: {zoom_range}")
    zx, zy = draw_zoom(zoom_range)
    axes = (row_axis, col_axis, channel_axis, fill_mode, cval, interpolation_order)
    return apply_affine_transform(x, 0, 0, 0, 0, zx, zy, *axes)


def draw_zoom(zoom_range):
    """Return two random factors; (1, 1) draws no random numbers.

    >>> draw_zoom((1, 1))
    (1, 1)
    """
    return (1, 1) if tuple(zoom_range) == (1, 1) else np.random.uniform(*zoom_range, 2)


def apply_channel_shift(x, intensity, channel_axis=0):
    """Return an image with `intensity` added, cut off at the smallest and largest value that it had.

    >>> apply_channel_shift(np.array([[[0.0, 5.0, 9.0]]]), 3.0).tolist()
    [[[3.0, 8.0, 9.0]]]
    """
    return np.clip(x + np.asarray(intensity, x.dtype), x.min(), x.max())


def random_channel_shift(x, intensity_range, channel_axis=0):
    """Return an image with a random number of up to `intensity_range` to either side added.

    >>> random_channel_shift(np.ones((3, 4, 4)), 20.0).shape
    (3, 4, 4)
    """
    return apply_channel_shift(x, np.random.uniform(-intensity_range, intensity_range), channel_axis)


def apply_brightness_shift(x, brightness, scale=True):
    """Return an image, channels last, times `brightness`, in whole steps of 0 to 255 and cut off there; needs Pillow.

    `scale` stretches its values to 0 to 255 first; without it that is done, and undone afterwards, only with values
    outside of that range. Shapes: (height, width, channels), float32.

    >>> apply_brightness_shift(np.array([[[0.0], [100.0], [200.0]]]), 1.5, scale=False).ravel().tolist()
    [0.0, 150.0, 255.0]
    """
    pillow()  # says how to install it
    from PIL import ImageEnhance

    low, high = np.min(x), np.max(x)
    outside = bool(low < 0 or high > 255)
    img = ImageEnhance.Brightness(array_to_img(x, scale=outside or scale)).enhance(brightness)
    out = img_to_array(img)
    return out / 255 * (high - low) + low if outside and not scale else out


def random_brightness(x, brightness_range, scale=True):
    """Return an image times a random number from `brightness_range`, as `apply_brightness_shift` does.

    Errors: ValueError for a `brightness_range` of another length.

    >>> random_brightness(np.ones((4, 4, 3)), (0.5, 1.5)).shape
    (4, 4, 3)
    """
    if len(brightness_range) != 2:
        raise ValueError(
            f"`brightness_range should be tuple or list of two floats. Received: {brightness_range}"
        )
    return apply_brightness_shift(x, np.random.uniform(*brightness_range), scale)
