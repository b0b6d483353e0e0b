"""Images made larger and smaller: resized, cropped, padded, cut into patches."""

import math

from kx_tensor import dtypes
from kx_tensor.config import standardize_data_format
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.conv_windows import as_key, per_axis, sliding
from kx_tensor.ops.indexes import get_item
from kx_tensor.ops.join import concatenate, pad
from kx_tensor.ops.resample import resample
from kx_tensor.ops.select import saturate_cast
from kx_tensor.ops.shape import expand_dims, squeeze
from kx_tensor.ops.unary import round as rounded
from kx_tensor.symbolic import record_call

INTERPOLATIONS = ("bilinear", "nearest", "lanczos3", "lanczos5", "bicubic")


def as_images(images, data_format=None):
    """Return (tensor, the axis of rows, that of columns, that of channels) of one image or a batch of them.

    >>> as_images([[[1.0, 2.0]]])[1:]
    (0, 1, 2)
    """
    images = convert_to_tensor(images)
    rank = len(images.shape)
    if rank not in (3, 4):
        raise ValueError(
            "Invalid images rank: expected rank 3 (single image) or rank 4 (batch of images). Received input with "
            f"shape: images.shape={tuple(images.shape)}"
        )
    if standardize_data_format(data_format) == "channels_first":
        return images, rank - 2, rank - 1, rank - 3
    return images, rank - 3, rank - 2, rank - 1


# ---- resizing ------------------------------------------------------------------------------------------------


