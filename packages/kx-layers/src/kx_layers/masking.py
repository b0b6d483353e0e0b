"""`Masking`: marks the steps of padded sequences."""

from kx_io import field, register
from kx_layers.layer import Layer
from kx_tensor import ops


@register("layers")
class Masking(Layer):
    """Masks the steps whose features all equal `mask_value`, and sets them to 0.

    Shapes: (batch, steps, features), with a mask (batch, steps) that is False at masked steps.

    >>> import numpy as np
    >>> out = Masking()(np.array([[[1.0, 0.0], [0.0, 0.0]]]))
    >>> out._keras_mask.numpy()
    array([[ True, False]])
    """

    mask_value = field(0.0)

    supports_masking = True

    def compute_mask(self, inputs, mask=None):
        return ops.any(ops.not_equal(inputs, self.mask_value), axis=-1)

    def call(self, inputs):
        kept = ops.any(ops.not_equal(inputs, self.mask_value), axis=-1, keepdims=True)
        return inputs * ops.cast(kept, inputs.dtype)
