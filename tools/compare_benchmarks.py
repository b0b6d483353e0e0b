"""Compare the benchmarks of two checkouts: run them in turn on one machine and keep the best time of each.

    python tools/compare_benchmarks.py ../base . --rounds 3 --limit 1.15

Times stored from another machine say nothing here, and neither does one run of each: neighbours come and go. The
best of several interleaved runs does. Exits with 1 where a benchmark of the second checkout takes more than
`--limit` times as long as in the first.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path


def run_benchmarks(checkout: Path) -> dict[str, float]:
    """Run all benchmarks of a checkout once and return the least time of each, in seconds."""
    with tempfile.TemporaryDirectory() as folder:
        results = Path(folder, "results.json")
        command = ["hatch", "run", "bench", "--quiet", f"--benchmark-json={results}"]
        subprocess.run(command, cwd=checkout, check=True)
        benchmarks = json.loads(results.read_text())["benchmarks"]
    return {benchmark["fullname"]: benchmark["stats"]["min"] for benchmark in benchmarks}


def keep_best(best: dict[str, float], times: dict[str, float]) -> None:
    """Lower each entry of `best` to that of `times` where it is less."""
    for name, seconds in times.items():
        best[name] = min(seconds, best.get(name, seconds))


def regressions(base: dict[str, float], head: dict[str, float], limit: float) -> list[str]:
    """Return the benchmarks of both that take more than `limit` times as long in `head`."""
    return [name for name, seconds in head.items() if name in base and seconds > limit * base[name]]


def report(base: dict[str, float], head: dict[str, float]) -> str:
    """Return a table: times of both in microseconds, and their ratio."""
    lines = [f"{'base us':>12} {'head us':>12} {'ratio':>7}  benchmark"]
    for name, seconds in sorted(head.items()):
        before = f"{base[name] * 1e6:12.2f}" if name in base else f"{'new':>12}"
        ratio = f"{seconds / base[name]:7.2f}" if name in base else " " * 7
        lines.append(f"{before} {seconds * 1e6:12.2f} {ratio}  {name}")
    return "\n".join(lines)


def main() -> int:
    """Run the comparison that the command line asks for."""
    parser = argparse.ArgumentParser(description="Compare the benchmarks of two checkouts.")
    parser.add_argument("base", type=Path)
    parser.add_argument("head", type=Path)
    parser.add_argument("--rounds", type=int, default=3, help="runs of each checkout, in turn")
    parser.add_argument("--limit", type=float, default=1.15, help="the largest allowed ratio head / base")
    options = parser.parse_args()

    base: dict[str, float] = {}
    head: dict[str, float] = {}
    for _ in range(options.rounds):
        keep_best(base, run_benchmarks(options.base))
        keep_best(head, run_benchmarks(options.head))
    print(report(base, head))
    slower = regressions(base, head, options.limit)
    if slower:
        print(f"\nmore than {options.limit} times as long as before:", *slower, sep="\n  ")
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
