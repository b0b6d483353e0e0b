"""`save_model`, `load_model`, `save_weights`, `load_weights`: which format, by what was asked and what is there.

The modules of the formats are imported where one is met: h5py takes as long to load as kx itself.
"""

import os
import warnings

from kx_io.content import what_is
from kx_io.errors import FileFormatError

_HDF5 = (".h5", ".hdf5")


def save_model(model, filepath, overwrite=True, zipped=None, **kwargs):
    """Write a model to a file: what it is made of, its weights, how it is trained, the state of its optimizer.

    A name that ends in `.keras`, or a binary file object, gives the format of Keras 3; `zipped=False` the same in a
    folder; a name that ends in `.h5` the one of Keras 1 and 2. An old file stays whole until the new one is complete.
    Raises ValueError for other names, FileExistsError for a file there with `overwrite=False`.

    >>> import io
    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> file = io.BytesIO()
    >>> save_model(Sequential([Input((3,)), Dense(2, name="out")]), file)
    >>> load_model(file).layers
    [<Dense name=out, built=True>]
    """
    include_optimizer = kwargs.pop("include_optimizer", True)
    save_format = kwargs.pop("save_format", None)
    if kwargs:
        raise ValueError(f"save() got an unexpected keyword argument {next(iter(kwargs))!r}.")
    from kx_models.saving import keras_archive

    if not isinstance(filepath, (str, os.PathLike)):
        if not hasattr(filepath, "write"):
            raise TypeError(f"A model is saved to a path or a binary file object, got {filepath!r}.")
        _warn_if_unbuilt(model)
        keras_archive.write_archive_model(model, filepath)
        return
    path = os.fspath(filepath)
    _check_overwrite(path, overwrite)
    _warn_if_unbuilt(model)
    as_hdf5 = path.endswith(_HDF5) or save_format == "h5"
    if not include_optimizer and not as_hdf5:
        raise ValueError(
            "include_optimizer=False is for `.h5` files. Load a `.keras` file with load_model(path, compile=False)."
        )
    if zipped is False:
        if path.endswith(".keras"):
            raise ValueError(
                f"With zipped=False a folder is written, whose name can't end in `.keras`: {path!r}."
            )
        keras_archive.write_folder_model(model, path)
    elif path.endswith(".keras") or (zipped and not as_hdf5) or save_format == "keras":
        keras_archive.write_archive_model(model, path)
    elif as_hdf5:
        from kx_models.saving import whole_hdf5

        whole_hdf5.write_whole_model(model, path, include_optimizer)
    else:
        raise ValueError(
            f"{path!r} does not say which format to write: let the name end in `.keras` (the format of Keras 3, "
            f"recommended) or in `.h5` (that of Keras 1 and 2), or pass zipped=False for a folder. To deploy a model "
            f"without kx, use model.export(path)."
        )


def load_model(filepath, custom_objects=None, compile=True, safe_mode=True):
    """Make the model that a file or folder holds; what it is decides, not its name.

    Classes and functions of your own must be registered (`register_keras_serializable`) or given in
    `custom_objects`; all that are missing are named at once. If only the loss, metrics or optimizer cannot be made
    again, the model is loaded uncompiled, with a warning. Nothing in a file is ever run as code, whatever `safe_mode`.

    Raises FileNotFoundError, FileFormatError for a damaged or foreign file, ValueError where weights do not fit.
    """
    from kx_models.saving import keras_archive

    content = _content(filepath, "load_model")
    label = _label(filepath)
    if content.kind == "keras":
        return keras_archive.read_archive_model(filepath, custom_objects, compile, safe_mode)
    if content.kind == "keras-folder":
        return keras_archive.read_folder_model(filepath, custom_objects, compile, safe_mode)
    if content.kind == "model-hdf5":
        from kx_models.saving import whole_hdf5

        return whole_hdf5.read_whole_model(filepath, custom_objects, compile, safe_mode)
    if content.kind == "hdf5":
        from kx_io.hdf5 import open_hdf5

        with open_hdf5(filepath):  # a damaged one says so
            pass
    if content.kind in ("weights-hdf5", "old-weights-hdf5", "shards", "safetensors"):
        raise FileFormatError(
            f"{label} holds no model: {content.sentence}. Make the model in code and call model.load_weights(path)."
        )
    if content.kind in ("json", "yaml"):
        raise FileFormatError(
            f"{label} holds no weights: {content.sentence}. Read it with keras.models.model_from_{content.kind}(text)."
        )
    raise FileFormatError(f"{label} can't be loaded as a model: {content.sentence}.")


