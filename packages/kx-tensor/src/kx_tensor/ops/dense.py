"""The fused dense layer: a matrix product, a bias and an activation as one node of the tape."""

import math

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.activation import relu, sigmoid, sigmoid_of, tanh
from kx_tensor.ops.arithmetic import add
from kx_tensor.ops.matrix import matmul
from kx_tensor.precision import ZEROS, widen
from kx_tensor.primitive import primitive

_ACTIVATIONS = {None: lambda x: x, "relu": relu, "sigmoid": sigmoid, "tanh": tanh}


def _dense_shape(shapes, params):
    x, kernel, *bias = shapes
    if len(kernel) != 2 or not x:
        raise ValueError(f"expected x with 1 or more axes and a kernel with 2, got shapes {x} and {kernel}.")
    if x[-1] is not None and kernel[0] is not None and x[-1] != kernel[0]:
        raise ValueError(f"the inner sizes differ: x has {x[-1]} features, the kernel takes {kernel[0]}.")
    if bias and (len(bias[0]) != 1 or (None not in (bias[0][0], kernel[1]) and bias[0][0] != kernel[1])):
        raise ValueError(f"expected a bias of shape ({kernel[1]},), got {bias[0]}.")
    if params["activation"] not in _ACTIVATIONS:
        raise ValueError(
            f"activation must be one of {', '.join(map(str, _ACTIVATIONS))}, got {params['activation']!r}."
        )
    return (*x[:-1], kernel[1])


def _dense_twin(x, kernel, bias=None, activation=None):
    out = matmul(x, kernel)
    return _ACTIVATIONS[activation](out if bias is None else add(out, bias))


@primitive(shape=_dense_shape, dtype=rules.promote, like=_dense_twin)
def dense(xp, x, kernel, bias=None, *, activation=None):
    """Return activation(x @ kernel + bias), with activation None, "relu", "sigmoid" or "tanh".

    Shapes: x (..., d), kernel (d, units), bias (units,) -> (..., units).

    >>> dense([[1.0, 2.0]], [[1.0], [1.0]], [-4.0], activation="relu").numpy()
    array([[0.]], dtype=float32)
    """
    if kernel.ndim != 2 or (bias is not None and bias.shape != kernel.shape[1:]):
        raise ValueError(
            f"dense: kernel of shape {kernel.shape}, bias of shape {getattr(bias, 'shape', None)}."
        )
    shape, dtype = x.shape, x.dtype
    halves = dtype.itemsize < 4
    if halves and xp is np:  # NumPy has no fast product of half-precision arrays
        x, kernel = widen(x), widen(kernel)
    if len(shape) != 2:
        x = x.reshape(math.prod(shape[:-1]), shape[-1])
    out = xp.matmul(x, kernel)
    if halves:
        out, bias = widen(out), None if bias is None else widen(bias)
    if bias is not None:
        out += bias
    if activation is not None:
        out = _activated(xp, out, activation)
    if len(shape) != 2:
        out = out.reshape(*shape[:-1], kernel.shape[1])
    return out.astype(dtype) if halves else out


def _activated(xp, t, activation):
    """The activation of a float32 or float64 array, in place where it can be."""
    if activation == "relu":
        return xp.maximum(t, ZEROS[t.dtype], out=t)
    if activation == "sigmoid":
        return sigmoid_of(xp, t)
    if activation == "tanh":
        return xp.tanh(t, out=t)
    raise ValueError(f"dense: unknown activation {activation!r}.")


def _through_activation(g, out, activation):
    """The gradient of the pre-activation, from the activation's output."""
    if activation == "relu":
        slope = (out > 0).astype(g.dtype)
    elif activation == "sigmoid":
        slope = 1.0 - out
        slope *= out
    else:
        slope = out * out
        slope -= 1.0
        slope *= -1.0
    slope *= g
    return slope


def _dense_grads(xp, g, x, kernel, out, needs, activation):
    if activation is not None:
        g = _through_activation(g, out, activation)
    shape, dtype = x.shape, x.dtype
    if dtype.itemsize < 4 and xp is np:
        g, x, kernel = widen(g), widen(x), widen(kernel)
    if len(shape) != 2:
        x = x.reshape(math.prod(shape[:-1]), shape[-1])
        g = g.reshape(x.shape[0], kernel.shape[1])
    gx = xp.matmul(g, kernel.T) if needs[0] else None
    if gx is not None and len(shape) != 2:
        gx = gx.reshape(shape)
    gkernel = xp.matmul(x.T, g) if needs[1] else None
    return gx, gkernel, g.sum(axis=0) if needs[2] else None


dense.vjp_joint(_dense_grads)
dense.cost = lambda x, kernel, bias=None: 2 * x.size * kernel.shape[-1]
dense.cases = (
    case("4,5", "5,3"), case("4,5", "5,3", "3"), case("2,4,5", "5,3", "3", activation="relu"),
    case("4,5", "5,3", "3", activation="relu"), case("4,5", "5,3", "3", activation="sigmoid"),
    case("4,5", "5,3", activation="tanh"), case("5", "5,3", "3", activation="tanh"), case("0,5", "5,3", "3"),
    fails("4,5", "4,3", match="5 features"), fails("4,5", "5,3", "2", match=r"shape \(3,\)"),
    fails("4,5", "5", match="kernel with 2"), fails("4,5", "5,3", activation="softsign", match="activation must be"),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOATS = (np.dtype("float32"), np.dtype("float64"))


def _is_float(x, kernel, bias, activation=None):
    return kernel.dtype in _FLOATS


def _kernel_grads(g, inputs, out, needs, params):
    x, kernel, _ = inputs
    if g.dtype is not kernel.dtype:  # the gradient that a caller gave for a result
        g = g.astype(kernel.dtype)
    return kx_kernels.dense_grad(g, x, kernel, out, params.get("activation"), *needs)


if kx_kernels is not None:
    dense.kernel("native", kx_kernels.dense, _kernel_grads, _is_float)
