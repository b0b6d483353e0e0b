"""What the tests of several families of kernels need."""

import os
import subprocess
import sys

import pytest


@pytest.fixture
def printed():
    """`printed(code, threads)`: what the code prints in a process of its own, whose kernels use so many threads."""

    def run(code, threads):
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "OPENBLAS_NUM_THREADS": "1"}
        command = [sys.executable, "-c", code]
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        return done.stdout

    return run
