"""`RNN`: a cell run over the steps of a sequence."""

from kx_io import field, register, registry, snake_case
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_layers.recurrent_cell import RecurrentCell, first_states
from kx_layers.stacked_rnn_cells import StackedRNNCells, states_of_cell
from kx_tensor import ops, tree
from kx_tensor.ops.recurrent_loop import run_steps
from kx_tensor.variable import Variable


def _cell(cell):
    """The cell an argument stands for: a cell, a config, or several cells to be stacked."""
    if isinstance(cell, dict):
        cell = registry("layers").deserialize(cell)
    if isinstance(cell, (list, tuple)):
        return StackedRNNCells(cell)
    if not isinstance(cell, Layer):
        raise ValueError(f"RNN: cell must be a layer with a `call` method, or a list of such, got {cell!r}.")
    if not hasattr(cell, "state_size"):
        raise ValueError(
            f"RNN: cell must have a `state_size`, an integer or a list with one for each state, got {cell!r}."
        )
    return cell


@register("layers")
class RNN(Layer):
    """A cell carried along the steps of a sequence.

    A cell is a layer with `state_size` (an integer, or a list with one for each state) and `call(inputs_at_t,
    states_at_t) -> (output_at_t, states_at_t_plus_1)`; it may have `output_size` and `get_initial_state(batch_size)`.
    A list of cells is stacked.

    Called as `layer(sequences, initial_state=None, mask=None, training=False)`. It returns the output of the last step,
    or with `return_sequences` those of all steps, and with `return_state` the last states after it. `go_backwards`
    runs from the last step to the first and returns outputs in that order. `stateful` starts each batch with the last
    states of the batch before, until `reset_state()`; the batch size must be fixed then. `unroll` is for backends that
    compile and changes nothing.

    Where the mask (batch, steps) is False a row keeps its states and shows its last output again; before its first
    output, or always with `zero_output_for_mask`, it shows zeros. That is Keras on TensorFlow and PyTorch; on JAX rows
    show their initial state before their first output. A mask that rides on the sequences is not used where an
    `initial_state` is given, as in Keras: give it as `mask` then.

    Shapes: (batch, steps, ...) -> (batch, output_size) or (batch, steps, output_size).

    >>> import numpy as np
    >>> class Sum(Layer):
    ...     state_size = 2
    ...     def call(self, inputs, states):
    ...         return inputs + states[0], [inputs + states[0]]
    >>> RNN(Sum())(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy()
    array([[4., 6.]], dtype=float32)
    """

    cell = field(to=_cell)
    return_sequences: bool = field(False)
    return_state: bool = field(False)
    go_backwards: bool = field(False)
    stateful: bool = field(False)
    unroll: bool = field(False)
    zero_output_for_mask: bool = field(False, kw_only=True)
    field_order = (
        "cell", "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "zero_output_for_mask"
    )  # fmt: skip

    supports_masking = True
    input_spec = InputSpec(ndim=3)
    cell_class: type | None = None  # of a layer that makes its own cell from its fields
    use_cudnn = "auto"

    def __post_init__(self):
        super().__post_init__()
        if self.cell_class is not None:
            shared = self.cell_class.__fields__.keys() - Layer.__fields__.keys()
            self.cell = self.cell_class(
                **{key: getattr(self, key) for key in shared},
                name=snake_case(self.cell_class.__name__),
                dtype=self.dtype_policy,
                trainable=self.trainable,
            )
        self.states = None

    # ---- states ----------------------------------------------------------------------------------------------

    @property
    def state_size(self):
        """The sizes of the cell's states, in a list."""
        size = self.cell.state_size
        return list(size) if isinstance(size, (list, tuple)) else [size]

    @property
    def single_state(self):
        """Whether the cell has one state only."""
        return len(self.state_size) == 1

    def get_initial_state(self, batch_size):
        """Return the list of the states that a sequence starts with if none are given: the cell's, or zeros."""
        return states_of_cell(self.cell, batch_size)

    def reset_state(self):
        """Set the states that a stateful layer keeps to zero."""
        for state in tree.flatten(self.states):
            if state is not None:
                state.assign(ops.zeros_like(state))

    reset_states = reset_state

    def _keep_states(self, batch_size):
        if batch_size is None:
            raise ValueError(
                f"Layer {self.name!r}: with `stateful=True` the batch size must be fixed, as states are kept from "
                "batch to batch; give it with `Input(batch_shape=...)`. Got inputs with a batch size of None."
            )
        shapes = self._state_shapes(batch_size)
        self.untracked(
            "states",
            tree.map_shape_structure(
                lambda shape: Variable(
                    ops.zeros, shape, self.variable_dtype, trainable=False, name="rnn_state"
                ),
                shapes,
            ),
        )

    def _first_states(self, sequences, given):
        """The states a call starts with; None for those of `get_initial_state`."""
        if given is not None:
            states = list(given) if isinstance(given, (list, tuple)) else [given]
            if len(states) != len(self.state_size):
                raise ValueError(
                    f"Layer {self.name!r} has {len(self.state_size)} state(s) of size(s) {self.state_size}, got "
                    f"{len(states)} initial state(s)."
                )
            return states
        if not self.stateful:
            return None
        kept = tree.flatten(self.states)[0].shape[0]
        if sequences.shape[0] != kept:
            raise ValueError(
                f"Layer {self.name!r} is stateful and keeps states for batches of {kept}, got one of "
                f"{sequences.shape[0]}. Call it with that size only."
            )
        # Copies: the tape keeps them, and the variables are overwritten at the end of the call.
        return tree.map_structure(lambda state: ops.cast(ops.copy(state), self.compute_dtype), self.states)

    # ---- the computation -------------------------------------------------------------------------------------

    def build(self, sequences_shape, initial_state_shape=None):
        if not self.cell.built:
            self.cell.build((sequences_shape[0], *sequences_shape[2:]))
            self.cell.built = True
        if self.stateful and self.states is None:
            self._keep_states(sequences_shape[0])
        self.input_spec = InputSpec(ndim=3, axes={2: sequences_shape[2]})

    def call(self, sequences, initial_state=None, mask=None, training=False):
        states = self._first_states(sequences, initial_state)
        out, states = self._run(sequences, states, _step_mask(mask), training)
        for layer in self._flatten_layers():
            if isinstance(layer, RecurrentCell):
                layer.reset_dropout_mask()
                layer.reset_recurrent_dropout_mask()
        if self.stateful:
            for kept, state in zip(tree.flatten(self.states), tree.flatten(states)):
                kept.assign(state)
        if self.cell.compute_dtype != self.compute_dtype:
            out, states = tree.map_structure(lambda t: ops.cast(t, self.compute_dtype), (out, states))
        return (out, *states) if self.return_state else out

    def _run(self, sequences, states, mask, training):
        """The output and the list of last states."""
        options = {
            "return_sequences": self.return_sequences,
            "go_backwards": self.go_backwards,
            "zero_output_for_mask": self.zero_output_for_mask,
        }
        if self._fuses():
            return self.cell.run(sequences, states, mask, training, **options)
        if states is None:
            states = first_states(self, sequences)
        if sequences.shape[1] == 0:
            raise ValueError(
                f"Layer {self.name!r}: expected 1 or more steps, got inputs of shape {sequences.shape}."
            )

        def step(inputs, states):
            out, new = self.cell(inputs, states, training=training)
            return out, tree.pack_sequence_as(states, tree.flatten(new))

        return run_steps(step, sequences, states, mask, **options)

    def _fuses(self):
        if self.use_cudnn is False:
            return False
        cell = self.cell
        can = isinstance(cell, RecurrentCell) and cell.compute_dtype == self.compute_dtype and cell.fusible()
        if self.use_cudnn is True and not can:
            raise ValueError(
                f"Layer {self.name!r}: use_cudnn=True demands the fused computation, which has no activation "
                f"{self.activation!r} with {self.recurrent_activation!r}. Leave use_cudnn='auto'."
            )
        return can

    # ---- shapes and masks ------------------------------------------------------------------------------------

    def _state_shapes(self, batch_size):
        stacked = isinstance(self.cell, StackedRNNCells)
        return [
            [(batch_size, n) for n in size] if isinstance(size, (list, tuple))
            else [(batch_size, size)] if stacked
            else (batch_size, size)
            for size in self.state_size
        ]  # fmt: skip

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        batch_size, steps = sequences_shape[:2]
        size = getattr(self.cell, "output_size", None) or self.state_size[0]
        shape = (batch_size, steps, size) if self.return_sequences else (batch_size, size)
        return (shape, *self._state_shapes(batch_size)) if self.return_state else shape

    def compute_mask(self, sequences, mask):
        mask = tree.flatten(mask)[0]
        mask = mask if self.return_sequences else None
        return [mask] + [None] * len(self.state_size) if self.return_state else mask


def _step_mask(mask):
    """The mask as a bool (batch, steps); one with further axes counts a step that has any True."""
    mask = tree.flatten(mask)[0]
    if mask is None:
        return None
    if len(mask.shape) > 2:
        mask = ops.any(mask, axis=tuple(range(2, len(mask.shape))))
    return ops.cast(mask, "bool")
