"""`Layer`: weights and a computation on tensors, built when the first input arrives."""

import functools
import warnings

import numpy as np

from kx_io import Fields, field, register
from kx_layers import constraints, initializers, input_spec, policy, regularizers
from kx_layers.building import ScopesOf, wrapped_build
from kx_layers.call_signature import CallSignature, masks_of, only_taken, shapes_by_argument, tensors_in
from kx_layers.context import calling, context
from kx_layers.old_attributes import OldAttributes, name_first
from kx_layers.stateless import with_values
from kx_layers.weights import Weights
from kx_tensor import device as devices
from kx_tensor import dtypes, naming, ops, tree
from kx_tensor.primitive import as_operand
from kx_tensor.structure import structure
from kx_tensor.symbolic import GraphNode, KerasTensor
from kx_tensor.tape import state
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

_ARRAYS = (Tensor, KerasTensor, Variable)


@register("layers")
class Layer(Fields, Weights, OldAttributes):
    """A computation with state: write `__init__`, `build(input_shape)`, `call(inputs)`.

    Calling the layer builds it if need be, casts float inputs to its compute dtype, checks `input_spec`, passes
    `training` and masks to a `call` that takes them, and, for symbolic inputs, records a graph node.

    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.scale = self.add_weight((input_shape[-1],), "ones", name="scale")
    ...     def call(self, inputs):
    ...         return inputs * self.scale
    >>> Scale()(np.array([[1.0, 2.0]], "float32")).numpy()
    array([[1., 2.]], dtype=float32)
    """

    name: str = field(None, kw_only=True)
    trainable: bool = field(True, kw_only=True)
    dtype = field(None, kw_only=True)
    activity_regularizer = field(None, to=regularizers.get, kw_only=True, config=False)
    autocast: bool = field(True, kw_only=True, config=False)

    supports_masking = False
    input_spec = None
    _loses_masks = True  # where it does not support them

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = wrapped_build(cls.__dict__["build"])
        if "call" in cls.__dict__:
            cls._call_signature = CallSignature(cls.__dict__["call"])
        cls._has_default_build = cls.build is Layer.build
        cls._own_mask_rule = cls.compute_mask is not Layer.compute_mask

    def __new__(cls, *args, **kwargs):
        layer = super().__new__(cls)
        quiet = functools.partial(object.__setattr__, layer)
        quiet("built", False)
        quiet("_plain", False)
        quiet("_checked_shape", None)
        quiet("_losses", [])
        quiet("_loss_layers", {})
        quiet("_inbound_nodes", [])
        quiet("_build_shapes", None)
        quiet("_parent_path", None)
        quiet("_initial_weights", None)
        quiet("_frozen", [])
        quiet("_name", None)
        quiet("_trainable", True)
        quiet("_policy", None)
        return layer

    def __post_init__(self):
        if self._policy is None:
            self.dtype = None
        if self._name is None:
            self.name = None
        self.built = self._has_default_build and not self._children(Layer)

    def _accept_extra(self, extra):
        """Take the constructor arguments that every Keras layer has: the shape of its input, initial weights."""
        for key in ("batch_shape", "batch_input_shape"):
            if key in extra:
                self._batch_input_shape = tuple(extra.pop(key))
        batch_size = extra.pop("batch_size", None)
        if "input_shape" in extra:
            self._batch_input_shape = (batch_size, *extra.pop("input_shape"))
        if "weights" in extra:
            self.untracked("_initial_weights", extra.pop("weights"))
        if "input_dim" in extra:
            length = extra.pop("input_length", None)
            dim = extra.pop("input_dim")
            self._batch_input_shape = (batch_size, dim) if length is None else (batch_size, length, dim)
        return extra

    # ---- identity --------------------------------------------------------------------------------------------

    @name.getter
    def name(self):
        return self._name

    @name.setter
    def name(self, value):
        if value is None:
            value = naming.auto_name(naming.to_snake_case(type(self).__name__))
        if not isinstance(value, str) or not value or "/" in value:
            raise ValueError(f"A layer's name must be a non-empty string without '/', got {value!r}.")
        self.untracked("_name", value)

    @property
    def path(self):
        """The name with those of the layers it was built in: "model/block/dense"."""
        return f"{self._parent_path}/{self.name}" if self._parent_path else self.name

    @property
    def dtype_policy(self):
        """The DTypePolicy: in which dtype the layer computes, in which it keeps its variables."""
        return self._policy

    @dtype_policy.setter
    def dtype_policy(self, value):
        self.untracked("_policy", policy.get(value))
        self.untracked(
            "_compute_dtype",
            dtypes.as_numpy(self._policy.compute_dtype) if self._policy.compute_dtype else None,
        )
        self._replan()

    @dtype.getter
    def dtype(self):
        return self._policy.variable_dtype

    @dtype.setter
    def dtype(self, value):
        self.dtype_policy = value

    @property
    def compute_dtype(self):
        return self._policy.compute_dtype

    @property
    def variable_dtype(self):
        return self._policy.variable_dtype

    @property
    def input_dtype(self):
        return self._policy.compute_dtype

    def _replan(self):
        """Decide whether a call with one plain tensor may take the short path."""
        same = self._policy is not None and self._policy.compute_dtype == self._policy.variable_dtype
        regular = getattr(self, "activity_regularizer", None) is None
        plain = bool(
            self.built and same and regular and not self._own_mask_rule and self._call_signature.short
        )
        self.untracked("_plain", plain)
        self.untracked("_leaf", not self._children(Layer))
        structure.version += 1
        self.untracked("_checked_shape", None)

    def __setattr__(self, name, value):
        if name == "built":
            object.__setattr__(self, name, bool(value))
            self._replan()
            return
        super().__setattr__(name, value)
        if self._has_default_build and name in self._tracked and self.built and self._policy is not None:
            if not isinstance(value, Variable) and self._children(Layer):
                self.built = False  # a sublayer waits to be built
        if self._policy is None:
            return
        if name in ("input_spec", "activity_regularizer"):
            self._replan()
        elif name in type(self).__fields__:
            structure.version += 1  # a captured step has the old value in it

    # ---- state -----------------------------------------------------------------------------------------------

    @name_first
    def add_weight(
        self,
        shape=None,
        initializer=None,
        dtype=None,
        trainable=True,
        autocast=True,
        regularizer=None,
        constraint=None,
        aggregation="none",
        overwrite_with_gradient=False,
        name=None,
    ):
        """Make a variable of this layer; the default initializer is glorot_uniform for floats, zeros for others."""
        shape = () if shape is None else (shape,) if isinstance(shape, int) else tuple(shape)
        dtype = dtypes.standardize_dtype(dtype) if dtype is not None else self.variable_dtype
        if initializer is None:
            initializer = "glorot_uniform" if dtypes.is_float_dtype(dtype) else "zeros"
        with self._scope():
            variable = Variable(
                initializers.get("zeros" if self._is_filled_later() else initializer),
                shape,
                dtype,
                trainable,
                autocast,
                aggregation=aggregation,
                name=name,
            )
        variable.regularizer = regularizers.get(regularizer)
        variable.constraint = constraints.get(constraint)
        variable.overwrite_with_gradient = overwrite_with_gradient
        if trainable and not self._trainable:
            self._frozen.append(variable)
            variable.trainable = False
        self._record().setdefault("_weights", []).append(variable)
        structure.version += 1
        return variable

    def add_variable(self, shape, initializer, dtype=None, trainable=True, name=None, **kwargs):
        """Make a variable of this layer (`add_weight` with the shape and initializer first)."""
        return self.add_weight(shape, initializer, dtype, trainable, name=name, **kwargs)

    @trainable.getter
    def trainable(self):
        return self._trainable

    @trainable.setter
    def trainable(self, value):
        value = bool(value)
        changed, before = value != self._trainable, self._trainable
        self.untracked("_trainable", value)
        structure.version += 1
        if changed and before:
            self.untracked("_frozen", [v for v in self._own_variables() if v.trainable])
        if changed:
            for variable in self._frozen:
                variable.trainable = value
        for layer in self._layers:
            layer.trainable = value

    # ---- building --------------------------------------------------------------------------------------------

    def build(self, input_shape):
        """Make the layer's weights for inputs of this shape; override it, calling super is not needed."""
        self.built = True

    def _scope(self):
        """The name scope of the layer: the first time, the place where the layer is built becomes its parent path."""
        if self._parent_path is None:
            self.untracked("_parent_path", naming.current_path())
        return ScopesOf(self.path)

    def get_build_config(self):
        """Return what `build` was called with, for `build_from_config`."""
        shapes = self._build_shapes
        if shapes is None:
            return None
        if len(shapes) == 1:
            return {"input_shape": next(iter(shapes.values()))}
        return {"shapes_dict": shapes}

    def build_from_config(self, config):
        """Build the layer as `get_build_config` noted."""
        if not config:
            return
        if "input_shape" in config:
            self.build(tree.lists_to_tuples(config["input_shape"]))
        elif "shapes_dict" in config:
            self.build(**{k: tree.lists_to_tuples(v) for k, v in config["shapes_dict"].items()})

    # ---- calling ---------------------------------------------------------------------------------------------

    def call(self, *args, **kwargs):
        """Compute the outputs from the inputs; every layer overrides it."""
        raise NotImplementedError(f"Layer {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, *args, **kwargs):
        if self._plain and len(args) == 1 and not kwargs:
            x = args[0]
            if (
                x.__class__ is Tensor
                and x._keras_mask is None
                and x.data.dtype is self._compute_dtype
                and x.data.shape[1:] == self._checked_shape
                and (context.root is not None or (self._leaf and not self._losses))  # else losses pile up
            ):
                if self._call_signature.training:
                    return self.call(x, training=context.training or False)
                return self.call(x)
        return self._call_checked(args, kwargs)

    def _call_checked(self, args, kwargs):
        """The full call path: conversion, building, checks, `training`, masks, autocast, symbolic inputs."""
        if self._policy is None:
            raise RuntimeError(f"Layer {type(self).__name__}: call `super().__init__()` first in `__init__`.")
        signature = self._call_signature
        args = tuple([self._to_tensors(a) for a in args])
        kwargs = {k: self._to_tensors(v) if k != "training" else v for k, v in kwargs.items()}
        named = signature.name_arguments(self, args, kwargs)
        signature.check(self, args, named)
        tensors = tensors_in((args, kwargs))
        self._check_inputs(args, kwargs)
        if not self.built:
            self._build_for(named)
        training = self._resolve_training(named, kwargs)
        if signature.training:
            kwargs["training"] = training
        elif "training" in kwargs and not signature.keywords:
            del kwargs["training"]
        kwargs = self._fill_masks(signature, named, args, kwargs)
        if not state.inline and any(isinstance(t, KerasTensor) for t in tensors):
            outputs = self._call_symbolically(args, kwargs, named.get("training"))
        else:
            outputs = self._call_eagerly(args, kwargs, training)
        self._set_masks(args, kwargs.get("mask"), outputs, tensors)
        if self._plain and len(args) == 1 and isinstance(args[0], Tensor):
            self.untracked("_checked_shape", args[0].data.shape[1:])
        return outputs

    def _call_eagerly(self, args, kwargs, training):
        previous = state.autocast
        if self.autocast and self._policy.compute_dtype != self._policy.variable_dtype:
            state.autocast = self._policy.compute_dtype
        try:
            with self._scope(), calling(self, training) as scope:
                if scope.outermost:
                    self._clear_losses()
                outputs = self.call(*args, **kwargs)
                if self.activity_regularizer is not None and not state.inline:
                    self._add_activity_loss(outputs)
        finally:
            state.autocast = previous
        return outputs

    def _call_symbolically(self, args, kwargs, given_training):
        kept = {k: v for k, v in kwargs.items() if k != "training" or given_training is not None}
        node = GraphNode(self, args, kept)
        specs = self.compute_output_spec(*args, **kwargs)
        flat = tree.flatten(specs)
        outs = tuple(
            KerasTensor(t.shape, t.dtype, name=naming.auto_name("keras_tensor"), node=node, index=i)
            for i, t in enumerate(flat)
        )
        node.finish(outs)
        self._inbound_nodes.append(node)
        return tree.pack_sequence_as(specs, list(outs))

    def compute_output_spec(self, *args, **kwargs):
        """Return symbolic outputs for symbolic inputs, from `compute_output_shape` if overridden, else from `call`."""
        if type(self).compute_output_shape is not Layer.compute_output_shape:
            named = self._call_signature.name_arguments(self, args, kwargs)
            shapes = shapes_by_argument(named)
            if len(shapes) == 1:
                shape = self.compute_output_shape(next(iter(shapes.values())))
            else:
                shape = self.compute_output_shape(**only_taken(self.compute_output_shape, shapes))
            return tree.map_shape_structure(lambda s: KerasTensor(s, self.compute_dtype), shape)
        previous = state.autocast
        if self.autocast and self._policy.compute_dtype != self._policy.variable_dtype:
            state.autocast = self._policy.compute_dtype
        try:
            with self._scope(), calling(self, kwargs.get("training")):
                return self.call(*args, **kwargs)
        finally:
            state.autocast = previous

    def compute_output_shape(self, *args, **kwargs):
        """Return the output shape for an input shape, by running `call` on symbolic inputs."""
        symbols = [tree.map_shape_structure(lambda s: KerasTensor(s, self.compute_dtype), a) for a in args]
        named = {
            k.removesuffix("_shape"): tree.map_shape_structure(
                lambda s: KerasTensor(s, self.compute_dtype), v
            )
            for k, v in kwargs.items()
        }
        if not self.built:
            self._build_for(self._call_signature.name_arguments(self, symbols, named))
        return tree.map_structure(lambda t: t.shape, self.compute_output_spec(*symbols, **named))

    def _to_tensors(self, value):
        """`value` with its arrays as tensors, and float ones in the compute dtype."""
        if isinstance(value, (Tensor, KerasTensor)):
            return self._autocast(value)
        if isinstance(value, (np.ndarray, Variable)):
            if isinstance(value, np.ndarray) and value.dtype.kind in "OUS":
                return value
            return self._autocast(as_operand(value, devices.current()))
        if isinstance(value, (list, tuple)) and not hasattr(value, "_fields"):
            if value and all(isinstance(v, (int, float)) for v in value):
                return value
            return type(value)(self._to_tensors(v) for v in value)
        if isinstance(value, dict):
            return {k: self._to_tensors(v) for k, v in value.items()}
        if hasattr(value, "__array__") and hasattr(value, "shape"):
            return self._autocast(as_operand(value, devices.current()))
        return value

    def _autocast(self, x):
        target = self._policy.compute_dtype
        floats = target is not None and dtypes.is_float_dtype(target) and dtypes.is_float_dtype(x.dtype)
        if self.autocast and floats and x.dtype != target:
            mask = x._keras_mask
            x = ops.cast(x, target)
            x._keras_mask = mask
        return x

    def _check_inputs(self, args, kwargs):
        if self.input_spec is not None:
            first = args[0] if args else next(iter(kwargs.values()), None)
            input_spec.check(self, self.input_spec, tree.flatten(first))

    def _build_for(self, named):
        shapes = shapes_by_argument(named)
        if self._has_default_build:
            self.built = True
            return
        if len(shapes) == 1:
            self.build(next(iter(shapes.values())))
        else:
            self.build(**only_taken(self.build, shapes))

    def _resolve_training(self, named, kwargs):
        """The explicit argument, else that of the surrounding call, else the default of `call`."""
        training = kwargs.get("training")
        if training is None:
            training = named.get("training") if not isinstance(named.get("training"), _ARRAYS) else None
        if training is None:
            training = context.training
        if training is None:
            training = self._call_signature.training_default
        return training

    # ---- masks -----------------------------------------------------------------------------------------------

    def compute_mask(self, inputs, previous_mask):
        """Return the mask of the outputs; by default that of the inputs."""
        return previous_mask

    def _fill_masks(self, signature, named, args, kwargs):
        """Pass the masks that ride on the inputs to the mask arguments of `call` that were not given."""
        if not signature.masks:
            return kwargs
        for name, mask_name in signature.mask_arguments(self, named):
            if named.get(mask_name) is None:
                mask = masks_of(named[name])
                if mask is not None:
                    kwargs = {**kwargs, mask_name: mask}
        return kwargs

    def _set_masks(self, args, given, outputs, tensors):
        """Attach `compute_mask`'s result to the outputs; the mask of the inputs rides on them or is `given`."""
        if given is None and not self._own_mask_rule and not any(t._keras_mask is not None for t in tensors):
            return
        previous = masks_of(args[0]) if args else None
        if previous is None:
            previous = given
        if self.supports_masking or self._own_mask_rule:
            masks = self.compute_mask(args[0] if len(args) == 1 else list(args), previous)
            if masks is None:
                return
            flat = tree.flatten(masks) if isinstance(outputs, (list, tuple, dict)) else [masks]
            for out, mask in zip(tree.flatten(outputs), flat):
                if mask is not None and isinstance(out, (Tensor, KerasTensor)) and out._keras_mask is None:
                    out._keras_mask = mask
        elif previous is not None and self._loses_masks:
            warnings.warn(
                f"Layer '{self.name}' (of type {type(self).__name__}) was passed an input with a mask attached to it. "
                "However, this layer does not support masking and will therefore destroy the mask information. "
                "Downstream layers will not see the mask.",
                stacklevel=4,
            )

    # ---- losses ----------------------------------------------------------------------------------------------

    def add_loss(self, loss):
        """Add scalar losses (one, or a list) that `fit` adds to the compiled loss; call it inside `call`."""
        root = context.root
        if root is not None and root is not self and id(self) not in root._loss_layers:
            self._losses.clear()  # of an earlier call
            root._loss_layers[id(self)] = self
        for value in loss if isinstance(loss, (list, tuple)) else [loss]:
            if not isinstance(value, _ARRAYS) and not isinstance(value, (int, float)):
                raise ValueError(f"`add_loss` expects a scalar tensor, got {value!r}.")
            if not isinstance(value, KerasTensor):
                self._losses.append(value)

    def _clear_losses(self):
        self._losses.clear()
        for layer in self._loss_layers.values():
            layer._losses.clear()
        self._loss_layers.clear()

    def _add_activity_loss(self, outputs):
        for out in tree.flatten(outputs):
            batch = out.shape[0] if out.shape else 1
            self.add_loss(self.activity_regularizer(out) / float(max(batch, 1)))

    @property
    def losses(self):
        """The losses added in the last call, and the regularization losses of the trainable weights."""
        added = [loss for layer in self._flatten_layers() for loss in layer._losses]
        return added + [v.regularizer(v) for v in self.trainable_weights if v.regularizer is not None]

    # ---- without side effects --------------------------------------------------------------------------------

    def stateless_call(
        self, trainable_variables, non_trainable_variables, *args, return_losses=False, **kwargs
    ):
        """Call the layer with these values of its variables and return (outputs, non-trainable values after the call).

        With `return_losses` the list of losses comes third. The layer's own variables are unchanged; gradients with
        respect to the values can be taken.
        """
        given = (trainable_variables, non_trainable_variables)
        with with_values(self, *given) as changed:
            outputs = self(*args, **kwargs)
            losses = self.losses if return_losses else None
            after = changed()
        return (outputs, after, losses) if return_losses else (outputs, after)

    # ---- the graph -------------------------------------------------------------------------------------------

    @property
    def input(self):
        """The symbolic input(s) of the layer's only symbolic call."""
        return _packed(self._only_node("input").inputs)

    @property
    def output(self):
        """The symbolic output(s) of the layer's only symbolic call."""
        return _packed(self._only_node("output").outputs)

    def _only_node(self, what):
        if not self._inbound_nodes:
            raise AttributeError(
                f"The layer {self.name} has never been called and thus has no defined {what}. Call it on "
                "a symbolic input "
                "(`keras.Input`) first."
            )
        return self._inbound_nodes[0]

    def get_config(self):
        config = super().get_config()
        if "dtype" in config:
            config["dtype"] = policy.serialize(self._policy)
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        return config

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _packed(tensors):
    return tensors[0] if len(tensors) == 1 else list(tensors)


Layer._call_signature = CallSignature(Layer.call)
Layer._has_default_build = True
Layer._own_mask_rule = False
