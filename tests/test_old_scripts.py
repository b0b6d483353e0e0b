"""Scripts in the idiom of their time, Keras 1.2 to tf.keras 2.4, run unmodified by `kx run`."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parent / "old_scripts").glob("*.py"))
# Where the full MNIST is not at hand: `kx run` with the digits that come with kx.
BUNDLED = """
import sys
from kx_datasets import mnist
mnist.load_data = mnist.load_subset
from kx.command import main
sys.exit(main(["run", sys.argv[1]]))
"""


def command(script):
    folder = os.environ.get("KX_DATASETS")
    if folder and (Path(folder) / "mnist.npz").exists():
        return [sys.executable, "-m", "kx", "run", str(script)]
    return [sys.executable, "-c", BUNDLED, str(script)]


@pytest.mark.parametrize("script", SCRIPTS, ids=lambda script: script.stem)
def test_an_old_script_runs(script, tmp_path):
    done = subprocess.run(command(script), capture_output=True, text=True, timeout=300, cwd=tmp_path)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-3000:]
    if script.stem.startswith("keras1"):
        assert "FutureWarning" in done.stderr  # it says what to write today
