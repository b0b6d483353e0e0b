"""What happens to gradients before the step, in this order: scaling, accumulation, clipping."""

import numpy as np


def prepare(optimizer, parts, updates):
    """Copy the gradients of `parts` into the groups' own buffers, and there scale, accumulate and clip them.

    `parts` are (group, present, raw gradients), and are returned with None for the gradients gathered. With
    accumulation, gradients are added up, and the mean is formed and clipped when the optimizer `updates`.
    """
    factor, accumulates = optimizer.loss_scale_factor, optimizer.gradient_accumulation_steps
    norm, value, global_norm = optimizer.clipnorm, optimizer.clipvalue, optimizer.global_clipnorm
    pieces = []  # (group, present, views of neighbouring variables' gradients)
    for group, present, raw in parts:
        gradient = group.gather(raw, present)
        spans = [slice(group.starts[run[0]], group.ends[run[-1]]) for run in group.runs(present)]
        for span in spans:
            if factor:
                group.xp.divide(gradient[span], group.wide.type(factor), gradient[span])
            if accumulates:
                _accumulate(group, gradient[span], span, accumulates, updates)
        pieces.append((group, present, [gradient[span] for span in spans]))
    if updates:
        with np.errstate(
            all="ignore"
        ):  # a gradient that overflows shows in the loss; Keras is silent here too
            if norm:
                _clip_norms(pieces, norm)
            elif global_norm:
                _clip_global_norm(pieces, global_norm)
            elif value:
                _clip_values(pieces, value)
    return [(group, present, None) for group, present, _ in parts]


def _accumulate(group, g, span, count, updates):
    total = group.buffers["gradient_accumulator"][span]
    if updates:
        group.xp.add(g, total, g)
        group.xp.divide(g, group.wide.type(count), g)
        total[...] = 0
    else:
        total += g.astype(group.dtype, copy=False)


def _clip_values(pieces, value):
    for group, _, views in pieces:
        limit = group.wide.type(value)
        for g in views:
            group.xp.minimum(g, limit, out=g)
            group.xp.maximum(g, -limit, out=g)


def _clip_norms(pieces, limit):
    for group, present, _ in pieces:
        for k in range(len(group.sizes)) if present is None else present:
            g = group.gradient_of(k)
            norm = group.xp.sqrt(group.xp.vdot(g, g))
            group.xp.multiply(g, limit / group.xp.maximum(norm, limit), g)


def _clip_global_norm(pieces, limit):
    xp = pieces[0][0].xp
    squares = [group.xp.vdot(g, g) for group, _, views in pieces for g in views]
    if len({group.device.name for group, _, _ in pieces}) > 1:
        xp, squares = np, [np.float64(s) for s in squares]
    norm = sum(squares) ** 0.5
    scale = limit / xp.maximum(norm, limit) + (norm - norm)  # NaN if the norm is not finite, as in Keras
    for group, _, views in pieces:
        for g in views:
            group.xp.multiply(g, scale, g)
