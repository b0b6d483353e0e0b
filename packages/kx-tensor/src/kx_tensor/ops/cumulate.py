"""Running sums and products along an axis, and what is composed of reductions: variance, norms, log-sum-exp."""

import math

from kx_tensor import config, dtypes, rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.arithmetic import add, maximum, multiply, subtract, true_divide
from kx_tensor.ops.casting import cast, convert_to_tensor, stop_gradient
from kx_tensor.ops.compare import isfinite, not_equal
from kx_tensor.ops.reduce import max, mean, min, sum
from kx_tensor.ops.select import choose
from kx_tensor.ops.shape import reshape, squeeze
from kx_tensor.ops.unary import absolute, exp, log, log10, sqrt, square
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _cumulated_shape(shapes, params):
    shape, axis = shapes[0], params["axis"]
    if axis is not None:
        rules.normalize_axis(axis, len(shape))
        return shape
    total = 1
    for n in shape:
        total = None if n is None or total is None else total * n
    return (total,)


def _cumulated_dtype(names, params):
    name = dtypes.result_type(names[0])
    wanted = dtypes.standardize_dtype(params["dtype"]) if params.get("dtype") is not None else name
    wanted = "int32" if wanted == "bool" else wanted
    return wanted, wanted


_cumulated_dtype.reads_params = True


@primitive(shape=_cumulated_shape, dtype=_cumulated_dtype)
def cumsum(xp, x, *, axis=None, dtype=None):
    """Sums of the first 1, 2, ... elements along `axis` (None: of the flattened array).

    >>> cumsum([1.0, 2.0, 3.0]).numpy()
    array([1., 3., 6.], dtype=float32)
    """
    return narrow(xp.cumsum(widen(x) if x.dtype.kind in "fV" else x, axis=axis), x.dtype)


def _cumsum_dx(F, g, x_shape, axis):
    reverse = 0 if axis is None else axis
    return F.reshape(F.flip(F.cumsum(F.flip(g, axis=reverse), axis=reverse), axis=reverse), newshape=x_shape)


cumsum.vjp(_cumsum_dx)
cumsum.cases = case("3,4"), case("3,4", axis=1), case("3:int32"), fails("3", axis=1, match="out of range")


@primitive(shape=_cumulated_shape, dtype=_cumulated_dtype)
def cumprod(xp, x, *, axis=None, dtype=None):
    """Products of the first 1, 2, ... elements along `axis` (None: of the flattened array).

    >>> cumprod([1.0, 2.0, 3.0]).numpy()
    array([1., 2., 6.], dtype=float32)
    """
    return narrow(xp.cumprod(widen(x) if x.dtype.kind in "fV" else x, axis=axis), x.dtype)


def _cumprod_dx(F, g, x, out, axis):
    reverse = 0 if axis is None else axis
    tail = F.flip(F.cumsum(F.flip(g * out, axis=reverse), axis=reverse), axis=reverse)
    return F.reshape(tail, newshape=x.shape) / x


cumprod.vjp(_cumprod_dx)
cumprod.cases = case("3,4", axis=1, low=0.5), case("4", low=0.5), case("3:int32")


def var(x, axis=None, keepdims=False):
    """Mean squared deviation from the mean over `axis`.

    >>> var([1.0, 3.0]).numpy()
    array(1., dtype=float32)
    """
    return mean(square(subtract(x, mean(x, axis=axis, keepdims=True))), axis=axis, keepdims=keepdims)


def std(x, axis=None, keepdims=False):
    """Square root of the variance over `axis`.

    >>> std([1.0, 3.0]).numpy()
    array(1., dtype=float32)
    """
    return sqrt(var(x, axis=axis, keepdims=keepdims))


def moments(x, axes, keepdims=False, synchronized=False):
    """Mean and variance over `axes`.

    >>> [m.numpy().item() for m in moments([1.0, 3.0], axes=0)]
    [2.0, 1.0]
    """
    if synchronized:
        raise ValueError("moments(synchronized=True) needs several replicas; kx runs one.")
    return mean(x, axis=axes, keepdims=keepdims), var(x, axis=axes, keepdims=keepdims)


def logsumexp(x, axis=None, keepdims=False):
    """Return log(sum(exp(x))) over `axis` without overflow.

    >>> logsumexp([1000.0, 1000.0]).numpy().round(3)
    np.float32(1000.693)
    """
    top = stop_gradient(max(x, axis=axis, keepdims=True))
    top = choose(isfinite(top), top, 0)  # infinite ones go through exp and log by themselves
    total = add(log(sum(exp(subtract(x, top)), axis=axis, keepdims=True)), top)
    if keepdims:
        return total
    return squeeze(total, axis=tuple(range(len(total.shape))) if axis is None else axis)


def count_nonzero(x, axis=None):
    """Number of elements that are not zero over `axis`, as int32.

    >>> count_nonzero([[0, 1], [2, 3]], axis=0).numpy()
    array([1, 2], dtype=int32)
    """
    return sum(cast(not_equal(x, 0), "int32"), axis=axis)


