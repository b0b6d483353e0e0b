"""The comparison with Keras and PyTorch goes on where it stopped, and judges by the best times."""

import argparse
import json

import pytest

import compare_peers
from compare_peers import FIGURES, gather, measure_all, report, verdicts


def options(**changes):
    given = dict(
        workloads=["lstm"], peers=["keras-jax", "torch"], rounds=2, steps=None, neighbour=False, json=None,
        peer_python="python",
    )  # fmt: skip
    return argparse.Namespace(**given | changes)


@pytest.fixture
def runs(monkeypatch):
    """Measurements are made up: (contestant, workload) of each that was asked for."""
    asked = []
    times = {"kx": 2.0, "keras-jax": 7.0, "torch": 1.5}

    def run_once(contestant, workload, options):
        asked.append((contestant, workload))
        best = times[contestant]
        return {key: [best + 1, best] for key in FIGURES} | {
            "versions": {"numpy": "2"},
            "threads": {},
            "others_busy": 0.5,
        }

    monkeypatch.setattr(compare_peers, "run_once", run_once)
    return asked


def test_contestants_take_turns(runs):
    measure_all(options())
    assert [contestant for contestant, _ in runs] == ["kx", "keras-jax", "torch"] * 2


def test_a_run_goes_on_where_it_stopped(runs, tmp_path):
    path = tmp_path / "results.jsonl"
    measure_all(options(json=path, rounds=1))
    first = len(runs)
    records = measure_all(options(json=path, rounds=2))
    assert (first, len(runs), len(records)) == (3, 6, 6)
    assert len(path.read_text().splitlines()) == 6
    assert all(json.loads(line)["steps"] is None for line in path.read_text().splitlines())
    measure_all(options(json=path, rounds=1, steps=3))  # another setting is measured anew
    assert len(runs) == 9


def test_targets_are_judged_by_the_best_times(runs):
    values = gather(measure_all(options()))
    assert verdicts(values, "step_ms", "lstm") == (
        "3.50 of Keras, JAX, wanted 3: holds; 0.75 of PyTorch, wanted 1: MISSED"
    )
    assert verdicts(values, "predict_ms", "lstm") == ""


def test_the_report_has_a_table_of_each_figure(runs):
    text = report(measure_all(options()), options())
    assert text.count("| workload | kx | Keras, JAX | PyTorch | best peer / kx | target |") == len(FIGURES)
    assert "| lstm | 2 (2.5) | 7 (7.5) | 1.5 (2) | 0.75 |" in text
    assert "2 rounds" in text and "0.50 cores busy" in text
