"""Reading the archives of CIFAR-10 and CIFAR-100.

Source: Krizhevsky, "Learning Multiple Layers of Features from Tiny Images", 2009.
"""

import sys
import warnings

import numpy as np

from kx_datasets.archive import tar_members
from kx_datasets.restricted import load_pickle


def read_batches(file, wanted, label_key):
    """Dict from the name of each wanted batch that the tar file object holds to `(data, labels)`.

    Shapes: `data` (n, 3072) uint8, the red, green, blue planes of 32x32 pixels one after the other; `labels`
    list of n. The archive is read in one pass and nothing is unpacked to disk, so that only checked bytes are
    ever unpickled.
    """
    batches = {}
    for path, stream in tar_members(file):
        if stream is not None and path[-1] in wanted:
            batch = load_pickle(stream)
            data, labels = batch[b"data"], batch[label_key.encode()]
            if data.shape != (len(labels), 3072) or data.dtype != np.uint8:
                raise ValueError(
                    f"{path[-1]} holds {len(labels)} labels, but data of {data.shape} {data.dtype}."
                )
            batches[path[-1]] = data, labels
    return batches


def to_images(planes):
    """Images (n, 32, 32, 3), or (n, 3, 32, 32) under "channels_first", from the planes of some batches."""
    images = np.concatenate([each.reshape(-1, 3, 32, 32) for each in planes])
    return images if _channels_first() else np.ascontiguousarray(images.transpose(0, 2, 3, 1))


def _channels_first():
    # The setting is kx-tensor's. This package works without it and must not import it, but follows it where
    # it is used.
    config = sys.modules.get("kx_tensor.config")
    return config is not None and config.image_data_format() == "channels_first"


def warn_subset(name, file, train, test, of_train, of_test):
    """Warn that only a part of the dataset is being returned."""
    warnings.warn(
        f"This is a subset of {name}: {train:,} of {of_train:,} training images and {test:,} of {of_test:,} "
        f"test images, from {file}. For the full set, put the original archive into a folder of KX_DATASETS "
        "or into the cache.",
        stacklevel=3,
    )
