"""Einsum of two operands as one matrix product: NumPy's own einsum loops where both have an axis of the result."""

import functools
import math


@functools.cache
def _plan(x, y, result):
    """How the axes labelled `x` and `y` group into those of a matrix product, or None if they don't.

    (whether x and y are swapped, the axes to sum of each, the order of the other axes of each, the number of shared,
    left and inner axes, the order of the result's axes).
    """
    if len(set(x)) < len(x) or len(set(y)) < len(y) or len(set(result)) < len(result):
        return None
    shared = [c for c in result if c in x and c in y]
    alone = [c for c in result if c not in shared]
    swapped = bool(alone) and alone[0] in y  # then the product comes out in the order of the result
    if swapped:
        x, y = y, x
    inner = [c for c in x if c in y and c not in result]
    left, right = [c for c in alone if c in x], [c for c in alone if c in y]
    if not inner or not alone:
        return None
    sums = [
        tuple(i for i, c in enumerate(labels) if c not in other and c not in result)
        for labels, other in ((x, y), (y, x))
    ]
    x, y = ("".join(c for i, c in enumerate(labels) if i not in axes) for labels, axes in zip((x, y), sums))
    axes = [
        tuple(labels.index(c) for c in order)
        for labels, order in ((x, shared + left + inner), (y, shared + inner + right))
    ]
    produced = shared + left + right
    back = tuple(produced.index(c) for c in result)
    return (
        swapped,
        *sums,
        *axes,
        len(shared),
        len(left),
        len(inner),
        None if back == tuple(range(len(back))) else back,
    )


def contract(xp, x, y, labels, result):
    """Return the einsum of the arrays x and y with these labels by one matmul, or None where it isn't one.

    >>> import numpy as np
    >>> contract(np, np.ones((2, 3)), np.ones((2, 3, 4)), ["bi", "bij"], "bj").tolist()
    [[3.0, 3.0, 3.0, 3.0], [3.0, 3.0, 3.0, 3.0]]
    """
    plan = _plan(*labels, result)
    if plan is None or not _same_sizes(x, y, *labels):
        return None
    swapped, x_sums, y_sums, x_axes, y_axes, shared, left, inner, back = plan
    if swapped:
        x, y = y, x
    if x_sums:
        x = x.sum(axis=x_sums)
    if y_sums:
        y = y.sum(axis=y_sums)
    x, y = x.transpose(x_axes), y.transpose(y_axes)
    lead, rows, columns = x.shape[:shared], x.shape[shared : shared + left], y.shape[shared + inner :]
    depth = math.prod(x.shape[shared + left :])
    batch = (math.prod(lead),) if shared else ()
    product = xp.matmul(
        x.reshape(*batch, math.prod(rows), depth), y.reshape(*batch, depth, math.prod(columns))
    ).reshape(*lead, *rows, *columns)
    return product if back is None else product.transpose(back)


def _same_sizes(x, y, x_labels, y_labels):
    """Whether the sizes of common labels are equal; einsum also takes 1 for any size."""
    sizes = dict(zip(x_labels, x.shape))
    return all(sizes.get(c, n) == n for c, n in zip(y_labels, y.shape))
