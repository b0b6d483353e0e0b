"""Fused CPU kernels for kx, on plain NumPy arrays.

Kernels check dtypes and sizes; choosing between a kernel and NumPy is the caller's work. Without the compiled
extension the import raises `ImportError`, and kx runs on NumPy alone.
"""

from kx_kernels.memory_pool import pooled as pooled
from kx_kernels.native import native

level = native.level
set_thread_count = native.set_thread_count
thread_count = native.thread_count

pool_statistics = native.pool_statistics
trim_pool = native.trim_pool

dense = native.dense
dense_grad = native.dense_grad

conv = native.conv
conv_grad = native.conv_grad
conv_transpose = native.conv_transpose

average_pool = native.average_pool
average_pool_grad = native.average_pool_grad
max_pool = native.max_pool
max_pool_grad = native.max_pool_grad

max_axes = native.max_axes
max_axes_grad = native.max_axes_grad
mean_axes = native.mean_axes

gru = native.gru
gru_grad = native.gru_grad
lstm = native.lstm
lstm_grad = native.lstm_grad
simple_rnn = native.simple_rnn
simple_rnn_grad = native.simple_rnn_grad

attention = native.attention
attention_grad = native.attention_grad

batch_norm = native.batch_norm
batch_norm_grad = native.batch_norm_grad
channel_affine = native.channel_affine
group_norm = native.group_norm
group_norm_grad = native.group_norm_grad
layer_norm = native.layer_norm
layer_norm_grad = native.layer_norm_grad

dropout = native.dropout
dropout_grad = native.dropout_grad

embedding = native.embedding
scatter_rows = native.scatter_rows

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

log_softmax = native.log_softmax
log_softmax_grad = native.log_softmax_grad
softmax = native.softmax
softmax_grad = native.softmax_grad

absolute_error = native.absolute_error
absolute_error_grad = native.absolute_error_grad
binary_crossentropy = native.binary_crossentropy
binary_crossentropy_grad = native.binary_crossentropy_grad
categorical_crossentropy = native.categorical_crossentropy
categorical_crossentropy_grad = native.categorical_crossentropy_grad
sparse_categorical_crossentropy = native.sparse_categorical_crossentropy
sparse_categorical_crossentropy_grad = native.sparse_categorical_crossentropy_grad
squared_error = native.squared_error
squared_error_grad = native.squared_error_grad

optimizer_step = native.optimizer_step
sum_squares = native.sum_squares
