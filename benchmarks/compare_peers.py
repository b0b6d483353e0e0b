"""Measure kx and its peers in turn, in one run, and say whether kx is as fast as it is to be.

    python benchmarks/compare_peers.py --peer-python ENV/bin/python --rounds 5 --json results.jsonl --write table.md

ENV is an environment with keras, jax, tensorflow-cpu and torch. Each measurement (benchmarks/measure.py) is a process
of its own; in each round every contestant has its turn at a workload before the next workload starts, so that all
see the same machine. The best of all rounds counts. With `--json` each measurement is appended to a file, and what is
in the file already is not measured again: an interrupted run goes on where it stopped.
"""

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from workloads import WORKLOADS

MEASURE = Path(__file__).with_name("measure.py")
# name -> (title, package, environment variables)
CONTESTANTS = {
    "kx": ("kx", "kx", {"KX_BACKEND": "native"}),
    "kx-numpy": ("kx on NumPy", "kx", {"KX_BACKEND": "numpy"}),
    "keras-jax": ("Keras, JAX", "keras", {"KERAS_BACKEND": "jax"}),
    "keras-tensorflow": (
        "Keras, TensorFlow",
        "keras",
        {"KERAS_BACKEND": "tensorflow", "TF_CPP_MIN_LOG_LEVEL": "3"},
    ),
    "keras-torch": ("Keras, PyTorch", "keras", {"KERAS_BACKEND": "torch"}),
    "torch": ("PyTorch", "torch", {}),
}
KERAS = ("keras-jax", "keras-tensorflow", "keras-torch")
PEERS = (*KERAS, "torch")
FIGURES = {
    "step_ms": "Training: ms a step of `fit`",
    "predict_ms": "Prediction: ms a batch of `predict`",
    "predict_one_ms": "Prediction of one sample: ms a call of `predict_on_batch`",
    "first_step_s": "First step: seconds to import, build, compile and train on one batch",
    "peak_mb": "Memory: MB at the peak",
}


@dataclass(frozen=True)
class Target:
    """The least of `peers` in a figure is to be at least `factor` times kx's; `workload` None: in each workload."""

    figure: str
    workload: str | None
    peers: tuple
    factor: float


TARGETS = (
    Target("step_ms", "mlp_sgd", PEERS, 1.25),
    Target("step_ms", "mlp_adam", PEERS, 1.25),
    Target("step_ms", "cnn", PEERS, 1.7),
    Target("step_ms", "lstm", KERAS, 3),
    Target("step_ms", "lstm", ("torch",), 1),
    Target("step_ms", "lstm_plain", PEERS, 1.3),
    Target("step_ms", "gru", PEERS, 2),
    Target("step_ms", "resnet", PEERS, 1.6),
    Target("step_ms", "transformer", PEERS, 1.8),
    Target("first_step_s", None, ("keras-jax",), 10),
    Target("predict_one_ms", None, KERAS, 5),
    Target("peak_mb", None, ("keras-jax",), 2),
)


# ---- measuring -------------------------------------------------------------------------------------------------


