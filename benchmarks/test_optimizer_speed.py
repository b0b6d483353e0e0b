"""The update of 670 000 weights by each optimizer that has a kernel, with it and with NumPy. Run: hatch run bench."""

import numpy as np
import pytest

import kx_optimizers
from floor import least_seconds, update_sizes
from kx_tensor import device as devices
from kx_tensor.variable import Variable

SHAPES = (784, 512), (512,), (512, 512), (512,), (512, 10), (10,)  # of workload "mlp"
OPTIMIZERS = {
    name: kind for name, kind in vars(kx_optimizers).items() if hasattr(getattr(kind, "step", None), "kernel")
}


@pytest.mark.parametrize("implementation", ["kernel", "numpy"])
@pytest.mark.parametrize("name", OPTIMIZERS)
def test_update(benchmark, monkeypatch, name, implementation):
    monkeypatch.setattr(devices.cpu, "kernels", "native" if implementation == "kernel" else None)
    weights = [Variable(np.ones(shape, "float32")) for shape in SHAPES]
    grads = [np.full(shape, 1e-3, "float32") for shape in SHAPES]
    optimizer = OPTIMIZERS[name]()
    optimizer.apply(grads, weights)
    benchmark.group = f"{name} update"
    benchmark.extra_info.update(
        implementation=implementation, floor=least_seconds(0, update_sizes(optimizer, grads, weights))
    )
    benchmark(optimizer.apply, grads, weights)
