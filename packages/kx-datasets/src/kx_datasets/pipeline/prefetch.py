"""Work done ahead on threads that never outlive the pass they work for.

Each task makes one element, so a thread never waits for room in a queue, and ends with the interpreter without
being asked.
"""

import collections
import functools
import itertools
import os
import threading

AUTOTUNE = -1
_END = object()


def parallel_calls(number):
    """Return the number of threads for a `num_parallel_calls`: all processors for `AUTOTUNE`.

    >>> parallel_calls(3)
    3
    """
    if number == AUTOTUNE:
        return os.cpu_count() or 1
    if number < 1:
        raise ValueError(f"num_parallel_calls must be positive, or AUTOTUNE (-1), got {number}.")
    return number


def prefetched(elements, buffer_size):
    """Yield the elements, up to `buffer_size` of them made ahead by a thread.

    >>> list(prefetched(iter("abc"), 2))
    ['a', 'b', 'c']
    """
    following = functools.partial(next, elements, _END)
    for element in run_ahead(itertools.repeat(following), 1, buffer_size):
        if element is _END:
            return
        yield element


def mapped_ahead(elements, function, threads):
    """Yield `function(element)` in the order of the elements, each called on one of the threads.

    >>> list(mapped_ahead(iter([1, 2, 3]), lambda x: x * x, 2))
    [1, 4, 9]
    """
    tasks = (functools.partial(function, element) for element in elements)
    yield from run_ahead(tasks, threads, 2 * threads)


def run_ahead(tasks, threads, ahead):
    """Yield the results of the tasks in order, with up to `ahead` of them begun before they are asked for.

    What a task, or making the next one, raises is raised at its turn. The threads are gone when this is over:
    by its end, an error, `close()` or because nobody holds the iterator any more.

    >>> list(run_ahead(iter([lambda: 1, lambda: 2]), 2, 2))
    [1, 2]
    """
    # Imported here, as most pipelines use no threads and this brings `logging` and `queue` with it.
    from concurrent.futures import Future, ThreadPoolExecutor

    mine: set[int] = set()
    pool = ThreadPoolExecutor(threads, "kx-pipeline", lambda: mine.add(threading.get_ident()))
    pending: collections.deque = collections.deque()
    try:
        while True:
            while tasks is not None and len(pending) < ahead:
                try:
                    task = next(tasks, None)
                except BaseException as error:
                    failed: Future = Future()
                    failed.set_exception(error)
                    pending.append(failed)
                    task = None
                if task is None:
                    tasks = None
                    break
                pending.append(pool.submit(task))
            if not pending:
                return
            yield pending.popleft().result()
    finally:
        pending.clear()
        # The garbage collector may have come here from one of the threads, which cannot wait for itself.
        pool.shutdown(wait=threading.get_ident() not in mine, cancel_futures=True)
