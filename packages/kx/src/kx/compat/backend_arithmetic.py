"""`keras.backend`: elementwise functions, comparisons, activations, products."""

import numpy as np

from kx_layers import activations
from kx_layers.dot import Dot
from kx_tensor import config, ops, random
from kx_tensor.symbolic import KerasTensor

abs, cos, exp, log, sign, sin = ops.abs, ops.cos, ops.exp, ops.log, ops.sign, ops.sin
square, tanh, sigmoid = ops.square, ops.tanh, ops.sigmoid
softplus, softsign, round = ops.softplus, ops.softsign, ops.round
equal, not_equal, greater, greater_equal = ops.equal, ops.not_equal, ops.greater, ops.greater_equal
less, less_equal, maximum, minimum = ops.less, ops.less_equal, ops.maximum, ops.minimum
stop_gradient, logsumexp = ops.stop_gradient, ops.logsumexp

__all__ = [
    "abs", "cos", "exp", "log", "sign", "sin", "sqrt", "square", "tanh", "sigmoid", "softplus", "softsign", "softmax",
    "round", "equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum",
    "stop_gradient", "logsumexp", "pow", "clip", "relu", "elu", "hard_sigmoid", "cast", "cast_to_floatx", "dot",
    "batch_dot", "l2_normalize", "dropout", "bias_add", "batch_normalization", "normalize_batch_in_training",
    "in_top_k",
]  # fmt: skip


def sqrt(x):
    """Return the square root, of 0 for negative numbers, as Keras 2 had it.

    >>> sqrt([4.0, -1.0]).numpy()
    array([2., 0.], dtype=float32)
    """
    return ops.sqrt(ops.maximum(ops.convert_to_tensor(x) if not _is_tensor(x) else x, 0.0))


def softmax(x, axis=-1):
    """Return exp(x) / sum(exp(x)) over an axis.

    >>> softmax([[0.0, 0.0]]).numpy()
    array([[0.5, 0.5]], dtype=float32)
    """
    return ops.softmax(x, axis)


def pow(x, a):
    """Return x to the power a.

    >>> pow([2.0], 3).numpy()
    array([8.], dtype=float32)
    """
    return ops.power(x, a)


def clip(x, min_value, max_value):
    """Return x limited to [min_value, max_value]; None is no limit, and a `max_value` below `min_value` is it.

    >>> clip([-1.0, 5.0], 0, None).numpy()
    array([0., 5.], dtype=float32)
    """
    if isinstance(min_value, (int, float)) and isinstance(max_value, (int, float)) and max_value < min_value:
        max_value = min_value
    low, high = -np.inf if min_value is None else min_value, np.inf if max_value is None else max_value
    return ops.clip(x, low, high)


