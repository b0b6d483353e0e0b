"""What the recurrent layers do beside what Keras recorded: dropout, states, cells of one's own, both computations."""

import itertools

import numpy as np
import pytest

from kx_layers import (
    GRU,
    LSTM,
    RNN,
    BatchNormalization,
    Bidirectional,
    Dense,
    Dropout,
    Embedding,
    GRUCell,
    Layer,
    LSTMCell,
    SimpleRNN,
    SimpleRNNCell,
    StackedRNNCells,
    TimeDistributed,
)
from kx_tensor import GradientTape, KerasTensor, grad, ops
from kx_tensor.graph import Function

RNG = np.random.default_rng(0)
X = RNG.normal(size=(3, 5, 4)).astype("float32")
MASK = np.array([[1, 1, 1, 0, 0], [0, 0, 1, 1, 0], [0, 0, 0, 0, 0]], bool)
CELLS = {SimpleRNN: SimpleRNNCell, LSTM: LSTMCell, GRU: GRUCell}
every_layer = pytest.mark.parametrize("layer_class", CELLS)


def close(a, b):
    np.testing.assert_allclose(np.asarray(a), np.asarray(b), rtol=2e-5, atol=2e-6)


def twins(layer_class, **options):
    """Two layers with the same weights and seed: one fused, one that goes step by step."""
    fused = layer_class(3, seed=7, **options)
    cell_options = {k: v for k, v in options.items() if k in CELLS[layer_class].__fields__}
    rest = {k: v for k, v in options.items() if k not in cell_options}
    stepwise = RNN(Stepwise(CELLS[layer_class](3, seed=7, **cell_options)), **rest)
    for layer in (fused, stepwise):
        layer.build((None, None, 4))
    stepwise.set_weights(fused.get_weights())
    return fused, stepwise


class Stepwise(Layer):
    """A cell of the user's that leaves everything to another one: RNN can't fuse it."""

    def __init__(self, cell):
        super().__init__()
        self.cell = cell
        self.state_size = cell.state_size

    def build(self, input_shape):
        self.cell.build(input_shape)

    def call(self, inputs, states, training=False):
        return self.cell(inputs, states, training=training)


# ---- both computations -------------------------------------------------------------------------------------------


@every_layer
@pytest.mark.parametrize("mask", [None, MASK], ids=["whole", "masked"])
def test_fused_and_stepwise_agree(layer_class, mask):
    for sequences, backwards, zero in itertools.product([False, True], repeat=3):
        pair = twins(
            layer_class, return_sequences=sequences, return_state=True, go_backwards=backwards,
            zero_output_for_mask=zero, dropout=0.3, recurrent_dropout=0.4,
        )  # fmt: skip
        for training in (False, True):
            results = [layer(X, mask=mask, training=training) for layer in pair]
            for one, other in zip(*results, strict=True):
                close(one, other)


@pytest.mark.parametrize("layer_class", [LSTM, GRU])
def test_use_cudnn_chooses_the_computation(layer_class):
    layers = [layer_class(3, use_cudnn=choice) for choice in ("auto", True, False)]
    for layer in layers:
        layer.build(X.shape)
        layer.set_weights(layers[0].get_weights())
        close(layer(X), layers[0](X))
    assert [layer._fuses() for layer in layers] == [True, True, False]
    odd = layer_class(3, activation="softsign")
    assert odd(X).shape == (3, 3) and not odd._fuses()
    with pytest.raises(ValueError, match="use_cudnn=True demands"):
        layer_class(3, activation="softsign", use_cudnn=True)(X)


def test_a_cell_with_its_own_call_is_not_fused():
    class Doubling(LSTMCell):
        def call(self, inputs, states, training=False):
            out, states = super().call(inputs, states, training)
            return out * 2.0, states

    layer, plain = RNN(Doubling(3)), RNN(LSTMCell(3))
    plain(X)
    layer(X)
    layer.set_weights(plain.get_weights())
    close(layer(X), plain(X) * 2.0)


@every_layer
def test_unroll_and_old_arguments_change_nothing(layer_class):
    plain = layer_class(3, return_sequences=True)
    other = layer_class(3, return_sequences=True, unroll=True, input_shape=(5, 4))
    plain(X)
    other.build(X.shape)
    other.set_weights(plain.get_weights())
    close(other(X), plain(X))


# ---- dropout -----------------------------------------------------------------------------------------------------


