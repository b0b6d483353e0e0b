"""How far a training step is from the least time that its work can take, and where the rest goes.

    python benchmarks/floor.py mlp_sgd cnn

The floor of a step is its FLOPs over the rate of a large matrix product, plus the bytes that its operations read and
write over the rate of a copy of that size, both rates measured in the same run. FLOPs are the `cost` of each primitive
that declares one, forward, and as much again for each of its two gradients, for one where its input is the data. An
algorithm that multiplies less, as Winograd's for convolutions, may come out below. Measure on a quiet machine: a rate
that neighbours lowered makes the floor look high.
"""

import argparse
import functools
import inspect
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from unittest import mock

import numpy as np

import kx
from kx_models.steps import Steps
from kx_optimizers.optimizer import Optimizer
from kx_tensor.capture import recording
from kx_tensor.primitive import PRIMITIVES
from measure import timed
from workloads import WORKLOADS

LOOKUPS = ("embedding", "take", "take_along_axis")  # they read a few rows of a table


def best_of(function, times=5, seconds=0.2):
    """Return the least seconds that a call takes, of at least `times` calls and until `seconds` are over."""
    best, end = float("inf"), time.perf_counter() + seconds
    while times > 0 or time.perf_counter() < end:
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
        times -= 1
    return best


# ---- what the machine can do -----------------------------------------------------------------------------------


@functools.cache
def product_rate():
    """Return the FLOPs a second of a 2048 x 2048 float32 product, on all cores."""
    x = np.ones((2048, 2048), "float32")
    return 2 * 2048**3 / best_of(lambda: np.matmul(x, x), seconds=1.0)


@functools.cache
def _copy_rate(power):
    source = np.ones(2**power, "uint8")
    target = np.empty_like(source)
    seconds = best_of(lambda: np.copyto(target, source), times=20)
    with ThreadPoolExecutor(2) as pool:
        halves = target.reshape(2, -1), source.reshape(2, -1)
        seconds = min(seconds, best_of(lambda: list(pool.map(np.copyto, *halves)), times=20))
    return 2 * 2**power / seconds


def copy_rate(nbytes):
    """Return the bytes read and written a second by a copy of about `nbytes`: small arrays stay in the caches."""
    return _copy_rate(min(max(int(nbytes).bit_length(), 14), 26))


def least_seconds(flops, sizes):
    """Return the floor of work: FLOPs, and the sizes in bytes of the arrays that are read or written."""
    return flops / product_rate() + sum(size / copy_rate(size) for size in sizes)


# ---- what an operation costs -----------------------------------------------------------------------------------


def flops_of(primitive, arrays, params):
    """Return the FLOPs of a primitive's forward, as it declares them; 0 if it does not."""
    if primitive.cost is None:
        return 0
    takes = inspect.signature(primitive.cost).parameters.values()
    every = any(p.kind is p.VAR_KEYWORD for p in takes)
    names = {p.name for p in takes}
    return primitive.cost(*arrays, **{k: v for k, v in params.items() if every or k in names})


def sizes_of(primitive, *values):
    """Return the bytes of every array in the nested values that a primitive reads and writes, each array once."""
    found = {}

    def visit(value):
        if isinstance(value, np.ndarray):
            found[id(value)] = value.nbytes
        elif isinstance(value, (tuple, list)):
            for item in value:
                visit(item)
        elif hasattr(value, "rows"):  # a RowSparse gradient
            visit([value.ids, value.rows])

    visit(values)
    sizes = list(found.values())
    if primitive is not None and primitive.name in LOOKUPS:
        # Of the table only as many rows as there are results.
        sizes = [min(size, sorted(sizes)[-2]) for size in sizes]
    return sizes


