"""Random initializers, and the registry of all: names, configs, functions and classes to initializers."""

import math

import numpy as np

from kx_io import field, one_of, positive, register, registry
from kx_layers.constant_initializers import STFT as STFT
from kx_layers.constant_initializers import Constant as Constant
from kx_layers.constant_initializers import Identity as Identity
from kx_layers.constant_initializers import Initializer
from kx_layers.constant_initializers import Ones as Ones
from kx_layers.constant_initializers import Zeros as Zeros
from kx_tensor import dtypes, ops, random

_registry = registry("initializers")
deserialize = _registry.deserialize
get = _registry.get
serialize = _registry.serialize

# The standard deviation of a standard normal number, given that it lies within (-2, 2).
_TRUNCATED_STDDEV = 0.87962566103423978


def _seed(value):
    """Return a seed as given: None, an integer, or a SeedGenerator (or its config)."""
    if isinstance(value, dict):
        return random.SeedGenerator.from_config(value.get("config", value))
    if value is None or (
        isinstance(value, (int, np.integer, random.SeedGenerator)) and not isinstance(value, bool)
    ):
        return value
    raise ValueError(f"seed must be an integer, a SeedGenerator or None, got {value!r}.")


def _saved_seed(value):
    if isinstance(value, random.SeedGenerator):
        return {
            "module": "keras.random", "class_name": "SeedGenerator",
            "config": value.get_config(), "registered_name": None,
        }  # fmt: skip
    return value


class RandomInitializer(Initializer):
    """Base of initializers that draw: an integer `seed` gives the same numbers at each call, None new ones."""

    seed = field(None, to=_seed, save=_saved_seed)


@register("initializers", "normal")
class RandomNormal(RandomInitializer):
    """Normally distributed numbers.

    >>> RandomNormal(stddev=0.1, seed=1)((2, 3)).shape
    (2, 3)
    """

    mean = field(0.0)
    stddev = field(0.05)

    def __call__(self, shape, dtype=None):
        return random.normal(shape, self.mean, self.stddev, dtype, self.seed)


@register("initializers", "uniform")
class RandomUniform(RandomInitializer):
    """Numbers spread evenly over [minval, maxval).

    >>> x = RandomUniform(0.0, 1.0, seed=1)((100,)).numpy()
    >>> bool(x.min() >= 0 and x.max() < 1)
    True
    """

    minval = field(-0.05)
    maxval = field(0.05)

    def __call__(self, shape, dtype=None):
        return random.uniform(shape, self.minval, self.maxval, dtype, self.seed)


@register("initializers")
class TruncatedNormal(RandomInitializer):
    """Normally distributed numbers, those beyond two standard deviations drawn again.

    >>> x = TruncatedNormal(stddev=0.1, seed=1)((100,)).numpy()
    >>> bool(abs(x).max() < 0.2)
    True
    """

    mean = field(0.0)
    stddev = field(0.05)

    def __call__(self, shape, dtype=None):
        return random.truncated_normal(shape, self.mean, self.stddev, dtype, self.seed)


# ---- variance scaling ----------------------------------------------------------------------------------------


def compute_fans(shape, input_axes=None, output_axes=None):
    """Return (fan_in, fan_out): how many inputs feed one output, and how many outputs one input feeds.

    Without axes the last two are channels in and out, the ones before a receptive field.

    >>> compute_fans((3, 3, 16, 32))
    (144, 288)
    """
    if input_axes is not None and output_axes is not None:
        return _size(shape, input_axes), _size(shape, output_axes)
    if len(shape) < 2:
        return (shape[0],) * 2 if shape else (1, 1)
    receptive = math.prod(shape[:-2])
    return shape[-2] * receptive, shape[-1] * receptive


def _size(shape, axes):
    return math.prod(shape[a] for a in ((axes,) if isinstance(axes, int) else axes))


class FanScaled(RandomInitializer):
    """Base of initializers whose variance is `scale` / fan, the fan chosen by `mode`.

    `input_axes` and `output_axes`, given together, name the axes of the weight that are summed over and that remain.
    """

    input_axes = field(None)
    output_axes = field(None)
    field_order = ("seed", "input_axes", "output_axes")

    def __call__(self, shape, dtype=None):
        fan_in, fan_out = compute_fans(shape, self.input_axes, self.output_axes)
        fan = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2}[self.mode]
        variance = self.scale / max(fan, 1.0)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, -limit, limit, dtype, self.seed)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, 0.0, math.sqrt(variance), dtype, self.seed)
        return random.truncated_normal(shape, 0.0, math.sqrt(variance) / _TRUNCATED_STDDEV, dtype, self.seed)


