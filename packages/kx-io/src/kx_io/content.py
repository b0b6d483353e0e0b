"""What a file is, by its content and not by its name, with a sentence for people."""

import os
from typing import NamedTuple


class Content(NamedTuple):
    """The `kind` of a file ("keras", "hdf5", "json", ...) and a `sentence` that says what it is.

    >>> what_is(b"version https://git-lfs.github.com/spec/v1").kind
    'git-lfs'
    """

    kind: str
    sentence: str


_SENTENCES = {
    "missing": "there is no such file",
    "empty": "it is empty: the download or the save did not happen",
    "keras": "it is a Keras 3 archive (.keras)",
    "npz": "it is a NumPy archive of arrays (.npz)",
    "torch": "it is a PyTorch checkpoint, which kx does not read",
    "zip": "it is a zip archive without a Keras model in it",
    "truncated-zip": "it begins as a zip archive, but its end is missing: the download or the copy was cut short",
    "hdf5": "it is an HDF5 file",
    "model-hdf5": "it is an HDF5 file with a whole model (Keras 1, 2, or .h5 of Keras 3)",
    "weights-hdf5": "it is an HDF5 file of weights as Keras 3 writes them (.weights.h5)",
    "old-weights-hdf5": "it is an HDF5 file of weights as Keras 1 and 2 wrote them",
    "json": "it is JSON, the architecture of a model or an index of weight files",
    "shards": "it is the index of a set of weight files (.weights.json)",
    "yaml": "it is YAML, the architecture of a model",
    "safetensors": "it is a safetensors file, which holds weights only",
    "saved-model": (
        "it is a TensorFlow SavedModel, which kx does not read. In TensorFlow write it as "
        "tf.keras.models.load_model(path).save('model.keras')"
    ),
    "protobuf": "it is a frozen TensorFlow graph, which kx does not read",
    "onnx": "it is an ONNX model, which kx writes but does not read",
    "checkpoint": (
        "it is a TensorFlow checkpoint, which kx does not read. In TensorFlow load it with model.load_weights and "
        "write it with model.save_weights('name.weights.h5')"
    ),
    "keras-folder": "it is a Keras 3 model in a folder",
    "folder": "it is a folder without a model",
    "pickle": "it is a Python pickle, which can run any code and is never read",
    "npy": "it is a NumPy array (.npy)",
    "gzip": "it is compressed with gzip; unpack it first",
    "tar": "it is a tar archive; unpack it first",
    "git-lfs": "it is a pointer of Git LFS and not the file itself; run `git lfs pull`",
    "html": "it is a web page: the address it was downloaded from gave a page (a login, an error) and not the file",
    "unknown": "it is in no format that is known",
}


def what_is(file):
    """The `Content` of a path, a binary file object (left where it was) or the first bytes of a file.

    >>> what_is(b"PK\\x03\\x04").kind, what_is(b"<!DOCTYPE html>").kind
    ('truncated-zip', 'html')
    """
    kind = _kind(file)
    return Content(kind, _SENTENCES[kind])


def _kind(file):
    if isinstance(file, (bytes, bytearray)):
        return _by_start(bytes(file)) or "unknown"
    if isinstance(file, (str, os.PathLike)):
        path = os.fspath(file)
        if os.path.isdir(path):
            return _folder_kind(path)
        if not os.path.exists(path):
            return "missing"
        with open(path, "rb") as opened:
            return _open_kind(opened)
    place = file.tell()
    try:
        return _open_kind(file)
    finally:
        file.seek(place)


def _folder_kind(path):
    names = set(os.listdir(path))
    if {"config.json", "metadata.json"} <= names:
        return "keras-folder"
    if "saved_model.pb" in names or "saved_model.pbtxt" in names:
        return "saved-model"
    if "checkpoint" in names or any(name.endswith(".index") for name in names):
        return "checkpoint"
    return "folder"


def _open_kind(opened):
    opened.seek(0)
    start = opened.read(4096)
    kind = _by_start(start)
    if kind == "truncated-zip":
        return _zip_kind(opened)
    if kind == "hdf5":
        return _hdf5_kind(opened)
    size = opened.seek(0, os.SEEK_END)
    if kind is None and len(start) >= 9 and start[8:9] == b"{":
        return "safetensors" if 2 <= int.from_bytes(start[:8], "little") <= size - 8 else "unknown"
    if kind == "json" and b'"weight_map"' in start:
        return "shards"
    return kind or "unknown"


def _by_start(start):
    """The kind that the first bytes tell, else None."""
    if not start:
        return "empty"
    for magic, kind in _MAGIC:
        if start.startswith(magic):
            return kind
    if start[257:262] == b"ustar":
        return "tar"
    text = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    if text[:1] in (b"{", b"["):
        return "json"
    lowered = text[:64].lower()
    if lowered.startswith((b"<!doctype", b"<html", b"<?xml", b"<head")):
        return "html"
    if b"\0" in start:
        return None
    if any(
        line.startswith((b"class_name:", b"backend:", b"config:", b"keras_version:"))
        for line in text.split(b"\n")
    ):
        return "yaml"
    return None


_MAGIC = (
    (b"PK\x03\x04", "truncated-zip"),  # a zip until its directory at the end is found
    (b"PK\x05\x06", "zip"),
    (b"\x89HDF\r\n\x1a\n", "hdf5"),
    (b"version https://git-lfs", "git-lfs"),
    (b"\x80\x02", "pickle"),
    (b"\x80\x03", "pickle"),
    (b"\x80\x04", "pickle"),
    (b"\x80\x05", "pickle"),
    (b"\x93NUMPY", "npy"),
    (b"\x1f\x8b", "gzip"),
    (b"\x0a\x0d", "protobuf"),
    (b"\x08\x01\x12", "saved-model"),
    (b"\x08\x07\x12", "onnx"),
    (b"\x08\x08\x12", "onnx"),
    (b"\x08\x09\x12", "onnx"),
    (b"\x08\x0a\x12", "onnx"),
)


def _zip_kind(opened):
    import zipfile  # takes a moment to load

    try:
        with zipfile.ZipFile(opened) as archive:
            names = archive.namelist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        return "truncated-zip"
    if "config.json" in names:
        return "keras"
    if names and all(name.endswith(".npy") for name in names):
        return "npz"
    return "torch" if any(name.endswith("data.pkl") for name in names) else "zip"


def _hdf5_kind(opened):
    from kx_io.hdf5 import open_hdf5  # h5py takes time to load

    try:
        with open_hdf5(opened) as root:
            if root.has_attribute("model_config"):
                return "model-hdf5"
            if root.names("layer_names") is not None:
                return "old-weights-hdf5"
            return "weights-hdf5" if _has_vars(root) else "hdf5"
    except ValueError:
        return "hdf5"


def _has_vars(group):
    return "vars" in group or any(hasattr(item, "keys") and _has_vars(item) for item in group.values())
