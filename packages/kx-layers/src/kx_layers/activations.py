"""Activation functions by name; each is an op of `kx_tensor`, documented in one line, with Keras's arguments."""

from kx_io import register, registry
from kx_tensor import ops

_registry = registry("activations")
deserialize = _registry.deserialize
serialize = _registry.serialize


def get(identifier):
    """Return the activation a name, config, function or layer stands for; None is `linear`.

    >>> get("relu") is relu, get(None) is linear
    (True, True)
    """
    return linear if identifier is None else _registry.get(identifier)


@register("activations")
def linear(x):
    """Return x unchanged.

    >>> linear(3)
    3
    """
    return x


# ---- rectifiers ----------------------------------------------------------------------------------------------


@register("activations")
def relu(x, negative_slope=0.0, max_value=None, threshold=0.0):
    """Return x above `threshold`, negative_slope (x - threshold) below it, and at most `max_value`.

    >>> relu([-1.0, 0.5, 9.0], max_value=6.0).numpy()
    array([0. , 0.5, 6. ], dtype=float32)
    """
    if threshold != 0:
        low = negative_slope * (x - threshold) if negative_slope else 0
        out = ops.where(ops.less_equal(x, threshold), low, x)
    elif negative_slope != 0:
        out = ops.leaky_relu(x, negative_slope)
    else:
        out = ops.relu(x)
    return out if max_value is None else ops.minimum(out, max_value)


@register("activations")
def leaky_relu(x, negative_slope=0.2):
    """Return x where x > 0 and negative_slope x elsewhere.

    >>> leaky_relu([-1.0, 2.0]).numpy()
    array([-0.2,  2. ], dtype=float32)
    """
    return ops.leaky_relu(x, negative_slope)


@register("activations")
def relu6(x):
    """Return min(max(x, 0), 6).

    >>> relu6([-1.0, 9.0]).numpy()
    array([0., 6.], dtype=float32)
    """
    return ops.relu6(x)


@register("activations")
def elu(x, alpha=1.0):
    """Return x where x > 0 and alpha (exp(x) - 1) elsewhere (https://arxiv.org/abs/1511.07289).

    >>> elu([-100.0, 2.0]).numpy()
    array([-1.,  2.], dtype=float32)
    """
    return ops.elu(x, alpha)


@register("activations")
def selu(x):
    """Return 1.0507 elu(x, 1.6733), which keeps activations normalized (https://arxiv.org/abs/1706.02515).

    >>> selu([0.0, 1.0]).numpy().round(4)
    array([0.    , 1.0507], dtype=float32)
    """
    return ops.selu(x)


@register("activations")
def celu(x, alpha=1.0):
    """Return max(x, 0) + min(0, alpha (exp(x / alpha) - 1)) (https://arxiv.org/abs/1704.07483).

    >>> celu([-100.0, 2.0], alpha=0.5).numpy()
    array([-0.5,  2. ], dtype=float32)
    """
    return ops.celu(x, alpha)


@register("activations")
def threshold(x, threshold, default_value):
    """Return x where x > threshold and default_value elsewhere.

    >>> threshold([-1.0, 2.0], 0.5, 9.0).numpy()
    array([9., 2.], dtype=float32)
    """
    return ops.threshold(x, threshold, default_value)


# ---- smooth units --------------------------------------------------------------------------------------------


@register("activations")
def sigmoid(x):
    """Return 1 / (1 + exp(-x)).

    >>> sigmoid([0.0]).numpy()
    array([0.5], dtype=float32)
    """
    return ops.sigmoid(x)


@register("activations")
def tanh(x):
    """Return the hyperbolic tangent of x.

    >>> tanh([0.0, 100.0]).numpy()
    array([0., 1.], dtype=float32)
    """
    return ops.tanh(x)


@register("activations", "swish")
def silu(x):
    """Return x sigmoid(x), also known as swish (https://arxiv.org/abs/1710.05941).

    >>> silu([0.0, 100.0]).numpy()
    array([  0., 100.], dtype=float32)
    """
    return ops.silu(x)


@register("activations")
def gelu(x, approximate=False):
    """Return x times the normal distribution function of x, by erf or, if `approximate`, by tanh.

    Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415

    >>> gelu([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8413], dtype=float32)
    """
    return ops.gelu(x, approximate)


@register("activations")
def mish(x):
    """Return x tanh(softplus(x)) (https://arxiv.org/abs/1908.08681).

    >>> mish([0.0, 1.0]).numpy().round(4)
    array([0.    , 0.8651], dtype=float32)
    """
    return ops.mish(x)


@register("activations")
def softplus(x):
    """Return log(1 + exp(x)).

    >>> softplus([0.0, 100.0]).numpy().round(4)
    array([  0.6931, 100.    ], dtype=float32)
    """
    return ops.softplus(x)


