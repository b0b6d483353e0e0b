"""Constraints: functions of a weight, applied to it after each step of the optimizer."""

from kx_io import Fields, field, register, registry
from kx_tensor import config, ops

_registry = registry("constraints")
deserialize = _registry.deserialize
get = _registry.get
serialize = _registry.serialize


class Constraint(Fields):
    """Base of constraints: write `__call__(w)` that returns the constrained weight; plain functions serve as well."""

    def __call__(self, w):
        """Return the weight nearest to w that is allowed."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a __call__(self, w) method that returns the new weight."
        )


def _norms(w, axis):
    axis = tuple(axis) if isinstance(axis, list) else axis
    return ops.sqrt(ops.sum(ops.square(w), axis=axis, keepdims=True))


@register("constraints")
class MaxNorm(Constraint):
    """Scales weights down to norm `max_value` where they exceed it; `axis` is what one norm runs over.

    A Dense kernel has shape (inputs, units): axis 0 limits the norm of each unit's weights. Srivastava et al. 2014.

    >>> MaxNorm(5.0)([[3.0, 6.0], [4.0, 8.0]]).numpy().round(3)
    array([[3., 3.],
           [4., 4.]], dtype=float32)
    """

    max_value = field(2)
    axis = field(0)

    def __call__(self, w):
        norms = _norms(w, self.axis)
        return w * (ops.clip(norms, 0, self.max_value) / (norms + config.epsilon()))


@register("constraints")
class NonNeg(Constraint):
    """Sets negative weights to 0.

    >>> NonNeg()([-1.0, 2.0]).numpy()
    array([0., 2.], dtype=float32)
    """

    def __call__(self, w):
        return ops.relu(w)


@register("constraints")
class UnitNorm(Constraint):
    """Scales weights to norm 1; `axis` is what one norm runs over.

    >>> UnitNorm()([[3.0], [4.0]]).numpy().round(3)
    array([[0.6],
           [0.8]], dtype=float32)
    """

    axis = field(0)

    def __call__(self, w):
        return w / (_norms(w, self.axis) + config.epsilon())


@register("constraints")
class MinMaxNorm(Constraint):
    """Moves norms by the part `rate` of the way into [min_value, max_value]; `axis` is what one norm runs over.

    >>> MinMaxNorm(min_value=1.0, max_value=2.0, rate=0.5)([[3.0], [4.0]]).numpy().round(3)
    array([[2.1],
           [2.8]], dtype=float32)
    """

    min_value = field(0.0)
    max_value = field(1.0)
    rate = field(1.0)
    axis = field(0)

    def __call__(self, w):
        norms = _norms(w, self.axis)
        wanted = self.rate * ops.clip(norms, self.min_value, self.max_value) + (1 - self.rate) * norms
        return w * (wanted / (norms + config.epsilon()))


max_norm = MaxNorm
non_neg = NonNeg
unit_norm = UnitNorm
min_max_norm = MinMaxNorm
