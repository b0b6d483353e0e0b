"""Runs the tests that ask for `backend` once on plain NumPy and once with kernels, where they are installed."""

import pytest

from kx_tensor import device as devices

BACKENDS = ["numpy", *(["native"] if devices.kx_kernels is not None else [])]


@pytest.fixture(params=BACKENDS)
def backend(request, monkeypatch):
    """The name of the backend on which the test runs."""
    monkeypatch.setattr(devices.cpu, "kernels", None if request.param == "numpy" else request.param)
    return request.param


@pytest.fixture
def plain_numpy(monkeypatch):
    """The test runs without kernels."""
    monkeypatch.setattr(devices.cpu, "kernels", None)
