"""`Merge` and `merge` of Keras 1: one layer for all ways of combining tensors, also between models."""

import functools

from kx_io import Check, field, register
from kx_layers.dot import Dot
from kx_layers.layer import Layer
from kx_tensor import ops

_FOLDED = {"sum": ops.add, "mul": ops.multiply, "max": ops.maximum}
MODES = ("sum", "mul", "concat", "ave", "max", "dot", "cos")


@register("layers")
class Merge(Layer):
    """Combines several tensors: `mode` is one of sum, mul, concat, ave, max, dot, cos, or a function of the list.

    `layers` are models or layers whose outputs are merged: such a Merge is the first layer of a Sequential model that
    takes the inputs of all of them. `dot_axes` are the axes summed over for dot and cos, counted with the batch axis
    as 0.

    >>> import numpy as np
    >>> Merge(mode="concat")([np.ones((1, 2)), np.zeros((1, 1))]).numpy()
    array([[1., 1., 0.]], dtype=float32)
    """

    layers = field(None, config=False)
    mode = field(
        "sum", check=Check(lambda m: callable(m) or m in MODES, f"a function or one of {', '.join(MODES)}")
    )
    concat_axis: int = field(-1)
    dot_axes = field(-1)
    output_shape = field(None, config=False)
    output_mask = field(None, config=False)
    arguments = field(None, to=lambda arguments: arguments or {})
    field_order = ("layers", "mode", "concat_axis", "dot_axes", "output_shape", "output_mask", "arguments")

    supports_masking = True

    def build(self, input_shape):
        if len(input_shape) < 2:
            raise ValueError(f"Layer {self.name!r} merges two or more tensors, got shapes {input_shape}.")

    def call(self, inputs):
        if callable(self.mode):
            return self.mode(inputs, **self.arguments)
        if self.mode in _FOLDED:
            return functools.reduce(_FOLDED[self.mode], inputs)
        if self.mode == "ave":
            return functools.reduce(ops.add, inputs) / float(len(inputs))
        if self.mode == "concat":
            return ops.concatenate(inputs, axis=self.concat_axis)
        axes = self.dot_axes
        if not isinstance(axes, int):  # [[1], [1]] in Keras 1 before 1.1
            axes = tuple(axis[0] if isinstance(axis, (list, tuple)) else axis for axis in axes)
        return Dot(axes, normalize=self.mode == "cos")(inputs)

    def compute_mask(self, inputs, mask=None):
        if callable(self.output_mask):
            return self.output_mask(mask)
        if self.output_mask is not None or mask is None or any(m is None for m in mask):
            return self.output_mask
        return functools.reduce(ops.logical_and, mask) if self.mode != "concat" else None


def merge(
    inputs,
    mode="sum",
    concat_axis=-1,
    dot_axes=-1,
    output_shape=None,
    output_mask=None,
    arguments=None,
    name=None,
):
    """Return symbolic tensors combined as by `Merge`; today each way is a layer of its own: Add, Concatenate, Dot.

    >>> from kx_layers.input_layer import Input
    >>> merge([Input((2,)), Input((3,))], mode="concat").shape
    (None, 5)
    """
    layer = Merge(None, mode, concat_axis, dot_axes, output_shape, output_mask, arguments, name=name)
    return layer(list(inputs))
