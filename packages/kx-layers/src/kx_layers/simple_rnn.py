"""`SimpleRNN` and its cell: the fully connected recurrence."""

from kx_io import field, register
from kx_layers import regularizers
from kx_layers.recurrent_cell import FUSED, RecurrentCell, UnitFields
from kx_layers.rnn import RNN
from kx_tensor import ops
from kx_tensor.ops.simple_rnn import simple_rnn_step


@register("layers")
class SimpleRNNCell(UnitFields, RecurrentCell):
    """One step of `SimpleRNN`: `h = activation(x @ kernel + h @ recurrent_kernel + bias)`.

    Called with inputs (batch, d) and a state (batch, units), or a list of one, it returns (output, state).

    >>> import numpy as np
    >>> cell = SimpleRNNCell(2, activation="linear", kernel_initializer="ones", recurrent_initializer="ones")
    >>> cell(np.array([[1.0, 2.0]]), [np.array([[1.0, 1.0]])])[0].numpy()
    array([[5., 5.]], dtype=float32)
    """

    field_order = (
        "units", "activation", "use_bias", "kernel_initializer", "recurrent_initializer", "bias_initializer",
        "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "kernel_constraint",
        "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
    )  # fmt: skip

    def step(self, inputs, states, weights):
        return [simple_rnn_step(inputs, states[0], *weights, self.activation)]

    def sequence(self, *arrays, **options):
        return ops.simple_rnn(*arrays, activation=FUSED[self.activation], **options)

    def call(self, sequence, states, training=False):
        return self.advance(sequence, states, training)


@register("layers")
class SimpleRNN(UnitFields, RNN):
    """The recurrence `h = activation(x @ kernel + h @ recurrent_kernel + bias)` over the steps of a sequence.

    Shapes: (batch, steps, d) -> (batch, units), or (batch, steps, units) with `return_sequences`. What the arguments
    from `return_sequences` on mean, how masks and states work, is said at `RNN`. `dropout` and `recurrent_dropout`
    are the parts of the inputs and of the state dropped in training, the same ones at every step.

    >>> import numpy as np
    >>> layer = SimpleRNN(1, activation="linear", kernel_initializer="ones", recurrent_initializer="ones")
    >>> layer(np.array([[[1.0], [2.0], [3.0]]])).numpy()
    array([[6.]], dtype=float32)
    """

    activity_regularizer = field(None, to=regularizers.get, config=True)
    zero_output_for_mask: bool = field(False, kw_only=True)
    without_fields = ("cell",)
    field_order = (
        "units", "activation", "use_bias", "kernel_initializer", "recurrent_initializer", "bias_initializer",
        "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "activity_regularizer",
        "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout",
        "return_sequences", "return_state", "go_backwards", "stateful", "unroll", "seed",
    )  # fmt: skip
    cell_class = SimpleRNNCell
