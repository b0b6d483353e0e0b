"""Run the programs of docs/scripts whole, on kx and on Keras with JAX in turn, and print what they reach and take.

    python benchmarks/seed_scripts.py --peer-python ENV/bin/python --data FOLDER --write table.md

ENV is an environment with keras and jax, FOLDER (KX_DATASETS by default) holds mnist.npz and imdb.npz. kx runs the very
file that Keras runs, through `kx run`. A variant changes a word of a program, such as its optimizer.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from compare_peers import processor

PAGES = Path(__file__).parents[1] / "docs" / "scripts"


@dataclass(frozen=True)
class Variant:
    """A program with some of its words changed, and the accuracy on the test set that it is to reach."""

    name: str
    page: str
    changes: tuple = ()
    accuracy: float | None = None


VARIANTS = (
    Variant("starter", "starter"),
    Variant("MLP, as it is (SGD)", "mlp"),
    Variant("MLP, RMSprop", "mlp", (("optimizer='sgd'", "optimizer='rmsprop'"),), 0.98),
    Variant("MLP, Adam", "mlp", (("optimizer='sgd'", "optimizer='adam'"),), 0.98),
    Variant("functional", "functional"),
    Variant("persistence", "persistence"),
    Variant(
        "IMDB LSTM, Adam, 5 epochs",
        "imdb_lstm",
        (("optimizer='sgd'", "optimizer='adam'"), ("epochs=15", "epochs=5")),
        0.82,
    ),
)


def program(variant):
    """The text of a variant's program."""
    page = (PAGES / f"{variant.page}.md").read_text("utf-8")
    (text,) = re.findall(r"^```python\n(.*?)^```$", page, re.S | re.M)
    for old, new in variant.changes:
        if text.count(old) != 1:
            raise ValueError(f"{variant.name}: {old!r} is not once in docs/scripts/{variant.page}.md.")
        text = text.replace(old, new)
    return text


def measured(command, environment, folder):
    """Run a program; return the seconds of the whole process and the best accuracy on the test set, None for none.

    Raises RuntimeError with its last line of errors if it fails: Keras 3 does not run all that Keras 2 did.
    """
    start = time.perf_counter()
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True
    )
    seconds = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(done.stderr.strip().splitlines()[-1])
    found = [float(value) for value in re.findall(r"val_accuracy: ([0-9.]+)", done.stdout)]
    return seconds, max(found, default=None)


# Keras would download the data sets: its process takes those of the folder, and then runs the script.
KERAS = """
import os, runpy, sys
from keras.datasets import imdb, mnist
folder = sys.argv.pop(1)
for data in (imdb, mnist):
    data.load_data.__globals__["get_file"] = lambda fname, **options: os.path.join(folder, fname)
runpy.run_path("script.py", run_name="__main__")
"""


def written_anew(data, folder):
    """A folder with the data sets in pickles of today: Keras 3.15 refuses those of imdb.npz, which are of Python 2."""
    target = Path(folder) / "data"
    target.mkdir()
    (target / "mnist.npz").symlink_to(Path(data) / "mnist.npz")
    with np.load(Path(data) / "imdb.npz", allow_pickle=True) as arrays:
        np.savez(target / "imdb.npz", **arrays)
    return str(target)


def rows(options):
    """The lines of the table, one per variant, measured one after the other."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.py"
        contestants = (
            ([sys.executable, "-m", "kx", "run", "script.py"], {"KX_DATASETS": options.data}),
            (
                [options.peer_python, "-c", KERAS, written_anew(options.data, folder)],
                {"KERAS_BACKEND": "jax"},
            ),
        )
        for variant in VARIANTS:
            if options.only and variant.page not in options.only:
                continue
            script.write_text(program(variant), "utf-8")
            mine, reached = measured(*contestants[0], folder)
            wanted = (
                ""
                if variant.accuracy is None
                else f"{variant.accuracy}: " + ("holds" if reached >= variant.accuracy else "MISSED")
            )
            try:
                theirs, their_best = measured(*contestants[1], folder)
                cells = [
                    f"{mine:.1f}",
                    f"{theirs:.1f}",
                    f"{theirs / mine:.2f}",
                    shown(reached),
                    shown(their_best),
                ]
            except RuntimeError as error:
                cells = [f"{mine:.1f}", f"fails: {error}", "", shown(reached), ""]
            yield f"| {variant.name} | {' | '.join(cells)} | {wanted} |"


def shown(accuracy):
    """An accuracy as text, nothing for None."""
    return "" if accuracy is None else f"{accuracy:.4f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peer-python", required=True, help="the Python of an environment with keras and jax"
    )
    parser.add_argument("--data", default=os.environ.get("KX_DATASETS"), help="the folder of the data sets")
    parser.add_argument("--only", nargs="*", help="pages to run, instead of all")
    parser.add_argument("--write", type=Path, help="write the table to this Markdown file too")
    options = parser.parse_args()
    if not options.data:
        parser.error("--data or KX_DATASETS must say where mnist.npz and imdb.npz are")
    head = "| program | kx, s | Keras on JAX, s | Keras / kx | best test accuracy, kx | Keras | wanted |"
    lines = [f"{processor()}. Seconds of the whole process, imports included.", "", head, "|---" * 7 + "|"]
    print("\n".join(lines))
    for row in rows(options):
        print(row, flush=True)
        lines.append(row)
    if options.write:
        options.write.write_text("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
