"""`Sequential`: a plain stack of layers."""

from kx_io import register
from kx_layers.input_layer import Input, InputLayer
from kx_layers.layer import Layer
from kx_layers.old_merge import Merge
from kx_models import graph_config
from kx_models.functional import GraphModel
from kx_tensor.symbolic import KerasTensor, standardize_shape


@register("models", module="keras")
class Sequential(GraphModel):
    """A stack of layers, each with one input and one output.

    Without an `Input` (or `input_shape=` in the first layer) the model is built when it first sees data.

    >>> from kx_layers.dense import Dense
    >>> model = Sequential([Input((4,)), Dense(3), Dense(2)])
    >>> model.output_shape
    (None, 2)
    """

    _lists_functions = False  # those that make the masks

    def __init__(self, layers=None, trainable=True, name=None):
        Layer.__init__(self, trainable=trainable, name=name)
        self.stack = []
        self.built = False
        for layer in layers or []:
            self.add(layer, rebuild=False)
        self._rebuild()

    def add(self, layer, rebuild=True):
        """Put a layer on top of the stack."""
        if not isinstance(layer, Layer):
            if (
                isinstance(layer, KerasTensor)
                and layer.node is not None
                and isinstance(layer.node.operation, InputLayer)
            ):
                layer = layer.node.operation
            else:
                raise ValueError(
                    f"Only instances of `keras.Layer` can be added to a Sequential model. Received: {layer!r} (of type "
                    f"{type(layer).__name__})."
                )
        if not self._is_name_free(layer):
            raise ValueError(
                f"All layers added to a Sequential model should have unique names. Name '{layer.name}' is "
                "already the name "
                f"of a layer in this model. Give this one another name: {type(layer).__name__}(..., name='...')."
            )
        if isinstance(layer, InputLayer) and self.stack:
            raise ValueError(f"Sequential model '{self.name}' has layers already; an Input comes first.")
        shape = getattr(layer, "_batch_input_shape", None)
        if shape is not None and not self.stack and not isinstance(layer, InputLayer):
            self.stack.append(InputLayer(batch_shape=shape, dtype=None))
        if isinstance(layer, GraphModel) and not self.stack and layer._graph is not None and layer._single:
            self.stack.append(InputLayer(batch_shape=layer.input_shape, dtype=layer.inputs[0].dtype))
        self.stack.append(layer)
        if rebuild:
            self._rebuild()

    def _set_merged_inputs(self):
        """Start with the inputs of the models that the first layer, a `Merge` of Keras 1, brings together."""
        inputs, outputs = [], []
        for branch in self.stack[0].layers:
            inputs += branch.inputs if isinstance(branch, GraphModel) else [branch.input]
            outputs.append(branch.output)
        x = self.stack[0](outputs)
        for layer in self.stack[1:]:
            x = layer(x)
        self._set_graph(inputs[0] if len(inputs) == 1 else inputs, x)

    def _is_name_free(self, layer):
        return all(other.name != layer.name for other in self.stack)

    def pop(self, rebuild=True):
        """Take the last layer off the stack and return it."""
        if not self.stack:
            raise ValueError(f"Sequential model '{self.name}' has no layers to pop.")
        layer = self.stack.pop()
        self.built = False
        self.untracked("_graph", None)
        if rebuild:
            self._rebuild()
        return layer

    def _rebuild(self):
        self.built = False
        self.untracked("_graph", None)
        if self.stack and isinstance(self.stack[0], Merge) and self.stack[0].layers:
            self._set_merged_inputs()
            return
        if isinstance(self.stack[0] if self.stack else None, InputLayer) and len(self.stack) > 1:
            self.build(self.stack[0].batch_shape)

    def build(self, input_shape=None):
        if not self.stack:
            raise ValueError(
                f"Sequential model {self.name} cannot be built because it has no layers. Call `model.add(layer)`."
            )
        if isinstance(self.stack[0], InputLayer):
            first = self.stack[0]
            if input_shape is not None and standardize_shape(input_shape) != first.batch_shape:
                given = standardize_shape(input_shape)
                if len(given) != len(first.batch_shape) or any(
                    a is not None and b is not None and a != b for a, b in zip(given, first.batch_shape)
                ):
                    raise ValueError(
                        f"Sequential model '{self.name}' has already been configured to use input shape "
                        f"{first.batch_shape}. "
                        f"You cannot build it with input_shape {input_shape}."
                    )
            x = first._tensor
        else:
            if input_shape is None:
                raise ValueError("You must provide an `input_shape` argument.")
            x = Input(batch_shape=standardize_shape(input_shape), dtype=self._first_dtype())
            self.stack.insert(0, x.node.operation)
        inputs = x
        for layer in self.layers:
            x = layer(x)
        self._set_graph(inputs, x)

    def _first_dtype(self):
        """Layers that look integers up say so; floats are what other layers take."""
        return self.layers[0].input_dtype if self.layers else None

    def _call_checked(self, args, kwargs):
        if self._graph is None and args and self.stack:
            x = args[0]
            shape = getattr(x, "shape", None)
            if shape is None:
                raise ValueError(
                    f"Sequential model '{self.name}' takes one array or tensor, got {type(x).__name__}."
                )
            self.build((None, *shape[1:]))
        return super()._call_checked(args, kwargs)

    def _check_inputs(self, args, kwargs):
        """`_standardize` checks the inputs, after it has mended what can be mended."""

    @property
    def layers(self):
        """The layers of the stack, without the Input."""
        return [layer for layer in self.stack if not isinstance(layer, InputLayer)]

    def _needs_graph(self, what):
        if self._graph is None:
            raise AttributeError(
                f"Sequential model '{self.name}' has no defined {what} yet. Start it with "
                "keras.Input(shape), or call it on "
                "data first."
            )
        return self._graph

    @property
    def inputs(self):
        return list(self._needs_graph("inputs").inputs)

    @property
    def outputs(self):
        return list(self._needs_graph("outputs").outputs)

    def compute_output_shape(self, input_shape):
        if self._graph is None:
            for layer in self.layers:
                input_shape = layer.compute_output_shape(input_shape)
            return input_shape
        return super().compute_output_shape(input_shape)

    def get_config(self):
        return graph_config.sequential_config(self)

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the model again from `get_config`."""
        return graph_config.sequential_from_config(cls, config, custom_objects)
