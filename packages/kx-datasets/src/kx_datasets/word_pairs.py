"""Pairs of words for learning word vectors, after Mikolov et al., "Efficient Estimation of Word Representations in
Vector Space" (2013).
"""

import random

import numpy as np


def skipgrams(
    sequence,
    vocabulary_size,
    window_size=4,
    negative_samples=1.0,
    shuffle=True,
    categorical=False,
    sampling_table=None,
    seed=None,
):
    """Pairs of word ranks and their labels, `(couples, labels)`.

    Label 1: the second word stands at most `window_size` words from the first one. Label 0: it is any word of
    `[1, vocabulary_size)`; there are `negative_samples` times as many of these. Rank 0 is no word.

    Args:
        categorical: labels are `[0, 1]` and `[1, 0]` rather than 1 and 0.
        sampling_table: probability with which each rank is taken as first word; see `make_sampling_table`.
        seed: of the order; what else is drawn comes from Python's `random`.

    >>> skipgrams([1, 2, 3], 4, window_size=1, negative_samples=0, shuffle=False)
    ([[1, 2], [2, 1], [2, 3], [3, 2]], [1, 1, 1, 1])
    """
    couples = []
    for place, word in enumerate(sequence):
        if not word or (sampling_table is not None and sampling_table[word] < random.random()):
            continue
        for near in range(max(0, place - window_size), min(len(sequence), place + window_size + 1)):
            if near != place and sequence[near]:
                couples.append([word, sequence[near]])
    labels = [[0, 1] if categorical else 1 for _ in couples]
    if negative_samples > 0:
        count = int(len(labels) * negative_samples)
        words = [word for word, _ in couples]
        random.shuffle(words)
        couples += [[words[i % len(words)], random.randint(1, vocabulary_size - 1)] for i in range(count)]
        labels += [[1, 0] if categorical else 0 for _ in range(count)]
    if shuffle:
        seed = random.randint(0, 10_000_000) if seed is None else seed
        for each in (couples, labels):
            random.Random(seed).shuffle(each)
    return couples, labels


def make_sampling_table(size, sampling_factor=1e-05):
    """Array (size,) of the probability with which `skipgrams` takes each rank, low for frequent words.

    `p = min(1, sqrt(f / s) / (f / s))` with `s = sampling_factor` and, by Zipf's law, the frequency
    `1 / f = r * (log(r) + 0.577) + 1/2 - 1 / (12 r)` of rank `r`.

    >>> make_sampling_table(3).round(4).tolist()
    [0.0032, 0.0032, 0.0055]
    """
    rank = np.arange(size)
    rank[:1] = 1  # rank 0 is no word
    inverse = rank * (np.log(rank) + 0.577) + 0.5 - 1.0 / (12.0 * rank)
    ratio = sampling_factor * inverse
    return np.minimum(1.0, ratio / np.sqrt(ratio))
