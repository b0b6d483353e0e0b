"""`Cropping1D`, `Cropping2D`, `Cropping3D`: sequences, images, volumes without their borders."""

from kx_io import field, register
from kx_layers.margins import Margins
from kx_tensor import config, ops


class Cropping(Margins):
    """Base of the cropping layers.

    >>> Cropping2D((0, 2)).cropping
    ((0, 0), (2, 2))
    """

    margin = "cropping"

    cropping = field()

    def call(self, inputs):
        around = self._around()
        for size, ends in zip(inputs.shape, around):
            if size is not None and sum(ends) > 0 and sum(ends) >= size:
                raise ValueError(
                    f"Layer {self.name!r}: values in `cropping` must leave something of the input. Received: "
                    f"inputs.shape={tuple(inputs.shape)}, cropping={self.cropping}."
                )
        return ops.get_item(inputs, tuple([slice(before, -after or None) for before, after in around]))


@register("layers")
class Cropping1D(Cropping):
    """Takes `cropping` steps away before and after: a number, or (before, after).

    Shapes: (batch, steps, channels) -> (batch, steps - before - after, channels).

    >>> import numpy as np
    >>> Cropping1D((1, 0))(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()
    array([2., 3.], dtype=float32)
    """

    rank = 1
    cropping = field((1, 1))


@register("layers")
class Cropping2D(Cropping):
    """Takes rows and columns away around an image.

    `cropping`: a number, (rows, columns) or ((top, bottom), (left, right)). Shapes: (batch, rows, columns, channels),
    or channels second with data_format "channels_first".

    >>> Cropping2D(((1, 0), (2, 1))).compute_output_shape((None, 28, 28, 3))
    (None, 27, 25, 3)
    """

    rank = 2
    cropping = field(((0, 0), (0, 0)))
    data_format = field(None, to=config.standardize_data_format)
    field_order = ("cropping", "data_format")


@register("layers")
class Cropping3D(Cropping):
    """Takes away what is around a volume.

    `cropping`: a number, one for each axis, or a pair (before, after) for each. Shapes: (batch, x, y, z, channels), or
    channels second with data_format "channels_first".

    >>> Cropping3D().compute_output_shape((None, 8, 8, 8, 3))
    (None, 6, 6, 6, 3)
    """

    rank = 3
    cropping = field(((1, 1), (1, 1), (1, 1)))
    data_format = field(None, to=config.standardize_data_format)
    field_order = ("cropping", "data_format")
