"""How long an interpreter takes to start with kx, against NumPy alone. Run: hatch run bench.

`import kx` is to take at most twice the time of `import numpy`.
"""

import subprocess
import sys

import pytest

CODES = ["pass", "import numpy", "import kx", "import kx; kx.layers; kx.Sequential; kx.datasets"]


@pytest.mark.parametrize("code", CODES)
def test_import(benchmark, code):
    benchmark.group = "import"
    benchmark(subprocess.run, [sys.executable, "-c", code], check=True)
