"""The comparison that guards speed interleaves the checkouts, keeps the best times, and fails where it has to."""

import json
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from step_counts import count_workload, python_calls

TOOL = Path(__file__).parents[1] / "tools" / "compare_benchmarks.py"

# Stands for hatch: notes each run, and answers with what lies in the checkout it runs in.
HATCH = """#!{python}
import json, pathlib, sys
here, arguments = pathlib.Path.cwd(), sys.argv[1:]
with open(here.parent / "log", "a") as log:
    log.write(f"{{here.name}} {{arguments[2]}}\\n")
if arguments[1] == "python":
    counts = here / "counts.json"
    sys.exit("no counts") if not counts.exists() else print(counts.read_text())
else:
    rounds = json.loads((here / "times.json").read_text())
    times = rounds.pop(0)
    (here / "times.json").write_text(json.dumps(rounds))
    found = [dict(fullname=name, stats=dict(min=seconds)) for name, seconds in times.items()]
    pathlib.Path(arguments[-1].partition("=")[2]).write_text(json.dumps(dict(benchmarks=found)))
"""


@pytest.fixture(scope="module")
def gate():
    return runpy.run_path(str(TOOL))


@pytest.fixture
def compare(tmp_path, monkeypatch):
    """Run the tool on two checkouts of which the times of each run and the counts are given."""
    hatch = tmp_path / "bin" / "hatch"
    hatch.parent.mkdir()
    hatch.write_text(HATCH.format(python=sys.executable))
    hatch.chmod(0o755)
    monkeypatch.setenv("PATH", str(hatch.parent))

    def run(base, head, counts=(10, 10)):
        for name, rounds, calls in zip(("base", "head"), (base, head), counts, strict=True):
            (tmp_path / name).mkdir()
            (tmp_path / name / "times.json").write_text(json.dumps(rounds))
            if calls is not None:
                (tmp_path / name / "counts.json").write_text(json.dumps({"mlp step": {"calls": calls}}))
        command = [sys.executable, TOOL, tmp_path / "base", tmp_path / "head", "--rounds", "2"]
        done = subprocess.run(command, capture_output=True, text=True)
        runs = [line.split() for line in (tmp_path / "log").read_text().splitlines()]
        return done.returncode, done.stdout, runs

    return run


def test_the_best_of_all_rounds_counts(gate):
    best = {}
    for times in ({"a": 3.0, "b": 1.0}, {"a": 2.0, "b": 4.0}):
        gate["keep_best"](best, times)
    assert best == {"a": 2.0, "b": 1.0}


def test_only_what_grew_by_more_than_the_limit_is_reported(gate):
    base = {"same": 1.0, "slower": 1.0, "noise": 1.0, "gone": 1.0}
    head = {"same": 1.0, "slower": 1.2, "noise": 1.14, "new": 9.0}
    assert gate["larger"](base, head, 1.15) == ["slower"]
    assert gate["larger"](base, head) == ["slower", "noise"]
    assert gate["report"](base, head).splitlines()[1].split() == ["new", "9000000.00", "new"]


def test_the_checkouts_take_turns(compare):
    code, _, runs = compare([{"a": 1.0}, {"a": 1.3}], [{"a": 1.3}, {"a": 1.1}])
    assert code == 0
    assert [where for where, _ in runs] == ["base", "head"] * 3  # the counts, and two rounds


def test_what_looks_slower_is_run_again_alone(compare):
    base, head = [{"a": 1.0, "b": 1.0}] * 2, [{"a": 2.0, "b": 1.0}] * 2
    code, _, runs = compare([*base, {"a": 1.0}, {"a": 1.0}], [*head, {"a": 2.0}, {"a": 1.1}])
    assert code == 0
    assert [what for _, what in runs[2:]] == ["benchmarks"] * 4 + ["a"] * 4


def test_what_stays_slower_fails(compare):
    code, text, _ = compare([{"a": 1.0, "b": 1.0}] * 4, [{"a": 1.2, "b": 1.0}] * 4)
    assert code == 1
    assert text.endswith("times as long as before:\n  a\n")


def test_one_more_call_fails(compare):
    code, text, _ = compare([{"a": 1.0}] * 2, [{"a": 1.0}] * 2, counts=(100, 101))
    assert code == 1
    assert text.endswith("more than before:\n  mlp step calls\n")


def test_a_base_without_counts_is_compared_by_its_times(compare):
    assert compare([{"a": 1.0}] * 2, [{"a": 1.0}] * 2, counts=(None, 5))[0] == 0


def test_a_head_without_counts_fails(compare):
    assert compare([], [], counts=(5, None))[0] == 1


# ---- the counts --------------------------------------------------------------------------------------------------


def test_python_calls_are_counted():
    def inner():
        return len("c functions are not counted")

    assert python_calls(lambda: inner() + inner()) == 3


def test_counts_are_the_same_each_time():
    first, second = count_workload("small_adam"), count_workload("small_adam")
    assert first == second
    assert first.keys() == {"small_adam step", "small_adam predict"}


def test_a_steady_step_asks_the_system_for_no_memory():
    found = count_workload("mlp_sgd")["mlp_sgd step"]
    if "blocks" not in found:
        pytest.skip("kx-kernels is not installed")
    assert (found["blocks"] > 0, found["fresh"]) == (True, 0)
