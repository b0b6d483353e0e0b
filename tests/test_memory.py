"""Memory: nothing grows with the number of calls, and a model that is dropped is freed."""

import gc
import os
import weakref

import numpy as np
import pytest

import kx
from kx import layers


def small_model():
    model = kx.Sequential([kx.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def resident_bytes():
    """The memory that the process holds now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


@pytest.mark.skipif(
    not os.path.exists("/proc/self/statm"), reason="reads the process's size from Linux's /proc"
)
def test_ten_thousand_predictions_do_not_grow_the_process():
    model, x = small_model(), np.ones((8, 10), "float32")
    for _ in range(500):
        model.predict(x, verbose=0)
    before = resident_bytes()
    for _ in range(10_000):
        model.predict(x, verbose=0)
    assert resident_bytes() - before < 2 * 1024**2


def test_a_dropped_model_is_freed():
    model = small_model()
    x = np.ones((64, 10), "float32")
    model.fit(x, x[:, :1], verbose=0)
    model.predict(x, verbose=0)
    kernel = weakref.ref(model.layers[0].kernel)
    model = weakref.ref(model)
    gc.collect()
    assert model() is None
    assert kernel() is None


def test_the_tape_is_freed_without_the_garbage_collector():
    model = small_model()
    x = kx.ops.convert_to_tensor(np.ones((64, 10), "float32"))
    model(x)
    gc.collect()
    gc.disable()
    try:
        node = weakref.ref(kx.ops.mean(model(x)))
        assert node() is None
    finally:
        gc.enable()
