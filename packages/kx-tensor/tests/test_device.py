"""Devices: choice, scopes, moving tensors, mixing refused, backends."""

import threading

import numpy as np
import pytest

from kx_tensor import Variable, device, ops
from kx_tensor.gradients import gradients
from kx_tensor.standin import standin


def test_names():
    assert device.get("cpu") is device.cpu
    assert device.get("CPU:0") is device.cpu
    assert device.get(device.cpu) is device.cpu
    assert device.get("standin") is standin
    assert (device.cpu.kind, repr(device.cpu)) == ("cpu", "<Device cpu>")
    with pytest.raises(ValueError, match=r"Unknown device 'tpu:0'. Known: cpu"):
        device.get("tpu:0")


@pytest.mark.parametrize("name", ["gpu:99", "cuda:99"])
def test_a_gpu_that_is_not_there(name):
    with pytest.raises((ImportError, RuntimeError), match=r"cuda:99.*(not there|needs CuPy)"):
        device.get(name)


def test_scope_decides_where_new_tensors_are():
    with device.device("standin") as chosen:
        assert device.current() is chosen is standin
        x = ops.zeros((2,))
        with device.device("cpu"):
            assert ops.zeros((2,)).device is device.cpu
        v = Variable([1.0, 2.0])
        assert (x.device, v.device, ops.convert_to_tensor([1.0]).device) == (standin,) * 3
    assert device.current() is device.cpu
    assert (v + 1.0).device is standin, "results stay where their inputs are"


def test_scopes_belong_to_their_thread():
    seen = []
    with device.device("standin"):
        thread = threading.Thread(target=lambda: seen.append(device.current()))
        thread.start()
        thread.join()
    assert seen == [device.cpu]


def test_a_scope_closes_on_errors():
    with pytest.raises(RuntimeError), device.device("standin"):
        raise RuntimeError
    assert device.current() is device.cpu


def test_moving_is_explicit():
    x = ops.convert_to_tensor([1.0, 2.0])
    y = x.to("standin")
    assert (y.device, y.to("cpu").numpy().tolist(), x.to("cpu") is x) == (standin, [1.0, 2.0], True)
    assert "device=standin" in repr(y)


@pytest.mark.parametrize(
    "mix", [lambda a, b: a + b, lambda a, b: ops.concatenate([a, b]), lambda a, b: ops.where(a > 0, a, b), lambda a, b: ops.add(a, Variable([1.0]) if b.device is device.cpu else b)]
)  # fmt: skip
def test_mixing_devices_names_the_fix(mix):
    here, there = ops.convert_to_tensor([1.0]), ops.convert_to_tensor([1.0]).to("standin")
    with pytest.raises(
        ValueError, match=r"different devices \(.*standin.*\)\. Move one with `x\.to\('cpu'\)`"
    ):
        mix(here, there)


def test_arrays_and_numbers_go_to_the_device_of_the_tensor():
    there = ops.convert_to_tensor([1.0]).to("standin")
    assert (there + np.ones(1, "float32")).device is standin
    assert (there * 2).device is standin


def test_gradients_stay_on_their_device():
    with device.device("standin"):
        v = Variable([1.0, 2.0])
    (g,) = gradients((v * v).sum(), [v])
    assert (g.device, g.numpy().tolist()) == (standin, [2.0, 4.0])


def test_assigning_moves_the_value():
    with device.device("standin"):
        v = Variable([0.0])
    v.assign(ops.convert_to_tensor([3.0]))
    assert (v.device, v.numpy().tolist()) == (standin, [3.0])


@pytest.fixture
def restore_backend():
    before = device.backend()
    yield
    device.set_backend(before)


def test_backends(restore_backend):
    assert device.backend() in device.BACKENDS
    device.set_backend("numpy")
    assert (device.backend(), device.cpu.kernels) == ("numpy", None)
    if device.kx_kernels is not None:
        device.set_backend("native")
        assert (device.backend(), device.cpu.kernels) == ("native", "native")
    with pytest.raises(ValueError, match="Unknown backend 'jax'. Expected one of native, numpy, cupy"):
        device.set_backend("jax")


class TestStandin:
    """The stand-in refuses what CuPy refuses."""

    @pytest.fixture
    def array(self):
        return standin.xp.asarray(np.arange(3.0))

    def test_no_implicit_conversion(self, array):
        with pytest.raises(TypeError, match="Implicit conversion"):
            np.asarray(array)
        assert standin.to_numpy(array).tolist() == [0.0, 1.0, 2.0]

    def test_no_mixing_with_host_arrays(self, array):
        for mix in (
            lambda: standin.xp.add(array, np.ones(3)),
            lambda: array + np.ones(3),
            lambda: np.ones(3) + array,
            lambda: np.add(array, 1),
        ):
            with pytest.raises(TypeError):
                mix()

    def test_no_iteration(self, array):
        with pytest.raises(TypeError, match="Iterating"):
            list(array)

    def test_reductions_give_arrays(self, array):
        assert type(array.sum()) is type(array)
        assert array.sum().shape == ()
