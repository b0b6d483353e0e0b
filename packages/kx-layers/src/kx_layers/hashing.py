"""`Hashing` and `HashedCrossing`: categories as numbers without a vocabulary."""

import numpy as np

from kx_io import Check, field, one_of, positive, register
from kx_layers.data_layer import DataLayer, on_host
from kx_layers.encoding import MODES, encode, encoded_shape
from kx_layers.fingerprint import combine, hash_texts
from kx_layers.text_arrays import as_input, is_text
from kx_layers.unsupported import only_false
from kx_tensor import dtypes, ops
from kx_tensor.symbolic import KerasTensor

_START = np.uint64(0xDECAFCAFFE)  # TensorFlow's key for crossed features


def as_salt(salt):
    """A salt as a list of two ints; a single one counts twice.

    >>> as_salt(3)
    [3, 3]
    """
    return [salt, salt] if isinstance(salt, int) else list(salt) if isinstance(salt, tuple) else salt


def _is_salt(salt):
    return salt is None or (
        isinstance(salt, list) and len(salt) == 2 and all(isinstance(n, int) for n in salt)
    )


salt_check = Check(_is_salt, "an integer or two integers")


def hash_values(values, salt=None):
    """Array of uint64 of the shape of `values`: the hashes of texts, or of the decimal texts of integers."""
    flat = values.ravel()
    if not is_text(flat):
        flat = flat if flat.dtype.kind in "iub" else flat.astype(np.int64)
        flat = [str(v).lower() if flat.dtype.kind == "b" else str(v) for v in flat.tolist()]
    else:
        flat = flat.tolist()
    distinct = {value: i for i, value in enumerate(dict.fromkeys(flat))}
    hashes = hash_texts(list(distinct), salt)
    return hashes[[distinct[value] for value in flat]].reshape(values.shape)


class BinsLayer(DataLayer):
    """What the two share: numbers of bins, of an integer dtype unless vectors are asked for."""

    autocast = field(False, config=False)  # to the integers of the output

    @property
    def dtype(self):
        return self._policy.variable_dtype

    @dtype.setter
    def dtype(self, value):
        self.dtype_policy = "int64" if value is None and self.output_mode == "int" else value

    def __post_init__(self):
        super().__post_init__()
        if self.output_mode == "int" and not dtypes.is_int_dtype(self.dtype):
            raise ValueError(
                f"{type(self).__name__}: with output_mode='int' the dtype should be an integer type, "
                "'int32' or 'int64', "
                f"got {self.dtype!r}."
            )

    def _encode(self, bins):
        bins = ops.convert_to_tensor(bins.astype(np.int64))
        if self.output_mode == "int":
            return ops.cast(bins, self.output_dtype)
        return encode(bins, self.num_bins, self.output_mode, self.output_dtype)


@register("layers")
class Hashing(BinsLayer):
    """The bin of each text or integer: its hash modulo `num_bins`. Shapes: (...) -> (...), or as CategoryEncoding's.

    The hash is FarmHash's Fingerprint64, or SipHash-2-4 keyed by `salt`, an integer or two. Integers are hashed as
    their decimal texts, floats are cut to integers. With a `mask_value`, bin 0 is for that value alone. `output_mode`
    may also be "one_hot", "multi_hot" or "count", as for CategoryEncoding.

    >>> Hashing(num_bins=3)(["A", "B", "C", "D"]).numpy()
    array([1, 0, 1, 1])
    """

    num_bins: int = field(check=positive)
    mask_value = field(None)
    salt = field(None, to=as_salt, check=salt_check)
    output_mode = field("int", check=one_of("int", *MODES))
    sparse: bool = field(False, check=only_false("sparse output"))

    def call(self, inputs):
        values = on_host(inputs)
        if self.mask_value is None:
            return self._encode(hash_values(values, self.salt) % np.uint64(self.num_bins))
        others = np.uint64(self.num_bins - 1)
        bins = (
            hash_values(values, self.salt) % others + np.uint64(1)
            if others
            else np.zeros_like(values, np.uint64)
        )
        return self._encode(np.where(values == self.mask_value, np.uint64(0), bins))

    def compute_output_shape(self, input_shape):
        return encoded_shape(input_shape, self.num_bins, self.output_mode)


@register("layers")
class HashedCrossing(BinsLayer):
    """The bin of each combination of several features, given as a list of arrays of texts or integers.

    Shapes: each (), (batch,) or (batch, 1), all the same -> that shape, or, with `output_mode` "one_hot", (batch,
    num_bins).

    >>> layer = HashedCrossing(num_bins=5)
    >>> layer((["A", "B", "A", "B", "A"], [101, 101, 101, 102, 102])).numpy()
    array([1, 4, 1, 1, 3])
    """

    num_bins: int = field(check=positive)
    output_mode = field("int", check=one_of("int", "one_hot"))
    sparse: bool = field(False, check=only_false("sparse output"))
    field_order = ("num_bins", "output_mode", "sparse", "name", "dtype")

    def _as_input(self, value):
        return [as_input(feature) for feature in value] if isinstance(value, (list, tuple)) else value

    def call(self, inputs):
        self._check(inputs)
        out = _START
        for feature in inputs:
            values = on_host(feature).ravel()
            out = combine(out, hash_values(values) if is_text(values) else values.astype(np.uint64))
        return self._encode((out % np.uint64(self.num_bins)).reshape(inputs[0].shape))

    def _check(self, inputs):
        if not isinstance(inputs, (list, tuple)) or len(inputs) < 2:
            raise ValueError(
                f"Layer {self.name!r}: HashedCrossing should be called on a list or tuple of at least two inputs, got "
                f"{inputs!r}."
            )
        shapes = [tuple(x.shape) for x in inputs]
        if len(set(shapes)) > 1 or len(shapes[0]) > 2 or shapes[0][1:] not in ((), (1,)):
            raise ValueError(
                f"Layer {self.name!r}: all inputs of HashedCrossing should have the same shape, `()`, "
                "`(batch_size,)` or "
                f"`(batch_size, 1)`; got {shapes}."
            )
        for x in inputs:
            kind = dtypes.standardize_dtype(x.dtype) if x.dtype != object else "string"
            if kind != "string" and kind != "bool" and not dtypes.is_int_dtype(kind):
                raise ValueError(
                    f"Layer {self.name!r}: all inputs of HashedCrossing should have an integer or string dtype, got "
                    f"{kind}. Put numbers into bins first, e.g. with a Discretization layer."
                )

    def compute_output_spec(self, inputs):
        self._check(inputs)
        return KerasTensor(self.compute_output_shape(inputs[0].shape), self.output_dtype)

    def compute_output_shape(self, input_shape):
        shape = input_shape[0] if input_shape and isinstance(input_shape[0], (list, tuple)) else input_shape
        return encoded_shape(shape, self.num_bins, self.output_mode)

    def get_config(self):
        config = super().get_config()
        del config["trainable"]  # as Keras has it
        return {**config, "dtype": self.dtype}
