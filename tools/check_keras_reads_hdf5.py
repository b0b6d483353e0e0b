"""Check that Keras 3 and tf_keras read the HDF5 files that kx writes, and predict what kx predicts.

Needs keras with TensorFlow, tf_keras, and kx importable beside them. Every model is made and trained in kx and
written as a whole-model file, which Keras 3 loads, and as a file of weights, which tf_keras loads into the model made
by its own layers. The optimizer's state is not compared: Keras 3.15.1 does not restore it from HDF5 files, its own
included.

    python tools/check_keras_reads_hdf5.py
"""

import sys
import tempfile
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "record"))

import keras
import numpy as np
import old_files  # sets the backend
import tf_keras

import kx
from kx.models import load_model


def one(name, shape, *layers):
    """A builder of a Sequential model from functions of the module that has the layers."""

    def build(k):
        model = k.Sequential([k.layers.Input(shape), *(make(k.layers) for make in layers)], name=name)
        model.compile(k.optimizers.Adam(0.01), "mse")
        return model

    return build


# What these do not do with files of their own either
KNOWN = {
    ("attention", "keras 3"): "Keras 3.15.1 reads no HDF5 file with an Attention layer",
    ("images", "tf_keras weights"): "hard_sigmoid is another function in Keras 2",
}
FLAT = (lambda L: L.Flatten(), lambda L: L.Dense(2))
MODELS = old_files.BOTH | {
    name: one(name, shape, *layers)
    for name, shape, layers in (
        (
            "plain",
            (5,),
            [lambda L: L.Dense(4, "relu"), lambda L: L.Dropout(0.0), lambda L: L.Dense(3, "softmax")],
        ),
        ("no_bias", (5,), [lambda L: L.Dense(4, use_bias=False), lambda L: L.UnitNormalization(), *FLAT]),
        (
            "activations",
            (6,),
            [lambda L: L.Dense(6), lambda L: L.ELU(0.5), lambda L: L.ReLU(6.0, 0.1), lambda L: L.Softmax()],
        ),
        ("group_norm", (4, 4, 6), [lambda L: L.Conv2D(6, 1), lambda L: L.GroupNormalization(3), *FLAT]),
        ("causal", (8, 3), [lambda L: L.Conv1D(4, 3, padding="causal", dilation_rate=2), *FLAT]),
        ("separable", (9, 3), [lambda L: L.SeparableConv1D(4, 3, depth_multiplier=2), *FLAT]),
        (
            "upward",
            (5, 3),
            [lambda L: L.Conv1DTranspose(4, 3, strides=2), lambda L: L.GlobalAveragePooling1D()],
        ),
        ("volume", (4, 4, 4, 2), [lambda L: L.Conv3D(3, 2), lambda L: L.AveragePooling3D(2), *FLAT]),
        (
            "lstm_back",
            (5, 3),
            [lambda L: L.LSTM(4, go_backwards=True, return_sequences=True), lambda L: L.LSTM(2)],
        ),
        ("gru_both", (5, 3), [lambda L: L.Bidirectional(L.GRU(3), merge_mode="sum"), lambda L: L.Dense(2)]),
        (
            "masked",
            (5, 3),
            [lambda L: L.Masking(0.0), lambda L: L.SimpleRNN(4, activation="relu"), lambda L: L.Dense(1)],
        ),
        (
            "each_step",
            (5, 3),
            [lambda L: L.TimeDistributed(L.Dense(2)), lambda L: L.Flatten(), lambda L: L.RepeatVector(2)],
        ),
        (
            "frozen",
            (5,),
            [lambda L: L.Dense(4, trainable=False), lambda L: L.BatchNormalization(trainable=False), *FLAT],
        ),
    )
}


def batch(model, rng):
    """Inputs and targets for a model, as lists."""
    inputs = []
    for given in model.inputs:
        shape = (6, *given.shape[1:])
        whole = "int" in str(given.dtype)
        inputs.append(rng.integers(0, 9, shape) if whole else rng.normal(size=shape).astype("float32"))
    targets = [rng.uniform(size=(6, *out.shape[1:])).astype("float32") for out in model.outputs]
    return inputs, [y / y.sum(axis=-1, keepdims=True) for y in targets]


def gap(one, other):
    """The largest difference between two models' outputs."""
    pairs = zip(*(x if isinstance(x, list) else [x] for x in (one, other)), strict=True)
    return max(float(np.abs(np.asarray(a) - np.asarray(b)).max()) for a, b in pairs)


def check(name, build, folder):
    kx.utils.set_random_seed(3)
    model = build(kx)
    inputs, targets = batch(model, np.random.default_rng(len(name)))
    x, y = (values if len(values) > 1 else values[0] for values in (inputs, targets))
    train = dict(batch_size=6, epochs=2, shuffle=False, verbose=0)
    model.fit(x, y, **train)
    whole, weights = f"{folder}/{name}.h5", f"{folder}/{name}_weights.h5"
    model.save(whole)
    model.save_weights(weights)
    found = {"kx": gap(load_model(whole).predict(x, verbose=0), predicted := model.predict(x, verbose=0))}
    readers = {
        "keras 3": lambda: keras.models.load_model(whole),
        "tf_keras weights": lambda: old(build, weights),
    }
    for reader, load in readers.items():
        if (name, reader) in KNOWN:
            continue
        try:
            other = load()
            found[reader] = gap(other.predict(x, verbose=0), predicted)
        except Exception as error:
            found[reader] = f"{type(error).__name__}: {str(error)[:200]}"
    good = all(isinstance(value, float) and value < 1e-4 for value in found.values())
    print("ok  " if good else "FAIL", name, found, flush=True)
    return good


def old(build, weights):
    model = build(tf_keras)
    model.load_weights(weights)
    return model


def main():
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        results = [check(name, build, folder) for name, build in MODELS.items()]
    print(f"{sum(results)} of {len(results)}")
    sys.exit(not all(results))


if __name__ == "__main__":
    main()
