"""CIFAR-10: 50,000 training and 10,000 test colour images of ten classes."""

import os

import numpy as np

from kx_datasets.cifar import read_batches, to_images, warn_subset
from kx_datasets.source import Source, open_verified

# Names: Keras 3's in the cache, Keras 2's there, and the original's.
FULL = Source(
    names=("cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz", "cifar-10-python.tar.gz"),
    url="https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz",
    sha256=("6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",),
)
SUBSET = Source(  # data_batch_1, test_batch and batches.meta, each as in the original
    names=("cifar-10-batches-py-2of6.tar.bz2",),
    url=None,
    sha256=("dd87e71e48d0c5d70da91c0ff627b6e41b05e3941ac319dca5af70c03afd4a82",),
)
_TRAIN = tuple(f"data_batch_{i}" for i in range(1, 6))


def load_data():
    """Load the images: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (50000, 32, 32, 3) and (10000, 32, 32, 3) uint8, 0 to 255; `y` (50000, 1) and (10000, 1)
    uint8: airplane, automobile, bird, cat, deer, dog, frog, horse, ship, truck. Under "channels_first" `x` is
    (n, 3, 32, 32). Where only the archive with two of the six batches is found, 10,000 training images, with
    a `UserWarning`.

    Errors: `DatasetNotFound`, `ChecksumError`.

    >>> (x_train, y_train), (x_test, y_test) = load_data()  # doctest: +SKIP
    >>> x_test.shape, y_test[:4, 0].tolist()  # doctest: +SKIP
    ((10000, 32, 32, 3), [3, 8, 8, 0])
    """
    file, source = open_verified(FULL, SUBSET)
    with file:
        batches = read_batches(file, (*_TRAIN, "test_batch"), "labels")
    train = [batches[name] for name in _TRAIN if name in batches]
    x_train, y_train = _join(train)
    x_test, y_test = _join([batches["test_batch"]])
    if source is SUBSET:
        warn_subset("CIFAR-10", os.path.basename(file.name), len(x_train), len(x_test), 50_000, 10_000)
    return (x_train, y_train), (x_test, y_test)


def _join(batches):
    labels = np.concatenate([np.array(each, np.uint8) for _, each in batches])
    return to_images([data for data, _ in batches]), labels[:, None]
