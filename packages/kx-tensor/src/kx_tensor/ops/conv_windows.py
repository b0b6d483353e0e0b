"""Windows that slide over the axes of positions of an input: how many there are, and what each reads."""

import functools
import itertools
import math
import operator
from typing import NamedTuple

import numpy as np

from kx_tensor.config import image_data_format, standardize_data_format


class Windows(NamedTuple):
    """What a convolution reads, per axis of positions; sizes are None where they are unknown.

    The result at `i` reads the positions `i * stride - low + k * dilation` for each `k` below `window`; there are zeros
    outside of the input.
    """

    sizes: tuple  # of the input
    window: tuple
    strides: tuple
    dilations: tuple
    low: tuple  # zeros before the first position
    out: tuple  # sizes of the result
    channels_first: bool

    @property
    def geometry(self):
        """The numbers as kx_kernels takes them, for a convolution; see `spread_geometry`."""
        return (*self.strides, *self.dilations, *self.low, *self.out)

    @property
    def spread_geometry(self):
        """The numbers as kx_kernels takes them, for going back from `out` to `sizes`."""
        return (*self.strides, *self.dilations, *self.low, *self.sizes)

    @property
    def high(self):
        """The zeros after the last position."""
        return tuple([max(e - n - p, 0) for e, n, p in zip(self._ends(), self.sizes, self.low)])

    @property
    def padded(self):
        """The sizes of the input with all zeros around it."""
        return tuple([n + p + q for n, p, q in zip(self.sizes, self.low, self.high)])

    def _ends(self):
        """The first position that no window reads, counted in the padded input."""
        return [
            (n - 1) * s + reach(k, d)
            for n, s, k, d in zip(self.out, self.strides, self.window, self.dilations)
        ]

    def inner(self):
        """The slices of the padded input where the input lies."""
        return tuple([slice(p, p + n) for p, n in zip(self.low, self.sizes)])

    def taps(self):
        """Pairs (place in a window, the slices of the padded input that all windows read there)."""
        for place in itertools.product(*map(range, self.window)):
            yield place, tuple([
                slice(k * d, k * d + (n - 1) * s + 1, s)
                for k, d, n, s in zip(place, self.dilations, self.out, self.strides)
            ])  # fmt: skip

    def indices(self):
        """Which positions of the padded input, counted through all axes, each place reads: (places, window)."""
        rows = np.arange(math.prod(self.padded), dtype="int32").reshape(self.padded)
        return np.stack([rows[read].reshape(-1) for _, read in self.taps()], axis=1)

    def shape(self, batch, sizes, channels):
        """The shape of an array with these sizes of its positions."""
        return (batch, channels, *sizes) if self.channels_first else (batch, *sizes, channels)


def reach(size, dilation):
    """Return how many positions lie between the ends of a dilated window, both included.

    >>> reach(3, 2)
    5
    """
    return (size - 1) * dilation + 1


def sliding(x_shape, kernel_shape, strides, padding, data_format, dilation_rate):
    """Return the Windows of a convolution from the shapes of its input and kernel and Keras's arguments.

    The kernel's first axes are those of the window. Raises ValueError where the arguments don't go together or no
    window fits.
    """
    data_format = data_format or image_data_format()
    return _sliding(
        tuple(x_shape[1:]),
        tuple(kernel_shape[:-2]),
        as_key(strides),
        padding,
        data_format,
        as_key(dilation_rate),
    )


