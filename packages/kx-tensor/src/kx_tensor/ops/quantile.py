"""Quantiles: median, quantile, percentile, and their versions that leave NaN out."""

import numpy as np

from kx_tensor import dtypes, rules
from kx_tensor.ops.arithmetic import add, multiply, subtract
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import isnan, logical_not
from kx_tensor.ops.creation import ones_like
from kx_tensor.ops.indexes import get_item, take_along_axis
from kx_tensor.ops.join import stack
from kx_tensor.ops.reduce import any, sum
from kx_tensor.ops.select import choose, clip
from kx_tensor.ops.shape import expand_dims, moveaxis, reshape
from kx_tensor.ops.sort import sort
from kx_tensor.ops.unary import ceil, floor, round
from kx_tensor.symbolic import KerasTensor

_METHODS = ("linear", "lower", "higher", "midpoint", "nearest")


def quantile(x, q, axis=None, method="linear", keepdims=False):
    """Value below which a share q of the elements over `axis` lies; q in [0, 1], a vector of them comes first in the
    result.

    `method` says what to do between two elements: "linear", "lower", "higher", "midpoint" or "nearest".

    >>> quantile([0.0, 10.0, 20.0], [0.25, 0.5]).numpy()
    array([ 5., 10.], dtype=float32)
    """
    return _quantile(x, q, axis, method, keepdims, skip_nan=False)


def percentile(x, q, axis=None, method="linear", keepdims=False):
    """As `quantile`, with q in percent.

    >>> percentile([0.0, 10.0, 20.0], 50).numpy().item()
    10.0
    """
    return quantile(x, _hundredths(q), axis, method, keepdims)


def median(x, axis=None, keepdims=False):
    """Middle element over `axis`; the mean of the two middle ones if their number is even.

    >>> median([1.0, 9.0, 2.0]).numpy().item()
    2.0
    """
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanquantile(x, q, axis=None, method="linear", keepdims=False):
    """As `quantile`, without the NaNs.

    >>> nanquantile([0.0, 10.0, float("nan")], 0.5).numpy().item()
    5.0
    """
    return _quantile(x, q, axis, method, keepdims, skip_nan=True)


def nanpercentile(x, q, axis=None, method="linear", keepdims=False):
    """As `percentile`, without the NaNs.

    >>> nanpercentile([0.0, 10.0, float("nan")], 100).numpy().item()
    10.0
    """
    return nanquantile(x, _hundredths(q), axis, method, keepdims)


def nanmedian(x, axis=None, keepdims=False):
    """As `median`, without the NaNs.

    >>> nanmedian([1.0, 9.0, float("nan"), 2.0]).numpy().item()
    2.0
    """
    return nanquantile(x, 0.5, axis, keepdims=keepdims)


def _hundredths(q):
    return np.asarray(q, "float64") / 100.0


def _quantile(x, q, axis, method, keepdims, skip_nan):
    if method not in _METHODS:
        raise ValueError(f"quantile: method must be one of {_METHODS}, got {method!r}.")
    if isinstance(q, KerasTensor):
        raise ValueError("quantile: q must be a number or an array, not a symbolic tensor.")
    shares = np.asarray(q, "float64")
    if shares.ndim > 1 or (shares.size and not (shares.min() >= 0 and shares.max() <= 1)):
        raise ValueError(f"quantile: q must be a number or a vector of numbers in [0, 1], got {q!r}.")
    x = convert_to_tensor(x)
    x = cast(x, dtypes.floating(x.dtype))
    rank = len(x.shape)
    axes = tuple(range(rank)) if axis is None else rules.normalize_axes(axis, rank)
    lanes = reshape(moveaxis(x, axes, tuple(range(rank - len(axes), rank))), _merged_shape(x.shape, axes))
    missing = isnan(lanes)
    present = logical_not(missing) if skip_nan else ones_like(lanes)
    last = subtract(sum(cast(present, lanes.dtype), axis=-1, keepdims=True), 1.0)
    ordered = sort(lanes, axis=-1)  # NaN last
    parts = [_between(ordered, last, float(share), method) for share in shares.reshape(-1)]
    if not skip_nan:
        spoilt = any(missing, axis=-1, keepdims=True)
        parts = [choose(spoilt, float("nan"), part) for part in parts]
    parts = [expand_dims(get_item(p, (..., 0)), axes) if keepdims else get_item(p, (..., 0)) for p in parts]
    return stack(parts) if shares.ndim else parts[0]


def _merged_shape(shape, axes):
    """The shape with `axes` as one last axis; one size may be unknown."""
    kept = [n for i, n in enumerate(shape) if i not in axes]
    merged = [shape[a] for a in axes]
    if (None in merged and None in kept) or kept.count(None) > 1:
        raise ValueError(f"quantile: at most one size of {tuple(shape)} may be unknown.")
    if None in merged:
        return (*kept, -1)
    return (*[-1 if n is None else n for n in kept], int(np.prod(merged)))


def _between(ordered, last, share, method):
    """The element at place share * last of each lane, or between the two nearest."""
    place = multiply(last, share)
    if method == "nearest":
        return _at(ordered, round(place))
    low, high = floor(place), ceil(place)
    if method == "lower":
        return _at(ordered, low)
    if method == "higher":
        return _at(ordered, high)
    weight = 0.5 if method == "midpoint" else subtract(place, low)
    below = _at(ordered, low)
    return add(below, multiply(subtract(_at(ordered, high), below), weight))


def _at(ordered, place):
    return take_along_axis(ordered, cast(clip(place, 0.0, float("inf")), "int32"), axis=-1)
