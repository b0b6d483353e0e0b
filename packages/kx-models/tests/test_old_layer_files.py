"""One layer of Keras 2 a file: what it predicts. Recorded by tools/record/old_layer_files.py."""

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kx_models.saving.api import load_model

ARCHIVE = zipfile.ZipFile(Path(__file__).parent / "golden" / "old_layer_files.zip")
NAMES = [Path(name).stem for name in ARCHIVE.namelist() if name.endswith(".h5")]
RECORDED = np.load(io.BytesIO(ARCHIVE.read("recorded.npz")))


@pytest.mark.parametrize("name", NAMES)
def test_the_layer_predicts_as_in_keras_2(name):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = load_model(io.BytesIO(ARCHIVE.read(f"{name}.h5")))
    expected = RECORDED[f"{name}/y"]
    out = model.predict(RECORDED[f"{name}/x"], verbose=0)
    assert out.shape == expected.shape
    np.testing.assert_allclose(out, expected, rtol=1e-5, atol=2e-6)
