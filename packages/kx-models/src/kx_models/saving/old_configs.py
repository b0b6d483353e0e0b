"""Configs of models of Keras 1 and 2 (JSON, YAML, HDF5, `.keras` of TensorFlow) as Keras 3 writes them.

It is a change of text: names, arguments, references. Nothing is made or imported; what the config names is
looked up when the model is made from the outcome.
"""

from kx_models.saving.old_eras import Era
from kx_models.saving.old_graphs import clean, joined_branches, modern_graph
from kx_models.saving.old_layers import input_entry, modern_layer
from kx_models.saving.old_objects import bare_name, is_custom, is_object, modern_dtype

_SEQUENTIAL = {"module": "keras", "class_name": "Sequential", "registered_name": None}
_FUNCTIONAL = {
    "module": "keras.src.models.functional", "class_name": "Functional", "registered_name": "Functional"
}  # fmt: skip
_GRAPHS = ("Model", "Functional", "Container", "Network")
_LAYERS_WITHIN = ("layer", "backward_layer")


def modern_config(config, keras_version=None, backend=None):
    """The config of a model of any era as Keras 3 writes it.

    `keras_version` and `backend` are what the file says beside the config, if the config doesn't. Raises ValueError for
    what no longer exists, and for code in a file.

    >>> layer = {"class_name": "Dense", "config": {"name": "dense_1", "output_dim": 2, "batch_input_shape": [None, 3]}}
    >>> config = modern_config({"class_name": "Sequential", "config": [layer], "keras_version": "1.2.2"})
    >>> config["config"]["layers"][1]["config"]
    {'name': 'dense_1', 'units': 2}
    """
    version = config.get("keras_version") or keras_version or _guessed_version(config)
    era = Era.of(version, config.get("backend") or backend)
    if not era.old and "module" in config:
        return config
    return _modern(config, era)


def _guessed_version(config):
    """Keras 3 says the module of every class; before, only Keras 1 named the size of a layer's output output_dim."""
    if "module" in config or "registered_name" in config:
        return "3.0"
    text = repr(config)
    if any(f"'{word}'" in text for word in ("output_dim", "nb_filter", "inner_init", "border_mode")):
        return "2.0" if "embeddings_initializer" in text else "1"
    return "2.0"


def _modern(entry, era):
    if not is_object(entry):
        return entry
    name = bare_name(entry["class_name"])
    kept = {
        key: entry[key] for key in ("name", "inbound_nodes", "build_config", "compile_config") if key in entry
    }
    config = entry["config"]
    if name == "Sequential" and not is_custom(entry):
        return _sequential(config, era) | kept
    if isinstance(config, dict) and "input_layers" in config and "layers" in config:
        own = {**entry, **kept} if is_custom(entry) else _FUNCTIONAL | kept
        return own | {"config": _functional(config, era)}
    entry = modern_layer(entry, era)
    if isinstance(entry["config"], dict):
        models = {
            k: _modern(v, era) for k, v in entry["config"].items() if k in _LAYERS_WITHIN and is_object(v)
        }
        entry = {**entry, "config": {**entry["config"], **models}}
    return entry


def _functional(config, era):
    entries = [_op(entry, era) if _is_op(entry) else _modern(entry, era) for entry in config["layers"]]
    if any(_is_call(node) for entry in config["layers"] for node in entry["inbound_nodes"]):
        return {**config, "layers": entries}
    return modern_graph(config, entries)


def _is_call(node):
    return isinstance(node, dict) and "args" in node


def _is_op(entry):
    """Whether an entry may be an op: HDF5 files of Keras 3 name the class alone, but layers have more than a name."""
    if str(entry.get("module")).startswith(("kx.ops", "keras.src.ops")):
        return True
    modern = any(_is_call(node) for node in entry.get("inbound_nodes", ()))
    return modern and "module" not in entry and not {"trainable", "dtype", "layers"} & entry["config"].keys()


def _op(entry, era):
    if "module" in entry:
        return entry
    listed = any(isinstance(call["args"][0], list) for call in entry["inbound_nodes"] if call["args"])
    known = modern_layer(
        entry, era
    )  # merging layers take a list, ops of the same name one argument after the other
    return (
        known if listed and known["module"] == "keras.layers" else entry | {"module": "keras.src.ops.numpy"}
    )


def _sequential(config, era):
    """A Sequential model: a list of layers, or a dict with one; a first layer may hold branches (`Merge`)."""
    if isinstance(config, list):
        config = {"layers": config}
    entries, name = config["layers"], config.get("name")
    if entries and bare_name(entries[0]["class_name"]) == "Merge":
        return _FUNCTIONAL | {"config": _branches(name, entries, era)}
    layers = [_modern(_named(entry), era) for entry in entries]
    first = entries[0]["config"] if entries else None
    if isinstance(first, dict) and first.get("batch_input_shape") and layers[0]["class_name"] != "InputLayer":
        layers.insert(
            0, input_entry(first | layers[0]["config"], f"{clean(first.get('name') or 'layer')}_input")
        )
    out = {"name": name, "layers": layers}
    if config.get("trainable") is not None:
        out["trainable"] = config["trainable"]
    if "dtype" in config:
        out["dtype"] = modern_dtype(config["dtype"])
    if config.get("build_input_shape") is not None:
        out["build_input_shape"] = config["build_input_shape"]
    return _SEQUENTIAL | {"config": out}


def _named(entry):
    """An entry whose layer's name may be one today."""
    config = entry["config"]
    if isinstance(config, dict) and "/" in str(config.get("name") or ""):
        return {**entry, "config": {**config, "name": clean(config["name"])}}
    return entry


def _branches(name, entries, era):
    merge, branches = entries[0], []
    for branch in merge["config"]["layers"]:
        if bare_name(branch["class_name"]) not in ("Sequential", *_GRAPHS):
            branch = {"class_name": "Sequential", "config": [branch]}
        branches.append(_modern(branch, era))
    rest = [_modern(_named(entry), era) for entry in entries[1:]]
    merged = modern_layer(merge, era)
    merged["config"]["name"] = merged["config"].get("name") or "merge"
    return joined_branches(name, branches, merged, rest)
