"""Functional models of Keras 1 and 2: the calls that connect layers, as Keras 3 writes them.

Keras 1 wrote a call as a list of references `["dense_1", 0, 0]` (layer, number of the call, number of the
output), Keras 2 added the keyword arguments as a fourth item; in those a reference stands where the tensor was.
"""

from kx_models.saving.old_layers import takes_states
from kx_models.saving.old_tf_nodes import node_call
from kx_models.saving.old_tf_ops import op_call
from kx_tensor import tree

_CONSTANT = "_CONSTANT_VALUE"  # the layer that tf.keras names where a plain value is the first argument
_OPS = ("TFOpLambda", "SlicingOpLambda", "TensorFlowOpLayer")


def modern_graph(config, entries):
    """The config of a functional model from the old one and its layers' configs in Keras 3's form.

    `entries` are in the order of `config["layers"]`.
    """
    names = {entry["name"] for entry in config["layers"]}
    references = _References(config, names)
    layers = []
    for old, entry in zip(config["layers"], entries, strict=True):
        entry = {**entry, "name": clean(old["name"])}
        if old["class_name"] in _OPS:
            entry = _op_entry(old, references)
        else:
            entry["config"] = {**entry["config"], "name": entry["name"]}
            entry["inbound_nodes"] = [_layer_call(node, entry, references) for node in old["inbound_nodes"]]
        layers.append(entry)
    out = {key: config[key] for key in ("name", "trainable") if key in config}
    out["layers"] = layers
    for key in ("input_layers", "output_layers"):
        out[key] = references.places(config[key])
    if isinstance(config["output_layers"], list) and len(config["output_layers"]) == 1:
        # Keras 1 and 2 wrote a list of one output, and gave the output
        out["output_layers"] = out["output_layers"][0]
    return out


def clean(name):
    """A layer's name as it may be today: TensorFlow allowed "conv1/bn".

    >>> clean("conv1/bn")
    'conv1_bn'
    """
    return name.replace("/", "_")