def average(x, axis=None, weights=None):
    """Weighted mean over `axis`; `weights` has the shape of x, or is a vector along the one axis.

    >>> average([1.0, 3.0], weights=[3.0, 1.0]).numpy()
    array(1.5, dtype=float32)
    """
    if weights is None:
        return mean(x, axis=axis)
    x, weights = (convert_to_tensor(a) for a in (x, weights))
    if len(weights.shape) == 1 and len(x.shape) > 1:
        if not isinstance(axis, int):
            raise ValueError(
                f"average: a vector of weights goes along one axis; got axis={axis} for shape {x.shape}."
            )
        axis = rules.normalize_axis(axis, len(x.shape))
        weights = reshape(weights, [-1 if i == axis else 1 for i in range(len(x.shape))])
    elif len(weights.shape) != len(x.shape):
        raise ValueError(f"average: weights of shape {weights.shape} don't fit x of shape {x.shape}.")
    return true_divide(sum(multiply(x, weights), axis=axis), sum(weights, axis=axis))


def amax(x, axis=None, keepdims=False):
    """Largest element over `axis`.

    >>> amax([1.0, 3.0]).numpy().item()
    3.0
    """
    return max(x, axis=axis, keepdims=keepdims)


def amin(x, axis=None, keepdims=False):
    """Smallest element over `axis`.

    >>> amin([1.0, 3.0]).numpy().item()
    1.0
    """
    return min(x, axis=axis, keepdims=keepdims)


def ptp(x, axis=None, keepdims=False):
    """Largest minus smallest element over `axis`.

    >>> ptp([1.0, 3.0]).numpy().item()
    2.0
    """
    return subtract(max(x, axis=axis, keepdims=keepdims), min(x, axis=axis, keepdims=keepdims))


def norm(x, ord=None, axis=None, keepdims=False):
    """Norm of vectors along one axis, or of matrices over two axes (None: over all).

    Vectors: `ord` None or 2 (Euclidean), 1, inf, -inf, 0 (how many are not 0) or any number p, for (sum |x|^p)^(1/p).
    Matrices: None or "fro" (Frobenius), 1 and -1 (largest and smallest column sum), inf and -inf (row sums).

    >>> norm([3.0, 4.0]).numpy().item()
    5.0
    """
    x = convert_to_tensor(x)
    rank = len(x.shape)
    axes = rules.normalize_axes(range(rank) if axis is None else axis, rank)
    axes = tuple(axes)
    if dtypes.is_int_dtype(x.dtype) or x.dtype == "bool":
        x = cast(x, dtypes.floating(x.dtype))
    if ord is None or (ord == "fro" and len(axes) == 2) or (ord == 2 and len(axes) == 1):
        total = sum(square(x), axis=axes, keepdims=keepdims)
        positive = not_equal(total, 0)
        return choose(
            positive, sqrt(choose(positive, total, 1)), 0
        )  # the slope at 0 is taken as 0, not infinite
    if len(axes) == 1:
        return _vector_norm(x, ord, axes[0], keepdims)
    if len(axes) != 2 or ord not in (1, -1, float("inf"), float("-inf")):
        raise ValueError(
            f"norm: ord={ord!r} over {len(axes)} axes is not known. Over one axis ord is a number, over "
            "two None, 'fro', 1, "
            "-1, inf or -inf; norms by singular values (2, -2, 'nuc') need a singular value decomposition."
        )
    summed, compared = axes if abs(ord) == 1 else axes[::-1]
    sums = sum(absolute(x), axis=summed, keepdims=True)
    out = (max if ord > 0 else min)(sums, axis=compared, keepdims=True)
    return out if keepdims else squeeze(out, axis=axes)


def _vector_norm(x, ord, axis, keepdims):
    if isinstance(ord, str):
        raise ValueError(f"norm: ord={ord!r} is for matrices; give two axes, or a number for ord.")
    if ord == 0:
        return sum(cast(not_equal(x, 0), x.dtype), axis=axis, keepdims=keepdims)
    size = absolute(x)
    if ord in (float("inf"), float("-inf")):
        return (max if ord > 0 else min)(size, axis=axis, keepdims=keepdims)
    if ord == 1:
        return sum(size, axis=axis, keepdims=keepdims)
    return sum(size**ord, axis=axis, keepdims=keepdims) ** (1.0 / ord)


def normalize(x, axis=-1, order=2, epsilon=None):
    """Return x / max(norm(x), epsilon), with the norm of the given order over `axis`.

    >>> normalize([3.0, 4.0]).numpy()
    array([0.6, 0.8], dtype=float32)
    """
    if not isinstance(order, int) or order < 1:
        raise ValueError(f"normalize: order must be an integer of at least 1, got {order!r}.")
    x = convert_to_tensor(x)
    x = cast(x, dtypes.floating(x.dtype))
    size = _vector_norm(x, order, axis, True) if order != 2 else norm(x, axis=axis, keepdims=True)
    return true_divide(x, maximum(size, config.epsilon() if epsilon is None else epsilon))


def psnr(x1, x2, max_val):
    """Peak signal-to-noise ratio in decibels: 20 log10(max_val) - 10 log10(mean (x1 - x2)^2).

    >>> psnr([0.0, 0.0], [1.0, 1.0], 10.0).numpy().item()
    20.0
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if tuple(x1.shape) != tuple(x2.shape):
        raise ValueError(f"psnr: both signals must have one shape, got {x1.shape} and {x2.shape}.")
    error = mean(square(subtract(x1, x2)))
    peak = math.log10(max_val) if isinstance(max_val, (int, float)) else log10(max_val)
    return subtract(20.0 * peak, multiply(log10(error), 10.0))