def relu(x, alpha=0.0, max_value=None, threshold=0.0):
    """Return x above `threshold`, alpha (x - threshold) below it, at most `max_value`.

    >>> relu([-2.0, 3.0], alpha=0.5, max_value=2).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return activations.relu(x, negative_slope=alpha, max_value=max_value, threshold=threshold)


def elu(x, alpha=1.0):
    """Return x where it is positive, alpha (exp(x) - 1) elsewhere.

    >>> elu([2.0]).numpy()
    array([2.], dtype=float32)
    """
    return ops.elu(x, alpha)


def hard_sigmoid(x):
    """Return 0.2 x + 0.5 limited to [0, 1], the line of Keras 1 and 2; today's is x / 6 + 0.5.

    >>> hard_sigmoid([0.0, 1.0, 9.0]).numpy()
    array([0.5, 0.7, 1. ], dtype=float32)
    """
    return ops.clip(ops.add(ops.multiply(x, 0.2), 0.5), 0.0, 1.0)


def cast(x, dtype):
    """Return x in another dtype.

    >>> cast([1.7], "int32").numpy()
    array([1], dtype=int32)
    """
    return ops.cast(x, dtype)


def cast_to_floatx(x):
    """Return a NumPy array (or a tensor) in the default float dtype.

    >>> cast_to_floatx([1, 2]).dtype
    dtype('float32')
    """
    return ops.cast(x, config.floatx()) if _is_tensor(x) else np.asarray(x, config.floatx())


def dot(x, y):
    """Return the product over the last axis of x and the second last of y.

    Shapes: (..., n) and (..., n, m), giving the axes of both without n, as `numpy.dot` does.

    >>> dot([[1.0, 2.0]], [[3.0], [4.0]]).numpy()
    array([[11.]], dtype=float32)
    """
    return ops.dot(x, y)


def batch_dot(x, y, axes=None):
    """Return the products of the samples of two batches, over axis `axes[0]` of x and `axes[1]` of y.

    `axes` counts the batch axis as 0; by default the last axis of x meets the second last of y, or its only one. Two
    vectors for each sample give (batch, 1).

    >>> batch_dot([[1.0, 2.0], [3.0, 4.0]], [[1.0, 1.0], [1.0, 1.0]], axes=1).numpy()
    array([[3.],
           [7.]], dtype=float32)
    """
    x, y = _tensor(x), _tensor(y)
    rank_x, rank_y = len(x.shape), len(y.shape)
    if rank_x < 2 or rank_y < 2:
        raise ValueError(
            f"batch_dot needs at least 2 axes in both inputs, got shapes {x.shape} and {y.shape}."
        )
    if axes is None:
        axes = (rank_x - 1, rank_y - 1 if rank_y == 2 else rank_y - 2)
    return Dot(axes)([x, y])


def l2_normalize(x, axis=None):
    """Return x / sqrt(max(sum(x^2), 1e-12)), the sum over `axis`, or over all.

    >>> l2_normalize([3.0, 4.0]).numpy().round(3)
    array([0.6, 0.8], dtype=float32)
    """
    squares = ops.sum(ops.square(x), axis=axis, keepdims=True)
    return ops.multiply(x, ops.rsqrt(ops.maximum(squares, 1e-12)))


def dropout(x, level, noise_shape=None, seed=None):
    """Return x with the part `level` of its elements set to 0, the others scaled up.

    >>> dropout([1.0, 1.0], 0.0).numpy()
    array([1., 1.], dtype=float32)
    """
    return random.dropout(_tensor(x), level, noise_shape=noise_shape, seed=seed)


def bias_add(x, bias, data_format=None):
    """Return x plus a bias of one number for each channel, or of the shape of a sample.

    >>> bias_add([[1.0, 2.0]], [10.0, 20.0]).numpy()
    array([[11., 22.]], dtype=float32)
    """
    x, bias = _tensor(x), _tensor(bias)
    rank, first = len(x.shape), config.standardize_data_format(data_format) == "channels_first"
    if len(bias.shape) not in (1, rank - 1):
        raise ValueError(
            f"bias must have 1 or {rank - 1} axes, got shape {bias.shape} for x of shape {x.shape}."
        )
    if first and rank > 2:
        if len(bias.shape) == 1:
            bias = ops.reshape(bias, (1, -1, *(1,) * (rank - 2)))
        else:
            bias = ops.expand_dims(ops.moveaxis(bias, -1, 0), 0)
    return ops.add(x, bias)


def batch_normalization(x, mean, var, beta, gamma, axis=-1, epsilon=1e-3):
    """Return (x - mean) / sqrt(var + epsilon) * gamma + beta.

    >>> batch_normalization([[3.0]], [1.0], [4.0], [0.0], [1.0], epsilon=0).numpy()
    array([[1.]], dtype=float32)
    """
    flat = [None if v is None else ops.reshape(v, (-1,)) for v in (mean, var, beta, gamma)]
    return ops.batch_normalization(
        _tensor(x), flat[0], flat[1], axis, offset=flat[2], scale=flat[3], epsilon=epsilon
    )


def normalize_batch_in_training(x, gamma, beta, reduction_axes, epsilon=1e-3):
    """Return (x normalized by its own moments over `reduction_axes`, mean, variance).

    >>> out, mean, variance = normalize_batch_in_training([[1.0], [3.0]], None, None, [0], epsilon=0)
    >>> out.numpy().ravel(), mean.numpy(), variance.numpy()
    (array([-1.,  1.], dtype=float32), array([2.], dtype=float32), array([1.], dtype=float32))
    """
    x = _tensor(x)
    axes = tuple(reduction_axes)
    mean, variance = ops.moments(x, axes, keepdims=True)
    out = ops.multiply(ops.subtract(x, mean), ops.rsqrt(ops.add(variance, epsilon)))
    shape = [1 if i in [a % len(x.shape) for a in axes] else n for i, n in enumerate(x.shape)]
    if gamma is not None:
        out = ops.multiply(out, ops.reshape(gamma, shape))
    if beta is not None:
        out = ops.add(out, ops.reshape(beta, shape))
    return out, ops.squeeze(mean, axes), ops.squeeze(variance, axes)


def in_top_k(predictions, targets, k):
    """Return whether the target is among the k largest predictions; `kx.ops.in_top_k` has the targets first.

    >>> in_top_k([[0.1, 0.9]], [1], 1).numpy()
    array([ True])
    """
    return ops.in_top_k(targets, predictions, k)


def _is_tensor(x):
    return isinstance(x, KerasTensor) or ops.is_tensor(x)


def _tensor(x):
    return x if _is_tensor(x) else ops.convert_to_tensor(x)
