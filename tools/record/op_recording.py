"""Records calls of `keras.ops` functions: values, dtypes, and the symbolic results with and without None.

The tables are in ops_<family>.py; each runs by itself: `KERAS_BACKEND=tensorflow python tools/record/ops_reduce.py` (Keras
3.15 and tensorflow-cpu installed; TensorFlow because JAX narrows 64-bit types). Each writes
packages/kx-tensor/tests/golden/ops_<family>.npz: all arrays in one buffer of bytes `data`, and `cases`, a JSON list of
{op, args, kwargs, out, symbolic}, in which {"array": [dtype, shape, offset]} stands for an array and {"tuple": [...]} for a tuple.
"""

import itertools
import json
import operator
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import ml_dtypes  # noqa: F401  (makes np.dtype("bfloat16") known)
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-tensor/tests/golden"
DTYPES = ("bool", "uint8", "int8", "int16", "int32", "int64", "float16", "bfloat16", "float32", "float64")
_rng = np.random.default_rng(0)


def f(*shape, dtype="float32", low=-2.0, high=2.0):
    """Return random floats with few digits, so that they are exact in every dtype."""
    return (np.round(_rng.uniform(low, high, shape) * 64) / 64).astype(dtype)


def i(*shape, dtype="int32", low=-4, below=5):
    """Return random integers."""
    low = 0 if np.dtype(dtype).kind == "u" else low
    return _rng.integers(low, below, shape).astype(dtype)


def b(*shape):
    """Return random booleans."""
    return _rng.random(shape) < 0.5


def sample(dtype, *shape, low=-2, high=3):
    """Return small positive and negative numbers of any dtype; Python's int and float give a plain number."""
    if dtype in ("int", "float"):
        return {"int": 2, "float": 1.5}[dtype]
    if dtype == "bool":
        return b(*shape)
    return (
        f(*shape, dtype=dtype, low=low, high=high)
        if "float" in dtype
        else i(*shape, dtype=dtype, low=low, below=high)
    )


def case(op, *args, symbolic=True, **kwargs):
    """Return one call of `keras.ops.<op>` to record; `symbolic=False` leaves out its symbolic twin, where Keras is wrong about it."""
    return op, args, kwargs, symbolic


def dtype_pairs(op, dtypes=DTYPES, numbers=True, **bounds):
    """Return calls of a function of two arrays for all pairs of dtypes and Python numbers."""
    kinds = (*dtypes, "int", "float") if numbers else dtypes
    pairs = [p for p in itertools.product(kinds, kinds) if not {"int", "float"} >= set(p)]
    return [case(op, sample(p, 3, **bounds), sample(q, 3, **bounds)) for p, q in pairs]


def dtype_singles(op, *args, dtypes=DTYPES, low=-2, high=3, **kwargs):
    """Return calls of a function of one array for all dtypes."""
    return [case(op, sample(d, 2, 3, low=low, high=high), *args, **kwargs) for d in dtypes]


class Pool:
    """Arrays one after the other in a buffer, each once."""

    def __init__(self):
        self.data, self.offsets = bytearray(), {}

    def put(self, value):
        """Return the JSON form of a value."""
        if isinstance(value, (np.ndarray, np.generic)) or keras.ops.is_tensor(value):
            return self._array(
                np.asarray(value.numpy() if hasattr(value, "numpy") else value),
                str(getattr(value.dtype, "name", value.dtype)),
            )
        if isinstance(value, dict):
            return {k: self.put(v) for k, v in value.items()}
        if isinstance(value, tuple):
            return {"tuple": [self.put(v) for v in value]}
        if isinstance(value, list):
            return [self.put(v) for v in value]
        return value

    def _array(self, array, dtype):
        raw = np.ascontiguousarray(array).tobytes()
        offset = self.offsets.setdefault((dtype, raw), len(self.data))
        if offset == len(self.data):
            self.data += raw
        return {"array": [dtype, list(array.shape), offset]}


def _spec(result):
    """Shapes and dtypes of KerasTensors in a structure."""
    if isinstance(result, keras.KerasTensor):
        return {"shape": list(result.shape), "dtype": result.dtype}
    return {"specs": [_spec(r) for r in result]} if isinstance(result, (list, tuple)) else {"value": result}


def _holds_array(x):
    return isinstance(x, np.ndarray) or (isinstance(x, (list, tuple)) and any(map(_holds_array, x)))


def _symbolic(op, args, kwargs, unknown):
    """The result on symbolic tensors (the first size of each unknown if asked), or None where Keras has none."""

    def replace(x):
        if isinstance(x, np.ndarray):
            return keras.KerasTensor((None, *x.shape[1:]) if unknown and x.shape else x.shape, x.dtype.name)
        if isinstance(x, (list, tuple)) and any(isinstance(y, np.ndarray) for y in x):
            return type(x)(map(replace, x))
        return x

    try:
        return _spec(
            operator.attrgetter(op)(keras.ops)(
                *map(replace, args), **{k: replace(v) for k, v in kwargs.items()}
            )
        )
    except Exception:
        return None


def record(family, cases):
    """Run the calls and write the golden file of a family; calls that Keras refuses are listed and left out."""
    pool, rows, refused, contradicted = Pool(), [], [], set()
    for op, args, kwargs, symbolic in cases:
        try:
            out = operator.attrgetter(op)(keras.ops)(*args, **kwargs)
        except Exception as error:
            refused.append(f"{op}{[getattr(a, 'dtype', a) for a in args]} {kwargs}: {str(error)[:80]!r}")
            continue
        row = {"op": op, "args": pool.put(list(args)), "kwargs": pool.put(kwargs), "out": pool.put(out)}
        if symbolic and any(_holds_array(a) for a in args):
            row["symbolic"] = [_symbolic(op, args, kwargs, unknown) for unknown in (False, True)]
            expected = row["symbolic"][0]
            if (
                expected
                and "dtype" in expected
                and getattr(out, "dtype", expected["dtype"]) != expected["dtype"]
            ):
                contradicted.add(op)  # what all backends share is the judge
                row["out"] = None
        rows.append(row)
    GOLDEN.mkdir(exist_ok=True)
    path = GOLDEN / f"ops_{family}.npz"
    text = json.dumps(rows, separators=(",", ":")).encode()
    np.savez_compressed(
        path, cases=np.frombuffer(text, np.uint8), data=np.frombuffer(bytes(pool.data), np.uint8)
    )
    print(f"dtype on TensorFlow differs from the symbolic one, which is kept, in: {sorted(contradicted)}")
    print(f"{path.name}: {len(rows)} cases, {path.stat().st_size} bytes; refused by Keras: {len(refused)}")
    for line in refused:
        print("   ", line)
