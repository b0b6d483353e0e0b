"""Configs of layers of Keras 1 and 2 as Keras 3 writes them."""

from kx_io import get_registered_object
from kx_io.names import find_class
from kx_io.spellings import modern_arguments, modern_class
from kx_layers.layer import Layer
from kx_models.saving.old_objects import bare_name, is_custom, is_object, modern_part

_RECURRENT = ("LSTM", "GRU", "SimpleRNN", "RNN", "ConvLSTM1D", "ConvLSTM2D", "ConvLSTM3D")
_GATED = ("LSTM", "GRU", "LSTMCell", "GRUCell", "ConvLSTM2D", "ConvLSTM2DCell")
_WRAPPED = ("layer", "backward_layer", "cell", "cells")  # arguments that hold layers
_MERGES = {
    "sum": "Add", "add": "Add", "mul": "Multiply", "ave": "Average", "max": "Maximum", "min": "Minimum",
    "concat": "Concatenate", "dot": "Dot", "cos": "Dot",
}  # fmt: skip

# Arguments that only say how the Keras of the time computed, or where data came from: the model is the same without.
_DROPPED = frozenset((
    "batch_input_shape", "input_dtype", "input_spec", "implementation", "consume_less", "enable_caching_device",
    "fused", "virtual_batch_size", "adjustment", "dynamic", "num_constants", "rng_type", "force_generator",
))  # fmt: skip
_DROPPED_FROM = {
    "SeparableConv1D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "SeparableConv2D": ("groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "DepthwiseConv1D": ("filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "DepthwiseConv2D": ("filters", "groups", "kernel_initializer", "kernel_regularizer", "kernel_constraint"),
    "Conv1DTranspose": ("groups",), "Conv2DTranspose": ("groups",), "Conv3DTranspose": ("groups",),
    "MultiHeadAttention": ("query_shape", "key_shape", "value_shape", "softmax_robust_masking"),
    "SpatialDropout1D": ("trainable", "noise_shape"), "SpatialDropout2D": ("trainable", "noise_shape"),
    "SpatialDropout3D": ("trainable", "noise_shape"),
    "Embedding": ("input_length", "dropout"),
}  # fmt: skip
# What must be so, as today's layers do nothing else: argument -> the value that asks for nothing.
_ONLY = {"time_major": False, "mode": 0, "causal": False, "sparse": False, "ragged": False}


def modern_layer(entry, era):
    """The config `{"class_name", "config"}` of a layer, of any era, as Keras 3 writes it; unknown ones stay."""
    if is_custom(entry):
        return entry
    written = bare_name(entry["class_name"])
    name = "Merge" if written == "Merge" else modern_class(written)
    if name == "Merge":
        name, config = _merged(entry["config"])
    elif not isinstance(entry["config"], dict) or (not era.old and not is_layer(name)):
        return entry
    else:
        config = _with_defaults(written, name, entry["config"], era)
        config = _arguments(name, config, era)
    known = is_layer(name)
    out = {"module": "keras.layers" if known else entry.get("module"), "class_name": name}
    out |= {"config": config, "registered_name": None if known else entry.get("registered_name")}
    # Keras 2 noted the shape of one input of a layer, of many: its calls tell more
    kept = ("name", "inbound_nodes") if era.old else ("name", "inbound_nodes", "build_config")
    return out | {key: entry[key] for key in kept if key in entry}


def is_layer(name):
    """Whether a class of Keras's layers is called so.

    >>> is_layer("Dense"), is_layer("dense"), is_layer("Zeros")
    (True, False, False)
    """
    found = find_class("keras.layers", name)
    return found is not None and issubclass(found, Layer)


def _arguments(name, config, era):
    if name == "InputLayer":
        return _input(config)
    _check_only(name, config)
    config = modern_arguments(name, config, parents=("Layer",), quiet=True)
    for key in _DROPPED | frozenset(_DROPPED_FROM.get(name, ())):
        config.pop(key, None)
    if name != "Embedding":
        config.pop("input_dim", None)
        config.pop("input_length", None)
    rule = _RULES.get(name)
    if rule is not None:
        config = rule(config, era)
    out = {}
    for key, value in config.items():
        if key in _WRAPPED:
            out[key] = _wrapped(value, era)
        elif (
            is_object(value)
            and not key.endswith("_initializer")
            and is_layer(modern_class(bare_name(value["class_name"])))
        ):
            out[key] = modern_layer(value, era)
        else:
            out[key] = modern_part(key, value, era)
    return out


def _wrapped(value, era):
    if isinstance(value, list):
        return [_wrapped(item, era) for item in value]
    return modern_layer(value, era) if is_object(value) else value


def _check_only(name, config):
    for key, nothing in _ONLY.items():
        given = config.get(key, nothing)
        if key == "mode" and name != "BatchNormalization":
            continue
        if given != nothing and given is not None:
            raise ValueError(
                f"Layer {config.get('name')!r} of the config is a {name} with {key}={given!r}, which no longer exists: "
                f"kx, as Keras 3, knows {key}={nothing!r} only."
            )
        config.pop(key, None)


def _with_defaults(written, name, config, era):
    """The arguments, and those that the config leaves to defaults which have changed since."""
    config = dict(config)
    if written.startswith("CuDNN"):
        config |= {"activation": "tanh", "recurrent_activation": "sigmoid"}
        if name == "GRU":
            config["reset_after"] = True
    if not era.old:
        return config
    if name in _GATED and not {"recurrent_activation", "inner_activation"} & config.keys():
        config["recurrent_activation"] = "hard_sigmoid" if era.version < (2, 3) else "sigmoid"
    if name in ("GRU", "GRUCell"):
        config.setdefault("reset_after", False)
    return config


# ---- layers with a rule of their own


def _input(config):
    return {
        "batch_shape": config.get("batch_shape") or config.get("batch_input_shape"),
        "dtype": config.get("dtype") or "float32",
        "sparse": bool(config.get("sparse")),
        "ragged": bool(config.get("ragged")),
        "name": config.get("name"),
    }


def input_entry(config, name):
    """The config of an InputLayer in front of a layer that says `batch_input_shape` itself."""
    dtype = config.get("input_dtype") or ("int32" if "embeddings_initializer" in config else "float32")
    return {
        "module": "keras.layers",
        "class_name": "InputLayer",
        "config": _input({"batch_shape": config["batch_input_shape"], "dtype": dtype, "name": name}),
        "registered_name": None,
    }


def _batch_normalization(config, era):
    axis = config.get("axis", -1)
    if isinstance(axis, (list, tuple)) and len(axis) == 1:
        config["axis"] = axis[0]
    return config


def _lambda(config, era):
    """A function by its name; code in the file is refused, unless the user passes a function for the layer."""
    name, given = config.get("name"), config.get("function")
    if get_registered_object(name) is not None:
        function = name
    elif isinstance(given, str) and config.get("function_type", "function") != "lambda":
        function = given
        if get_registered_object(given) is None:
            raise TypeError(
                f"Lambda layer {name!r} calls the function {given!r}, which is not registered. Pass it: "
                f"custom_objects={{{given!r}: {given}}}."
            )
    elif is_object(given) and given["class_name"] == "function":
        return config
    else:
        raise ValueError(
            f"Lambda layer {name!r} holds Python code, which is never run from a file. Write the function "
            f"anew and pass it for the layer: custom_objects={{{name!r}: my_function}}."
        )
    kept = {
        key: config[key] for key in ("name", "trainable", "dtype", "arguments") if config.get(key) is not None
    }
    shape = config.get("output_shape")
    if isinstance(shape, (list, tuple)) and all(isinstance(n, (int, type(None))) for n in shape):
        kept["output_shape"] = list(shape)
    reference = {
        "module": "builtins",
        "class_name": "function",
        "config": function,
        "registered_name": "function",
    }
    return kept | {"function": reference}


def _merged(config):
    """`Merge(mode="concat")` of Keras 1 as one of today's merging layers."""
    mode, name = config.get("mode", "sum"), config.get("name")
    if mode not in _MERGES:
        raise ValueError(
            f"Merge layer {name!r} holds Python code as its mode, which is never run from a file. Build the model "
            f"with a layer of your own instead, and load the weights alone."
        )
    out = {"name": name, "trainable": config.get("trainable", True)}
    if mode == "concat":
        out["axis"] = config.get("concat_axis", -1)
    if mode in ("dot", "cos"):
        axes = config.get("dot_axes", -1)
        flat = [a[0] if isinstance(a, (list, tuple)) else a for a in axes] if isinstance(axes, list) else axes
        out |= {"axes": flat, "normalize": mode == "cos"}
    return _MERGES[mode], out


_RULES = {"BatchNormalization": _batch_normalization, "Lambda": _lambda}


def takes_states(name):
    """Whether a layer of that class is called with a list of its inputs and its first states.

    >>> takes_states("LSTM"), takes_states("Add")
    (True, False)
    """
    return name in _RECURRENT or name == "Bidirectional"
