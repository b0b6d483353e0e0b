"""`LSTM` and its cell: the long short-term memory."""

from kx_io import field, one_of, register
from kx_layers import regularizers
from kx_layers.recurrent_cell import FUSED, GatedFields, RecurrentCell
from kx_layers.rnn import RNN
from kx_tensor import ops
from kx_tensor.ops.lstm import lstm_step


class LSTMFields(GatedFields):
    """The arguments that `LSTMCell` and `LSTM` have in common.

    `unit_forget_bias` starts the bias of the forget gate at 1 (Jozefowicz et al. 2015).
    """

    unit_forget_bias: bool = field(True)


def bias_of_gates(initializer, unit_forget_bias, shape, dtype):
    """Return the first bias of the gates i, f, c, o: that of f, the forget gate, is 1 with `unit_forget_bias`.

    >>> bias_of_gates(ops.zeros, True, (4,), "float32").numpy()
    array([0., 1., 0., 0.], dtype=float32)
    """
    if not unit_forget_bias:
        return initializer(shape, dtype=dtype)
    units = shape[0] // 4
    parts = [(1, initializer), (1, ops.ones), (2, initializer)]
    return ops.concatenate([make((n * units,), dtype=dtype) for n, make in parts])


@register("layers")
class LSTMCell(LSTMFields, RecurrentCell):
    """One step of `LSTM`: called with inputs (batch, d) and states [h, c], it returns (h, [h, c]).

    >>> import numpy as np
    >>> cell = LSTMCell(2, kernel_initializer="zeros", unit_forget_bias=False)
    >>> _, (h, c) = cell(np.ones((1, 3)), cell.get_initial_state(1))
    >>> c.numpy()
    array([[0., 0.]], dtype=float32)
    """

    gates = 4
    states = 2
    field_order = (
        "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
        "bias_initializer", "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
        "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
    )  # fmt: skip

    def initial_bias(self, shape, dtype=None):
        return bias_of_gates(self.bias_initializer, self.unit_forget_bias, shape, dtype)

    def step(self, inputs, states, weights):
        return list(lstm_step(inputs, *states, *weights, self.activation, self.recurrent_activation))

    def sequence(self, *arrays, **options):
        functions = FUSED[self.activation], FUSED[self.recurrent_activation]
        return ops.lstm(*arrays, activation=functions[0], recurrent_activation=functions[1], **options)

    def call(self, inputs, states, training=False):
        return self.advance(inputs, states, training)


@register("layers")
class LSTM(LSTMFields, RNN):
    """The long short-term memory over the steps of a sequence; `kx.ops.lstm` has the formulas.

    Shapes: (batch, steps, d) -> (batch, units), or (batch, steps, units) with `return_sequences`; the states are h and
    c, (batch, units) each. What the arguments from `return_sequences` on mean, how masks and states work, is said
    at `RNN`. `dropout` and `recurrent_dropout` are the parts of the inputs and of h dropped in training, the same
    ones at every step. Hochreiter, Schmidhuber 1997.

    `use_cudnn` chooses the computation, as in Keras: "auto" takes the fused primitive for activations that it has,
    True demands it, False goes step by step.

    >>> import numpy as np
    >>> layer = LSTM(4, return_sequences=True, return_state=True)
    >>> [t.shape for t in layer(np.zeros((2, 5, 3)))]
    [(2, 5, 4), (2, 4), (2, 4)]
    """

    activity_regularizer = field(None, to=regularizers.get, config=True)
    zero_output_for_mask: bool = field(False, kw_only=True)
    use_cudnn = field("auto", check=one_of("auto", True, False), config=False)
    without_fields = ("cell",)
    field_order = (
        "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
        "bias_initializer", "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout",
        "recurrent_dropout", "seed", "return_sequences", "return_state", "go_backwards", "stateful", "unroll",
        "use_cudnn",
    )  # fmt: skip
    cell_class = LSTMCell
