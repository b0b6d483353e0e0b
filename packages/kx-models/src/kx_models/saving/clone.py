"""`clone_model`: the same architecture with new layers and new weights."""

from kx_io.config import deserialize_keras_object, serialize_keras_object, shared_objects
from kx_layers.input_layer import InputLayer
from kx_layers.layer import Layer
from kx_models.functional import Functional
from kx_models.model import takes_graph
from kx_models.sequential import Sequential
from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor


def clone_model(
    model, input_tensors=None, clone_function=None, call_function=None, recursive=False, **kwargs
):
    """Return a model of the same architecture with new weights, compiled the same way if the model is.

    `clone_function(layer)` returns the layer to put in the place of each (not of inputs), by default one from its
    config; with `recursive` it also gets the layers of the models inside, one by one. `call_function(layer, *args,
    **kwargs)` makes each call of a functional model. `input_tensors` replaces the inputs.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> model = Sequential([Input((3,)), Dense(2, name="out")])
    >>> copy = clone_model(model)
    >>> copy.layers[0].name, copy.layers[0] is model.layers[0]
    ('out', False)
    """
    if kwargs:
        raise ValueError(f"clone_model got an unexpected keyword argument {next(iter(kwargs))!r}.")
    _check_inputs(input_tensors)
    make = _Clones(clone_function, call_function, recursive)
    if isinstance(model, Sequential):
        if call_function is not None:
            raise ValueError(
                "`call_function` is for functional models: the layers of a Sequential model are listed, not called."
            )
        cloned = make.sequential(model, input_tensors)
    elif isinstance(model, Functional) and takes_graph(type(model)):
        cloned = make.functional(model, input_tensors)
    else:
        if input_tensors is not None or clone_function is not None or call_function is not None:
            raise ValueError(
                f"Arguments `clone_function`, `call_function` and `input_tensors` are for Sequential and functional "
                f"models, whose layers are known; {model.name!r} is a {type(model).__name__}."
            )
        cloned = _from_config(model)
    if getattr(model, "compiled", False):
        cloned.compile_from_config(model.get_compile_config())
    return cloned


def _check_inputs(input_tensors):
    wrong = [t for t in tree.flatten(input_tensors) if not isinstance(t, KerasTensor) and t is not None]
    if wrong:
        raise ValueError(
            f"All entries in `input_tensors` must be KerasTensors (keras.Input), got {wrong[0]!r}."
        )


class _Clones:
    """Makes each layer's clone once, so that what was shared is shared again."""

    def __init__(self, clone_function, call_function, recursive):
        self.clone_function = clone_function or _from_config
        self.call_function = call_function
        self.recursive = recursive
        self.made = {}  # id(layer) -> its clone

    def layer(self, layer):
        if id(layer) not in self.made:
            if self.recursive and isinstance(layer, Sequential):
                clone = self.sequential(layer, None)
            elif self.recursive and isinstance(layer, Functional) and takes_graph(type(layer)):
                clone = self.functional(layer, None)
            else:
                clone = self.clone_function(layer)
            if not isinstance(clone, Layer):
                raise TypeError(
                    f"`clone_function` must return a layer, for {layer.name!r} it returned {clone!r}."
                )
            self.made[id(layer)] = clone
        return self.made[id(layer)]

    def sequential(self, model, input_tensors):
        layers = [self.layer(layer) for layer in model.layers]
        first = model.stack[0] if model.stack else None
        if input_tensors is not None:
            flat = tree.flatten(input_tensors)
            if len(flat) != 1:
                raise ValueError(f"A Sequential model has one input, `input_tensors` has {len(flat)}.")
            layers.insert(
                0, flat[0].node.operation if _is_input(flat[0]) else InputLayer(batch_shape=flat[0].shape)
            )
        elif isinstance(first, InputLayer):
            layers.insert(0, _from_config(first))
        return type(model)(layers, name=model.name, trainable=model.trainable)

    def functional(self, model, input_tensors):
        inputs = model.inputs
        given = tree.flatten(input_tensors) if input_tensors is not None else [_new_input(t) for t in inputs]
        if len(given) != len(inputs):
            raise ValueError(
                f"Model {model.name!r} has {len(inputs)} inputs, `input_tensors` has {len(given)}."
            )

        def call(operation, args, kwargs):
            if isinstance(operation, Layer):
                operation = self.layer(operation)
            if self.call_function is None:
                return operation(*args, **kwargs)
            return self.call_function(operation, *args, **kwargs)

        graph = model._graph
        outputs = graph.run(given, call=call)
        structures = (graph._inputs_struct, given), (graph._outputs_struct, outputs)
        packed = [tree.pack_sequence_as(structure, flat) for structure, flat in structures]
        return type(model)(*packed, name=model.name, trainable=model.trainable)


def _is_input(tensor):
    return tensor.node is not None and isinstance(tensor.node.operation, InputLayer)


def _new_input(tensor):
    return _from_config(tensor.node.operation)._tensor


def _from_config(layer):
    """A new layer from the config of another, with weights of its own where that one has some."""
    with shared_objects():
        config = serialize_keras_object(layer)
        config.pop("compile_config", None)
        return deserialize_keras_object(config, custom_objects={type(layer).__name__: type(layer)})
