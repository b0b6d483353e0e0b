"""Affine transforms of images: turned, moved, slanted, and stretched."""

import math

import numpy as np

from kx_datasets.augment.sampling import sample


def apply_affine_transform(
    x,
    theta=0,
    tx=0,
    ty=0,
    shear=0,
    zx=1,
    zy=1,
    row_axis=1,
    col_axis=2,
    channel_axis=0,
    fill_mode="nearest",
    cval=0.0,
    order=1,
):
    """Return an image of which the pixel at p is the old one at `m + A (p - m)`, with m the middle.

    `A` stretches by (zx, zy), slants by `shear` degrees, moves by (tx, ty) pixels, and turns by `theta` degrees. Its
    first coordinate runs along `col_axis`. As in Keras since 2.4, m is `(height / 2 - 0.5, width / 2 - 0.5)` in these
    coordinates, thus the middle of square images alone. `fill_mode`, `cval` and `order` are those of
    `kx_datasets.augment.sampling.sample`. Shapes: rank 3, kept; channels first or last. The dtype is kept, too: whole
    numbers are rounded.

    Errors: ValueError for another rank, axes, `fill_mode` or `order`.

    >>> x = np.arange(9.0).reshape(3, 3, 1)
    >>> apply_affine_transform(x, tx=1, row_axis=0, col_axis=1, channel_axis=2)[..., 0].tolist()
    [[1.0, 2.0, 2.0], [4.0, 5.0, 5.0], [7.0, 8.0, 8.0]]
    """
    _check_axes(x, row_axis, col_axis, channel_axis)
    if (theta, tx, ty, shear, zx, zy) == (0, 0, 0, 0, 1, 1):
        return x
    turn, slant = math.radians(theta), math.radians(shear)
    rotation = np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    slanting = np.array([[1, -math.sin(slant)], [0, math.cos(slant)]])
    matrix = rotation @ slanting @ np.diag([zx, zy])
    shift = rotation @ [tx, ty]
    axes = (channel_axis, row_axis, col_axis)
    planes = np.moveaxis(x, axes, (0, 1, 2))
    height, width = planes.shape[1:]
    middle = np.array([height / 2 - 0.5, width / 2 - 0.5])
    rows, columns = np.indices((height, width))
    places = np.stack([columns - middle[0], rows - middle[1]])
    columns, rows = np.tensordot(matrix, places, 1) + (middle + shift)[:, None, None]
    out = sample(planes, rows, columns, order, fill_mode, cval)
    if np.issubdtype(x.dtype, np.integer):
        out = out.round()
    return np.moveaxis(out.astype(x.dtype), (0, 1, 2), axes)


def _check_axes(x, row_axis, col_axis, channel_axis):
    axes = {"row_axis": row_axis, "col_axis": col_axis, "channel_axis": channel_axis}
    if np.ndim(x) != 3:
        raise ValueError(
            f"Input arrays must be multi-channel 2D images: rank 3. Received shape: {np.shape(x)}"
        )
    if set(axes.values()) != {0, 1, 2}:
        raise ValueError(f"The axes must be 0, 1 and 2 in some order. Received: {axes}")
    if channel_axis == 1:
        raise ValueError(f"Channels are allowed as the first and last dimensions. Received: {axes}")
