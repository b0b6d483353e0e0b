"""Images in another size: separable filters, sampled at the centres of the pixels, as in Keras.

Methods: "nearest", "bilinear", "bicubic" (Keys, a = -0.5), "lanczos3", "lanczos5", "gaussian", "mitchellcubic", and
"area". Edges are cut off and the weights that remain scaled to sum to one.
"""

import numpy as np

METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")


def _cubic(x, b, c):
    """Mitchell and Netravali's family: (0, 0.5) is Keys's kernel, (1/3, 1/3) their own."""
    near = ((12 - 9 * b - 6 * c) * x**3 + (-18 + 12 * b + 6 * c) * x**2 + (6 - 2 * b)) / 6
    far = ((-b - 6 * c) * x**3 + (6 * b + 30 * c) * x**2 + (-12 * b - 48 * c) * x + (8 * b + 24 * c)) / 6
    return np.where(x < 1, near, np.where(x < 2, far, 0))


_KERNELS = {  # the weight of a distance
    "bilinear": lambda x: np.maximum(0, 1 - x),
    "bicubic": lambda x: _cubic(x, 0, 0.5),
    "mitchellcubic": lambda x: _cubic(x, 1 / 3, 1 / 3),
    "lanczos3": lambda x: np.where(x < 3, np.sinc(x) * np.sinc(x / 3), 0),
    "lanczos5": lambda x: np.where(x < 5, np.sinc(x) * np.sinc(x / 5), 0),
    "gaussian": lambda x: np.where(x < 1.5, np.exp(-2 * x**2), 0),
}


def resize(image, size, interpolation="bilinear"):
    """Return float32 images of the given (height, width); shrinking does not smooth beforehand.

    Shapes: (..., h, w, channels) -> (..., *size, channels).

    >>> resize(np.array([[0.0, 1.0]])[..., None], (1, 4))[..., 0]
    array([[0.  , 0.25, 0.75, 1.  ]], dtype=float32)
    """
    if interpolation not in METHODS:
        raise ValueError(
            f"Argument `interpolation` should be one of {METHODS}. Received: interpolation={interpolation}"
        )
    image = np.asarray(image)
    height, width = size
    if interpolation == "nearest":
        rows, columns = _nearest(image.shape[-3], height), _nearest(image.shape[-2], width)
        return image[..., rows[:, None], columns, :].astype("float32")
    over_rows = _weights(image.shape[-3], height, interpolation)
    over_columns = _weights(image.shape[-2], width, interpolation)
    out = np.einsum("ij,...jwc->...iwc", over_rows, image.astype("float32"), optimize=True)
    return np.einsum("ij,...hjc->...hic", over_columns, out, optimize=True)


def _nearest(old, new):
    return np.minimum((np.arange(new) + 0.5) * (old / new), old - 1).astype(int)


def _weights(old, new, method):
    """Weights of the `old` samples in each of the `new` ones: shape (new, old)."""
    at = np.arange(old)
    if method == "area":
        edges = np.arange(new + 1) * (old / new)
        cover = np.minimum(edges[1:, None], at + 1) - np.maximum(edges[:-1, None], at)
        weights = np.maximum(cover, 0)
    else:
        centres = (np.arange(new) + 0.5) * (old / new) - 0.5
        if (
            method == "bicubic"
        ):  # which Keras on TensorFlow reads off a table with 1024 places between two pixels
            centres = np.round(centres * 1024) / 1024
        weights = _KERNELS[method](np.abs(centres[:, None] - at))
    return (weights / weights.sum(axis=1, keepdims=True)).astype("float32")


def cropped(image, size):
    """Return the largest part in the middle with the shape of `size`: (..., h, w, channels).

    >>> cropped(np.zeros((10, 20, 3)), (5, 5)).shape
    (10, 10, 3)
    """
    height, width = image.shape[-3:-1]
    to_height, to_width = size
    rows = min(height, int(width * to_height / to_width))
    columns = min(width, int(height * to_width / to_height))
    top, left = (height - rows) // 2, (width - columns) // 2
    return image[..., top : top + rows, left : left + columns, :]


def fitted(image, size, interpolation="bilinear"):
    """Return the image resized to lie within `size` as a whole, in the middle of zeros.

    >>> fitted(np.ones((10, 20, 1)), (4, 4))[..., 0]
    array([[0., 0., 0., 0.],
           [1., 1., 1., 1.],
           [1., 1., 1., 1.],
           [0., 0., 0., 0.]], dtype=float32)
    """
    shape = image.shape[-3:-1]
    scale = max(old / new for old, new in zip(shape, size))
    exact = [old / scale for old in shape]
    inner = resize(image, [int(extent) for extent in exact], interpolation)
    out = np.zeros((*image.shape[:-3], *size, image.shape[-1]), "float32")
    top, left = (int((new - extent) / 2) for new, extent in zip(size, exact))
    out[..., top : top + inner.shape[-3], left : left + inner.shape[-2], :] = inner
    return out


def smart_resize(x, size, interpolation="bilinear", data_format="channels_last", backend_module=None):
    """Return images of the given (height, width), float32, cut to its aspect ratio first so that nothing is distorted.

    Shapes: (h, w, channels) or (batch, h, w, channels); with "channels_first" the channels before the height.

    >>> smart_resize(np.ones((10, 20, 3)), (4, 4)).shape
    (4, 4, 3)
    """
    if backend_module is not None:
        raise ValueError("smart_resize works on NumPy arrays; expected backend_module=None.")
    if len(size) != 2:
        raise ValueError(f"Expected `size` to be a tuple of 2 integers, but got: {size}.")
    if data_format not in ("channels_first", "channels_last"):
        raise ValueError(
            "The `data_format` argument must be one of {'channels_first', 'channels_last'}. Received: "
            f"data_format={data_format}"
        )
    image = np.asarray(x)
    if image.ndim not in (3, 4):
        raise ValueError(
            "Expected an image array with shape `(height, width, channels)`, or `(batch_size, height, width, "
            f"channels)`, but got input with incorrect rank, of shape {image.shape}."
        )
    if data_format == "channels_first":
        out = resize(cropped(np.moveaxis(image, -3, -1), size), size, interpolation)
        return np.moveaxis(out, -1, -3)
    return resize(cropped(image, size), size, interpolation)
