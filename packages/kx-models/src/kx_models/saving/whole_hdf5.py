"""Whole models in one HDF5 file, `model.save("model.h5")` of Keras 1 to 3: architecture, weights, training state."""

import json
import warnings

from kx_io import CustomObjectScope, registry
from kx_io.atomic import replacing
from kx_io.errors import FileFormatError
from kx_io.hdf5 import StoredArray, StoredGroup, open_hdf5, write_hdf5
from kx_io.names import find_class
from kx_io.text import read_json
from kx_layers.vocabulary import vocabularies_in_configs
from kx_models.saving.model_of_config import model_of
from kx_models.saving.old_compile import compile_arguments, written_compile
from kx_models.saving.old_eras import Era
from kx_models.saving.old_optimizers import modern_optimizer, restore_state
from kx_models.saving.old_weights import BACKEND, KERAS_VERSION, load_groups, member, write_groups


def write_whole_model(model, path, include_optimizer=True):
    """Write a model's architecture, weights, and, if it is compiled, training configuration and optimizer state.

    The layout is that of Keras 3.15. The file appears at `path` when it is whole. Raises NotImplementedError for a
    model that no config can describe.
    """
    with vocabularies_in_configs():
        config = json.dumps(_plain_entry(model))
    with replacing(path) as beside, write_hdf5(beside) as root:
        root.attribute("keras_version", KERAS_VERSION)
        root.attribute("backend", BACKEND)
        root.attribute("model_config", config)
        write_groups(model, root.group("model_weights"))
        if include_optimizer and model.compiled and model.optimizer is not None:
            root.attribute("training_config", written_compile(model._compile_config, model.optimizer))
            _write_optimizer(model.optimizer, root.group("optimizer_weights"))


def _plain_entry(model):
    """`{"class_name", "config"}`; the layers in the config have as much, as in Keras's HDF5 files.

    A model without a graph also has how it was built, or it could not be made again; Keras passes over that.
    """
    config = registry("models").serialize(model)
    built = {} if "layers" in config["config"] else {"build_config": config.get("build_config")}
    return _plain(config) | built


def _plain(config):
    if str(config.get("module")).startswith(("kx.ops", "keras.src.ops")):
        return config
    name = config.get("registered_name") or ""
    known = find_class(
        config.get("module"), config["class_name"]
    )  # Keras goes by the name of the class itself here
    own_name = config["class_name"] if known is None else known.__name__
    out = {"class_name": name if ">" in name else own_name, "config": config["config"]}
    if isinstance(out["config"], dict) and isinstance(out["config"].get("layers"), list):
        out["config"] = {**out["config"], "layers": [_plain(entry) for entry in out["config"]["layers"]]}
    return out | {key: config[key] for key in ("name", "inbound_nodes") if key in config}


def _write_optimizer(optimizer, group):
    names = [variable.path for variable in optimizer.variables]
    group.write_names("weight_names", names)
    for name, variable in zip(names, optimizer.variables, strict=True):
        group.array(name, variable.numpy())


def read_whole_model(path, custom_objects=None, compile=True, safe_mode=True):
    """Make the model of a whole-model file of Keras 1, 2 or 3, with its weights, with `compile` its training state.

    What of the training state cannot be restored is named in one warning; the model is there all the same. No code
    in a file ever runs: `safe_mode` changes nothing, and a Lambda's function is passed as
    `custom_objects={"name of the layer": function}`. Raises FileFormatError for what is no such file.
    """
    with open_hdf5(path) as root, CustomObjectScope(custom_objects or {}):
        text = root.attribute("model_config")
        if text is None:
            raise FileFormatError(
                f"{path} holds no model: it has no attribute model_config. If it holds weights, build the model and "
                "call model.load_weights(...)."
            )
        keras_version, backend = root.attribute("keras_version"), root.attribute("backend")
        config = read_json(text, "model_config")
        model = model_of(
            config, str(path), keras_version=keras_version, backend=backend, stored=root.file_bytes
        )
        weights = root.get("model_weights")
        if not isinstance(weights, StoredGroup):
            raise FileFormatError(f"{path} holds a model's architecture, but no group model_weights.")
        loaded = load_groups(model, weights)
        training = root.attribute("training_config")
        if compile and training is not None:
            era = Era.of(keras_version, backend)
            restore_training(model, read_json(training, "training_config"), root, loaded, era)
    return model


def restore_training(model, config, root, loaded, era):
    """Compile a model as Keras 1 or 2 noted, and restore the optimizer's state from `root`, where it has one."""
    arguments, problems = compile_arguments(config if isinstance(config, dict) else {}, era)
    try:
        given, notes = modern_optimizer(config.get("optimizer_config"), era)
        problems += notes
        optimizer = registry("optimizers").deserialize(given)
    except (TypeError, ValueError, KeyError, AttributeError) as error:
        problems.append(f"the optimizer ({error})")
        optimizer = None
    _compile(model, optimizer, arguments, problems)
    group = root.get("optimizer_weights")
    names = group.names("weight_names") if isinstance(group, StoredGroup) else None
    if optimizer is not None and names:
        try:
            arrays = [member(group, name, StoredArray) for name in names]
            restore_state(model.optimizer, model, names, arrays, loaded, era)
        except (ValueError, KeyError) as error:
            problems.append(f"the state of the optimizer ({error}), which starts anew")
    if problems:
        warnings.warn(
            f"Of the training state in the file, this could not be restored: {'; '.join(problems)}. The model is "
            "loaded all the same.",
            stacklevel=4,
        )


def _compile(model, optimizer, arguments, problems):
    try:
        model.compile(optimizer=optimizer or "rmsprop", **arguments)
    except (TypeError, ValueError) as error:
        problems.append(f"the losses and metrics ({error})")
        model.compile(optimizer=optimizer or "rmsprop")
    if not model.optimizer.built:
        model.optimizer.build(model.trainable_variables)
