"""Layers that rearrange the elements of each sample: Flatten, Reshape, Permute, RepeatVector."""

import math

from kx_io import Check, field, instance_of, positive, register
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import config, ops


@register("layers")
class Flatten(Layer):
    """Makes a vector of each sample. Shapes: (batch, ...) -> (batch, product of the rest); (batch,) -> (batch, 1).

    "channels_first" moves the channels last before, so that both formats give the same vector.

    >>> import numpy as np
    >>> Flatten()(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy()
    array([[1., 2., 3., 4.]], dtype=float32)
    """

    data_format: str = field(None, to=config.standardize_data_format)

    input_spec = InputSpec(min_ndim=1)

    def call(self, inputs):
        x = inputs
        rank = len(x.shape)
        if self.data_format == "channels_first" and rank > 2:
            x = ops.transpose(x, (0, *range(2, rank), 1))
        batch, *sizes = x.shape
        return ops.reshape(x, (batch, None if None in sizes else math.prod(sizes)))


@register("layers")
class Reshape(Layer):
    """Gives each sample the shape `target_shape`, in which one size may be -1 (also written None).

    Shapes: (batch, ...) -> (batch, *target_shape).

    >>> import numpy as np
    >>> Reshape((2, -1))(np.array([[1.0, 2.0, 3.0, 4.0]])).numpy()
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """

    target_shape = field(to=lambda shape: tuple(-1 if n is None else n for n in shape))

    def __post_init__(self):
        super().__post_init__()
        if self.target_shape.count(-1) > 1:
            raise ValueError(f"Reshape: target_shape may have one -1, got {self.target_shape}.")

    def call(self, inputs):
        batch, *sizes = inputs.shape
        return ops.reshape(inputs, (batch, *self._resolve(tuple(sizes))))

    def _resolve(self, sizes):
        """`target_shape` with its -1 worked out; None where the input's sizes are unknown."""
        target = self.target_shape
        known = math.prod(n for n in target if n != -1)
        if None in sizes:
            return tuple(None if n == -1 else n for n in target)
        total = math.prod(sizes)
        fits = total % known == 0 if -1 in target and known else total == known
        if not fits:
            raise ValueError(
                f"Layer {self.name!r}: cannot reshape samples of shape {sizes} ({total} elements) "
                f"to target_shape={target}"
                f"{f' (a multiple of {known} elements)' if -1 in target else f' ({known} elements)'}."
            )
        return tuple(total // known if n == -1 else n for n in target)


def _is_permutation(dims):
    return sorted(dims) == list(range(1, len(dims) + 1))


@register("layers")
class Permute(Layer):
    """Reorders the axes of each sample; `dims` counts them from 1, the batch axis stays.

    >>> import numpy as np
    >>> Permute((2, 1))(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy()
    array([[[1., 3.],
            [2., 4.]]], dtype=float32)
    """

    dims = field(
        to=tuple,
        check=Check(_is_permutation, "a permutation of the axes 1, 2, ... (0, the batch axis, stays)"),
    )

    def __post_init__(self):
        super().__post_init__()
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)

    def call(self, inputs):
        return ops.transpose(inputs, (0, *self.dims))


@register("layers")
class RepeatVector(Layer):
    """Repeats each vector `n` times along a new axis. Shapes: (batch, d) -> (batch, n, d).

    >>> import numpy as np
    >>> RepeatVector(2)(np.array([[1.0, 2.0]])).numpy()
    array([[[1., 2.],
            [1., 2.]]], dtype=float32)
    """

    n: int = field(check=positive & instance_of(int))

    input_spec = InputSpec(ndim=2)

    def call(self, inputs):
        batch, size = inputs.shape
        return ops.broadcast_to(ops.expand_dims(inputs, 1), (batch, self.n, size))
