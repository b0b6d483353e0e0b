"""Configs of sequential and functional models: layers, and the calls that connect them, as Keras writes them."""

import functools

from kx_io import CustomObjectScope, deserialize_keras_object, serialize_keras_object
from kx_layers.input_layer import InputLayer
from kx_layers.layer import Layer
from kx_tensor import naming, ops, tree
from kx_tensor.primitive import PRIMITIVES, Primitive
from kx_tensor.symbolic import KerasTensor, RecordedFunction


def sequential_config(model):
    """Return the config of a Sequential model."""
    config = {"name": model.name, "trainable": model.trainable}
    config["dtype"] = serialize_keras_object(model.dtype_policy)
    config["layers"] = [serialize_keras_object(layer) for layer in model.stack]
    if model.built and model._graph is not None:
        config["build_input_shape"] = model.input_shape
    return config


def sequential_from_config(cls, config, custom_objects=None):
    """Make a Sequential model from its config."""
    if isinstance(config, list):  # Keras 1 wrote just the list of layers
        config = {"layers": config}
    model = cls(name=config.get("name"), trainable=config.get("trainable", True))
    for layer in config["layers"]:
        model.add(deserialize_keras_object(layer, custom_objects=custom_objects), rebuild=False)
    model._rebuild()
    shape = config.get("build_input_shape")
    if not model.built and shape and isinstance(shape, (tuple, list)) and model.stack:
        model.build(tuple(shape))
    return model


def functional_config(model):
    """Return the config of a functional model: its layers with the calls made on them, its inputs and outputs."""
    graph = model._graph
    names = _names(model)
    places = _places(model, names)
    layers = []
    for operation in model.operations:
        entry = _operation_config(operation)
        entry["name"] = names[operation]
        entry["inbound_nodes"] = [
            _call_config(node, places)
            for node in _calls(graph, operation)
            if not isinstance(operation, InputLayer)
        ]
        layers.append(entry)
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _references(graph._inputs_struct, places),
        "output_layers": _references(graph._outputs_struct, places),
    }


def _calls(graph, operation):
    return [node for node in graph.nodes if node.operation is operation]


def _names(model):
    """{operation: its name}; that of an op has a number where a layer is called the same."""
    taken = {operation.name for operation in model.operations if isinstance(operation, Layer)}
    names = {}
    for operation in model.operations:
        name, number = operation.name, 0
        while not isinstance(operation, Layer) and name in taken:
            number += 1
            name = f"{operation.name}_{number}"
        names[operation] = name
    return names


def _places(model, names):
    """{node: (name of its operation, number of the call)}."""
    places = {}
    for tensor in model._graph.inputs:
        places[tensor.node] = (names[tensor.node.operation], 0)
    counts = {}
    for node in model._graph.nodes:
        number = counts.get(id(node.operation), 0)
        counts[id(node.operation)] = number + 1
        places[node] = (names[node.operation], number)
    return places


def _operation_config(operation):
    if isinstance(operation, (Primitive, RecordedFunction)):
        return {
            "module": "kx.ops",
            "class_name": operation.name,
            "config": {"name": operation.name},
            "registered_name": None,
        }
    return serialize_keras_object(operation)


def _call_config(node, places):
    return {"args": _encode(tuple(node.args), places), "kwargs": _encode(node.kwargs, places)}


def _encode(value, places):
    if isinstance(value, KerasTensor):
        name, number = places[value.node]
        return {
            "class_name": "__keras_tensor__",
            "config": {
                "shape": value.shape,
                "dtype": value.dtype,
                "keras_history": [name, number, value.index],
            },
        }
    if isinstance(value, (tuple, list)):
        return type(value)(_encode(v, places) for v in value)
    if isinstance(value, dict):
        return {k: _encode(v, places) for k, v in value.items()}
    return serialize_keras_object(value)


def _references(structure, places):
    def reference(tensor):
        name, number = places[tensor.node]
        return [name, number, tensor.index]

    return tree.map_structure(reference, structure)


def functional_from_config(cls, config, custom_objects=None):
    """Make a functional model from its config, replaying the recorded calls."""
    with CustomObjectScope(custom_objects or {}):
        return _replayed(cls, config)


def _replayed(cls, config):
    operations, outputs, waiting = {}, {}, []
    for entry in config["layers"]:
        operations[entry["name"]] = _operation(entry)
        operation = operations[entry["name"]]
        if isinstance(operation, InputLayer):
            outputs[entry["name"], 0] = [operation._tensor]
        for number, call in enumerate(entry["inbound_nodes"]):
            waiting.append((entry["name"], number, call))
    while waiting:
        later = []
        for name, number, call in waiting:
            if number and (name, number - 1) not in outputs:
                later.append((name, number, call))
                continue
            try:
                args, kwargs = _decode(call["args"], outputs), _decode(call["kwargs"], outputs)
            except KeyError:
                later.append((name, number, call))
                continue
            outputs[name, number] = tree.flatten(operations[name](*args, **kwargs))
        if len(later) == len(waiting):
            raise ValueError(
                f"The config's calls can't be ordered: {[w[0] for w in later]} wait for each other."
            )
        waiting = later
    inputs = _tensors(config["input_layers"], outputs)
    results = _tensors(config["output_layers"], outputs)
    keywords = {} if config.get("trainable") is None else {"trainable": config["trainable"]}
    return cls(inputs=inputs, outputs=results, name=config.get("name"), **keywords)


def _operation(entry):
    """The layer of an entry, or the op: one of kx's, or of Keras's, whose configs hold the static parameters."""
    module, name = entry.get("module") or "", entry["class_name"]
    if module == "kx.ops" or module.startswith("keras.src.ops."):
        op = PRIMITIVES.get(name) or getattr(ops, naming.to_snake_case(name), None)
        if op is None:
            raise ValueError(f"Unknown op {name!r} in a functional model's config.")
        if op in (PRIMITIVES["pick"], ops.get_item):
            return _get_item
        params = {k: v for k, v in entry["config"].items() if k not in ("name", "dtype")}
        return functools.partial(op, **params) if params else op
    operation = deserialize_keras_object(entry)
    if not isinstance(operation, Layer):
        raise TypeError(
            f"Entry {entry['name']!r} of the config is a {type(operation).__name__}, not a layer."
        )
    return operation


def _get_item(x, key):
    """`x[key]`, where the tuple that the key was may have become a list in JSON."""
    return ops.get_item(x, tuple(key) if isinstance(key, list) else key)


def _decode(value, outputs):
    if isinstance(value, dict):
        if value.get("class_name") == "__keras_tensor__":
            name, number, index = value["config"]["keras_history"]
            return outputs[name, number][index]
        if value.get("class_name") == "__tuple__":
            return tuple(_decode(v, outputs) for v in value["items"])
        if {"class_name", "config"} <= value.keys():
            return deserialize_keras_object(value)
        return {k: _decode(v, outputs) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_decode(v, outputs) for v in value)
    return value


def _is_reference(value):
    return (
        isinstance(value, (list, tuple))
        and len(value) == 3
        and isinstance(value[0], str)
        and isinstance(value[1], int)
    )


def _tensors(references, outputs):
    if _is_reference(references):
        name, number, index = references
        return outputs[name, number][index]
    if isinstance(references, dict):
        return {k: _tensors(v, outputs) for k, v in references.items()}
    return type(references)(_tensors(r, outputs) for r in references)
