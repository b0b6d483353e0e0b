"""`GRU` and its cell: the gated recurrent unit."""

from kx_io import field, one_of, register
from kx_layers import regularizers
from kx_layers.recurrent_cell import FUSED, GatedFields, RecurrentCell
from kx_layers.rnn import RNN
from kx_tensor import ops
from kx_tensor.ops.gru import gru_step


class GRUFields(GatedFields):
    """The arguments that `GRUCell` and `GRU` have in common.

    `reset_after` applies the reset gate after the product with the recurrent kernel, which then has a bias of its own,
    instead of before it.
    """

    reset_after: bool = field(True)


@register("layers")
class GRUCell(GRUFields, RecurrentCell):
    """One step of `GRU`: called with inputs (batch, d) and a state (batch, units), it returns (output, state).

    >>> import numpy as np
    >>> cell = GRUCell(2, kernel_initializer="zeros", recurrent_initializer="zeros")
    >>> cell(np.ones((1, 3)), [np.ones((1, 2))])[0].numpy()
    array([[0.5, 0.5]], dtype=float32)
    """

    gates = 3
    field_order = (
        "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
        "bias_initializer", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "kernel_constraint",
        "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "reset_after", "seed",
    )  # fmt: skip

    def bias_shape(self):
        return (2, 3 * self.units) if self.reset_after else (3 * self.units,)

    def step(self, inputs, states, weights):
        functions = self.activation, self.recurrent_activation
        return [gru_step(inputs, states[0], *weights, *functions, self.reset_after)]

    def sequence(self, *arrays, **options):
        functions = FUSED[self.activation], FUSED[self.recurrent_activation]
        return ops.gru(
            *arrays,
            activation=functions[0],
            recurrent_activation=functions[1],
            reset_after=self.reset_after,
            **options,
        )

    def call(self, inputs, states, training=False):
        return self.advance(inputs, states, training)


@register("layers")
class GRU(GRUFields, RNN):
    """The gated recurrent unit over the steps of a sequence; `kx.ops.gru` has the formulas.

    Shapes: (batch, steps, d) -> (batch, units), or (batch, steps, units) with `return_sequences`. What the arguments
    from `return_sequences` on mean, how masks and states work, is said at `RNN`. `dropout` and `recurrent_dropout`
    are the parts of the inputs and of the state dropped in training, the same ones at every step. `reset_after=False`
    is the original form, Cho et al. 2014. `use_cudnn` is said at `LSTM`.

    >>> import numpy as np
    >>> GRU(4, return_sequences=True)(np.zeros((2, 5, 3))).shape
    (2, 5, 4)
    """

    activity_regularizer = field(None, to=regularizers.get, config=True)
    zero_output_for_mask: bool = field(False, kw_only=True)
    use_cudnn = field("auto", check=one_of("auto", True, False), config=False)
    without_fields = ("cell",)
    field_order = (
        "units", "activation", "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer",
        "bias_initializer", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout",
        "recurrent_dropout", "seed", "return_sequences", "return_state", "go_backwards", "stateful", "unroll",
        "reset_after", "use_cudnn",
    )  # fmt: skip
    cell_class = GRUCell
