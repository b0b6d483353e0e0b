"""`ConvLSTM1D`, `ConvLSTM2D`, `ConvLSTM3D`: the LSTM whose states are sequences, images, volumes."""

from kx_io import field, one_of, positive, register
from kx_layers import activations, regularizers
from kx_layers.input_spec import InputSpec
from kx_layers.lstm import bias_of_gates
from kx_layers.recurrent_cell import RecurrentCell, RecurrentFields, first_states
from kx_layers.rnn import RNN
from kx_layers.windowed import lower
from kx_tensor import config, ops
from kx_tensor.ops.conv_windows import as_key, per_axis, sliding, split_shape
from kx_tensor.ops.recurrent_loop import run_steps


class ConvLSTMFields(RecurrentFields):
    """The arguments that the convolutional LSTMs and their cell have in common."""

    filters: int = field(check=positive)
    kernel_size = field()
    strides = field(1)
    padding = field("valid", to=lower, check=one_of("valid", "same"))
    data_format = field(None, to=config.standardize_data_format)
    dilation_rate = field(1)
    recurrent_activation = field("sigmoid", to=activations.get, save=activations.serialize)
    unit_forget_bias: bool = field(True)


_ORDER = (
    "filters", "kernel_size", "strides", "padding", "data_format", "dilation_rate", "activation",
    "recurrent_activation", "use_bias", "kernel_initializer", "recurrent_initializer", "bias_initializer",
    "unit_forget_bias", "kernel_regularizer", "recurrent_regularizer", "bias_regularizer", "activity_regularizer",
    "kernel_constraint", "recurrent_constraint", "bias_constraint", "dropout", "recurrent_dropout", "seed",
)  # fmt: skip


