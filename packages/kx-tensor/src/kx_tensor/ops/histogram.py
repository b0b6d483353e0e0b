"""Counting and comparing collections: bincount, histogram, isin, correlation, distances."""

import builtins

import numpy as np

from kx_tensor import dtypes
from kx_tensor.ops.arithmetic import minimum, multiply, subtract, true_divide
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import equal, greater_equal, isclose, less_equal, logical_and, logical_not
from kx_tensor.ops.creation import linspace, ones_like
from kx_tensor.ops.cumulate import norm
from kx_tensor.ops.indexes import get_item, scatter, take
from kx_tensor.ops.join import pad
from kx_tensor.ops.linear import diagonal
from kx_tensor.ops.matrix import matmul
from kx_tensor.ops.reduce import all, max, mean, min
from kx_tensor.ops.select import choose
from kx_tensor.ops.shape import expand_dims, reshape, size, transpose
from kx_tensor.ops.sort import searchsorted, sort
from kx_tensor.ops.unary import sqrt
from kx_tensor.symbolic import KerasTensor, record_call


def bincount(x, weights=None, minlength=0, sparse=False):
    """Return how often (or with what total weight) each of 0, 1, ..., max(x) occurs in a vector of integers.

    Each row of a matrix is counted by itself. The result has at least `minlength` places.

    >>> bincount([1, 2, 2]).numpy()
    array([0, 1, 2], dtype=int32)
    """
    if sparse:
        raise ValueError("kx has dense tensors only: sparse=True is not supported.")
    x = convert_to_tensor(x)
    if not dtypes.is_int_dtype(x.dtype) or len(x.shape) not in (1, 2):
        raise ValueError(
            f"bincount: a vector or matrix of integers is needed, got shape {x.shape}, dtype {x.dtype}."
        )
    if isinstance(x, KerasTensor) or isinstance(weights, KerasTensor):
        kind = "int32" if weights is None else convert_to_tensor(weights).dtype
        return record_call(bincount, (x, weights, minlength), {}, [((*x.shape[:-1], None), kind)])[0]
    weights = ones_like(x, dtype="int32") if weights is None else convert_to_tensor(weights)
    bins = int(minlength) if x.size == 0 else builtins.max(int(max(x)) + 1, int(minlength))
    places = reshape(cast(x, "int64"), (-1, 1))
    rows = 1 if len(x.shape) == 1 else x.shape[0]
    if rows > 1:
        starts = np.repeat(np.arange(rows) * bins, x.shape[1]).reshape(-1, 1)
        places = places + x.device.asarray(starts)
    counts = scatter(places, reshape(weights, (-1,)), (rows * bins,))
    return counts if len(x.shape) == 1 else reshape(counts, (rows, bins))


def histogram(x, bins=10, range=None):
    """Return how many elements fall into each of `bins` equal intervals of `range` (None: all of x), and their edges.

    The last interval includes its upper end; what lies outside is not counted. As in Keras the counts are floats.

    >>> counts, edges = histogram([0.0, 0.1, 0.9, 1.0], bins=2)
    >>> counts.numpy(), edges.numpy()
    (array([2., 2.], dtype=float32), array([0. , 0.5, 1. ], dtype=float32))
    """
    if not isinstance(bins, int) or bins <= 0:
        raise ValueError(f"histogram: bins must be a positive integer, got {bins!r}.")
    if range is not None and (len(range) != 2 or not range[0] < range[1]):
        raise ValueError(f"histogram: range must be (low, high) with low < high, got {range!r}.")
    x = convert_to_tensor(x)
    x = reshape(cast(x, dtypes.floating(x.dtype)), (-1,))
    low, high = (min(x), max(x)) if range is None else (float(range[0]), float(range[1]))
    if range is None:  # all elements alike: half a unit to each side, as NumPy does
        alike = equal(low, high)
        low, high = choose(alike, low - 0.5, low), choose(alike, high + 0.5, high)
    edges = linspace(low, high, bins + 1, dtype=x.dtype)
    place = searchsorted(edges, x, side="right") - 1
    place = choose(equal(x, get_item(edges, -1)), bins - 1, place)
    inside = logical_and(greater_equal(x, get_item(edges, 0)), less_equal(x, get_item(edges, -1)))
    place = choose(inside, place, bins)
    counts = scatter(expand_dims(place, -1), ones_like(x), (bins + 1,))
    return get_item(counts, slice(0, bins)), edges


