"""Reductions that leave NaN out."""

import math

from kx_tensor import dtypes
from kx_tensor.ops.arithmetic import subtract, true_divide
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import isnan, logical_not
from kx_tensor.ops.cumulate import cumprod, cumsum
from kx_tensor.ops.reduce import all, argmax, argmin, max, min, prod, sum
from kx_tensor.ops.select import choose
from kx_tensor.ops.unary import sqrt, square


def _replaced(x, value):
    """x with `value` in place of NaN."""
    x = convert_to_tensor(x)
    return choose(isnan(x), value, x) if dtypes.is_float_dtype(x.dtype) else x


def nansum(x, axis=None, keepdims=False):
    """Sum over `axis` without the NaNs.

    >>> nansum([1.0, float("nan"), 2.0]).numpy().item()
    3.0
    """
    return sum(_replaced(x, 0.0), axis=axis, keepdims=keepdims)


def nanprod(x, axis=None, keepdims=False):
    """Product over `axis` without the NaNs.

    >>> nanprod([3.0, float("nan"), 2.0]).numpy().item()
    6.0
    """
    return prod(_replaced(x, 1.0), axis=axis, keepdims=keepdims)


def nancumsum(x, axis=None, dtype=None):
    """Running sums along `axis`, NaN counting as 0.

    >>> nancumsum([1.0, float("nan"), 2.0]).numpy()
    array([1., 1., 3.], dtype=float32)
    """
    return cumsum(_replaced(x, 0.0), axis=axis, dtype=dtype)


def nancumprod(x, axis=None, dtype=None):
    """Running products along `axis`, NaN counting as 1.

    >>> nancumprod([3.0, float("nan"), 2.0]).numpy()
    array([3., 3., 6.], dtype=float32)
    """
    return cumprod(_replaced(x, 1.0), axis=axis, dtype=dtype)


def nanmean(x, axis=None, keepdims=False):
    """Mean over `axis` of what is not NaN; NaN where nothing is left.

    >>> nanmean([1.0, float("nan"), 2.0]).numpy().item()
    1.5
    """
    x = _float(x)
    return true_divide(nansum(x, axis, keepdims), _count(x, axis, keepdims))


def _float(x):
    x = convert_to_tensor(x)
    return cast(x, dtypes.floating(x.dtype))


def _count(x, axis, keepdims):
    return cast(sum(cast(logical_not(isnan(x)), "int32"), axis=axis, keepdims=keepdims), x.dtype)


def nanvar(x, axis=None, keepdims=False):
    """Variance over `axis` of what is not NaN.

    >>> nanvar([1.0, float("nan"), 3.0]).numpy().item()
    1.0
    """
    x = _float(x)
    deviation = choose(isnan(x), 0.0, square(subtract(x, nanmean(x, axis, keepdims=True))))
    return true_divide(sum(deviation, axis=axis, keepdims=keepdims), _count(x, axis, keepdims))


def nanstd(x, axis=None, keepdims=False):
    """Standard deviation over `axis` of what is not NaN.

    >>> nanstd([1.0, float("nan"), 3.0]).numpy().item()
    1.0
    """
    return sqrt(nanvar(x, axis, keepdims))


def nanmax(x, axis=None, keepdims=False):
    """Largest element over `axis` that is not NaN; NaN where there is none.

    >>> nanmax([1.0, float("nan")]).numpy().item()
    1.0
    """
    return _extreme(max, -math.inf, x, axis, keepdims)


def nanmin(x, axis=None, keepdims=False):
    """Smallest element over `axis` that is not NaN; NaN where there is none.

    >>> nanmin([1.0, float("nan")]).numpy().item()
    1.0
    """
    return _extreme(min, math.inf, x, axis, keepdims)


def _extreme(reduce, worst, x, axis, keepdims):
    x = convert_to_tensor(x)
    if not dtypes.is_float_dtype(x.dtype):
        return reduce(x, axis=axis, keepdims=keepdims)
    empty = all(isnan(x), axis=axis, keepdims=keepdims)
    return choose(empty, math.nan, reduce(_replaced(x, worst), axis=axis, keepdims=keepdims))


def nanargmax(x, axis=None, keepdims=False):
    """Index of the largest element along `axis` that is not NaN; -1 where all are.

    >>> nanargmax([1.0, float("nan"), 3.0]).numpy().item()
    2
    """
    return _place(argmax, -math.inf, x, axis, keepdims)


def nanargmin(x, axis=None, keepdims=False):
    """Index of the smallest element along `axis` that is not NaN; -1 where all are.

    >>> nanargmin([5.0, float("nan"), 3.0]).numpy().item()
    2
    """
    return _place(argmin, math.inf, x, axis, keepdims)


def _place(search, worst, x, axis, keepdims):
    x = convert_to_tensor(x)
    found = search(_replaced(x, worst), axis=axis, keepdims=keepdims)
    if not dtypes.is_float_dtype(x.dtype):
        return found
    return choose(all(isnan(x), axis=axis, keepdims=keepdims), -1, found)
