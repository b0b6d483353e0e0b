"""Save and load a model of 1 GB: how fast against the disk, and in how much memory.

    python benchmarks/large_model.py --folder FOLDER

The disk is measured first, by writing (with fsync) and reading a plain file of the same size, into as much memory, in
the same folder. Each measurement is a process of its own. The file system keeps what was written in memory: reads, of
the plain file as of the models, are warm unless `--cold` drops the cache before each (which needs root).
"""

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

FORMATS = ("model.keras", "model.h5", "w.weights.h5", "w.safetensors")
WIDTH = 4096  # a square kernel of this width has 64 MB


def timed(function):
    """The seconds that a call takes."""
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def peak():
    """The most memory that the process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10


def make(gigabytes):
    """A stack of square dense layers of so many GB together."""
    import kx

    count = round(gigabytes * 2**30 / (4 * WIDTH * WIDTH))
    layers = [kx.layers.Dense(WIDTH, use_bias=False, kernel_initializer="zeros") for _ in range(count)]
    model = kx.Sequential([kx.Input((WIDTH,)), *layers])
    for i, variable in enumerate(model.variables):
        variable.assign(np.full(variable.shape, i + 1, "float32"))  # else the memory would not be touched
    return model


def write_plain(path, gigabytes):
    block = np.ones(1 << 24, "uint8")
    with open(path, "wb") as file:
        for _ in range(round(gigabytes * 64)):
            file.write(block)
        file.flush()
        os.fsync(file.fileno())


def read_plain(path):
    np.fromfile(path, "uint8")


def action(name, path, gigabytes):
    """One measurement, in this process: seconds, and memory above what was there before."""
    if name == "write":
        return {"seconds": timed(lambda: write_plain(path, gigabytes))}
    if name == "read":
        return {"seconds": timed(lambda: read_plain(path))}
    import kx

    kx.models.load_model(small(kx))  # what is imported on first use is imported before the clock starts
    weights = os.path.basename(path).startswith("w.")
    model = make(gigabytes) if name == "save" or weights else None
    before = peak()
    if name == "save":
        run = (lambda: model.save_weights(path)) if weights else (lambda: model.save(path))
    else:
        run = (lambda: model.load_weights(path)) if weights else (lambda: kx.models.load_model(path))
    seconds = timed(run)
    return {"seconds": seconds, "memory": peak() - before + (gigabytes * 2**30 if model is not None else 0)}


def small(kx):
    """A file of a small model, in memory."""
    file = io.BytesIO()
    kx.Sequential([kx.Input((2,)), kx.layers.Dense(2)]).save(file)
    return file


def measure(name, path, gigabytes, cold):
    """A measurement in a process of its own."""
    if cold and name in ("load", "read"):
        subprocess.run(["sh", "-c", "sync; echo 3 > /proc/sys/vm/drop_caches"], check=True)
    command = [sys.executable, __file__, "--action", name, str(path), str(gigabytes)]
    return json.loads(
        subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()[-1]
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default=None, help="where to write; its disk is what is measured")
    parser.add_argument("--gigabytes", type=float, default=1.0)
    parser.add_argument("--cold", action="store_true", help="drop the file system's cache before each load")
    parser.add_argument("--action", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.action:
        name, path, gigabytes = options.action
        print(json.dumps(action(name, path, float(gigabytes))))
        return
    size = options.gigabytes
    with tempfile.TemporaryDirectory(dir=options.folder) as folder:
        plain = Path(folder) / "plain"
        disk = {name: measure(name, plain, size, options.cold)["seconds"] for name in ("write", "read")}
        plain.unlink()
        print(
            f"plain file of {size:g} GB: write {size / disk['write']:.2f} GB/s, read {size / disk['read']:.2f} GB/s\n"
        )
        print(
            "| file | save, GB/s | of the disk | memory / size | load, GB/s | of the disk | memory / size |"
        )
        print("|---" * 7 + "|")
        for name in FORMATS:
            path = Path(folder) / name
            cells = [name]
            for kind, rate in (("save", disk["write"]), ("load", disk["read"])):
                found = measure(kind, path, size, options.cold)
                memory = found["memory"] / (size * 2**30)
                cells += [f"{size / found['seconds']:.2f}", f"{rate / found['seconds']:.2f}", f"{memory:.2f}"]
            print(f"| {' | '.join(cells)} |", flush=True)
            path.unlink()


if __name__ == "__main__":
    main()
