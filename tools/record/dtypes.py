"""Record Keras's dtype promotion: all pairs of dtypes and Python numbers, for each floatx, and some triples.

Run with Keras 3.15 and TensorFlow installed (JAX narrows 64-bit types): KERAS_BACKEND=tensorflow python tools/record/dtypes.py
Writes packages/kx-tensor/tests/golden/dtypes.npz: `table`, a JSON object {floatx: {"a b": result}} as bytes.
"""

import itertools
import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "tensorflow")

import keras
import numpy as np
from keras.src.backend.common import dtypes

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-tensor/tests/golden"
PYTHON = {"int": int, "float": float}
KINDS = (
    "bool", "uint8", "uint16", "uint32", "uint64", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32",
    "float64", "complex64", "complex128", "float8_e4m3fn", "int", "float",
)  # fmt: skip
TRIPLES = [
    ("int8", "uint8", "float"),
    ("int", "float16", "bfloat16"),
    ("bool", "int", "int64"),
    ("uint8", "int16", "float"),
]


def result_of(names):
    """The promoted dtype, or "error"."""
    try:
        return dtypes.result_type(*[PYTHON.get(n, n) for n in names])
    except Exception:
        return "error"


table = {}
for floatx in ("float32", "float16", "bfloat16", "float64"):
    keras.config.set_floatx(floatx)
    groups = [*((k,) for k in KINDS), *itertools.product(KINDS, repeat=2), *TRIPLES]
    table[floatx] = {" ".join(names): result_of(names) for names in groups}
GOLDEN.mkdir(exist_ok=True)
np.savez_compressed(GOLDEN / "dtypes.npz", table=np.frombuffer(json.dumps(table).encode(), np.uint8))
