"""Nothing piles up: predictions, training steps, dropped models."""

import gc
import os
import pathlib
import weakref

import numpy as np
import pytest

import kx
from kx import layers
from kx_tensor.tensor import Tensor

STATM = pathlib.Path("/proc/self/statm")
on_linux = pytest.mark.skipif(not STATM.exists(), reason="reads the memory of the process from /proc")


def mlp():
    model = kx.Sequential([kx.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
    model.compile("adam", "mse")
    return model


def resident():
    """The memory that the process occupies, in bytes."""
    return int(STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def growth(run, times):
    """By how much `times` calls make the process grow, after some that fill the caches."""
    for _ in range(200):
        run()
    gc.collect()
    before = resident()
    for _ in range(times):
        run()
    return resident() - before


@on_linux
def test_ten_thousand_predictions_take_no_memory():
    model, x = mlp(), np.ones((32, 10), "float32")
    assert growth(lambda: model.predict(x, verbose=0), 10_000) < 2e6


@on_linux
def test_training_steps_take_no_memory():
    model, x, y = mlp(), np.ones((32, 10), "float32"), np.ones((32, 1), "float32")
    assert growth(lambda: model.train_on_batch(x, y), 3_000) < 2e6


def sequential():
    return mlp()


def functional():
    x = kx.Input((10,))
    return kx.Model(x, layers.Dense(1)(layers.Dropout(0.1)(layers.Dense(4)(x))))


def subclassed():
    class Own(kx.Model):
        def __init__(self):
            super().__init__()
            self.inner = layers.Dense(1)

        def call(self, x):
            return self.inner(x)

    return Own()


@pytest.mark.parametrize("make", [sequential, functional, subclassed])
def test_a_dropped_model_is_freed(make):
    model = make()
    model.compile("adam", "mse", metrics=["mae"])
    x, y = np.ones((8, 10), "float32"), np.ones((8, 1), "float32")
    history = model.fit(x, y, epochs=2, verbose=0)
    model.predict(x, verbose=0)
    parts = [weakref.ref(model), weakref.ref(model.layers[-1]), weakref.ref(model.weights[0])]
    del model, history
    gc.collect()
    assert [ref() for ref in parts] == [None, None, None]


@pytest.fixture
def tensors_alive():
    """How many more tensors are alive than at the start, with the garbage collector off."""

    def alive():
        return sum(type(thing) is Tensor for thing in gc.get_objects())

    gc.collect()
    gc.disable()
    before = alive()
    yield lambda: alive() - before
    gc.enable()


def branching(depth):
    """A functional model that adds to each of its layers' outputs what came in."""
    x = inputs = kx.Input((4,))
    for _ in range(depth):
        x = layers.add([x, layers.Dense(4)(x)])
    return kx.Model(inputs, x)


def test_a_prediction_of_a_graph_is_freed_without_the_garbage_collector(tensors_alive):
    model, x = branching(10), np.ones((8, 4), "float32")
    model.predict_on_batch(x)
    before = tensors_alive()
    model.predict_on_batch(x)
    assert tensors_alive() == before


def test_a_graph_keeps_no_value_longer_than_it_needs_it(tensors_alive):
    most = 0

    class Watch(layers.Layer):
        def call(self, x):
            nonlocal most
            most = max(most, tensors_alive())
            return x

    def watched(depth):
        nonlocal most
        most = 0
        model = branching(depth)
        kx.Model(model.inputs, Watch()(model.outputs[0])).predict_on_batch(np.ones((8, 4), "float32"))
        return most

    shallow = watched(3)
    assert watched(30) <= shallow


def test_the_tape_of_a_step_is_freed_without_the_garbage_collector():
    model, x, y = mlp(), np.ones((32, 10), "float32"), np.ones((32, 1), "float32")
    model.train_on_batch(x, y)
    gc.collect()
    gc.disable()
    try:
        for _ in range(20):
            model.train_on_batch(x, y)
        assert gc.collect() < 20  # a reference cycle per step would leave more
    finally:
        gc.enable()
