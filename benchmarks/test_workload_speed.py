"""What kx takes for a training step of each workload, for predictions, and to the first step. Run: hatch run bench."""

import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from measure import Run
from workloads import WORKLOADS

each_workload = pytest.mark.parametrize("name", WORKLOADS)


@cache
def trained(name):
    """A workload after some steps: those that build, and those that are captured."""
    run = Run("kx", name, steps=6)
    run.fit()
    return run


@each_workload
def test_train_step(benchmark, name):
    benchmark.group = f"{name} step"
    run = trained(name)
    x, y = run.x[: run.batch], run.y[: run.batch]
    benchmark(run.model.train_on_batch, x, y)


@each_workload
def test_predict(benchmark, name):
    benchmark.group = f"{name} predict"
    run = trained(name)
    benchmark(run.model.predict_on_batch, run.x[: run.batch])


@each_workload
def test_predict_one_sample(benchmark, name):
    benchmark.group = f"{name} predict"
    benchmark(trained(name).predict_one)


@each_workload
def test_first_step(benchmark, name):
    benchmark.group = "first step, in a new process"
    command = [sys.executable, "-c", f"from measure import Run; Run('kx', {name!r}, steps=1)"]
    benchmark(subprocess.run, command, cwd=Path(__file__).parent, check=True)
