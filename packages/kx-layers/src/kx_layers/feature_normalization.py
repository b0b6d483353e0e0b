"""`Normalization`: features shifted and scaled to mean 0 and variance 1, by statistics of the data."""

import numpy as np

from kx_io import field, register
from kx_layers.data_layer import DataLayer, batches_of, fixed_tensor, on_host
from kx_tensor import config, ops


@register("layers")
class Normalization(DataLayer):
    """`(inputs - mean) / max(sqrt(variance), 1e-7)`, or with `invert` back again. The shape stays.

    `adapt` finds mean and variance for each index of `axis`, over all other axes; `axis=None` is one of each for all
    numbers. They may be given instead: numbers, or arrays that have the sizes of `axis`. Weights, none of which train:
    `mean`, `variance`, `count`, unless given.

    >>> layer = Normalization()
    >>> layer.adapt([[1.0, 10.0], [3.0, 30.0]])
    >>> layer([[2.0, 30.0]]).numpy()
    array([[0., 1.]], dtype=float32)
    """

    axis = field(
        -1, to=lambda axis: () if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    )
    mean = field(None, config=False)
    variance = field(None, config=False)
    invert: bool = field(False)

    @mean.getter
    def mean(self):
        """The mean of the features, with sizes of 1 for the axes it is the mean over; as given before building."""
        return self._given[0] if not self.built else self._shaped(self.adapt_mean, self._given[0])

    @mean.setter
    def mean(self, value):
        self.untracked("_given", (_plain(value), None))

    @variance.getter
    def variance(self):
        """The variance of the features; see `mean`."""
        return self._given[1] if not self.built else self._shaped(self.adapt_variance, self._given[1])

    @variance.setter
    def variance(self, value):
        self.untracked("_given", (self._given[0], _plain(value)))

    def __post_init__(self):
        super().__post_init__()
        for name in ("adapt_mean", "adapt_variance"):
            self.untracked(name, None)
        given = self._given
        if (given[0] is None) != (given[1] is None):
            raise ValueError(
                f"When setting values directly, both `mean` and `variance` must be set. Received: mean={given[0]} and "
                f"variance={given[1]}"
            )

    def build(self, input_shape):
        rank = len(input_shape)
        if any(not -rank <= axis < rank for axis in self.axis):
            raise ValueError(
                f"Layer {self.name!r}: all `axis` values must be in the range [-ndim, ndim). Received inputs with "
                f"ndim={rank}, while axis={self.axis}"
            )
        kept = sorted(axis % rank for axis in self.axis)
        sizes = tuple(input_shape[axis] for axis in kept)
        if None in sizes:
            raise ValueError(
                f"Layer {self.name!r}: all `axis` values to be kept must have a known shape. Received "
                f"axis={self.axis}, "
                f"inputs.shape={tuple(input_shape)}, with unknown axis at index {kept[sizes.index(None)]}"
            )
        self.untracked("_kept_axes", tuple(kept))
        self.untracked("_sizes", tuple(input_shape[i] if i in kept else 1 for i in range(rank)))
        if self._given[0] is None:
            self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
            self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
            self.count = self.add_weight((), "zeros", dtype="int64", trainable=False, name="count")

    def _shaped(self, variable, given):
        """A statistic with the rank of the inputs."""
        if given is None:
            return ops.reshape(variable, self._sizes)
        given = np.asarray(given)
        if given.ndim < len(self._sizes):  # it has the axes of `axis` only
            given = np.broadcast_to(given, [self._sizes[i] for i in self._kept_axes]).reshape(self._sizes)
        return fixed_tensor(np.broadcast_to(given, self._sizes), self._compute_dtype)

    def adapt(self, data):
        """Find mean and variance of data: an array, or an iterable of batches."""
        if self._given[0] is not None:
            raise ValueError(
                f"Layer {self.name!r} was given its `mean` and `variance`; a Normalization without "
                "them can be adapted."
            )
        count, mean, moment = 0, 0.0, 0.0
        for batch in batches_of(data):
            x = np.asarray(on_host(batch))
            self._check_data(x)
            over = tuple(i for i in range(x.ndim) if i not in self._kept_axes)
            n = int(np.prod([x.shape[i] for i in over]))
            if not n:
                continue
            new = x.mean(axis=over, dtype=np.float64)
            centred = np.square(x - np.expand_dims(new, over)).sum(axis=over, dtype=np.float64)
            moment = moment + centred + np.square(new - mean) * (count * n / (count + n))  # Chan et al., 1979
            mean = mean + (new - mean) * (n / (count + n))
            count += n
        if count:
            self.adapt_mean.assign(mean)
            self.adapt_variance.assign(moment / count)

    def _check_data(self, x):
        if not self.built:
            self.build(x.shape)
        shape = tuple(x.shape)
        if len(shape) != len(self._sizes) or any(shape[i] != self._sizes[i] for i in self._kept_axes):
            raise ValueError(
                f"Layer {self.name!r} was built with "
                f"input_shape={tuple(self._build_shapes['input_shape'])}, but adapt() is "
                f"being called with data with an incompatible shape, data.shape={shape}"
            )

    def finalize_state(self):
        """Nothing is left to do after `adapt`: the statistics are read where they are."""

    def call(self, inputs):
        inputs = ops.cast(inputs, self.compute_dtype)
        mean = ops.cast(self.mean, self.compute_dtype)
        scale = ops.cast(ops.maximum(ops.sqrt(self.variance), config.epsilon()), self.compute_dtype)
        return inputs * scale + mean if self.invert else (inputs - mean) / scale

    def compute_output_shape(self, input_shape):
        return tuple(input_shape)

    def get_config(self):
        return {**super().get_config(), "mean": self._given[0], "variance": self._given[1]}


def _plain(value):
    """A given statistic as a number or nested lists of numbers."""
    return value.tolist() if hasattr(value, "tolist") else value
