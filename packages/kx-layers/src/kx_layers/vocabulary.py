"""Vocabularies: read from what a user gives, checked, counted from data, kept in files."""

import collections
import contextlib
import contextvars
import os

import numpy as np

FILE = "vocabulary.txt"  # of the assets of a model
_in_configs = contextvars.ContextVar("vocabularies_in_configs", default=False)


@contextlib.contextmanager
def vocabularies_in_configs():
    """A block in which configs hold the vocabularies that `adapt` made: for files that have no place for assets.

    >>> with vocabularies_in_configs():
    ...     are_in_configs()
    True
    """
    token = _in_configs.set(True)
    try:
        yield
    finally:
        _in_configs.reset(token)


def are_in_configs():
    """Whether configs are to hold what `adapt` made, see `vocabularies_in_configs`."""
    return _in_configs.get()


def given_tokens(vocabulary, as_token):
    """The tokens of a vocabulary given as an array-like or as the path of a text file with one of them a line.

    Errors: ValueError for an empty vocabulary, for a file that is not there or has an empty line.

    >>> given_tokens(np.array(["a", "b"]), str)
    ['a', 'b']
    """
    if isinstance(vocabulary, (str, os.PathLike)):
        if not os.path.exists(vocabulary):
            raise ValueError(f"Vocabulary file {vocabulary} does not exist.")
        with open(vocabulary, encoding="utf-8") as file:
            vocabulary = file.read().split("\n")
        if vocabulary[-1] == "":
            del vocabulary[-1]
        if "" in vocabulary:
            raise ValueError(f"The vocabulary file has an empty line, number {vocabulary.index('') + 1}.")
    if hasattr(vocabulary, "tolist"):
        vocabulary = vocabulary.tolist()
    if len(vocabulary) == 0:
        raise ValueError(f"Cannot set an empty vocabulary. Received: vocabulary={vocabulary}")
    return [as_token(token) for token in vocabulary]


def refuse_path(config):
    """Raise ValueError if a config that is being loaded names a file as its vocabulary.

    >>> refuse_path({"vocabulary": ["a"]})
    """
    if isinstance(config.get("vocabulary"), (str, os.PathLike)):
        raise ValueError(
            f"The config names a vocabulary file, {config['vocabulary']!r}. A loaded model must not "
            "make kx read other files: "
            "read the tokens yourself and give them to `set_vocabulary`."
        )


def write_tokens(tokens, dir_path):
    """Write a vocabulary into the folder of a layer's assets."""
    with open(os.path.join(dir_path, FILE), "w", encoding="utf-8", newline="") as file:
        file.write("\n".join(map(str, tokens)))


def read_tokens(dir_path, as_token):
    """The vocabulary in the folder of a layer's assets; None if there is none."""
    path = os.path.join(dir_path, FILE)
    if not os.path.isfile(path):
        return None
    with open(path, encoding="utf-8", newline="") as file:
        return [as_token(token) for token in file.read().split("\n")]


def without_special(tokens, special, mask_token, max_tokens):
    """The tokens without the mask and out-of-vocabulary tokens that they may start with, checked.

    >>> without_special(["", "[UNK]", "a"], ["", "[UNK]"], "", None)
    ['a']
    """
    if tokens[: len(special)] == special:
        tokens = tokens[len(special) :]
    repeated = [token for token, count in collections.Counter(tokens).items() if count > 1]
    if repeated:
        raise ValueError(
            "The passed vocabulary has at least one repeated term. Please uniquify your dataset. The "
            "repeated terms are: "
            f"{repeated[:20]}"
        )
    if mask_token is not None and mask_token in tokens:
        raise ValueError(
            "Found reserved mask token at unexpected location in `vocabulary`. Note that passed "
            "`vocabulary` does not need to "
            "include the OOV and mask tokens. Either remove all mask and OOV tokens, or include them "
            "only at the start of the "
            f"vocabulary in precisely this order: {special}. Received: mask_token={mask_token} at vocabulary index "
            f"[{tokens.index(mask_token)}]"
        )
    size = len(special) + len(tokens)
    if max_tokens is not None and size > max_tokens:
        raise ValueError(
            "Attempted to set a vocabulary larger than the maximum vocab size. Received vocabulary size is "
            f"{size}; `max_tokens` is {max_tokens}."
        )
    return tokens


class TokenCounts:
    """How often tokens occur in the data seen, and in how many documents.

    >>> counts = TokenCounts()
    >>> counts.add([["b", "a", "b"], ["c", "a"]])
    >>> counts.most_frequent(2), counts.idf(["b"]).round(3).tolist()
    (['b', 'a'], [0.693])
    """

    def __init__(self):
        self.tokens = collections.Counter()
        self.with_token = collections.Counter()
        self.documents = 0

    def add(self, documents):
        """Count the tokens of documents, lists of tokens."""
        self.documents += len(documents)
        for document in documents:
            self.tokens.update(document)
            self.with_token.update(set(document))

    def most_frequent(self, limit=None):
        """The tokens by falling count; of equal counts the greater token comes first, as in Keras."""
        return sorted(self.tokens, key=lambda token: (self.tokens[token], token), reverse=True)[:limit]

    def idf(self, tokens):
        """Array of the inverse document frequencies `log(1 + documents / (1 + documents with the token))`."""
        with_token = np.array([self.with_token[token] for token in tokens], np.float64)
        return np.log(1 + self.documents / (1 + with_token))
