"""Devices: where arrays live and which kernels run on them. The only file that imports cupy."""

import contextlib
import os
import threading

import numpy as np

try:
    import kx_kernels
except ImportError:  # no wheel and no compiler: everything works on plain NumPy
    kx_kernels = None

# A context in which new arrays reuse the memory of old ones, for loops over batches.
pooled = contextlib.nullcontext if kx_kernels is None else kx_kernels.pooled

BACKENDS = ("native", "numpy", "cupy")


class Device:
    """A place for arrays: `name` ("cpu", "cuda:0"), the array module `xp`, and the name of the kernels in use.

    `kernels` is the key under which primitives look for kernels ("native", "cuda"), or None for plain `xp` code.
    """

    __slots__ = ("kernels", "kind", "name", "xp", "raw_ops")

    def __init__(self, name, xp, kernels=None):
        self.name = name
        self.kind = name.partition(":")[0]
        self.xp = xp
        self.kernels = kernels
        self.raw_ops = None  # the op namespace of plain backward passes, made by kx_tensor.primitive

    def __reduce__(self):
        return get, (self.name,)

    def asarray(self, value, dtype=None):
        """Return `value` (a NumPy array, a number, nested lists) as a raw array of this device."""
        return self.xp.asarray(value, dtype=dtype)

    def to_numpy(self, array):
        """Return a raw array of this device as a NumPy array (shared memory on the CPU)."""
        if self.xp is np:
            return np.asarray(array)
        return self.xp.asnumpy(array)

    def __repr__(self):
        return f"<Device {self.name}>"


class _Current(threading.local):
    device = None


cpu = Device("cpu", np, kernels="native" if kx_kernels is not None else None)
_devices = {"cpu": cpu}
_current = _Current()
_default = {"device": cpu}


def get(name):
    """Return the Device called `name`; "gpu" and "cuda" mean "cuda:0".

    >>> get("cpu")
    <Device cpu>
    """
    if isinstance(name, Device):
        return name
    key = {"gpu": "cuda:0", "cuda": "cuda:0", "cpu:0": "cpu"}.get(name.lower(), name.lower())
    key = key.replace("gpu:", "cuda:")
    if key not in _devices:
        if not key.startswith("cuda:"):
            raise ValueError(
                f"Unknown device {name!r}. Known: {', '.join(_devices)}, and 'cuda:N' with CuPy."
            )
        _devices[key] = _cuda(key)
    return _devices[key]


def _cuda(name):
    try:
        import cupy
    except ImportError as error:
        raise ImportError(
            f"Device {name!r} needs CuPy, which is not installed: pip install 'kx-tensor[cuda]'."
        ) from error
    count = _count_gpus(cupy)
    if int(name.partition(":")[2]) >= count:
        raise RuntimeError(f"Device {name!r} is not there: CuPy sees {count} GPU(s).")
    return Device(name, cupy)


def _count_gpus(cupy):
    try:
        return cupy.cuda.runtime.getDeviceCount()
    except cupy.cuda.runtime.CUDARuntimeError:
        return 0


def add(new_device):
    """Make a Device known by its name (the tests add their stand-in for a GPU this way)."""
    _devices[new_device.name] = new_device
    return new_device


def current():
    """Return the device on which new tensors are made.

    >>> current()
    <Device cpu>
    """
    return _current.device or _default["device"]


class device:
    """Make new tensors on device `name` inside the `with` block.

    >>> with device("cpu"):
    ...     print(current())
    <Device cpu>
    """

    def __init__(self, name):
        self.device = get(name)

    def __enter__(self):
        self.previous = _current.device
        _current.device = self.device
        return self.device

    def __exit__(self, *exc):
        _current.device = self.previous


def backend():
    """Return the backend in use: "native" (NumPy and kx-kernels), "numpy" or "cupy".

    >>> backend() in BACKENDS
    True
    """
    default = _default["device"]
    if default.kind == "cuda":
        return "cupy"
    return "native" if cpu.kernels else "numpy"


def set_backend(backend):
    """Choose the backend for new tensors: "native", "numpy" or "cupy"."""
    if backend not in BACKENDS:
        raise ValueError(f"Unknown backend {backend!r}. Expected one of {', '.join(BACKENDS)}.")
    if backend == "native" and kx_kernels is None:
        raise ImportError("Backend 'native' needs the package kx-kernels: pip install kx-kernels.")
    cpu.kernels = "native" if backend == "native" else None
    _default["device"] = get("cuda:0") if backend == "cupy" else cpu


if os.environ.get("KX_BACKEND"):
    set_backend(os.environ["KX_BACKEND"])
