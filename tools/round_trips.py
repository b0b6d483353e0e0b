"""Do kx, Keras 3.15.1 and tf_keras go on with each other's files, in the middle of training?

    python tools/round_trips.py all FOLDER PYTHON     # PYTHON: one that has keras 3.15.1, tensorflow and tf_keras

Every model of tools/record/all_saved_models.py is trained by one library, written in three formats, and read by
another, in a process of its own: predictions must be the same, and so must the losses of training that goes on. `all`
runs the steps `write` and `read` for each pair and prints a table; one step alone, or a few models, are

    python tools/round_trips.py write LIBRARY FOLDER [MODEL ...]
    python tools/round_trips.py read LIBRARY FOLDER [MODEL ...]       # files that another library wrote to FOLDER
"""

import importlib
import json
import os
import pathlib
import subprocess
import sys
import warnings

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent / "record"))

import all_saved_models
from saved_models import flat, train

FORMATS = (".keras", ".weights.h5", ".h5")
BATCH = 4
# Keras reading its own files shows what is its own doing
PAIRS = (
    ("kx", "keras"), ("keras", "kx"), ("keras", "keras"),
    ("kx", "tf_keras"), ("tf_keras", "kx"), ("tf_keras", "tf_keras"),
)  # fmt: skip
FINE = "yes"


def library(name):
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")  # with which alone Keras trains on strings
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if name == "tf_keras":
        os.environ["TF_USE_LEGACY_KERAS"] = "1"
    return importlib.import_module(name)


def made(keras, name, seed):
    """A model that is built, with its optimizer, and its data."""
    keras.utils.set_random_seed(seed)
    model, (x, y) = all_saved_models.MODELS[name](keras)
    if keras.__name__ != "kx":
        if getattr(model, "optimizer", None) is not None:
            model.run_eagerly = True  # compiling a step takes longer than running the few that are made here
        if name in all_saved_models.STRINGS:
            import tensorflow

            x = tensorflow.constant(x)
    return model, x, y


def build(model, x, y):
    """Give a model that was only made all its variables, and its optimizer's."""
    model.predict(x, batch_size=BATCH, verbose=0)
    if getattr(model, "optimizer", None) is not None:
        model.optimizer.build(model.trainable_variables)


def predicted(model, x):
    for layer in model.layers:
        if getattr(layer, "stateful", False):
            layer.reset_states()  # no file holds them
    return flat(model.predict(x, batch_size=BATCH, verbose=0))


# ---- one library writes


def write(keras, folder, names):
    """Train all models, write them, and note what they predict and how training goes on."""
    told = {}
    for name in names:
        try:
            model, x, y = made(keras, name, seed=1)
            if getattr(model, "optimizer", None) is not None:
                train(model, x, y, epochs=2)
            told[name] = _written(model, x, folder, name)
            outputs = predicted(model, x)
            losses = train(model, x, y, epochs=2) if getattr(model, "optimizer", None) is not None else []
            np.savez(folder / f"{name}.npz", *outputs, losses=losses)
        except Exception as error:
            told.setdefault(name, {}).update(dict.fromkeys(FORMATS, f"not made: {_sentence(error)}"))
        print(f"{keras.__name__} wrote {name}: {told[name] or 'all'}", flush=True)
    _note(folder / "written.json", told)


def _written(model, x, folder, name):
    """Write in all formats; which could not be, and why."""
    told = {}
    for suffix in FORMATS:
        path = folder / f"{name}{suffix}"
        try:
            if suffix == ".weights.h5":
                if not model.built:
                    model.predict(x, batch_size=BATCH, verbose=0)
                model.save_weights(path)
            else:
                model.save(path)
        except Exception as error:
            path.unlink(missing_ok=True)
            told[suffix] = f"not written: {_sentence(error)}"
    return told


# ---- another reads


