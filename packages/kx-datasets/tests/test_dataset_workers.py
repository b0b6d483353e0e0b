"""Batches prepared ahead: in order, bounded, with the worker's error, and nothing left running."""

import itertools
import multiprocessing
import os
import sys
import threading
import time
import traceback

import pytest

from kx_datasets import PyDataset, ordered_batches

MODULE = """
import os
import time

from kx_datasets import PyDataset


class Squares(PyDataset):
    def __len__(self):
        return 6

    def __getitem__(self, index):
        return index * index, os.getpid()


class Failing(Squares):
    def __getitem__(self, index):
        if index == 2:
            raise KeyError("no such picture")
        return index


class Dying(Squares):
    def __getitem__(self, index):
        os._exit(3)


class Unreadable(Squares):
    def __setstate__(self, state):
        raise OSError("no such folder")
"""


class Slow(PyDataset):
    """Earlier batches take longer, so that they would come last if order were not kept."""

    def __init__(self, count=8, fail_at=None, **kwargs):
        super().__init__(**kwargs)
        self.count, self.fail_at, self.started = count, fail_at, []

    def __len__(self):
        return self.count

    def __getitem__(self, index):
        self.started.append(index)
        time.sleep(0.002 * (self.count - index % self.count))
        if index == self.fail_at:
            raise KeyError("no such picture")
        return index


@pytest.fixture(autouse=True)
def nothing_left_running():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before
    assert multiprocessing.active_children() == []


@pytest.fixture
def in_processes(tmp_path, monkeypatch):
    """A module that spawned processes can import."""
    (tmp_path / "kx_picture_batches.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    import kx_picture_batches

    yield kx_picture_batches
    monkeypatch.delitem(sys.modules, "kx_picture_batches")


@pytest.mark.parametrize("workers", [0, 1, 2, 5])
@pytest.mark.parametrize("indices", [None, [3, 0, 3, 7], []])
def test_order(workers, indices):
    with ordered_batches(Slow(workers=workers), indices) as batches:
        assert list(batches) == (list(range(8)) if indices is None else indices)
        assert next(batches, "end") == "end"


@pytest.mark.parametrize("workers", [1, 3])
def test_an_endless_dataset_is_read_only_so_far_ahead(workers):
    class Endless(Slow):
        num_batches = None

    dataset = Endless(workers=workers, max_queue_size=2)
    with ordered_batches(dataset) as batches:
        assert list(itertools.islice(batches, 5)) == [0, 1, 2, 3, 4]
        time.sleep(0.1)
        assert len(dataset.started) == (5 if workers == 1 else 7)


def test_one_worker_reads_in_the_callers_thread_and_no_earlier_than_asked():
    dataset = Slow(workers=1)
    with ordered_batches(dataset) as batches:
        assert dataset.started == []
        next(batches)
        assert dataset.started == [0]


@pytest.mark.parametrize("workers", [1, 3])
def test_an_error_comes_at_its_turn_with_its_traceback(workers):
    seen = []
    with (
        pytest.raises(KeyError, match="no such picture") as caught,
        ordered_batches(Slow(fail_at=2, workers=workers)) as batches,
    ):
        seen.extend(batches)
    assert "in __getitem__" in "".join(traceback.format_exception(caught.value))


def test_threads_end_with_the_block_however_it_ends():
    for end in (KeyboardInterrupt, ZeroDivisionError):
        with pytest.raises(end), ordered_batches(Slow(workers=3)) as batches:
            assert any(thread.name.startswith("kx-batches") for thread in threading.enumerate())
            next(batches)
            raise end
        assert not any(thread.name.startswith("kx-batches") for thread in threading.enumerate())


@pytest.mark.parametrize("workers", [1, 2])
def test_outside_of_a_block(workers):
    batches = ordered_batches(Slow(workers=workers))
    with pytest.raises(RuntimeError, match="use `with ordered_batches"):
        next(batches)
    with batches:
        next(batches)
    with pytest.raises(RuntimeError, match="outside of their block"):
        next(batches)


def test_queue_size_is_checked():
    with pytest.raises(ValueError, match="max_queue_size of at least 1, got 0"):
        ordered_batches(Slow(workers=2, max_queue_size=0))


def test_a_bad_order_of_indices_ends_the_threads():
    def indices():
        yield 0
        raise ValueError("bad order")

    with pytest.raises(ValueError, match="bad order"), ordered_batches(Slow(workers=2), indices()):
        raise AssertionError("the block must not begin")


def test_processes_give_batches_in_order(in_processes):
    dataset = in_processes.Squares(workers=2, use_multiprocessing=True, max_queue_size=3)
    with ordered_batches(dataset, [5, 1, 4]) as batches:
        values, pids = zip(*batches, strict=True)
    assert values == (25, 1, 16) and os.getpid() not in pids


def test_an_error_in_a_process_has_its_traceback(in_processes):
    dataset = in_processes.Failing(workers=1, use_multiprocessing=True)
    with pytest.raises(KeyError, match="no such picture") as caught, ordered_batches(dataset) as batches:
        assert [next(batches), next(batches)] == [0, 1]
        next(batches)
    text = "".join(traceback.format_exception(caught.value))
    assert "kx_picture_batches.py" in text and "in __getitem__" in text


def test_a_process_that_dies_is_explained(in_processes):
    dataset = in_processes.Dying(workers=1, use_multiprocessing=True)
    with pytest.raises(RuntimeError, match="process ended.*__main__"), ordered_batches(dataset) as batches:
        next(batches)


def test_a_dataset_that_a_process_cannot_read(in_processes):
    dataset = in_processes.Unreadable(workers=1, use_multiprocessing=True)
    with pytest.raises(OSError, match="no such folder"), ordered_batches(dataset) as batches:
        next(batches)


def test_a_dataset_that_cannot_be_sent_to_a_process():
    dataset = Slow(workers=1, use_multiprocessing=True)
    dataset.lock = threading.Lock()
    with pytest.raises(TypeError, match="Slow cannot be pickled.*threads"), ordered_batches(dataset):
        raise AssertionError("the block must not begin")
