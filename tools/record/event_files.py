"""Record what Keras's TensorBoard callback writes: the run, step, tag and plugin of every record.

Run it where Keras 3.15.1 and TensorFlow are installed:

    KERAS_BACKEND=tensorflow python tools/record/event_files.py packages/kx-models/tests/golden/tensorboard.json

A case is [arguments of the callback, whether there is validation, records]. Errors: [arguments, message].
"""

import json
import pathlib
import sys
import tempfile

import keras
import numpy as np
from keras import layers
from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
from tensorboard.compat.proto import event_pb2

CASES = [
    ({}, False),
    ({"write_graph": False}, True),
    ({"histogram_freq": 1, "write_images": True, "write_graph": False}, True),
    ({"histogram_freq": 2, "write_graph": False}, False),
    ({"update_freq": "batch", "write_graph": False}, True),
    ({"update_freq": 1, "write_steps_per_second": True}, False),
    ({"update_freq": 3, "write_graph": False}, False),
]
WRONG = [
    {"profile_batch": (3, 2)},
    {"profile_batch": -1},
    {"profile_batch": (1, 2, 3)},
    {"profile_batch": 1.5},
]


def records(folder):
    """[run, step, tag, plugin] of all records below a folder."""
    found = []
    for path in sorted(pathlib.Path(folder).rglob("*tfevents*")):
        for data in RawEventFileLoader(str(path)).Load():
            event = event_pb2.Event.FromString(data)
            for value in event.summary.value:
                plugin = value.metadata.plugin_data.plugin_name
                found.append([path.parent.name, event.step, value.tag, plugin])
    return found


def model():
    keras.utils.clear_session()
    parts = [
        keras.Input((8, 8, 3)),
        layers.Conv2D(4, 3, name="conv"),
        layers.BatchNormalization(name="norm"),
        layers.Flatten(name="flat"),
        layers.Dense(1, name="out"),
    ]
    result = keras.Sequential(parts, name="model")
    result.compile("sgd", "mse", metrics=["mae"])
    return result


def main():
    x, y = np.random.rand(12, 8, 8, 3).astype("float32"), np.random.rand(12, 1).astype("float32")
    cases, errors = [], []
    for kwargs, validated in CASES:
        with tempfile.TemporaryDirectory() as folder:
            callback = keras.callbacks.TensorBoard(folder, **kwargs)
            more = {"validation_data": (x, y)} if validated else {}
            model().fit(x, y, batch_size=4, epochs=2, verbose=0, callbacks=[callback], **more)
            cases.append([kwargs, validated, records(folder)])
    for kwargs in WRONG:
        try:
            keras.callbacks.TensorBoard(**kwargs)
        except ValueError as error:
            errors.append([kwargs, str(error)])
    with open(sys.argv[1], "w") as file:
        lines = [",\n".join(json.dumps(c) for c in part) for part in (cases, errors)]
        file.write(f'{{"cases": [\n{lines[0]}\n],\n"errors": [\n{lines[1]}\n]}}\n')


if __name__ == "__main__":
    main()
