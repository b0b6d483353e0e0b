"""IMDB film reviews, 25,000 for training and 25,000 for testing, labelled by sentiment.

Source: Maas et al., "Learning Word Vectors for Sentiment Analysis", ACL 2011.
"""

import difflib

from kx_datasets.restricted import read_npz
from kx_datasets.source import KERAS_FILES, Source, open_verified
from kx_datasets.split import shuffled
from kx_datasets.words import encode, read_word_index

# The second checksum is of the same reviews encoded anew from the published text.
REVIEWS = Source(
    names=("imdb.npz",),
    url=KERAS_FILES + "imdb.npz",
    sha256=(
        "69664113be75683a8fe16e3ed0ab59fda8886cb3cd7ada244f7d9544e4676b9f",
        "29f636152344f63b7f0ddbb7a18484bde936d12500660163be1d4de361ffcbdc",
    ),
)
WORD_INDEX = Source(
    names=("imdb_word_index.json",),
    url=KERAS_FILES + "imdb_word_index.json",
    sha256=("027313fe9a320280f3bf0fac5baf58c4a683cf39a7ed9c3d3d3912bde4284cf6",),
)
_OPTIONS = ("path", "num_words", "skip_top", "maxlen", "seed", "start_char", "oov_char", "index_from")


def load_data(
    path="imdb.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
    **kwargs,
):
    """Load the reviews as lists of word ranks: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (25000,) object, each a list of int; `y` (25000,) int64, 1 = positive. A word's number is its
    rank by frequency (1 is the most frequent) plus `index_from`; 0 is left for padding.

    Args:
        path: name of the file in the cache.
        num_words, skip_top: numbers outside `skip_top <= number < num_words` become `oov_char`.
        maxlen: only reviews shorter than this are kept, `start_char` counted.
        seed: of the order, the same for both halves.
        start_char: put before each review; None for none.
        oov_char: stands for words that are cut out; None drops them.

    Errors: `DatasetNotFound`, `ChecksumError`; `ValueError` if `maxlen` leaves nothing; `TypeError` for an
    unknown name.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=1000)  # doctest: +SKIP
    >>> x_train[0][:5], y_train[0]  # doctest: +SKIP
    ([1, 14, 22, 16, 43], 1)
    """
    if kwargs:
        unknown = next(iter(kwargs))
        near = {"nb_words": ["num_words"]}.get(unknown) or difflib.get_close_matches(unknown, _OPTIONS, 1)
        hint = f" Did you mean `{near[0]}`?" if near else ""
        raise TypeError(f"imdb.load_data got an unexpected keyword argument `{unknown}`.{hint}")
    file, _ = open_verified(REVIEWS, name=path)
    with file:
        arrays = read_npz(file, "x_train", "y_train", "x_test", "y_test", objects=("x_train", "x_test"))
    x_train, y_train, x_test, y_test = arrays
    train, test = shuffled(seed, len(x_train), len(x_test))
    train, test = encode(
        [(x_train[train], y_train[train]), (x_test[test], y_test[test])],
        num_words=num_words,
        skip_top=skip_top,
        maxlen=maxlen,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    return train, test


def get_word_index(path="imdb_word_index.json"):
    """The dict from each of the 88,584 words to its rank; in the reviews `index_from` is added to it.

    >>> get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return read_word_index(WORD_INDEX, path)
