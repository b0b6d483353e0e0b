"""Data cut in two, and the parts of a sample."""

import numpy as np

from kx_datasets.pipeline.dataset import Dataset
from kx_datasets.pydataset import PyDataset


def split_dataset(dataset, left_size=None, right_size=None, shuffle=False, seed=None, preferred_backend=None):
    """Return the first `left_size` samples and the last `right_size`, as two Datasets.

    Args: dataset: an array, a tuple or list of arrays (samples are then tuples), a `Dataset`, a `PyDataset`, a PyTorch
        Dataset or DataLoader. left_size, right_size: a number of samples, or a fraction; one of them may be left out.
        shuffle: mix the samples before, by `seed`. preferred_backend: None or a name; always a `Dataset` comes back.

    Errors: ValueError for sizes that do not fit; TypeError for another type of data.

    >>> left, right = split_dataset(np.arange(5), left_size=0.6)
    >>> [int(x) for x in left], [int(x) for x in right]
    ([0, 1, 2], [3, 4])
    """
    if preferred_backend not in (None, "tensorflow", "torch", "jax", "numpy"):
        raise ValueError(f"Unknown preferred_backend {preferred_backend!r}.")
    samples = _samples(dataset)
    left, right = _sizes(left_size, right_size, len(samples))
    if shuffle:
        seed = np.random.randint(2**31 - 1) if seed is None else seed
        np.random.default_rng(seed).shuffle(samples)
    parts = samples[:left], samples[len(samples) - right :]
    return tuple(Dataset(lambda part=part: (each for each in part), len(part)) for part in parts)


def _samples(data):
    """All samples as a list."""
    if isinstance(data, (list, tuple)):
        return list(Dataset.from_tensor_slices(tuple(map(np.asarray, data))))
    if isinstance(data, np.ndarray):
        return list(Dataset.from_tensor_slices(data))
    if isinstance(data, (Dataset, PyDataset)):
        return list(Dataset.from_generator(lambda: iter(data)))
    if any(c.__module__.startswith("torch.utils.data") for c in type(data).__mro__):
        rows = data if hasattr(data, "__iter__") else (data[i] for i in range(len(data)))
        return list(Dataset.from_generator(lambda: iter(rows)).map(lambda *parts: parts))
    raise TypeError(
        f"Unsupported dataset type: {type(data)}; expected arrays, a Dataset, or a PyTorch dataset."
    )


def _sizes(left, right, total):
    given = {"left_size": left, "right_size": right}
    if left is None and right is None:
        raise ValueError(
            "At least one of the `left_size` or `right_size` must be specified. Received: left_size=None and "
            "right_size=None"
        )
    for name, size in given.items():
        if size is None:
            continue
        if not isinstance(size, (int, float, np.integer, np.floating)):
            raise TypeError(
                f"Invalid `{name}` Type. Expected: int or float or None, Received: type({name})={type(size)}."
            )
        is_fraction = isinstance(size, (float, np.floating))
        if not 0 < size < (1 if is_fraction else total):
            raise ValueError(
                f"`{name}` should be either a positive integer smaller than {total}, or a float within the range "
                f"`[0, 1]`. Received: {name}={size}"
            )
    fractions = [size for size in given.values() if isinstance(size, (float, np.floating))]
    if len(fractions) == 2 and sum(fractions) > 1:
        raise ValueError(
            "The sum of `left_size` and `right_size` is greater than 1. It must be less than or equal to 1."
        )
    if left is not None:
        left = round(left * total) if isinstance(left, (float, np.floating)) else int(left)
    if right is not None:
        right = round(right * total) if isinstance(right, (float, np.floating)) else int(right)
    left = total - right if left is None else left
    right = total - left if right is None else right
    if left + right > total:
        raise ValueError(
            f"The sum of `left_size` and `right_size` should be smaller than the {total}. Received: left_size + "
            f"right_size = {left + right} and total_length = {total}"
        )
    for name, size in (("left", left), ("right", right)):
        if size == 0:
            raise ValueError(
                f"With `dataset` of length={total}, `left_size`={left} and `right_size`={right}. Resulting {name} side "
                "dataset split will be empty. Adjust any of the aforementioned parameters"
            )
    return left, right


def pack_x_y_sample_weight(x, y=None, sample_weight=None):
    """Return the parts as `fit` takes a batch: x alone, `(x, y)` or `(x, y, sample_weight)`.

    >>> pack_x_y_sample_weight(1), pack_x_y_sample_weight([1]), pack_x_y_sample_weight(1, 2)
    (1, ([1],), (1, 2))
    """
    if y is None:
        return (x,) if isinstance(x, (list, tuple)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)
