"""The pool of threads that loops share: when it starts, who may use it at once, and that a fork leaves it usable."""

import sys
import threading

import numpy as np
import pytest

import kx_kernels

linux = pytest.mark.skipif(sys.platform != "linux", reason="counts threads in /proc, or forks")
PRELUDE = """
import os, numpy as np, kx_kernels
from kx_kernels import sum_squares
small, large = (np.random.default_rng(0).random(n, "float32") for n in (1000, 3_000_000))
squares = lambda g: sum_squares([g], np.array([0, g.size]))[0]
threads = lambda: len(os.listdir("/proc/self/task"))
start = threads()
"""


@linux
@pytest.mark.parametrize("count", [1, 2, 4])
def test_only_large_work_starts_threads_and_starts_them_once(count, printed):
    code = (
        "squares(small); print(threads() - start)\n"
        "for _ in range(20): squares(large)\n"
        "print(threads() - start, kx_kernels.thread_count())"
    )
    assert printed(PRELUDE + code, count).split() == ["0", str(count - 1), str(count)]


@linux
def test_a_forked_child_has_threads_of_its_own(printed):
    code = (
        "squares(large)\n"
        "if os.fork():\n"
        "    _, status = os.wait()\n"
        "    print(os.waitstatus_to_exitcode(status), squares(large) > 0)\n"
        "else:\n"
        "    before = threads()\n"
        "    squares(large)\n"
        "    os._exit(threads() - before)"
    )
    assert printed(PRELUDE + code, 2).split() == ["1", "True"]


def test_several_python_threads_at_once():
    rng = np.random.default_rng(1)
    gradients = [rng.random(1_000_000 + i, "float32") for i in range(4)]
    expected = [kx_kernels.sum_squares([g], np.array([0, g.size]))[0] for g in gradients]
    found = [[] for _ in gradients]

    def work(i):
        for _ in range(20):
            found[i].append(kx_kernels.sum_squares([gradients[i]], np.array([0, gradients[i].size]))[0])

    before = kx_kernels.thread_count()
    kx_kernels.set_thread_count(3)
    try:
        workers = [threading.Thread(target=work, args=(i,)) for i in range(4)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        kx_kernels.set_thread_count(before)
    assert found == [[value] * 20 for value in expected]


def test_the_number_of_threads_can_be_set():
    before = kx_kernels.thread_count()
    kx_kernels.set_thread_count(3)
    try:
        assert kx_kernels.thread_count() == 3
    finally:
        kx_kernels.set_thread_count(before)
    with pytest.raises(ValueError, match="1 or more"):
        kx_kernels.set_thread_count(0)
