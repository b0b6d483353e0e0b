"""Values of images between their pixels, and images seen through affine and perspective maps."""

import itertools
import math

from kx_tensor import dtypes
from kx_tensor.config import standardize_data_format
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import greater_equal, less, logical_and
from kx_tensor.ops.creation import arange
from kx_tensor.ops.image_size import as_images
from kx_tensor.ops.indexes import get_item, take
from kx_tensor.ops.select import clip, saturate_cast, where
from kx_tensor.ops.shape import expand_dims, moveaxis, reshape, squeeze
from kx_tensor.ops.unary import abs as absolute
from kx_tensor.ops.unary import floor, sign
from kx_tensor.ops.unary import round as rounded
from kx_tensor.symbolic import record_call

FILL_MODES = ("constant", "nearest", "wrap", "mirror", "reflect")


def _inside(index, size, mode):
    """Where an index that may lie outside of [0, size) is looked up, and whether there is anything."""
    if mode == "constant":
        return clip(index, 0, size - 1), logical_and(greater_equal(index, 0), less(index, size))
    if mode == "nearest":
        return clip(index, 0, size - 1), None
    if mode == "wrap":
        return index % size, None
    period = 2 * size if mode == "reflect" else max(2 * (size - 1), 1)
    index = index % period
    back = (period - 1 if mode == "reflect" else period) - index
    return where(less(index, size), index, back), None


def _corners(place, size, order, mode):
    """[(index, whether it is inside or None, weight or None)] of the one or two positions around each place."""
    if order == 0:
        nearest = sign(place) * floor(absolute(place) + 0.5)  # halves away from zero
        return [(*_inside(cast(nearest, "int32"), size, mode), None)]
    below = floor(place)
    above = place - below
    index = cast(below, "int32")
    return [(*_inside(index, size, mode), 1.0 - above), (*_inside(index + 1, size, mode), above)]


def _sampled(rows, start, sizes, places, order, mode, fill, channels):
    """The means, weighted by nearness, of rows of values: `places` has an array for each axis of `sizes`.

    Shapes: rows (all positions, ...), start and places (...), `channels` the number of axes that rows have besides.
    """
    wide = lambda x: reshape(x, (*x.shape, *[1] * channels)) if channels else x
    total = None
    axes = [_corners(place, size, order, mode) for place, size in zip(places, sizes)]
    for corner in itertools.product(*axes):
        index, inside, weight = start, None, None
        for (at, valid, share), size in zip(corner, sizes):
            index = index * size + at
            inside = valid if inside is None else logical_and(inside, valid)
            weight = share if weight is None else weight * share
        value = take(rows, index, axis=0)
        if inside is not None:
            value = where(wide(inside), value, fill)
        value = value if weight is None else value * wide(weight)
        total = value if total is None else total + value
    return total


def _checked(order_or_name, mode):
    order = {"nearest": 0, "bilinear": 1}.get(order_or_name, order_or_name)
    if order not in (0, 1):
        raise ValueError(f"the interpolation must be 'nearest' (0) or 'bilinear' (1), got {order_or_name!r}.")
    if mode not in FILL_MODES:
        raise ValueError(
            f"Invalid value for argument `fill_mode`. Expected one of {FILL_MODES}. Received: {mode}"
        )
    return order


def _as_before(out, dtype):
    return out if dtypes.is_float_dtype(dtype) else saturate_cast(rounded(out), dtype)


def map_coordinates(inputs, coordinates, order, fill_mode="constant", fill_value=0):
    """Return the values of `inputs` at places between its elements: of the nearest (order 0) or linear (order 1).

    Shapes: coordinates (axes of inputs, ...) -> (...). `fill_mode` says what lies outside: "constant" `fill_value`,
    "nearest" the last element, "wrap" the other end, "mirror" and "reflect" what lies inside, without and with the
    element at the border.

    >>> map_coordinates([0.0, 2.0, 4.0], [[0.5, 1.25, 9.0]], 1).numpy()
    array([1. , 2.5, 0. ], dtype=float32)
    """
    inputs, coordinates = convert_to_tensor(inputs), convert_to_tensor(coordinates)
    order = _checked(order, fill_mode)
    sizes = inputs.shape
    if len(coordinates.shape) < 1 or coordinates.shape[0] != len(sizes):
        raise ValueError(
            f"coordinates must have one row for each of the {len(sizes)} axes of inputs, got shape "
            f"{tuple(coordinates.shape)}."
        )
    exact = dtypes.is_float_dtype(inputs.dtype)
    rows = reshape(inputs if exact else cast(inputs, "float32"), (math.prod(sizes),))
    places = [cast(get_item(coordinates, i), "float32") for i in range(len(sizes))]
    return _as_before(_sampled(rows, 0, sizes, places, order, fill_mode, fill_value, 0), inputs.dtype)


def affine_transform(
    images, transform, interpolation="bilinear", fill_mode="constant", fill_value=0, data_format=None
):
    """Return images whose pixel (x, y) is that of the images at ((a0 x + a1 y + a2) / k, (b0 x + b1 y + b2) / k).

    k = c0 x + c1 y + 1; x counts columns, y rows. `transform` holds [a0, a1, a2, b0, b1, b2, c0, c1], shape (8,), or
    (batch, 8) with one for each image. `fill_mode` as in `map_coordinates`; `interpolation` "bilinear" or "nearest".

    >>> affine_transform([[[1.0], [2.0], [3.0]]], [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 0.0]).numpy().ravel()
    array([2., 3., 0.], dtype=float32)
    """
    order = _checked(interpolation, fill_mode)
    images, *_ = as_images(images, data_format)
    transform = convert_to_tensor(transform)
    if len(transform.shape) not in (1, 2) or transform.shape[-1] not in (8, None):
        raise ValueError(f"transform must have the shape (8,) or (batch, 8), got {tuple(transform.shape)}.")
    if None in (*images.shape, *transform.shape):
        args = (images, transform, interpolation, fill_mode, fill_value, standardize_data_format(data_format))
        return record_call(affine_transform, args, {}, [(images.shape, images.dtype)])[0]
    dtype, single = images.dtype, len(images.shape) == 3
    x = images if dtypes.is_float_dtype(dtype) else cast(images, "float32")
    x = expand_dims(x, 0) if single else x
    first = standardize_data_format(data_format) == "channels_first"
    x = moveaxis(x, 1, -1) if first else x
    batch, height, width, channels = x.shape
    terms = cast(transform, "float32")
    terms = expand_dims(terms, 0) if len(terms.shape) == 1 else terms
    a0, a1, a2, b0, b1, b2, c0, c1 = (
        reshape(get_item(terms, (slice(None), i)), (-1, 1, 1)) for i in range(8)
    )
    across = reshape(arange(width, dtype="float32"), (1, 1, width))
    down = reshape(arange(height, dtype="float32"), (1, height, 1))
    scale = c0 * across + c1 * down + 1.0
    columns = (a0 * across + a1 * down + a2) / scale
    rows = (b0 * across + b1 * down + b2) / scale
    start = reshape(arange(batch, dtype="int32"), (batch, 1, 1))
    flat = reshape(x, (batch * height * width, channels))
    out = _sampled(flat, start, (height, width), (rows, columns), order, fill_mode, fill_value, 1)
    out = cast(_as_before(out, dtype), dtype)
    out = moveaxis(out, -1, 1) if first else out
    return squeeze(out, axis=0) if single else out
