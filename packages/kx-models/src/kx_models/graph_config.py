"""Configs of sequential and functional models: layers, and the calls that connect them, as Keras writes them."""

from kx_io import CustomObjectScope, deserialize_keras_object, serialize_keras_object
from kx_layers.input_layer import InputLayer
from kx_layers.layer import Layer
from kx_models.graph_steps import steps_of
from kx_models.op_config import first_output, op_entry, op_of
from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor


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
    steps = steps_of(graph)
    places = _places(steps)
    layers = [_step(step, places) for step in steps]
    return {
        "name": model.name,
        "trainable": model.trainable,
        "layers": layers,
        "input_layers": _references(graph._inputs_struct, places),
        "output_layers": _references(graph._outputs_struct, places),
    }


def _step(step, places):
    """The entry of a layer with all calls of it, or of one call of an op."""
    if isinstance(step.operation, Layer):
        calls = [] if isinstance(step.operation, InputLayer) else step.calls
        entry = serialize_keras_object(step.operation)
    else:
        (node,) = step.calls
        module, class_name, params, args, kwargs = op_entry(node)
        config = {"name": step.name, **serialize_keras_object(params)}
        entry = {"module": module, "class_name": class_name, "config": config, "registered_name": class_name}
        return {**entry, "name": step.name, "inbound_nodes": [_call(args, kwargs, places)]}
    return {**entry, "name": step.name, "inbound_nodes": [_call(n.args, n.kwargs, places) for n in calls]}


def _places(steps):
    """{node: (name of its layer or op, number of the call, place of the first output)}."""
    return {
        node: (step.name, number, first_output(step.operation))
        for step in steps
        for number, node in enumerate(step.calls)
    }


def _call(args, kwargs, places):
    return {"args": _encode(tuple(args), places), "kwargs": _encode(kwargs, places)}


def _encode(value, places):
    if isinstance(value, KerasTensor):
        history = _reference(value, places)
        config = {"shape": value.shape, "dtype": value.dtype, "keras_history": history}
        return {"class_name": "__keras_tensor__", "config": config}
    if isinstance(value, (tuple, list)):
        return type(value)(_encode(v, places) for v in value)
    if isinstance(value, dict):
        return {k: _encode(v, places) for k, v in value.items()}
    return serialize_keras_object(value)


def _reference(tensor, places):
    name, number, first = places[tensor.node]
    return [name, number, first + tensor.index]


def _references(structure, places):
    return tree.map_structure(lambda tensor: _reference(tensor, places), structure)


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
    module = entry.get("module") or ""
    if module == "kx.ops" or module.startswith("keras.src.ops."):
        return op_of(entry)
    operation = deserialize_keras_object(entry)
    if not isinstance(operation, Layer):
        raise TypeError(
            f"Entry {entry['name']!r} of the config is a {type(operation).__name__}, not a layer."
        )
    return operation


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
