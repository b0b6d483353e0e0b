"""`Lookup`: what StringLookup and IntegerLookup share, tokens to their places in a vocabulary and back."""

import numpy as np

from kx_io import Check, field, non_negative, one_of
from kx_layers.data_layer import StringDataLayer, batches_of, on_host
from kx_layers.encoding import MODES, encode, encoded_shape
from kx_layers.hashing import as_salt, hash_values, salt_check
from kx_layers.unsupported import only_false
from kx_layers.vocabulary import (
    TokenCounts,
    are_in_configs,
    given_tokens,
    read_tokens,
    refuse_path,
    without_special,
    write_tokens,
)
from kx_tensor import config, ops

at_least_two = Check(lambda n: n > 1, "greater than 1")
_DROPPED, _MISSING = -1, -2


class Lookup(StringDataLayer):
    """A table from tokens to integers: mask token, out-of-vocabulary tokens, vocabulary, in this order.

    The vocabulary is given, or `adapt` makes it of the most frequent tokens. Subclasses say how a token is written.
    """

    max_tokens: int = field(None, check=at_least_two)
    num_oov_indices: int = field(1, check=non_negative)
    mask_token = field(None)
    oov_token = field(None)
    vocabulary = field(None)
    idf_weights = field(None)
    invert: bool = field(False)
    output_mode = field("int", check=one_of("int", *MODES, "tf_idf"))
    sparse: bool = field(False, check=only_false("sparse output"))
    pad_to_max_tokens: bool = field(False)
    oov_method = field("floormod", check=one_of("floormod", "farmhash"))
    salt = field(None, to=as_salt, check=salt_check)

    as_token: type  # the Python type of a token

    @vocabulary.getter
    def vocabulary(self):
        """The vocabulary given to the constructor."""
        return self._given

    @vocabulary.setter
    def vocabulary(self, value):
        self.untracked("_given", None if value is None else given_tokens(value, self.as_token))

    @idf_weights.getter
    def idf_weights(self):
        """The inverse document frequencies given to the constructor."""
        return self._given_idf

    @idf_weights.setter
    def idf_weights(self, value):
        self.untracked("_given_idf", None if value is None else np.asarray(value, np.float64).tolist())

    def _accept_extra(self, extra):
        self.untracked("_config_size", extra.pop("vocabulary_size", None))
        return super()._accept_extra(extra)

    def __post_init__(self):
        super().__post_init__()
        if not hasattr(self, "_config_size"):
            self.untracked("_config_size", None)
        for name in ("_tokens", "_index", "_idf"):
            self.untracked(name, None)
        self.untracked("_static", False)
        self._check_arguments()
        self.reset_state()
        if self._given is not None:
            self.set_vocabulary(self._given, self._given_idf)

    def _check_arguments(self):
        name = type(self).__name__
        if self.invert and self.output_mode != "int":
            raise ValueError(
                f"{name}: `output_mode` must be 'int' when `invert` is true. Received: output_mode={self.output_mode}"
            )
        if self.pad_to_max_tokens and self.max_tokens is None:
            raise ValueError(f"{name}: if `pad_to_max_tokens` is True, `max_tokens` must be set.")
        self._check_idf(self._given_idf, "the `idf_weights` argument must also be provided", self._given)

    def _check_idf(self, idf_weights, missing, vocabulary):
        if self.output_mode != "tf_idf" and idf_weights is not None:
            raise ValueError(
                "`idf_weights` should only be set if `output_mode` is 'tf_idf'. Received: output_mode="
                f"{self.output_mode} and idf_weights={idf_weights}"
            )
        if self.output_mode == "tf_idf" and vocabulary is not None:
            if idf_weights is None:
                raise ValueError(f"With a vocabulary and output_mode='tf_idf', {missing}.")
            if len(idf_weights) != len(vocabulary):
                raise ValueError(
                    f"`idf_weights` must be the same length as vocabulary. len(idf_weights) is {len(idf_weights)}; "
                    f"len(vocabulary) is {len(vocabulary)}"
                )

    # ---- the vocabulary

    def _special(self):
        """The tokens before the vocabulary: only integers have a place for masked ones."""
        mask = [] if self.mask_token is None or self.output_mode != "int" else [self.mask_token]
        return mask + [self.oov_token] * self.num_oov_indices

    def get_vocabulary(self, include_special_tokens=True):
        """Return the tokens in the order of their numbers."""
        return (self._special() if include_special_tokens else []) + (self._tokens or [])

    def vocabulary_size(self):
        """Return the number of tokens, mask and out-of-vocabulary ones included."""
        return len(self._special()) + len(self._tokens or ())

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Set the tokens, and with output_mode "tf_idf" their weights; `adapt` is not possible afterwards.

        `vocabulary` is an array, a list, or the path of a text file with a token a line. It may start with the mask
        and out-of-vocabulary tokens.
        """
        tokens = given_tokens(vocabulary, self.as_token)
        self._check_idf(idf_weights, "`idf_weights` must be set", tokens)
        self._set(tokens, idf_weights)
        self.untracked("_static", True)

    def _set(self, tokens, idf_weights=None):
        special = self._special()
        kept = without_special(tokens, special, self.mask_token, self.max_tokens)
        index = {token: number for number, token in enumerate(kept, len(special))}
        if self.mask_token is not None:
            index[self.mask_token] = 0 if self.output_mode == "int" else _DROPPED
        self.untracked("_tokens", kept)
        self.untracked("_index", index)
        if idf_weights is not None:
            weights = np.asarray(idf_weights, np.float64)
            if len(kept) == len(tokens):  # unknown tokens weigh as much as known ones on average
                weights = np.concatenate([np.full(len(special), weights.mean()), weights])
            self.untracked("_idf", weights.astype(config.floatx()))

    # ---- learning it

    def adapt(self, data, steps=None):
        """Make the vocabulary of the tokens in data, an array or an iterable of batches of which `steps` are read.

        With output_mode "tf_idf" a row of an array is a document.
        """
        if self._static:
            raise ValueError(
                f"Cannot adapt layer {self.name!r} after setting a static vocabulary via `vocabulary` argument or "
                "`set_vocabulary()` method."
            )
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data):
        """Count the tokens of a batch."""
        array = on_host(data)
        array = array.reshape(array.shape[0], -1) if array.ndim > 1 else array.reshape(-1, 1)
        self._counts.add(array.tolist())

    def finalize_state(self):
        """Make the vocabulary of the tokens counted."""
        if self._static or not self._counts.documents:
            return
        for token in (self.mask_token, self.oov_token):
            self._counts.tokens.pop(token, None)
        limit = None if self.max_tokens is None else self.max_tokens - len(self._special())
        tokens = self._counts.most_frequent(limit)
        self._set(tokens, self._counts.idf(tokens) if self.output_mode == "tf_idf" else None)

    def reset_state(self):
        """Forget the tokens counted."""
        self.untracked("_counts", TokenCounts())

    # ---- looking up

    def numbers_of(self, tokens):
        """Array (n,) of the numbers of a list of tokens; -1 for a mask token that has none."""
        if self._index is None:
            raise RuntimeError(
                f"Layer {self.name!r} has no vocabulary yet: give it one (`vocabulary=`, "
                "`set_vocabulary`), or call `adapt` "
                "on data first."
            )
        index = self._index
        numbers = np.array([index.get(token, _MISSING) for token in tokens], np.int64)
        missing = np.flatnonzero(numbers == _MISSING)
        if len(missing):
            numbers[missing] = self._outside([tokens[i] for i in missing.tolist()])
        return numbers

    def _outside(self, tokens):
        """The numbers of tokens that the vocabulary has not."""
        if self.num_oov_indices == 0:
            raise ValueError(
                f"Layer {self.name!r}: when `num_oov_indices=0` all inputs should be in vocabulary, found OOV values "
                f"{tokens[:20]}, consider setting `num_oov_indices=1`."
            )
        first = len(self._special()) - self.num_oov_indices
        if self.num_oov_indices == 1:
            return first
        values = np.array(tokens)
        if self.oov_method == "floormod" and self.as_token is int:
            return first + values % self.num_oov_indices
        return first + (hash_values(values, self.salt) % np.uint64(self.num_oov_indices)).astype(np.int64)

    def _tokens_of(self, numbers):
        """Array of the tokens with these numbers."""
        tokens = np.array([*self.get_vocabulary(), self.oov_token], dtype=object)
        numbers = np.asarray(numbers, np.int64)
        return tokens[np.where((numbers >= 0) & (numbers < len(tokens) - 1), numbers, len(tokens) - 1)]

    @property
    def output_dtype(self):
        return config.floatx() if self.output_mode == "tf_idf" else "int64"

    def call(self, inputs):
        array = on_host(inputs)
        if self.invert:
            return self._as_output(self._tokens_of(array))
        return self.encoded(self.numbers_of(self._as_tokens(array.ravel())).reshape(array.shape))

    def encoded(self, numbers):
        """An array of numbers as `output_mode` says."""
        numbers = ops.convert_to_tensor(numbers)
        if self.output_mode == "int":
            return numbers
        if self.output_mode == "tf_idf":
            return encode(numbers, self.depth(), "count", self.output_dtype) * self._padded_idf()
        return encode(numbers, self.depth(), self.output_mode, self.output_dtype)

    def depth(self):
        """The length of the vectors of the other modes than "int"."""
        if self.pad_to_max_tokens:
            return self.max_tokens
        if self._tokens is None and self._config_size is not None:
            return self._config_size  # of a model being loaded, whose vocabulary comes later
        return self.vocabulary_size()

    def _padded_idf(self):
        return ops.convert_to_tensor(np.pad(self._idf, (0, self.depth() - len(self._idf))))

    def compute_output_shape(self, input_shape):
        mode = "count" if self.output_mode == "tf_idf" else self.output_mode
        return encoded_shape(input_shape, self.depth(), mode)

    # ---- configs and files

    def get_config(self):
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size(), **self.learned()}

    def learned(self):
        """The vocabulary that `adapt` made as arguments, where configs are to hold it."""
        if not are_in_configs() or self._given is not None or self._tokens is None:
            return {}
        idf = {} if self._idf is None else {"idf_weights": self._idf.tolist()}
        return {"vocabulary": self.get_vocabulary(), **idf}

    @classmethod
    def from_config(cls, config):
        refuse_path(config)
        return super().from_config(config)

    def save_own_variables(self, store):
        """Write the weights of the tokens."""
        if self.output_mode == "tf_idf" and self._idf is not None:
            store["idf_weights"] = self._idf

    def load_own_variables(self, store):
        """Read what `save_own_variables` wrote; `load_assets` gives the tokens to the weights."""
        if "idf_weights" in store:
            self.untracked("_idf", np.asarray(store["idf_weights"]))

    def save_assets(self, dir_path):
        """Write the vocabulary into a folder, unless the config has it."""
        if self._given is None and self._tokens is not None:
            write_tokens(self.get_vocabulary(), dir_path)

    def load_assets(self, dir_path):
        """Read the vocabulary from a folder."""
        tokens = None if self._given is not None else read_tokens(dir_path, self.as_token)
        if tokens is not None:
            self._set(tokens, self._idf)
