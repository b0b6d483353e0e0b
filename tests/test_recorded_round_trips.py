"""Files of Keras 3.15.1 and tf_keras, saved in the middle of training: kx predicts the same and trains on alike."""

import sys
import tarfile
from pathlib import Path

import pytest

import kx
import round_trips

ROOT = Path(__file__).parents[1]
ARCHIVE = ROOT / "packages/kx-models/tests/golden/round_trips.tar.xz"
sys.path.insert(0, str(ROOT / "tools/record"))

import all_saved_models  # noqa: E402

with tarfile.open(ARCHIVE) as archive:
    FILES = [name for name in archive.getnames() if not name.endswith(".npz")]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("recorded")
    with tarfile.open(ARCHIVE) as archive:
        archive.extractall(place, filter="data")
    all_saved_models.custom_objects(kx)
    return place


@pytest.mark.parametrize("file", FILES)
def test_files_of_keras_go_on_in_kx(file, folder):
    library, name = file.split("/")
    stem, _, suffix = name.partition(".")
    assert round_trips.read_one(kx, folder / library, stem, f".{suffix}") == "yes"


def test_most_models_are_recorded():
    assert len({name for name in FILES if name.startswith("keras/")}) > 55
    assert len({name for name in FILES if name.startswith("tf_keras/")}) > 40
