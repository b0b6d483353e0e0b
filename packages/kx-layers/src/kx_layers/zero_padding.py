"""`ZeroPadding1D`, `ZeroPadding2D`, `ZeroPadding3D`: zeros around sequences, images, volumes."""

from kx_io import field, register
from kx_layers.margins import Margins
from kx_tensor import config, ops


class ZeroPadding(Margins):
    """Base of the padding layers.

    >>> ZeroPadding2D((0, 2)).padding
    ((0, 0), (2, 2))
    """

    margin = "padding"

    padding = field()
    data_format = field(None, to=config.standardize_data_format)
    field_order = ("padding", "data_format")

    def call(self, inputs):
        return ops.pad(inputs, self._around())


@register("layers")
class ZeroPadding1D(ZeroPadding):
    """Adds `padding` zeros before and after a sequence: a number, or (before, after).

    Shapes: (batch, steps, channels) -> (batch, before + steps + after, channels); with data_format "channels_first"
    the channels come second.

    >>> import numpy as np
    >>> ZeroPadding1D((1, 2))(np.array([[[5.0]]])).numpy().ravel()
    array([0., 5., 0., 0.], dtype=float32)
    """

    rank = 1
    padding = field(1)


@register("layers")
class ZeroPadding2D(ZeroPadding):
    """Adds rows and columns of zeros around an image.

    `padding`: a number, (rows, columns) or ((top, bottom), (left, right)). Shapes: (batch, rows, columns, channels),
    or channels second with data_format "channels_first".

    >>> ZeroPadding2D(((1, 0), (2, 2))).compute_output_shape((None, 4, 4, 3))
    (None, 5, 8, 3)
    """

    rank = 2
    padding = field((1, 1))


@register("layers")
class ZeroPadding3D(ZeroPadding):
    """Adds zeros around a volume.

    `padding`: a number, one for each axis, or a pair (before, after) for each. Shapes: (batch, x, y, z, channels), or
    channels second with data_format "channels_first".

    >>> ZeroPadding3D(1).compute_output_shape((None, 2, 2, 2, 3))
    (None, 4, 4, 4, 3)
    """

    rank = 3
    padding = field(((1, 1), (1, 1), (1, 1)))