def resize(
    images,
    size,
    interpolation="bilinear",
    antialias=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    fill_mode="constant",
    fill_value=0.0,
    data_format=None,
):
    """Return images of `size` (rows, columns), in the dtype of `images`; integers are rounded, and limited.

    Shapes: (rows, columns, channels) or (batch, rows, columns, channels), channels before rows with data_format
    "channels_first". `interpolation`: "nearest", "bilinear", "bicubic", "lanczos3", "lanczos5"; `antialias` widens them
    where an image gets smaller, so that each pixel counts. With `crop_to_aspect_ratio` what is too long is cut off
    around the middle first; with `pad_to_aspect_ratio` what is too short is filled with `fill_value`.

    >>> resize([[[0.0], [4.0]]], (1, 4)).numpy().ravel()
    array([0., 1., 3., 4.], dtype=float32)
    """
    if len(size) != 2:
        raise ValueError(f"Expected `size` to be a tuple of 2 integers. Received: size={size}")
    height, width = (int(n) if n == int(n) else n for n in size)
    if not isinstance(height, int) or not isinstance(width, int) or height < 1 or width < 1:
        raise ValueError(f"`size` must have positive integers for height and width. Received: size={size}")
    if interpolation not in INTERPOLATIONS:
        raise ValueError(
            "Invalid value for argument `interpolation`. Expected one of "
            f"{INTERPOLATIONS}. Received: interpolation={interpolation}"
        )
    if fill_mode != "constant":
        raise ValueError(
            "Invalid value for argument `fill_mode`. Only `'constant'` is supported. Received: "
            f"fill_mode={fill_mode}"
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio` & `crop_to_aspect_ratio` can be `True`.")
    images, rows, columns, _ = as_images(images, data_format)
    sizes = images.shape[rows], images.shape[columns]
    if (crop_to_aspect_ratio or pad_to_aspect_ratio) and None in sizes:
        shape = list(images.shape)
        shape[rows], shape[columns] = height, width
        options = {
            "interpolation": interpolation, "antialias": antialias, "fill_value": fill_value,
            "crop_to_aspect_ratio": crop_to_aspect_ratio, "pad_to_aspect_ratio": pad_to_aspect_ratio,
            "data_format": standardize_data_format(data_format),
        }  # fmt: skip
        return record_call(resize, (images, (height, width)), options, [(tuple(shape), images.dtype)])[0]
    if crop_to_aspect_ratio:
        whole = _of_ratio(sizes, (height, width), min)
        key = [slice(None)] * len(images.shape)
        for axis, old, new in zip((rows, columns), sizes, whole):
            start = (old - new) // 2
            key[axis] = slice(start, start + new)
        images = get_item(images, tuple(key))
    elif pad_to_aspect_ratio:
        whole = _of_ratio(sizes, (height, width), max)
        around = [(0, 0)] * len(images.shape)
        for axis, old, new in zip((rows, columns), sizes, whole):
            around[axis] = ((new - old) // 2,) * 2  # as Keras: an odd rest is not filled, but stretched
        images = pad(images, tuple(around), constant_values=fill_value)
    return _resized(images, (rows, columns), (height, width), interpolation, antialias)


def _of_ratio(sizes, target, choose):
    """(rows, columns) in the ratio of `target`: `choose` is min to fit into `sizes`, max to hold them."""
    (height, width), (rows, columns) = sizes, target
    return choose(height, int(width * rows / columns)), choose(width, int(height * columns / rows))


def _resized(images, axes, sizes, interpolation, antialias):
    dtype = images.dtype
    exact = dtypes.is_float_dtype(dtype)
    out = images if exact else cast(images, "float32")
    for axis, size in zip(axes, sizes):
        if images.shape[axis] != size:
            out = resample(out, axis=axis, size=size, kernel=interpolation, antialias=antialias)
    return out if exact else saturate_cast(rounded(out), dtype)


# ---- cropping and padding ------------------------------------------------------------------------------------


def _ends(old, before, after, target, names, sign):
    """(before, after, target) of one axis, of which two must be given; `sign` is -1 for cropping, 1 for padding."""
    given = (before, after, target)
    if sum(n is None for n in given) != 1:
        raise ValueError(
            f"Must specify exactly two of {', '.join(names)}. Received: "
            + ", ".join(f"{name}={value}" for name, value in zip(names, given))
        )
    if old is None:
        return given
    if before is None:
        before = sign * (target - old) - after
    elif after is None:
        after = sign * (target - old) - before
    else:
        target = old + sign * (before + after)
    for name, value in zip(names, (before, after, target)):
        if value < 0:
            raise ValueError(f"{name} must be >= 0. Received: {name}={value}")
    return before, after, target


def _change_of_size(function, images, heights, widths, data_format, what, sign):
    """What cropping and padding share: ((before, after) of rows and columns), or the symbolic result for later."""
    images, rows, columns, _ = as_images(images, data_format)
    ends, shape = [], list(images.shape)
    for axis, given, sides in (
        (rows, heights, ("top", "bottom", "height")),
        (columns, widths, ("left", "right", "width")),
    ):
        names = (f"{sides[0]}_{what}", f"{sides[1]}_{what}", f"target_{sides[2]}")
        before, after, target = _ends(shape[axis], *given, names, sign)
        ends.append((axis, before, after))
        shape[axis] = target
    if None in (images.shape[rows], images.shape[columns]):
        (top, bottom, height), (left, right, width) = heights, widths
        args = (images, top, left, bottom, right, height, width, standardize_data_format(data_format))
        return record_call(function, args, {}, [(tuple(shape), images.dtype)])[0], None
    return images, ends


def crop_images(
    images,
    top_cropping=None,
    left_cropping=None,
    bottom_cropping=None,
    right_cropping=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Return images without so many pixels at their sides; two of the three sizes of each axis must be given.

    >>> crop_images([[[1.0], [2.0], [3.0]]], 0, 1, 0, target_width=1).numpy().ravel()
    array([2.], dtype=float32)
    """
    images, ends = _change_of_size(
        crop_images,
        images,
        (top_cropping, bottom_cropping, target_height),
        (left_cropping, right_cropping, target_width),
        data_format,
        "cropping",
        -1,
    )
    if ends is None:
        return images
    key = [slice(None)] * len(images.shape)
    for axis, before, after in ends:
        key[axis] = slice(before, images.shape[axis] - after)
    return get_item(images, tuple(key))


def pad_images(
    images,
    top_padding=None,
    left_padding=None,
    bottom_padding=None,
    right_padding=None,
    target_height=None,
    target_width=None,
    data_format=None,
):
    """Return images with so many rows and columns of zeros around them; two of the three sizes of each axis are given.

    >>> pad_images([[[1.0]]], 0, 1, 0, target_width=3).numpy().ravel()
    array([0., 1., 0.], dtype=float32)
    """
    images, ends = _change_of_size(
        pad_images,
        images,
        (top_padding, bottom_padding, target_height),
        (left_padding, right_padding, target_width),
        data_format,
        "padding",
        1,
    )
    if ends is None:
        return images
    around = [(0, 0)] * len(images.shape)
    for axis, before, after in ends:
        around[axis] = (before, after)
    return pad(images, tuple(around))


# ---- patches -------------------------------------------------------------------------------------------------


def extract_patches(images, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Return the patches of images, each as a vector in the order (row, column, channel).

    Shapes: (..., rows, columns, channels) -> (..., new rows, new columns, size[0] * size[1] * channels). `size` is the
    patch's, also one number; `strides` (None: `size`) lie between patches. `padding` "same" reads zeros outside.
    A `size` of three makes `extract_patches_3d` of it, for volumes.

    >>> extract_patches([[[1], [2]], [[3], [4]]], 2).numpy()
    array([[[1, 2, 3, 4]]], dtype=int32)
    """
    if isinstance(size, (list, tuple)) and len(size) == 3:
        return extract_patches_3d(images, size, strides, dilation_rate, padding, data_format)
    return _patches(images, size, strides, dilation_rate, padding, data_format, 2)


def extract_patches_3d(volumes, size, strides=None, dilation_rate=1, padding="valid", data_format=None):
    """Return the patches of volumes, each as a vector: `extract_patches` with one axis more.

    Shapes: (..., x, y, z, channels) -> (..., new x, new y, new z, product of size * channels).

    >>> import numpy as np
    >>> extract_patches_3d(np.zeros((1, 4, 4, 4, 3)), 2).shape
    (1, 2, 2, 2, 24)
    """
    return _patches(volumes, size, strides, dilation_rate, padding, data_format, 3)


def _patches(x, size, strides, dilation_rate, padding, data_format, rank):
    if not isinstance(size, (int, list, tuple)):
        raise TypeError(
            f"Invalid `size` argument. Expected an int or a tuple. Received: size={size} of type {type(size).__name__}"
        )
    x = convert_to_tensor(x)
    if len(x.shape) not in (rank + 1, rank + 2):
        raise ValueError(
            f"expected {rank + 1} axes (one sample) or {rank + 2} (a batch), got shape {tuple(x.shape)}."
        )
    single = len(x.shape) == rank + 1
    given, x = x, expand_dims(x, 0) if single else x
    window = per_axis(as_key(size), rank, "size")
    data_format = standardize_data_format(data_format)
    first = 2 if data_format == "channels_first" else 1
    steps = window if strides is None else as_key(strides)
    windows = sliding(x.shape, (*window, 1, 1), steps, padding, data_format, as_key(dilation_rate))
    if None in x.shape[first : first + rank]:
        channels = x.shape[1 if first == 2 else -1]
        size = None if channels is None else channels * math.prod(window)
        shape = windows.shape(x.shape[0], windows.out, size)
        args = (given, window, steps, dilation_rate, padding, data_format)
        return record_call(extract_patches, args, {}, [(shape[1:] if single else shape, x.dtype)])[0]
    around = [(0, 0)] * len(x.shape)
    around[first : first + rank] = zip(windows.low, windows.high)
    x = pad(x, tuple(around))
    taps = [get_item(x, (slice(None),) * first + read) for _, read in windows.taps()]
    out = concatenate(taps, axis=1 if data_format == "channels_first" else -1)
    return squeeze(out, axis=0) if single else out
