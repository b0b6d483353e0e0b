"""Record what Keras's ModelCheckpoint prints, warns of, raises and which files it leaves, for the tests of kx-models.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/checkpoints.py packages/kx-models/tests/golden/checkpoints.json

A case is a dict: path, kwargs, logs of each epoch, batches in an epoch, and what came of it.
"""

import contextlib
import io
import json
import os
import pathlib
import sys
import tempfile
import warnings

import keras
import numpy as np

NAN = float("nan")
LOGS = [
    {"loss": 3.0, "val_loss": 1.0, "acc": 0.5},
    {"loss": 2.0, "val_loss": 2.0, "acc": 0.6},
    {"loss": 1.0, "val_loss": 0.5, "acc": 0.4},
]
BEST = {"save_best_only": True}
CASES = [
    ("m.keras", {}, LOGS, 0),
    ("m.keras", BEST, LOGS, 0),
    ("w{epoch:02d}-{acc:.2f}.keras", {**BEST, "mode": "max", "monitor": "acc"}, LOGS, 0),
    ("m.keras", {**BEST, "monitor": "mae"}, [{"mae": 1.0}], 0),
    ("m.keras", {**BEST, "monitor": "acc"}, LOGS, 0),
    ("a/b/{epoch}.weights.h5", {"save_weights_only": True}, LOGS, 0),
    ("a.h5", {"save_weights_only": True}, LOGS, 0),
    ("a.weights.h5", {}, LOGS[:1], 0),
    ("a", {}, LOGS, 0),
    ("a", {"save_weights_only": True}, LOGS, 0),
    ("m.keras", {**BEST, "monitor": "nope"}, LOGS, 0),
    ("m.keras", {**BEST, "monitor": "nope", "mode": "min"}, LOGS, 0),
    ("m.keras", {**BEST, "initial_value_threshold": 0.8}, LOGS, 0),
    ("m.keras", {**BEST, "initial_value_threshold": 0.8, "mode": "max", "monitor": "acc"}, LOGS, 0),
    ("b{epoch}-{batch}.keras", {"save_freq": 3}, LOGS, 4),
    ("b.keras", {**BEST, "save_freq": 3, "monitor": "loss"}, LOGS, 4),
    ("b.keras", {"save_freq": 5}, LOGS, 4),
    ("m.keras", {"save_freq": "foo"}, LOGS, 0),
    ("m.keras", {"save_freq": 1.5}, LOGS, 0),
    ("m.keras", {"mode": "foo"}, LOGS, 0),
    ("x{nope}.keras", {}, LOGS, 0),
    ("m.keras", BEST, [{"val_loss": NAN}, {"val_loss": 1.0}, {"val_loss": NAN}], 0),
    ("m.keras", BEST, [{"val_loss": [1.0, 2.0]}], 0),
    ("m.keras", BEST, [{"val_loss": 1.0}, {"val_loss": 1.0}], 0),
    ("q.weights.h5", {**BEST, "save_weights_only": True}, LOGS, 0),
    ("folder.keras", {}, LOGS, 0),
]


def play(path, kwargs, logs, batches):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, name="out")], name="model")
    model.compile("sgd", "mse")
    printed, error, files = io.StringIO(), None, []
    with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            callback = keras.callbacks.ModelCheckpoint(path, verbose=1, **kwargs)
            callback.set_model(model)
            callback.on_train_begin()
            for epoch, entry in enumerate(logs):
                entry = {key: np.array(v) if isinstance(v, list) else v for key, v in entry.items()}
                callback.on_epoch_begin(epoch)
                for batch in range(batches):
                    callback.on_train_batch_end(batch, dict(entry))
                callback.on_epoch_end(epoch, dict(entry))
                files.append(sorted(str(p) for p in pathlib.Path().rglob("*") if p.is_file()))
        except (ValueError, OSError, KeyError) as exception:
            error = f"{type(exception).__name__}: {exception}"
    messages = [str(w.message) for w in caught if w.category is UserWarning]
    return {"printed": printed.getvalue(), "files": files, "error": error, "warnings": messages}


def main():
    target, cases = os.path.abspath(sys.argv[1]), []
    for path, kwargs, logs, batches in CASES:
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            os.mkdir("folder.keras")
            case = {"path": path, "kwargs": kwargs, "logs": logs, "batches": batches}
            cases.append({**case, **play(path, kwargs, logs, batches)})
            os.chdir("/")
    with open(target, "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
