"""No pass over a pipeline leaves a thread behind, and errors come with where they arose."""

import gc
import subprocess
import sys
import threading
import time
import traceback

import numpy as np
import pytest

from kx_datasets import AUTOTUNE, Dataset


def failing(x):
    if x == 3:
        raise KeyError("no such picture")
    return x


def generator():
    yield from range(3)
    raise KeyError("no such file")


@pytest.fixture(autouse=True)
def nothing_left_running():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


PIPELINES = {
    "prefetch": lambda d: d.prefetch(2),
    "prefetch twice": lambda d: d.prefetch(2).map(lambda x: x + 1).prefetch(3),
    "map": lambda d: d.map(lambda x: x + 1, num_parallel_calls=3),
    "map auto": lambda d: d.map(lambda x: x + 1, AUTOTUNE).prefetch(AUTOTUNE),
    "batch": lambda d: d.prefetch(2).batch(2, num_parallel_calls=2).unbatch(),
    "shuffle and repeat": lambda d: d.prefetch(2).shuffle(3).repeat(3),
    "zip": lambda d: Dataset.zip((d.prefetch(2), d.prefetch(2).batch(1))),
    "concatenate": lambda d: d.prefetch(2).concatenate(d.prefetch(2)).cache(),
    "window": lambda d: d.prefetch(1).window(2).flat_map(lambda w: w.prefetch(1)),
    "interleave": lambda d: d.interleave(lambda x: Dataset.range(4).prefetch(1), 2, 3, AUTOTUNE),
}


@pytest.mark.parametrize("name", PIPELINES)
def test_after_the_end_a_break_an_exception_and_without_a_reference(name):
    dataset = PIPELINES[name](Dataset.range(20))
    assert list(dataset)
    for _ in dataset:
        break
    running = threading.active_count()
    with pytest.raises(ZeroDivisionError):
        for _ in dataset:
            1 / 0  # noqa: B018
    kept = iter(dataset)
    next(kept)
    kept.close()
    cycle = [iter(dataset)]
    cycle.append(cycle)
    next(cycle[0])
    del cycle
    gc.collect()
    assert threading.active_count() == running


@pytest.mark.parametrize("name", PIPELINES)
@pytest.mark.parametrize(
    ("source", "where"),
    [
        (lambda: Dataset.range(9).map(failing), "failing"),
        (lambda: Dataset.from_generator(generator), "generator"),
    ],
)
def test_an_error_comes_with_its_traceback_and_ends_the_threads(name, source, where):
    before = threading.active_count()
    with pytest.raises(KeyError, match="no such") as caught:
        list(PIPELINES[name](source()))
    assert where in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
    assert threading.active_count() == before  # while the traceback still holds the frames


def test_an_error_comes_at_its_turn():
    for dataset in (
        Dataset.range(9).map(failing, num_parallel_calls=4),
        Dataset.range(9).map(failing).map(lambda x: x, num_parallel_calls=4),
        Dataset.range(9).map(failing).prefetch(8),
    ):
        elements = iter(dataset)
        assert [int(next(elements)) for _ in range(3)] == [0, 1, 2]
        with pytest.raises(KeyError):
            next(elements)


def test_an_error_of_a_later_step_ends_the_threads_of_an_earlier_one():
    before = threading.active_count()
    with pytest.raises(ValueError, match="different shapes") as caught:
        list(Dataset.range(1, 5).map(np.arange).prefetch(1).batch(2))
    assert caught.value.__traceback__ is not None and threading.active_count() == before


def test_order_is_kept_and_calls_overlap():
    at_once = []
    running = set()

    def slow(x):
        running.add(int(x))
        at_once.append(len(running))
        time.sleep(0.002 * (5 - int(x) % 5))
        running.discard(int(x))
        return x

    found = Dataset.range(15).map(slow, num_parallel_calls=3, deterministic=False)
    assert [int(x) for x in found] == list(range(15))
    assert 1 < max(at_once) <= 3


def test_no_further_ahead_than_asked_for():
    made = []
    elements = iter(Dataset.range(50).map(lambda x: made.append(x) or x).prefetch(3))
    next(elements)
    time.sleep(0.05)
    assert len(made) <= 4
    elements.close()


def test_an_unfinished_pass_does_not_keep_the_interpreter():
    code = (
        "from kx_datasets import Dataset\n"
        "it = iter(Dataset.range(10**6).map(lambda x: x + 1, 2).prefetch(4))\nprint(next(it))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr, done.returncode) == ("1\n", "", 0)
