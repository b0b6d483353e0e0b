"""`Rescaling`: a scale and an offset for all inputs."""

import numpy as np

from kx_io import Check, field, register
from kx_layers.layer import Layer
from kx_tensor import config, ops

_numbers = Check(
    lambda value: np.asarray(value).dtype.kind in "iuf", "a number, or numbers in a list or an array"
)


@register("layers")
class Rescaling(Layer):
    """`inputs * scale + offset`: pixels in [0, 255] become [0, 1] by `1 / 255`, and [-1, 1] by `1 / 127.5` and `-1`.

    `scale` and `offset` are numbers, or one for each channel.

    >>> import numpy as np
    >>> Rescaling(1 / 127.5, offset=-1)(np.array([0, 255])).numpy()
    array([-1.,  1.], dtype=float32)
    """

    scale = field(check=_numbers)
    offset = field(0.0, check=_numbers)

    supports_masking = True

    def call(self, inputs):
        inputs = ops.cast(inputs, self.compute_dtype)
        return inputs * self._per_channel(self.scale, inputs) + self._per_channel(self.offset, inputs)

    def _per_channel(self, value, inputs):
        value = ops.cast(ops.convert_to_tensor(value), self.compute_dtype)
        if value.shape and config.image_data_format() == "channels_first" and len(inputs.shape) > 2:
            value = ops.reshape(value, (-1, 1, 1))
        return value
