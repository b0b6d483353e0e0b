"""`Bidirectional`: a recurrent layer run over a sequence in both directions."""

from kx_io import field, one_of, register, registry
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import ops

_MERGES = {
    "sum": ops.add,
    "mul": ops.multiply,
    "ave": lambda a, b: (a + b) * 0.5,
    "concat": lambda a, b: ops.concatenate([a, b], axis=-1),
}
_ALIKE = ("stateful", "return_sequences", "return_state")


def _recurrent(layer):
    if isinstance(layer, dict):
        layer = registry("layers").deserialize(layer)
    if not (isinstance(layer, Layer) and hasattr(layer, "go_backwards")):
        raise ValueError(
            "Bidirectional: layer and backward_layer must be recurrent layers, with `go_backwards`, "
            f"`return_sequences`, `return_state` and `stateful`, got {layer!r}."
        )
    return layer


def _recurrent_or_none(layer):
    return layer if layer is None else _recurrent(layer)


def _copied(layer, prefix, go_backwards):
    """A new layer like `layer` that runs in a given direction."""
    config = layer.get_config()
    config["name"] = f"{prefix}_{config['name'].removeprefix('forward_')}"
    config["go_backwards"] = go_backwards
    return type(layer).from_config(config)


@register("layers")
class Bidirectional(Layer):
    """A recurrent layer run over a sequence forwards, and another one backwards; their outputs are merged.

    `forward_layer` is made like `layer`, `backward_layer`, unless given, like `layer` in the other direction.
    Outputs of whole sequences are both in the order of the inputs. `merge_mode` is "sum", "mul", "ave", "concat"
    (along the last axis), or None for both outputs. With `return_state` the states of both follow, forward ones
    first; `initial_state` has them in that order. Masked steps of whole sequences show zeros. `weights` are initial
    values of all weights. Schuster, Paliwal 1997, https://doi.org/10.1109/78.650093

    Shapes: (batch, steps, d) -> (batch, 2 units) or (batch, steps, 2 units) for "concat".

    >>> import numpy as np
    >>> from kx_layers import LSTM
    >>> Bidirectional(LSTM(4, return_sequences=True))(np.zeros((2, 5, 3))).shape
    (2, 5, 8)
    """

    layer = field(to=_recurrent)
    merge_mode = field("concat", check=one_of("sum", "mul", "ave", "concat", None))
    weights = field(None, config=False)
    backward_layer = field(None, to=_recurrent_or_none)

    supports_masking = True
    input_spec = InputSpec(ndim=3)

    @layer.getter
    def layer(self):
        return self.forward_layer

    @layer.setter
    def layer(self, layer):
        self._record().pop("layer", None)  # files have it under the name forward_layer
        self.forward_layer = _copied(layer, "forward", layer.go_backwards)

    @weights.getter
    def weights(self):
        return super().weights

    @weights.setter
    def weights(self, values):
        if self.built:
            raise AttributeError(f"Layer {self.name!r} is built: set its weights by set_weights([arrays]).")
        self.untracked("_initial_weights", values)

    def __post_init__(self):
        super().__post_init__()
        ahead = self.forward_layer
        if self.backward_layer is None:
            self.backward_layer = _copied(ahead, "backward", not ahead.go_backwards)
        back = self.backward_layer
        if ahead.go_backwards or not back.go_backwards:
            raise ValueError(
                "Bidirectional: layer must have go_backwards=False and backward_layer go_backwards=True, got "
                f"{ahead.go_backwards} and {back.go_backwards}."
            )
        for name in _ALIKE:
            one, other = getattr(ahead, name), getattr(back, name)
            if one != other:
                raise ValueError(
                    f"Bidirectional: layer and backward_layer must have the same {name}, got {one} and {other}."
                )
            self.untracked(name, one)
        for layer in (ahead, back):
            layer.zero_output_for_mask = self.return_sequences
            layer.trainable = layer.trainable and self.trainable

    # ---- states ----------------------------------------------------------------------------------------------

    @property
    def states(self):
        """The states that stateful layers keep, forward ones first; None if there are none."""
        if self.forward_layer.states is None:
            return None
        return (*self.forward_layer.states, *self.backward_layer.states)

    def reset_state(self):
        """Set the states that stateful layers keep to zero."""
        self.forward_layer.reset_state()
        self.backward_layer.reset_state()

    reset_states = reset_state

    # ---- the computation -------------------------------------------------------------------------------------

    def build(self, sequences_shape, initial_state_shape=None):
        for layer in (self.forward_layer, self.backward_layer):
            if not layer.built:
                layer.build(sequences_shape)
        if self._initial_weights is not None:
            self.set_weights(self._initial_weights)
            self.untracked("_initial_weights", None)

    def call(self, sequences, initial_state=None, mask=None, training=None):
        ahead = back = None
        if initial_state is not None:
            count = len(self.forward_layer.state_size)
            if len(initial_state) != count + len(self.backward_layer.state_size):
                raise ValueError(
                    f"Layer {self.name!r}: initial_state needs the {count} state(s) of the forward and the "
                    f"{len(self.backward_layer.state_size)} of the backward layer, got {len(initial_state)}."
                )
            ahead, back = list(initial_state[:count]), list(initial_state[count:])
        y, ahead = self._run(self.forward_layer, sequences, ahead, mask, training)
        y_back, back = self._run(self.backward_layer, sequences, back, mask, training)
        if self.return_sequences:
            y_back = ops.flip(y_back, axis=1)
        outs = (y, y_back) if self.merge_mode is None else (_MERGES[self.merge_mode](y, y_back),)
        outs = (*outs, *ahead, *back)
        return outs if len(outs) > 1 else outs[0]

    def _run(self, layer, sequences, initial_state, mask, training):
        """The output of one direction and the tuple of its states, none if they are not returned."""
        out = layer(sequences, initial_state=initial_state, mask=mask, training=training)
        out, states = (out[0], out[1:]) if self.return_state else (out, ())
        return ops.cast(out, self.compute_dtype), states

    # ---- shapes and masks ------------------------------------------------------------------------------------

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        ahead = self.forward_layer.compute_output_shape(sequences_shape)
        back = self.backward_layer.compute_output_shape(sequences_shape)
        states = ()
        if self.return_state:
            ahead, back, states = ahead[0], back[0], (*ahead[1:], *back[1:])
        if self.merge_mode is None:
            outs = ahead, back
        elif self.merge_mode == "concat":
            outs = ((*ahead[:-1], ahead[-1] + back[-1]),)
        else:
            outs = (ahead,)
        outs = (*outs, *states)
        return outs if len(outs) > 1 else outs[0]

    def compute_mask(self, sequences, mask):
        mask = mask if self.return_sequences else None
        return mask if self.merge_mode is not None else (mask, mask)
