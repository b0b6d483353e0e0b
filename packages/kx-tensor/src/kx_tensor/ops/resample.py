"""Values of a sampled signal between its samples: linear, cubic and Lanczos interpolation along an axis."""

import functools
import math
from typing import NamedTuple

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _linear(x):
    return np.maximum(0.0, 1.0 - x)


def _cubic(x):
    near = (1.5 * x - 2.5) * x * x + 1.0
    far = ((-0.5 * x + 2.5) * x - 4.0) * x + 2.0
    return np.where(x < 1, near, np.where(x < 2, far, 0.0))


def _lanczos(x, radius):
    return np.where(x < radius, np.sinc(x) * np.sinc(x / radius), 0.0)


# By the names of `ops.image.resize`, of the distance to a sample. Keys 1981 for the cubic, Duchon 1979 for Lanczos's.
KERNELS = {
    "bilinear": _linear,
    "bicubic": _cubic,
    "lanczos3": functools.partial(_lanczos, radius=3),
    "lanczos5": functools.partial(_lanczos, radius=5),
}


class _Taps(NamedTuple):
    """Which samples each value is made of, and how much of each: two arrays (values, taps)."""

    places: np.ndarray
    weights: np.ndarray


@functools.lru_cache(maxsize=256)
def interpolation_matrix(old, new, scale, translation, kernel, antialias):
    """The matrix (new, old) that makes the values of the samples.

    >>> interpolation_matrix(2, 3, None, 0.0, "bilinear", False)
    array([[1. , 0. ],
           [0.5, 0.5],
           [0. , 1. ]])
    """
    if kernel not in (*KERNELS, "nearest"):
        raise ValueError(f"the interpolation must be one of {(*KERNELS, 'nearest')}, got {kernel!r}.")
    scale = new / old if scale is None else scale
    centres = (np.arange(new) + 0.5 - translation) / scale
    if kernel == "nearest":
        # in float32 as everywhere else: a centre that falls between two samples is rounded the same way
        places = np.clip(np.floor(centres.astype("float32")).astype(int), 0, old - 1)
        return (places[:, None] == np.arange(old)).astype(float)
    centres = centres - 0.5
    width = max(1.0 / scale, 1.0) if antialias else 1.0
    weights = KERNELS[kernel](np.abs(centres[:, None] - np.arange(old)) / width)
    total = weights.sum(axis=1, keepdims=True)
    weights = np.divide(weights, total, out=np.zeros_like(weights), where=np.abs(total) > 1e-4)
    inside = (centres >= -0.5) & (centres <= old - 0.5)
    return np.where(inside[:, None], weights, 0.0)


@functools.lru_cache(maxsize=256)
def _taps(transposed, *key):
    """The rows of the matrix (or of its transpose) without their zeros; None where too few are zero."""
    weights = interpolation_matrix(*key).T if transposed else interpolation_matrix(*key)
    used = weights != 0
    count = max(1, int(used.sum(axis=1).max(initial=0)))
    if count > 8 and 3 * count > weights.shape[1]:
        return None
    places = np.argsort(~used, axis=1, kind="stable")[:, :count]
    return _Taps(places, np.take_along_axis(weights, places, axis=1))


def _combined(xp, x, axis, transposed, key):
    """x along `axis` times the matrix of `key`, or its transpose."""
    axis = rules.normalize_axis(axis, x.ndim)
    wide = widen(x)
    taps = _taps(transposed, *key)
    if taps is None:
        matrix = interpolation_matrix(*key).T if transposed else interpolation_matrix(*key)
        shape = x.shape[:axis], x.shape[axis + 1 :]
        rows = wide.reshape(math.prod(shape[0]), x.shape[axis], math.prod(shape[1]))
        out = xp.matmul(xp.asarray(matrix.astype(wide.dtype)), rows)
        return narrow(out.reshape(*shape[0], matrix.shape[0], *shape[1]), x.dtype)
    along = (1,) * axis + (-1,) + (1,) * (x.ndim - axis - 1)
    out = None
    for places, weights in zip(taps.places.T, taps.weights.T):
        part = xp.take(wide, xp.asarray(places), axis=axis)
        part *= xp.asarray(weights.astype(wide.dtype)).reshape(along)
        if out is None:
            out = part
        else:
            out += part
    return narrow(out, x.dtype)


def _resampled(shapes, params):
    axis = rules.normalize_axis(params["axis"], len(shapes[0]))
    return (*shapes[0][:axis], params["size"], *shapes[0][axis + 1 :])


@primitive(shape=_resampled, dtype=rules.floating)
def resample(xp, x, *, axis, size, scale=None, translation=0.0, kernel="bilinear", antialias=False):
    """Return `size` interpolated values along `axis`: value i lies at (i + 0.5 - translation) / scale - 0.5.

    `scale` None stretches all of x over all of the result. Each value is a weighted mean of the samples around it, with
    weights by the distance that the `kernel` ("bilinear", "bicubic", "lanczos3", "lanczos5", "nearest") gives; with
    `antialias` the kernel is widened where values lie further apart than samples. Beyond the ends there are zeros.

    >>> resample([0.0, 4.0], axis=0, size=4).numpy()
    array([0., 1., 3., 4.], dtype=float32)
    """
    key = (x.shape[axis], size, scale, translation, kernel, antialias)
    return _combined(xp, x, axis, False, key)


resample.vjp(
    lambda F, g, x_shape, axis, size, scale, translation, kernel, antialias: F.unresample(
        g,
        axis=axis,
        size=x_shape[axis],
        scale=scale,
        translation=translation,
        kernel=kernel,
        antialias=antialias,
    )
)
resample.cost = lambda x, size, axis, **params: 4 * size * x.size // max(1, x.shape[axis])
resample.cases = (
    case("2,3,4", axis=1, size=5), case("7", axis=0, size=3), case("2,5", axis=-1, size=5),
    case("3,6,2", axis=1, size=4, kernel="bicubic"), case("6,2", axis=0, size=9, kernel="lanczos3"),
    case("5", axis=0, size=11, kernel="lanczos5"), case("4,3", axis=0, size=7, kernel="nearest"),
    case("40", axis=0, size=3, antialias=True), case("9,2", axis=0, size=4, kernel="bicubic", antialias=True),
    case("6", axis=0, size=5, scale=0.7, translation=1.3), case("4:int32", axis=0, size=3),
    fails("4", axis=0, size=3, kernel="cubic", match="interpolation"), fails("4", axis=1, size=3, match="out of range"),
)  # fmt: skip


@primitive(shape=_resampled, dtype=rules.floating)
def unresample(xp, g, *, axis, size, scale, translation, kernel, antialias):
    """Return g shared out among the `size` samples that its values were made of: `resample` transposed."""
    key = (size, g.shape[axis], scale, translation, kernel, antialias)
    return _combined(xp, g, axis, True, key)


unresample.vjp(
    lambda F, g, g_shape, axis, scale, translation, kernel, antialias: F.resample(
        g,
        axis=axis,
        size=g_shape[axis],
        scale=scale,
        translation=translation,
        kernel=kernel,
        antialias=antialias,
    )
)
unresample.cases = (
    case("2,5", axis=1, size=3, scale=None, translation=0.0, kernel="bilinear", antialias=False),
    case("4,2", axis=0, size=7, scale=None, translation=0.0, kernel="bicubic", antialias=True),
)  # fmt: skip
