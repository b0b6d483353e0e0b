"""Compare the speed of two checkouts on one machine: run their benchmarks in turn, and count what their steps do.

    python tools/compare_benchmarks.py ../base . --rounds 3 --limit 1.15

Times stored from another machine say nothing here, and neither does one run of each: neighbours come and go. The
best of several interleaved runs does, and a benchmark that looks slower is run again, alone, before it counts. Counts
(benchmarks/step_counts.py: Python calls, arrays, bytes of a step) are the same on any machine and compared exactly.
Exits with 1 where a benchmark of the second checkout takes more than `--limit` times as long as in the first, or a
count grew.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

COUNTS = Path(__file__).parents[1] / "benchmarks" / "step_counts.py"


def run_benchmarks(checkout: Path, chosen: tuple[str, ...] = ("benchmarks",)) -> dict[str, float]:
    """Run the `chosen` benchmarks of a checkout once and return the least time of each, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        options = ["-k", "not twin", "--quiet", f"--benchmark-json={results}"]
        subprocess.run(["hatch", "run", "bench", *chosen, *options], cwd=checkout, check=True)
        benchmarks = json.loads(results.read_text())["benchmarks"]
    return {benchmark["fullname"]: benchmark["stats"]["min"] for benchmark in benchmarks}


def count(checkout: Path) -> dict[str, int]:
    """Count what the steps of a checkout do, with the script beside this one; {} where that can't be counted."""
    command = ["hatch", "run", "python", str(COUNTS)]
    done = subprocess.run(command, cwd=checkout, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        return {}
    workloads = json.loads(done.stdout.splitlines()[-1])
    return {f"{name} {what}": n for name, counts in workloads.items() for what, n in counts.items()}


def keep_best(best: dict[str, float], times: dict[str, float]) -> None:
    """Lower each entry of `best` to that of `times` where it is less."""
    for name, seconds in times.items():
        best[name] = min(seconds, best.get(name, seconds))


def larger(base: dict, head: dict, limit: float = 1.0) -> list[str]:
    """Return the names in both whose value in `head` is more than `limit` times that in `base`."""
    return [name for name, value in head.items() if name in base and value > limit * base[name]]


def compare_times(base: Path, head: Path, rounds: int, limit: float) -> tuple[dict, dict, list[str]]:
    """Return the best times of both, and the names of what became slower: in all rounds, and again in as many."""
    best: tuple[dict, dict] = {}, {}
    chosen: tuple[str, ...] = ("benchmarks",)
    for _ in range(2):
        for _ in range(rounds):
            for times, checkout in zip(best, (base, head), strict=True):
                keep_best(times, run_benchmarks(checkout, chosen))
        chosen = tuple(larger(*best, limit))
        if not chosen:
            break
    return *best, list(chosen)


def report(base: dict, head: dict, unit: float = 1e6) -> str:
    """Return a table: values of both (seconds as microseconds), and their ratio."""
    lines = [f"{'base':>12} {'head':>12} {'ratio':>7}"]
    for name, value in sorted(head.items()):
        before = f"{base[name] * unit:12.2f}" if name in base else f"{'new':>12}"
        ratio = f"{value / base[name]:7.2f}" if base.get(name) else " " * 7
        lines.append(f"{before} {value * unit:12.2f} {ratio}  {name}")
    return "\n".join(lines)


def main() -> int:
    """Run the comparison that the command line asks for."""
    parser = argparse.ArgumentParser(description="Compare the speed of two checkouts.")
    parser.add_argument("base", type=Path)
    parser.add_argument("head", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each checkout, in turn")
    parser.add_argument("--limit", type=float, default=1.15, help="the largest allowed ratio head / base")
    options = parser.parse_args()

    counted = count(options.base), count(options.head)
    if not counted[1]:
        print("the steps of head can't be counted")
        return 1
    base, head, slower = compare_times(options.base, options.head, options.rounds, options.limit)
    print("best times in microseconds", report(base, head), "", "counts", report(*counted, unit=1), sep="\n")
    more = larger(*counted)
    if slower:
        print(f"\nmore than {options.limit} times as long as before:", *slower, sep="\n  ")
    if more:
        print("\nmore than before:", *more, sep="\n  ")
    return 1 if slower or more else 0


if __name__ == "__main__":
    sys.exit(main())
