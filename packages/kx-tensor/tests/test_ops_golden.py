"""Ops against values and gradients recorded from Keras (tools/record/ops_*.py)."""

import json
import pathlib

import numpy as np
import pytest

from kx_tensor import dtypes, ops
from kx_tensor.gradients import gradients
from kx_tensor.testing import assert_close, leaf_tensor

FILES = sorted((pathlib.Path(__file__).parent / "golden").glob("ops_*.npz"))


def load(path):
    with np.load(path, allow_pickle=False) as recorded:
        arrays = dict(recorded)
    cases = json.loads(str(arrays.pop("cases")))
    return [
        pytest.param(arrays, str(n), case, id=f"{path.stem}-{n}-{case['op']}") for n, case in enumerate(cases)
    ]


@pytest.mark.parametrize("arrays,number,case", [c for path in FILES for c in load(path)])
def test_agrees_with_keras(arrays, number, case):
    args = [leaf_tensor(arrays[f"{number}/in{a['in']}"]) if isinstance(a, dict) else a for a in case["args"]]
    kwargs = {k: tuple(v) if isinstance(v, list) else v for k, v in case["kwargs"].items()}
    out = getattr(ops, case["op"])(*args, **kwargs)
    expected = arrays[f"{number}/out"]
    assert out.dtype == dtypes.standardize_dtype(expected.dtype)
    assert_close(out, expected, dtype=out.dtype, what=case["op"])
    if case["grads"]:
        seed = np.cos(np.arange(out.size, dtype=expected.dtype)).reshape(out.shape)
        found = gradients(out, [args[i] for i in case["grads"]], seed=seed)
        for i, g in zip(case["grads"], found, strict=True):
            scale = max(1.0, np.abs(arrays[f"{number}/grad{i}"]).max())
            assert_close(g.numpy() / scale, arrays[f"{number}/grad{i}"] / scale, what=f"{case['op']}, gradient {i}")


def test_there_are_recorded_cases():
    assert FILES
