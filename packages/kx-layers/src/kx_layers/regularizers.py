"""Weight penalties: callables that turn a weight or an activation into a scalar added to the loss."""

from kx_io import Fields, field, non_negative, one_of, register, registry
from kx_tensor import ops

_TINY = 1e-12  # what the square of a norm is at least, so that a zero vector stays one
_registry = registry("regularizers")
deserialize = _registry.deserialize
get = _registry.get
serialize = _registry.serialize


class Regularizer(Fields):
    """Base of regularizers: write `__call__(x)` that returns a scalar; plain functions serve as well."""

    def __call__(self, x):
        """Return the penalty of the tensor x."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a __call__(self, x) method that returns a scalar."
        )


def _or_default(default):
    return lambda value: default if value is None else value


@register("regularizers")
class L1(Regularizer):
    """`l1 * sum(abs(x))`, which drives weights to exact zeros.

    >>> float(L1(0.5)([1.0, -3.0]))
    2.0
    """

    l1 = field(0.01, to=_or_default(0.01), check=non_negative)

    def __call__(self, x):
        return self.l1 * ops.sum(ops.abs(x))


@register("regularizers")
class L2(Regularizer):
    """`l2 * sum(x^2)`, weight decay as a loss.

    >>> float(L2(0.5)([1.0, -3.0]))
    5.0
    """

    l2 = field(0.01, to=_or_default(0.01), check=non_negative)

    def __call__(self, x):
        return self.l2 * ops.sum(ops.square(x))


@register("regularizers", "l1_l2")
class L1L2(Regularizer):
    """`l1 * sum(abs(x)) + l2 * sum(x^2)`.

    >>> float(L1L2(l1=1.0, l2=0.5)([1.0, -3.0]))
    9.0
    """

    l1 = field(0.0, to=_or_default(0.0), check=non_negative)
    l2 = field(0.0, to=_or_default(0.0), check=non_negative)

    def __call__(self, x):
        if not self.l2:
            return self.l1 * ops.sum(ops.abs(x))
        penalty = self.l2 * ops.sum(ops.square(x))
        return penalty + self.l1 * ops.sum(ops.abs(x)) if self.l1 else penalty


@register("regularizers")
class OrthogonalRegularizer(Regularizer):
    """`factor` times the mean absolute cosine between different rows (or columns) of a matrix.

    >>> float(OrthogonalRegularizer(0.5)([[1.0, 0.0], [0.0, 2.0]]))
    0.0
    """

    factor = field(0.01, check=non_negative)
    mode = field("rows", check=one_of("rows", "columns"))

    def __call__(self, x):
        shape = x.shape if hasattr(x, "shape") else ops.convert_to_tensor(x).shape
        if len(shape) != 2:
            raise ValueError(f"OrthogonalRegularizer needs a matrix, got shape {tuple(shape)}.")
        rows = x if self.mode == "rows" else ops.transpose(x)
        unit = rows * ops.rsqrt(ops.maximum(ops.sum(ops.square(rows), axis=1, keepdims=True), _TINY))
        cosines = ops.matmul(unit, ops.transpose(unit))
        n = cosines.shape[0]
        pairs = max(n * (n - 1) / 2, 1)
        return self.factor * 0.5 / pairs * ops.sum(ops.abs(cosines * (1.0 - ops.eye(n, dtype=cosines.dtype))))


l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer
