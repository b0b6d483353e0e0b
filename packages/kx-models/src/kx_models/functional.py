"""Functional models: the graph between some inputs and some outputs, as one layer."""

import collections

import numpy as np

from kx_io import register
from kx_layers.context import context
from kx_layers.input_layer import Input, InputLayer
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_layers.text_arrays import is_text
from kx_models import graph_config
from kx_models.arguments import modern_model_arguments
from kx_models.graph_steps import steps_of
from kx_models.model import Model, takes_graph
from kx_tensor import device as devices
from kx_tensor import dtypes, ops, tree
from kx_tensor.graph import Function
from kx_tensor.primitive import as_operand
from kx_tensor.structure import structure
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor


class GraphModel(Model):
    """What functional and sequential models share: they run a recorded graph.

    The graph, a `kx_tensor.graph.Function`, and what follows from it are set by `_set_graph`.
    """

    _lists_functions = True  # in summaries: those between its layers
    _loses_masks = False  # its layers carry them

    def _set_graph(self, inputs, outputs):
        graph = Function(inputs, outputs, name=self.name)
        self.untracked("_graph", graph)
        self.untracked("_input_dtypes", [dtypes.as_numpy(t.dtype) for t in graph.inputs])
        self.untracked("_single", _is_one(inputs) and _is_one(outputs))
        self.untracked("_seen_shape", None)
        set_by_node = any(node.kwargs.get("training") is not None for node in graph.nodes)
        self.untracked("_training_set_by_node", set_by_node)
        self.untracked("_chain", None)
        self.untracked("_chain_version", -1)
        self.built = True

    def __call__(self, *args, **kwargs):
        graph = self._graph
        if graph is not None and self._single and len(args) == 1 and self.activity_regularizer is None:
            x = args[0]
            if (
                x.__class__ is Tensor
                and x._keras_mask is None
                and x.data.dtype is self._input_dtypes[0]
                and x.data.shape[1:] == self._seen_shape
                and kwargs.keys() <= {"training"}
            ):
                return self._call_plain(x, kwargs.get("training"))
        return super().__call__(*args, **kwargs)

    def _call_plain(self, x, training):
        """The short path: one tensor of a dtype and shape seen before, no masks."""
        previous, outermost = context.training, context.root is None
        if training is not None:
            context.training = training
        if outermost:
            context.root = self
            if self._losses or self._loss_layers:
                self._clear_losses()
        try:
            steps = self._chain if self._chain_version == structure.version else self._find_chain()
            if steps is None:
                return self._run((x,), context.training)[0]
            training = context.training or False
            for call, takes_training in steps:
                x = call(x, training=training) if takes_training else call(x)
            return x
        finally:
            context.training = previous
            if outermost:
                context.root = None

    def _find_chain(self):
        """The `call`s of a graph that is a plain chain of layers without masks or casts between them; else None.

        The model has checked the input, whose dtype and shape fix those of all tensors between: the layers' own checks
        need not be made again.
        """
        if self._extra_graph is not None:
            return None
        steps, expected = [], 0
        for operation, _, single, place, count, _ in self._graph.steps:
            plain = (
                isinstance(operation, Layer)
                and type(operation).__call__ is Layer.__call__
                and operation._plain
            )
            if not plain or single != expected or count != 1:
                steps = None
                break
            steps.append((operation.call, operation._call_signature.training))
            expected = place
        self.untracked("_chain", steps)
        self.untracked("_chain_version", structure.version)
        return steps

    def call(self, inputs, training=None, mask=None):
        flat = self._standardize(inputs)
        if mask is not None:
            for x, m in zip(flat, tree.flatten(mask)):
                if m is not None:
                    x._keras_mask = m
        outputs = self._run(flat, training)
        if self._single and isinstance(flat[0], Tensor):
            self.untracked("_seen_shape", flat[0].data.shape[1:])
        outputs = tree.pack_sequence_as(self._graph._outputs_struct, outputs)
        return outputs[0] if isinstance(outputs, (list, tuple)) and len(outputs) == 1 else outputs

    def _run(self, values, training):
        """Run the graph; `training` of this call, if any, precedes that given when a layer was called for the graph."""

        def with_training(operation, args, kwargs):
            return operation(*args, **{**kwargs, "training": training} if "training" in kwargs else kwargs)

        call = None if training is None or not self._training_set_by_node else with_training
        if self._extra_graph is not None:
            return self._run_with_extra(values, call)
        return self._graph.run(values, call=call)

    def _to_tensors(self, value):
        """Arrays become tensors as they are; `_standardize` casts each to its Input's dtype."""
        return value if isinstance(value, (Tensor, KerasTensor)) else super()._to_tensors(value)

    def _autocast(self, x):
        return x

    def _standardize(self, inputs):
        """The inputs as a flat list in the order of the graph's, of the right dtypes and ranks."""
        graph = self._graph
        flat = self._flatten_inputs(inputs)
        if len(flat) != len(graph.inputs):
            raise ValueError(
                f'Layer "{self.name}" expects {len(graph.inputs)} input(s), but it received {len(flat)} input tensors. '
                f"Inputs received: {[getattr(x, 'shape', x) for x in flat]}"
            )
        standard = []
        for x, reference in zip(flat, graph.inputs):
            if x is None:
                if not reference.node.operation.optional:
                    raise ValueError(
                        f"The input '{reference.name}' of model {self.name!r} is not optional, but None "
                        "was passed. Pass "
                        f"a tensor, or make the input Input(..., optional=True)."
                    )
                standard.append(None)
                continue
            if reference.dtype == "string" or (isinstance(x, np.ndarray) and is_text(x)):
                standard.append(self._standard_texts(x, reference))
                continue
            if not isinstance(x, (Tensor, KerasTensor)):
                x = as_operand(x, devices.current())
            mask = x._keras_mask
            rank, expected = len(x.shape), len(reference.shape)
            if rank == expected + 1 and x.shape[-1] == 1:
                x = ops.squeeze(x, axis=-1)
            elif rank == expected - 1 and reference.shape[-1] == 1:
                x = ops.expand_dims(x, axis=-1)
            if x.dtype != reference.dtype:
                x = ops.cast(x, reference.dtype)
            self._check_shape(x, reference)
            x._keras_mask = mask
            standard.append(x)
        return standard

    def _standard_texts(self, x, reference):
        """An input of strings: an array that stays on the host until a layer makes numbers of it."""
        if isinstance(x, np.ndarray) and is_text(x) and reference.dtype == "string":
            if x.ndim == len(reference.shape) + 1 and x.shape[-1] == 1:
                x = x[..., 0]
            elif x.ndim == len(reference.shape) - 1 and reference.shape[-1] == 1:
                x = x[..., None]
        elif not isinstance(x, KerasTensor) or x.dtype != reference.dtype:
            raise ValueError(
                f"Input '{reference.name}' of model {self.name!r} has dtype {reference.dtype}, the data {x.dtype}. "
                'Strings go into an Input(shape, dtype="string") with a layer such as StringLookup or '
                "TextVectorization behind it."
            )
        self._check_shape(x, reference)
        return x

    def _flatten_inputs(self, inputs):
        struct = self._graph._inputs_struct
        if isinstance(inputs, dict) and not isinstance(struct, dict):
            names = [t.node.operation.name for t in self._graph.inputs]
            missing = [n for n in names if n not in inputs]
            if missing:
                raise ValueError(
                    f"Model {self.name!r}: no data for the input(s) {missing}; the dict has {list(inputs)}."
                )
            return [inputs[n] for n in names]
        if isinstance(struct, dict) and isinstance(inputs, dict):
            missing = [k for k in struct if k not in inputs]
            if missing:
                raise ValueError(
                    f"Model {self.name!r}: no data for the input(s) {missing}; the dict has {list(inputs)}."
                )
            return tree.flatten({k: inputs[k] for k in struct})
        return tree.flatten(inputs)

    def _check_shape(self, x, reference):
        index = next(i for i, t in enumerate(self._graph.inputs) if t is reference)
        bad = len(x.shape) != len(reference.shape) or any(
            n is not None and m is not None and n != m for n, m in zip(reference.shape[1:], x.shape[1:])
        )
        if bad:
            raise ValueError(
                f'Input {index} of layer "{self.name}" is incompatible with the layer: expected shape='
                f"{tuple(reference.shape)}, found shape={tuple(x.shape)}. One sample should be "
                f"{tuple(reference.shape[1:])}, "
                f'it is {tuple(x.shape[1:])}. Hint: reshape the data, or change the shape of Input "{reference.name}".'
            )

    def compute_output_spec(self, inputs, training=None, mask=None):
        """Return the symbolic outputs for symbolic inputs, without recording nodes."""
        flat = self._standardize(inputs)

        def infer(operation, args, kwargs):
            if isinstance(operation, Layer):
                return operation.compute_output_spec(*args, **kwargs)
            return operation(*args, **kwargs)

        return tree.pack_sequence_as(self._graph._outputs_struct, self._graph.run(flat, call=infer))

    def compute_output_shape(self, input_shape):
        inputs = tree.map_shape_structure(KerasTensor, input_shape)
        return tree.map_structure(lambda t: t.shape, self.compute_output_spec(inputs))

    @property
    def operations(self):
        """The operations of the graph (layers and ops) in the order in which they are listed and run."""
        steps = steps_of(self._graph)
        return list({id(step.operation): step.operation for step in steps}.values())

    @property
    def inputs(self):
        """The graph's input tensors in a flat list."""
        return list(self._graph.inputs)

    @property
    def outputs(self):
        """The graph's output tensors in a flat list."""
        return list(self._graph.outputs)

    @property
    def input(self):
        return self._graph._inputs_struct

    @property
    def output(self):
        return self._graph._outputs_struct

    @property
    def input_shape(self):
        """The shape of the input, batch axis included; a list of the shapes of several."""
        return _one_or_list([t.shape for t in self.inputs])

    @property
    def output_shape(self):
        """The shape of the output, batch axis included; a list of the shapes of several."""
        return _one_or_list([t.shape for t in self.outputs])

    @property
    def output_names(self):
        """The names of the operations that make the outputs."""
        return [t.node.operation.name for t in self._graph.outputs]

    @property
    def input_names(self):
        """The names of the inputs."""
        return [t.name for t in self._graph.inputs]


@register("models", module="keras.src.models.functional")
class Functional(GraphModel):
    """A model made of the graph between `inputs` and `outputs`: what `Model(inputs, outputs)` gives."""

    def __init__(self, inputs=None, outputs=None, name=None, **kwargs):
        if "input" in kwargs or "output" in kwargs:
            given = {"inputs": inputs, "outputs": outputs}
            kwargs = modern_model_arguments({**{k: v for k, v in given.items() if v is not None}, **kwargs})
            inputs, outputs = kwargs.pop("inputs", None), kwargs.pop("outputs", None)
        trainable = kwargs.pop("trainable", True)
        for x in tree.flatten(inputs):
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All `inputs` values must be KerasTensors, got {x!r} of type {type(x).__name__}."
                )
        for x in tree.flatten(outputs):
            if not isinstance(x, KerasTensor):
                raise ValueError(
                    f"All `outputs` values must be KerasTensors, got {x!r} of type {type(x).__name__}."
                )
        Layer.__init__(self, name=name, **kwargs)
        self._set_graph(*_standalone(inputs, outputs))
        _check_names(self.operations)
        self.graph_layers = [op for op in self.operations if isinstance(op, Layer)]
        if trainable is False:  # True would unfreeze layers frozen on their own
            self.trainable = False

    @property
    def layers(self):
        """The layers of the graph, inputs first."""
        return list(self.graph_layers)

    @property
    def input_spec(self):
        """The InputSpecs of the inputs, in their structure."""
        return tree.map_structure(lambda t: InputSpec(shape=t.shape), self._graph._inputs_struct)

    def _check_inputs(self, args, kwargs):
        """`_standardize` checks the inputs, after it has mended what can be mended."""

    def get_config(self):
        if not takes_graph(type(self)):
            return super().get_config()
        return graph_config.functional_config(self)

    def get_build_config(self):
        return {"input_shape": None}  # the graph says it all; Keras writes this

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the model again from `get_config`."""
        return graph_config.functional_from_config(cls, config, custom_objects)


def _is_one(structure):
    """Whether a structure is a tensor, or a list of just one."""
    if isinstance(structure, (list, tuple)) and len(structure) == 1:
        structure = structure[0]
    return isinstance(structure, KerasTensor)


def _one_or_list(values):
    return values[0] if len(values) == 1 else values


def _standalone(inputs, outputs):
    """The graph with an Input for each of `inputs` that is a tensor amid another graph."""
    flat = tree.flatten(inputs)
    if all(t.node is not None and isinstance(t.node.operation, InputLayer) for t in flat):
        return inputs, outputs
    own = [
        t
        if t.node is not None and isinstance(t.node.operation, InputLayer)
        else Input(batch_shape=t.shape, dtype=t.dtype, name=f"{t.name}CLONE")
        for t in flat
    ]
    replayed = Function(inputs, outputs).run(own)
    return tree.pack_sequence_as(inputs, own), tree.pack_sequence_as(outputs, replayed)


def _check_names(operations):
    """Raise ValueError where two layers have one name: weights and configs go by name."""
    counts = collections.Counter(op.name for op in operations if isinstance(op, Layer))
    for name, count in counts.items():
        if count > 1:
            raise ValueError(
                f'The name "{name}" is used {count} times in the model. All operation names should be '
                "unique: give each "
                "layer its own, `name=...`."
            )


Model._functional_class = Functional
