"""`.keras` files: a zip (or folder) of metadata.json, config.json, model.weights.h5 and assets, as Keras 3 does it."""

import contextlib
import datetime
import os
import shutil
import tempfile

from kx_io import CustomObjectScope
from kx_io.archive import open_archive, write_archive
from kx_io.atomic import replacing, replacing_folder
from kx_io.config import serialize_keras_object, shared_objects
from kx_io.errors import FileFormatError
from kx_io.hdf5 import open_hdf5, write_hdf5
from kx_io.text import read_json, write_json
from kx_models.saving.model_of_config import model_of
from kx_models.saving.old_eras import Era
from kx_models.saving.parts import parts
from kx_models.saving.weights import finder, read_weights, write_weights
from kx_models.saving.whole_hdf5 import restore_training

KERAS_VERSION = "3.15.1"  # whose layout is written
MAX_CONFIG = 256 << 20
MAX_METADATA = 1 << 20
_METADATA, _CONFIG, _WEIGHTS, _ASSETS = "metadata.json", "config.json", "model.weights.h5", "assets"


# ---- writing


def write_archive_model(model, file):
    """Write a model as `.keras` to a path, atomically, or into a binary file object."""
    texts = _texts(model)
    if isinstance(file, (str, os.PathLike)):
        with replacing(file) as beside:
            _write_zip(model, texts, beside)
    elif file.readable() and file.seekable():
        _write_zip(model, texts, file)
    else:  # such as open(path, "wb"): the checksums are made by reading
        with tempfile.TemporaryFile() as whole:
            _write_zip(model, texts, whole)
            whole.seek(0)
            shutil.copyfileobj(whole, file)


def write_folder_model(model, path):
    """Write a model as a folder of the files that a `.keras` archive holds."""
    texts = _texts(model)
    with replacing_folder(path) as beside:
        for name, text in texts.items():
            with open(os.path.join(beside, name), "w", encoding="utf-8") as file:
                file.write(text)
        with write_hdf5(os.path.join(beside, _WEIGHTS)) as root:
            write_weights(model, root)
        _save_assets(model, beside)


def _texts(model):
    """The metadata and the config, made first: what cannot be written leaves no file at all."""
    with shared_objects():
        config = serialize_keras_object(model)
    saved = datetime.datetime.now().strftime("%Y-%m-%d@%H:%M:%S")
    metadata = {"keras_version": KERAS_VERSION, "date_saved": saved}
    return {_METADATA: write_json(metadata), _CONFIG: write_json(config)}


def _write_zip(model, texts, file):
    with write_archive(file) as archive:
        for name, text in texts.items():
            archive.write(name, text.encode("utf-8"))
        with archive.opened(_WEIGHTS) as member, write_hdf5(member) as root:
            write_weights(model, root)
        if _with_assets(model, "save_assets"):
            with tempfile.TemporaryDirectory() as folder:
                _save_assets(model, folder)
                for name in _files_below(folder):
                    with open(os.path.join(folder, name), "rb") as source:
                        archive.copy(name.replace(os.sep, "/"), source)


def _with_assets(model, hook):
    return [(path, part) for path, part in parts(model) if hasattr(part, hook)]


def _save_assets(model, folder):
    for path, part in _with_assets(model, "save_assets"):
        own = os.path.join(folder, _ASSETS, *path.split("/"))
        os.makedirs(own)
        part.save_assets(own)


def _files_below(folder):
    return sorted(
        os.path.relpath(os.path.join(parent, name), folder)
        for parent, _, names in os.walk(folder)
        for name in names
    )


# ---- reading


def read_archive_model(file, custom_objects=None, compile=True, safe_mode=True):
    """Make the model of a `.keras` file: a path or a binary file object."""
    with open_archive(file) as archive:
        config = read_json(archive.read(_CONFIG, MAX_CONFIG), f"{archive.label}/{_CONFIG}")
        version = _keras_version(archive)
        stored = archive.size(_WEIGHTS) if _WEIGHTS in archive else 0
        model = _unfilled(config, archive.label, custom_objects, compile, safe_mode, version, stored)
        if _WEIGHTS in archive:
            with archive.opened(_WEIGHTS) as member, open_hdf5(member) as root:
                read_weights(model, finder(root), f"{archive.label}/{_WEIGHTS}")
        elif model.variables:
            raise FileFormatError(f"{archive.label} holds no {_WEIGHTS}, only {archive.names()[:20]}.")
        for path, part in _with_assets(model, "load_assets"):
            _load_zipped_assets(archive, path, part)
    return model