def isin(x1, x2, assume_unique=False, invert=False):
    """Tell which elements of x1 are among those of x2 (`invert`: are not).

    `assume_unique` promises that neither repeats an element; the result is the same.

    >>> isin([0, 1, 2, 5], [0, 2]).numpy()
    array([ True, False,  True, False])
    """
    x1, x2 = convert_to_tensor(x1), reshape(convert_to_tensor(x2), (-1,))
    common = dtypes.result_type(x1.dtype, x2.dtype)
    common = "int32" if common == "bool" else common
    x1, ordered = cast(x1, common), sort(cast(x2, common))
    if ordered.shape[0] == 0:
        found = cast(ones_like(x1) * 0, "bool")
    else:
        place = minimum(searchsorted(ordered, x1), size(ordered) - 1)
        found = equal(take(ordered, place), x1)
    return logical_not(found) if invert else found


def allclose(x1, x2, rtol=1e-05, atol=1e-08, equal_nan=False):
    """Tell whether |x1 - x2| <= atol + rtol |x2| everywhere.

    >>> bool(allclose([1.0, 2.0], [1.0, 2.1]))
    False
    """
    return all(isclose(x1, x2, rtol=rtol, atol=atol, equal_nan=equal_nan))


def corrcoef(x):
    """Return Pearson's correlation coefficients of the rows of a matrix. Shapes: (n, observations) -> (n, n).

    >>> corrcoef([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]]).numpy().round(4)
    array([[ 1., -1.],
           [-1.,  1.]], dtype=float32)
    """
    x = convert_to_tensor(x)
    x = cast(x, dtypes.floating(x.dtype))
    centred = subtract(x, mean(x, axis=-1, keepdims=True))
    if len(x.shape) == 1:
        centred = expand_dims(centred, 0)
    products = matmul(centred, transpose(centred))
    scale = sqrt(diagonal(products))
    result = true_divide(products, multiply(expand_dims(scale, 0), expand_dims(scale, 1)))
    return get_item(result, (0, 0)) if len(x.shape) == 1 else result


def correlate(x1, x2, mode="valid"):
    """Return the sums over n of x1[n + k] x2[n] for all shifts k of two vectors.

    `mode`: "full" where they overlap at all, "same" the middle as long as the longer one, "valid" where one lies inside
    the other.

    >>> correlate([1.0, 2.0, 3.0], [0.0, 1.0]).numpy()
    array([2., 3.], dtype=float32)
    """
    x1, x2 = convert_to_tensor(x1), convert_to_tensor(x2)
    if len(x1.shape) != 1 or len(x2.shape) != 1:
        raise ValueError(f"correlate: two vectors are needed, got shapes {x1.shape} and {x2.shape}.")
    n, m = x1.shape[0], x2.shape[0]
    if n is None or m is None:
        raise ValueError(f"correlate: the sizes must be known, got shapes {x1.shape} and {x2.shape}.")
    short, long = sorted((n, m))
    cuts = {"full": (0, n + m - 1), "same": ((short - 1) // 2, long), "valid": (short - 1, long - short + 1)}
    if mode not in cuts:
        raise ValueError(f"correlate: mode must be 'valid', 'same' or 'full', got {mode!r}.")
    if mode == "same" and n < m:
        cuts["same"] = (short // 2, long)
    start, count = cuts[mode]
    windows = np.arange(start, start + count)[:, None] + np.arange(m)
    return matmul(take(pad(x1, ((m - 1, m - 1),)), windows, axis=0), x2)


def cdist(x, y):
    """Return the Euclidean distances between all pairs of vectors. Shapes: (..., m, d), (..., n, d) -> (..., m, n).

    >>> cdist([[0.0, 0.0]], [[3.0, 4.0], [1.0, 0.0]]).numpy()
    array([[5., 1.]], dtype=float32)
    """
    x, y = convert_to_tensor(x), convert_to_tensor(y)
    if len(x.shape) < 2 or len(y.shape) < 2:
        raise ValueError(f"cdist: at least 2 dimensions are needed, got shapes {x.shape} and {y.shape}.")
    return norm(subtract(expand_dims(x, -2), expand_dims(y, -3)), axis=-1)
