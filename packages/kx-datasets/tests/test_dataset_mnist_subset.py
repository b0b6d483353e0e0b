"""The digits that come with the package."""

import hashlib
import importlib.resources
import re

import numpy as np

from kx_datasets import mnist


def test_bundled_digits():
    (x_train, y_train), (x_test, y_test) = mnist.load_subset()
    assert x_train.shape == (10_000, 28, 28) and x_test.shape == (2_000, 28, 28)
    assert x_train.dtype == y_train.dtype == x_test.dtype == y_test.dtype == np.uint8
    full = np.array([5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949])
    assert np.abs(np.bincount(y_train) - full / 6).max() < 1
    assert x_train[:, 4:24, 4:24].max(axis=(1, 2)).min() > 100
    assert not np.array_equal(y_train, np.sort(y_train))
    together = np.concatenate([x_train, x_test]).reshape(12_000, -1)
    assert len({row.tobytes() for row in together}) == 12_000


def test_the_readme_pins_the_file():
    data = importlib.resources.files("kx_datasets") / "data"
    text = (data / "README.md").read_text()
    content = (data / "mnist_subset.npz").read_bytes()
    assert hashlib.sha256(content).hexdigest() in text and f"{len(content):,} bytes" in text
    counts = re.search(r"train: ([\d ]+); test: ([\d ]+)\.", text).groups()
    (_, y_train), (_, y_test) = mnist.load_subset()
    assert [list(map(int, each.split())) for each in counts] == [
        np.bincount(y).tolist() for y in (y_train, y_test)
    ]
