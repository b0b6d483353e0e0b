"""One measurement in a process of its own: `python benchmarks/measure.py PACKAGE WORKLOAD`.

PACKAGE is `kx`, `keras` or `torch`. Prints one line of JSON: lists of the times of each figure (milliseconds a step
of `fit`, a batch of `predict`, a `predict_on_batch` of one sample; seconds to the end of the first step; peak memory
in MB), versions and threads.
"""

import argparse
import importlib
import json
import os
import platform
import resource
import sys
import time
from importlib import metadata

REPEATS = 3  # epochs of training and of prediction
CALLS = 30  # predictions of one sample


def timed(function, times=1):
    """Return the seconds that each of `times` calls takes."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        function()
        seconds.append(time.perf_counter() - start)
    return seconds


def make(package, name):
    """Return the workload called `name`, its compiled model, and how to hand data to it."""
    if package == "torch":
        from torch_workloads import Trainer
        from workloads import WORKLOADS

        trainer = Trainer(name, WORKLOADS[name])
        return WORKLOADS[name], trainer, trainer.tensors, {}
    keras = importlib.import_module(package)
    from workloads import WORKLOADS  # which imports NumPy: as much the package's time as it is

    return WORKLOADS[name], WORKLOADS[name].compiled(keras), lambda x: x, {"verbose": 0}


def measure(package, name, steps=None):
    """Return all figures of a workload: {figure: list of values}."""
    start = time.perf_counter()
    workload, model, convert, quiet = make(package, name)
    prepared = time.perf_counter() - start

    batch, steps = workload.batch, steps or workload.steps
    x, y = (convert(array) for array in workload.data(batch * steps))
    one, first_x, first_y = x[:1], x[:batch], y[:batch]

    first = timed(lambda: model.fit(first_x, first_y, batch_size=batch, **quiet))[0]
    train = timed(lambda: model.fit(x, y, batch_size=batch, **quiet), 1 + REPEATS)[1:]
    predict = timed(lambda: model.predict(x, batch_size=batch, **quiet), 1 + REPEATS)[1:]
    predict_one = timed(lambda: model.predict_on_batch(one), 1 + CALLS)[1:]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "step_ms": [1e3 * seconds / steps for seconds in train],
        "predict_ms": [1e3 * seconds / steps for seconds in predict],
        "predict_one_ms": [1e3 * seconds for seconds in predict_one],
        "first_step_s": [prepared + first],
        "peak_mb": [peak / (2**20 if sys.platform == "darwin" else 2**10)],
    }


def surroundings():
    """Return the versions of what was imported, and the numbers of threads."""
    packages = {
        "kx": "kx",
        "keras": "keras",
        "jax": "jax",
        "tensorflow": "tensorflow_cpu",
        "torch": "torch",
        "numpy": "numpy",
    }
    versions = {"Python": platform.python_version()}
    for module, distribution in packages.items():
        if module in sys.modules:
            versions[module] = getattr(sys.modules[module], "__version__", None) or metadata.version(
                distribution
            )
    threads = {
        name: os.environ[name] for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if name in os.environ
    }
    if "torch" in sys.modules:
        threads["torch"] = sys.modules["torch"].get_num_threads()
    return {"versions": versions, "threads": threads}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("package", choices=["kx", "keras", "torch"])
    parser.add_argument("workload")
    parser.add_argument("--steps", type=int, help="steps of an epoch, instead of the workload's own number")
    options = parser.parse_args()
    print(json.dumps(measure(options.package, options.workload, options.steps) | surroundings()))


if __name__ == "__main__":
    main()