@every_layer
def test_dropout_masks_are_those_of_keras_in_shape(layer_class):
    """One mask for all gates; with recurrent dropout, or implementation 1, one for each."""
    cell_class = CELLS[layer_class]
    step, state = ops.ones((2, 4)), ops.ones((2, 3))
    cell = cell_class(3, dropout=0.5, seed=1)
    assert cell.get_dropout_mask(step).shape == (2, 4) and cell.get_recurrent_dropout_mask(state) is None
    assert set(np.unique(cell.get_dropout_mask(step))) <= {0.0, 2.0}
    cell = cell_class(3, dropout=0.5, recurrent_dropout=0.25, seed=1)
    masks, back = cell.get_dropout_mask(step), cell.get_recurrent_dropout_mask(state)
    if cell.gates == 1:
        assert masks.shape == (2, 4) and back.shape == (2, 3)
        return
    assert [m.shape for m in masks] == [(2, 4)] * cell.gates
    assert [m.shape for m in back] == [(2, 3)] * cell.gates
    assert len(cell_class(3, dropout=0.5, implementation=1).get_dropout_mask(step)) == cell.gates


def test_dropout_masks_stay_until_they_are_reset():
    cell, step = GRUCell(3, dropout=0.5, seed=1), ops.ones((8, 16))
    first = cell.get_dropout_mask(step).numpy()
    np.testing.assert_array_equal(cell.get_dropout_mask(step).numpy(), first)
    cell.reset_dropout_mask()
    assert (cell.get_dropout_mask(step).numpy() != first).any()


def test_dropout_is_the_same_at_each_step_and_new_for_each_sequence():
    layer = SimpleRNN(
        16, dropout=0.5, activation="linear", kernel_initializer="identity", recurrent_initializer="zeros",
        return_sequences=True, seed=3,
    )  # fmt: skip
    ones = np.ones((4, 6, 16), "float32")
    first, second = (layer(ones, training=True).numpy() for _ in range(2))
    assert (first == first[:, :1]).all() and set(np.unique(first)) == {0.0, 2.0}
    assert (first != second).any()
    assert (layer(ones).numpy() == 1).all()
    assert layer.cell.seed_generator.state.numpy()[1] == 2


def test_recurrent_dropout_multiplies_the_state():
    layer = SimpleRNN(
        16, recurrent_dropout=0.5, activation="linear", kernel_initializer="identity",
        recurrent_initializer="identity", return_sequences=True, seed=3,
    )  # fmt: skip
    out = layer(np.ones((4, 3, 16), "float32"), training=True).numpy()
    kept = out[:, 1] == 3  # 1 + 2 * 1
    assert (out[:, 0] == 1).all() and (kept | (out[:, 1] == 1)).all() and 0 < kept.mean() < 1
    assert (out[:, 2][kept] == 7).all() and (out[:, 2][~kept] == 1).all()


def test_rates_outside_0_to_1_are_moved_to_the_end():
    assert (LSTM(2, dropout=1.5).dropout, GRU(2, recurrent_dropout=-1).recurrent_dropout) == (1.0, 0.0)
    assert np.isfinite(LSTM(2, dropout=1.0)(X, training=True).numpy()).all()


# ---- states ------------------------------------------------------------------------------------------------------


@every_layer
def test_a_stateful_layer_goes_on_where_it_was(layer_class):
    whole = layer_class(3, return_sequences=True)
    parts = layer_class(3, return_sequences=True, stateful=True)
    whole(X)
    assert parts.states is None
    parts.build(X.shape)
    parts.set_weights(whole.get_weights())
    found = np.concatenate([parts(X[:, :2]).numpy(), parts(X[:, 2:]).numpy()], axis=1)
    close(found, whole(X))
    assert len(parts.weights) == len(whole.weights) and len(parts.variables) == len(whole.variables)
    parts.reset_state()
    assert not any(s.numpy().any() for s in parts.states)
    close(parts(X), whole(X))
    with pytest.raises(ValueError, match="batches of 3, got one of 2"):
        parts(X[:2])
    with pytest.raises(ValueError, match="batch size must be fixed"):
        layer_class(3, stateful=True)(KerasTensor((None, 5, 4)))


@every_layer
def test_gradients_of_a_stateful_layer_are_those_at_the_states_it_had(layer_class):
    layer = layer_class(3, stateful=True)
    layer(X)
    before = [s.numpy().copy() for s in layer.states]

    def gradients(**call):
        with GradientTape() as tape:
            loss = ops.sum(layer(X, **call) ** 2)
        return tape.gradient(loss, layer.trainable_variables)

    found = gradients()
    for one, other in zip(found, gradients(initial_state=before), strict=True):
        close(one, other)


