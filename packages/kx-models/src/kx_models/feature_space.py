"""`FeatureSpace`: the columns of a table, each prepared in its own way, as one vector."""

import itertools

import numpy as np

from kx_io import Fields, field, one_of, register
from kx_layers.category_encoding import CategoryEncoding
from kx_layers.discretization import Discretization
from kx_layers.feature_normalization import Normalization
from kx_layers.hashing import HashedCrossing, Hashing
from kx_layers.input_layer import Input
from kx_layers.integer_lookup import IntegerLookup
from kx_layers.layer import Layer
from kx_layers.lookup import Lookup
from kx_layers.rescaling import Rescaling
from kx_layers.string_lookup import StringLookup
from kx_layers.text_arrays import as_input
from kx_models.saving.api import save_model
from kx_tensor import ops
from kx_tensor.symbolic import KerasTensor

_MODULE = "keras.src.layers.preprocessing.feature_space"
_BATCH = 32  # of data that `adapt` gets sample by sample
_output_modes = one_of("int", "one_hot", "float")


@register("feature_spaces", module=_MODULE)
class TFDIdentity(Layer):
    """Passes its input on: the preprocessor of a feature that needs none, under the name that Keras's files have.

    >>> TFDIdentity()(np.array([1.0], "float32")).numpy()
    array([1.], dtype=float32)
    """

    def call(self, inputs):
        return inputs


@register("feature_spaces", module=_MODULE)
class Feature(Fields):
    """A column: the dtype of its data, the layer that prepares it, and how it enters the vector.

    >>> Feature("float32", TFDIdentity(), "float").dtype
    'float32'
    """

    dtype = field()
    preprocessor = field()
    output_mode = field(check=_output_modes)


@register("feature_spaces", module=_MODULE)
class Cross(Fields):
    """Several columns whose combinations are hashed into `crossing_dim` bins.

    >>> Cross(("a", "b"), 8).name
    'a_X_b'
    """

    feature_names = field(to=tuple)
    crossing_dim: int = field()
    output_mode = field("one_hot", check=one_of("int", "one_hot"))

    @property
    def name(self):
        return "_X_".join(self.feature_names)


