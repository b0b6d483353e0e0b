"""Pictures as PIL images and as arrays, read and written with Pillow."""

import io
import os
import pathlib
import warnings

import numpy as np

_INTERPOLATIONS = ("nearest", "bilinear", "bicubic", "hamming", "box", "lanczos")


def pillow():
    """Return the module PIL.Image; ImportError names the package that has it."""
    try:
        from PIL import Image
    except ImportError as error:
        raise ImportError("Pictures are read with Pillow: `pip install pillow`.") from error
    return Image


def check_data_format(data_format):
    """Return the data format, "channels_last" for None; ValueError for an unknown one.

    >>> check_data_format(None)
    'channels_last'
    """
    if data_format not in (None, "channels_first", "channels_last"):
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: "
            f"data_format={data_format}"
        )
    return data_format or "channels_last"


def array_to_img(x, data_format=None, scale=True, dtype=None):
    """Return a PIL image of an array of shape (height, width, 1, 3 or 4 channels).

    `scale` stretches the values to 0 to 255; without it they are taken as such.

    Errors: ValueError for another rank or number of channels.

    >>> array_to_img(np.arange(12).reshape(2, 2, 3)).size
    (2, 2)
    """
    data_format = check_data_format(data_format)
    image = pillow()
    x = np.asarray(x, dtype=dtype or "float32")
    if x.ndim != 3:
        raise ValueError(
            f"Expected image array to have rank 3 (single image). Got array with shape: {x.shape}"
        )
    if data_format == "channels_first":
        x = x.transpose(1, 2, 0)
    if scale:
        x = x - x.min()
        largest = x.max()
        x = x / largest * 255 if largest != 0 else x
    channels = x.shape[2]
    if channels == 1:
        deep = x.max() > 255
        return image.fromarray(x[:, :, 0].astype("int32" if deep else "uint8"))
    if channels not in (3, 4):
        raise ValueError(f"Unsupported channel number: {channels}")
    return image.fromarray(x.astype("uint8"))


def img_to_array(img, data_format=None, dtype=None):
    """Return a PIL image, or an array of rank 2 or 3, as array of shape (height, width, channels), float32.

    >>> img_to_array(array_to_img(np.ones((2, 3, 1)))).shape
    (2, 3, 1)
    """
    data_format = check_data_format(data_format)
    x = np.asarray(img, dtype=dtype or "float32")
    if x.ndim not in (2, 3):
        raise ValueError(f"Unsupported image shape: {x.shape}")
    if x.ndim == 2:
        return x[None] if data_format == "channels_first" else x[..., None]
    return x.transpose(2, 0, 1) if data_format == "channels_first" else x


def load_img(path, color_mode="rgb", target_size=None, interpolation="nearest", keep_aspect_ratio=False):
    """Return the picture in a file, or in an `io.BytesIO`, as a PIL image, of (height, width) `target_size` if given.

    `keep_aspect_ratio` cuts it to the shape of `target_size` first. `interpolation` is one of Pillow's.

    Errors: ValueError for an unknown `color_mode` or `interpolation`, TypeError for another kind of path.
    """
    image = pillow()
    if isinstance(path, io.BytesIO):
        content = path
    elif isinstance(path, (str, bytes, pathlib.Path, os.PathLike)):
        with open(path, "rb") as file:
            content = io.BytesIO(file.read())
    else:
        raise TypeError(f"path should be path-like or io.BytesIO, not {type(path)}")
    img = image.open(content)
    if color_mode == "grayscale":
        if img.mode not in ("L", "I;16", "I"):
            img = img.convert("L")
    elif color_mode in ("rgb", "rgba"):
        if img.mode != color_mode.upper():
            img = img.convert(color_mode.upper())
    else:
        raise ValueError('color_mode must be "grayscale", "rgb", or "rgba"')
    if target_size is None:
        img.load()
        return img
    to_height, to_width = target_size
    if img.size == (to_width, to_height):
        img.load()
        return img
    if interpolation not in _INTERPOLATIONS:
        raise ValueError(
            f"Invalid interpolation method {interpolation} specified. Supported methods are "
            f"{', '.join(_INTERPOLATIONS)}"
        )
    resample = getattr(image.Resampling, interpolation.upper())
    box = None
    if keep_aspect_ratio:
        width, height = img.size
        rows = min(height, width * to_height // to_width)
        columns = min(width, height * to_width // to_height)
        left, top = (width - columns) // 2, (height - rows) // 2
        box = (left, top, left + columns, top + rows)
    return img.resize((to_width, to_height), resample, box=box)


def save_img(path, x, data_format=None, file_format=None, scale=True, **kwargs):
    """Write an array as a picture; the name says the format, unless `file_format` does. `kwargs` are Pillow's.

    >>> save_img("grey.png", np.ones((2, 3, 1)))
    >>> load_img("grey.png", color_mode="grayscale").size
    (3, 2)
    """
    img = array_to_img(x, data_format=data_format, scale=scale)
    endings = (file_format or os.path.splitext(str(path))[1].lstrip(".")).lower()
    if img.mode == "RGBA" and endings in ("jpg", "jpeg"):
        warnings.warn("The JPEG format does not support RGBA images, converting to RGB.", stacklevel=2)
        img = img.convert("RGB")
    img.save(path, format="jpeg" if file_format == "jpg" else file_format, **kwargs)
