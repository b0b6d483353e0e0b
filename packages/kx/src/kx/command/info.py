"""Print what kx runs on here: versions, backend, kernels and their level, BLAS, threads."""

import importlib.metadata
import json
import platform

from kx_tensor import config, device

_DISTRIBUTIONS = (
    "kx", "kx-io", "kx-tensor", "kx-losses", "kx-optimizers", "kx-layers", "kx-datasets", "kx-models", "kx-kernels",
    "numpy", "ml_dtypes", "scipy-openblas32", "cupy-cuda13x", "h5py", "pyyaml",
)  # fmt: skip


def add_arguments(parser):
    """Declare the arguments of `kx info`.

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["--json"]).json
    True
    """
    parser.add_argument("--json", action="store_true", help="print it as JSON")


def execute(options):
    """Print the facts, one a line, or as JSON."""
    found = facts()
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    for name, value in found.items():
        if isinstance(value, dict):
            value = ", ".join(f"{k} {v}" for k, v in value.items())
        print(f"{name + ':':<12} {value}")
    return 0


def facts():
    """Return what `kx info` prints.

    >>> facts()["backend"] in ("native", "numpy", "cupy")
    True
    """
    kernels = device.kx_kernels
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "backend": device.backend(),
        "kernels": "none (kx-kernels is not installed)" if kernels is None else f"x86-64-{kernels.level}",
        "blas": "NumPy's" if kernels is None else "OpenBLAS of scipy-openblas32, called from the kernels",
        "threads": 1 if kernels is None else kernels.thread_count(),
        "floatx": config.floatx(),
        "images": config.image_data_format(),
        "versions": {name: v for name in _DISTRIBUTIONS if (v := _version(name)) is not None},
    }


def _version(distribution):
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None
