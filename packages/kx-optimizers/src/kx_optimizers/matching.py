"""Gradients and the variables they belong to: order, number, shape, and the errors if they don't match."""

import warnings
from operator import is_

from kx_tensor import Tensor, Variable


def check_count(optimizer, grads):
    """Raise ValueError unless there is one gradient per variable of a built optimizer."""
    if not optimizer.built:
        raise ValueError(
            "When passing `grads` without `trainable_variables`, the optimizer must already be built on a "
            "list of variables. Call `optimizer.build(trainable_variables)` first."
        )
    expected = len(optimizer._trainable)
    if len(grads) != expected:
        raise ValueError(
            f"The gradients must match the variables one to one: got {len(grads)} gradients, but the "
            f"optimizer was built for {expected} variables. Pass None for a variable without gradient, or "
            "the variables as second argument."
        )


def in_order(optimizer, grads, variables):
    """Return the gradients in the order of the optimizer's variables, None for those not among `variables`.

    Raises ValueError for a variable the optimizer was not built for.
    """
    known = optimizer._trainable
    if len(grads) != len(variables):
        raise ValueError(
            f"The gradients must match the variables one to one: got {len(grads)} gradients for "
            f"{len(variables)} variables."
        )
    if len(variables) == len(known) and all(map(is_, variables, known)):
        if isinstance(variables, tuple):  # the same tuple need not be looked at again
            optimizer.untracked("_matched", variables)
        return grads
    placed = [None] * len(known)
    for g, variable in zip(grads, variables, strict=True):
        if variable not in optimizer._positions:
            raise ValueError(
                f"Unknown variable: {variable!r}. This optimizer can only be called for the variables it "
                "was originally built with. When working with a new set of variables, you should recreate "
                "a new optimizer instance."
            )
        placed[optimizer._positions[variable]] = g
    return placed


def raw_gradient(optimizer, g, i):
    """Return gradient number `i` (a tensor, an array, a list) as a raw array."""
    if isinstance(g, (Tensor, Variable)):
        return g.data
    xp = optimizer._trainable[i].device.xp
    return g if isinstance(g, xp.ndarray) else optimizer._trainable[i].device.asarray(g)


def report_missing(optimizer, raw, variables):
    """Warn of `variables` (None: all) that have no gradient; raise ValueError if none has one."""
    if all(g is None for g in raw):
        raise ValueError("No gradients provided for any variable.")
    asked = optimizer._trainable if variables is None else variables
    missing = [v.path for v in asked if raw[optimizer._positions[v]] is None]
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing} when minimizing the loss. If using "
            "`model.compile()`, did you forget to provide a `loss` argument?",
            stacklevel=4,
        )
    check_shapes(optimizer, raw)


def check_shapes(optimizer, raw):
    """Raise ValueError for the first gradient that has not the shape of its variable."""
    for g, shape, variable in zip(raw, optimizer._shapes, optimizer._trainable, strict=True):
        if g is not None and tuple(g.shape) != shape:
            raise ValueError(
                f"The gradient of variable {variable.path!r} has shape {tuple(g.shape)}, the variable has "
                f"shape {shape}."
            )
