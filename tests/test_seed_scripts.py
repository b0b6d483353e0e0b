"""The programs of docs/scripts run unmodified: through `kx run`, and with kx imported as keras."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import seed_scripts

PAGES = Path(__file__).parents[1] / "docs" / "scripts"
NAMES = ["starter", "mlp", "imdb_lstm", "functional", "persistence"]
PRINTED = {
    "starter": r"val_accuracy",
    "mlp": r"Test accuracy: 0\.\d+",
    "imdb_lstm": r"val_loss",
    "functional": r"val_accuracy",
    "persistence": r"The same predictions from JSON and weights, and from the full model\.",
}

pytestmark = pytest.mark.skipif("KX_DATASETS" not in os.environ, reason="needs the full data sets")


def program(name):
    (block,) = re.findall(r"^```python\n(.*?)^```$", (PAGES / f"{name}.md").read_text("utf-8"), re.S | re.M)
    return block


def run(arguments, folder):
    """Run a program of a few steps and return what it printed."""
    few = {"KERAS_MAX_EPOCHS": "1", "KERAS_MAX_STEPS_PER_EPOCH": "4"}
    result = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **few},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout


@pytest.mark.parametrize("name", NAMES)
def test_unmodified_with_kx_run(name, tmp_path):
    (tmp_path / "script.py").write_text(program(name), "utf-8")
    assert re.search(PRINTED[name], run(["-m", "kx", "run", "script.py"], tmp_path))


@pytest.mark.parametrize("name", NAMES)
def test_with_kx_imported_as_keras(name, tmp_path):
    text = re.sub(r"\bfrom keras\b", "from kx", program(name))
    (tmp_path / "script.py").write_text(text, "utf-8")
    assert re.search(PRINTED[name], run(["script.py"], tmp_path))


def test_the_pages_name_all_programs():
    assert {path.stem for path in PAGES.glob("*.md")} == {*NAMES, "README"}


def test_the_benchmark_changes_words_that_are_there():
    assert all(
        compile(seed_scripts.program(variant), variant.name, "exec") for variant in seed_scripts.VARIANTS
    )