def _unfilled(config, label, custom_objects, compile, safe_mode, version, stored):
    """The model before its weights are read; one of TensorFlow's Keras 2 is compiled as that noted it."""
    of_keras_2 = version is not None and Era.of(version).old and isinstance(config, dict)
    if not of_keras_2:
        return model_of(config, label, custom_objects, compile, safe_mode, version, stored=stored)
    training = config.get("compile_config")
    model = model_of(config, label, custom_objects, False, safe_mode, version, stored=stored)
    if compile and isinstance(training, dict) and training.get("optimizer"):
        with CustomObjectScope(custom_objects):
            given = {**training, "optimizer_config": training["optimizer"]}
            restore_training(model, given, {}, None, Era.of(version))
    return model


def _keras_version(archive):
    """The version of Keras that wrote an archive; TensorFlow's was 2."""
    if _METADATA not in archive:
        return None
    return _version(read_json(archive.read(_METADATA, MAX_METADATA), f"{archive.label}/{_METADATA}"))


def _version(metadata):
    return metadata.get("keras_version") if isinstance(metadata, dict) else None


def _load_zipped_assets(archive, path, part):
    prefix = f"{_ASSETS}/{path}/"
    names = [name for name in archive.names() if name.startswith(prefix)]
    with tempfile.TemporaryDirectory() as folder:
        for name in names:  # the archive has refused names that lead out of it
            target = os.path.join(folder, *name.removeprefix(prefix).split("/"))
            try:
                os.makedirs(os.path.dirname(target), exist_ok=True)
                with archive.opened(name) as source, open(target, "wb") as copy:
                    shutil.copyfileobj(source, copy)
            except OSError as error:
                raise FileFormatError(
                    f"{archive.label}: the member {name!r} cannot be unpacked ({error})."
                ) from error
        part.load_assets(folder)


def read_folder_model(path, custom_objects=None, compile=True, safe_mode=True):
    """Make the model of a folder that `write_folder_model` wrote."""
    label = os.fspath(path)
    with open(os.path.join(path, _CONFIG), "rb") as file:
        config = read_json(file.read(MAX_CONFIG + 1), os.path.join(label, _CONFIG))
    with open(os.path.join(path, _METADATA), "rb") as file:
        version = _version(read_json(file.read(MAX_METADATA + 1), os.path.join(label, _METADATA)))
    weights = os.path.join(label, _WEIGHTS)
    stored = os.path.getsize(weights)
    model = _unfilled(config, label, custom_objects, compile, safe_mode, version, stored)
    with open_hdf5(weights) as root:
        read_weights(model, finder(root), weights)
    for inner, part in _with_assets(model, "load_assets"):
        part.load_assets(os.path.join(label, _ASSETS, *inner.split("/")))
    return model


def read_archive_weights(model, file, skip_mismatch=False, objects_to_skip=None):
    """Fill a model's weights from the weights in a `.keras` archive."""
    label = (
        os.fspath(file) if isinstance(file, (str, os.PathLike)) else str(getattr(file, "name", "the file"))
    )
    with opened_weights(file) as root:
        read_weights(model, finder(root), f"{label}/{_WEIGHTS}", skip_mismatch, objects_to_skip)


def read_texts(file):
    """The metadata and the config of a `.keras` archive."""
    with open_archive(file) as archive:
        texts = [(_METADATA, MAX_METADATA), (_CONFIG, MAX_CONFIG)]
        return [read_json(archive.read(name, limit), f"{archive.label}/{name}") for name, limit in texts]


@contextlib.contextmanager
def opened_weights(file):
    """Give the root of the weights in a `.keras` archive."""
    with open_archive(file) as archive, archive.opened(_WEIGHTS) as member, open_hdf5(member) as root:
        yield root
