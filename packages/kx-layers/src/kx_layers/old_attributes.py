"""What layers of Keras 1 and 2 could be asked: shapes, nodes, updates."""

import functools

_ADD_WEIGHT = (
    "name",
    "shape",
    "dtype",
    "initializer",
    "regularizer",
    "trainable",
    "constraint",
)  # of Keras 2


def name_first(add_weight):
    """Let `add_weight` take its positional arguments in the order of Keras 2 as well: the name, a string, first."""

    @functools.wraps(add_weight)
    def method(self, *args, **kwargs):
        if args and isinstance(args[0], str):
            kwargs.update(zip(_ADD_WEIGHT, args))
            args = ()
        return add_weight(self, *args, **kwargs)

    return method


class _Asked:
    """An attribute worked out when it is asked for; unlike a property it gives way to a value set on the layer."""

    def __init__(self, function):
        self.function = function
        self.__doc__ = function.__doc__

    def __get__(self, layer, owner=None):
        return self if layer is None else self.function(layer)


class OldAttributes:
    """The questions about a layer that Keras 1 and 2 answered beside `input` and `output`."""

    @_Asked
    def input_shape(self):
        """The shape of the layer's symbolic input, batch axis included; a list of the shapes of several."""
        return _shapes(self.input)

    @_Asked
    def output_shape(self):
        """The shape of the layer's symbolic output, batch axis included; a list of the shapes of several."""
        return _shapes(self.output)

    def get_input_at(self, node_index):
        """Return the symbolic input(s) of the layer's call number `node_index`."""
        return _packed(self._node_at(node_index).inputs)

    def get_output_at(self, node_index):
        """Return the symbolic output(s) of the layer's call number `node_index`."""
        return _packed(self._node_at(node_index).outputs)

    def get_input_shape_at(self, node_index):
        """Return the shape(s) of the input(s) of the layer's call number `node_index`."""
        return _shapes(self.get_input_at(node_index))

    def get_output_shape_at(self, node_index):
        """Return the shape(s) of the output(s) of the layer's call number `node_index`."""
        return _shapes(self.get_output_at(node_index))

    def _node_at(self, index):
        if not -len(self._inbound_nodes) <= index < len(self._inbound_nodes):
            raise ValueError(
                f"Layer {self.name!r} has no call number {index}: it was called {len(self._inbound_nodes)} time(s) on "
                "symbolic inputs."
            )
        return self._inbound_nodes[index]

    def add_update(self, updates, inputs=None):
        """Make updates: pairs (variable, value). What `keras.backend.update` returned is done already."""
        for one in updates if isinstance(updates, list) else [updates]:
            if isinstance(one, tuple):
                variable, value = one
                variable.assign(value)

    @property
    def updates(self):
        """An empty list: a call makes the layer's updates itself."""
        return []

    state_updates = updates

    def get_updates_for(self, inputs):
        """Return an empty list: a call makes the layer's updates itself."""
        return []

    def get_losses_for(self, inputs=None):
        """Return the losses of the last call and of the regularizers: `losses`."""
        return self.losses


def _packed(tensors):
    return tensors[0] if len(tensors) == 1 else list(tensors)


def _shapes(tensors):
    return [t.shape for t in tensors] if isinstance(tensors, list) else tensors.shape
