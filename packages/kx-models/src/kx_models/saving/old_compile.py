"""What `compile` was given, from the training configuration of a whole-model file: losses, metrics, their weights."""

import json

from kx_io import get_registered_object, registry, serialize_keras_object
from kx_losses.resolution import resolve_metric
from kx_models.saving.old_objects import bare_name, is_custom, is_object

_LOSSES = {"cosine_proximity": "cosine_similarity", "cosine": "cosine_similarity"}
_WRAPPERS = ("MeanMetricWrapper", "LossFunctionWrapper")


def compile_arguments(config, era):
    """Return (arguments for `compile` without the optimizer, [what could not be restored and why])."""
    problems, arguments = [], {}
    for key, read in (("loss", _loss), ("metrics", _metric), ("weighted_metrics", _metric)):
        try:
            arguments[key] = _map(config.get(key), read)
        except (TypeError, ValueError, KeyError) as error:
            problems.append(f"the {key.replace('_', ' ')} ({error})")
    arguments["loss_weights"] = config.get("loss_weights")
    if config.get("sample_weight_mode"):
        problems.append("sample_weight_mode (sample weights of shape (samples, steps) work without)")
    for key in ("run_eagerly", "steps_per_execution"):
        if config.get(key):
            arguments[key] = config[key]
    if arguments.get("loss") is None:
        arguments["loss_weights"] = None
    return arguments, problems


def _map(value, read):
    """`value` with `read` applied to each loss or metric in lists and dicts."""
    if isinstance(value, (list, tuple)):
        return [_map(item, read) for item in value]
    if isinstance(value, dict) and not is_object(value):
        return {key: _map(item, read) for key, item in value.items()}
    return None if value is None else read(value)


def _loss(value):
    if isinstance(value, str):
        own = get_registered_object(value)
        if own is not None:
            return own
        name = _LOSSES.get(value, value)
        registry("losses").get(name)  # raises for what nobody registered
        return name
    name = bare_name(value["class_name"])
    if is_custom(value) or not isinstance(value["config"], dict):
        return registry("losses").deserialize(value)
    config = dict(value["config"])
    function = config.pop("fn", None)
    if config.get("reduction") == "auto":
        config["reduction"] = "sum_over_batch_size"
    if name == "LossFunctionWrapper":
        return _loss(function)
    return registry("losses").deserialize({"class_name": name, "config": config})


def _metric(value):
    if isinstance(value, str):
        own = get_registered_object(value)
        if own is not None:
            return own
        if value not in ("accuracy", "acc", "crossentropy", "ce"):
            registry("metrics").get(value)
        return value
    name = bare_name(value["class_name"])
    if is_custom(value) or not isinstance(value["config"], dict):
        return registry("metrics").deserialize(value)
    config = dict(value["config"])
    if name in _WRAPPERS and isinstance(config.get("fn"), str):
        metric = resolve_metric(config["fn"], None, None)
        metric.name = config.get("name") or metric.name
        return metric
    if name not in _WRAPPERS:
        config.pop("fn", None)
    return registry("metrics").deserialize({"class_name": name, "config": config})


def written_compile(given, optimizer):
    """The training configuration of a whole-model file, as a JSON text."""
    config = {key: _map(given.get(key), _written) for key in ("metrics", "weighted_metrics")}
    config["loss"] = _map(given.get("loss"), lambda loss: _written(_in_full(loss)))
    config["loss_weights"] = given.get("loss_weights")
    config |= {key: given.get(key) for key in ("run_eagerly", "steps_per_execution")}
    config["jit_compile"] = False
    config["optimizer_config"] = _written(optimizer)
    return json.dumps(config)


def _in_full(loss):
    """A loss's own name for an abbreviation of it: Keras 3.15 does not read "mse" in its HDF5 files."""
    if not isinstance(loss, str):
        return loss
    return getattr(registry("losses").get(loss), "__name__", loss)


def _written(value):
    """A loss, metric or optimizer: names and functions by name, objects by class and arguments."""
    config = serialize_keras_object(value)
    if not is_object(config) or not isinstance(config["config"], dict):
        return config["config"] if isinstance(config, dict) else config
    package = config.get("registered_name") or ""
    return {"class_name": package if ">" in package else config["class_name"], "config": config["config"]}
