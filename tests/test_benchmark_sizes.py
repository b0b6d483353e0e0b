"""Every kernel is measured, at sizes that it takes; the floor of a step counts what the step does."""

import numpy as np
import pytest

from floor import Profile, copy_rate, flops_of, product_rate, sizes_of
from kernel_sizes import SIZES, Call, with_kernels
from kx_tensor import device as devices
from kx_tensor.backward import backward
from kx_tensor.capture import recording
from kx_tensor.primitive import PRIMITIVES

needs_kernels = pytest.mark.skipif(devices.kx_kernels is None, reason="kx-kernels is not installed")


class Calls(Profile):
    """A Profile that keeps the functions it was told of."""

    def __init__(self):
        super().__init__([])
        self.functions = []

    def call(self, function, *args, **kwargs):
        self.functions.append(function)
        return super().call(function, *args, **kwargs)


@needs_kernels
def test_every_primitive_with_kernels_has_sizes():
    assert set(with_kernels()) == set(SIZES)


@needs_kernels
@pytest.mark.parametrize(
    "name, case", [pytest.param(n, c, id=f"{n} {c}") for n, cases in SIZES.items() for c in cases]
)
def test_a_kernel_takes_them(name, case):
    kernels = {
        function for forward, back, _ in PRIMITIVES[name].kernels["native"] for function in (forward, back)
    }
    with recording(Calls()) as calls:
        node, g = Call(name, case, "kernel").end()
        if node is not None:
            backward([node], [g])
    assert kernels & set(calls.functions)


def test_flops_and_bytes_of_a_dense_layer():
    x, kernel, out = np.ones((4, 3), "float32"), np.ones((3, 2), "float32"), np.ones((4, 2), "float32")
    profile = Profile([x])
    profile.call(PRIMITIVES["dense"].forward, np, x, kernel, activation=None)
    assert flops_of(PRIMITIVES["dense"], (x, kernel), {}) == 2 * 4 * 3 * 2
    assert profile.flops == 2 * 2 * 4 * 3 * 2  # no gradient of the data
    assert sorted(profile.sizes) == sorted([x.nbytes, kernel.nbytes, out.nbytes])


@pytest.mark.parametrize(
    "x, kernel, strides, flops",
    [
        ((1, 5, 5, 2), (3, 3, 2, 4), 1, 2 * 3 * 3 * (3 * 3 * 2) * 4),
        ((1, 5, 5, 2), (3, 3, 2, 4), 2, 2 * 2 * 2 * (3 * 3 * 2) * 4),
        ((2, 5, 4), (2, 2, 6), 1, 2 * 2 * 4 * (2 * 2) * 6),  # two groups
    ],
)
def test_flops_of_convolutions_are_those_of_their_places(x, kernel, strides, flops):
    arrays = np.ones(x, "float32"), np.ones(kernel, "float32")
    assert flops_of(PRIMITIVES["convolution"], arrays, {"strides": strides}) == flops


def test_of_a_table_only_the_rows_count_that_are_read():
    table, ids, out = np.ones((1000, 2), "float32"), np.ones(3, "int32"), np.ones((3, 2), "float32")
    assert sizes_of(PRIMITIVES["embedding"], table, [ids, out]) == [out.nbytes, ids.nbytes, out.nbytes]


def test_rates_are_plausible():
    assert 1e9 < product_rate() < 1e14
    assert 1e8 < copy_rate(2**20) < 1e13
