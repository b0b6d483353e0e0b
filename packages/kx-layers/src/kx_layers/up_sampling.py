"""`UpSampling1D`, `UpSampling2D`, `UpSampling3D`: sequences, images, volumes made larger by a whole factor."""

from kx_io import field, one_of, positive, register
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_layers.windowed import lower
from kx_tensor import config, ops
from kx_tensor.ops.conv_windows import as_key, per_axis
from kx_tensor.ops.image_size import INTERPOLATIONS, resize


@register("layers")
class UpSampling1D(Layer):
    """Repeats each step `size` times. Shapes: (batch, steps, channels) -> (batch, steps * size, channels).

    >>> import numpy as np
    >>> UpSampling1D(2)(np.array([[[1.0], [2.0]]])).numpy().ravel()
    array([1., 1., 2., 2.], dtype=float32)
    """

    size: int = field(2, check=positive)

    input_spec = InputSpec(ndim=3)

    def call(self, inputs):
        return ops.enlarge(inputs, factors=(1, self.size, 1))


class UpSampling(Layer):
    """Base of the layers that enlarge two or three axes.

    >>> UpSampling3D(3).size
    (3, 3, 3)
    """

    rank = None

    size = field()
    data_format = field(None, to=config.standardize_data_format)
    field_order = ("size", "data_format")

    def __post_init__(self):
        super().__post_init__()
        self.size = per_axis(as_key(self.size), self.rank, "size")
        self.input_spec = InputSpec(ndim=self.rank + 2)

    def call(self, inputs):
        factors = (1, 1, *self.size) if self.data_format == "channels_first" else (1, *self.size, 1)
        return ops.enlarge(inputs, factors=factors)


@register("layers")
class UpSampling2D(UpSampling):
    """Enlarges images by `size`, a number or (rows, columns), repeating pixels or interpolating between them.

    `interpolation`: "nearest" repeats; "bilinear", "bicubic", "lanczos3" and "lanczos5" as in `ops.image.resize`.
    Shapes: (batch, rows, columns, channels) -> (batch, rows * size[0], columns * size[1], channels), or channels
    second with data_format "channels_first".

    >>> import numpy as np
    >>> UpSampling2D((1, 2))(np.array([[[[1.0], [3.0]]]])).numpy().ravel()
    array([1., 1., 3., 3.], dtype=float32)
    >>> UpSampling2D((1, 2), interpolation="bilinear")(np.array([[[[1.0], [3.0]]]])).numpy().ravel()
    array([1. , 1.5, 2.5, 3. ], dtype=float32)
    """

    rank = 2
    size = field((2, 2))
    interpolation = field("nearest", to=lower, check=one_of(*INTERPOLATIONS))
    field_order = ("size", "data_format", "interpolation")

    def call(self, inputs):
        if self.interpolation == "nearest":
            return super().call(inputs)
        first = 2 if self.data_format == "channels_first" else 1
        sizes = [None if n is None else n * f for n, f in zip(inputs.shape[first:], self.size)]
        if None in sizes:  # only the shape is wanted
            return super().call(inputs)
        return resize(inputs, sizes, self.interpolation, data_format=self.data_format)


@register("layers")
class UpSampling3D(UpSampling):
    """Repeats each position of a volume `size` times, a number or one for each axis.

    Shapes: (batch, x, y, z, channels) -> (batch, x * size[0], y * size[1], z * size[2], channels), or channels second
    with data_format "channels_first".

    >>> UpSampling3D((1, 2, 3)).compute_output_shape((None, 4, 4, 4, 3))
    (None, 4, 8, 12, 3)
    """

    rank = 3
    size = field((2, 2, 2))