@register("activations")
def squareplus(x, b=4):
    """Return (x + sqrt(x^2 + b)) / 2 (https://arxiv.org/abs/2112.11687).

    >>> squareplus([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return ops.squareplus(x, b)


@register("activations")
def softsign(x):
    """Return x / (1 + abs(x)).

    >>> softsign([-1.0, 3.0]).numpy()
    array([-0.5 ,  0.75], dtype=float32)
    """
    return ops.softsign(x)


@register("activations")
def exponential(x):
    """Return exp(x).

    >>> exponential([0.0]).numpy()
    array([1.], dtype=float32)
    """
    return ops.exp(x)


@register("activations")
def log_sigmoid(x):
    """Return log(sigmoid(x)).

    >>> log_sigmoid([0.0]).numpy().round(4)
    array([-0.6931], dtype=float32)
    """
    return ops.log_sigmoid(x)


@register("activations")
def glu(x, axis=-1):
    """Return a sigmoid(b), a and b being the halves of x along `axis` (https://arxiv.org/abs/1612.08083).

    >>> glu([4.0, 0.0]).numpy()
    array([2.], dtype=float32)
    """
    return ops.glu(x, axis)


# ---- piecewise linear and sparse -----------------------------------------------------------------------------


@register("activations")
def hard_sigmoid(x):
    """Return x / 6 + 1 / 2 limited to [0, 1].

    >>> hard_sigmoid([-3.0, 0.0, 3.0]).numpy()
    array([0. , 0.5, 1. ], dtype=float32)
    """
    return ops.hard_sigmoid(x)


@register("activations", "hard_swish")
def hard_silu(x):
    """Return x hard_sigmoid(x), also known as hard_swish (https://arxiv.org/abs/1905.02244).

    >>> hard_silu([-3.0, 3.0]).numpy() + 0.0
    array([0., 3.], dtype=float32)
    """
    return ops.hard_silu(x)


@register("activations")
def keras2_hard_sigmoid(x):
    """Return 0.2 x + 0.5 between 0 and 1: `hard_sigmoid` of Keras 1 and 2, which models from their files keep.

    >>> keras2_hard_sigmoid([-3.0, 0.0, 2.0]).numpy()
    array([0. , 0.5, 0.9], dtype=float32)
    """
    return ops.clip(0.2 * ops.convert_to_tensor(x) + 0.5, 0.0, 1.0)


@register("activations")
def hard_tanh(x):
    """Return x limited to [-1, 1].

    >>> hard_tanh([-3.0, 0.5]).numpy()
    array([-1. ,  0.5], dtype=float32)
    """
    return ops.hard_tanh(x)


@register("activations")
def hard_shrink(x, threshold=0.5):
    """Return x where abs(x) > threshold and 0 elsewhere.

    >>> hard_shrink([0.4, 2.0]).numpy()
    array([0., 2.], dtype=float32)
    """
    return ops.hard_shrink(x, threshold)


@register("activations")
def soft_shrink(x, threshold=0.5):
    """Return x moved towards 0 by `threshold`, at most to 0.

    >>> soft_shrink([-2.0, 0.4]).numpy()
    array([-1.5,  0. ], dtype=float32)
    """
    return ops.soft_shrink(x, threshold)


@register("activations")
def tanh_shrink(x):
    """Return x - tanh(x).

    >>> tanh_shrink([0.0, 100.0]).numpy()
    array([ 0., 99.], dtype=float32)
    """
    return ops.tanh_shrink(x)


@register("activations")
def sparse_plus(x):
    """Return 0 below -1, x above 1, and (x + 1)^2 / 4 between.

    >>> sparse_plus([-1.0, 0.0, 2.0]).numpy()
    array([0.  , 0.25, 2.  ], dtype=float32)
    """
    return ops.sparse_plus(x)


@register("activations")
def sparse_sigmoid(x):
    """Return (x + 1) / 2 limited to [0, 1].

    >>> sparse_sigmoid([-2.0, 0.0]).numpy()
    array([0. , 0.5], dtype=float32)
    """
    return ops.sparse_sigmoid(x)


# ---- over an axis --------------------------------------------------------------------------------------------


@register("activations")
def softmax(x, axis=-1):
    """Return exp(x) / sum(exp(x)), the sum running over `axis` (a number or several).

    >>> softmax([1.0, 1.0]).numpy()
    array([0.5, 0.5], dtype=float32)
    """
    return ops.softmax(x, axis)


@register("activations")
def log_softmax(x, axis=-1):
    """Return x - log(sum(exp(x))), the sum running over `axis` (a number or several).

    >>> log_softmax([0.0, 1000.0]).numpy()
    array([-1000.,     0.], dtype=float32)
    """
    return ops.log_softmax(x, axis)


@register("activations")
def sparsemax(x, axis=-1):
    """Return the point of the probability simplex nearest to x (https://arxiv.org/abs/1602.02068).

    >>> sparsemax([1.0, 0.0, -1.0]).numpy()
    array([1., 0., 0.], dtype=float32)
    """
    return ops.sparsemax(x, axis)


swish = silu
hard_swish = hard_silu
