"""Make `src/kx_datasets/data/mnist_subset.npz` from the full MNIST: 10,000 training and 2,000 test digits.

    python tools/make_mnist_subset.py

The full set is read as `kx_datasets.mnist.load_data` reads it (KX_DATASETS, the cache, or the network). From
each class a share is drawn without replacement such that the classes keep their proportions (largest
remainders), by NumPy's `RandomState(SEED)`, whose stream is frozen; the digits drawn stay in their original
order.
"""

import hashlib
import io
import pathlib
import zipfile

import numpy as np

from kx_datasets import mnist

SEED = 113
SIZES = {"train": 10_000, "test": 2_000}
TARGET = pathlib.Path(__file__).parents[1] / "src" / "kx_datasets" / "data" / "mnist_subset.npz"


def stratified(labels, size, generator):
    """Sorted positions (size,) of a draw in which each class has its share of `labels`."""
    counts = np.bincount(labels)
    exact = counts * size / len(labels)
    shares = exact.astype(int)
    shares[np.argsort(shares - exact, kind="stable")[: size - shares.sum()]] += 1
    drawn = [
        generator.permutation(np.flatnonzero(labels == label))[:share] for label, share in enumerate(shares)
    ]
    return np.sort(np.concatenate(drawn))


def select():
    """Dict of the four arrays of the subset."""
    generator = np.random.RandomState(SEED)
    arrays = {}
    for (part, size), (x, y) in zip(SIZES.items(), mnist.load_data(), strict=True):
        chosen = stratified(y, size, generator)
        arrays[f"x_{part}"], arrays[f"y_{part}"] = x[chosen], y[chosen]
    return arrays


def write(arrays, target):
    """Write an `.npz` whose bytes depend on nothing but the arrays: no dates, no system."""
    with zipfile.ZipFile(target, "w") as archive:
        for name, array in arrays.items():
            content = io.BytesIO()
            np.lib.format.write_array(content, array, version=(1, 0), allow_pickle=False)
            member = zipfile.ZipInfo(f"{name}.npy", date_time=(1980, 1, 1, 0, 0, 0))
            member.create_system = 3
            archive.writestr(member, content.getvalue(), zipfile.ZIP_DEFLATED, 9)


if __name__ == "__main__":
    TARGET.parent.mkdir(exist_ok=True)
    write(select(), TARGET)
    content = TARGET.read_bytes()
    print(f"{TARGET}: {len(content)} bytes, SHA-256 {hashlib.sha256(content).hexdigest()}")
