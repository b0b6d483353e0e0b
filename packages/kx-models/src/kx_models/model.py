"""`Model`: a layer that can be trained, evaluated, summarized."""

from kx_io import register
from kx_layers.call_signature import shapes_by_argument
from kx_layers.layer import Layer
from kx_models.graph_config import functional_from_config
from kx_models.messages import say
from kx_models.old_methods import OldMethods
from kx_models.saving.model_methods import Saving
from kx_models.summary import summary as print_summary
from kx_models.symbolic_losses import SymbolicLosses
from kx_models.trainer import Trainer
from kx_tensor import tree
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor


@register("models", module="keras")
class Model(Saving, OldMethods, SymbolicLosses, Trainer, Layer):
    """A layer with `compile`, `fit`, `evaluate`, `predict`.

    Three ways to make one: `Model(inputs, outputs)` from symbolic tensors, a `Sequential` stack, or a subclass with
    its own `call`.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> x = Input((3,))
    >>> Model(x, Dense(2)(x)).output_shape
    (None, 2)
    """

    _functional_class = None  # the class Functional, which sets itself here: it is made of this class

    def __new__(cls, *args, **kwargs):
        if cls is Model and _is_functional(args, kwargs):
            cls = cls._functional_class
        model = Layer.__new__(cls)
        Trainer._start(model)
        return model

    def __init__(self, *args, **kwargs):
        if _is_functional(args, kwargs):
            self.__class__ = _functional_variant(type(self))
            self._functional_class.__init__(self, *args, **kwargs)
        else:
            Layer.__init__(self, *args, **kwargs)

    def get_config(self):
        # Written out so that this class's own `__init__`, which only picks the kind of model, is not what is recorded.
        return super().get_config()

    @classmethod
    def from_config(cls, config, custom_objects=None):
        """Make the model again from `get_config`; the config of a graph gives a functional model."""
        if takes_graph(cls) and "input_layers" in config:
            return functional_from_config(cls, config, custom_objects)
        return super().from_config(config)

    def call(self, *args, **kwargs):
        """Compute the outputs from the inputs; a subclass writes it."""
        raise NotImplementedError(f"Model {type(self).__name__} does not have a `call()` method implemented.")

    @property
    def layers(self):
        """The layers directly in the model."""
        return self._flatten_layers(include_self=False, recursive=False)

    def get_layer(self, name=None, index=None):
        """Return a layer by its name or its place in `layers`."""
        if (name is None) == (index is None):
            raise ValueError("Provide either a layer name or a layer index at `get_layer`, one of the two.")
        if index is not None:
            if not -len(self.layers) <= index < len(self.layers):
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(self.layers)} layers."
                )
            return self.layers[index]
        for layer in self.layers:
            if layer.name == name:
                return layer
        raise ValueError(
            f"No such layer: {name}. Existing layers are: {[layer.name for layer in self.layers]}."
        )

    def summary(
        self,
        line_length=None,
        positions=None,
        print_fn=None,
        expand_nested=False,
        show_trainable=False,
        layer_range=None,
    ):
        """Print a table of the layers, their output shapes and numbers of parameters."""
        print_summary(self, line_length, positions, print_fn, expand_nested, show_trainable, layer_range)

    def export(self, filepath, format="tf_saved_model", verbose=None, input_signature=None):
        """Write what the model computes at inference to a file for other programs.

        kx writes ONNX: `format="onnx"`; Keras's other formats need other frameworks and raise ValueError. See
        `kx_models.export.onnx.export_onnx`; `verbose` (default: true) prints where the file is.
        """
        if format != "onnx":
            raise ValueError(
                f'kx exports to ONNX: pass format="onnx". Got format={format!r}, which needs TensorFlow, PyTorch or '
                "OpenVINO to write."
            )
        from kx_models.export.onnx import export_onnx  # few programs export

        export_onnx(self, filepath, input_signature)
        if verbose is None or verbose:
            say(f"Saved the model as ONNX at {str(filepath)!r}.")

    def build_from_config(self, config):
        if not config:
            return
        if "input_shape" in config and not self.built:
            shape = tree.lists_to_tuples(config["input_shape"])
            if type(self).build is not Layer.build:
                self.build(shape)
            else:
                self(tree.map_shape_structure(lambda s: KerasTensor(s, self.compute_dtype), shape))

    def build(self, input_shape):
        """Make the weights by calling the model on symbolic inputs of this shape."""
        self(tree.map_shape_structure(lambda s: KerasTensor(s, self.compute_dtype), input_shape))

    def _build_for(self, named):
        """A subclassed model's layers are built as its `call` reaches them."""
        if type(self).build is Model.build or self._has_default_build:
            self.untracked("_build_shapes", shapes_by_argument(named))
            self.built = True
        else:
            super()._build_for(named)

    def reset_states(self):
        """Reset the states of the recurrent layers that keep them."""
        for layer in self._flatten_layers(include_self=False):
            if hasattr(layer, "reset_states"):
                layer.reset_states()

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


Model._has_default_build = True


def takes_graph(cls):
    """Whether the class is made from `inputs` and `outputs`: it has no constructor of its own."""
    return cls.__init__ in (Model.__init__, Model._functional_class.__init__)


_variants = {}


def _functional_variant(cls):
    """`cls` as a functional model: what a subclass becomes that calls `super().__init__(inputs=..., outputs=...)`."""
    functional = Model._functional_class
    if issubclass(cls, functional):
        return cls
    if cls not in _variants:
        _variants[cls] = type(cls.__name__, (cls, functional), {"__module__": cls.__module__})
    return _variants[cls]


def _is_functional(args, kwargs):
    return (
        len(args) == 2
        or (len(args) == 1 and not kwargs.keys().isdisjoint(("outputs", "output")))
        or {"inputs", "outputs"} <= kwargs.keys()
        or {"input", "output"} <= kwargs.keys()
    ) and not (args and isinstance(args[0], (str, Tensor)))
