"""What a file of a model or of weights holds, read without making anything of it."""

import os
from dataclasses import dataclass, field

import numpy as np

from kx_io.archive import open_archive
from kx_io.content import what_is
from kx_io.errors import FileFormatError
from kx_io.hdf5 import open_hdf5
from kx_io.safetensors import open_safetensors
from kx_io.text import read_json, read_yaml

_MOST_TEXT = 256 << 20


@dataclass
class Contents:
    """What a file is (`kind`, `sentence`), facts about it, the config it holds, its arrays, its other members."""

    kind: str
    sentence: str
    facts: dict = field(default_factory=dict)
    config: dict | None = None
    arrays: dict = field(default_factory=dict)  # path in the file -> (shape, dtype name)
    members: dict = field(default_factory=dict)  # name of an asset or the like -> bytes

    @property
    def layers(self):
        """(name, class name) of each layer in the config, those of nested models after the model, indented."""
        return list(_layers(self.config, ""))

    @property
    def bytes_of_arrays(self):
        """The memory that all arrays take."""
        return sum(int(np.prod(shape)) * _itemsize(dtype) for shape, dtype in self.arrays.values())


def contents_of(path):
    """Return the `Contents` of a file or folder.

    Raises FileNotFoundError, FileFormatError for a damaged file or one that holds no model and no weights.

    >>> import tempfile
    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Sequential([Input((3,)), Dense(2, name="out")]).save(f"{folder}/m.keras")
    ...     found = contents_of(f"{folder}/m.keras")
    >>> found.layers[-1], found.arrays["layers/dense/vars/0"]
    (('out', 'Dense'), ((3, 2), 'float32'))
    """
    path = os.fspath(path)
    content = what_is(path)
    if content.kind == "missing":
        raise FileNotFoundError(f"There is no file {path!r}.")
    reader = _READERS.get(content.kind)
    if reader is None:
        raise FileFormatError(f"{path} holds no model: {content.sentence}.")
    found = Contents(content.kind, content.sentence)
    if os.path.isfile(path):
        found.facts["size"] = f"{os.path.getsize(path):,} bytes"
    reader(path, found)
    return found


# ---- one reader for each kind of file ----------------------------------------------------------------------------


def _archive(path, found):
    with open_archive(path) as archive:
        texts = {name: archive.read(name, _MOST_TEXT) for name in _TEXTS if name in archive}
        _keras_texts(texts, path, found)
        if _WEIGHTS in archive:
            with archive.opened(_WEIGHTS) as member, open_hdf5(member) as root:
                _arrays(root, found)
        others = [name for name in archive.names() if name not in (*_TEXTS, _WEIGHTS)]
        found.members = {name: archive.size(name) for name in others}


def _folder(path, found):
    texts = {}
    for name in _TEXTS:
        with open(os.path.join(path, name), "rb") as file:
            texts[name] = file.read(_MOST_TEXT)
    _keras_texts(texts, path, found)
    with open_hdf5(os.path.join(path, _WEIGHTS)) as root:
        _arrays(root, found)


def _whole_hdf5(path, found):
    with open_hdf5(path) as root:
        found.config = read_json(root.attribute("model_config"), "model_config")
        _note(found, "Keras version", root.attribute("keras_version"))
        _note(found, "backend", root.attribute("backend"))
        training = root.attribute("training_config")
        if training is not None:
            _training(read_json(training, "training_config"), found)
        _arrays(root, found)


def _weights_hdf5(path, found):
    with open_hdf5(path) as root:
        _note(found, "Keras version", root.attribute("keras_version"))
        _arrays(root, found)


def _safetensors(path, found):
    with open_safetensors(path) as tensors:
        found.facts |= {str(key): str(value) for key, value in tensors.metadata.items()}
        found.arrays = {name: (tensors.shape(name), tensors.dtype(name)) for name in tensors}


def _json(path, found):
    with open(path, "rb") as file:
        found.config = _config(read_json(file.read(_MOST_TEXT), path), path)


def _yaml(path, found):
    with open(path, "rb") as file:
        found.config = _config(read_yaml(file.read(_MOST_TEXT), path), path)


def _shards(path, found):
    with open(path, "rb") as file:
        index = read_json(file.read(_MOST_TEXT), path)
    places = (
        index["weight_map"] if isinstance(index, dict) and isinstance(index.get("weight_map"), dict) else {}
    )
    names = [name for value in places.values() for name in (value if isinstance(value, list) else [value])]
    found.facts["files"] = ", ".join(sorted({str(name) for name in names}))


_TEXTS, _WEIGHTS = ("metadata.json", "config.json"), "model.weights.h5"
_READERS = {
    "keras": _archive,
    "keras-folder": _folder,
    "model-hdf5": _whole_hdf5,
    "weights-hdf5": _weights_hdf5,
    "old-weights-hdf5": _weights_hdf5,
    "hdf5": _weights_hdf5,
    "safetensors": _safetensors,
    "json": _json,
    "yaml": _yaml,
    "shards": _shards,
}


# ---- parts -------------------------------------------------------------------------------------------------------


def _keras_texts(texts, path, found):
    metadata = read_json(texts["metadata.json"], f"{path}/metadata.json") if "metadata.json" in texts else {}
    if isinstance(metadata, dict):
        _note(found, "Keras version", metadata.get("keras_version"))
        _note(found, "saved", metadata.get("date_saved"))
    found.config = _config(read_json(texts["config.json"], f"{path}/config.json"), path)
    training = found.config.get("compile_config")
    if isinstance(training, dict):
        _training(training, found)


def _config(config, path):
    if not isinstance(config, dict):
        raise FileFormatError(f"{path}: its config is that of no model.")
    return config


def _training(config, found):
    """Note how the model was compiled, in the words of any era."""
    if not isinstance(config, dict):
        return
    optimizer = config.get("optimizer_config") or config.get("optimizer")
    for name, value in (
        ("optimizer", optimizer),
        ("loss", config.get("loss")),
        ("metrics", config.get("metrics")),
    ):
        if value:
            _note(found, name, _words(value))


def _words(value):
    """An object's config as a few words."""
    if isinstance(value, dict) and "class_name" in value:
        inner = value.get("config")
        return inner if isinstance(inner, str) else str(value["class_name"])
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_words(item)}" for key, item in value.items())
    return ", ".join(map(_words, value)) if isinstance(value, list) else str(value)


def _note(found, name, value):
    if value is not None:
        found.facts[name] = str(value)


def _arrays(root, found):
    found.arrays = {path: (array.shape, np.dtype(array.dtype).name) for path, array in root.arrays()}


def _layers(config, indent):
    inner = config.get("config") if isinstance(config, dict) else None
    entries = inner if isinstance(inner, list) else inner.get("layers", []) if isinstance(inner, dict) else []
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        own = entry.get("config")
        name = entry.get("name") or (own.get("name") if isinstance(own, dict) else None) or "?"
        yield f"{indent}{name}", str(entry.get("class_name"))
        yield from _layers(entry, indent + "  ")


def _itemsize(dtype):
    return 2 if dtype == "bfloat16" else np.dtype(dtype).itemsize
