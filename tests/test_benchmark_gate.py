"""The comparison that guards speed keeps the best times and reports what became slower."""

import runpy
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[1] / "tools" / "compare_benchmarks.py"


@pytest.fixture(scope="module")
def gate():
    return runpy.run_path(str(TOOL))


def test_the_best_of_all_rounds_counts(gate):
    best = {}
    for times in ({"a": 3.0, "b": 1.0}, {"a": 2.0, "b": 4.0}):
        gate["keep_best"](best, times)
    assert best == {"a": 2.0, "b": 1.0}


def test_only_what_is_slower_by_more_than_the_limit_is_reported(gate):
    base = {"same": 1.0, "slower": 1.0, "noise": 1.0, "gone": 1.0}
    head = {"same": 1.0, "slower": 1.2, "noise": 1.14, "new": 9.0}
    assert gate["regressions"](base, head, 1.15) == ["slower"]
    assert gate["report"](base, head).splitlines()[1].split() == ["new", "9000000.00", "new"]
