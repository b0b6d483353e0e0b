"""`ActivityRegularization`: a penalty on what passes through."""

from kx_io import field, non_negative, register
from kx_layers.layer import Layer
from kx_layers.regularizers import L1L2


@register("layers")
class ActivityRegularization(Layer):
    """Passes its input x on and adds `(l1 sum(abs(x)) + l2 sum(x^2)) / batch size` to the loss.

    >>> import numpy as np
    >>> layer = ActivityRegularization(l1=1.0)
    >>> out = layer(np.array([[1.0, -2.0], [0.0, 3.0]]))
    >>> float(layer.losses[0])
    3.0
    """

    l1 = field(0.0, check=non_negative)
    l2 = field(0.0, check=non_negative)

    supports_masking = True

    def __post_init__(self):
        super().__post_init__()
        if self.activity_regularizer is not None:
            raise TypeError("ActivityRegularization takes l1 and l2, not activity_regularizer.")
        self.activity_regularizer = L1L2(self.l1, self.l2)

    def call(self, inputs):
        return inputs

    def get_config(self):
        config = super().get_config()
        config.pop("activity_regularizer", None)
        return config
