"""Layers that merge several tensors into one, element by element or along an axis."""

import functools

from kx_io import field, register
from kx_layers.layer import Layer
from kx_tensor import ops, rules


def _is_shape_list(shapes):
    return (
        isinstance(shapes, (list, tuple))
        and bool(shapes)
        and all(isinstance(s, (list, tuple)) for s in shapes)
    )


def _check_shape_list(layer, shapes, count=None):
    if not _is_shape_list(shapes):
        raise ValueError(
            f"{type(layer).__name__} merges a list of tensors: call it as layer([x, y]), got shape {shapes}."
        )
    if count is not None and len(shapes) != count:
        raise ValueError(
            f"{type(layer).__name__} merges exactly {count} tensors, got {len(shapes)} of shapes {shapes}."
        )


class Merge(Layer):
    """Base of layers that combine tensors element by element; write `combine(x, y)`, folded over the list.

    The shapes broadcast; tensors of lower rank get axes of size 1 after the batch axis. The mask of the output is
    True where one of the inputs' masks is; if an input has none, the output has none.
    """

    supports_masking = True
    count = None  # how many inputs the layer takes, if not any number

    def build(self, input_shape):
        _check_shape_list(self, input_shape, self.count)
        batches = {shape[0] for shape in input_shape if shape} - {None, 1}
        if len(batches) > 1:
            raise ValueError(
                f"{self.name!r} cannot merge tensors of different batch sizes, got shapes {list(input_shape)}."
            )
        self._broadcast_shapes(input_shape)

    def _broadcast_shapes(self, shapes):
        rank = max(len(shape) for shape in shapes)
        filled = [(*shape[:1], *(1,) * (rank - len(shape)), *shape[1:]) for shape in shapes]
        try:
            return functools.reduce(rules.broadcast_shapes, filled)
        except ValueError:
            raise ValueError(
                f"{type(self).__name__} layer {self.name!r}: shapes {list(shapes)} do not "
                "broadcast; sizes of an axis must be "
                f"equal, or 1."
            ) from None

    def combine(self, x, y):
        """Return the combination of two tensors."""
        raise NotImplementedError(f"{type(self).__name__} needs a combine(self, x, y) method.")

    def merge(self, inputs):
        """Return the combination of tensors of equal rank."""
        return functools.reduce(self.combine, inputs)

    def call(self, inputs):
        _check_shape_list(self, [x.shape for x in inputs], self.count)
        rank = max(len(x.shape) for x in inputs)
        return self.merge([_with_rank(x, rank) for x in inputs])

    def compute_output_shape(self, input_shape):
        _check_shape_list(self, input_shape, self.count)
        return self._broadcast_shapes(input_shape)

    def compute_mask(self, inputs, mask=None):
        _check_masks(inputs, mask)
        if mask is None or any(m is None for m in mask):
            return None
        return functools.reduce(ops.logical_or, mask)


def _with_rank(x, rank):
    missing = rank - len(x.shape)
    return ops.expand_dims(x, tuple(range(1, missing + 1))) if missing else x


def _check_masks(inputs, mask):
    if mask is not None and (not isinstance(mask, (list, tuple)) or len(mask) != len(inputs)):
        raise ValueError(
            f"mask must be a list with one mask (or None) for each of the {len(inputs)} inputs, got {mask!r}."
        )


def _mask_of(x):
    """The mask that rides on x, with axes added so that it broadcasts over the features; None if there is none."""
    mask = x._keras_mask
    return mask if mask is None else ops.expand_dims(mask, tuple(range(len(mask.shape), len(x.shape))))


@register("layers")
class Add(Merge):
    """The sum of the inputs.

    >>> import numpy as np
    >>> Add()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
    array([[11., 22.]], dtype=float32)
    """

    def combine(self, x, y):
        return ops.add(x, y)


@register("layers")
class Subtract(Merge):
    """The first of two inputs minus the second.

    >>> import numpy as np
    >>> Subtract()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
    array([[ -9., -18.]], dtype=float32)
    """

    count = 2

    def combine(self, x, y):
        return ops.subtract(x, y)


@register("layers")
class Average(Merge):
    """The mean of the inputs.

    >>> import numpy as np
    >>> Average()([np.array([[1.0, 2.0]]), np.array([[3.0, 6.0]])]).numpy()
    array([[2., 4.]], dtype=float32)
    """

    def merge(self, inputs):
        return functools.reduce(ops.add, inputs) / len(inputs)


