"""The base of initializers, and those that draw nothing: zeros, ones, a constant, the identity, a Fourier basis."""

import numpy as np

from kx_io import Fields, field, one_of, register
from kx_tensor import dtypes, ops


class Initializer(Fields):
    """Base of initializers: write `__call__(shape, dtype=None)` that returns a tensor; a plain function will do."""

    def __call__(self, shape, dtype=None):
        """Return a tensor of this shape and dtype (None: `floatx()`)."""
        raise NotImplementedError(f"{type(self).__name__} needs a __call__(self, shape, dtype=None) method.")

    def clone(self):
        """Return an initializer made from this one's config."""
        return type(self).from_config(self.get_config())


@register("initializers", "zero")
class Zeros(Initializer):
    """All zeros.

    >>> Zeros()((2,)).numpy()
    array([0., 0.], dtype=float32)
    """

    fresh = True  # a variable may keep the array: memory that nobody has touched yet, if it is filled from a file next

    def __call__(self, shape, dtype=None):
        return ops.zeros(shape, dtypes.standardize_dtype(dtype))


@register("initializers", "one")
class Ones(Initializer):
    """All ones.

    >>> Ones()((2,)).numpy()
    array([1., 1.], dtype=float32)
    """

    def __call__(self, shape, dtype=None):
        return ops.ones(shape, dtypes.standardize_dtype(dtype))


@register("initializers")
class Constant(Initializer):
    """One value everywhere, or an array that broadcasts to the shape.

    >>> Constant(2.5)((2,)).numpy()
    array([2.5, 2.5], dtype=float32)
    """

    value = field(0.0)

    def __call__(self, shape, dtype=None):
        return ops.full(shape, self.value, dtypes.standardize_dtype(dtype))


@register("initializers", "IdentityInitializer")
class Identity(Initializer):
    """`gain` on the diagonal of a matrix, 0 elsewhere; other ranks raise ValueError.

    >>> Identity(2.0)((2, 2)).numpy()
    array([[2., 0.],
           [0., 2.]], dtype=float32)
    """

    gain = field(1.0)

    def __call__(self, shape, dtype=None):
        if len(shape) != 2:
            raise ValueError(
                f"Identity initializes matrices only, got shape={tuple(shape)} of rank {len(shape)}."
            )
        return self.gain * ops.eye(*shape, dtype=dtypes.standardize_dtype(dtype))


# ---- the basis of the short-time Fourier transform -----------------------------------------------------------

# a0, a1, a2 of the window a0 - a1 cos(t) + a2 cos(2 t)
_COSINES = {
    "hann": (0.5, 0.5, 0.0),
    "hamming": (0.54, 0.46, 0.0),
    "blackman": (0.42, 0.5, 0.08),
    "boxcar": (1.0, 0.0, 0.0),
}
_WINDOWS = (*_COSINES, "bartlett")


def _window(name, length, periodic):
    """Return the window `name` in float64; a periodic one is the start of a symmetric one longer by 1."""
    if name is None:
        return np.ones(length)
    span = length if periodic else length - 1
    t = 2.0 * np.pi * np.arange(length) / max(span, 1)
    if name == "bartlett":
        return 1.0 - np.abs(t / np.pi - 1.0)
    a0, a1, a2 = _COSINES[name]
    return a0 - a1 * np.cos(t) + a2 * np.cos(2.0 * t)


@register("initializers", "STFTInitializer")
class STFT(Initializer):
    """The real or imaginary part of a windowed Fourier basis, for convolutions that compute spectrograms.

    Shape: (frame length, input channels, bins); bin k of n samples is `exp(-i pi k n / (bins - 1))`. `scaling`
    divides by the window's norm ("density"), by its sum ("spectrum"), or by nothing (None).

    >>> STFT(window=None, scaling=None)((2, 1, 3)).numpy().round(3)[:, 0] + 0.0
    array([[ 1.,  1.,  1.],
           [ 1.,  0., -1.]], dtype=float32)
    """

    side = field("real", check=one_of("real", "imag"))
    window = field("hann", check=one_of(*_WINDOWS, None))
    scaling = field("density", check=one_of("density", "spectrum", None))
    periodic: bool = field(False)

    def __call__(self, shape, dtype=None):
        if len(shape) != 3:
            raise ValueError(
                f"STFT initializes kernels of shape (frame length, channels, bins), got shape={tuple(shape)}."
            )
        length, channels, bins = shape
        window = _window(self.window, length, self.periodic)
        if self.scaling is not None:
            window = window / (np.sqrt((window**2).sum()) if self.scaling == "density" else window.sum())
        angles = np.pi * np.arange(length)[:, None] * np.arange(bins) / max(bins - 1, 1)
        basis = np.cos(angles) if self.side == "real" else -np.sin(angles)
        kernel = np.repeat((window[:, None] * basis)[:, None, :], channels, axis=1)
        return ops.convert_to_tensor(kernel, dtypes.standardize_dtype(dtype))
