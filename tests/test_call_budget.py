"""The hot path is counted: how many Python functions one op, one layer, one training step may call.

Counts don't depend on the machine, so a change that makes every step of every model slower fails here.
"""

import sys

import numpy as np
import pytest

from kx_layers.dense import Dense
from kx_layers.input_layer import Input
from kx_models import Sequential
from kx_tensor import device as devices
from kx_tensor import ops
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


def python_calls(function, repeats=20):
    """The Python functions that `function()` calls, by name with their number, after a warm-up."""
    for _ in range(3):
        function()
    counts = {}

    def count(frame, event, _):
        if event == "call":
            code = frame.f_code
            name = f"{code.co_filename.rpartition('/')[2]}:{code.co_qualname}"
            counts[name] = counts.get(name, 0) + 1

    sys.setprofile(count)
    try:
        for _ in range(repeats):
            function()
    finally:
        sys.setprofile(None)
    return {name: n / repeats for name, n in counts.items()}


def assert_within(budget, function):
    counts = python_calls(function)
    total = sum(counts.values()) - 1  # the call of `function` itself
    listing = "\n".join(f"{n:6.2f}  {name}" for name, n in sorted(counts.items(), key=lambda item: -item[1]))
    assert total <= budget, f"{total:.1f} Python calls, at most {budget} are allowed:\n{listing}"


@pytest.fixture(autouse=True)
def plain_numpy(monkeypatch):
    """Counted on plain NumPy, whether or not kernels are installed."""
    monkeypatch.setattr(devices.cpu, "kernels", None)


def test_one_op():
    x = Tensor(np.ones((4, 3), "float32"))
    assert_within(4, lambda: ops.add(x, x))  # __call__, _run, forward, Tensor


def test_one_recorded_op():
    x, v = Tensor(np.ones((4, 3), "float32")), Variable(np.ones((3,), "float32"))
    assert_within(6, lambda: ops.multiply(x, v))  # ... the plan of what to keep, and the node


def test_one_dense_layer_in_training():
    layer = Dense(5, activation="relu")
    x = Tensor(np.ones((4, 3), "float32"))
    layer(x)
    assert_within(8, lambda: layer(x))


def two_layer_mlp(optimizer, eagerly=False):
    model = Sequential([Input((10,)), Dense(16, activation="relu"), Dense(1)])
    model.compile(optimizer, "mse", run_eagerly=eagerly)
    rng = np.random.default_rng(0)
    return model, rng.random((32, 10), "float32"), rng.random((32, 1), "float32")


@pytest.mark.parametrize("optimizer, budget", [("sgd", 98), ("adam", 100)])
def test_train_on_batch_of_a_two_layer_mlp_run_eagerly(optimizer, budget):
    model, x, y = two_layer_mlp(optimizer, eagerly=True)
    assert_within(budget, lambda: model.train_on_batch(x, y))


@pytest.mark.parametrize("optimizer, budget", [("sgd", 62), ("adam", 64)])
def test_train_on_batch_of_a_two_layer_mlp_replayed(optimizer, budget):
    model, x, y = two_layer_mlp(optimizer)
    for _ in range(4):  # what comes before the replay: two eager steps, two captures
        model.train_on_batch(x, y)
    assert_within(budget, lambda: model.train_on_batch(x, y))


@pytest.mark.skipif(devices.kx_kernels is None, reason="kx-kernels is not built")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_train_on_batch_of_a_two_layer_mlp_replayed_with_kernels(optimizer, monkeypatch):
    monkeypatch.setattr(devices.cpu, "kernels", "native")
    model, x, y = two_layer_mlp(optimizer)
    for _ in range(4):
        model.train_on_batch(x, y)
    assert_within(53, lambda: model.train_on_batch(x, y))


def test_predict_of_one_batch():
    model, x, _ = two_layer_mlp("sgd")
    assert_within(27, lambda: model.predict(x, verbose=0))
