"""The memory pool: reuse, limits, alignment, threads, and arrays that outlive it."""

import contextvars
import sys
import threading

import numpy as np
import pytest

from kx_kernels import pool_statistics, pooled, trim_pool


@pytest.fixture(autouse=True)
def empty_pool():
    trim_pool()
    yield
    trim_pool()


def test_steady_work_takes_nothing_fresh():
    def step():
        x = np.ones((300, 200), "float32")
        y = x @ x.T
        return float((y * 2).sum())

    with pooled():
        for _ in range(2):
            step()
        before = pool_statistics()
        for _ in range(10):
            step()
        after = pool_statistics()
    assert after["fresh"] == before["fresh"]
    assert after["reused"] > before["reused"]
    assert after["live_bytes"] == before["live_bytes"]


def test_steady_work_on_several_sizes_takes_nothing_fresh():
    def step():
        for n in (10_000, 20_000, 40_000):
            np.ones(n)

    with pooled():
        for _ in range(3):
            step()
        before = pool_statistics()["fresh"]
        step()
        assert pool_statistics()["fresh"] == before


def test_page_faults_stop():
    resource = pytest.importorskip("resource")
    with pooled():
        for _ in range(3):
            np.ones(2**20)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
        for _ in range(20):
            np.ones(2**20)
        faults = resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
    assert faults < 2**20 * 8 // 4096  # once through the array; without the pool twenty times


def test_arrays_outlive_the_block_and_the_contents_are_right():
    with pooled():
        a = np.arange(50_000.0)
        z = np.zeros(50_000)
    np.testing.assert_array_equal(a, range(50_000))
    assert not z.any()
    del a
    with pooled():
        assert not np.zeros(50_000).any()  # from memory that was used


def test_alignment():
    with pooled():
        assert all(np.empty(n, "uint8").ctypes.data % 64 == 0 for n in (2**14, 2**15 + 1, 10**6))


def test_what_is_kept_is_bounded_by_what_was_in_use():
    with pooled():
        for n in range(20_000, 60_000, 1_000):
            np.empty(n)
        found = pool_statistics()
    assert found["kept_bytes"] <= 2 * 60_000 * 8 * 1.2
    trim_pool()
    assert pool_statistics()["kept_bytes"] == 0


def test_resizing():
    with pooled():
        a = np.arange(10_000.0)
        a.resize(30_000, refcheck=False)
        assert a[:10_000].tolist() == list(range(10_000)) and not a[10_000:].any()
        a.resize(100, refcheck=False)
        assert a.tolist() == list(range(100))


def test_the_block_ends_and_nests():
    name = np._core.multiarray.get_handler_name
    outside = name()
    with pooled():
        with pooled():
            assert name() == "kx_pool"
        assert name() == "kx_pool"
    assert name() == outside
    with pytest.raises(RuntimeError), pooled():
        raise RuntimeError
    assert name() == outside
    with pooled():
        assert contextvars.Context().run(name) == outside


def test_threads_share_it():
    failures = []

    def work(seed):
        try:
            with pooled():
                for n in np.random.default_rng(seed).integers(2**11, 2**13, 300):
                    x = np.full(n, seed, "float64")
                    y = x + 1
                    assert x[0] == x[-1] == seed and y[n // 2] == seed + 1
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures
    assert pool_statistics()["live_bytes"] == 0


def test_arrays_may_be_freed_at_the_end_of_the_process():
    import subprocess

    code = "import numpy as np, kx_kernels\nwith kx_kernels.pooled(): x = np.ones(10**6)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