class ConvLSTMCell(ConvLSTMFields, RecurrentCell):
    """One step of `ConvLSTM2D` and its kin: called with inputs and states [h, c], it returns (h, [h, c]).

    `rank` is the number of axes of positions. Weights: `kernel` (*kernel_size, channels, 4 filters),
    `recurrent_kernel` (*kernel_size, filters, 4 filters), `bias` (4 filters,), for the gates i, f, c, o.

    >>> import numpy as np
    >>> cell = ConvLSTMCell(3, 2, padding="same", rank=2)
    >>> cell.build((1, 4, 4, 2))
    >>> cell(np.ones((1, 4, 4, 2)), cell.get_initial_state(1))[0].shape
    (1, 4, 4, 3)
    """

    rank: int = field(kw_only=True)
    field_order = tuple(name for name in _ORDER if name != "activity_regularizer")

    gates = 4
    states = 2

    @property
    def units(self):
        """The number of channels of the states."""
        return self.filters

    def __post_init__(self):
        super().__post_init__()
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, per_axis(as_key(getattr(self, name)), self.rank, name))
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            raise ValueError(
                f"ConvLSTM{self.rank}D: strides above 1 do not go together with dilation_rate above 1, got strides="
                f"{self.strides} and dilation_rate={self.dilation_rate}."
            )
        self.untracked("_sizes", None)

    # ---- weights and states ----------------------------------------------------------------------------------

    def build(self, input_shape):
        sizes, channels = split_shape(input_shape, self.data_format == "channels_first")
        if channels is None or None in sizes:
            raise ValueError(
                f"Layer {self.name!r}: the sizes and the number of channels of the input must be known, got a step of "
                f"shape {tuple(input_shape)} with data_format={self.data_format!r}."
            )
        self.kernel = self._add(
            "kernel", (*self.kernel_size, channels, 4 * self.filters), self.kernel_initializer
        )
        self.recurrent_kernel = self._add(
            "recurrent_kernel",
            (*self.kernel_size, self.filters, 4 * self.filters),
            self.recurrent_initializer,
            "recurrent",
        )
        self.bias = None
        if self.use_bias:
            self.bias = self._add("bias", self.bias_shape(), self.initial_bias)
        self.untracked("_sizes", self.windows(input_shape).out)

    def initial_bias(self, shape, dtype=None):
        return bias_of_gates(self.bias_initializer, self.unit_forget_bias, shape, dtype)

    def windows(self, input_shape):
        """Return the windows of the convolution of an input of this shape."""
        kernel = (*self.kernel_size, None, None)
        return sliding(input_shape, kernel, self.strides, self.padding, self.data_format, self.dilation_rate)

    def shape_of_states(self, batch_size, sizes=None):
        """Return the shape of each state; `sizes` are those of the positions, None for what the cell was built for."""
        sizes = self._sizes if sizes is None else sizes
        first = self.data_format == "channels_first"
        return (batch_size, self.filters, *sizes) if first else (batch_size, *sizes, self.filters)

    def get_initial_state(self, batch_size=None):
        """Return zeros for h and for c."""
        return [ops.zeros(self.shape_of_states(batch_size), self.compute_dtype) for _ in range(self.states)]

    def _drops_per_gate(self):
        return True

    # ---- computing -------------------------------------------------------------------------------------------

    def call(self, inputs, states, training=False):
        return self.advance(inputs, states, training)

    def step(self, inputs, states, weights):
        kernel, recurrent_kernel, bias, drop, back = weights
        return self._next(
            self._from_inputs(inputs, kernel, bias, _parts(drop)), states, recurrent_kernel, _parts(back)
        )

    def run(self, inputs, states, mask, training, **options):
        # The inputs of all steps go through one convolution, as if the steps were one large batch.
        batch, steps, *sizes = inputs.shape
        if steps == 0:
            raise ValueError(
                f"Layer {self.name!r}: expected 1 or more steps, got inputs of shape {inputs.shape}."
            )
        drop = self._masks("dropout", (batch, *sizes), training)
        back = _parts(self._masks("recurrent_dropout", self.shape_of_states(batch), training))
        if drop is not None:
            drop = [ops.reshape(_every_step(d, steps), (batch * steps, *sizes)) for d in _parts(drop)]
        flat = ops.reshape(inputs, (-1 if batch is None else batch * steps, *sizes))
        gates = self._from_inputs(flat, self.kernel, self.bias, drop)
        gates = ops.reshape(gates, (-1 if batch is None else batch, steps, *gates.shape[1:]))

        def step(x, held):
            new = self._next(x, held, self.recurrent_kernel, back)
            return new[0], new

        return run_steps(step, gates, states or first_states(self, inputs), mask, **options)

    def fusible(self):
        return type(self).call is ConvLSTMCell.call and type(self).step is ConvLSTMCell.step

    def _from_inputs(self, x, kernel, bias, drop):
        options = {"strides": self.strides, "padding": self.padding, "dilation_rate": self.dilation_rate}
        return self._convolved(x, kernel, bias, drop, options)

    def _next(self, gates, states, recurrent_kernel, back):
        """[h, c] from what the inputs give to the gates, and the states before."""
        h, c = states
        gates = gates + self._convolved(h, recurrent_kernel, None, back, {"padding": "same"})
        axis = 1 if self.data_format == "channels_first" else -1
        i, f, candidate, o = ops.split(gates, 4, axis=axis)
        gate = self.recurrent_activation
        c = gate(f) * c + gate(i) * self.activation(candidate)
        return [gate(o) * self.activation(c), c]

    def _convolved(self, x, kernel, bias, drop, options):
        """The convolution for all gates; each takes x times its own dropout mask, if there are any."""
        options = {**options, "data_format": self.data_format}
        if drop is None:
            return ops.convolution(x, kernel, bias, **options)
        kernels = ops.split(kernel, 4, axis=-1)
        biases = [None] * 4 if bias is None else ops.split(bias, 4)
        parts = [ops.convolution(x * d, k, b, **options) for d, k, b in zip(drop, kernels, biases)]
        return ops.concatenate(parts, axis=1 if self.data_format == "channels_first" else -1)


def _parts(masks):
    return None if masks is None else [ops.get_item(masks, gate) for gate in range(4)]


