"""Models with embeddings train alike whether the gradients of their tables are rows or arrays."""

import numpy as np
import pytest

import kx_optimizers
from kx_layers.dense import Dense
from kx_layers.embedding import Embedding
from kx_layers.global_pooling import GlobalAveragePooling1D
from kx_layers.input_layer import Input
from kx_models import Sequential
from kx_tensor import RowSparse
from kx_tensor import device as devices

pytestmark = pytest.mark.skipif(devices.kx_kernels is None, reason="kx-kernels is not built")

OPTIMIZERS = {
    "sgd": lambda: kx_optimizers.SGD(0.5),
    "sgd with momentum": lambda: kx_optimizers.SGD(0.1, momentum=0.9),
    "sgd with decay": lambda: kx_optimizers.SGD(0.5, weight_decay=0.1),
    "adagrad": lambda: kx_optimizers.Adagrad(0.5),
    "adam": lambda: kx_optimizers.Adam(0.05),
    "clipped by norm": lambda: kx_optimizers.SGD(0.5, clipnorm=0.01),
    "clipped by global norm": lambda: kx_optimizers.Adam(0.05, global_clipnorm=0.01),
    "clipped by value": lambda: kx_optimizers.SGD(0.5, clipvalue=0.001),
    "accumulating": lambda: kx_optimizers.SGD(0.5, gradient_accumulation_steps=2),
    "averaging": lambda: kx_optimizers.SGD(0.5, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
}
TABLES = {
    "plain": {},
    "regularized": {"embeddings_regularizer": "l2"},
    "constrained": {"embeddings_constraint": "unit_norm"},
    "masked": {"mask_zero": True},
}


def trained(kernels, optimizer, table, monkeypatch):
    """The weights after some epochs, and how often the optimizer was given rows."""
    monkeypatch.setattr(devices.cpu, "kernels", kernels)
    rng = np.random.default_rng(0)
    weights = rng.normal(size=(50, 4)).astype("float32") * 0.1
    model = Sequential(
        [Input((3,), dtype="int32"), Embedding(50, 4, weights=[weights], **TABLES[table]),
         GlobalAveragePooling1D(), Dense(1, kernel_initializer="ones")]
    )  # fmt: skip
    optimizer = OPTIMIZERS[optimizer]()
    model.compile(optimizer, "mse")
    given, apply = [], optimizer.apply
    monkeypatch.setattr(
        optimizer, "apply", lambda grads, *v: given.append(grads) or apply(grads, *v), raising=False
    )
    ids, y = rng.integers(0, 50, (40, 3)).astype("int32"), rng.normal(size=(40, 1)).astype("float32")
    model.fit(ids, y, batch_size=8, epochs=2, shuffle=False, verbose=0)
    return model.get_weights(), sum(type(g) is RowSparse for grads in given for g in grads)


@pytest.mark.parametrize("table", TABLES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_rows_and_arrays_train_alike(optimizer, table, monkeypatch):
    native, rows = trained("native", optimizer, table, monkeypatch)
    plain, none = trained(None, optimizer, table, monkeypatch)
    assert (rows, none) == (0 if table == "regularized" else 10, 0)
    for a, b in zip(native, plain, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)
