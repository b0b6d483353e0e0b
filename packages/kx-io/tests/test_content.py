"""Files are known by what is in them."""

import io
import pickle
import zipfile

import numpy as np
import pytest

from kx_io.archive import write_archive
from kx_io.content import what_is
from kx_io.hdf5 import write_hdf5
from kx_io.safetensors import write_safetensors


def hdf5(make):
    buffer = io.BytesIO()
    with write_hdf5(buffer) as root:
        make(root)
    return buffer.getvalue()


def zipped(*names):
    buffer = io.BytesIO()
    with write_archive(buffer) as archive:
        for name in names:
            archive.write(name, b"{}")
    return buffer.getvalue()


def npz():
    buffer = io.BytesIO()
    np.savez(buffer, a=np.ones(2))
    return buffer.getvalue()


FILES = {
    "keras": zipped("metadata.json", "config.json", "model.weights.h5"),
    "npz": npz(),
    "zip": zipped("a.txt"),
    "torch": zipped("archive/data.pkl"),
    "truncated-zip": zipped("config.json")[:60],
    "model-hdf5": hdf5(lambda root: root.attribute("model_config", "{}")),
    "old-weights-hdf5": hdf5(lambda root: root.write_names("layer_names", ["dense"])),
    "weights-hdf5": hdf5(lambda root: root.group("layers").group("dense").group("vars")),
    "hdf5": hdf5(lambda root: root.array("x", 1.0)),
    "json": b' {"class_name": "Sequential"}',
    "shards": b'{"metadata": {}, "weight_map": {}}',
    "yaml": b"backend: tensorflow\nclass_name: Sequential\n",
    "pickle": pickle.dumps({"a": 1}),
    "git-lfs": b"version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 3\n",
    "html": b"\n<!DOCTYPE html><html></html>",
    "empty": b"",
    "unknown": b"\x00\x01\x02\x03",
    "npy": b"\x93NUMPY\x01\x00",
    "gzip": b"\x1f\x8b\x08",
}


@pytest.mark.parametrize("kind", FILES)
def test_kinds(tmp_path, kind):
    (tmp_path / "model.keras").write_bytes(FILES[kind])
    assert what_is(tmp_path / "model.keras").kind == kind
    file = io.BytesIO(FILES[kind])
    assert what_is(file).kind == kind and file.tell() == 0
    assert what_is(file).sentence


def test_folders_and_missing_files(tmp_path):
    assert what_is(tmp_path / "none").kind == "missing"
    assert what_is(tmp_path).kind == "folder"
    (tmp_path / "saved_model.pb").touch()
    assert what_is(tmp_path).kind == "saved-model"
    write_safetensors(tmp_path / "w", {"a": np.ones(2)})
    assert what_is(tmp_path / "w").kind == "safetensors"


def test_zipfile_agrees_that_the_archives_are_archives():
    assert zipfile.is_zipfile(io.BytesIO(FILES["zip"]))
