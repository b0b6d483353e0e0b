"""Record `tests/golden/keras.json` from the real Keras: inputs, arguments and results of its loaders and
utilities.

    KERAS_BACKEND=jax KX_DATASETS=/folder/with/the/files python tools/record_golden.py

Run it where keras 3.15 is installed; the folder holds the files that `kx_datasets` reads. Keras's checksum
test and download are bypassed, as the folder's files may have the same arrays in another container.
"""

import hashlib
import json
import os
import pathlib
import tempfile

import keras
import numpy as np
from keras.src.datasets import (
    boston_housing,
    california_housing,
    fashion_mnist,
    imdb,
    mnist,
    npz_utils,
    reuters,
)

TARGET = pathlib.Path(__file__).parents[1] / "tests" / "golden" / "keras.json"
FOLDER = pathlib.Path(os.environ["KX_DATASETS"])
LOADERS = {
    "boston_housing": boston_housing,
    "california_housing": california_housing,
    "fashion_mnist": fashion_mnist,
    "imdb": imdb,
    "mnist": mnist,
    "reuters": reuters,
}
REAL = [
    ("mnist", {}),
    ("fashion_mnist", {}),
    ("boston_housing", {}),
    ("boston_housing", {"test_split": 0.3, "seed": 7}),
    ("california_housing", {}),
    ("california_housing", {"version": "small", "test_split": 0.1}),
    ("reuters", {}),
    ("reuters", {"num_words": 1000, "skip_top": 20, "maxlen": 200, "test_split": 0.1}),
    ("imdb", {"num_words": 10000}),
]
WORD_CASES = [
    {},
    {"num_words": 8},
    {"skip_top": 5},
    {"num_words": 8, "skip_top": 5, "oov_char": 99},
    {"num_words": 8, "oov_char": None},
    {"maxlen": 4},
    {"maxlen": 4, "start_char": None},
    {"start_char": None, "index_from": 0},
    {"start_char": 7, "index_from": 10, "seed": 1},
    {"start_char": None, "num_words": 3, "oov_char": None},
]
ARRAY_CASES = [
    ("to_categorical", [0, 1, 2, 5], {}),
    ("to_categorical", [[1], [2]], {}),
    ("to_categorical", [[1, 2], [0, 3]], {"num_classes": 7}),
    ("to_categorical", 3, {}),
    ("to_categorical", [-1, 2], {"num_classes": 4}),
    ("to_categorical", [1.9, 0.2], {}),
    ("to_categorical", [[[1], [0]]], {}),
    ("normalize", [[3.0, 4.0], [0.0, 0.0]], {}),
    ("normalize", [[1, 2, 2], [4, 0, 3]], {}),
    ("normalize", [3.0, 4.0], {}),
    ("normalize", [[[1.0, 2.0], [3.0, -4.0]]], {"axis": 1, "order": 1}),
    ("normalize", [[1.0, 2.0], [3.0, 4.0]], {"axis": None}),
    ("pad_sequences", [[1], [2, 3], [4, 5, 6]], {}),
    ("pad_sequences", [[1], [2, 3], [4, 5, 6]], {"maxlen": 2}),
    ("pad_sequences", [[1], [2, 3], [4, 5, 6]], {"maxlen": 5, "padding": "post"}),
    ("pad_sequences", [[1], [2, 3], [4, 5, 6]], {"maxlen": 2, "truncating": "post", "value": -1}),
    ("pad_sequences", [[1], [2, 3]], {"dtype": "float32", "value": 0.5}),
    ("pad_sequences", [[], [1]], {}),
    ("pad_sequences", [[], []], {"maxlen": 2}),
    ("pad_sequences", [["a"], ["bb", "c"]], {"dtype": "<U3", "value": "x"}),
    ("pad_sequences", [[[1, 2]], [[3, 4], [5, 6]]], {"maxlen": 3}),
]


def digest(array):
    """What the tests compare of a large array; `tests/test_real_files.py` computes the same."""
    is_lists = array.dtype == object
    content = json.dumps(array.tolist()).encode() if is_lists else np.ascontiguousarray(array).tobytes()
    return {
        "shape": list(array.shape),
        "dtype": str(array.dtype),
        "sha256": hashlib.sha256(content).hexdigest(),
    }


def arrays(result):
    return [array for part in result for array in part]


def serve(folder):
    """Let every loader of Keras read its file from `folder`."""

    def get_file(fname, cache_subdir="", **_):
        inner = "fashion-mnist" if "fashion" in str(cache_subdir) else ""
        return str(folder / inner / fname)

    for loader in LOADERS.values():
        loader.get_file = get_file


def record_words():
    """A dozen texts through IMDB's and Reuters's loaders, with every argument."""
    generator = np.random.default_rng(0)
    texts = [generator.integers(1, 12, size).tolist() for size in generator.integers(1, 8, 12)]
    labels = generator.integers(0, 2, 12).tolist()
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        serve(pathlib.Path(folder))
        x, y = np.fromiter(texts, object, 12), np.array(labels)
        np.savez(f"{folder}/imdb.npz", x_train=x[:7], y_train=y[:7], x_test=x[7:], y_test=y[7:])
        np.savez(f"{folder}/reuters.npz", x=x, y=y)
        for name in ("imdb", "reuters"):
            for kwargs in WORD_CASES:
                result = [array.tolist() for array in arrays(LOADERS[name].load_data(**kwargs))]
                rows.append({"loader": name, "kwargs": kwargs, "result": result})
    return {"texts": texts, "labels": labels, "cases": rows}


def record_array(name, x, kwargs):
    given = np.array(x) if name == "normalize" else x
    out = getattr(keras.utils, name)(given, **kwargs)
    return {
        "function": name,
        "x": x,
        "kwargs": kwargs,
        "shape": list(out.shape),
        "dtype": str(out.dtype),
        "out": out.tolist(),
    }


if __name__ == "__main__":
    # Protocol 2 writes bytes by way of this function, which Keras's own files do not need.
    npz_utils._ALLOWED_PICKLE_GLOBALS |= {("_codecs", "encode")}
    golden = {"keras": keras.__version__, "words": record_words()}
    golden["arrays"] = [record_array(*case) for case in ARRAY_CASES]
    serve(FOLDER)
    golden["real"] = [
        {
            "loader": name,
            "kwargs": kwargs,
            "arrays": [digest(each) for each in arrays(LOADERS[name].load_data(**kwargs))],
        }
        for name, kwargs in REAL
    ]
    TARGET.write_text(json.dumps(golden, indent=None, separators=(",", ":")) + "\n")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")
