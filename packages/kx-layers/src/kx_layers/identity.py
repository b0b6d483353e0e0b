"""`Identity`: passes its input on."""

from kx_io import register
from kx_layers.layer import Layer


@register("layers")
class Identity(Layer):
    """Returns its inputs, a tensor or any structure of them, unchanged: a placeholder.

    >>> import numpy as np
    >>> Identity()(np.array([[1.0, 2.0]])).numpy()
    array([[1., 2.]], dtype=float32)
    """

    supports_masking = True

    def call(self, inputs):
        return inputs
