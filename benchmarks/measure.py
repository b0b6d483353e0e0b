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

EPOCHS = 3  # of training, and of prediction
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


class Run:
    """A workload in a package, built and trained on one batch, which took `first` seconds; data for an epoch."""

    def __init__(self, package, name, steps=None):
        begin = time.perf_counter()
        self.workload, self.model, convert, self.quiet = make(package, name)
        self.first = time.perf_counter() - begin
        self.batch, self.steps = self.workload.batch, steps or self.workload.steps
        self.x, self.y = (convert(array) for array in self.workload.data(self.batch * self.steps))
        x, y = self.x[: self.batch], self.y[: self.batch]
        self.first += timed(lambda: self.model.fit(x, y, batch_size=self.batch, **self.quiet))[0]

    def fit(self):
        self.model.fit(self.x, self.y, batch_size=self.batch, **self.quiet)

    def predict(self):
        self.model.predict(self.x, batch_size=self.batch, **self.quiet)

    def predict_one(self):
        self.model.predict_on_batch(self.x[:1])


def measure(package, name, steps=None):
    """Return all figures of a workload: {figure: list of values}."""
    run = Run(package, name, steps)
    fit, predict, predict_one = (
        timed(function, 1 + times)[1:]  # what the first call prepares is not counted
        for function, times in ((run.fit, EPOCHS), (run.predict, EPOCHS), (run.predict_one, CALLS))
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        "step_ms": [1e3 * seconds / run.steps for seconds in fit],
        "predict_ms": [1e3 * seconds / run.steps for seconds in predict],
        "predict_one_ms": [1e3 * seconds for seconds in predict_one],
        "first_step_s": [run.first],
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
    if "kx_kernels" in sys.modules:
        threads["kx"] = sys.modules["kx_kernels"].thread_count()
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
