"""Files in the formats of Keras 1.2 and 2.0 to 2.2: predictions, and training that goes on, by the formulas then.

`golden/keras1_files.zip` is written by tools/record/keras1_files.py.
"""

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kx_models.saving.whole_hdf5 import read_whole_model, write_whole_model

ARCHIVE = zipfile.ZipFile(Path(__file__).parent / "golden" / "keras1_files.zip")
NAMES = sorted(name.removesuffix(".h5") for name in ARCHIVE.namelist() if name.endswith(".h5"))
RECORDED = np.load(io.BytesIO(ARCHIVE.read("recorded.npz")))
TRAINED = [name for name in NAMES if f"{name}/loss" in RECORDED.files]


def load(name, tmp_path):
    path = tmp_path / f"{name}.h5"
    path.write_bytes(ARCHIVE.read(f"{name}.h5"))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return read_whole_model(path)


def inputs(name):
    keys = sorted(key for key in RECORDED.files if key.startswith(f"{name}/x"))
    return [RECORDED[key] for key in keys] if len(keys) > 1 else RECORDED[keys[0]]


@pytest.mark.parametrize("name", NAMES)
def test_the_model_predicts_what_the_formulas_give(name, tmp_path):
    model = load(name, tmp_path)
    np.testing.assert_allclose(
        model.predict(inputs(name), verbose=0), RECORDED[f"{name}/p0"], rtol=1e-4, atol=1e-5
    )
    write_whole_model(model, tmp_path / "again.h5")
    again = read_whole_model(tmp_path / "again.h5")
    np.testing.assert_array_equal(
        again.predict(inputs(name), verbose=0), model.predict(inputs(name), verbose=0)
    )


@pytest.mark.parametrize("name", TRAINED)
def test_training_goes_on_as_it_would_have(name, tmp_path):
    model = load(name, tmp_path)
    history = model.fit(
        inputs(name), RECORDED[f"{name}/y0"], batch_size=6, epochs=4, shuffle=False, verbose=0
    ).history
    np.testing.assert_allclose(history["loss"], RECORDED[f"{name}/loss"], rtol=1e-4)
    assert "mae" in history
