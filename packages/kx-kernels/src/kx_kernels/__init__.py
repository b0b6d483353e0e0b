"""Fused CPU kernels for kx, on plain NumPy arrays.

Kernels check dtypes and sizes; choosing between a kernel and NumPy is the caller's work. Without the compiled
extension the import raises `ImportError`, and kx runs on NumPy alone.
"""

from kx_kernels.native import native

level = native.level
openmp = native.openmp
set_thread_count = native.set_thread_count
thread_count = native.thread_count

bias_relu = native.bias_relu
bias_relu_grad = native.bias_relu_grad

dense = native.dense
dense_grad = native.dense_grad

elu = native.elu
elu_grad = native.elu_grad
gelu = native.gelu
gelu_grad = native.gelu_grad
leaky_relu = native.leaky_relu
leaky_relu_grad = native.leaky_relu_grad
relu = native.relu
relu_grad = native.relu_grad
sigmoid = native.sigmoid
sigmoid_grad = native.sigmoid_grad
silu = native.silu
silu_grad = native.silu_grad
softplus = native.softplus
softplus_grad = native.softplus_grad
tanh = native.tanh
tanh_grad = native.tanh_grad
