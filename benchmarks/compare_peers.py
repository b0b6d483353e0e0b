"""Times small training workloads with kx and with Keras in turn, in one run, and prints ratios.

Keras lives in an environment of its own: `python benchmarks/compare_peers.py --peer-python
/path/to/keras-env/bin/python`. Each round starts a fresh process per package, alternating, so that both see the same
machine; the best of the rounds counts.
"""

import argparse
import json
import os
import subprocess
import sys

WORKLOADS = ("small_sgd", "small_adam", "mlp_sgd", "mlp_adam")


def small(package, optimizer):
    """A 10-16-1 network on batches of 32: (model, x, y, batch size). All of its cost is overhead."""
    import numpy as np

    layers = package.layers
    rng = np.random.default_rng(0)
    x, y = rng.random((32 * 300, 10), "float32"), rng.random((32 * 300, 1), "float32")
    model = package.Sequential([package.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(1)])
    model.compile(optimizer, "mse")
    return model, x, y, 32


def mlp(package, optimizer):
    """784-512-512-10 with dropout on batches of 128: (model, x, y, batch size)."""
    import numpy as np

    layers = package.layers
    rng = np.random.default_rng(0)
    x = rng.random((128 * 60, 784), "float32")
    y = np.eye(10, dtype="float32")[rng.integers(0, 10, len(x))]
    model = package.Sequential(
        [
            package.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )
    model.compile(optimizer, "categorical_crossentropy", metrics=["accuracy"])
    return model, x, y, 128


def measure(package_name, workload):
    """Print one JSON line: microseconds per training step, and per `predict` of one batch."""
    import importlib
    import time

    package = importlib.import_module(package_name)
    kind, _, optimizer = workload.partition("_")
    model, x, y, batch = {"small": small, "mlp": mlp}[kind](package, optimizer)
    steps = len(x) // batch
    model.fit(x, y, batch_size=batch, verbose=0)
    fits, predicts = [], []
    for _ in range(5):
        start = time.perf_counter()
        model.fit(x, y, batch_size=batch, verbose=0)
        fits.append((time.perf_counter() - start) / steps)
    one = x[:32]
    model.predict(one, verbose=0)
    for _ in range(100):
        start = time.perf_counter()
        model.predict(one, verbose=0)
        predicts.append(time.perf_counter() - start)
    print(json.dumps({"step_us": min(fits) * 1e6, "predict_us": min(predicts) * 1e6}))


def best(python, package, workload, environment, results):
    """Run one measurement in a process of its own and keep the best of each figure so far."""
    command = [python, __file__, "--measure", package, workload]
    output = subprocess.run(
        command, env={**os.environ, **environment}, capture_output=True, text=True, check=True
    ).stdout
    for name, value in json.loads(output.splitlines()[-1]).items():
        key = (package, environment.get("KX_BACKEND") or environment.get("KERAS_BACKEND"), workload, name)
        results[key] = min(value, results.get(key, float("inf")))


def compare(peer_python, rounds, workloads):
    """Alternate the packages for some rounds and print a table of the best times and their ratios."""
    contestants = [
        (peer_python, "keras", {"KERAS_BACKEND": "jax"}),
        (sys.executable, "kx", {"KX_BACKEND": "numpy"}),
        (sys.executable, "kx", {}),
    ]
    results = {}
    for workload in workloads:
        for _ in range(rounds):
            for python, package, environment in contestants:
                best(python, package, workload, environment, results)
    print(
        f"{'workload':12s} {'figure':11s} {'Keras-JAX':>10s} {'kx numpy':>10s} {'kx':>10s} {'kx / Keras':>11s}"
    )
    for workload in workloads:
        for figure in ("step_us", "predict_us"):
            keras, plain, default = (
                results["keras", "jax", workload, figure],
                results["kx", "numpy", workload, figure],
                results["kx", None, workload, figure],
            )
            print(
                f"{workload:12s} {figure:11s} {keras:10.0f} {plain:10.0f} {default:10.0f} {default / keras:11.2f}"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--peer-python", default=sys.executable, help="the Python of an environment with keras and jax"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--workloads", nargs="+", default=WORKLOADS, choices=WORKLOADS)
    parser.add_argument("--measure", nargs=2, metavar=("PACKAGE", "WORKLOAD"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        measure(*options.measure)
    else:
        compare(options.peer_python, options.rounds, options.workloads)


if __name__ == "__main__":
    main()
