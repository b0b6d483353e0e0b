"""MNIST: handwritten digits, 60,000 to train on and 10,000 to test with; a part of them comes with this
package.

Source: LeCun, Cortes, Burges, derived from NIST's collections (CC BY-SA 3.0).
"""

import importlib.resources

from kx_datasets.errors import ChecksumError, DatasetNotFound
from kx_datasets.restricted import read_npz
from kx_datasets.source import KERAS_FILES, Source, open_verified

# The second checksum is of the same arrays in another container.
DIGITS = Source(
    names=("mnist.npz",),
    url=KERAS_FILES + "mnist.npz",
    sha256=(
        "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
        "06af5dfe73b70e3bc1c36439982b18a8d76803db9b544f6fdf838a37fbb01b64",
    ),
)
_SUBSET = "mnist_subset.npz"


def load_data(path="mnist.npz"):
    """Load the digits: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (60000, 28, 28) and (10000, 28, 28) uint8, 0 (background) to 255; `y` (60000,) and (10000,)
    uint8.

    Args: `path` is the name of the file in the cache.
    Errors: `DatasetNotFound`, `ChecksumError`.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_train.shape, y_train[:3].tolist()  # doctest: +SKIP
    ((60000, 28, 28), [5, 0, 4])
    """
    return _read(open_verified(DIGITS, name=path)[0])


def load_subset():
    """Load the part that comes with this package: 10,000 training and 2,000 test digits, in `load_data`'s
    form.

    They are a sixth of the training set and a fifth of the test set, drawn class by class so that the classes
    keep their shares, in the original order. `data/README.md` says how.

    >>> (x_train, y_train), (x_test, y_test) = load_subset()
    >>> x_train.shape, x_test.shape
    ((10000, 28, 28), (2000, 28, 28))
    """
    return _read((importlib.resources.files("kx_datasets") / "data" / _SUBSET).open("rb"))


def load_available(timeout=3.0, seconds=60.0):
    """Load the full set if it can be had, else the bundled part: `train, test, sentence`.

    `train` and `test` are pairs `(x, y)` as in `load_data`; `sentence` says which data they are. The full set
    is taken from a folder of `KX_DATASETS`, the cache, or the network: `timeout` limits one network
    operation, `seconds` the whole download.

    >>> (x_train, y_train), (x_test, y_test), sentence = load_available()  # doctest: +SKIP
    >>> sentence  # doctest: +SKIP
    'MNIST, the full set: 60,000 training and 10,000 test digits.'
    """
    try:
        train, test = _read(open_verified(DIGITS, timeout=timeout, seconds=seconds)[0])
    except (DatasetNotFound, ChecksumError) as error:
        (train, test), which = load_subset(), "the part that comes with kx-datasets"
        why = " (the full set is not cached and could not be downloaded)"
        if isinstance(error, ChecksumError):
            why = " (the full set is not cached, and its download was not what it should be)"
    else:
        which, why = "the full set", ""
    return train, test, f"MNIST, {which}: {len(train[0]):,} training and {len(test[0]):,} test digits{why}."


def _read(file):
    with file:
        x_train, y_train, x_test, y_test = read_npz(file, "x_train", "y_train", "x_test", "y_test")
    return (x_train, y_train), (x_test, y_test)
