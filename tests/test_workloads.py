"""The measured workloads are Keras's models: the number of weights is Keras's, and they train."""

import numpy as np
import pytest

import kx
from workloads import WORKLOADS

# As Keras counts them.
WEIGHTS = {
    "small_sgd": 193, "small_adam": 193, "mlp_sgd": 669706, "mlp_adam": 669706, "cnn": 1199882,
    "lstm": 2691713, "lstm_plain": 2691713, "gru": 2659201, "resnet": 274042, "transformer": 2966913,
}  # fmt: skip


@pytest.mark.parametrize("name", WORKLOADS)
def test_workload(name):
    workload = WORKLOADS[name]
    model = workload.compiled(kx)
    assert model.count_params() == WEIGHTS[name]
    x, y = workload.data(4)
    losses = [model.train_on_batch(x, y) for _ in range(2)]
    assert np.isfinite(losses).all()
    assert model.predict_on_batch(x[:1]).shape == (1, y.shape[1])
