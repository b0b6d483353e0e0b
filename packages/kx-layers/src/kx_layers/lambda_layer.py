"""`Lambda`: a function as a layer."""

import inspect

from kx_io import Check, field, register
from kx_layers.layer import Layer
from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor


def _is_output_shape(value):
    return value is None or callable(value) or isinstance(value, tuple)


@register("layers")
class Lambda(Layer):
    """Calls `function(inputs, **arguments)`; `mask` and `training` are passed to a function that takes them.

    `output_shape`: the shape of one sample's output, or a function of the input shape; None finds it by running the
    function on symbolic inputs. `mask`: the mask of the output, or a function of (inputs, mask). To be saved, the
    function must be registered by `register_keras_serializable`; a Python lambda can't be.

    >>> import numpy as np
    >>> Lambda(lambda x: x**2)(np.array([[1.0, 3.0]])).numpy()
    array([[1., 9.]], dtype=float32)
    """

    function = field(check=Check(callable, "a function"))
    output_shape = field(
        None,
        to=lambda shape: tuple(shape) if isinstance(shape, list) else shape,
        check=Check(
            _is_output_shape, "a tuple without the batch axis, a function of the input shape, or None"
        ),
    )
    mask = field(None)
    arguments = field(None, to=lambda arguments: arguments or {})

    def __post_init__(self):
        super().__post_init__()
        self.supports_masking = self.mask is not None
        self.untracked("_own_mask_rule", self.supports_masking)
        taken = inspect.signature(self.function).parameters
        self.untracked("_passed", frozenset(("mask", "training")) & frozenset(taken))

    def call(self, inputs, mask=None, training=None):
        given = {"mask": mask, "training": training}
        return self.function(inputs, **self.arguments, **{name: given[name] for name in self._passed})

    def compute_output_spec(self, inputs, mask=None, training=None):
        if self.output_shape is not None:
            shapes = tree.map_structure(lambda x: x.shape, inputs)
            return tree.map_shape_structure(
                lambda s: KerasTensor(s, self.compute_dtype), self.compute_output_shape(shapes)
            )
        try:
            return self.call(inputs, mask=mask, training=training)
        except Exception as error:
            error.add_note(
                f"Lambda layer {self.name!r} ran its function on symbolic inputs to learn its "
                "output shape. Use `kx.ops` in the "
                f"function, or give the layer an output_shape."
            )
            raise

    def compute_output_shape(self, input_shape):
        if self.output_shape is None:
            inputs = tree.map_shape_structure(lambda s: KerasTensor(s, self.compute_dtype), input_shape)
            return tree.map_structure(lambda x: x.shape, self.compute_output_spec(inputs))
        if callable(self.output_shape):
            return self.output_shape(input_shape)
        first = input_shape
        while first and not isinstance(first[0], (int, type(None))):
            first = first[0]
        return (first[0] if first else None, *self.output_shape)

    def compute_mask(self, inputs, mask=None):
        return self.mask(inputs, mask) if callable(self.mask) else self.mask

    def get_config(self):
        config = super().get_config()
        for name in ("output_shape", "mask"):
            if config[name] is None:
                del config[name]
        return config
