"""`Discretization`: numbers as the numbers of the bins they fall into."""

import numpy as np

from kx_io import field, instance_of, non_negative, one_of, register
from kx_layers.data_layer import DataLayer, batches_of, fixed_tensor, on_host
from kx_layers.encoding import MODES, encode, encoded_shape
from kx_layers.unsupported import only_false
from kx_tensor import ops


@register("layers")
class Discretization(DataLayer):
    """The bin of each number: how many of the sorted `bin_boundaries` are not above it. NaN is in the last bin.

    Either the boundaries are given, or `num_bins` and `adapt` finds boundaries between bins of equal count, from a
    summary of about `1 / epsilon` numbers. `output_mode` may also be "one_hot", "multi_hot" or "count", as for
    CategoryEncoding.

    >>> Discretization(bin_boundaries=[0.0, 1.0, 2.0])([-1.5, 0.0, 1.3, 9.0]).numpy()
    array([0, 1, 2, 3], dtype=int32)
    """

    bin_boundaries = field(None, to=lambda xs: None if xs is None else [float(x) for x in xs])
    num_bins: int = field(None, check=non_negative)
    epsilon: float = field(0.01, check=instance_of(float, int))
    output_mode = field("int", check=one_of("int", *MODES))
    sparse: bool = field(False, check=only_false("sparse output"))
    field_order = ("bin_boundaries", "num_bins", "epsilon", "output_mode", "sparse", "dtype", "name")

    def __post_init__(self):
        super().__post_init__()
        if self.bin_boundaries is None and self.num_bins is None:
            raise ValueError("You need to set either `num_bins` or `bin_boundaries`.")
        if self.bin_boundaries is not None and self.num_bins is not None:
            raise ValueError(
                "Both `num_bins` and `bin_boundaries` should not be set. Received: `num_bins="
                f"{self.num_bins}` and `bin_boundaries={self.bin_boundaries}`"
            )
        self.untracked("_given", self.num_bins is None)
        if self._given and sorted(self.bin_boundaries) != self.bin_boundaries:
            raise ValueError(f"Discretization: bin_boundaries must be sorted, got {self.bin_boundaries}.")
        self.reset_state()

    def adapt(self, data, steps=None):
        """Find the boundaries from data: an array, or an iterable of batches of which `steps` are read."""
        if self._given:
            raise ValueError(
                "Cannot adapt a Discretization layer that has been initialized with `bin_boundaries`, use `num_bins` "
                "instead."
            )
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data):
        """Add a batch to the summary of the data."""
        new = np.sort(np.asarray(on_host(data), np.float32), axis=None)
        both = np.concatenate([self._seen, [new, np.ones_like(new)]], axis=1)
        self.untracked("_seen", _compress(both[:, both[0].argsort(kind="stable")], self.epsilon))

    def finalize_state(self):
        """Make boundaries of the summary."""
        if not self._given and self._seen.size:
            self.bin_boundaries = _compress(self._seen, 1.0 / self.num_bins)[0, :-1].tolist()

    def reset_state(self):
        """Forget the data seen."""
        self.untracked("_seen", np.zeros((2, 0), np.float32))

    def load_own_variables(self, store):
        """Read the summary of the data, which the Keras 2 of TensorFlow kept as a weight."""
        if "0" in store and self.bin_boundaries is None:
            self.untracked("_seen", np.asarray(store["0"], np.float32))
            self.finalize_state()

    @property
    def output_dtype(self):
        return "int32" if self.output_mode == "int" else self.compute_dtype

    def call(self, inputs):
        boundaries = self.bin_boundaries
        if boundaries is None:
            raise ValueError(
                f"Layer {self.name!r}: pass the `bin_boundaries` argument at construction time or "
                "call `adapt(data)` before "
                "you use the Discretization layer."
            )
        bins = ops.cast(ops.digitize(inputs, fixed_tensor(boundaries, "float32")), "int32")
        if self.output_mode == "int":
            return bins
        return encode(bins, len(boundaries) + 1, self.output_mode, self.output_dtype)

    def compute_output_shape(self, input_shape):
        bins = self.num_bins if self.bin_boundaries is None else len(self.bin_boundaries) + 1
        return encoded_shape(input_shape, bins, self.output_mode)

    def get_config(self):
        config = super().get_config()
        del config["trainable"]  # as Keras has it
        return {**config, "dtype": self.dtype}

    @classmethod
    def from_config(cls, config):
        boundaries = None if config.get("num_bins") is None else config.get("bin_boundaries")
        if boundaries is None:
            return super().from_config(config)
        layer = super().from_config({**config, "bin_boundaries": None})
        layer.bin_boundaries = list(boundaries)  # which `adapt` had found
        return layer


def _compress(summary, epsilon):
    """A summary of many numbers, made into one of about 1/epsilon by interpolation.

    A summary (2, n) has sorted numbers in row 0, and in row 1 the weight of what each stands for.
    """
    if summary.shape[1] * epsilon < 1:
        return summary
    shares = epsilon + np.arange(0.0, 1.0, epsilon)
    weights = summary[1].cumsum()
    have = weights / weights[-1]
    values, weights = np.interp(shares, have, summary[0]), np.interp(shares, have, weights)
    return np.stack([values, np.diff(weights, prepend=0.0)]).astype(np.float32)