def test_states_go_from_an_encoder_to_a_decoder():
    source, target = KerasTensor((None, None, 4)), KerasTensor((None, None, 4))
    encoder, decoder = LSTM(3, return_state=True), LSTM(3, return_sequences=True)
    _, h, c = encoder(source)
    model = Function([source, target], decoder(target, initial_state=[h, c]))
    _, h, c = encoder(X)
    close(model([ops.convert_to_tensor(X)] * 2), decoder(X, initial_state=[h, c]))
    assert not np.allclose(decoder(X).numpy(), decoder(X, initial_state=[h, c]).numpy())
    with pytest.raises(ValueError, match="has 2 state"):
        decoder(X, initial_state=[h])
    with pytest.raises(ValueError, match="initial_c"):
        decoder(X, initial_state=[h, ops.zeros((3, 2))])


@every_layer
def test_a_cell_by_itself(layer_class):
    layer = layer_class(3)
    layer(X)
    states = layer.get_initial_state(3)
    for t in range(5):
        out, states = layer.cell(X[:, t], states)
    close(out, layer(X))
    assert isinstance(states, list) and all(s.shape == (3, 3) for s in states)
    if len(states) == 1:
        out, state = layer.cell(X[:, 0], states[0])
        close(out, state)
    symbols = [KerasTensor((None, 3)) for _ in states]
    out, symbols = layer.cell(KerasTensor((None, 4)), symbols, training=True)
    assert out.shape == (None, 3) and all(s.shape == (None, 3) for s in symbols)


# ---- cells -------------------------------------------------------------------------------------------------------


def test_a_cell_of_ones_own():
    class Growing(Layer):
        """Its output is not of the size of its state, and it starts at 5."""

        state_size, output_size = [4, 1], 5

        def get_initial_state(self, batch_size):
            return [ops.ones((batch_size, 4)) * 5.0, ops.zeros((batch_size, 1))]

        def call(self, inputs, states):
            total, count = inputs + states[0], states[1] + 1.0
            return ops.concatenate([total, count], axis=-1), (total, count)

    layer = RNN(Growing(), return_sequences=True, return_state=True)
    out, total, count = layer(X, mask=MASK)
    close(out[0, 2, :4], X[0, :3].sum(axis=0) + 5)
    close(out[0, 4], out[0, 2])
    assert not out[1, :2].numpy().any() and not out[2].numpy().any()
    close(count, [[3.0], [2.0], [0.0]])
    close(total[2], [5.0] * 4)
    out, *states = layer(KerasTensor((None, None, 4)))
    assert [out.shape, *[s.shape for s in states]] == [(None, None, 5), (None, 4), (None, 1)]


def test_stacked_cells_and_their_states():
    layer = RNN(StackedRNNCells([LSTMCell(2), GRUCell(3)]), return_state=True)
    out, first, second = layer(X)
    assert [s.shape for s in first] == [(3, 2), (3, 2)] and [s.shape for s in second] == [(3, 3)]
    close(out, second[0])
    close(layer(X, initial_state=layer.get_initial_state(3))[0], out)
    one, two = RNN(LSTMCell(2), return_sequences=True), RNN(GRUCell(3))
    two(one(X))
    one.set_weights(layer.get_weights()[:3])
    two.set_weights(layer.get_weights()[3:])
    close(two(one(X)), out)
    symbolic = layer(KerasTensor((None, 5, 4)))
    assert [s.shape for s in symbolic[1]] == [(None, 2)] * 2 and symbolic[2][0].shape == (None, 3)


def test_stacked_cells_keep_states_and_drop():
    layer = RNN([LSTMCell(2, dropout=0.5), GRUCell(3, recurrent_dropout=0.5)], stateful=True)
    first = layer(X, training=True).numpy()
    assert (layer(X, training=True).numpy() != first).any()
    layer.reset_state()
    assert all(not s.numpy().any() for states in layer.states for s in states)


# ---- around other layers -----------------------------------------------------------------------------------------


def test_the_mask_of_an_embedding():
    ids = np.array([[3, 4, 0, 0], [1, 2, 3, 4]])
    embedding, layer = Embedding(5, 4, mask_zero=True), LSTM(3)
    out = layer(embedding(ids)).numpy()
    close(out[:1], layer(embedding(ids[:1, :2])))
    symbol = KerasTensor((None, None), "int32")
    model = Function(symbol, layer(embedding(symbol)))
    close(model(ops.convert_to_tensor(ids)), out)
    kept = LSTM(3, return_sequences=True)(embedding(ids))
    np.testing.assert_array_equal(kept._keras_mask.numpy(), ids != 0)


