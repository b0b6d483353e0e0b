"""Adaptive pooling: an output of a fixed size for inputs of any, in one, two and three dimensions."""

from kx_io import field, register
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import config, ops
from kx_tensor.ops.conv_windows import as_key, per_axis


class AdaptivePooling(Layer):
    """Base of the adaptive pooling layers: `rank` spatial axes, and the function `pool` that pools them.

    Window i of m along an axis of n elements is [floor(i n / m), ceil((i + 1) n / m)).
    """

    rank = 0
    pool = None

    output_size = field()
    data_format = field(None, to=config.standardize_data_format)

    def __post_init__(self):
        super().__post_init__()
        self.output_size = per_axis(as_key(self.output_size), self.rank, "output_size")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        return type(self).pool(inputs, self.output_size, self.data_format)


class AdaptiveAverage(AdaptivePooling):
    """Base of the layers that average each window."""

    pool = ops.adaptive_average_pool


class AdaptiveMax(AdaptivePooling):
    """Base of the layers that keep the largest element of each window."""

    pool = ops.adaptive_max_pool


@register("layers")
class AdaptiveAveragePooling1D(AdaptiveAverage):
    """The means of `output_size` windows that cover the steps.

    Shapes: (n, steps, c) -> (n, output_size, c), or (n, c, steps) with `data_format` "channels_first".

    >>> import numpy as np
    >>> AdaptiveAveragePooling1D(2)(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()
    array([1.5, 2.5], dtype=float32)
    """

    rank = 1


@register("layers")
class AdaptiveAveragePooling2D(AdaptiveAverage):
    """The means of `output_size` windows, a number or one per axis, that cover the image.

    Shapes: (n, rows, columns, c) -> (n, *output_size, c), or channels second with `data_format` "channels_first".

    >>> AdaptiveAveragePooling2D((2, 3)).compute_output_shape((None, None, 7, 4))
    (None, 2, 3, 4)
    """

    rank = 2


@register("layers")
class AdaptiveAveragePooling3D(AdaptiveAverage):
    """The means of `output_size` windows, a number or one per axis, that cover the volume.

    Shapes: (n, x, y, z, c) -> (n, *output_size, c), or channels second with `data_format` "channels_first".

    >>> AdaptiveAveragePooling3D(2).compute_output_shape((None, 5, 6, 7, 4))
    (None, 2, 2, 2, 4)
    """

    rank = 3


@register("layers")
class AdaptiveMaxPooling1D(AdaptiveMax):
    """The largest elements of `output_size` windows that cover the steps; see `AdaptiveAveragePooling1D`.

    >>> import numpy as np
    >>> AdaptiveMaxPooling1D(2)(np.array([[[1.0], [2.0], [3.0]]])).numpy().ravel()
    array([2., 3.], dtype=float32)
    """

    rank = 1


@register("layers")
class AdaptiveMaxPooling2D(AdaptiveMax):
    """The largest elements of `output_size` windows that cover the image; see `AdaptiveAveragePooling2D`.

    >>> AdaptiveMaxPooling2D(2, "channels_first").compute_output_shape((None, 4, 7, 7))
    (None, 4, 2, 2)
    """

    rank = 2


@register("layers")
class AdaptiveMaxPooling3D(AdaptiveMax):
    """The largest elements of `output_size` windows that cover the volume; see `AdaptiveAveragePooling3D`.

    >>> AdaptiveMaxPooling3D((1, 2, 3)).compute_output_shape((None, 5, 6, 7, 4))
    (None, 1, 2, 3, 4)
    """

    rank = 3
