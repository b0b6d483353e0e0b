"""Layers of the user's that make tensors of sizes from `ops.shape`, which are None while the model is made."""

import numpy as np
import pytest

from kx_layers import Input, Layer
from kx_tensor import ops, random

X = np.arange(12.0, dtype="float32").reshape(3, 4)
CASES = {
    "zeros": (lambda x: x + ops.zeros(ops.shape(x)), (None, 4)),
    "ones": (lambda x: x * ops.ones((ops.shape(x)[0], 1)), (None, 4)),
    "full": (lambda x: ops.full((ops.shape(x)[0], 2), 3.0), (None, 2)),
    "broadcast_to": (lambda x: ops.broadcast_to(ops.ones((1, 4)), ops.shape(x)), (None, 4)),
    "tile": (lambda x: ops.tile(ops.ones((1, 4)), (ops.shape(x)[0], 2)), (None, 8)),
    "reshape": (lambda x: ops.reshape(x, (ops.shape(x)[0], -1, 2)), (None, 2, 2)),
    "normal": (lambda x: x + random.normal(shape=ops.shape(x)), (None, 4)),
    "uniform": (lambda x: random.uniform((ops.shape(x)[0], 5), -1.0, 1.0, "float64"), (None, 5)),
    "randint": (lambda x: random.randint((ops.shape(x)[0],), 0, 5), (None,)),
    "gamma": (lambda x: random.gamma(ops.shape(x), 2.0), (None, 4)),
}


@pytest.mark.parametrize("name", CASES)
def test_shapes_without_and_with_a_batch(name):
    function, shape = CASES[name]

    class Made(Layer):
        def call(self, x):
            return function(x)

    layer = Made()
    symbolic, real = layer(Input((4,))), layer(X)
    assert symbolic.shape == shape
    assert real.shape == (3, *shape[1:]) and real.dtype == symbolic.dtype


def test_the_sampling_layer_of_a_variational_autoencoder():
    class Sampling(Layer):
        def __init__(self, **kwargs):
            super().__init__(**kwargs)
            self.seed_generator = random.SeedGenerator(1337)

        def call(self, inputs):
            mean, log_var = inputs
            size = ops.shape(mean)
            noise = random.normal(shape=(size[0], size[1]), seed=self.seed_generator)
            return mean + ops.exp(0.5 * log_var) * noise

    layer = Sampling()
    assert layer([Input((2,)), Input((2,))]).shape == (None, 2)
    first, second = (layer([np.zeros((3, 2)), np.zeros((3, 2))]).numpy() for _ in range(2))
    assert first.shape == (3, 2) and not np.array_equal(first, second)
