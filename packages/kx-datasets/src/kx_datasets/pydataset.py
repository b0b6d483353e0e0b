"""`PyDataset`: batches by index, written in Python, that several workers may prepare at once."""

import itertools
import warnings


class PyDataset:
    """A dataset that gives its batches by index: subclasses write `__len__` and `__getitem__`.

    `dataset[i]` is batch `i`: `(inputs,)`, `(inputs, targets)`, `(inputs, targets, sample_weights)`, or a
    dict. `len(dataset)` is the number of batches; a dataset without end overrides `num_batches` to return
    None instead.

    Args: they tell `fit`, `evaluate` and `predict` how to read the dataset; iterating over it uses no
        workers. workers: how many threads or processes prepare batches; up to 1 thread means none beside the
        caller's. use_multiprocessing: processes instead of threads; each gets a pickled copy of the dataset
        at every epoch. max_queue_size: how many batches may be prepared ahead.

    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 3
    ...     def __getitem__(self, index):
    ...         return index * index
    >>> list(Squares())
    [0, 1, 4]
    """

    def __init__(self, workers=1, use_multiprocessing=False, max_queue_size=10):
        self._workers = workers
        self._use_multiprocessing = use_multiprocessing
        self._max_queue_size = max_queue_size

    def _setting(self, name):
        if name not in self.__dict__:
            warnings.warn(
                f"{type(self).__name__}.__init__ should call `super().__init__(**kwargs)`, where `**kwargs` "
                "can include `workers`, `use_multiprocessing`, `max_queue_size`. The defaults are used.",
                stacklevel=3,
            )
            given = dict(self.__dict__)
            PyDataset.__init__(self)
            self.__dict__.update(given)
        return self.__dict__[name]

    @property
    def workers(self):
        """How many threads or processes prepare batches."""
        return self._setting("_workers")

    @workers.setter
    def workers(self, value):
        self._workers = value

    @property
    def use_multiprocessing(self):
        """Whether the workers are processes."""
        return self._setting("_use_multiprocessing")

    @use_multiprocessing.setter
    def use_multiprocessing(self, value):
        self._use_multiprocessing = value

    @property
    def max_queue_size(self):
        """How many batches may be prepared ahead."""
        return self._setting("_max_queue_size")

    @max_queue_size.setter
    def max_queue_size(self, value):
        self._max_queue_size = value

    def __getitem__(self, index):
        """Batch number `index`."""
        raise NotImplementedError(
            f"{type(self).__name__} must implement `__getitem__(index)`, which returns a batch."
        )

    def __iter__(self):
        try:
            count = self.num_batches
        except NotImplementedError:
            count = None
        for index in itertools.count() if count is None else range(count):
            yield self[index]

    @property
    def num_batches(self):
        """Number of batches; None if there is no end to them."""
        if hasattr(self, "__len__"):
            return len(self)
        raise NotImplementedError(
            f"{type(self).__name__} must implement `__len__`, the number of its batches, or the property "
            "`num_batches`:\n\n@property\ndef num_batches(self):\n  return ..."
        )

    def on_epoch_begin(self):
        """Called at the start of every epoch."""

    def on_epoch_end(self):
        """Called at the end of every epoch."""


Sequence = PyDataset
