"""Einsum of two operands as one matrix product: NumPy's own einsum loops where both have an axis of the result."""

import functools
import math
from typing import NamedTuple


class _Plan(NamedTuple):
    """How the axes of two operands group into those of a matrix product; each pair is of the left and right factor."""

    swapped: bool  # whether the left factor is the second operand
    sums: tuple  # axes that only one operand has, and the result has not
    axes: (
        tuple  # the order of the others: shared ones, rows, inner ones; and shared ones, inner ones, columns
    )
    shared: int
    rows: int
    inner: int
    back: tuple  # the order of the result's axes among shared ones, rows and columns


@functools.cache
def _plan(x, y, result):
    """Return the plan for operands with axes labelled `x` and `y`, or None where it is no product of matrices."""
    if any(len(set(labels)) < len(labels) for labels in (x, y, result)):
        return None
    shared = [c for c in result if c in x and c in y]
    alone = [c for c in result if c not in shared]
    swapped = bool(alone) and alone[0] in y  # then the product comes out in the order of the result
    if swapped:
        x, y = y, x
    inner = [c for c in x if c in y and c not in result]
    if not inner or not alone:
        return None
    rows, columns = [c for c in alone if c in x], [c for c in alone if c in y]
    sums, axes = [], []
    for own, other, order in ((x, y, shared + rows + inner), (y, x, shared + inner + columns)):
        sums.append(tuple(i for i, c in enumerate(own) if c not in other and c not in result))
        left = [c for i, c in enumerate(own) if i not in sums[-1]]
        axes.append(tuple(left.index(c) for c in order))
    produced = shared + rows + columns
    back = tuple(produced.index(c) for c in result)
    return _Plan(swapped, tuple(sums), tuple(axes), len(shared), len(rows), len(inner), back)


def contract(xp, x, y, labels, result):
    """Return the einsum of the arrays x and y with these labels by one matmul, or None where it isn't one.

    >>> import numpy as np
    >>> contract(np, np.ones((2, 3)), np.ones((2, 3, 4)), ["bi", "bij"], "bj").tolist()
    [[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]]
    """
    plan = _plan(*labels, result)
    if plan is None or not _same_sizes(x, y, *labels):
        return None
    factors = []
    for factor, sums, axes in zip((y, x) if plan.swapped else (x, y), plan.sums, plan.axes):
        factors.append((factor.sum(axis=sums) if sums else factor).transpose(axes))
    x, y = factors
    shared, ends = plan.shared, plan.shared + plan.rows
    batch, rows, columns = x.shape[:shared], x.shape[shared:ends], y.shape[shared + plan.inner :]
    depth = math.prod(x.shape[ends:])
    lead = (math.prod(batch),) if shared else ()
    x, y = x.reshape(*lead, math.prod(rows), depth), y.reshape(*lead, depth, math.prod(columns))
    return xp.matmul(x, y).reshape(*batch, *rows, *columns).transpose(plan.back)


def _same_sizes(x, y, x_labels, y_labels):
    """Whether the sizes of common labels are equal; einsum also takes 1 for any size."""
    sizes = dict(zip(x_labels, x.shape))
    return all(sizes.get(c, n) == n for c, n in zip(y_labels, y.shape))
