"""Ops against recorded calls of Keras 3.15.1: values, dtypes, and what comes of symbolic tensors (see tools/record)."""

import json
import operator
import pathlib

import numpy as np
import pytest

from kx_tensor import KerasTensor, Tensor, device, dtypes, ops
from kx_tensor.ops import image
from kx_tensor.standin import standin

assert standin.name == "standin" and ops.image is image
GOLDEN = pathlib.Path(__file__).parent / "golden"
TOLERANCE = {"float64": 1e-6, "float32": 2e-5, "float16": 4e-3, "bfloat16": 3e-2}


def load(path):
    """The cases of a golden file by op, with arrays in place."""
    with np.load(path) as file:
        rows, data = json.loads(file["cases"].tobytes()), file["data"].tobytes()

    def value(x):
        if isinstance(x, list):
            return [value(i) for i in x]
        if not isinstance(x, dict):
            return x
        if "tuple" in x:
            return tuple(value(i) for i in x["tuple"])
        if "array" in x:
            dtype, shape, offset = x["array"]
            dtype = dtypes.as_numpy(dtype)
            return np.frombuffer(data, dtype, int(np.prod(shape)), offset).reshape(shape).copy()
        return {k: value(v) for k, v in x.items()}

    found = {}
    for row in rows:
        found.setdefault(row["op"], []).append(
            {k: value(row[k]) for k in ("args", "kwargs", "out")} | {"symbolic": row.get("symbolic")}
        )
    return found


TABLE = [
    pytest.param(op, cases, id=f"{path.stem[4:]}-{op}")
    for path in sorted(GOLDEN.glob("ops_*.npz"))
    for op, cases in load(path).items()
]


def compare(actual, expected):
    """What is wrong with a result, or None."""
    if isinstance(expected, (list, tuple)):
        if not isinstance(actual, (list, tuple)) or len(actual) != len(expected):
            return f"{actual!r} instead of {len(expected)} results"
        return next((w for a, e in zip(actual, expected) if (w := compare(a, e))), None)
    if not isinstance(expected, np.ndarray):
        return None if actual == expected else f"{actual!r} instead of {expected!r}"
    if not isinstance(actual, Tensor):
        return f"a {type(actual).__name__} instead of a Tensor"
    if (actual.shape, actual.dtype) != (expected.shape, expected.dtype.name):
        return f"{actual.shape} {actual.dtype} instead of {expected.shape} {expected.dtype.name}"
    got, want = (x.astype("float64") if x.dtype.kind in "fV" else x for x in (actual.numpy(), expected))
    tolerance = TOLERANCE.get(expected.dtype.name, 0)
    if not np.allclose(got, want, rtol=tolerance, atol=tolerance, equal_nan=True):
        return f"{got.tolist()} instead of {want.tolist()}"
    return None


def compare_spec(actual, expected):
    """What is wrong with a symbolic result, or None; kx may know a size that Keras does not."""
    if "specs" in expected:
        return next(
            (w for a, e in zip(actual, expected["specs"], strict=True) if (w := compare_spec(a, e))), None
        )
    if "value" in expected:
        return (
            None if actual == expected["value"] else f"symbolic {actual!r} instead of {expected['value']!r}"
        )
    shape, dtype = expected["shape"], expected["dtype"]
    sizes_agree = len(shape) == len(actual.shape) and all(
        n is None or n == m for n, m in zip(shape, actual.shape)
    )
    if not sizes_agree or actual.dtype != dtype:
        return f"symbolic {actual.shape} {actual.dtype} instead of {tuple(shape)} {dtype}"
    return None


def symbolic(x, unknown):
    if isinstance(x, np.ndarray):
        return KerasTensor((None, *x.shape[1:]) if unknown and x.shape else x.shape, x.dtype.name)
    if isinstance(x, (list, tuple)) and any(isinstance(i, np.ndarray) for i in x):
        return type(x)(symbolic(i, unknown) for i in x)
    return x


def describe(case):
    def short(x):
        if isinstance(x, np.ndarray):
            return f"{x.dtype.name}{list(x.shape)}"
        return f"[{', '.join(map(short, x))}]" if isinstance(x, (list, tuple)) else repr(x)

    return ", ".join([*map(short, case["args"]), *[f"{k}={short(v)}" for k, v in case["kwargs"].items()]])


def attempt(what, check, case):
    try:
        with np.errstate(all="ignore"):
            wrong = check()
    except Exception as error:
        wrong = f"{type(error).__name__}: {error}"
    return [f"{what}({describe(case)}): {wrong}"] if wrong else []


@pytest.mark.parametrize("place", ["cpu", "standin"])
@pytest.mark.parametrize(("op", "cases"), TABLE)
def test_values_and_dtypes_agree_with_keras(op, cases, place):
    wrong = []
    for case in cases:
        if case["out"] is not None:
            with device.device(place):
                wrong += attempt(
                    op,
                    lambda case=case: compare(
                        operator.attrgetter(op)(ops)(*case["args"], **case["kwargs"]), case["out"]
                    ),
                    case,
                )
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(("op", "cases"), [p for p in TABLE if any(c["symbolic"] for c in p.values[1])])
def test_symbolic_results_agree_with_keras(op, cases):
    wrong = []
    for case in cases:
        for unknown, expected in zip((False, True), case["symbolic"] or ()):
            if expected is None:
                continue

            def check(case=case, unknown=unknown, expected=expected):
                args = [symbolic(a, unknown) for a in case["args"]]
                kwargs = {k: symbolic(v, unknown) for k, v in case["kwargs"].items()}
                return compare_spec(operator.attrgetter(op)(ops)(*args, **kwargs), expected)

            wrong += attempt(f"{op} with {'None' if unknown else 'sizes'}", check, case)
    assert not wrong, "\n".join(wrong)
