"""The state of a layer: its variables and weights in Keras's order, read, set, counted, stored."""

import numpy as np

from kx_tensor.random import SeedGenerator
from kx_tensor.state import Stateful, count_params
from kx_tensor.tape import state


class Weights(Stateful):
    """What a layer's variables are; `Layer` adds how they are made."""

    @property
    def _layers(self):
        return self._children(Weights)

    def _flatten_layers(self, include_self=True, recursive=True):
        layers = self._flatten(Weights) if recursive else [self, *self._layers]
        return layers if include_self else layers[1:]

    def _own_weights(self):
        """The layer's own variables: those that train first, as Keras lists them."""
        own = self._own_variables()
        trains = {
            id(v) for v in (own if self._trainable else self._frozen) if v.trainable or not self._trainable
        }
        return [v for v in own if id(v) in trains] + [v for v in own if id(v) not in trains]

    @property
    def variables(self):
        """All variables of the layer and its sublayers, the states of seed generators included."""
        return list(self._kept("variables", self._find_variables))

    @property
    def weights(self):
        """All variables except the states of seed generators."""
        return list(self._kept("weights", self._find_weights))

    @property
    def trainable_variables(self):
        """The variables that training changes; none for a frozen layer."""
        return list(self._kept("trainable", self._find_trainable))

    @property
    def non_trainable_variables(self):
        """The variables that training leaves alone."""
        return [v for v in self.variables if not v.trainable] if self._trainable else self.variables

    def _find_variables(self):
        found = {}
        for layer in self._flatten_layers():
            for v in layer._own_weights():
                found[id(v)] = v
            for generator in layer._children(SeedGenerator):
                found[id(generator.state)] = generator.state
        return list(found.values())

    def _find_weights(self):
        return list({id(v): v for layer in self._flatten_layers() for v in layer._own_weights()}.values())

    def _find_trainable(self):
        return tuple([v for v in self.variables if v.trainable]) if self._trainable else ()

    @property
    def trainable_weights(self):
        """As `trainable_variables`."""
        return [v for v in self.weights if v.trainable] if self._trainable else []

    @property
    def non_trainable_weights(self):
        """As `non_trainable_variables`, without the states of seed generators."""
        return [v for v in self.weights if not v.trainable] if self._trainable else self.weights

    @property
    def metrics(self):
        """The metrics that the layer and its sublayers hold as attributes."""
        return list(self._kept("metrics", self._find_metrics))

    def _find_metrics(self):
        held = [c for layer in self._flatten_layers() for c in layer._children()]
        held = [c for c in held if hasattr(c, "update_state") and not isinstance(c, Weights)]
        return list({id(m): m for m in held}.values())

    @property
    def metrics_variables(self):
        """The variables of `metrics`."""
        return [v for m in self.metrics for v in m.variables]

    def get_weights(self):
        """Return the weights as a list of NumPy arrays (copies)."""
        return [v.numpy() for v in self.weights]

    def set_weights(self, weights):
        """Set the weights from a list of arrays in the order of `get_weights`."""
        own = self.weights
        if len(own) != len(weights):
            raise ValueError(
                f"You called `set_weights(weights)` on layer '{self.name}' with a weight list of length "
                f"{len(weights)}, but "
                f"the layer was expecting {len(own)} weights: {[v.path for v in own]}."
            )
        for variable, value in zip(own, weights):
            if tuple(np.shape(value)) != tuple(variable.shape):
                raise ValueError(
                    f"Layer {self.name!r}: weight {variable.path!r} has shape {tuple(variable.shape)}, "
                    "the given array has "
                    f"shape {tuple(np.shape(value))}."
                )
        for variable, value in zip(own, weights):
            variable.assign(value)

    def _set_initial_weights(self):
        """Take the values given as `weights=...` to the constructor, once there are weights."""
        values = self._initial_weights
        if values is not None:
            self.untracked("_initial_weights", None)
            self.set_weights(values if isinstance(values, (list, tuple)) else [values])

    def count_params(self):
        """Return the number of weights' elements."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name!r}, but the layer isn't built. Call "
                "`layer.build(input_shape)` or the layer itself first."
            )
        return count_params(self.weights)

    def save_own_variables(self, store):
        """Write the layer's own variables into `store`, a mapping from "0", "1", ... to arrays."""
        for i, v in enumerate(self._own_weights()):
            store[f"{i}"] = v.numpy()

    def load_own_variables(self, store):
        """Read the layer's own variables from what `save_own_variables` wrote."""
        own = self._own_weights()
        if len(store.keys()) != len(own):
            raise ValueError(
                f"Layer '{self.name}' expected {len(own)} variables, but received {len(store.keys())} variables during "
                f"loading. Expected: {[v.name for v in own]}."
            )
        for i, v in enumerate(own):
            v.assign(np.asarray(store[f"{i}"]))

    def _is_filled_later(self):
        """Whether the values of all weights are read from a file next: drawing them would be for nothing."""
        allowance = state.allowance
        usual = type(self).load_own_variables is Weights.load_own_variables
        return usual and allowance is not None and allowance.filled_later
