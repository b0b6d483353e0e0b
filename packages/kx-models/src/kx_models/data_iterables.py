"""Batches that the user's own code makes: generators, iterables, `Dataset`, `PyDataset`, PyTorch's DataLoader."""

import contextlib
import itertools

from kx_datasets.workers import ordered_batches
from kx_models.class_weights import check_class_weight, class_weights_to_sample_weights
from kx_models.data_source import Source, unpack
from kx_models.shuffling import new_generator

_INFINITE = -1  # what the `cardinality()` of a Dataset is then


class IterableSource(Source):
    """Batches of an iterable, or of an iterator, which the next epoch goes on with instead of starting over.

    >>> import numpy as np
    >>> source = IterableSource((np.full((2, 1), i) for i in range(4)), steps=2)
    >>> [x.tolist() for x, y, weight in source.epoch()]
    [[[0], [0]], [[1], [1]]]
    >>> [x.tolist() for x, y, weight in source.epoch()]
    [[[2], [2]], [[3], [3]]]
    """

    def __init__(self, data, class_weight=None, steps=None):
        super().__init__(steps, getattr(data, "batch_size", None), _length(data))
        self.data = data
        self.class_weight = None if class_weight is None else check_class_weight(class_weight)
        self.restartable = not hasattr(data, "__next__")
        self.endless = hasattr(data, "cardinality") and data.cardinality() == _INFINITE
        self._any = False

    def _raw_batches(self):
        return iter(self.data)

    def _pass(self):
        """Context of one pass, which ends what works for it; the user's own iterator stays open."""
        batches = self._raw_batches()
        if self.restartable and hasattr(batches, "close"):
            return contextlib.closing(batches)
        return contextlib.nullcontext(batches)

    def _batches(self):
        with self._pass() as batches:
            for batch in batches:
                x, y, weight = unpack(batch)
                if self.class_weight is not None:
                    if weight is not None:
                        raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
                    weight = class_weights_to_sample_weights(y, self.class_weight)
                self._any = True
                yield x, y, weight
        if not self._any:
            raise ValueError(
                f"The data must give at least one batch; this {type(self.data).__name__} gave none. If it is "
                "an iterator that was used before, make a new one."
            )


class PyDatasetSource(IterableSource):
    """Batches of a `PyDataset`, prepared ahead by its workers, in a new order for each pass if `shuffle`.

    With `steps`, one that is an endless iterator besides, as those of Keras 2's `ImageDataGenerator` are, starts over
    as often as it takes.
    """

    def __init__(self, data, shuffle=False, class_weight=None, steps=None):
        super().__init__(data, class_weight, steps)
        self.restartable, self.starts_over = True, hasattr(data, "__next__")
        self.length = data.num_batches
        self.endless = self.length is None
        self.num_batches = self.length if steps is None else steps
        self.random = new_generator() if shuffle else None

    def on_epoch_begin(self):
        self.data.on_epoch_begin()

    def on_epoch_end(self):
        self.data.on_epoch_end()

    def _raw_batches(self):
        with ordered_batches(self.data, self._order()) as batches:
            yield from batches

    def _order(self):
        if self.length is None:
            return itertools.count()
        if self.random is not None:
            return self.random.permutation(self.length).tolist()
        return range(self.length)


def _length(data):
    """Return `len(data)`, or None where it has no length."""
    if hasattr(data, "__next__"):
        return None
    try:
        return len(data)
    except (TypeError, NotImplementedError):
        return None
