"""What the recurrent cells share: fields, weights, dropout masks, and the choice of the fused primitive."""

import math

from kx_io import Fields, field, one_of, positive
from kx_layers import activations, constraints, initializers, regularizers
from kx_layers.layer import Layer
from kx_tensor import ops, random, tree
from kx_tensor.ops.dropout import dropout_mask

# Activations that the recurrent primitives compute in the same node.
FUSED = {
    activations.linear: None, activations.relu: "relu", activations.sigmoid: "sigmoid", activations.tanh: "tanh",
    activations.hard_sigmoid: "hard_sigmoid",
}  # fmt: skip


def _within_0_and_1(rate):
    """A dropout rate; Keras, too, moves one outside [0, 1] to the nearest end."""
    return min(1.0, max(0.0, rate))


class RecurrentFields(Fields):
    """The arguments that every recurrent cell and its layer have in common."""

    activation = field("tanh", to=activations.get, save=activations.serialize)
    use_bias: bool = field(True)
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    recurrent_initializer = field("orthogonal", to=initializers.get)
    bias_initializer = field("zeros", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    recurrent_regularizer = field(None, to=regularizers.get)
    bias_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    recurrent_constraint = field(None, to=constraints.get)
    bias_constraint = field(None, to=constraints.get)
    dropout = field(0.0, to=_within_0_and_1)
    recurrent_dropout = field(0.0, to=_within_0_and_1)
    seed = field(None)


class UnitFields(RecurrentFields):
    """The arguments of the recurrences over vectors, of `units` elements."""

    units: int = field(check=positive, first=True)


class GatedFields(UnitFields):
    """The arguments that the cells with gates, and their layers, have in common.

    `implementation` 1 gives each gate dropout masks of its own, 2 all of them the same; with `recurrent_dropout` it
    is 1, as in Keras.
    """

    recurrent_activation = field("sigmoid", to=activations.get, save=activations.serialize)
    implementation = field(2, check=one_of(1, 2), kw_only=True, config=False)


class RecurrentCell(Layer):
    """Base of the cells of `SimpleRNN`, `LSTM` and `GRU`, and of the convolutional ones.

    Subclasses say `gates` and `states`, how many there are, write `step` and `sequence`, and have the fields of
    `UnitFields`. Weights: `kernel` (d, gates * units), `recurrent_kernel` (units, gates * units), `bias`.

    Dropout masks are drawn when they are first needed and stay the same until they are reset, which `RNN` does
    after each sequence: a step drops what the step before dropped. Gal, Ghahramani 2016,
    https://arxiv.org/abs/1512.05287
    """

    gates = 1
    states = 1
    supports_masking = False

    def __post_init__(self):
        super().__post_init__()
        self.state_size = self.units if self.states == 1 else [self.units] * self.states
        self.output_size = self.units
        self.seed_generator = random.SeedGenerator(self.seed)
        self.reset_dropout_mask()
        self.reset_recurrent_dropout_mask()

    # ---- weights ---------------------------------------------------------------------------------------------

    def build(self, input_shape):
        size, width = input_shape[-1], self.gates * self.units
        if size is None:
            raise ValueError(
                f"Layer {self.name!r}: the number of features must be known, got inputs of shape "
                f"{tuple(input_shape)}."
            )
        self.kernel = self._add("kernel", (size, width), self.kernel_initializer)
        self.recurrent_kernel = self._add(
            "recurrent_kernel", (self.units, width), self.recurrent_initializer, "recurrent"
        )
        self.bias = None
        if self.use_bias:
            self.bias = self._add("bias", self.bias_shape(), self.initial_bias)

    def _add(self, name, shape, initializer, kind=None):
        return self.add_weight(
            shape,
            initializer,
            regularizer=getattr(self, f"{kind or name}_regularizer"),
            constraint=getattr(self, f"{kind or name}_constraint"),
            name=name,
        )

    def bias_shape(self):
        """Return the shape of the bias."""
        return (self.gates * self.units,)

    def initial_bias(self, shape, dtype=None):
        """Return the first value of the bias."""
        return self.bias_initializer(shape, dtype=dtype)

    def get_initial_state(self, batch_size=None):
        """Return zeros of shape (batch_size, units) for each state, in a list."""
        return [ops.zeros((batch_size, self.units), self.compute_dtype) for _ in range(self.states)]

    # ---- dropout ---------------------------------------------------------------------------------------------

    def reset_dropout_mask(self):
        """Forget the dropout mask of the inputs; the next one is a new one."""
        self.untracked("_dropout_mask", None)

    def reset_recurrent_dropout_mask(self):
        """Forget the dropout mask of the state; the next one is a new one."""
        self.untracked("_recurrent_dropout_mask", None)

    def get_dropout_mask(self, step_input):
        """Return the mask of inputs (batch, d): an array, a list of one for each gate, or None without dropout."""
        return _per_gate(self._masks("dropout", step_input.shape, True))

    def get_recurrent_dropout_mask(self, step_input):
        """Return the mask of states (batch, units): an array, a list of one for each gate, or None."""
        return _per_gate(self._masks("recurrent_dropout", step_input.shape, True))

    def _masks(self, kind, shape, training):
        """The masks of (batch, n) values as one tensor (1 or gates, batch, n); None where nothing is dropped."""
        rate, kept = getattr(self, kind), f"_{kind}_mask"
        if not training or rate == 0 or None in shape:  # a symbolic step is after shapes only
            return None
        shape = (self.gates if self._drops_per_gate() else 1, *shape)
        masks = getattr(self, kept)
        if masks is None or masks.shape != shape:
            seed = self.seed_generator.draw()
            masks = dropout_mask(ops.empty(shape, self.compute_dtype), rate=rate, seed=seed)
            self.untracked(kept, masks)
        return masks

    def _drops_per_gate(self):
        return self.gates > 1 and (self.implementation == 1 or self.recurrent_dropout > 0)

    # ---- computing -------------------------------------------------------------------------------------------

    def advance(self, inputs, states, training):
        """Return (output, states) after one step from (batch, d) inputs and a state, or a list of states."""
        nested = isinstance(states, (list, tuple))
        held = list(states) if nested else [states]
        drop = self._masks("dropout", inputs.shape, training)
        back = self._masks("recurrent_dropout", held[0].shape, training)
        new = self.step(inputs, held, (self.kernel, self.recurrent_kernel, self.bias, drop, back))
        return new[0], new if nested else new[0]

    def run(self, inputs, states, mask, training, **options):
        """Return (output, list of last states) of a sequence (batch, steps, d) by the fused primitive.

        `states` may be None for zeros; `options` are `return_sequences` and the like.
        """
        batch, _, size = inputs.shape
        drop = self._masks("dropout", (batch, size), training)
        back = self._masks("recurrent_dropout", (batch, self.units), training)
        arrays = [self.kernel, self.recurrent_kernel, self.bias, *(states or [None] * self.states)]
        out, *states = self.sequence(inputs, *arrays, mask, drop, back, **options)
        return out, states

    def step(self, inputs, states, weights):
        """Return the list of states after one step, the output first; `weights` end with the dropout masks."""
        raise NotImplementedError(f"{type(self).__name__} needs a step method.")

    def sequence(self, *arrays, **options):
        """Return (output, *last states) of a sequence."""
        raise NotImplementedError(f"{type(self).__name__} needs a sequence method.")

    def fusible(self):
        """Whether `run` does what `call` does step by step: it has the activations, no subclass its own `call`."""
        own = next(c for c in type(self).__mro__ if "sequence" in vars(c))
        functions = [self.activation, getattr(self, "recurrent_activation", self.activation)]
        return type(self).call is own.call and all(f in FUSED for f in functions)


def _per_gate(masks):
    if masks is None or masks.shape[0] > 1:
        return masks if masks is None else list(masks)
    return masks[0]


def first_states(layer, sequences):
    """The initial states of a cell or layer for sequences, whose number a symbolic batch may leave open."""
    if sequences.shape[0] is not None:
        return layer.get_initial_state(sequences.shape[0])
    rows = ops.zeros_like(ops.reshape(sequences[:, 0], (-1, math.prod(sequences.shape[2:])))[:, 0])
    spread = lambda state: ops.reshape(rows, (-1, *[1] * (len(state.shape) - 1))) + state
    return tree.map_structure(spread, layer.get_initial_state(1))
