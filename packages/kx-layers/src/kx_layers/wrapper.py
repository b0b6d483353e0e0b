"""`Wrapper`: the base of layers that change how another layer works."""

from kx_io import field, register, registry
from kx_layers.layer import Layer


def wrapped(layer):
    """Return the layer an argument stands for: a layer, or its config."""
    if isinstance(layer, dict):
        layer = registry("layers").deserialize(layer)
    if not isinstance(layer, Layer):
        raise ValueError(f"A layer is needed to be wrapped, got {layer!r} of type {type(layer).__name__}.")
    return layer


@register("layers")
class Wrapper(Layer):
    """Base of layers around another one, the attribute `layer`; write `call(inputs)`.

    >>> from kx_layers import Dense
    >>> class Twice(Wrapper):
    ...     def call(self, inputs):
    ...         return self.layer(inputs) * 2.0
    >>> import numpy as np
    >>> Twice(Dense(2, kernel_initializer="ones"))(np.array([[1.0, 2.0]])).numpy()
    array([[6., 6.]], dtype=float32)
    """

    layer = field(to=wrapped, first=True)

    def build(self, input_shape=None):
        if not self.layer.built:
            self.layer.build(input_shape)
            self.layer.built = True
