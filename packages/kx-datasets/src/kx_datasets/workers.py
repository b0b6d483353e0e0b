"""Batches of a `PyDataset` prepared ahead by threads or processes, handed out in order.

The workers live as long as a `with` block, and none outlives it, whatever ends the block.
"""

import collections
import itertools
import pickle


def ordered_batches(dataset, indices=None):
    """Context manager and iterator over `dataset[i]` for `i` in `indices`, prepared ahead by the dataset's
    workers.

    With `dataset.workers > 1`, that many threads (or processes, already from 1 on, if
    `dataset.use_multiprocessing`) run at most `dataset.max_queue_size` batches ahead; otherwise each batch is
    made when it is asked for. Without `indices`, all batches in order. Processes are spawned, so the main
    script needs `if __name__ == "__main__":`.

    Errors: what `dataset[i]` raises is raised at its turn, with the worker's traceback; `TypeError` for a
    dataset that cannot be sent to a process; `RuntimeError` if a process dies, or outside of a `with` block.

    >>> from kx_datasets.pydataset import PyDataset
    >>> class Squares(PyDataset):
    ...     def __len__(self):
    ...         return 4
    ...     def __getitem__(self, index):
    ...         return index * index
    >>> with ordered_batches(Squares(workers=2), [3, 0, 2]) as batches:
    ...     print(list(batches))
    [9, 0, 4]
    """
    workers, in_processes = dataset.workers, dataset.use_multiprocessing
    if indices is None:
        count = dataset.num_batches
        indices = itertools.count() if count is None else range(count)
    if workers > 1 or (workers > 0 and in_processes):
        return _AheadBatches(dataset, indices, workers, in_processes)
    return _InlineBatches(dataset, indices)


class _Batches:
    """Iterator that works only inside of its `with` block."""

    def __init__(self, dataset, indices):
        self.dataset, self.indices = dataset, iter(indices)
        self.is_open = False

    def __iter__(self):
        return self

    def __enter__(self):
        self.is_open = True
        return self

    def __exit__(self, *_):
        self.is_open = False

    def check_open(self):
        if not self.is_open:
            raise RuntimeError(
                "The batches were asked for outside of their block: "
                "use `with ordered_batches(dataset) as batches:`."
            )


class _InlineBatches(_Batches):
    def __next__(self):
        self.check_open()
        return self.dataset[next(self.indices)]


class _AheadBatches(_Batches):
    def __init__(self, dataset, indices, workers, in_processes):
        super().__init__(dataset, indices)
        self.workers, self.in_processes = workers, in_processes
        self.ahead = dataset.max_queue_size
        if self.ahead < 1:
            raise ValueError(f"Expected max_queue_size of at least 1, got {self.ahead}.")
        self.pending: collections.deque = collections.deque()

    def __enter__(self):
        if self.in_processes:
            self.pool, self.get = _process_pool(self.dataset, self.workers), _get_in_process
        else:
            self.pool, self.get = _thread_pool(self.workers), self.dataset.__getitem__
        super().__enter__()
        try:
            self._fill()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        super().__exit__()
        self.pending.clear()
        self.pool.shutdown(wait=True, cancel_futures=True)

    def _fill(self):
        for index in itertools.islice(self.indices, self.ahead - len(self.pending)):
            self.pending.append(self.pool.submit(self.get, index))

    def __next__(self):
        self.check_open()
        if not self.pending:
            raise StopIteration
        future = self.pending.popleft()
        try:
            batch = future.result()
            self._fill()
        except RuntimeError as error:
            # Not at the top of the file, for the reason given at `_thread_pool`.
            from concurrent.futures import BrokenExecutor

            if not isinstance(error, BrokenExecutor):
                raise
            raise RuntimeError(
                "A worker process ended before it gave its batch: killed (out of memory?), or the main "
                'script starts the work outside of `if __name__ == "__main__":`, which processes run again.'
            ) from error
        return batch


def _thread_pool(workers):
    # Imported here, as most training uses no workers and this brings `logging` and `queue` with it.
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(workers, thread_name_prefix="kx-batches")


def _process_pool(dataset, workers):
    # Imported here, as most training uses no processes and this brings `multiprocessing` and `socket`.
    import multiprocessing
    from concurrent.futures import ProcessPoolExecutor

    try:
        pickled = pickle.dumps(dataset, pickle.HIGHEST_PROTOCOL)
    except (AttributeError, TypeError, pickle.PicklingError) as error:
        raise TypeError(
            f"{type(dataset).__name__} cannot be pickled, so no process can be given a copy: {error}. "
            "Use use_multiprocessing=False, which gives threads, or open files and the like in `__getitem__`."
        ) from error
    # Forking would copy locks that other threads hold at that moment, BLAS's and CUDA's among them.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(workers, mp_context=context, initializer=_begin_process, initargs=(pickled,))


_pickled = b""
_dataset = None


def _begin_process(pickled):
    """Keep the dataset as bytes; Ctrl-C is the parent's to handle."""
    import signal

    global _pickled
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _pickled = pickled


def _get_in_process(index):
    """Batch `index`. The first task unpickles the dataset, so that a failure has a way back to the caller."""
    global _pickled, _dataset
    if _dataset is None:
        _dataset = pickle.loads(_pickled)
        _pickled = b""
    return _dataset[index]
