"""Initializers, regularizers, constraints, activations and dtype policies in configs of Keras 1 and 2."""

from kx_io import get_registered_object
from kx_io.spellings import modern_arguments, modern_class

_ACTIVATIONS = ("activation", "recurrent_activation")
_REGULARIZERS_OF_KERAS_1 = ("WeightRegularizer", "L1L2Regularizer", "ActivityRegularizer")


def is_object(value):
    """Whether a value of a config stands for an object: `{"class_name", "config"}`.

    >>> is_object({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.01}}), is_object("zeros")
    (True, False)
    """
    return isinstance(value, dict) and isinstance(value.get("class_name"), str) and "config" in value


def bare_name(class_name):
    """A class name without what Keras put before it, the package "Custom" or the path of a module.

    >>> bare_name("Custom>Adam"), bare_name("keras.layers.core.Dense"), bare_name("mine>Scale")
    ('Adam', 'Dense', 'mine>Scale')
    """
    if ">" in class_name:
        package, name = class_name.rsplit(">", 1)
        return (
            name
            if package in ("Custom", "Keras") and get_registered_object(class_name) is None
            else class_name
        )
    return class_name.rpartition(".")[2]


def is_custom(config):
    """Whether a config names a class of the user's, whose arguments are its own business."""
    return any(
        get_registered_object(config.get(key)) is not None for key in ("registered_name", "class_name")
    )


def modern_part(key, value, era):
    """What an argument `key` of a layer holds, an initializer or the like, as Keras 3 writes it."""
    if key in _ACTIVATIONS and value == "hard_sigmoid" and era.old:
        return "keras2_hard_sigmoid"
    if key == "dtype":
        return modern_dtype(value)
    if isinstance(value, dict) and isinstance(value.get("name"), str) and "class_name" not in value:
        return _of_keras_1(value)
    return modern_object(value) if is_object(value) else value


def modern_object(value):
    """The config of an initializer, regularizer or constraint, with today's names."""
    if is_custom(value) or not isinstance(value["config"], dict):
        return value
    name = modern_class(bare_name(value["class_name"]))
    config = modern_arguments(name, value["config"], quiet=True)
    if value.get("module") is None:
        config.pop("dtype", None)  # TensorFlow 1 wrote one into each initializer
    if config.get("distribution") == "normal":
        config["distribution"] = "truncated_normal"  # as Keras 2 read it
    return {**value, "class_name": name, "config": config}


def _of_keras_1(value):
    """Keras 1 wrote the class beside the arguments: `{"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}`."""
    config = {key: item for key, item in value.items() if key != "name"}
    name = value["name"]
    if name in _REGULARIZERS_OF_KERAS_1:
        return {"class_name": "L1L2", "config": {key: config.get(key, 0.0) for key in ("l1", "l2")}}
    name = modern_class(name)
    return {"class_name": name, "config": modern_arguments(name, config, quiet=True)}


def modern_dtype(value):
    """A dtype or policy: `{"class_name": "Policy", "config": {"name": "mixed_float16"}}` of TensorFlow 2 is its name.

    >>> modern_dtype({"class_name": "Policy", "config": {"name": "mixed_float16", "loss_scale": None}})
    'mixed_float16'
    """
    if is_object(value) and value["class_name"] in ("Policy", "PolicyV1", "DTypePolicy", "FloatDTypePolicy"):
        name = value["config"].get("name")
        return None if name in (None, "infer", "_infer") else name
    return None if value == "infer" else value
