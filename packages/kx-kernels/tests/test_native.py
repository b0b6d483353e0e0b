"""Which compiled module is chosen, its BLAS, its threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import kx_kernels
from kx_kernels import levels
from kx_kernels.native import blas_library

BUILT = sorted(p.name.partition(".")[0] for p in Path(kx_kernels.__file__).parent.glob("native_*"))


def run(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True
    )
    return done.stdout.strip() if done.returncode == 0 else done.stderr


def test_the_best_level_that_is_built_is_chosen():
    assert f"native_{kx_kernels.level}" in BUILT
    if f"native_{levels.best()}" in BUILT:
        assert kx_kernels.level == levels.best()


@pytest.mark.parametrize("level", [name.removeprefix("native_") for name in BUILT])
def test_every_level_that_the_cpu_runs_computes_the_same_to_rounding(level):
    if level > levels.best():
        pytest.skip(f"this CPU runs {levels.best()}, not {level}")
    code = (
        "import numpy as np, kx_kernels\n"
        "x, w = (np.random.default_rng(i).standard_normal((16, 16), 'float32') for i in range(2))\n"
        "print(kx_kernels.level, *kx_kernels.dense(x, w, None, 'tanh').ravel().tolist())"
    )
    ran, *values = run(code, KX_KERNELS_LEVEL=level).split()
    x, w = (np.random.default_rng(i).standard_normal((16, 16), "float32") for i in range(2))
    assert ran == level
    np.testing.assert_allclose(np.array(values, "float64"), np.tanh(x @ w).ravel(), atol=1e-6)


def test_a_level_that_is_not_built_is_an_import_error():
    assert "no extension for level 'v9' is built" in run("import kx_kernels", KX_KERNELS_LEVEL="v9")


def test_the_blas_library_is_that_of_its_package():
    assert "scipy_openblas" in Path(blas_library()).name
