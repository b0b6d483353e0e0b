"""Make a table of the kernels out of the results of pytest-benchmark:

hatch run bench --benchmark-json=results.json; python benchmarks/kernel_table.py results.json
"""

import json
import sys
from collections import defaultdict
from pathlib import Path


def table(benchmarks):
    """Return rows of Markdown: per kernel its best time, and how it compares with its floor and what it stands for."""
    groups = defaultdict(dict)
    for benchmark in benchmarks:
        info = benchmark["extra_info"]
        if "implementation" in info:
            groups[benchmark["group"]][info["implementation"]] = benchmark["stats"]["min"]
            groups[benchmark["group"]]["floor"] = info["floor"]
    lines = [
        "| kernel | us | kernel / floor | NumPy / kernel | composition / kernel |",
        "|---" * 5 + "|",
    ]
    for group, times in groups.items():
        if "kernel" in times:
            ratios = [
                times[other] / times["kernel"] if other in times else None for other in ("numpy", "twin")
            ]
            ratios = [times["kernel"] / times["floor"], *ratios]
            cells = ["" if ratio is None else f"{ratio:.2f}" for ratio in ratios]
            lines.append(f"| {group} | {1e6 * times['kernel']:.1f} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


if __name__ == "__main__":
    print(table(json.loads(Path(sys.argv[1]).read_text())["benchmarks"]))