def save_weights(model, filepath, overwrite=True, max_shard_size=None, **kwargs):
    """Write the weights of a model, and the state of its optimizer, to a file.

    The name ends in `.weights.h5` (Keras 3), in `.weights.json` for files of at most `max_shard_size` GB with an
    index, in `.safetensors`, or in `.h5` or `.hdf5` for the weights alone as Keras 1 and 2 wrote them.
    """
    as_hdf5 = kwargs.pop("save_format", None) in ("h5", "hdf5")
    if kwargs:
        raise ValueError(f"save_weights() got an unexpected keyword argument {next(iter(kwargs))!r}.")
    path = os.fspath(filepath)
    if not model.built:
        raise ValueError(
            f"Model {model.name!r} has no weights yet: call it on data, or `model.build(input_shape)`, before saving."
        )
    if max_shard_size is not None and not path.endswith(".json"):
        if not path.endswith(".weights.h5"):
            raise ValueError(f"With max_shard_size the name must end in `.weights.json`, got {path!r}.")
        path = path.removesuffix(".h5") + ".json"
        warnings.warn(f"The index of the weight files is written as {path!r}.", stacklevel=3)
    _check_overwrite(path, overwrite)
    if path.endswith(".weights.json"):
        from kx_models.saving import shards

        shards.write_shards(model, path, float("inf") if max_shard_size is None else max_shard_size)
    elif path.endswith(".weights.h5"):
        from kx_models.saving import weights

        weights.write_weights_file(model, path)
    elif path.endswith(".safetensors"):
        from kx_models.saving import tensors

        tensors.write_tensors(model, path)
    elif path.endswith(_HDF5) or as_hdf5:
        from kx_models.saving import old_weights

        old_weights.write_old_weights(model, path)
    else:
        raise ValueError(
            f"The name of a file of weights must end in `.weights.h5`, got {path!r}; with max_shard_size in "
            f"`.weights.json`, and `.safetensors` works too."
        )


def load_weights(model, filepath, skip_mismatch=False, **kwargs):
    """Read weights into a model from any file that holds some: weights of any kind, or a whole model.

    `skip_mismatch=True` leaves what does not fit as it is, with a warning; `objects_to_skip` is a list of layers to
    leave alone; `by_name=True`, for files of Keras 1 and 2, goes by the names of layers. Raises ValueError with all
    that does not fit: places, layers, both shapes.
    """
    by_name = kwargs.pop("by_name", False)
    objects_to_skip = kwargs.pop("objects_to_skip", None)
    if kwargs:
        raise ValueError(f"load_weights() got an unexpected keyword argument {next(iter(kwargs))!r}.")
    content = _content(filepath, "load_weights")
    if not model.built and not model.weights:
        raise ValueError(
            f"Model {model.name!r} has no weights yet, so none can be loaded. Call it on data, or "
            "`model.build(input_shape)`, first."
        )
    label = _label(filepath)
    old = content.kind in ("old-weights-hdf5", "model-hdf5")
    if by_name and not old:
        raise ValueError(
            f"by_name=True is for weights of Keras 1 and 2; {label} is none: {content.sentence}."
        )
    if content.kind == "keras":
        from kx_models.saving import keras_archive

        keras_archive.read_archive_weights(model, filepath, skip_mismatch, objects_to_skip)
    elif content.kind == "keras-folder":
        inner = os.path.join(filepath, "model.weights.h5")
        load_weights(model, inner, skip_mismatch, objects_to_skip=objects_to_skip)
    elif old:
        from kx_models.saving import old_weights

        old_weights.read_old_weights(model, filepath, by_name, skip_mismatch)
    elif content.kind in ("weights-hdf5", "hdf5"):
        from kx_models.saving import weights

        weights.read_weights_file(model, filepath, label, skip_mismatch, objects_to_skip)
    elif content.kind == "shards":
        from kx_models.saving import shards

        shards.read_shards(model, filepath, skip_mismatch, objects_to_skip)
    elif content.kind == "safetensors":
        from kx_models.saving import tensors

        tensors.read_tensors(model, filepath, skip_mismatch, objects_to_skip)
    else:
        raise FileFormatError(f"{label} holds no weights: {content.sentence}.")


def _label(filepath):
    if isinstance(filepath, (str, os.PathLike)):
        return os.fspath(filepath)
    return str(getattr(filepath, "name", "the file"))


def _content(filepath, what):
    if not isinstance(filepath, (str, os.PathLike)) and not hasattr(filepath, "read"):
        raise TypeError(f"{what}() takes a path or a binary file object, got {filepath!r}.")
    content = what_is(filepath)
    if content.kind == "missing":
        raise FileNotFoundError(f"{what}(): there is no file {os.path.abspath(filepath)!r}.")
    return content


def _check_overwrite(path, overwrite):
    if not overwrite and os.path.exists(path):
        raise FileExistsError(f"{path!r} is there, and overwrite=False. Pass overwrite=True to replace it.")


def _warn_if_unbuilt(model):
    if not getattr(model, "built", True):
        warnings.warn(
            f"The model {model.name!r} has not been built: it has no weights to save. Call it on data first.",
            stacklevel=3,
        )
