"""Models of saved_models.py's kind with memory: recurrent layers, their cells, states and masks."""

import functools

from saved_models import floats


def _compiled(keras, model, x, units=1, rows=12):
    model.compile(keras.optimizers.RMSprop(0.01), "mse")
    return model, (x, floats(rows, units, seed=1))


def recurrent(keras):
    layers = keras.layers
    stack = [
        layers.LSTM(3, return_sequences=True, go_backwards=True, unit_forget_bias=False),
        layers.GRU(3, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid"),
        layers.SimpleRNN(2, activation="relu", return_sequences=True, recurrent_regularizer="l2"),
        layers.GRU(2, return_sequences=True, use_bias=False, unroll=True),
        layers.LSTM(2, kernel_constraint=keras.constraints.MaxNorm(1.0), bias_initializer="ones"),
    ]
    model = keras.Sequential([keras.Input((4, 3)), *stack, layers.Dense(1)], name="recurrent")
    return _compiled(keras, model, floats(12, 4, 3))


def cells(keras):
    layers = keras.layers
    both = layers.StackedRNNCells([layers.LSTMCell(2), layers.SimpleRNNCell(3), layers.GRUCell(2)])
    stack = [
        layers.RNN(both, return_sequences=True),
        layers.RNN(layers.SimpleRNNCell(3, use_bias=False), return_sequences=True, go_backwards=True),
        layers.RNN(layers.GRUCell(2, reset_after=False)),
    ]
    model = keras.Sequential([keras.Input((4, 3)), *stack, layers.Dense(1)], name="cells")
    return _compiled(keras, model, floats(12, 4, 3))


def states(keras):
    """An encoder whose last states are a decoder's first."""
    layers = keras.layers
    source, target = keras.Input((4, 2), name="source"), keras.Input((3, 2), name="target")
    _, h, c = layers.LSTM(3, return_state=True, name="encoder")(source)
    x = layers.LSTM(3, return_sequences=True, name="decoder")(target, initial_state=[h, c])
    x, last = layers.GRU(2, return_sequences=True, return_state=True, name="gru")(x)
    x = layers.Concatenate(name="all")([layers.Flatten(name="flat")(x), last, c])
    model = keras.Model([source, target], layers.Dense(1, name="out")(x), name="states")
    return _compiled(keras, model, [floats(12, 4, 2), floats(12, 3, 2, seed=2)])


def stateful(keras):
    layers = keras.layers
    x = keras.Input(batch_shape=(4, 3, 2), name="x")
    h = layers.LSTM(3, stateful=True, return_sequences=True, name="lstm")(x)
    h = layers.GRU(2, stateful=True, name="gru")(h)
    model = keras.Model(x, layers.Dense(1, name="out")(h), name="stateful")
    return _compiled(keras, model, floats(12, 3, 2))


def masks(keras):
    layers = keras.layers
    stack = [
        layers.Masking(0.5),
        layers.Bidirectional(
            layers.GRU(2, return_sequences=True),
            merge_mode="sum",
            backward_layer=layers.SimpleRNN(2, return_sequences=True, go_backwards=True),
        ),
        layers.TimeDistributed(layers.Dense(3, activation="tanh")),
        layers.Bidirectional(layers.LSTM(2), merge_mode="ave"),
    ]
    model = keras.Sequential([keras.Input((5, 3)), *stack, layers.Dense(1)], name="masks")
    x = floats(12, 5, 3)
    x[:, 3:] = 0.5
    return _compiled(keras, model, x)


def frames(keras):
    layers = keras.layers
    stack = [
        layers.TimeDistributed(layers.Conv2D(2, 2, padding="same")),
        layers.TimeDistributed(layers.BatchNormalization()),
        layers.ConvLSTM2D(2, 2, padding="same", return_sequences=True),
        layers.Reshape((2, 3, 2, 2, 1)),
        layers.ConvLSTM3D(1, 2, padding="same"),
        layers.Reshape((3, 2, 2)),
        layers.ConvLSTM1D(2, 2, use_bias=False, activation="relu"),
        layers.Flatten(),
    ]
    model = keras.Sequential([keras.Input((2, 3, 2, 2)), *stack, layers.Dense(1)], name="frames")
    return _compiled(keras, model, floats(12, 2, 3, 2, 2))


def recurrent_dropout(keras):
    layers = keras.layers
    stack = [
        layers.LSTM(3, dropout=0.2, recurrent_dropout=0.2, return_sequences=True, seed=1),
        layers.Bidirectional(layers.GRU(2, dropout=0.3), name="both"),
    ]
    model = keras.Sequential([keras.Input((4, 3)), *stack, layers.Dense(1)], name="recurrent_dropout")
    return _compiled(keras, model, floats(12, 4, 3))


@functools.cache
def own_cell_class(keras):
    """A cell of a user's, with a weight, two states and a sublayer."""

    @keras.saving.register_keras_serializable("recorded")
    class Leaky(keras.layers.Layer):
        def __init__(self, units, rate=0.5, **kwargs):
            super().__init__(**kwargs)
            self.units, self.rate = units, rate
            self.state_size = [units, units]
            self.output_size = units
            self.inner = keras.layers.Dense(units, name="inner")

        def build(self, input_shape):
            self.inner.build(input_shape)
            self.gain = self.add_weight(shape=(self.units,), initializer="ones", name="gain")
            self.built = True

        def call(self, inputs, states, training=None):
            slow, fast = states
            fast = self.inner(inputs) + fast * self.gain
            slow = self.rate * slow + (1.0 - self.rate) * fast
            return slow, [slow, fast]

        def get_config(self):
            return {**super().get_config(), "units": self.units, "rate": self.rate}

    return Leaky


def own_cell(keras):
    layers, cell = keras.layers, own_cell_class(keras)
    stack = [layers.RNN(cell(3), return_sequences=True), layers.RNN([cell(2, rate=0.2), layers.LSTMCell(2)])]
    model = keras.Sequential([keras.Input((4, 2)), *stack, layers.Dense(1)], name="own_cell")
    return _compiled(keras, model, floats(12, 4, 2))


MODELS = {
    f.__name__: f
    for f in (recurrent, cells, states, stateful, masks, frames, recurrent_dropout, own_cell)
}  # fmt: skip


def custom_objects(keras):
    own_cell_class(keras)
