"""Global pooling: the mean or the largest element over all spatial axes, in one, two and three dimensions."""

from kx_io import field, register
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import config, ops


class GlobalPooling(Layer):
    """Base of the global pooling layers: `rank` spatial axes, and the function `pool` over axes that reduces them."""

    rank = 0
    pool = None

    data_format = field(None, to=config.standardize_data_format)
    keepdims: bool = field(False)

    def __post_init__(self):
        super().__post_init__()
        first = 1 if self.data_format == "channels_last" else 2
        self.axes = tuple(range(first, first + self.rank))
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        return type(self).pool(inputs, axis=self.axes, keepdims=self.keepdims)


class GlobalAverage(GlobalPooling):
    """Base of the layers that average all of each channel."""

    pool = ops.mean


class GlobalMax(GlobalPooling):
    """Base of the layers that keep the largest element of each channel."""

    pool = ops.max


@register("layers", "GlobalAvgPool1D")
class GlobalAveragePooling1D(GlobalAverage):
    """The mean over the steps, or over those that a mask (n, steps) keeps.

    Shapes: (n, steps, c) -> (n, c), or (n, c, steps) with `data_format` "channels_first"; `keepdims` leaves the axis
    with size 1. A sample without any step kept gives NaN.

    >>> import numpy as np
    >>> x, mask = np.array([[[1.0], [3.0], [8.0]]]), np.array([[True, True, False]])
    >>> GlobalAveragePooling1D()(x).numpy(), GlobalAveragePooling1D()(x, mask=mask).numpy()
    (array([[4.]], dtype=float32), array([[2.]], dtype=float32))
    """

    rank = 1
    supports_masking = True

    def call(self, inputs, mask=None):
        if mask is None:
            return super().call(inputs)
        kept = ops.expand_dims(ops.not_equal(mask, 0), -1 if self.data_format == "channels_last" else 1)
        total = ops.sum(ops.where(kept, inputs, 0), axis=self.axes, keepdims=self.keepdims)
        return total / ops.sum(ops.cast(kept, total.dtype), axis=self.axes, keepdims=self.keepdims)

    def compute_mask(self, inputs, mask=None):
        return None


@register("layers", "GlobalAvgPool2D")
class GlobalAveragePooling2D(GlobalAverage):
    """The mean over rows and columns.

    Shapes: (n, rows, columns, c) -> (n, c), or channels second with `data_format` "channels_first"; `keepdims` leaves
    the axes with size 1.

    >>> GlobalAveragePooling2D(keepdims=True).compute_output_shape((None, 7, 7, 4))
    (None, 1, 1, 4)
    """

    rank = 2


@register("layers", "GlobalAvgPool3D")
class GlobalAveragePooling3D(GlobalAverage):
    """The mean over all three spatial axes.

    Shapes: (n, x, y, z, c) -> (n, c), or channels second with `data_format` "channels_first"; `keepdims` leaves the
    axes with size 1.

    >>> GlobalAveragePooling3D("channels_first").compute_output_shape((None, 4, 7, 7, 7))
    (None, 4)
    """

    rank = 3


@register("layers", "GlobalMaxPool1D")
class GlobalMaxPooling1D(GlobalMax):
    """The largest element over the steps. Shapes as for `GlobalAveragePooling1D`.

    >>> import numpy as np
    >>> GlobalMaxPooling1D()(np.array([[[1.0, 5.0], [3.0, 4.0]]])).numpy()
    array([[3., 5.]], dtype=float32)
    """

    rank = 1


@register("layers", "GlobalMaxPool2D")
class GlobalMaxPooling2D(GlobalMax):
    """The largest element over rows and columns. Shapes as for `GlobalAveragePooling2D`.

    >>> GlobalMaxPooling2D().compute_output_shape((None, 7, 7, 4))
    (None, 4)
    """

    rank = 2


@register("layers", "GlobalMaxPool3D")
class GlobalMaxPooling3D(GlobalMax):
    """The largest element over all three spatial axes. Shapes as for `GlobalAveragePooling3D`.

    >>> GlobalMaxPooling3D(keepdims=True).compute_output_shape((None, 7, 7, 7, 4))
    (None, 1, 1, 1, 4)
    """

    rank = 3
