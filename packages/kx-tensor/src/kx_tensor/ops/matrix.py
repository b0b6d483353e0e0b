"""Products: matmul and what is composed of it."""

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _swapped(shapes, params):
    shape = shapes[0]
    if len(shape) < 2:
        raise ValueError(f"mT needs at least 2 dimensions, got shape {shape}.")
    return (*shape[:-2], shape[-1], shape[-2])


@primitive(shape=_swapped, dtype=rules.keep)
def mT(xp, x):
    """Swap the last two axes. Shapes: (..., m, n) -> (..., n, m)."""
    return xp.swapaxes(x, -1, -2)


mT.vjp(lambda F, g: F.mT(g))
mT.cases = case("3,4"), case("2,3,4"), fails("3", match="2 dimensions")


@primitive(shape=rules.contract, dtype=rules.product)
def matmul(xp, x1, x2):
    """Matrix product over the last axis of x1 and the last but one of x2; leading axes broadcast.

    Shapes: (..., m, k) @ (..., k, n) -> (..., m, n); a 1-D x1 is a row, a 1-D x2 a column, and its axis is dropped.

    >>> matmul([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    return narrow(xp.matmul(widen(x1), widen(x2)), x1.dtype) if x1.dtype.kind in "fV" else xp.matmul(x1, x2)


def _matmul_dx1(F, g, x1, x2):
    if len(x2.shape) == 1:
        return F.expand_dims(g, axis=-1) * x2 if len(x1.shape) > 1 else g * x2
    if len(x1.shape) == 1:
        return F.matmul(F.expand_dims(g, axis=-2), F.mT(x2)).reshape(g.shape[:-1] + x1.shape)
    return F.matmul(g, F.mT(x2))


def _matmul_dx2(F, g, x1, x2):
    if len(x1.shape) == 1:
        return F.expand_dims(g, axis=-2) * F.expand_dims(x1, axis=-1) if len(x2.shape) > 1 else g * x1
    if len(x2.shape) == 1:
        return F.matmul(F.expand_dims(g, axis=-2), x1).reshape(g.shape[:-1] + x2.shape)
    return F.matmul(F.mT(x1), g)


matmul.vjp(_matmul_dx1, _matmul_dx2)
matmul.cost = lambda x1, x2: 2 * x1.size * x2.shape[-1]
matmul.cases = (
    case("4,5", "5,3"), case("2,4,5", "5,3"), case("2,1,4,5", "3,5,2"),
    case("5", "5"), case("4,5", "5"), case("5", "5,3"),
    case("5", "2,5,3"), case("2,4,5", "5"), fails("4,5", "4,3", match="inner"), fails("", "4,3", match="at least 1"),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOATS = (np.dtype("float32"), np.dtype("float64"))


def _is_plain(x1, x2):
    """Whether this is the product of a dense layer: the kernel has no batches of matrices and would copy views."""
    return (
        x2.ndim == 2 and x1.ndim > 0 and x2.dtype in _FLOATS and x1.flags.c_contiguous and x2.flags.c_contiguous
    )  # fmt: skip


def _plain(x1, x2):
    return kx_kernels.dense(x1, x2)


def _plain_grads(g, inputs, out, needs, params):
    x1, x2 = inputs
    if g.dtype is not x2.dtype:  # the gradient that a caller gave for a result
        g = g.astype(x2.dtype)
    return kx_kernels.dense_grad(g, x1, x2, g, None, *needs, False)[:2]


if kx_kernels is not None:
    matmul.kernel("native", _plain, _plain_grads, _is_plain)
