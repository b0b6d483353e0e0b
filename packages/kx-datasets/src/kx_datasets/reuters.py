"""Reuters newswires, 11,228 of them in 46 topics.

Source: Reuters-21578, Distribution 1.0 (free for research only).
"""

from kx_datasets.restricted import read_npz
from kx_datasets.source import KERAS_FILES, Source, open_verified
from kx_datasets.split import shuffled
from kx_datasets.words import encode, read_word_index

# The second checksum is of the same wires encoded anew from the published text.
WIRES = Source(
    names=("reuters.npz",),
    url=KERAS_FILES + "reuters.npz",
    sha256=(
        "d6586e694ee56d7a4e65172e12b3e987c03096cb01eab99753921ef915959916",
        "88dc2a48bb73211db95512f0bff25b4858176aa91cf1d890695adb80fa4630b3",
    ),
)
WORD_INDEX = Source(
    names=("reuters_word_index.json",),
    url=KERAS_FILES + "reuters_word_index.json",
    sha256=("9b56000edc4b34a32e89fd5a23b2605594682c74efcf7d8f4e2a5514b771e633",),
)
_TOPICS = """
    cocoa grain veg-oil earn acq wheat copper housing money-supply coffee sugar trade reserves ship
    cotton carcass crude nat-gas cpi money-fx interest gnp meal-feed alum oilseed gold tin
    strategic-metal livestock retail ipi iron-steel rubber heat jobs lei bop zinc orange pet-chem dlr
    gas silver wpi hog lead
"""


def load_data(
    path="reuters.npz",
    num_words=None,
    skip_top=0,
    maxlen=None,
    test_split=0.2,
    seed=113,
    start_char=1,
    oov_char=2,
    index_from=3,
):
    """Load the wires as lists of word ranks: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (n,) object, each a list of int; `y` (n,) int64, 0 to 45; 8,982 to train on and 2,246 to test
    with. A word's number is its rank by frequency plus `index_from`; 0 is left for padding.

    Args: `test_split` is the fraction held out for testing; the others are those of `imdb.load_data`.
    Errors: `DatasetNotFound`, `ChecksumError`; `ValueError` if `maxlen` leaves nothing.

    >>> (x_train, y_train), (x_test, y_test) = load_data(num_words=1000)  # doctest: +SKIP
    >>> len(x_train), get_label_names()[y_train[0]]  # doctest: +SKIP
    (8982, 'earn')
    """
    file, _ = open_verified(WIRES, name=path)
    with file:
        x, y = read_npz(file, "x", "y", objects=("x",))
    (order,) = shuffled(seed, len(x))
    ((x, y),) = encode(
        [(x[order], y[order])],
        num_words=num_words,
        skip_top=skip_top,
        maxlen=maxlen,
        start_char=start_char,
        oov_char=oov_char,
        index_from=index_from,
    )
    train = int(len(x) * (1 - test_split))
    return (x[:train].copy(), y[:train].copy()), (x[train:].copy(), y[train:].copy())


def get_word_index(path="reuters_word_index.json"):
    """The dict from each of the 30,979 words to its rank; in the wires `index_from` is added to it.

    >>> get_word_index()["the"]  # doctest: +SKIP
    1
    """
    return read_word_index(WORD_INDEX, path)


def get_label_names():
    """The 46 topics, in the order of the labels.

    >>> get_label_names()[3]
    'earn'
    """
    return tuple(_TOPICS.split())
