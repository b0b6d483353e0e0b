"""The compiled module for this CPU, told where the BLAS library lies."""

import importlib
import importlib.util
import os
from pathlib import Path

try:
    from kx_kernels import levels
except ImportError:  # installed without its extension
    levels = None

_WITHOUT_EXTENSION = (
    "kx_kernels is installed without its compiled extension, because no working C++17 compiler was found. kx runs "
    "on its numpy backend. To get the kernels: install a compiler, then `python -m pip install --force-reinstall "
    "--no-cache-dir kx-kernels`."
)
_LEVELS = ("v4", "v3", "v2")  # each runs what those after it run


def load():
    """Import the module of the highest level that is built and that the CPU runs; `KX_KERNELS_LEVEL` chooses another.

    Raises ImportError where there is none, or no BLAS library.

    >>> hasattr(load(), "thread_count")
    True
    """
    if levels is None:
        raise ImportError(_WITHOUT_EXTENSION)
    best = levels.best()
    wanted = os.environ.get("KX_KERNELS_LEVEL") or best
    for level in _LEVELS[_LEVELS.index(wanted) :] if wanted in _LEVELS else (wanted,):
        if importlib.util.find_spec(f"kx_kernels.native_{level}") is not None:
            module = importlib.import_module(f"kx_kernels.native_{level}")
            module.set_blas_path(blas_library())
            module.level = level
            return module
    raise ImportError(f"kx_kernels: no extension for level {wanted!r} is built (the CPU runs {best!r}).")


def blas_library():
    """Return the path of OpenBLAS in the package scipy-openblas32, which is not imported: that would cost more.

    >>> Path(blas_library()).exists()
    True
    """
    spec = importlib.util.find_spec("scipy_openblas32")
    for folder in [] if spec is None else spec.submodule_search_locations:
        for path in sorted(Path(folder, "lib").glob("*scipy_openblas*")):
            if path.suffix in (".so", ".dylib", ".dll"):
                return str(path)
    raise ImportError(
        "kx_kernels needs OpenBLAS from the package scipy-openblas32: `python -m pip install scipy-openblas32`."
    )


native = load()
