"""Files of Keras 2 and whole-model HDF5 files of Keras 3: what their models predict, and how training goes on from them.

`golden/old_files.zip` is recorded from Keras itself by tools/record/old_files.py.
"""

import io
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest

from kx_models.saving.api import load_model, save_model

ARCHIVE = zipfile.ZipFile(Path(__file__).parent / "golden" / "old_files.zip")
FILES = {Path(name).stem: name for name in ARCHIVE.namelist() if name != "recorded.npz"}
RECORDED = np.load(io.BytesIO(ARCHIVE.read("recorded.npz")))


def recorded(name, kind):
    keys = sorted(key for key in RECORDED.files if key.startswith(f"{name}/{kind}") and key[-1].isdigit())
    return [RECORDED[key] for key in keys]


def one_or_all(values):
    return values if len(values) > 1 else values[0]


def load(name, tmp_path):
    path = tmp_path / FILES[name]
    path.write_bytes(ARCHIVE.read(FILES[name]))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return load_model(path)


def check_predictions(model, name):
    outs = model.predict(one_or_all(recorded(name, "x")), verbose=0)
    for out, expected in zip(outs if isinstance(outs, list) else [outs], recorded(name, "p"), strict=True):
        np.testing.assert_allclose(out, expected, rtol=2e-5, atol=2e-6)


def check_training(model, name, rtol=1e-5):
    x, y = one_or_all(recorded(name, "x")), one_or_all(recorded(name, "y"))
    history = model.fit(
        x, y, batch_size=len(recorded(name, "x")[0]), epochs=3, shuffle=False, verbose=0
    ).history
    np.testing.assert_allclose(history["loss"], RECORDED[f"{name}/loss"], rtol=rtol)


@pytest.mark.parametrize("name", FILES)
def test_the_model_predicts_and_trains_on_as_in_keras(name, tmp_path):
    model = load(name, tmp_path)
    check_predictions(model, name)
    check_training(model, name)


@pytest.mark.parametrize("name", FILES)
def test_a_model_written_and_read_is_the_same(name, tmp_path):
    model = load(name, tmp_path)
    save_model(model, tmp_path / "again.h5")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        again = load_model(tmp_path / "again.h5")
    check_predictions(again, name)
    x, y = one_or_all(recorded(name, "x")), one_or_all(recorded(name, "y"))
    losses = [m.fit(x, y, epochs=2, shuffle=False, verbose=0).history["loss"] for m in (model, again)]
    assert losses[0] == losses[1]