class _References:
    """What a reference of an old config means: it knows the layers, and from where their calls are counted."""

    def __init__(self, config, names):
        self.names = names
        calls = {entry["name"]: len(entry["inbound_nodes"]) for entry in config["layers"]}
        highest = {}
        everything = [config["output_layers"], *(entry["inbound_nodes"] for entry in config["layers"])]
        for name, number in self._found(everything):
            highest[name] = max(highest.get(name, 0), number)
        # Models in a model had a call of their own first, the one that made them
        self.first = {n: max(0, highest[n] - calls[n] + 1) if calls[n] else 0 for n in highest}

    def is_one(self, value):
        """Whether a value is a reference: a layer of this model, two numbers, perhaps keyword arguments."""
        return (
            isinstance(value, (list, tuple))
            and len(value) in (3, 4)
            and isinstance(value[0], str)
            and (value[0] in self.names or value[0] == _CONSTANT)
            and isinstance(value[1], int)
            and (len(value) == 3 or isinstance(value[3], dict))
        )

    def _found(self, value):
        if self.is_one(value):
            if value[0] != _CONSTANT:
                yield value[0], value[1]
            value = value[3] if len(value) == 4 else None
        if isinstance(value, dict):
            value = list(value.values())
        if isinstance(value, (list, tuple)):
            for item in value:
                yield from self._found(item)

    def place(self, reference):
        """`[name, number of the call, number of the output]`, calls counted from 0."""
        name, number, index = reference[:3]
        return [clean(name), number - self.first.get(name, 0), index]

    def places(self, value):
        """Inputs or outputs of the model: references in lists and dicts."""
        if self.is_one(value):
            return self.place(value)
        if isinstance(value, dict):
            return {key: self.places(item) for key, item in value.items()}
        return [self.places(item) for item in value]

    def tensors(self, value):
        """A value with Keras 3's form of a tensor where it has references."""
        if self.is_one(value):
            if value[0] == _CONSTANT:
                return value[2]
            return {"class_name": "__keras_tensor__", "config": {"keras_history": self.place(value)}}
        if isinstance(value, dict):
            return {key: self.tensors(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tensors(item) for item in value]
        return value


def _split(node, references):
    """(first argument, keyword arguments) of a call as Keras 1 or 2 wrote it."""
    flat = [node] if references.is_one(node) else _leaves(node, references)
    kwargs = next((ref[3] for ref in flat if len(ref) == 4 and ref[3]), {})
    inputs = references.tensors(node)
    if isinstance(inputs, list) and len(inputs) == 1 and not references.is_one(node):
        inputs = inputs[0]
    return inputs, {key: references.tensors(value) for key, value in kwargs.items()}


def _leaves(node, references):
    if references.is_one(node):
        return [node]
    items = node.values() if isinstance(node, dict) else node
    return [leaf for item in items for leaf in _leaves(item, references)]


def _layer_call(node, entry, references):
    if isinstance(node, dict) and "args" in node:
        return node  # as Keras 3 writes it
    inputs, kwargs = _split(node, references)
    kwargs = {key: value for key, value in kwargs.items() if value is not None}
    if isinstance(inputs, list) and takes_states(entry["class_name"]) and len(inputs) > 1:
        inputs, kwargs["initial_state"] = inputs[0], inputs[1:]
    return {"args": [inputs], "kwargs": kwargs}


def _op_entry(old, references):
    """An entry for a TensorFlow function in the graph."""
    calls = []
    for node in old["inbound_nodes"]:
        inputs, kwargs = _split(node, references)
        if old["class_name"] == "TensorFlowOpLayer":
            function, args, kwargs = node_call(
                old["config"], inputs if isinstance(inputs, list) else [inputs]
            )
        else:
            function, args = old["config"]["function"], (inputs,)
        op, args, kwargs = op_call(function, args, kwargs)
        calls.append({"args": list(args), "kwargs": kwargs})
    name = clean(old["name"])
    entry = {"module": "kx.ops", "class_name": op, "config": {"name": name}, "registered_name": None}
    return entry | {"name": name, "inbound_nodes": calls}


def input_shapes(config):
    """The batch shapes and dtypes of the inputs of a model's config in Keras 3's form."""
    layers = config["layers"]
    if "input_layers" in config:
        by_name = {entry["name"]: entry["config"] for entry in layers}
        given = config["input_layers"]
        flat = [given] if given and isinstance(given[0], str) else tree.flatten(given)[::3] if given else []
        inputs = [by_name[ref[0] if isinstance(ref, list) else ref] for ref in flat]
    else:
        inputs = [layers[0]["config"]]
    return [(config["batch_shape"], config["dtype"]) for config in inputs]


def joined_branches(name, branches, merge, rest):
    """The functional model that Keras 1's Sequential is whose first layer merges branches.

    `branches`, `merge` and `rest` are configs in Keras 3's form.
    """
    layers, inputs, merged = [], [], []
    for i, branch in enumerate(branches):
        own = branch["config"].get("name") or f"branch_{i + 1}"
        given = []
        for k, (shape, dtype) in enumerate(input_shapes(branch["config"])):
            label = f"{own}_in_{k + 1}" if k else f"{own}_in"
            config = {"batch_shape": shape, "dtype": dtype, "name": label}
            layers.append({"module": "keras.layers", "class_name": "InputLayer", "config": config, "name": label,
                           "registered_name": None, "inbound_nodes": []})  # fmt: skip
            inputs.append([label, 0, 0])
            given.append(_tensor(label))
        config = {**branch["config"], "name": own}
        layers.append(branch | {"config": config, "name": own, "inbound_nodes": [_called(given)]})
        merged.append(_tensor(own))
    before = [merged]
    for entry in (merge, *rest):
        own = entry["config"]["name"]
        layers.append(entry | {"name": own, "inbound_nodes": [{"args": before, "kwargs": {}}]})
        before = [_tensor(own)]
    return {
        "name": name,
        "trainable": True,
        "layers": layers,
        "input_layers": inputs,
        "output_layers": [[own, 0, 0]],
    }


def _tensor(name):
    return {"class_name": "__keras_tensor__", "config": {"keras_history": [name, 0, 0]}}


def _called(inputs):
    return {"args": [inputs[0] if len(inputs) == 1 else inputs], "kwargs": {}}