@register("initializers")
class VarianceScaling(FanScaled):
    """Random weights whose variance is `scale` / fan, so that signals keep their size through the layers.

    `mode`: "fan_in", "fan_out", "fan_avg"; `distribution`: "truncated_normal" (also "normal"), "untruncated_normal",
    "uniform". Glorot and Bengio 2010; He et al. 2015, https://arxiv.org/abs/1502.01852

    >>> x = VarianceScaling(2.0, distribution="uniform", seed=1)((600, 10)).numpy()
    >>> bool(abs(x).max() <= 0.1)
    True
    """

    scale = field(1.0, check=positive)
    mode = field("fan_in", check=one_of("fan_in", "fan_out", "fan_avg"))
    distribution = field(
        "truncated_normal",
        to=lambda d: "truncated_normal" if d == "normal" else d,
        check=one_of("truncated_normal", "untruncated_normal", "uniform"),
    )
    field_order = ("scale", "mode", "distribution", "seed", "input_axes", "output_axes")


@register("initializers")
class GlorotUniform(FanScaled):
    """Uniform in plus or minus sqrt(6 / (fan_in + fan_out)): the default of kernels (Glorot and Bengio 2010).

    >>> bool(abs(GlorotUniform(seed=1)((300, 300)).numpy()).max() <= 0.1)
    True
    """

    scale, mode, distribution = 1.0, "fan_avg", "uniform"


@register("initializers")
class GlorotNormal(FanScaled):
    """Truncated normal of variance 2 / (fan_in + fan_out) (Glorot and Bengio 2010).

    >>> round(float(GlorotNormal(seed=1)((300, 300)).numpy().std()), 3)
    0.058
    """

    scale, mode, distribution = 1.0, "fan_avg", "truncated_normal"


@register("initializers")
class LecunNormal(FanScaled):
    """Truncated normal of variance 1 / fan_in, the match of selu (https://arxiv.org/abs/1706.02515).

    >>> round(float(LecunNormal(seed=1)((400, 300)).numpy().std()), 3)
    0.05
    """

    scale, mode, distribution = 1.0, "fan_in", "truncated_normal"


@register("initializers")
class LecunUniform(FanScaled):
    """Uniform in plus or minus sqrt(3 / fan_in).

    >>> bool(abs(LecunUniform(seed=1)((300, 10)).numpy()).max() <= 0.1)
    True
    """

    scale, mode, distribution = 1.0, "fan_in", "uniform"


@register("initializers")
class HeNormal(FanScaled):
    """Truncated normal of variance 2 / fan_in, the match of relu (https://arxiv.org/abs/1502.01852).

    >>> round(float(HeNormal(seed=1)((800, 300)).numpy().std()), 3)
    0.05
    """

    scale, mode, distribution = 2.0, "fan_in", "truncated_normal"


@register("initializers")
class HeUniform(FanScaled):
    """Uniform in plus or minus sqrt(6 / fan_in), the match of relu (https://arxiv.org/abs/1502.01852).

    >>> bool(abs(HeUniform(seed=1)((600, 10)).numpy()).max() <= 0.1)
    True
    """

    scale, mode, distribution = 2.0, "fan_in", "uniform"


@register("initializers", "OrthogonalInitializer")
class Orthogonal(RandomInitializer):
    """A random matrix with orthonormal rows or columns, whichever are fewer, times `gain`.

    The axes before the last count as one. Saxe et al. 2014, https://arxiv.org/abs/1312.6120

    >>> q = Orthogonal(seed=1)((4, 2)).numpy()
    >>> bool(np.allclose(q.T @ q, np.eye(2), atol=1e-6))
    True
    """

    gain = field(1.0)

    def __call__(self, shape, dtype=None):
        if len(shape) < 2:
            raise ValueError(f"Orthogonal initializes weights of rank 2 or more, got shape={tuple(shape)}.")
        columns = shape[-1]
        rows = math.prod(shape[:-1])
        # On the host and in float64, so that all backends get the same numbers.
        normal = random.normal(
            (max(rows, columns), min(rows, columns)), dtype="float32", seed=self.seed
        ).numpy()
        q, r = np.linalg.qr(normal.astype("float64"))
        q *= np.where(np.diag(r) < 0, -1.0, 1.0)  # makes the distribution uniform over orthogonal matrices
        q = q.T if rows < columns else q
        return ops.convert_to_tensor(self.gain * q.reshape(shape), dtypes.standardize_dtype(dtype))


zeros = Zeros
ones = Ones
constant = Constant
identity = IdentityInitializer = Identity
stft = STFTInitializer = STFT
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
he_normal = HeNormal
he_uniform = HeUniform
orthogonal = OrthogonalInitializer = Orthogonal
