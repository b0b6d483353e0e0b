"""Activations fused with the bias before them."""

import numpy as np

from kx_kernels import native


def bias_relu(y: np.ndarray, bias: np.ndarray) -> None:
    """Replace `y` by `max(y + bias, 0)`, in place and in one pass; a NaN stays a NaN.

    Shapes: y (n, d), C-contiguous and writable; bias (d,). Raises `TypeError` for any other layout or dtype
    than float32 or float64 (the same for both), `ValueError` where the sizes differ.

    >>> y = np.array([[1.0, -2.0], [3.0, 4.0]])
    >>> bias_relu(y, np.array([0.5, 1.0]))
    >>> y
    array([[1.5, 0. ],
           [3.5, 5. ]])
    """
    native.bias_relu(y, bias)


def bias_relu_grad(g: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return `gx = g * (y > 0)` and `gbias`, its sum over rows, in one pass; `y` came out of `bias_relu`.

    Shapes: g, y (n, d), C-contiguous -> (n, d), (d,). Errors as for `bias_relu`. The bits of the sums do not
    depend on the number of threads.

    >>> bias_relu_grad(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.5, 0.0], [3.5, 5.0]]))
    (array([[1., 0.],
           [3., 4.]]), array([4., 4.]))
    """
    gx = np.empty_like(g)
    gbias = np.empty(g.shape[-1], g.dtype)
    native.bias_relu_grad(g, y, gx, gbias)
    return gx, gbias