@register("feature_spaces", module="keras.utils")
class FeatureSpace(Layer):
    """The columns of a table, each prepared in its own way, then together one vector, or a dict of vectors.

    `features` maps the name of a column to its kind: `FeatureSpace.float_normalized()`, `.string_categorical(...)` and
    so on, or just the name of that method. `crosses` are tuples of names, or `FeatureSpace.cross(...)`. The vector has
    the features in alphabetical order and then the crosses; `output_mode="dict"` keeps them apart. `adapt` learns from
    data; afterwards the space takes a dict of columns, or of single values, and so works in a data pipeline.
    `get_inputs` and `get_encoded_features` are what a functional model is made of.

    >>> space = FeatureSpace({"color": "string_categorical", "size": "float_normalized"})
    >>> space.adapt({"color": ["red", "blue", "red"], "size": [1.0, 2.0, 3.0]})
    >>> space({"color": ["blue"], "size": [2.0]}).numpy()
    array([[0., 0., 1., 0.]], dtype=float32)
    """

    features = field()
    output_mode = field("concat", check=one_of("concat", "dict"))
    crosses = field(None)
    crossing_dim: int = field(32)
    hashing_dim: int = field(32)
    num_discretization_bins: int = field(32)
    field_order = (
        "features", "output_mode", "crosses", "crossing_dim", "hashing_dim", "num_discretization_bins", "name",
    )  # fmt: skip

    # ---- kinds of features

    @classmethod
    def cross(cls, feature_names, crossing_dim, output_mode="one_hot"):
        """Return a crossing of the features with these names."""
        return Cross(feature_names, crossing_dim, output_mode)

    @classmethod
    def feature(cls, dtype, preprocessor, output_mode):
        """Return a feature that is prepared by a layer of your own."""
        return Feature(dtype, preprocessor, output_mode)

    @classmethod
    def float(cls, name=None):
        """Return a feature of numbers that are taken as they are."""
        return Feature("float32", TFDIdentity(name=name), "float")

    @classmethod
    def float_rescaled(cls, scale=1.0, offset=0.0, name=None):
        """Return a feature of numbers times `scale` plus `offset`."""
        return Feature("float32", Rescaling(scale, offset, name=name), "float")

    @classmethod
    def float_normalized(cls, name=None):
        """Return a feature of numbers that are brought to mean 0 and variance 1."""
        return Feature("float32", Normalization(name=name), "float")

    @classmethod
    def float_discretized(cls, num_bins, bin_boundaries=None, output_mode="one_hot", name=None):
        """Return a feature of numbers that are put into bins; with boundaries `num_bins` is None."""
        return Feature("float32", Discretization(bin_boundaries, num_bins, name=name), output_mode)

    @classmethod
    def integer_categorical(cls, max_tokens=None, num_oov_indices=1, output_mode="one_hot", name=None):
        """Return a feature of integers that stand for categories."""
        return Feature("int32", IntegerLookup(max_tokens, num_oov_indices, name=name), output_mode)

    @classmethod
    def string_categorical(cls, max_tokens=None, num_oov_indices=1, output_mode="one_hot", name=None):
        """Return a feature of strings that stand for categories."""
        return Feature("string", StringLookup(max_tokens, num_oov_indices, name=name), output_mode)

    @classmethod
    def string_hashed(cls, num_bins, output_mode="one_hot", name=None):
        """Return a feature of strings that are hashed into bins."""
        return Feature("string", Hashing(num_bins, name=name), output_mode)

    @classmethod
    def integer_hashed(cls, num_bins, output_mode="one_hot", name=None):
        """Return a feature of integers that are hashed into bins."""
        return Feature("int32", Hashing(num_bins, name=name), output_mode)

    def _feature_of(self, name, feature):
        if isinstance(feature, str):
            sizes = {
                "string_hashed": self.hashing_dim,
                "integer_hashed": self.hashing_dim,
                "float_discretized": self.num_discretization_bins,
            }
            plain = (
                "float",
                "float_rescaled",
                "float_normalized",
                "integer_categorical",
                "string_categorical",
            )
            if feature not in (*plain, *sizes):
                raise ValueError(
                    f"Invalid feature type: {feature!r}. Expected one of {', '.join((*plain, *sizes))}."
                )
            make = getattr(type(self), feature)
            feature = make(sizes[feature]) if feature in sizes else make()
        feature.preprocessor.name = f"{name}_preprocessor"
        return feature

    # ---- making it

    def __post_init__(self):
        if not self.features:
            raise ValueError("The `features` argument cannot be None or empty.")
        super().__post_init__()
        features = {name: self._feature_of(name, feature) for name, feature in self.features.items()}
        self.untracked("features", features)
        self._tracked.pop("features", None)
        crosses = [c if isinstance(c, Cross) else Cross(c, self.crossing_dim) for c in self.crosses or ()]
        for cross in crosses:
            unknown = [name for name in cross.feature_names if name not in features]
            if unknown:
                raise ValueError(
                    "All features referenced in the `crosses` argument should be present in the `features` dict. "
                    f"Received unknown features: {unknown}"
                )
        self.untracked("crosses", crosses)
        self._tracked.pop("crosses", None)
        self.preprocessors = {name: feature.preprocessor for name, feature in features.items()}
        self.crossers = {cross.name: HashedCrossing(cross.crossing_dim, name=cross.name) for cross in crosses}
        self.built = True

    def _needs(self):
        """The preprocessors that learn from data."""
        return {name: layer for name, layer in self.preprocessors.items() if _learns(layer)}

    def adapt(self, dataset):
        """Learn from a dict of columns, or from an iterable of dicts of batches or of single samples."""
        if isinstance(dataset, dict):
            columns = {name: as_input(column) for name, column in dataset.items()}
            count = len(next(iter(columns.values())))
            batches = [{k: v[i : i + _BATCH] for k, v in columns.items()} for i in range(0, count, _BATCH)]
        elif hasattr(dataset, "__iter__") and not isinstance(dataset, (str, list, tuple, np.ndarray)):
            batches = list(_batched(dataset))
        else:
            raise ValueError(
                f"`adapt()` can only be called on a Dataset or a dict of arrays/lists. Received instead: "
                f"{dataset!r} (of type {type(dataset).__name__})"
            )
        for name, layer in self._needs().items():
            layer.adapt(_column(batch[name]) for batch in batches)

    # ---- using it

    def __call__(self, data):
        if not isinstance(data, dict):
            raise ValueError(
                f"A FeatureSpace can only be called with a dict. Received: {type(data).__name__}."
            )
        if any(_unlearnt(layer) for layer in self._needs().values()):
            raise ValueError(
                "You need to call `.adapt(dataset)` on the FeatureSpace before you can start using it."
            )
        missing = [name for name in self.features if name not in data]
        if missing:
            raise ValueError(
                f"FeatureSpace {self.name!r}: no data for the features {missing}; the dict has {list(data)}."
            )
        data = {name: as_input(data[name]) for name in self.features}
        single = all(len(x.shape) == 0 for x in data.values())
        encoded = self._encoded({name: _column(x) for name, x in data.items()})
        if single:
            encoded = {name: ops.squeeze(x, axis=0) for name, x in encoded.items()}
        if self.output_mode == "dict":
            return encoded
        return ops.concatenate([ops.cast(x, self.compute_dtype) for x in encoded.values()], axis=-1)

    def _encoded(self, columns):
        """The features in alphabetical order, then the crosses, as `output_mode` of each says."""
        ready = {name: self.preprocessors[name](columns[name]) for name in sorted(columns)}
        out = {name: self._as_mode(ready[name], self.features[name].output_mode, name) for name in ready}
        for cross in self.crosses:
            numbers = self.crossers[cross.name]([ready[name] for name in cross.feature_names])
            out[cross.name] = self._as_mode(numbers, cross.output_mode, cross.name)
        return out

    def _as_mode(self, x, mode, name):
        if mode != "one_hot":
            return x
        return CategoryEncoding(self._size(name), "multi_hot")(x)

    def _size(self, name):
        """In how many categories a feature or cross falls."""
        layer = self.crossers.get(name) or self.preprocessors[name]
        if isinstance(layer, Lookup):
            return layer.depth()
        if isinstance(layer, (Hashing, HashedCrossing)):
            return layer.num_bins
        if isinstance(layer, Discretization):
            return layer.num_bins or len(layer.bin_boundaries) + 1
        raise ValueError(
            f"Feature {name!r} has output_mode='one_hot', but how many categories its preprocessor {layer!r} gives "
            "is unknown; use 'int' or 'float'."
        )

    def get_inputs(self):
        """Return {name: symbolic input}, of shape (batch, 1) each."""
        if "_inputs" not in vars(self):
            inputs = {
                name: Input((1,), dtype=feature.dtype, name=name) for name, feature in self.features.items()
            }
            self.untracked("_inputs", inputs)
        return self._inputs

    def get_encoded_features(self):
        """Return the symbolic vector that the space makes of `get_inputs()`, or the dict of them."""
        if "_outputs" not in vars(self):
            self.untracked("_outputs", self(self.get_inputs()))
        return self._outputs

    # ---- files

    def get_build_config(self):
        return {name: layer.get_build_config() for name, layer in self.preprocessors.items()}

    def build_from_config(self, config):
        for name, layer in self.preprocessors.items():
            layer.build_from_config(config.get(name))

    def get_config(self):
        names = ("output_mode", "crossing_dim", "hashing_dim", "num_discretization_bins")
        config = {name: getattr(self, name) for name in names}
        encode = type(self).__fields__["features"].encode
        return {"features": encode(self.features), "crosses": encode(self.crosses), **config}

    def save(self, filepath):
        """Write the space to a `.keras` file, which `load_model` reads."""
        save_model(self, filepath)


def _learns(layer):
    if isinstance(layer, Discretization):
        return layer.num_bins is not None
    return hasattr(layer, "adapt")


def _unlearnt(layer):
    if isinstance(layer, Lookup):
        return not layer.get_vocabulary(include_special_tokens=False) and layer._config_size is None
    return layer.bin_boundaries is None if isinstance(layer, Discretization) else not layer.built


def _column(x):
    """A feature's data as (batch, 1)."""
    if isinstance(x, KerasTensor):
        return x
    x = as_input(x)
    return x.reshape(-1, 1) if isinstance(x, np.ndarray) else ops.reshape(x, (-1, 1))


def _batched(samples):
    """The dicts of an iterable, those of single values joined to batches."""
    samples = iter(samples)
    for sample in samples:
        if any(len(as_input(x).shape) for x in sample.values()):
            yield sample
            continue
        group = [sample, *itertools.islice(samples, _BATCH - 1)]
        yield {name: [as_input(one[name]).item() for one in group] for name in sample}
