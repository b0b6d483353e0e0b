"""Activations, cross-entropies and one-hot ops against values and gradients recorded from Keras
(tools/record/activations.py)."""

import json
import pathlib

import numpy as np
import pytest

from kx_tensor import dtypes, ops
from kx_tensor.gradients import gradients
from kx_tensor.testing import assert_close, leaf_tensor

GOLDEN = pathlib.Path(__file__).parent / "golden" / "activations.npz"
with np.load(GOLDEN, allow_pickle=False) as recorded:
    ARRAYS = dict(recorded)
CASES = json.loads(str(ARRAYS.pop("cases")))


@pytest.mark.parametrize(
    "number,case", list(enumerate(CASES)), ids=[f"{n}-{c['op']}" for n, c in enumerate(CASES)]
)
def test_agrees_with_keras(number, case):
    args = [leaf_tensor(ARRAYS[f"{number}/in{a['in']}"]) if isinstance(a, dict) else a for a in case["args"]]
    kwargs = {k: tuple(v) if isinstance(v, list) else v for k, v in case["kwargs"].items()}
    out = getattr(ops, case["op"])(*args, **kwargs)
    expected = ARRAYS[f"{number}/out"]
    assert out.dtype == dtypes.standardize_dtype(expected.dtype)
    assert_close(out, expected, dtype=out.dtype, what=case["op"])
    if case["grads"]:
        seed = np.cos(np.arange(out.size, dtype=expected.dtype)).reshape(out.shape)
        found = gradients(out, [args[i] for i in case["grads"]], seed=seed)
        for i, g in zip(case["grads"], found, strict=True):
            scale = max(1.0, np.abs(ARRAYS[f"{number}/grad{i}"]).max())
            assert_close(
                g.numpy() / scale, ARRAYS[f"{number}/grad{i}"] / scale, what=f"{case['op']}, gradient {i}"
            )
