"""The windows of pooling: those of a convolution, but what lies outside of the input is no part of them."""

import functools
import itertools

import numpy as np

from kx_tensor.ops.conv_windows import as_key, per_axis, sliding


def pool_windows(shape, pool_size, strides=None, padding="valid", data_format=None):
    """Return the Windows of a pooling from the shape of its input and Keras's arguments.

    >>> pool_windows((8, 7, 7, 3), 3, strides=2, padding="same").out
    (4, 4)
    """
    rank = len(shape) - 2
    if rank < 1:
        raise ValueError(
            f"pooling expects (batch, spatial axes..., channels) in some order, got {len(shape)} axes."
        )
    if str(padding).lower() not in ("valid", "same"):
        raise ValueError(f"padding must be 'valid' or 'same', got {padding!r}.")
    size = per_axis(as_key(pool_size), rank, "pool_size")
    return sliding(shape, (*size, None, None), size if strides is None else strides, padding, data_format, 1)


def result_shape(shape, w):
    """The shape of what a pooling makes of an array of `shape`."""
    return w.shape(shape[0], w.out, shape[1 if w.channels_first else -1])


def places(w):
    """For each place in a window, in order: the slices of x there, and of the windows that have it inside x."""
    axes = []
    for n, k, s, low, m in zip(w.sizes, w.window, w.strides, w.low, w.out):
        axis = []
        for place in range(k):
            first = max(-((place - low) // s), 0)
            last = min((n - 1 - place + low) // s, m - 1)
            start, count = first * s + place - low, max(last - first + 1, 0)
            axis.append((slice(start, start + count * s, s), slice(first, first + count)))
        axes.append(axis)
    whole = (slice(None),) * (2 if w.channels_first else 1)
    for chosen in itertools.product(*axes):
        yield whole + tuple([x for x, _ in chosen]), whole + tuple([reached for _, reached in chosen])


def elements_inside(w):
    """How many elements of x each window holds, as an array that broadcasts to the windows."""
    vectors = []
    for n, k, s, low, m in zip(w.sizes, w.window, w.strides, w.low, w.out):
        start = np.arange(m) * s - low
        vectors.append(np.minimum(start + k, n) - np.maximum(start, 0))
    return _combined(w, vectors, np.multiply)


def first_inside(w):
    """The number of each window's first place that lies in x, as an array that broadcasts to the windows."""
    vectors, step = [], 1
    for k, s, low, m in reversed(list(zip(w.window, w.strides, w.low, w.out))):
        vectors.insert(0, np.maximum(low - np.arange(m) * s, 0) * step)
        step *= k
    return _combined(w, vectors, np.add)


def _combined(w, vectors, ufunc):
    """One vector per spatial axis, combined over all of them."""
    grid = functools.reduce(ufunc, np.meshgrid(*vectors, indexing="ij", sparse=True))
    return grid.reshape(w.shape(1, w.out, 1))
