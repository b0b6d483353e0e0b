"""Runs the tests that ask for `backend` once per backend: plain NumPy, NumPy with kernels, the stand-in device."""

import pytest

from kx_tensor import device as devices
from kx_tensor.standin import standin

BACKENDS = ["numpy", "standin"] + (["native"] if devices.kx_kernels is not None else [])


@pytest.fixture(params=BACKENDS)
def backend(request):
    """The name of the backend on which the test runs."""
    kernels = devices.cpu.kernels
    devices.cpu.kernels = "native" if request.param == "native" else None
    try:
        with devices.device(standin if request.param == "standin" else "cpu"):
            yield request.param
    finally:
        devices.cpu.kernels = kernels
