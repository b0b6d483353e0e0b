"""Fused CPU kernels for kx, on plain NumPy arrays.

Kernels check dtypes and sizes; choosing between a kernel and NumPy is the caller's work. Without the compiled
extension the import raises `ImportError`, and kx runs on NumPy alone.
"""

try:
    from kx_kernels.native import openmp
except ImportError as error:
    raise ImportError(
        "kx_kernels is installed without its compiled extension, because no working C++17 compiler was "
        "found. kx runs on its numpy backend. To get the kernels: install a compiler, then "
        "`python -m pip install --force-reinstall --no-cache-dir kx-kernels`."
    ) from error

from kx_kernels.activation import bias_relu, bias_relu_grad
from kx_kernels.native import dense, dense_grad

__all__ = ["bias_relu", "bias_relu_grad", "dense", "dense_grad", "openmp"]
