"""What a layer's `call` takes, found once per class, and what its arguments hold."""

import inspect

import numpy as np

from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


class CallSignature:
    """What a class's `call` takes; found once per class."""

    def __init__(self, call):
        parameters = list(inspect.signature(call).parameters.values())[1:]
        self.names = [
            p.name
            for p in parameters
            if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
        ]
        self.variadic = next((p.name for p in parameters if p.kind is p.VAR_POSITIONAL), None)
        self.keywords = any(p.kind is p.VAR_KEYWORD for p in parameters)
        self.training = "training" in self.names
        defaults = {p.name: p.default for p in parameters if p.default is not p.empty}
        self.training_default = defaults.get("training")
        self.masks = [n for n in self.names if n == "mask" or n.endswith("_mask")]
        self.required = [n for n in self.names if n not in defaults]
        no_masks = all(defaults.get(n) is None for n in self.masks)  # unless they are given
        self.short = len(self.required) == 1 and no_masks and self.training_default in (None, False)

    def name_arguments(self, layer, args, kwargs):
        """The arguments by name; the rest of `*args` under the name of that parameter."""
        named = dict(zip(self.names, args))
        if len(args) > len(self.names):
            if self.variadic is None:
                raise TypeError(
                    f"Layer {layer.name!r}: call() takes {len(self.names)} argument(s) {self.names}, got {len(args)}."
                )
            named[self.variadic] = args[len(self.names) :]
        for name, value in kwargs.items():
            if name not in self.names and not self.keywords and name not in ("training", "mask"):
                raise TypeError(
                    f"Layer {layer.name!r}: call() has no argument {name!r}; it takes {self.names}."
                )
            named[name] = value
        return named

    def check(self, layer, args, named):
        """Raise for a missing argument, and for positional arguments that hold anything but tensors."""
        for name in self.required:
            if name not in named:
                raise TypeError(
                    f"Layer {layer.name!r}: call() misses the argument {name!r}; it takes {self.names}."
                )
        for name, value in zip(self.names, args):
            for part in tree.flatten(value):
                if part is not None and not isinstance(part, (Tensor, KerasTensor, Variable, np.ndarray)):
                    raise ValueError(
                        "Only input tensors may be passed as positional arguments. Pass an array "
                        "(`np.array(...)`), or what "
                        f"is no input as a keyword argument, {name}=.... Received: {part!r} (of type "
                        f"{type(part).__name__}) for {name!r} of layer {layer.name!r}."
                    )

    def mask_arguments(self, layer, named):
        """(tensor argument, its mask argument): `mask` belongs to a tensor that is the only one, `x_mask` to `x`.

        As in Keras: with several tensors, say a sequence and the states to start with, none gets `mask` by itself.
        """
        tensors = [n for n, v in named.items() if n not in self.masks and tensors_in(v)]
        for name in tensors:
            if len(tensors) == 1 and "mask" in self.masks:
                yield name, "mask"
            elif f"{name}_mask" in self.masks:
                yield name, f"{name}_mask"


def tensors_in(structure):
    """The tensors in nested arguments, in order."""
    if isinstance(structure, (Tensor, KerasTensor)):
        return [structure]
    if isinstance(structure, (tuple, list)):
        return [t for item in structure for t in tensors_in(item)]
    if isinstance(structure, dict):
        return [t for item in structure.values() for t in tensors_in(item)]
    return []


def masks_of(structure):
    """The masks that ride on the tensors of a (possibly nested) argument; None if there is none."""
    if isinstance(structure, (Tensor, KerasTensor)):
        return structure._keras_mask
    if isinstance(structure, (list, tuple, dict)):
        masks = tree.map_structure(lambda t: getattr(t, "_keras_mask", None), structure)
        return masks if any(m is not None for m in tree.flatten(masks)) else None
    return None


def shapes_by_argument(named):
    """{argument_shape: shape(s)} for the arguments that hold tensors."""
    shapes = {}
    for name, value in named.items():
        if name == "mask" or name.endswith("_mask") or not tensors_in(value):
            continue
        shape = (
            value.shape
            if isinstance(value, (Tensor, KerasTensor))
            else tree.map_structure(_shape_or_none, value)
        )
        shapes[f"{name}_shape"] = shape
    return shapes


def _shape_or_none(t):
    return tuple(t.shape) if isinstance(t, (Tensor, KerasTensor, Variable)) else None


def only_taken(function, shapes):
    """The shapes that a `build` or `compute_output_shape` asks for; all of them if it takes `**kwargs`."""
    parameters = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return shapes
    taken = {k: v for k, v in shapes.items() if k in parameters}
    if not taken and len(parameters) == 1:
        return {next(iter(parameters)): next(iter(shapes.values()))}
    return taken
