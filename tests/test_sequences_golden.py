"""Models of sequences, masks, states and cells of one's own against what Keras 3.15.1 did (tools/record/sequences.py)."""

import importlib.util
import pathlib

import numpy as np
import pytest

import kx
from kx import tree

HERE = pathlib.Path(__file__).parent
spec = importlib.util.spec_from_file_location("sequence_cases", HERE / "sequence_cases.py")
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
with np.load(HERE / "golden" / "sequences.npz") as stored:
    GOLDEN = dict(stored)


def flat(value):
    return np.concatenate([np.asarray(part, "float32").ravel() for part in tree.flatten(value)])


@pytest.mark.parametrize("run", module.CASES, ids=lambda run: run.__name__)
def test_numbers(run):
    wanted = {key.partition("/")[2]: v for key, v in GOLDEN.items() if key.startswith(run.__name__ + "/")}
    assert wanted
    found = {name: flat(value) for name, value in run(kx).items()}
    assert found.keys() == wanted.keys()
    wrong = {
        name: (value.tolist(), wanted[name].tolist())
        for name, value in found.items()
        if not np.allclose(value, wanted[name], rtol=2e-4, atol=2e-5, equal_nan=True)
    }
    assert not wrong