@register("layers")
class Multiply(Merge):
    """The product of the inputs; a masked element counts as 1, and elements masked in all inputs give 0.

    >>> import numpy as np
    >>> Multiply()([np.array([[1.0, 2.0]]), np.array([[10.0, 20.0]])]).numpy()
    array([[10., 40.]], dtype=float32)
    """

    def merge(self, inputs):
        masks = [_mask_of(x) for x in inputs]
        factors = [x if m is None else ops.where(m, x, 1) for x, m in zip(inputs, masks, strict=True)]
        product = functools.reduce(ops.multiply, factors)
        if any(m is None for m in masks):
            return product
        return ops.where(functools.reduce(ops.logical_or, masks), product, 0)


class Selection(Merge):
    """Base of Maximum and Minimum: a masked element leaves the choice to the other inputs."""

    def merge(self, inputs):
        chosen, valid = inputs[0], _mask_of(inputs[0])
        for x in inputs[1:]:
            mask = _mask_of(x)
            offered = x if mask is None else ops.where(mask, x, chosen)
            chosen = self.combine(chosen if valid is None else ops.where(valid, chosen, offered), offered)
            valid = None if valid is None or mask is None else ops.logical_or(valid, mask)
        return chosen


@register("layers")
class Maximum(Selection):
    """The largest of the inputs, element by element.

    >>> import numpy as np
    >>> Maximum()([np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])]).numpy()
    array([[10., 20.]], dtype=float32)
    """

    def combine(self, x, y):
        return ops.maximum(x, y)


@register("layers")
class Minimum(Selection):
    """The smallest of the inputs, element by element.

    >>> import numpy as np
    >>> Minimum()([np.array([[1.0, 20.0]]), np.array([[10.0, 2.0]])]).numpy()
    array([[1., 2.]], dtype=float32)
    """

    def combine(self, x, y):
        return ops.minimum(x, y)


def add(inputs, **kwargs):
    """Return `Add(**kwargs)(inputs)`."""
    return Add(**kwargs)(inputs)


def subtract(inputs, **kwargs):
    """Return `Subtract(**kwargs)(inputs)`."""
    return Subtract(**kwargs)(inputs)


def average(inputs, **kwargs):
    """Return `Average(**kwargs)(inputs)`."""
    return Average(**kwargs)(inputs)


def multiply(inputs, **kwargs):
    """Return `Multiply(**kwargs)(inputs)`."""
    return Multiply(**kwargs)(inputs)


def maximum(inputs, **kwargs):
    """Return `Maximum(**kwargs)(inputs)`."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs, **kwargs):
    """Return `Minimum(**kwargs)(inputs)`."""
    return Minimum(**kwargs)(inputs)


# ---- along an axis -------------------------------------------------------------------------------------------


@register("layers")
class Concatenate(Layer):
    """The inputs one after another along `axis`; their other sizes must be equal.

    >>> import numpy as np
    >>> Concatenate()([np.array([[1.0, 2.0]]), np.array([[3.0]])]).numpy()
    array([[1., 2., 3.]], dtype=float32)
    """

    axis = field(-1)

    supports_masking = True

    def build(self, input_shape):
        self.compute_output_shape(input_shape)

    def call(self, inputs):
        return ops.concatenate(inputs, axis=self.axis)

    def compute_output_shape(self, input_shape):
        _check_shape_list(self, input_shape)
        shapes = [tuple(shape) for shape in input_shape]
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise ValueError(
                f"Concatenate layer {self.name!r}: axis {self.axis} is out of range for shapes {shapes}."
            )
        axis = self.axis % rank
        out = list(shapes[0])
        for shape in shapes[1:]:
            fits = len(shape) == rank and all(
                i == axis or None in (n, m) or n == m for i, (n, m) in enumerate(zip(out, shape, strict=True))
            )
            if not fits:
                raise ValueError(
                    f"Concatenate layer {self.name!r}: shapes must be equal except along axis "
                    f"{self.axis}, got {shapes}."
                )
            out = [m if n is None else n for n, m in zip(out, shape, strict=True)]
        sizes = [shape[axis] for shape in shapes]
        out[axis] = None if None in sizes else sum(sizes)
        return tuple(out)

    def compute_mask(self, inputs, mask=None):
        _check_masks(inputs, mask)
        if mask is None or all(m is None for m in mask):
            return None
        masks = []
        for x, m in zip(inputs, mask, strict=True):
            full = ops.ones_like(x, dtype="bool")
            masks.append(full if m is None else ops.logical_and(_stretched(m, x), full))
        return ops.any(ops.concatenate(masks, axis=self.axis), axis=-1)


def _stretched(mask, x):
    return ops.expand_dims(mask, tuple(range(len(mask.shape), len(x.shape))))


def concatenate(inputs, axis=-1, **kwargs):
    """Return `Concatenate(axis, **kwargs)(inputs)`."""
    return Concatenate(axis, **kwargs)(inputs)
