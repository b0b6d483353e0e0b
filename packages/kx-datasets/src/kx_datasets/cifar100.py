"""CIFAR-100: 50,000 training and 10,000 test colour images of 100 classes, which form 20 groups."""

import os

import numpy as np

from kx_datasets.cifar import read_batches, to_images, warn_subset
from kx_datasets.source import Source, open_verified

# Names: Keras 3's in the cache, Keras 2's there.
FULL = Source(
    names=("cifar-100-python-target_archive", "cifar-100-python.tar.gz"),
    url="https://www.cs.toronto.edu/~kriz/cifar-100-python.tar.gz",
    sha256=("85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",),
)
SUBSET = Source(  # 34 training and 10 test images of each class
    names=("cifar-100-python-subset.tar.bz2",),
    url=None,
    sha256=("91d59a58bd83459da55d4769562ef527dc5b33e24692a3f505f244aeb4c4ca99",),
)


def load_data(label_mode="fine"):
    """Load the images: `(x_train, y_train), (x_test, y_test)`.

    Shapes: `x` (50000, 32, 32, 3) and (10000, 32, 32, 3) uint8, 0 to 255; `y` (50000, 1) and (10000, 1)
    int64, 0 to 99, or 0 to 19 with `label_mode="coarse"`. Under "channels_first" `x` is (n, 3, 32, 32).
    Where only the archive with a subset is found, 3,400 training and 1,000 test images, with a `UserWarning`.

    Errors: `DatasetNotFound`, `ChecksumError`; `ValueError` for another `label_mode`.

    >>> (x_train, y_train), (x_test, y_test) = load_data("coarse")  # doctest: +SKIP
    >>> x_test.shape, y_test.shape  # doctest: +SKIP
    ((10000, 32, 32, 3), (10000, 1))
    """
    if label_mode not in ("fine", "coarse"):
        raise ValueError(
            f'`label_mode` must be one of `"fine"`, `"coarse"`. Received: label_mode={label_mode}.'
        )
    file, source = open_verified(FULL, SUBSET)
    with file:
        batches = read_batches(file, ("train", "test"), f"{label_mode}_labels")
    (x_train, y_train), (x_test, y_test) = (
        (to_images([data]), np.array(labels, np.int64)[:, None])
        for data, labels in (batches["train"], batches["test"])
    )
    if source is SUBSET:
        warn_subset("CIFAR-100", os.path.basename(file.name), len(x_train), len(x_test), 50_000, 10_000)
    return (x_train, y_train), (x_test, y_test)
