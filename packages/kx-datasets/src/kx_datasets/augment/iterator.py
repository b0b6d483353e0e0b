"""`Iterator` of Keras 2: batches of changed pictures, by number or endlessly one after the other."""

import os
import threading

import numpy as np

from kx_datasets.images import array_to_img
from kx_datasets.pydataset import PyDataset


class Iterator(PyDataset):
    """Batches of `n` samples: `len(it)` of them by number for `fit`, and `next(it)` without end.

    Subclasses write `_get_batches_of_transformed_samples(numbers)`, the batch of the samples of these numbers. Each
    epoch has a new order if `shuffle`. With a `seed`, batch k is made after `np.random.seed(seed + k)`; what is drawn
    comes from NumPy's global generator, so that with several workers it depends on who comes first.

    >>> class Squares(Iterator):
    ...     def _get_batches_of_transformed_samples(self, numbers):
    ...         return numbers**2
    >>> squares = Squares(5, batch_size=2, shuffle=False, seed=None)
    >>> len(squares), squares[2].tolist(), [next(squares).tolist() for _ in range(4)]
    (3, [16], [[0, 1], [4, 9], [16], [0, 1]])
    """

    white_list_formats = ("png", "jpg", "jpeg", "bmp", "ppm", "tif", "tiff")

    def __init__(self, n, batch_size, shuffle, seed):
        super().__init__()
        if batch_size < 1:
            raise ValueError(f"`batch_size` must be at least 1. Received: batch_size={batch_size}")
        self.n = n
        self.batch_size = batch_size
        self.seed = seed
        self.shuffle = shuffle
        self.batch_index = 0
        self.total_batches_seen = 0
        self.lock = threading.Lock()
        self.index_array = None
        self.index_generator = self._flow_index()

    def __getstate__(self):
        """Return what a worker process gets: neither the lock nor the place in the endless flow."""
        return {k: v for k, v in self.__dict__.items() if k not in ("lock", "index_generator")}

    def __setstate__(self, state):
        self.__dict__.update(state, lock=threading.Lock())
        self.index_generator = self._flow_index()

    def _set_index_array(self):
        self.index_array = np.random.permutation(self.n) if self.shuffle else np.arange(self.n)

    def _begin_batch(self):
        """Seed the random changes of the next batch."""
        if self.seed is not None:
            np.random.seed(self.seed + self.total_batches_seen)
        self.total_batches_seen += 1

    def __len__(self):
        return -(-self.n // self.batch_size)

    def __getitem__(self, index):
        """Batch number `index` of the present epoch."""
        if not 0 <= index < len(self):
            raise ValueError(f"Asked to retrieve element {index}, but the Sequence has length {len(self)}")
        with self.lock:
            self._begin_batch()
            if self.index_array is None:
                self._set_index_array()
            numbers = self.index_array[self.batch_size * index : self.batch_size * (index + 1)]
        return self._get_batches_of_transformed_samples(numbers)

    def on_epoch_begin(self):
        """Fix the order, which all workers share."""
        if self.index_array is None:
            self._set_index_array()

    def on_epoch_end(self):
        """Draw the order of the next epoch."""
        self._set_index_array()

    def reset(self):
        """Let `next` begin a new epoch."""
        self.batch_index = 0

    def _flow_index(self):
        """Yield the numbers of the samples of each batch, endlessly."""
        while True:
            if self.n == 0:
                raise ValueError(f"This {type(self).__name__} has no samples: it found no pictures.")
            self._begin_batch()
            if self.batch_index == 0:
                self._set_index_array()
            start = self.batch_index * self.batch_size
            self.batch_index = self.batch_index + 1 if start + self.batch_size < self.n else 0
            yield self.index_array[start : start + self.batch_size]

    def __iter__(self):
        return self

    def __next__(self):
        with self.lock:
            numbers = next(self.index_generator)
        return self._get_batches_of_transformed_samples(numbers)

    def next(self):
        """Return the next batch."""
        return next(self)

    def _get_batches_of_transformed_samples(self, index_array):
        raise NotImplementedError(
            f"{type(self).__name__} must implement `_get_batches_of_transformed_samples(numbers)`, which returns a "
            "batch."
        )


def save_batch(iterator, batch, numbers):
    """Write the pictures of a batch to the iterator's `save_to_dir`, if it has one."""
    if not iterator.save_to_dir:
        return
    for number, picture in zip(numbers, batch, strict=True):
        name = f"{iterator.save_prefix}_{number}_{np.random.randint(10_000)}.{iterator.save_format}"
        array_to_img(picture, iterator.data_format, scale=True).save(os.path.join(iterator.save_to_dir, name))


def part_of(count, subset, validation_split):
    """Return the slice of `count` samples for a `subset`: the first part is that for validation.

    >>> part_of(10, "validation", 0.2), part_of(10, "training", 0.2), part_of(10, None, 0.2)
    (slice(None, 2, None), slice(2, None, None), slice(None, None, None))
    """
    if subset is None:
        return slice(None)
    if subset not in ("training", "validation"):
        raise ValueError(f'Invalid subset name: {subset}; expected "training" or "validation".')
    cut = int((validation_split or 0) * count)
    return slice(cut) if subset == "validation" else slice(cut, None)
