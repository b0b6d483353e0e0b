"""Activations composed of other ops."""

from kx_tensor.ops.activation import elu, relu, sigmoid, softplus, tanh
from kx_tensor.ops.arithmetic import add, multiply, negative, subtract, true_divide
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.compare import greater
from kx_tensor.ops.gelu import silu
from kx_tensor.ops.join import split
from kx_tensor.ops.select import clip, where
from kx_tensor.ops.unary import absolute, sqrt

_SELU_ALPHA = 1.6732632423543772
_SELU_SCALE = 1.0507009873554805


def relu6(x):
    """Return min(max(x, 0), 6).

    >>> relu6([-1.0, 3.0, 8.0]).numpy()
    array([0., 3., 6.], dtype=float32)
    """
    return clip(x, 0, 6)


def log_sigmoid(x):
    """Return log(sigmoid(x)) = -softplus(-x).

    >>> log_sigmoid([-100.0, 0.0]).numpy().round(4)
    array([-100.    ,   -0.6931], dtype=float32)
    """
    return negative(softplus(negative(x)))


swish = silu


def mish(x):
    """Return x tanh(softplus(x)).

    Misra 2019, https://arxiv.org/abs/1908.08681

    >>> mish([0.0, 100.0]).numpy()
    array([  0., 100.], dtype=float32)
    """
    return multiply(x, tanh(softplus(x)))


def selu(x):
    """Return 1.0507 times elu(x) with alpha = 1.6733: with it deep networks keep mean 0 and variance 1.

    Klambauer et al. 2017, https://arxiv.org/abs/1706.02515

    >>> selu([-100.0, 1.0]).numpy().round(4)
    array([-1.7581,  1.0507], dtype=float32)
    """
    return elu(x, alpha=_SELU_ALPHA) * _SELU_SCALE


def celu(x, alpha=1.0):
    """Return max(x, 0) + min(alpha (exp(x / alpha) - 1), 0): an elu that is smooth for every alpha.

    Barron 2017, https://arxiv.org/abs/1704.07483

    >>> celu([-100.0, 2.0], alpha=2.0).numpy()
    array([-2.,  2.], dtype=float32)
    """
    return elu(true_divide(x, alpha)) * alpha


def hard_sigmoid(x):
    """Return min(max(x / 6 + 1 / 2, 0), 1).

    >>> hard_sigmoid([-3.0, 0.0, 4.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return true_divide(clip(add(x, 3.0), 0.0, 6.0), 6.0)


def hard_silu(x):
    """Return x hard_sigmoid(x), also called hard swish.

    Howard et al. 2019, https://arxiv.org/abs/1905.02244

    >>> hard_silu([-3.0, 3.0]).numpy()
    array([-0.,  3.], dtype=float32)
    """
    return multiply(x, hard_sigmoid(x))


hard_swish = hard_silu


def hard_tanh(x):
    """Return min(max(x, -1), 1).

    >>> hard_tanh([-3.0, 0.5, 3.0]).numpy()
    array([-1. ,  0.5,  1. ], dtype=float32)
    """
    return clip(x, -1, 1)


def hard_shrink(x, threshold=0.5):
    """Return x where abs(x) > threshold and 0 elsewhere.

    >>> hard_shrink([-1.0, 0.2, 1.0]).numpy()
    array([-1.,  0.,  1.], dtype=float32)
    """
    return where(greater(absolute(x), threshold), x, 0)


def soft_shrink(x, threshold=0.5):
    """Return x moved towards 0 by `threshold`, and 0 where it is nearer to 0 than that.

    >>> soft_shrink([-1.0, 0.2, 1.0]).numpy()
    array([-0.5,  0. ,  0.5], dtype=float32)
    """
    return relu(subtract(x, threshold)) - relu(subtract(negative(x), threshold))


def threshold(x, threshold, default_value):
    """Return x where x > threshold and `default_value` elsewhere.

    >>> threshold([-1.0, 2.0], 1.0, 0.5).numpy()
    array([0.5, 2. ], dtype=float32)
    """
    return where(greater(x, threshold), x, default_value)


def glu(x, axis=-1):
    """Return a sigmoid(b) for the two halves a, b of x along `axis`, whose size must be even.

    Dauphin et al. 2016, https://arxiv.org/abs/1612.08083

    >>> glu([1.0, 2.0, 0.0, 100.0]).numpy()
    array([0.5, 2. ], dtype=float32)
    """
    x = convert_to_tensor(x)
    size = x.shape[axis]
    if size is None or size % 2:
        raise ValueError(
            f"glu: the size of axis {axis} must be even and known, got an input of shape {tuple(x.shape)}."
        )
    a, b = split(x, 2, axis=axis)
    return multiply(a, sigmoid(b))


def squareplus(x, b=4):
    """Return (x + sqrt(x^2 + b)) / 2.

    Barron 2021, https://arxiv.org/abs/2112.11687

    >>> squareplus([0.0, 3.0]).numpy()
    array([1.       , 3.3027756], dtype=float32)
    """
    return (add(x, sqrt(add(multiply(x, x), b)))) / 2.0


def sparse_plus(x):
    """Return 0 for x <= -1, (x + 1)^2 / 4 up to 1, and x above.

    >>> sparse_plus([-2.0, 0.0, 2.0]).numpy()
    array([0.  , 0.25, 2.  ], dtype=float32)
    """
    inner = clip(x, -1.0, 1.0) + 1.0
    return inner * inner * 0.25 + relu(subtract(x, 1.0))


def sparse_sigmoid(x):
    """Return min(max((x + 1) / 2, 0), 1).

    >>> sparse_sigmoid([-2.0, 0.0, 2.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return clip(multiply(add(x, 1.0), 0.5), 0.0, 1.0)


def softsign(x):
    """Return x / (1 + abs(x)).

    >>> softsign([-1.0, 3.0]).numpy()
    array([-0.5 ,  0.75], dtype=float32)
    """
    return true_divide(x, add(absolute(x), 1.0))


def tanh_shrink(x):
    """Return x - tanh(x).

    >>> tanh_shrink([0.0, 100.0]).numpy()
    array([ 0., 99.], dtype=float32)
    """
    return subtract(x, tanh(x))
