"""Values of an image between and beyond its pixels: B-splines of order 0 to 5 and four kinds of edges.

A spline of order k has k + 1 coefficients around each place. For orders up to 1 the pixels are the coefficients; above,
those follow from the pixels by a linear system along each axis (M. Unser, "Splines: a perfect fit for signal and image
processing", 1999).
"""

import functools
import math

import numpy as np

FILL_MODES = ("constant", "nearest", "reflect", "wrap")
_PADDING = (
    12  # as many pixels of edge stand for the endless one of "nearest"; a spline has forgotten it by then
)


def sample(images, rows, columns, order=1, fill_mode="nearest", cval=0.0):
    """Return the images at the given places.

    Beyond the edges: "nearest" aaaa|abcd|dddd, "reflect" dcba|abcd|dcba, "wrap" abcd|abcd|abcd with the last pixel on
    the first, "constant" `cval`. Shapes: (n, height, width), and places of one shape (...) -> (n, ...), float64.

    >>> image = np.array([[[0.0, 10.0, 20.0]]])
    >>> sample(image, np.zeros(3), np.array([0.5, 1.75, 4.0])).tolist()
    [[5.0, 17.5, 20.0]]
    """
    if fill_mode not in FILL_MODES:
        raise ValueError(f"`fill_mode` must be one of {FILL_MODES}. Received: fill_mode={fill_mode}")
    if order not in range(6):
        raise ValueError(f"The order of interpolation must be a whole number from 0 to 5. Received: {order}")
    padding = _PADDING if fill_mode == "nearest" and order > 1 else 0
    coefficients = np.asarray(images, dtype="float64")
    if order > 1:
        coefficients = np.pad(coefficients, ((0, 0), (padding, padding), (padding, padding)), mode="edge")
        for axis in (1, 2):
            matrix = _coefficients_of_pixels(coefficients.shape[axis], order, fill_mode)
            coefficients = np.moveaxis(np.tensordot(matrix, coefficients, (1, axis)), 0, axis)
    around = []
    for places, stored in zip((rows, columns), coefficients.shape[1:], strict=True):
        places = _folded(places + padding, stored, fill_mode)
        first = np.floor(places + 0.5 if order % 2 == 0 else places).astype(int) - order // 2
        taps = [(first + k, spline(places - (first + k), order)) for k in range(order + 1)]
        around.append([(_index(at, stored, order, fill_mode), weight) for at, weight in taps])
    flat = np.ascontiguousarray(coefficients).reshape(
        len(images), -1
    )  # `take` is many times as fast as two indexes
    out = np.zeros((len(images), *np.shape(rows)))
    for row, over_rows in around[0]:
        for column, over_columns in around[1]:
            out += flat.take(row * coefficients.shape[2] + column, axis=1) * (over_rows * over_columns)
    if fill_mode != "constant":
        return out
    height, width = images.shape[1:]
    inside = (rows >= 0) & (rows <= height - 1) & (columns >= 0) & (columns <= width - 1)
    return np.where(inside, out, cval)


def spline(x, order):
    """Return the B-spline of an order k at distances x from its middle, which is positive for |x| < (k + 1) / 2.

    >>> spline(np.array([0.0, 0.5, 1.0]), 1).tolist()
    [1.0, 0.5, 0.0]
    """
    if order == 0:
        return np.ones_like(x)
    if order == 1:
        return np.maximum(1 - np.abs(x), 0)
    pieces = order + 1
    # symmetric, and from its far side the fewest terms count
    beyond = pieces / 2 - np.abs(x)
    terms = [
        (-1) ** k * math.comb(pieces, k) * np.maximum(beyond - k, 0) ** order for k in range(pieces // 2 + 1)
    ]
    return sum(terms) / math.factorial(order)


def _folded(places, length, fill_mode):
    """Return places beyond the edges as the places inside that they equal."""
    if fill_mode == "reflect":
        places = np.mod(places + 0.5, 2 * length)
        return np.minimum(places, 2 * length - places) - 0.5
    if fill_mode == "wrap" and length > 1:
        outside = (places < 0) | (places > length - 1)
        return np.where(outside, np.mod(places, length - 1), places)
    return np.clip(places, 0, length - 1)


def _index(at, length, order, fill_mode):
    """Numbers of coefficients next to a place near an edge, as numbers inside of it."""
    if fill_mode == "reflect":
        at = np.mod(at, 2 * length)
        return np.minimum(at, 2 * length - 1 - at)
    if length == 1:
        return np.zeros_like(at)
    at = np.mod(at, 2 * length - 2)
    return np.minimum(at, 2 * length - 2 - at)


@functools.lru_cache(maxsize=16)
def _coefficients_of_pixels(length, order, fill_mode):
    """Matrix from pixels to coefficients: the inverse of that which samples at the pixels. Shape (length, length)."""
    at = np.arange(length)
    sampled = np.zeros((length, length))
    for offset in range(-(order // 2), order // 2 + 1):
        weight = spline(np.array([float(offset)]), order)[0]
        np.add.at(sampled, (at, _index(at + offset, length, order, fill_mode)), weight)
    return np.linalg.inv(sampled)
