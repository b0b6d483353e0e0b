"""Count what a step and a prediction of each workload cost on any machine: Python calls, and arrays of 16 kB or more.

Prints one line of JSON, {"mlp_sgd step": {"calls": 41, ...}}. `blocks` is how many such arrays are made, `fresh` for
how many of them the memory pool had to ask the system, `peak_bytes` what they occupy at once, beyond what stays.
"""

import gc
import json
import sys

import kx
from kx_tensor.device import kx_kernels, pooled
from workloads import WORKLOADS

WARM = 8  # steps: some build, some are captured


def python_calls(function):
    """Return how many Python functions `function` calls."""
    calls = 0

    def count(frame, event, argument):
        nonlocal calls
        calls += event == "call"

    sys.setprofile(count)
    try:
        function()
    finally:
        sys.setprofile(None)
    return calls


def large_arrays(function):
    """Return the counts of the memory pool over a call of `function`, from an empty pool that one call has filled."""
    kx_kernels.trim_pool()
    with pooled():
        function()
        before = kx_kernels.pool_statistics()
        function()
        after = kx_kernels.pool_statistics()
    fresh, reused = (after[name] - before[name] for name in ("fresh", "reused"))
    return {
        "blocks": fresh + reused,
        "fresh": fresh,
        "peak_bytes": after["most_live_bytes"] - before["live_bytes"],
    }


def counts(function):
    """Return all counts of a call of `function` that has run before."""
    gc.collect()
    gc.disable()  # what it would call is not the step's
    try:
        found = {"calls": python_calls(function)}
        return found if kx_kernels is None else found | large_arrays(function)
    finally:
        gc.enable()


def count_workload(name):
    """Return the counts of a training step and of a prediction of a batch."""
    workload = WORKLOADS[name]
    model = workload.compiled(kx)
    x, y = workload.data(workload.batch)
    found = {}
    for what, function in (
        ("step", lambda: model.train_on_batch(x, y)),
        ("predict", lambda: model.predict_on_batch(x)),
    ):
        for _ in range(WARM):
            function()
        found[f"{name} {what}"] = counts(function)
    return found


def main():
    """Print the counts of the workloads named on the command line, or of all whose layers kx has."""
    found = {}
    for name in sys.argv[1:] or WORKLOADS:
        try:
            found |= count_workload(name)
        except AttributeError as missing:  # an older kx, compared with a newer one
            print(f"{name}: {missing}", file=sys.stderr)
    print(json.dumps(found))


if __name__ == "__main__":
    main()