class Profile:
    """Takes the place of a kx_tensor Recorder: is told of every call on raw arrays, and times it."""

    def __init__(self, data):
        self.data = {id(array) for array in data}
        self.seconds = defaultdict(float)
        self.flops, self.sizes = 0, []
        self.arguments = {}
        self.known = {}  # function -> (primitive, "forward" or "backward", how many arguments precede the arrays)
        for primitive in PRIMITIVES.values():
            self.known[primitive.forward] = primitive, "forward", 1
            for rule in (primitive.joint, *primitive.rules):
                if rule is not None:
                    self.known[rule[0]] = primitive, "backward", None
            for forward, backward, _ in primitive.kernels.get("native", ()):
                self.known.setdefault(forward, (primitive, "forward", 0))
                self.known.setdefault(backward, (primitive, "backward", None))

    def call(self, function, *args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        seconds = time.perf_counter() - start
        primitive, direction, skipped = self.known.get(function, (None, "other", None))
        name = getattr(function, "__name__", str(function)) if primitive is None else primitive.name
        self.seconds[name, direction] += seconds
        self.sizes += sizes_of(primitive, args, result)
        if direction == "forward":
            arrays = args[skipped:]
            products = 2 if any(id(a) in self.data for a in arrays) else 3
            self.flops += products * flops_of(primitive, arrays, kwargs)
        return result

    def note(self, function, args, kwargs, result):
        pass

    def note_casts(self, operands, arrays):
        pass

    def constant(self, array):
        return array


# ---- a step ----------------------------------------------------------------------------------------------------


def counted(profile, method, label):
    """Return `method`, its time counted as `label`, without that of the operations it calls; what it got is kept."""

    def wrapper(*args, **kwargs):
        start, known = time.perf_counter(), sum(profile.seconds.values())
        result = method(*args, **kwargs)
        inside = sum(profile.seconds.values()) - known
        profile.seconds[label, ""] += time.perf_counter() - start - inside
        profile.arguments[label] = args
        return result

    return wrapper


def profiled_step(model, x, y):
    """Train on a batch, one operation after the other, and return the Profile of it."""
    profile = Profile([x, y])
    with (
        mock.patch.object(Optimizer, "apply", counted(profile, Optimizer.apply, "optimizer")),
        mock.patch.object(Steps, "_track", counted(profile, Steps._track, "metrics")),
        recording(profile),
    ):
        model.train_on_batch(x, y)
    return profile


def measure_step(name, seconds=4.0):
    """Return (seconds of a step, {(part, direction): seconds}, FLOPs, sizes of what is read and written).

    Steps are timed as they are and in parts, in turn; the least times count.
    """
    workload = WORKLOADS[name]
    model = workload.compiled(kx)
    x, y = workload.data(workload.batch)
    for _ in range(6):
        model.train_on_batch(x, y)
    step, parts, end = float("inf"), {}, time.perf_counter() + seconds
    while time.perf_counter() < end:
        step = min(step, *timed(lambda: model.train_on_batch(x, y), 2))
        profile = profiled_step(model, x, y)
        for part, least in profile.seconds.items():
            parts[part] = min(least, parts.get(part, least))
    _, grads, weights = profile.arguments["optimizer"]
    return step, parts, profile.flops, profile.sizes + update_sizes(model.optimizer, grads, weights)


def update_sizes(optimizer, grads, weights):
    """Return the bytes that an update reads and writes: each gradient, and twice each weight and its slots.

    Without slots the rows of a table whose gradient is zero stay as they are.
    """
    slots = round(sum(v.data.nbytes for v in optimizer.variables) / sum(v.data.nbytes for v in weights))
    sizes = sizes_of(None, grads)
    for g, v in zip(grads, weights, strict=True):
        sizes += 2 * ([g.rows.nbytes] if hasattr(g, "rows") and not slots else [v.data.nbytes] * (1 + slots))
    return sizes


def report(name):
    """Return the floor of a workload's step, and a line for each part of it."""
    step, parts, flops, sizes = measure_step(name)
    products, copies = least_seconds(flops, ()), least_seconds(0, sizes)
    floor, bandwidth = products + copies, sum(sizes) / copies
    lines = [
        f"{name}: {1e3 * step:.3f} ms a step, {step / floor:.2f} times the floor of {1e3 * floor:.3f} ms: "
        f"{flops / 1e9:.3f} GFLOP at {product_rate() / 1e9:.0f} GFLOP/s take {1e3 * products:.3f} ms, "
        f"{sum(sizes) / 1e6:.1f} MB at {bandwidth / 1e9:.0f} GB/s {1e3 * copies:.3f} ms"
    ]
    parts["Python between them", ""] = step - sum(parts.values())
    for (part, direction), seconds in sorted(parts.items(), key=lambda item: -item[1]):
        lines.append(f"{1e3 * seconds:10.3f} ms {100 * seconds / step:5.1f}%  {part} {direction}")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "workloads", nargs="*", default=list(WORKLOADS), metavar="workload", help=", ".join(WORKLOADS)
    )
    for name in parser.parse_args().workloads:
        print(report(name), end="\n\n")


if __name__ == "__main__":
    main()