def test_a_mask_with_more_axes_counts_steps_with_any_true():
    layer = GRU(3)
    wide = np.stack([MASK, np.zeros_like(MASK)], axis=-1)
    close(layer(X, mask=wide), layer(X, mask=MASK))


def test_regularizers_constraints_and_frozen_layers():
    layer = LSTM(
        2, kernel_regularizer="l1", recurrent_regularizer="l2", bias_regularizer="l2",
        activity_regularizer="l2", kernel_constraint="non_neg",
    )  # fmt: skip
    out = layer(X).numpy()
    kernel, recurrent, bias = layer.get_weights()
    wanted = [0.01 * (out**2).sum() / 3, 0.01 * np.abs(kernel).sum(), 0.01 * (recurrent**2).sum()]
    close([float(v) for v in layer.losses], [*wanted, 0.01 * (bias**2).sum()])
    assert layer.weights[0].constraint is not None
    assert bias.tolist() == [0, 0, 1, 1, 0, 0, 0, 0]
    frozen = LSTM(2, trainable=False)
    frozen(X)
    assert not frozen.trainable_weights and len(frozen.non_trainable_weights) == 3
    frozen.trainable = True
    assert len(frozen.trainable_weights) == 3


@pytest.mark.parametrize("merge_mode", ["sum", "mul", "ave", "concat", None])
def test_bidirectional_merges_two_layers(merge_mode):
    layer = Bidirectional(GRU(3, return_sequences=True), merge_mode)
    out = layer(X)
    ahead = layer.forward_layer(X).numpy()
    back = layer.backward_layer(X).numpy()[:, ::-1]
    merged = {
        "sum": ahead + back, "mul": ahead * back, "ave": (ahead + back) / 2,
        "concat": np.concatenate([ahead, back], axis=-1),
    }  # fmt: skip
    if merge_mode is None:
        close(out[0], ahead)
        close(out[1], back)
    else:
        close(out, merged[merge_mode])


def test_bidirectional_weights_and_states():
    given = [np.full(shape, 0.1, "float32") for shape in [(4, 2), (2, 2), (2,)] * 2]
    layer = Bidirectional(SimpleRNN(2, stateful=True), weights=given)
    layer(X)
    close(layer.get_weights()[0], given[0])
    assert len(layer.states) == 2 and layer.states[0].numpy().any()
    layer.reset_states()
    assert not layer.states[1].numpy().any()
    with pytest.raises(ValueError, match="forward and the 1 of the backward"):
        layer(X, initial_state=[ops.zeros((3, 2))])
    assert [name for name, _ in layer._tracked_items()] == ["forward_layer", "backward_layer"]
    frozen = Bidirectional(GRU(2), trainable=False)
    frozen(X)
    assert not frozen.trainable_weights and not any(w.trainable for w in frozen.weights)


def test_time_distributed_applies_the_layer_to_each_step():
    layer = TimeDistributed(Dense(2))
    out = layer(X).numpy()
    for t in range(5):
        close(out[:, t], layer.layer(X[:, t]))
    dropped = TimeDistributed(Dropout(0.5, seed=1))(np.ones((4, 6, 8), "float32"), training=True).numpy()
    assert (dropped[:, 0] != dropped[:, 1]).any()


def test_time_distributed_normalizes_each_step_by_itself():
    x = np.arange(24, dtype="float32").reshape(2, 4, 3)
    layer = TimeDistributed(BatchNormalization(momentum=0.5))
    np.testing.assert_allclose(layer(x, training=True).numpy()[:, :, 0], [[-1] * 4, [1] * 4], atol=1e-4)
    close(layer.layer.moving_mean.numpy(), [12.0, 12.9375, 13.875])  # Keras's numbers
    assert layer(x).shape == (2, 4, 3)


def test_time_distributed_passes_inner_masks_on():
    x = RNG.normal(size=(2, 3, 5, 4)).astype("float32")
    mask = RNG.random((2, 3, 5)) > 0.3
    layer = TimeDistributed(LSTM(3))
    out = layer(x, mask=mask).numpy()
    close(out[:, 1], layer.layer(x[:, 1], mask=mask[:, 1]))
    assert layer(x, mask=mask[:, :, 0]).shape == (2, 3, 3)


def test_second_derivatives_of_a_layer():
    layer = GRU(2)
    layer(X)
    slope = grad(lambda x: ops.sum(grad(lambda y: ops.sum(layer(y) ** 2))(x) ** 2))(ops.convert_to_tensor(X))
    assert slope.shape == X.shape and np.isfinite(slope.numpy()).all() and slope.numpy().any()
