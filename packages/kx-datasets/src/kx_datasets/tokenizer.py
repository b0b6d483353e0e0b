"""`Tokenizer`: texts as sequences of word ranks, or as bags of words."""

import collections
import json
import warnings

import numpy as np

from kx_datasets.text import FILTERS, text_to_word_sequence

_COUNTS = ("word_counts", "word_docs", "index_docs", "index_word", "word_index")
_MODES = ("binary", "count", "tfidf", "freq")


class Tokenizer:
    """Numbers words by how often they occur in the texts it was fit on: 1 for the most frequent one.

    A text is a string, or a list of words taken as they are. 0 stands for no word: it is free for padding.

    Args:
        num_words: keep only ranks below it, that is the `num_words - 1` most frequent words.
        filters, lower, split: see `text_to_word_sequence`.
        char_level: every character is a word.
        oov_token: gets rank 1 and stands for the words not known, which are left out otherwise.
        analyzer: function from a text to its words.

    >>> tokenizer = Tokenizer(num_words=4)
    >>> tokenizer.fit_on_texts(["the cat and the dog", "the dog barks"])
    >>> tokenizer.texts_to_sequences(["the dog sees the cat"])
    [[1, 2, 1, 3]]
    >>> tokenizer.texts_to_matrix(["the dog sees the cat"], mode="count").tolist()
    [[0.0, 2.0, 1.0, 1.0]]
    """

    def __init__(
        self,
        num_words=None,
        filters=FILTERS,
        lower=True,
        split=" ",
        char_level=False,
        oov_token=None,
        analyzer=None,
        **kwargs,
    ):
        if "nb_words" in kwargs:  # Keras 1
            warnings.warn("Tokenizer: the argument `nb_words` is now called `num_words`.", stacklevel=2)
            num_words = kwargs.pop("nb_words")
        document_count = kwargs.pop("document_count", 0)
        if kwargs:
            raise TypeError(f"Tokenizer got the unexpected keyword arguments {sorted(kwargs)}.")
        self.num_words = num_words
        self.filters = filters
        self.lower = lower
        self.split = split
        self.char_level = char_level
        self.oov_token = oov_token
        self.analyzer = analyzer
        self.document_count = document_count
        self.word_counts = {}  # in the order in which the words were first seen
        self.word_docs = collections.defaultdict(int)
        self.index_docs = collections.defaultdict(int)
        self.word_index = {}
        self.index_word = {}

    # ---- fitting

    def fit_on_texts(self, texts):
        """Count the words of texts, add them to earlier counts, and rank all words anew."""
        for text in texts:
            words = self._words(text)
            self.document_count += 1
            for word in words:
                self.word_counts[word] = self.word_counts.get(word, 0) + 1
            for word in set(words):
                self.word_docs[word] += 1
        ranked = sorted(self.word_counts, key=self.word_counts.get, reverse=True)
        if self.oov_token is not None:
            ranked.insert(0, self.oov_token)
        # an `oov_token` that is a word of the texts too has the rank of the word
        self.word_index = {word: rank for rank, word in enumerate(ranked, 1)}
        self.index_word = {rank: word for word, rank in self.word_index.items()}
        for word, count in self.word_docs.items():
            self.index_docs[self.word_index[word]] = count

    def fit_on_sequences(self, sequences):
        """Count in how many sequences each rank occurs, for `sequences_to_matrix(mode="tfidf")`."""
        for sequence in sequences:
            self.document_count += 1
            for rank in set(sequence):
                self.index_docs[rank] += 1

    # ---- texts to numbers and back

    def texts_to_sequences(self, texts):
        """List of lists of ranks; words not known, or not among `num_words`, are left out or `oov_token`."""
        return list(self.texts_to_sequences_generator(texts))

    def texts_to_sequences_generator(self, texts):
        """Yield what `texts_to_sequences` lists."""
        oov = self.word_index.get(self.oov_token)
        for text in texts:
            ranks = (self.word_index.get(word) for word in self._words(text))
            yield [rank for rank in self._limited(ranks, oov) if rank is not None]

    def sequences_to_texts(self, sequences):
        """List of texts, the words of the ranks with a space between."""
        return list(self.sequences_to_texts_generator(sequences))

    def sequences_to_texts_generator(self, sequences):
        """Yield what `sequences_to_texts` lists."""
        oov = self.word_index.get(self.oov_token)
        for sequence in sequences:
            known = (rank if rank in self.index_word else None for rank in sequence)
            ranks = self._limited(known, oov)
            yield " ".join(self.index_word[rank] for rank in ranks if rank is not None)

    def texts_to_matrix(self, texts, mode="binary"):
        """Array with a row per text; see `sequences_to_matrix`."""
        return self.sequences_to_matrix(self.texts_to_sequences(texts), mode=mode)

    def sequences_to_matrix(self, sequences, mode="binary"):
        """Array (sequences, num_words), column i for rank i; without `num_words` one column more than words.

        Modes: "binary" has 1 where the rank occurs, "count" how often, "freq" what share of the sequence it is,
        "tfidf" `(1 + log(count)) * log(1 + documents / (1 + documents with it))`.
        """
        if not self.num_words and not self.word_index:
            raise ValueError("Specify a dimension (`num_words` argument), or fit on some text data first.")
        if mode not in _MODES:
            raise ValueError(f"Unknown vectorization mode: {mode!r}. Expected one of {', '.join(_MODES)}.")
        if mode == "tfidf" and not self.document_count:
            raise ValueError("Fit the Tokenizer on some data before using tfidf mode.")
        width = self.num_words or len(self.word_index) + 1
        out = np.zeros((len(sequences), width))
        for row, sequence in zip(out, sequences, strict=True):
            ranks = np.asarray(sequence, dtype=np.int64)
            row[:] = np.bincount(ranks[ranks < width], minlength=width)
            if mode == "freq" and len(ranks):
                row /= len(ranks)
        if mode == "binary":
            return np.minimum(out, 1.0)
        if mode == "tfidf":
            documents = np.array([self.index_docs.get(rank, 0) for rank in range(width)])
            present = out > 0
            out[present] = 1 + np.log(out[present])
            out *= np.log(1 + self.document_count / (1 + documents))
        return out

    # ---- configs

    def get_config(self):
        """Dict of the arguments and counts, the counts as JSON texts; an `analyzer` can't be part of it."""
        names = ("num_words", "filters", "lower", "split", "char_level", "oov_token", "document_count")
        config = {name: getattr(self, name) for name in names}
        return config | {name: json.dumps(getattr(self, name)) for name in _COUNTS}

    def to_json(self, **kwargs):
        """JSON text that `tokenizer_from_json` reads; `kwargs` go to `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)

    # ---- one text

    def _words(self, text):
        if self.char_level or isinstance(text, (list, tuple)):
            if self.lower:
                text = text.lower() if isinstance(text, str) else [word.lower() for word in text]
            return list(text)
        if self.analyzer is not None:
            return self.analyzer(text)
        return text_to_word_sequence(text, self.filters, self.lower, self.split)

    def _limited(self, ranks, oov):
        """The ranks, with `oov` for None and for those not below `num_words`."""
        for rank in ranks:
            yield oov if rank is None or (self.num_words and rank >= self.num_words) else rank


def tokenizer_from_json(json_string):
    """The Tokenizer of which `to_json` gave this text.

    >>> tokenizer = Tokenizer()
    >>> tokenizer.fit_on_texts(["a b a"])
    >>> tokenizer_from_json(tokenizer.to_json()).word_index
    {'a': 1, 'b': 2}
    """
    config = dict(json.loads(json_string)["config"])
    counts = {name: json.loads(config.pop(name)) for name in _COUNTS}
    tokenizer = Tokenizer(**config)
    tokenizer.word_counts = counts["word_counts"]
    tokenizer.word_docs.update(counts["word_docs"])
    tokenizer.word_index = counts["word_index"]
    tokenizer.index_docs.update((int(rank), count) for rank, count in counts["index_docs"].items())
    tokenizer.index_word = {int(rank): word for rank, word in counts["index_word"].items()}
    return tokenizer
