"""`Dot`: products of two tensors, sample by sample."""

from kx_io import Check, field, register
from kx_layers.layer import Layer
from kx_tensor import ops

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _unit(x, axis):
    """x at length 1 along `axis`; a zero vector stays zero."""
    return x * ops.rsqrt(ops.maximum(ops.sum(ops.square(x), axis=axis, keepdims=True), 1e-12))


def _are_axes(axes):
    if isinstance(axes, (list, tuple)):
        return len(axes) == 2 and all(isinstance(a, int) for a in axes)
    return isinstance(axes, int)


@register("layers")
class Dot(Layer):
    """Sums the products of two tensors over `axes` (one axis for both, or a pair), for each sample.

    Shapes: (batch, ...) and (batch, ...) -> (batch, the other axes of the first, those of the second), or (batch, 1)
    if none are left. `normalize` scales to unit length along `axes` first, so that the dot product is the cosine.

    >>> import numpy as np
    >>> Dot(axes=1)([np.array([[1.0, 2.0]]), np.array([[3.0, 4.0]])]).numpy()
    array([[11.]], dtype=float32)
    """

    axes = field(check=Check(_are_axes, "an integer or a pair of integers"))
    normalize: bool = field(False)

    supports_masking = True

    def build(self, input_shape):
        self._check(input_shape)

    def _check(self, shapes):
        """Return the two axes, counted from the front; raises ValueError if the shapes do not fit."""
        shape_list = isinstance(shapes, (list, tuple)) and all(isinstance(s, (list, tuple)) for s in shapes)
        if not shape_list or len(shapes) != 2:
            raise ValueError(f"Dot layer {self.name!r} takes a list of 2 tensors, got shape {shapes}.")
        pair = (self.axes, self.axes) if isinstance(self.axes, int) else self.axes
        axes = []
        for axis, shape in zip(pair, shapes, strict=True):
            if len(shape) < 2 or not -len(shape) <= axis < len(shape) or axis % len(shape) == 0:
                raise ValueError(
                    f"Dot layer {self.name!r}: axis {axis} must be one of the axes 1 to "
                    f"{len(shape) - 1} of shape {tuple(shape)}; "
                    f"axis 0 is the batch."
                )
            axes.append(axis % len(shape))
        sizes = [shape[a] for a, shape in zip(axes, shapes, strict=True)]
        if None not in sizes and sizes[0] != sizes[1]:
            raise ValueError(
                f"Dot layer {self.name!r}: axis {axes[0]} of {tuple(shapes[0])} has size {sizes[0]}, axis {axes[1]} of "
                f"{tuple(shapes[1])} has size {sizes[1]}; they must be equal."
            )
        return axes

    def call(self, inputs):
        x, y = inputs
        i, j = self._check([tuple(x.shape), tuple(y.shape)])
        if self.normalize:
            x, y = _unit(x, i), _unit(y, j)
        # "a" is the batch, "b" what is summed over
        first = ["a", *_LETTERS[2 : len(x.shape)]]
        second = ["a", *_LETTERS[len(x.shape) : len(x.shape) + len(y.shape) - 2]]
        out = "".join(first + second[1:])
        first.insert(i, "b")
        second.insert(j, "b")
        product = ops.einsum(f"{''.join(first)},{''.join(second)}->{out}", x, y)
        return product if len(out) > 1 else ops.expand_dims(product, -1)

    def compute_mask(self, inputs, mask=None):
        return None


def dot(inputs, axes=-1, **kwargs):
    """Return `Dot(axes, **kwargs)(inputs)`."""
    return Dot(axes, **kwargs)(inputs)
