"""Sliding windows over the spatial axes of (n, ..., c) or (n, c, ...) arrays: sizes, padding, and their slices."""

import functools
import itertools
import math
import operator

import numpy as np

from kx_tensor import config


class Windows:
    """Where the windows of a pooling lie: per spatial axis the size, stride, padding in front and number of windows."""

    def __init__(self, shape, size, strides, padding, channels_last):
        self.channels_last = channels_last
        self.first = 1 if channels_last else 2  # the first spatial axis
        self.rank = len(shape) - 2
        spatial = shape[self.first : self.first + self.rank]
        self.size, self.strides = size, strides
        same = padding == "same"
        self.counts = tuple([_count(n, k, s, same) for n, k, s in zip(spatial, size, strides)])
        totals = [
            max((m - 1) * s + k - n, 0) if same and n is not None else 0
            for n, m, k, s in zip(spatial, self.counts, size, strides)
        ]
        self.pads = tuple([(total // 2, total - total // 2) for total in totals])
        self.lows = tuple([low for low, _ in self.pads])
        self.shape = self._with_spatial(shape, self.counts)
        self.spatial = spatial

    def _with_spatial(self, shape, sizes):
        return (*shape[: self.first], *sizes, *shape[self.first + self.rank :])

    @property
    def positions(self):
        """How many elements a window has."""
        return math.prod(self.size)

    def slices(self):
        """For each place in a window, in order: where it lies in x, and in the windows that reach it within x."""
        parts = []
        for n, m, k, s, (low, _) in zip(self.spatial, self.counts, self.size, self.strides, self.pads):
            axis = []
            for place in range(k):
                first = max(-((place - low) // s), 0)
                last = min((n - 1 - place + low) // s, m - 1)
                start = first * s + place - low
                inside = max(last - first + 1, 0)
                axis.append((slice(start, start + inside * s, s), slice(first, first + inside)))
            parts.append(axis)
        whole = (slice(None),) * self.first
        for chosen in itertools.product(*parts):
            yield whole + tuple([x for x, _ in chosen]), whole + tuple([w for _, w in chosen])

    def along(self, vectors, combine):
        """An array that broadcasts to the windows, of one vector per spatial axis, combined by a ufunc."""
        grids = np.meshgrid(*vectors, indexing="ij", sparse=True)
        whole = functools.reduce(combine, grids)
        return whole.reshape(self._with_spatial((1,) * (self.rank + 2), self.counts))

    def inside(self):
        """How many elements of x each window holds, as an array that broadcasts to the windows."""
        vectors = [
            np.minimum(np.arange(m) * s - low + k, n) - np.maximum(np.arange(m) * s - low, 0)
            for n, m, k, s, (low, _) in zip(self.spatial, self.counts, self.size, self.strides, self.pads)
        ]
        return self.along(vectors, np.multiply)

    def first_inside(self):
        """The number of each window's first place that lies in x, as an array that broadcasts to the windows."""
        vectors, step = [], self.positions
        for m, k, s, (low, _) in zip(self.counts, self.size, self.strides, self.pads):
            step //= k
            vectors.append(np.maximum(low - np.arange(m) * s, 0) * step)
        return self.along(vectors, np.add)


def _count(n, k, s, same):
    if n is None:
        return None
    return -(-n // s) if same else (n - k) // s + 1


def windows(shape, pool_size, strides=None, padding="valid", data_format=None):
    """Return the Windows over an array of this shape; raise ValueError for arguments that don't fit it."""
    rank = len(shape) - 2
    if rank < 1:
        raise ValueError(
            f"pooling expects (batch, spatial axes..., channels) in some order, got shape {shape}."
        )
    size = per_axis(pool_size, rank, "pool_size")
    steps = size if strides is None else per_axis(strides, rank, "strides")
    return _windows(
        tuple(shape), size, steps, str(padding).lower(), config.standardize_data_format(data_format)
    )


@functools.lru_cache(maxsize=256)
def _windows(shape, size, strides, padding, data_format):
    if padding not in ("same", "valid"):
        raise ValueError(f"padding must be 'same' or 'valid', got {padding!r}.")
    first = 1 if data_format == "channels_last" else 2
    spatial = shape[first : first + len(size)]
    if padding == "valid" and any(n is not None and n < k for n, k in zip(spatial, size)):
        raise ValueError(
            f"a window of {size} does not fit the spatial sizes {spatial} of an input of shape {shape}."
        )
    return Windows(shape, size, strides, padding, data_format == "channels_last")


def per_axis(value, rank, name):
    """Return a positive integer, or one per spatial axis, as a tuple of `rank` ones; ValueError for anything else.

    >>> per_axis(2, 3, "strides")
    (2, 2, 2)
    """
    sizes = tuple(value) if isinstance(value, (list, tuple)) else (value,) * rank
    if len(sizes) != rank or not all(hasattr(n, "__index__") and n > 0 for n in sizes):
        raise ValueError(f"{name} must be a positive integer, or {rank} of them, got {value!r}.")
    return tuple(map(operator.index, sizes))
