"""Each kernel, the NumPy code that it stands for, and the composition of operations. Run: hatch run bench.

`extra_info` says how long the work takes at least (benchmarks/floor.py); benchmarks/kernel_table.py makes a table.
"""

import pytest

from kernel_sizes import SIZES, Call, with_kernels
from kx_tensor import device as devices
from kx_tensor.backward import backward
from kx_tensor.primitive import PRIMITIVES

CALLS = [
    pytest.param(name, case, implementation, id=f"{name}-{case}-{implementation}".replace(" ", "-"))
    for name in with_kernels()
    for case in SIZES[name]
    for implementation in ("kernel", "numpy", "twin")
    if implementation != "twin" or PRIMITIVES[name].like is not None
]


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("name, case, implementation", CALLS)
def test_kernel(benchmark, monkeypatch, name, case, implementation, direction):
    call = Call(name, case, implementation)
    monkeypatch.setattr(devices.cpu, "kernels", call.kernels)
    node, g = call.end()
    if direction == "backward" and node is None:
        pytest.skip("has no gradient")
    benchmark.group = f"{name} {case} {direction}"
    benchmark.extra_info.update(implementation=implementation, floor=call.floor(direction))
    with devices.pooled():
        benchmark(call.forward if direction == "forward" else lambda: backward([node], [g]))
