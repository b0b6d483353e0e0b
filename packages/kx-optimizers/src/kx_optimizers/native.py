"""The native optimizer step: all parameters of a group in one call, their gradients read where they are.

What comes before the step, scaling and clipping, is a factor and a limit that the kernel applies to each gradient
as it reads it. `Optimizer.step` says what each rule computes, and is what runs where there is no kernel.
"""

import math

import numpy as np

from kx_tensor import device as devices

_DTYPES = (np.dtype("float32"), np.dtype("float64"))


def kernel(name, *options):
    """Say that kx-kernels has the decorated `step`, and a variant for each of the fields `options` that is set.

    A subclass with a step of its own so has no kernel, one with other hyperparameters keeps it.
    """

    def mark(step):
        step.kernel = name, options
        return step

    return mark


def serves(groups):
    """Whether the kernels can update the variables of all `groups`."""
    return all(group.device is devices.cpu and group.dtype in _DTYPES for group in groups)


def rule_of(optimizer):
    """The name of the kernel that runs the optimizer's step, as in "sgd_momentum_nesterov", or None."""
    name, options = getattr(optimizer.step, "kernel", (None, ()))
    if options:
        return "_".join([name, *[option for option in options if getattr(optimizer, option)]])
    return name


def factors(optimizer, parts):
    """For the gradients in each of `parts`: (what they are multiplied by, what their size is then clipped to).

    The first is a number, or an array with one for each variable.
    """
    scale = 1.0 if optimizer.loss_scale_factor is None else 1.0 / optimizer.loss_scale_factor
    if optimizer.clipvalue:
        return [(scale, optimizer.clipvalue)] * len(parts)
    limit = optimizer.clipnorm or optimizer.global_clipnorm
    if not limit:
        return [(scale, math.inf)] * len(parts)
    squares = [devices.kx_kernels.sum_squares(raw, group.bounds) for group, _, raw in parts]
    if optimizer.clipnorm:
        return [(limit / np.maximum(np.sqrt(s) * scale, limit) * scale, math.inf) for s in squares]
    norm = math.sqrt(sum(sum(s.tolist()) for s in squares)) * scale
    clipping = limit / max(norm, limit) if norm < math.inf else math.nan  # as in Keras
    return [(clipping * scale, math.inf)] * len(parts)


def step(group, rule, constants, shrink, present, raw, factors):
    """Run the kernel `rule` over a group; a variable whose gradient in `raw` is None is left alone."""
    scale, limit = factors or (1.0, math.inf)
    if raw is None:
        raw = group.gathered(present)
    shrink = 1.0 if shrink is None else shrink
    devices.kx_kernels.optimizer_step(
        rule, group.params, group.step_slots, raw, group.bounds, constants, shrink, scale, limit
    )