@functools.lru_cache(maxsize=4096)
def _sliding(shape, window, strides, padding, data_format, dilation_rate):
    channels_first, sizes = _positions(shape, window, data_format)
    strides, dilations = _steps(strides, dilation_rate, len(sizes))
    padding = _known(padding, ("valid", "same", "causal") if len(sizes) == 1 else ("valid", "same"))
    low, out = [], []
    for n, k, s, d in zip(sizes, window, strides, dilations):
        if n is None or k is None:
            low.append(None)
            out.append(-(-n // s) if n is not None and padding == "same" else None)
            continue
        width = reach(k, d)
        before = width - 1 if padding == "causal" else 0
        if padding == "same":
            count = -(-n // s)
            before = max((count - 1) * s + width - n, 0) // 2
        else:
            count = (n + before - width) // s + 1
        if count < 1:
            raise ValueError(
                f"Computed output size would be zero or negative: a window of {width} positions (size {k}, dilation "
                f"{d}) does not fit an input with {n}. padding='same' would add zeros."
            )
        low.append(before)
        out.append(count)
    return Windows(sizes, window, strides, dilations, tuple(low), tuple(out), channels_first)


def spreading(x_shape, kernel_shape, strides, padding, output_padding, data_format, dilation_rate):
    """Return the Windows of the convolution that a transposed one goes back through: its input is their `out`.

    Without `output_padding` their `sizes` are the smallest that such a convolution takes to `out`, or with padding
    "same" `strides` times as large as `out`.
    """
    data_format = data_format or image_data_format()
    return _spreading(
        tuple(x_shape[1:]), tuple(kernel_shape[:-2]), as_key(strides), padding, as_key(output_padding),
        data_format, as_key(dilation_rate),
    )  # fmt: skip


@functools.lru_cache(maxsize=4096)
def _spreading(shape, window, strides, padding, output_padding, data_format, dilation_rate):
    channels_first, out = _positions(shape, window, data_format)
    strides, dilations = _steps(strides, dilation_rate, len(out))
    padding = _known(padding, ("valid", "same"))
    if output_padding is not None:
        output_padding = per_axis(output_padding, len(out), "output_padding", least=0)
    low, sizes = [], []
    for i, (n, k, s, d) in enumerate(zip(out, window, strides, dilations)):
        if n is None or k is None:
            low.append(None)
            sizes.append(None)
            continue
        width = reach(k, d)
        covered = (n - 1) * s + width
        if output_padding is not None:
            count = covered + output_padding[i] - (2 * (width // 2) if padding == "same" else 0)
        else:
            count = n * s if padding == "same" else max(covered, n * s)
        if count < 1:
            raise ValueError(
                f"Computed output size would be zero or negative: {n} positions through a window of {width}."
            )
        low.append(max(covered - count, 0) // 2 if padding == "same" else 0)
        sizes.append(count)
    return Windows(tuple(sizes), window, strides, dilations, tuple(low), out, channels_first)


# ---- arguments -----------------------------------------------------------------------------------------------


def split_shape(shape, channels_first):
    """Return (sizes of the positions, number of channels) of an array's shape.

    >>> split_shape((8, 28, 30, 3), channels_first=False)
    ((28, 30), 3)
    """
    return (tuple(shape[2:]), shape[1]) if channels_first else (tuple(shape[1:-1]), shape[-1])


def _positions(shape, window, data_format):
    """Whether the channels come first, and the sizes of the positions, of an input's shape without its batch."""
    channels_first = standardize_data_format(data_format) == "channels_first"
    sizes = split_shape((None, *shape), channels_first)[0]
    if not sizes or len(sizes) != len(window):
        raise ValueError(
            f"expected an input (batch, positions ..., channels) and a kernel with as many axes, at least 3; got "
            f"{len(shape) + 1} and {len(window) + 2}."
        )
    return channels_first, sizes


def _steps(strides, dilation_rate, rank):
    return per_axis(strides, rank, "strides"), per_axis(dilation_rate, rank, "dilation_rate")


def _known(padding, allowed):
    name = padding.lower() if isinstance(padding, str) else padding
    if name not in allowed:
        raise ValueError(f"padding must be one of {', '.join(map(repr, allowed))}, got {padding!r}.")
    return name


def as_key(value):
    """Return a list as a tuple, which can be looked up in a cache, anything else as it is.

    >>> as_key([1, 2])
    (1, 2)
    """
    return tuple(value) if isinstance(value, list) else value


def per_axis(value, rank, name, least=1):
    """Return a number, or a sequence of one for each axis, as a tuple of `rank` integers.

    >>> per_axis(2, 3, "strides")
    (2, 2, 2)
    """
    values = value if isinstance(value, tuple) else (value,)
    values = values * rank if len(values) == 1 else values
    try:
        found = tuple([operator.index(v) for v in values])
    except TypeError:
        found = ()
    if len(found) != rank or min(found) < least:
        raise ValueError(f"{name} must be an integer of at least {least}, or {rank} of them, got {value!r}.")
    return found