def read(keras, folder, names):
    all_saved_models.custom_objects(keras)
    written = json.loads((folder / "written.json").read_text())
    told = {}
    for name in names:
        told[name] = {
            suffix: written[name].get(suffix) or read_one(keras, folder, name, suffix) for suffix in FORMATS
        }
        unfit = {suffix: why for suffix, why in told[name].items() if why != FINE}
        print(f"{keras.__name__} read {name}: {unfit or 'all'}", flush=True)
    _note(folder / f"read_by_{keras.__name__}.json", told)


def read_one(keras, folder, name, suffix):
    """`FINE`, or what is not as the writer had it."""
    expected = np.load(folder / f"{name}.npz")
    low = name in all_saved_models.LOW_PRECISION
    try:
        made_here, x, y = made(keras, name, seed=2)
        path = folder / f"{name}{suffix}"
        # tf_keras makes no models of Keras 3's configs, but takes the weights out of HDF5 files
        if suffix == ".weights.h5" or (suffix == ".h5" and keras.__name__ == "tf_keras"):
            model = made_here
            build(model, x, y)
            model.load_weights(path)
        else:
            model = keras.models.load_model(path)
            model.run_eagerly = keras.__name__ != "kx"
        outputs = predicted(model, x)
        stored = [expected[key] for key in expected.files if key.startswith("arr_")]
        if len(outputs) != len(stored):
            return f"{len(outputs)} outputs instead of {len(stored)}"
        for mine, theirs in zip(outputs, stored):
            np.testing.assert_allclose(mine, theirs, rtol=2e-2 if low else 1e-5, atol=2e-2 if low else 2e-6)
    except Exception as error:
        return f"not read: {_sentence(error)}"
    if not len(expected["losses"]) or name in all_saved_models.DRAWING:
        return FINE
    try:
        losses = train(model, x, y, epochs=2)
    except Exception as error:
        return f"does not train on: {_sentence(error)}"
    if not np.allclose(losses, expected["losses"], rtol=2e-2 if low else 2e-5, atol=1e-6):
        return (
            f"trains on otherwise: {np.round(losses, 5).tolist()} for {expected['losses'].round(5).tolist()}"
        )
    return FINE


def _note(path, told):
    """Add to what a file tells of models."""
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps(known | told, indent=1))


def _sentence(error):
    return f"{type(error).__name__}: {' '.join(str(error).split())[:300]}"


# ---- all


def run_all(folder, python):
    for writer in ("kx", "keras", "tf_keras"):
        place = folder / writer
        place.mkdir(parents=True, exist_ok=True)
        _step(writer, python, "write", writer, place)
    for writer, reader in PAIRS:
        _step(reader, python, "read", reader, folder / writer)
    print(table(folder))


def _step(which, python, *arguments):
    program = sys.executable if which == "kx" else python
    subprocess.run([program, __file__, *map(str, arguments)], check=True)


def table(folder):
    """A row for each model, a column for each pair of writer and reader, which names the formats that go."""
    read_by = {pair: json.loads((folder / pair[0] / f"read_by_{pair[1]}.json").read_text()) for pair in PAIRS}
    titles = [f"{writer} to {reader}" for writer, reader in PAIRS]
    lines = [f"| model | {' | '.join(titles)} |", f"|---|{'---|' * len(PAIRS)}"]
    for name in all_saved_models.MODELS:
        cells = [
            " ".join(suffix for suffix in FORMATS if read_by[pair].get(name, {}).get(suffix) == FINE)
            or "none"
            for pair in PAIRS
        ]
        lines.append(f"| {name} | {' | '.join('all' if c == ' '.join(FORMATS) else c for c in cells)} |")
    return "\n".join(lines)


def main():
    warnings.simplefilter("ignore")
    if sys.argv[1] == "all":
        run_all(pathlib.Path(sys.argv[2]), sys.argv[3])
    elif sys.argv[1] == "table":
        print(table(pathlib.Path(sys.argv[2])))
    else:
        names = sys.argv[4:] or list(all_saved_models.MODELS)
        keras, folder = library(sys.argv[2]), pathlib.Path(sys.argv[3])
        step = {"write": write, "read": read}[sys.argv[1]]
        step(keras, folder, names)


if __name__ == "__main__":
    main()
