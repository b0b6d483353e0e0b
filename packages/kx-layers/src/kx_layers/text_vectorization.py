"""`TextVectorization`: texts as numbers of words."""

import re
import string

import numpy as np

from kx_io import Check, field, one_of, register
from kx_layers.data_layer import StringDataLayer, batches_of, on_host
from kx_layers.lookup import at_least_two
from kx_layers.string_lookup import StringLookup
from kx_layers.text_arrays import as_texts, is_text
from kx_layers.unsupported import only_false
from kx_layers.vocabulary import refuse_path

_LOWER = {ord(c): c.lower() for c in string.ascii_uppercase}
_STRIP = dict.fromkeys(map(ord, string.punctuation))
# Only ASCII is lowered and stripped, and only ASCII spaces part words: so does Keras.
_STANDARDIZE = {"lower": _LOWER, "strip_punctuation": _STRIP, "lower_and_strip_punctuation": _LOWER | _STRIP}
_SPLIT = {"whitespace": re.compile(r"[^ \t\n\r\f\v]+").findall, "character": list}

_given_function = Check(callable, "a function")
_ngrams = Check(lambda n: isinstance(n, (int, tuple)), "None, an integer, or a tuple of integers")


@register("layers")
class TextVectorization(StringDataLayer):
    """The numbers of the words of each text: standardized, split, joined to n-grams, looked up.

    Shapes: (batch,) or (batch, 1) -> (batch, words), padded with 0 to the longest text or to
    `output_sequence_length`. 1 stands for words outside the vocabulary. With `output_mode` "multi_hot", "count" or
    "tf_idf" it is (batch, vocabulary).

    - `standardize`: "lower_and_strip_punctuation", "lower", "strip_punctuation", None, or a function from an array of
      texts (NumPy's StringDType, for which `np.strings` has functions) to such an array.
    - `split`: "whitespace", "character", None for texts that are words already, or a function from an array of texts
      to lists of words.
    - `ngrams`: a number for all sizes up to it, or a tuple of sizes.
    - The other arguments are those of StringLookup.

    >>> layer = TextVectorization(output_sequence_length=4)
    >>> layer.adapt(["The cat sat.", "The dog!"])
    >>> layer.get_vocabulary()
    ['', '[UNK]', 'the', 'sat', 'dog', 'cat']
    >>> layer(["the dog ran"]).numpy()
    array([[2, 4, 1, 0]])
    """

    max_tokens: int = field(None, check=at_least_two)
    standardize = field("lower_and_strip_punctuation", check=one_of(None, *_STANDARDIZE) | _given_function)
    split = field("whitespace", check=one_of(None, *_SPLIT) | _given_function)
    ngrams = field(None, to=lambda n: tuple(n) if isinstance(n, list) else n, check=_ngrams)
    output_mode = field("int", check=one_of("int", "multi_hot", "count", "tf_idf"))
    output_sequence_length: int = field(None)
    pad_to_max_tokens: bool = field(False)
    vocabulary = field(None)
    idf_weights = field(None)
    sparse: bool = field(False, check=only_false("sparse output"))
    ragged: bool = field(False, check=only_false("ragged output"))
    encoding = field("utf-8")
    field_order = (
        "max_tokens", "standardize", "split", "ngrams", "output_mode", "output_sequence_length", "pad_to_max_tokens",
        "vocabulary", "idf_weights", "sparse", "ragged", "encoding", "name",
    )  # fmt: skip

    @vocabulary.getter
    def vocabulary(self):
        """The vocabulary given to the constructor."""
        return self._lookup_layer.vocabulary if hasattr(self, "_lookup_layer") else self._given

    @vocabulary.setter
    def vocabulary(self, value):
        self.untracked("_given", value)

    @idf_weights.getter
    def idf_weights(self):
        """The inverse document frequencies given to the constructor."""
        return self._lookup_layer.idf_weights if hasattr(self, "_lookup_layer") else self._given_idf

    @idf_weights.setter
    def idf_weights(self, value):
        self.untracked("_given_idf", value)

    def _accept_extra(self, extra):
        self.untracked("_config_size", extra.pop("vocabulary_size", None))
        return super()._accept_extra(extra)

    def __post_init__(self):
        if self.output_mode != "int" and self.output_sequence_length is not None:
            raise ValueError(
                "`output_sequence_length` must not be set if `output_mode` is not 'int'. Received "
                "output_sequence_length="
                f"{self.output_sequence_length}."
            )
        size = self.__dict__.get("_config_size")
        lookup = StringLookup(
            max_tokens=self.max_tokens,
            vocabulary=self._given,
            idf_weights=self._given_idf,
            pad_to_max_tokens=self.pad_to_max_tokens,
            mask_token="",
            output_mode=self.output_mode,
            encoding=self.encoding,
            **({} if size is None else {"vocabulary_size": size}),
        )
        super().__post_init__()
        self._lookup_layer = lookup  # the name is part of the layout of Keras's files
        self.built = True

    # ---- the vocabulary

    def adapt(self, data, steps=None):
        """Make the vocabulary of the words in texts, an array or an iterable of batches of which `steps` are read."""
        if self._lookup_layer._static:
            self._lookup_layer.adapt(data)  # which says that it cannot be
        self.reset_state()
        for batch in batches_of(data, steps):
            self.update_state(batch)
        self.finalize_state()

    def update_state(self, data):
        """Count the words of a batch of texts."""
        self._lookup_layer._counts.add(self._words(on_host(data))[0])

    def finalize_state(self):
        """Make the vocabulary of the words counted."""
        self._lookup_layer.finalize_state()

    def reset_state(self):
        """Forget the words counted."""
        self._lookup_layer.reset_state()

    def get_vocabulary(self, include_special_tokens=True):
        """Return the words in the order of their numbers."""
        return self._lookup_layer.get_vocabulary(include_special_tokens)

    def vocabulary_size(self):
        """Return the number of words, "" and "[UNK]" included."""
        return self._lookup_layer.vocabulary_size()

    def set_vocabulary(self, vocabulary, idf_weights=None):
        """Set the words, as `StringLookup.set_vocabulary`."""
        self._lookup_layer.set_vocabulary(vocabulary, idf_weights)

    # ---- words

    def _words(self, texts):
        """The words of an array of texts as lists, one a text, and the shape of the array of these lists."""
        if not is_text(texts):
            raise TypeError(f"Layer {self.name!r} takes texts, got {texts.dtype} numbers.")
        texts = as_texts(texts, self.encoding)
        if self.split is not None and texts.ndim > 1:
            if texts.shape[-1] != 1:
                raise ValueError(
                    f"Layer {self.name!r}: when using `TextVectorization` to tokenize strings, the "
                    "input rank must be 1 or "
                    f"the last shape dimension must be 1. Received: inputs.shape={texts.shape} with rank={texts.ndim}"
                )
            texts = texts[..., 0]
        lead = texts.shape if self.split is not None else texts.shape[:-1]
        texts = self._standardized(texts)
        if self.split is None:
            rows = texts.reshape(-1, texts.shape[-1] if texts.ndim else 1).tolist()
        elif callable(self.split):
            rows = [list(map(str, row)) for row in self.split(_for_function(texts.ravel()))]
        else:
            rows = list(map(_SPLIT[self.split], texts.ravel().tolist()))
        return (rows if self.ngrams is None else list(map(self._joined, rows))), lead

    def _standardized(self, texts):
        if self.standardize is None:
            return texts
        if callable(self.standardize):
            return np.asarray(self.standardize(_for_function(texts))).astype(object)
        table = _STANDARDIZE[self.standardize]
        out = np.empty(texts.size, dtype=object)
        out[:] = [text.translate(table) for text in texts.ravel().tolist()]
        return out.reshape(texts.shape)

    def _joined(self, words):
        """The n-grams of a list of words, size by size."""
        sizes = range(1, self.ngrams + 1) if isinstance(self.ngrams, int) else self.ngrams
        return [" ".join(words[i : i + n]) for n in sizes for i in range(len(words) - n + 1)]

    def call(self, inputs):
        rows, lead = self._words(on_host(inputs))
        lengths = np.array([len(row) for row in rows], np.int64)
        width = int(lengths.max(initial=0))
        if self.output_sequence_length is not None:
            width = self.output_sequence_length
            rows = [row[:width] for row in rows]
        numbers = np.full((len(rows), width), 0 if self.output_mode == "int" else -1, np.int64)
        inside = np.arange(width) < lengths[:, None]
        numbers[inside] = self._lookup_layer.numbers_of([word for row in rows for word in row])
        return self._lookup_layer.encoded(numbers.reshape(*lead, width))

    @property
    def output_dtype(self):
        return self._lookup_layer.output_dtype

    def compute_output_shape(self, input_shape):
        shape = tuple(input_shape)
        if self.split is not None:
            lead = shape[:-1] if len(shape) > 1 and shape[-1] == 1 else shape
            width = None
        else:
            lead, width = shape[:-1], None if self.ngrams else shape[-1]
        if self.output_mode != "int":
            return (*lead, self._lookup_layer.depth())
        return (*lead, width if self.output_sequence_length is None else self.output_sequence_length)

    # ---- configs and files

    def get_config(self):
        learned = self._lookup_layer.learned()
        return {**super().get_config(), "vocabulary_size": self.vocabulary_size(), **learned}

    @classmethod
    def from_config(cls, config):
        refuse_path(config)
        return super().from_config(config)

    def save_own_variables(self, store):
        """Write the weights of the words, as StringLookup does."""
        self._lookup_layer.save_own_variables(store)

    def load_own_variables(self, store):
        """Read what `save_own_variables` wrote."""
        self._lookup_layer.load_own_variables(store)

    def save_assets(self, dir_path):
        """Write the vocabulary into a folder, unless the config has it."""
        self._lookup_layer.save_assets(dir_path)

    def load_assets(self, dir_path):
        """Read the vocabulary from a folder."""
        self._lookup_layer.load_assets(dir_path)


def _for_function(texts):
    """Texts as NumPy's functions for strings take them, without padding each to the longest."""
    return texts.astype(np.dtypes.StringDType())
