"""Texts as lists of word ranks: the marks, the limits on words and lengths, and the word indexes of IMDB and
Reuters.

Millions of ranks are handled as one flat array with the texts' lengths, which is several times faster than a
loop over lists; the result is an array of lists, as Keras's.
"""

import itertools
import json

import numpy as np

from kx_datasets.source import open_verified


class Texts:
    """Texts as one array of ranks, `ranks` (total,), and `lengths` (n,); each method returns new texts."""

    def __init__(self, ranks, lengths):
        self.ranks, self.lengths = ranks, lengths

    @classmethod
    def from_lists(cls, lists):
        """Build from a sequence of lists of int."""
        lengths = np.fromiter(map(len, lists), np.int64, len(lists))
        ranks = np.fromiter(itertools.chain.from_iterable(lists), np.int64, int(lengths.sum()))
        return cls(ranks, lengths)

    def marked(self, start_char, index_from):
        """Ranks moved up by `index_from`; `start_char` put before each text, unless it is None."""
        ranks = self.ranks + (index_from or 0)
        if start_char is None:
            return Texts(ranks, self.lengths)
        starts = np.cumsum(self.lengths) - self.lengths
        return Texts(np.insert(ranks, starts, start_char), self.lengths + 1)

    def chosen(self, keep):
        """The texts for which the boolean array `keep` (n,) holds."""
        return Texts(self.ranks[np.repeat(keep, self.lengths)], self.lengths[keep])

    def limited(self, num_words, skip_top, oov_char):
        """Ranks outside `skip_top <= rank < num_words` become `oov_char`, or go if that is None."""
        keep = (self.ranks >= skip_top) & (self.ranks < num_words)
        if oov_char is not None:
            return Texts(np.where(keep, self.ranks, oov_char), self.lengths)
        ends = np.cumsum(self.lengths)
        kept = np.concatenate(([0], np.cumsum(keep)))
        return Texts(self.ranks[keep], kept[ends] - kept[ends - self.lengths])

    def to_array(self):
        """Array (n,) of objects, each text a list of int."""
        ranks = self.ranks.tolist()
        ends = np.cumsum(self.lengths).tolist()
        lists = (ranks[start:end] for start, end in zip([0, *ends], ends, strict=False))
        return np.fromiter(lists, dtype=object, count=len(ends))


def encode(parts, *, num_words, skip_top, maxlen, start_char, oov_char, index_from):
    """Apply the arguments of `imdb.load_data` to each of `parts`, pairs `(lists, labels)`: pairs of arrays.

    Only texts shorter than `maxlen`, the mark included, are kept. Without `num_words` the limit is the
    largest rank of all parts, which itself falls out: a quirk of Keras's loaders that published results rest
    on.
    """
    texts = [Texts.from_lists(lists).marked(start_char, index_from) for lists, _ in parts]
    labels = [each for _, each in parts]
    if maxlen:
        short = [each.lengths < maxlen for each in texts]
        if not all(keep.any() for keep in short):
            raise ValueError(
                f"After filtering for sequences shorter than maxlen={maxlen}, no sequence was kept. "
                "Increase maxlen."
            )
        texts = [each.chosen(keep) for each, keep in zip(texts, short, strict=True)]
        labels = [each[keep] for each, keep in zip(labels, short, strict=True)]
    if not num_words:
        num_words = max(int(each.ranks.max(initial=0)) for each in texts)
    arrays = [each.limited(num_words, skip_top, oov_char).to_array() for each in texts]
    return list(zip(arrays, labels, strict=True))


def read_word_index(source, name):
    """The dict from word to rank in a JSON file."""
    file, _ = open_verified(source, name=name)
    with file:
        return json.load(file)