def _every_step(mask, steps):
    """A mask (batch, ...) for each of the steps: (batch, steps, ...)."""
    return ops.broadcast_to(ops.expand_dims(mask, 1), (mask.shape[0], steps, *mask.shape[1:]))


class ConvLSTM(ConvLSTMFields, RNN):
    """Base of the convolutional LSTMs; `rank` is the number of axes of positions.

    >>> ConvLSTM2D(4, 3, return_sequences=True).compute_output_shape((None, 10, 8, 8, 1))
    (None, 10, 6, 6, 4)
    """

    rank = None
    activity_regularizer = field(None, to=regularizers.get, config=True)
    zero_output_for_mask: bool = field(False, kw_only=True)
    unroll: bool = field(False, kw_only=True)
    without_fields = ("cell",)
    field_order = (*_ORDER, "return_sequences", "return_state", "go_backwards", "stateful")
    cell_class = ConvLSTMCell

    def __post_init__(self):
        super().__post_init__()
        for name in ("kernel_size", "strides", "dilation_rate"):
            setattr(self, name, getattr(self.cell, name))
        self.input_spec = InputSpec(ndim=self.rank + 3)

    def build(self, sequences_shape, initial_state_shape=None):
        batch, _, *step = sequences_shape
        if not self.cell.built:
            self.cell.build((batch, *step))
        if self.stateful and self.states is None:
            self._keep_states(batch)
        self.input_spec = InputSpec(shape=(None, None, *step))

    def _state_shapes(self, batch_size):
        return [self.cell.shape_of_states(batch_size)] * 2

    def compute_output_shape(self, sequences_shape, initial_state_shape=None):
        batch, steps, *step = sequences_shape
        state = self.cell.shape_of_states(batch, self.cell.windows((batch, *step)).out)
        shape = (batch, steps, *state[1:]) if self.return_sequences else state
        return (shape, state, state) if self.return_state else shape


@register("layers")
class ConvLSTM1D(ConvLSTM):
    """The LSTM over sequences of sequences: `ConvLSTM2D` with one axis of positions.

    Shapes: (batch, steps, positions, channels) -> (batch, new positions, filters), or with `return_sequences` (batch,
    steps, new positions, filters); channels before positions with data_format "channels_first".

    >>> ConvLSTM1D(4, 3, padding="same").compute_output_shape((None, 10, 20, 2))
    (None, 20, 4)
    """

    rank = 1


@register("layers")
class ConvLSTM2D(ConvLSTM):
    """The LSTM over sequences of images: products of matrices become convolutions, vectors images.

        i, f, o = recurrent_activation(conv(x) + conv(h) + bias)
        c = f c + i activation(conv(x) + conv(h) + bias)
        h = o activation(c)

    The convolution of x has `strides`, `padding` and `dilation_rate`, that of h keeps its size. What the arguments from
    `return_sequences` on mean, how masks, states and dropout work, is said at `RNN` and `LSTM`. Shi et al. 2015,
    https://arxiv.org/abs/1506.04214

    Shapes: (batch, steps, rows, columns, channels) -> (batch, new rows, new columns, filters), or with
    `return_sequences` (batch, steps, new rows, new columns, filters); channels before rows with data_format
    "channels_first". The states h and c are as large as the output of a step.

    >>> import numpy as np
    >>> layer = ConvLSTM2D(3, 2, return_state=True)
    >>> [t.shape for t in layer(np.zeros((2, 5, 4, 4, 1)))]
    [(2, 3, 3, 3), (2, 3, 3, 3), (2, 3, 3, 3)]
    """

    rank = 2


@register("layers")
class ConvLSTM3D(ConvLSTM):
    """The LSTM over sequences of volumes: `ConvLSTM2D` with three axes of positions.

    Shapes: (batch, steps, x, y, z, channels) -> (batch, new x, new y, new z, filters), or with `return_sequences`
    (batch, steps, new x, new y, new z, filters); channels before positions with data_format "channels_first".

    >>> ConvLSTM3D(4, 3).compute_output_shape((None, 10, 5, 6, 7, 2))
    (None, 3, 4, 5, 4)
    """

    rank = 3
