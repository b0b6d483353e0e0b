"""Record what Keras's callbacks, progress bar and summary do and print, for the tests of kx-models.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/callbacks.py packages/kx-models/tests/golden/callbacks.json

- "callbacks": each case is a callback, the values of one log entry epoch by epoch, and what came of it.
- "progbar": what `verbose=2` prints for a number of steps at a constant pace.
- "summary": the widths of the columns for some line lengths, and whole tables.
"""

import contextlib
import io
import json
import os
import sys
import time
import types
import warnings

import keras
import numpy as np

FALLS = [1, 0.9, 0.95, 0.94, 0.96, 0.5, 0.6, 0.7, 0.8, 0.9]
RISES = [0.1, 0.2, 0.15, 0.3]
NAN, INF = float("nan"), float("inf")

STOPPING = [
    ({"patience": 2}, FALLS, 1),
    ({}, [1, 2, 3], 1),
    ({"patience": 3, "restore_best_weights": True}, FALLS, 2),
    ({"patience": 30, "restore_best_weights": True}, FALLS, 1),
    ({"patience": 2, "min_delta": 0.2}, FALLS, 1),
    ({"patience": 2, "min_delta": -0.2}, FALLS, 1),
    ({"patience": 2, "min_delta": 0.1}, [0.7, 0.6, 0.5, 0.4, 0.3], 1),
    ({"patience": 1, "mode": "max"}, RISES, 1),
    ({"patience": 1, "mode": "max", "min_delta": 0.1}, [0.1, 0.2, 0.3, 0.4, 0.5, 0.6], 1),
    ({"baseline": 0.4, "patience": 2, "restore_best_weights": True}, FALLS, 1),
    ({"baseline": 0.92, "patience": 2, "restore_best_weights": True}, FALLS, 1),
    ({"start_from_epoch": 4, "patience": 2, "restore_best_weights": True}, FALLS, 1),
    ({"start_from_epoch": 40, "restore_best_weights": True}, FALLS, 1),
    ({"patience": 2, "restore_best_weights": True}, [NAN, NAN, 1, NAN, NAN], 1),
    ({"patience": 2, "restore_best_weights": True}, [INF, INF, INF], 1),
    ({}, [None, 1, 2], 1),
    ({}, [1], 1),
    ({"monitor": "foo"}, FALLS, 1),
    ({"mode": "down"}, FALLS, 1),
]
PLATEAU = [
    ({"patience": 2, "factor": 0.5}, FALLS, 1),
    ({"patience": 0, "factor": 0.5}, FALLS, 1),
    ({"patience": 1, "factor": 0.5, "cooldown": 2}, [1] * 9, 2),
    ({"patience": 1, "factor": 0.5, "min_lr": 0.03}, [1] * 9, 1),
    ({"patience": 1, "factor": 0.5}, [NAN] * 4, 1),
    ({"patience": 2, "factor": 0.5, "mode": "max"}, FALLS, 1),
    ({"patience": 1, "factor": 0.5, "min_delta": 0.3}, FALLS, 1),
    ({"factor": 1.0}, FALLS, 1),
    ({"monitor": "foo"}, FALLS, 1),
]


class Model:
    """What a callback sees of a model."""

    def __init__(self):
        self.metrics = []
        self.stop_training = False
        self.optimizer = types.SimpleNamespace(learning_rate=0.1)
        self.epoch = 0

    def get_weights(self):
        return [np.array(self.epoch)]

    def set_weights(self, weights):
        self.epoch = int(weights[0])


def play(make, series, fits):
    """Run the callback through `fits` trainings and return what it did."""
    printed, rows, error = io.StringIO(), [], None
    with contextlib.redirect_stdout(printed), warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            callback, model = make(), Model()
            callback.set_model(model)
            for _ in range(fits):
                model.stop_training = False
                callback.on_train_begin()
                for epoch, value in enumerate(series):
                    model.epoch = epoch + 1
                    callback.on_epoch_begin(epoch)
                    callback.on_epoch_end(epoch, {} if value is None else {"val_loss": value})
                    rows.append([round(float(model.optimizer.learning_rate), 9), callback.wait])
                    if model.stop_training:
                        break
                callback.on_train_end()
                rows.append(["end", model.epoch])
        except ValueError as exception:
            error = str(exception)
    messages = [str(w.message) for w in caught if w.category is UserWarning]
    return {"printed": printed.getvalue(), "rows": rows, "error": error, "warnings": messages}


def record_progbar():
    cases = []
    for steps, pace, values in [
        (3, 0.2, [["loss", 0.3333], ["acc", 2e-5]]),
        (100, 40.0, [["loss", 0.25]]),
        (2, 5e-7, []),
        (2, 9.9e-4, [["loss", NAN]]),
        (2, 0.999, [["n", 1e7]]),
        (4, 1.5, [["zero", 0.0], ["loss", 0.5]]),
    ]:
        now = [1000.0]
        real, time.time = time.time, lambda now=now: now[0]
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            bar = keras.utils.Progbar(steps, verbose=2)
            for i in range(steps):
                now[0] += pace
                bar.update(i + 1, values)
        time.time = real
        cases.append({"steps": steps, "pace": pace, "values": values, "printed": printed.getvalue()})
    return cases


def record_summaries():
    layers = keras.layers
    chain = keras.Sequential(
        [keras.Input((4,)), layers.Dense(3, name="d"), layers.Dropout(0.2, name="o")], name="chain"
    )
    x = keras.Input((4,), name="img")
    first = layers.Dense(4, name="a_very_long_layer_name_for_wrapping")
    second = layers.Dense(4, name="b", trainable=False)
    y = first(x)
    graph = keras.Model(x, layers.Concatenate(name="c")([y, second(y), first(x), x]), name="graph")
    widths, tables = [], []
    for model in (chain, graph):
        for trainable in (False, True):
            for length in (50, 61, 70, 77, 83, 90, 95, 104, 120, 150):
                text = []
                model.summary(line_length=length, show_trainable=trainable, print_fn=text.append)
                last = next(line for line in text[0].split("\n") if line.startswith("└"))
                widths.append(
                    [model.name, trainable, length, [len(part) for part in last.strip("└┘").split("┴")]]
                )
            text = []
            model.summary(line_length=80, show_trainable=trainable, print_fn=text.append)
            tables.append([model.name, trainable, 80, text[0]])
    return {"widths": widths, "tables": tables}


def main():
    os.environ["COLUMNS"] = "200"  # Keras cuts off what is wider than the terminal
    cases = []
    for name, table in (("EarlyStopping", STOPPING), ("ReduceLROnPlateau", PLATEAU)):
        for kwargs, series, fits in table:
            kind = getattr(keras.callbacks, name)
            result = play(lambda kind=kind, kwargs=kwargs: kind(verbose=1, **kwargs), series, fits)
            cases.append({"callback": name, "kwargs": kwargs, "series": series, "fits": fits, **result})
    record = {"callbacks": cases, "progbar": record_progbar(), "summary": record_summaries()}
    with open(sys.argv[1], "w") as file:
        json.dump(record, file, indent=1, ensure_ascii=False)
        file.write("\n")


if __name__ == "__main__":
    main()