def others_busy(since=None):
    """Return a mark of the time used by all other processes of the machine; with one, the cores busy since (Linux)."""
    try:
        fields = [int(field) for field in Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
    except OSError:
        return None
    own = sum(os.times()[:4])
    ticks = os.sysconf("SC_CLK_TCK")
    mark = (sum(fields) / ticks / os.cpu_count(), (sum(fields) - fields[3] - fields[4]) / ticks - own)
    return mark if since is None else round((mark[1] - since[1]) / max(mark[0] - since[0], 1e-9), 2)


def run_once(contestant, workload, options):
    """Run one measurement and return its record."""
    _, package, environment = CONTESTANTS[contestant]
    python = sys.executable if package == "kx" else options.peer_python
    command = [python, str(MEASURE), package, workload]
    if options.steps:
        command += ["--steps", str(options.steps)]
    mark = others_busy()
    done = subprocess.run(command, env=os.environ | environment, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(command)} failed:\n{done.stderr[-3000:]}")
    return json.loads(done.stdout.splitlines()[-1]) | {"others_busy": others_busy(mark)}


def measure_all(options):
    """Measure what is not in the file yet, and return all records of this configuration."""
    setting = {"steps": options.steps, "neighbour": options.neighbour}
    records = []
    if options.json and options.json.exists():
        records = [json.loads(line) for line in options.json.read_text().splitlines()]
        records = [
            record for record in records if all(record[key] == value for key, value in setting.items())
        ]
    done = {(record["round"], record["workload"], record["contestant"]) for record in records}
    with neighbour() if options.neighbour else contextlib.nullcontext():
        for number in range(options.rounds):
            for workload in options.workloads:
                for contestant in ("kx", *options.peers):
                    key = {"round": number, "workload": workload, "contestant": contestant}
                    if tuple(key.values()) in done:
                        continue
                    record = key | setting | run_once(contestant, workload, options)
                    records.append(record)
                    if options.json:
                        with options.json.open("a") as file:
                            file.write(json.dumps(record) + "\n")
                    print(
                        f"round {number}  {workload:12} {contestant:17} {min(record['step_ms']):9.2f} ms a step",
                        file=sys.stderr,
                    )
    return [
        r for r in records if r["workload"] in options.workloads and r["contestant"] in ("kx", *options.peers)
    ]


@contextlib.contextmanager
def neighbour():
    """Keep one core busy meanwhile."""
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    try:
        yield
    finally:
        process.kill()
        process.wait()


# ---- reporting -------------------------------------------------------------------------------------------------


def gather(records):
    """Return {(figure, workload, contestant): all values of all rounds}."""
    values = defaultdict(list)
    for record in records:
        for figure in FIGURES:
            values[figure, record["workload"], record["contestant"]] += record[figure]
    return values


def verdicts(values, figure, workload):
    """Say of each target how many times better than the best of the peers kx is, and whether that is enough."""
    texts = []
    for target in TARGETS:
        if target.figure != figure or target.workload not in (None, workload):
            continue
        known = [peer for peer in target.peers if (figure, workload, peer) in values]
        if known:
            best = min(known, key=lambda peer: min(values[figure, workload, peer]))
            ratio = min(values[figure, workload, best]) / min(values[figure, workload, "kx"])
            word = "holds" if ratio >= target.factor else "MISSED"
            texts.append(f"{ratio:.2f} of {CONTESTANTS[best][0]}, wanted {target.factor:g}: {word}")
    return "; ".join(texts)


def number(value):
    """Write a number with three digits that count."""
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.3g}"


def table(values, figure, workloads, contestants):
    """Return one figure as a Markdown table: best (median) of each contestant, times better than the best peer."""
    rows = [["workload", *(CONTESTANTS[c][0] for c in contestants), "best peer / kx", "target"]]
    rows.append(["---"] * len(rows[0]))
    for workload in workloads:
        cells = [values.get((figure, workload, contestant)) for contestant in contestants]
        peers = [min(values[figure, workload, c]) for c in contestants if c in PEERS]
        ratio = f"{min(peers) / min(cells[0]):.2f}" if peers else ""
        texts = [f"{number(min(cell))} ({number(statistics.median(cell))})" for cell in cells]
        rows.append([workload, *texts, ratio, verdicts(values, figure, workload)])
    return "\n".join("| " + " | ".join(row) + " |" for row in rows)


def processor():
    """Return the name of the processor and the number of cores this process may use."""
    name = platform.processor() or platform.machine()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        name = next((line.partition(": ")[2] for line in lines if line.startswith("model name")), name)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    return f"{name}, {cores} cores"


def report(records, options):
    """Return the whole comparison as Markdown."""
    versions, threads = {}, {}
    for record in records:
        versions |= record["versions"]
        threads |= record["threads"]
    rounds = 1 + max(record["round"] for record in records)
    busy = [record["others_busy"] for record in records if record["others_busy"] is not None]
    lines = [
        f"{processor()}; {platform.system()}. " + ", ".join(f"{k} {v}" for k, v in versions.items()) + ". "
        "Threads: each package's own choice" + "".join(f", {k} {v}" for k, v in threads.items()) + ". "
        f"{rounds} rounds, interleaved, each measurement in a process of its own: the best, in brackets the median."
    ]
    if busy:
        lines[0] += f" Other processes kept {statistics.mean(busy):.2f} cores busy on average"
        lines[0] += ", among them one meant to." if options.neighbour else "."
    values, contestants = gather(records), ("kx", *options.peers)
    for figure, title in FIGURES.items():
        lines += ["", f"### {title}", "", table(values, figure, options.workloads, contestants)]
    return "\n".join(lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peer-python", default=sys.executable, help="the Python of the environment of the peers"
    )
    parser.add_argument("--workloads", nargs="+", default=list(WORKLOADS), choices=WORKLOADS)
    parser.add_argument(
        "--peers", nargs="*", default=list(PEERS), choices=[c for c in CONTESTANTS if c != "kx"]
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, help="steps of an epoch, instead of each workload's own number")
    parser.add_argument("--neighbour", action="store_true", help="keep one core busy meanwhile")
    parser.add_argument(
        "--json", type=Path, help="append measurements to this file, and go on from what it holds"
    )
    parser.add_argument("--write", type=Path, help="write the tables to this Markdown file too")
    options = parser.parse_args()
    text = report(measure_all(options), options)
    print(text)
    if options.write:
        options.write.write_text(text)


if __name__ == "__main__":
    main()
