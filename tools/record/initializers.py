"""Record what real Keras's initializers promise, for packages/kx-layers/tests/test_initializers.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/initializers.py packages/kx-layers/tests/golden/initializers.npz

Random numbers differ between generators, so for the random ones only mean, standard deviation and range of a large
draw are kept; `Zeros`, `Ones`, `Constant`, `Identity` and `STFT` are kept exactly.
"""

import json
import sys

import keras
import numpy as np

EXACT = [
    ("Zeros", {}, (2, 3), "float32"),
    ("Ones", {}, (2, 3), "float16"),
    ("Ones", {}, (2,), "int32"),
    ("Zeros", {}, (2,), "bool"),
    ("Constant", {"value": 2.5}, (2, 3), "float32"),
    ("Constant", {"value": [1.0, 2.0, 3.0]}, (2, 3), "float32"),
    ("Constant", {}, (), "float32"),
    ("Identity", {}, (3, 3), "float32"),
    ("Identity", {"gain": 2.0}, (2, 4), "float32"),
    ("STFT", {}, (16, 1, 10), "float32"),
    (
        "STFT",
        {"side": "imag", "window": "hamming", "scaling": "spectrum", "periodic": True},
        (15, 1, 14),
        "float32",
    ),
    ("STFT", {"window": None, "scaling": None}, (8, 2, 8), "float32"),
    ("STFT", {"window": [0.5, 1.0, 1.0, 0.5]}, (4, 1, 6), "float32"),
]

FAMILIES = ("GlorotUniform", "GlorotNormal", "HeUniform", "HeNormal", "LecunUniform", "LecunNormal")
RANDOM = [
    *((name, {"seed": 1}, (60, 90)) for name in FAMILIES),
    ("GlorotUniform", {"seed": 1}, (5, 5, 12, 20)),
    ("HeNormal", {"seed": 1}, (3, 20, 100)),
    ("LecunUniform", {"seed": 1}, (4000,)),
    ("HeNormal", {"seed": 1, "input_axes": [0, 2], "output_axes": [1]}, (10, 30, 20)),
    ("GlorotNormal", {"seed": 1, "input_axes": [0], "output_axes": [1, 2]}, (10, 30, 20)),
    ("GlorotUniform", {"seed": 1, "output_axes": [-1], "input_axes": [1, 2]}, (10, 30, 20)),
    *(
        ("VarianceScaling", {"seed": 1, "scale": 2.0, "mode": mode, "distribution": distribution}, (60, 90))
        for mode in ("fan_in", "fan_out", "fan_avg")
        for distribution in ("uniform", "normal", "truncated_normal", "untruncated_normal")
    ),
    ("RandomNormal", {"seed": 1, "mean": 1.0, "stddev": 0.5}, (60, 90)),
    ("RandomUniform", {"seed": 1, "minval": -1.0, "maxval": 3.0}, (60, 90)),
    ("TruncatedNormal", {"seed": 1, "mean": -1.0, "stddev": 0.5}, (60, 90)),
]
DEFAULTS = (
    "Zeros", "Ones", "Constant", "Identity", "Orthogonal", "STFT", "VarianceScaling", *FAMILIES,
    "RandomNormal", "RandomUniform",
    "TruncatedNormal",
)  # fmt: skip
FAILURES = [
    ("VarianceScaling", {"scale": 0.0}, None),
    ("VarianceScaling", {"mode": "fan"}, None),
    ("VarianceScaling", {"distribution": "cauchy"}, None),
    ("RandomNormal", {"seed": "a"}, None),
    ("Identity", {}, (2, 3, 4)),
    ("Orthogonal", {}, (3,)),
    ("STFT", {"side": "both"}, None),
    ("STFT", {"scaling": "x"}, None),
    ("STFT", {"window": "nope"}, (8, 1, 8)),
    ("STFT", {}, (8, 8)),
]


def record_failure(name, kwargs, shape):
    entry = {"name": name, "kwargs": kwargs, "shape": shape, "error": None}
    try:
        initializer = getattr(keras.initializers, name)(**kwargs)
        if shape is not None:
            initializer(shape)
    except Exception as error:
        entry.update(error=type(error).__name__, text=str(error))
    return entry


def main(path):
    arrays, exact, random = {}, [], []
    for index, (name, kwargs, shape, dtype) in enumerate(EXACT):
        arrays[f"exact/{index}"] = np.asarray(getattr(keras.initializers, name)(**kwargs)(shape, dtype=dtype))
        exact.append({"name": name, "kwargs": kwargs, "shape": shape, "dtype": dtype})
    for name, kwargs, shape in RANDOM:
        initializer = getattr(keras.initializers, name)(**kwargs)
        x = np.asarray(initializer(shape))
        again = bool((x == np.asarray(initializer(shape))).all())
        numbers = [float(v) for v in (x.mean(), x.std(), x.min(), x.max())]
        config = keras.initializers.serialize(initializer)
        random.append(
            {
                "name": name,
                "kwargs": kwargs,
                "shape": shape,
                "stats": numbers,
                "again": again,
                "config": config,
            }
        )
    defaults = {}
    for name in DEFAULTS:
        initializer = getattr(keras.initializers, name)()
        defaults[name] = keras.initializers.serialize(initializer)
    unseeded = keras.initializers.RandomNormal()
    record = {
        "exact": exact,
        "random": random,
        "defaults": defaults,
        "unseeded_repeats": bool((np.asarray(unseeded((4,))) == np.asarray(unseeded((4,)))).all()),
        "failures": [record_failure(*f) for f in FAILURES],
    }
    np.savez_compressed(path, record=np.array(json.dumps(record)), **arrays)


if __name__ == "__main__":
    main(sys.argv[1])
