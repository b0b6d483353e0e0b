"""Pooling over windows, in one, two and three dimensions."""

from kx_io import field, one_of, register
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_layers.windowed import lower
from kx_tensor import config, ops
from kx_tensor.ops.conv_windows import as_key, per_axis


class Pooling(Layer):
    """Base of the pooling layers: `rank` spatial axes, and the function `pool` that pools them."""

    rank = 0
    pool = None

    pool_size = field()
    strides = field(None)
    padding = field("valid", to=lower, check=one_of("valid", "same"))
    data_format = field(None, to=config.standardize_data_format)
    field_order = ("pool_size", "strides", "padding", "data_format", "name")

    def __post_init__(self):
        super().__post_init__()
        self.pool_size = per_axis(as_key(self.pool_size), self.rank, "pool_size")
        self.strides = (
            self.pool_size if self.strides is None else per_axis(as_key(self.strides), self.rank, "strides")
        )
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        return type(self).pool(
            inputs,
            pool_size=self.pool_size,
            strides=self.strides,
            padding=self.padding,
            data_format=self.data_format,
        )


class MaxPooling(Pooling):
    """Base of the layers that keep the largest element of each window; a window has two elements along each axis."""

    pool = ops.max_pool


class AveragePooling(Pooling):
    """Base of the layers that average each window, of which padding is not a part.

    Keras 3 asks for `pool_size` here; it was 2 in Keras 1 and 2, and stays so.
    """

    pool = ops.average_pool


@register("layers", "MaxPool1D")
class MaxPooling1D(MaxPooling):
    """The largest element of each window of `pool_size` steps, taken every `strides` steps (None: `pool_size`).

    Shapes: (n, steps, c) -> (n, windows, c), or (n, c, steps) with `data_format` "channels_first"; `padding` "valid"
    makes floor((steps - pool_size) / strides) + 1 windows, "same" ceil(steps / strides), reaching over the border.

    >>> import numpy as np
    >>> MaxPooling1D()(np.array([[[1.0], [3.0], [2.0], [4.0]]])).numpy().ravel()
    array([3., 4.], dtype=float32)
    """

    rank = 1
    pool_size = field(2)


@register("layers", "MaxPool2D")
class MaxPooling2D(MaxPooling):
    """The largest element of each window of `pool_size`, taken every `strides` (None: `pool_size`).

    Shapes: (n, rows, columns, c) -> (n, windows, windows, c), or channels second with `data_format` "channels_first";
    `padding` as for `MaxPooling1D`.

    >>> MaxPooling2D(3, strides=2, padding="same").compute_output_shape((None, 7, 7, 4))
    (None, 4, 4, 4)
    """

    rank = 2
    pool_size = field((2, 2))


@register("layers", "MaxPool3D")
class MaxPooling3D(MaxPooling):
    """The largest element of each window of `pool_size`, taken every `strides` (None: `pool_size`).

    Shapes: (n, x, y, z, c) -> (n, windows, windows, windows, c), or channels second with `data_format`
    "channels_first"; `padding` as for `MaxPooling1D`.

    >>> MaxPooling3D().compute_output_shape((None, 4, 6, 7, 2))
    (None, 2, 3, 3, 2)
    """

    rank = 3
    pool_size = field((2, 2, 2))


@register("layers", "AvgPool1D")
class AveragePooling1D(AveragePooling):
    """The mean of each window of `pool_size` steps, taken every `strides` steps (None: `pool_size`).

    Shapes and `padding` as for `MaxPooling1D`; a window over the border averages the steps inside.

    >>> import numpy as np
    >>> AveragePooling1D(2)(np.array([[[1.0], [3.0], [2.0], [4.0]]])).numpy().ravel()
    array([2., 3.], dtype=float32)
    """

    rank = 1
    pool_size = field(2)


@register("layers", "AvgPool2D")
class AveragePooling2D(AveragePooling):
    """The mean of each window of `pool_size`, taken every `strides` (None: `pool_size`).

    Shapes as for `MaxPooling2D`; a window over the border averages the elements inside.

    >>> AveragePooling2D((2, 3)).compute_output_shape((None, 7, 7, 4))
    (None, 3, 2, 4)
    """

    rank = 2
    pool_size = field((2, 2))


@register("layers", "AvgPool3D")
class AveragePooling3D(AveragePooling):
    """The mean of each window of `pool_size`, taken every `strides` (None: `pool_size`).

    Shapes as for `MaxPooling3D`; a window over the border averages the elements inside.

    >>> AveragePooling3D(2, data_format="channels_first").compute_output_shape((None, 2, 4, 6, 7))
    (None, 2, 2, 3, 3)
    """

    rank = 3
    pool_size = field((2, 2, 2))
