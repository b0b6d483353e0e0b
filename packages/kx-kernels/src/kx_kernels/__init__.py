"""Fused CPU kernels for kx, on plain NumPy arrays.

Kernels check dtypes and sizes; choosing between a kernel and NumPy is the caller's work. Without the compiled
extension the import raises `ImportError`, and kx runs on NumPy alone.
"""

from kx_kernels.native import native
from kx_kernels.pool import pooled as pooled

level = native.level
set_thread_count = native.set_thread_count
thread_count = native.thread_count

pool_statistics = native.pool_statistics
trim_pool = native.trim_pool

batch_norm = native.batch_norm
batch_norm_grad = native.batch_norm_grad
channel_affine = native.channel_affine

dense = native.dense
dense_grad = native.dense_grad

embedding = native.embedding
scatter_rows = native.scatter_rows

optimizer_step = native.optimizer_step
sum_squares = native.sum_squares
conv = native.conv
conv_grad = native.conv_grad
conv_transpose = native.conv_transpose
group_norm = native.group_norm
group_norm_grad = native.group_norm_grad

layer_norm = native.layer_norm
layer_norm_grad = native.layer_norm_grad

average_pool = native.average_pool
average_pool_grad = native.average_pool_grad
max_pool = native.max_pool
max_pool_grad = native.max_pool_grad

absolute_error = native.absolute_error
absolute_error_grad = native.absolute_error_grad
squared_error = native.squared_error
squared_error_grad = native.squared_error_grad
gru = native.gru
gru_grad = native.gru_grad
lstm = native.lstm
lstm_grad = native.lstm_grad
simple_rnn = native.simple_rnn
simple_rnn_grad = native.simple_rnn_grad
