"""Models of sequences that are trained and read out, written once for Keras and kx; each function returns numbers by name.

tools/record/sequences.py runs them with Keras and keeps what comes; test_sequences_golden.py compares. `k` is the module.
"""

import numpy as np

CASES = []


def case(function):
    CASES.append(function)
    return function


TOKENS = np.array([[1, 2, 0, 0], [3, 1, 2, 0], [2, 0, 0, 0], [1, 3, 2, 1], [0, 0, 0, 0], [2, 2, 0, 0]])
LEFT = TOKENS[:, ::-1].copy()
HOLES = np.array([[1, 0, 2, 0], [0, 0, 3, 1], [2, 3, 0, 1], [0, 1, 0, 0], [1, 2, 3, 1], [0, 2, 0, 2]])
_rng = np.random.default_rng(11)
STEPS = _rng.normal(size=(6, 4, 3)).astype("float32")
STEPS[TOKENS == 0] = 0
LABELS = _rng.integers(0, 3, (6, 4))
BITS = _rng.integers(0, 2, (6, 4, 1)).astype("float32")
TARGETS = _rng.normal(size=(6, 4, 2)).astype("float32")
FINAL = _rng.normal(size=(6, 2)).astype("float32")
KINDS = _rng.integers(0, 3, 6)
SAMPLE_WEIGHTS = _rng.uniform(0.2, 2, 6).astype("float32")
STEP_WEIGHTS = _rng.uniform(0, 2, (6, 4)).astype("float32")


def fill(model, seed=3):
    """Give all weights numbers that do not depend on who made them."""
    rng = np.random.default_rng(seed)
    model.set_weights([(0.6 * rng.normal(size=w.shape)).astype("float32") for w in model.get_weights()])
    return model


def numbers(model, x, y, fit=None, evaluate=None, copies=True, **compiled):
    """Everything that training, testing and predicting say, and the weights after; and that a copy predicts the same."""
    fill(model)
    found = {"predicted": model.predict(x, verbose=0, batch_size=4)}
    if copies:
        again = type(model).from_config(model.get_config())
        again.set_weights(model.get_weights())
        found["copied"] = again.predict(x, verbose=0, batch_size=4)
    model.compile(optimizer=compiled.pop("optimizer", "sgd"), **compiled)
    history = model.fit(x, y, epochs=2, batch_size=4, shuffle=False, verbose=0, **(fit or {})).history
    found |= {f"fit.{name}": values for name, values in history.items()}
    tested = model.evaluate(x, y, batch_size=4, verbose=0, return_dict=True, **(evaluate or {}))
    found |= {f"test.{name}": value for name, value in tested.items()}
    found["after"] = model.predict(x, verbose=0, batch_size=4)
    found["weights"] = np.concatenate([w.ravel() for w in model.get_weights()])
    return found


# ---- masks in losses and metrics -----------------------------------------------------------------------------


def tagger(k, layer, units=3, activation="softmax"):
    L = k.layers
    return k.Sequential(
        [k.Input((4,)), L.Embedding(4, 3, mask_zero=True), layer, L.Dense(units, activation=activation)]
    )


@case
def labels_of_steps_padded_right(k):
    model = tagger(k, k.layers.LSTM(3, return_sequences=True))
    return numbers(
        model, TOKENS, LABELS, loss="sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"],
    )  # fmt: skip


@case
def labels_of_steps_padded_left_with_sample_weights(k):
    weights = {"sample_weight": SAMPLE_WEIGHTS[:, None]}
    return numbers(
        tagger(k, k.layers.GRU(3, return_sequences=True)), LEFT, LABELS, weights, weights,
        loss="sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"],
    )  # fmt: skip


@case
def numbers_of_steps_with_weights_of_steps(k):
    weights = {"sample_weight": STEP_WEIGHTS}
    return numbers(
        tagger(k, k.layers.SimpleRNN(3, return_sequences=True), 2, None), HOLES, TARGETS, weights, weights,
        loss="mse", metrics=["mae"], weighted_metrics=["mae", "mse"],
    )  # fmt: skip


@case
def bits_of_steps_both_ways(k):
    L = k.layers
    model = k.Sequential(
        [
            k.Input((4, 3)),
            L.Masking(),
            L.Bidirectional(L.SimpleRNN(3, return_sequences=True), merge_mode="sum"),
            L.TimeDistributed(L.Dense(1, activation="sigmoid")),
        ]
    )
    return numbers(
        model, STEPS, BITS, loss="binary_crossentropy", metrics=["accuracy", k.metrics.AUC(name="auc")],
        weighted_metrics=[k.metrics.Precision(name="precision"), k.metrics.MeanSquaredError(name="mse")],
    )  # fmt: skip


@case
def two_outputs_one_with_a_mask(k):
    L = k.layers
    x = k.Input((4,))
    h = L.LSTM(3, return_sequences=True)(L.Embedding(4, 3, mask_zero=True)(x))
    model = k.Model(x, [L.Dense(2, name="steps")(h), L.Dense(2, name="whole")(L.GRU(2)(h))])
    return numbers(
        model, TOKENS, [TARGETS, FINAL], {"validation_data": (LEFT, [TARGETS, FINAL])}, loss=["mse", "mae"],
        loss_weights=[0.5, 2.0], metrics=[["mae"], ["mse"]],
    )  # fmt: skip


@case
def batches_that_are_masked_throughout(k):
    model = tagger(k, k.layers.LSTM(3, return_sequences=True), 2, None)
    return numbers(
        model, np.zeros((6, 4), int), TARGETS, loss="mse", metrics=["mae"], weighted_metrics=["mae"]
    )


def _reduction(reduction):
    def run(k):
        model = tagger(k, k.layers.GRU(3, return_sequences=True), 2, None)
        loss = k.losses.MeanSquaredError(reduction=reduction)
        return numbers(model, HOLES, TARGETS, {"sample_weight": SAMPLE_WEIGHTS[:, None]}, loss=loss)

    run.__name__ = f"masks_and_reduction_{reduction}"
    return run


for name in ("sum", "mean", "mean_with_sample_weight"):
    case(_reduction(name))


@case
def mean_of_the_steps_that_are_there(k):
    L = k.layers
    model = k.Sequential(
        [k.Input((4,)), L.Embedding(4, 3, mask_zero=True), L.Dropout(0.0), L.GlobalAveragePooling1D(), L.Dense(3, activation="softmax")]
    )  # fmt: skip
    used = [0, 1, 2, 3, 5]  # not the sample without steps, whose mean is NaN
    return numbers(
        model, TOKENS[used], KINDS[used], loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


@case
def attention_to_the_steps_that_are_there(k):
    L = k.layers
    question, text = k.Input((4,)), k.Input((4,))
    embed = L.Embedding(4, 3, mask_zero=True)
    q, v = embed(question), embed(text)
    seen = L.Attention()([q, v])
    # of tensors of its own, as Keras's MultiHeadAttention takes the masks away from those that it gets
    heads = L.MultiHeadAttention(2, 2)(embed(question), embed(text))
    model = k.Model([question, text], L.Dense(2)(L.LSTM(3)(L.Concatenate()([seen, heads]))))
    return numbers(model, [HOLES, TOKENS], FINAL, loss="mse")


@case
def sums_and_chains_of_masked_sequences(k):
    L = k.layers
    a, b = k.Input((4,)), k.Input((4,))
    x, y = L.Embedding(4, 3, mask_zero=True)(a), L.Embedding(4, 3, mask_zero=True)(b)
    both = L.Concatenate(axis=1)([L.Add()([x, y]), L.Multiply()([x, y])])
    model = k.Model([a, b], L.Dense(2)(L.GRU(3)(both)))
    return numbers(model, [HOLES, TOKENS], FINAL, loss="mse")


@case
def masks_through_nested_models(k):
    L = k.layers
    inner = k.Sequential([k.Input((4,)), L.Embedding(4, 3, mask_zero=True), L.LSTM(3, return_sequences=True)])
    x = k.Input((4,))
    h = L.BatchNormalization()(inner(x))
    model = k.Model(x, L.Dense(2)(L.LayerNormalization()(h)))
    return numbers(model, TOKENS, TARGETS, loss="mse", metrics=["mae"])


# ---- states kept from batch to batch -------------------------------------------------------------------------


@case
def stateful_layers_through_fit(k):
    L = k.layers
    model = k.Sequential(
        [
            k.Input(batch_shape=(2, 4, 3)),
            L.LSTM(3, stateful=True, return_sequences=True),
            L.GRU(2, stateful=True, return_sequences=True),
            L.SimpleRNN(2, stateful=True),
        ]
    )
    fill(model)
    model.compile("sgd", "mse")
    found = {
        "loss": model.fit(STEPS, FINAL, epochs=3, batch_size=2, shuffle=False, verbose=0).history["loss"]
    }
    found["went_on"] = model.predict(STEPS, batch_size=2, verbose=0)
    for number, layer in enumerate(model.layers):
        for i, state in enumerate(layer.states):
            found[f"state{number}{i}"] = k.ops.convert_to_numpy(state)
    for layer in model.layers:
        layer.reset_states()
    found["reset"] = model.predict(STEPS, batch_size=2, verbose=0)
    model.layers[0].reset_state()
    found["reset_first"] = model.predict(STEPS, batch_size=2, verbose=0)
    return found


@case
def stateful_both_ways_with_masks(k):
    L = k.layers
    model = k.Sequential(
        [
            k.Input(batch_shape=(3, 4)),
            L.Embedding(4, 3, mask_zero=True),
            L.Bidirectional(L.LSTM(2, stateful=True, return_sequences=True)),
            L.Bidirectional(L.GRU(2, stateful=True), merge_mode="ave"),
        ]
    )
    fill(model)
    model.compile("sgd", "mse")
    found = {
        "loss": model.fit(HOLES, FINAL, epochs=2, batch_size=3, shuffle=False, verbose=0).history["loss"]
    }
    found["went_on"] = model.predict(HOLES, batch_size=3, verbose=0)
    model.layers[1].reset_states()
    model.layers[2].reset_states()
    found["reset"] = model.predict(HOLES, batch_size=3, verbose=0)
    return found


# ---- encoder and decoder -------------------------------------------------------------------------------------


def _translation(layer, states):
    def run(k):
        L = k.layers
        source, target = k.Input((4,)), k.Input((4,))
        encoder = getattr(L, layer)(3, return_state=True)
        _, *state = encoder(L.Embedding(4, 2, mask_zero=True)(source))
        embed = L.Embedding(4, 2, mask_zero=True)
        decoder = getattr(L, layer)(3, return_sequences=True, return_state=True)
        out, *_ = decoder(embed(target), initial_state=state if len(state) > 1 else state[0])
        head = L.Dense(3, activation="softmax")
        model = k.Model([source, target], head(out))
        found = numbers(
            model, [TOKENS, LEFT], LABELS, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
        )
        # The parts again, one step at a time, as for a translation.
        reader = k.Model(source, state)
        held = [k.Input((3,)) for _ in range(states)]
        out, *after = decoder(embed(target), initial_state=held)
        writer = k.Model([target, *held], [head(out), *after])
        now = reader.predict(TOKENS, verbose=0)
        now = now if isinstance(now, list) else [now]
        for t in range(3):
            shown, *now = writer.predict([LEFT[:, t : t + 1].repeat(4, 1), *now], verbose=0)
            found[f"step{t}"] = shown
        eager = decoder(
            np.ones((2, 4, 2), "float32"), initial_state=[np.full((2, 3), 0.5, "float32")] * states
        )
        return found | {f"eager{i}": k.ops.convert_to_numpy(e) for i, e in enumerate(eager)}

    run.__name__ = f"encoder_and_decoder_{layer}"
    return run


for name, count in (("LSTM", 2), ("GRU", 1), ("SimpleRNN", 1)):
    case(_translation(name, count))


@case
def states_of_constants(k):
    L = k.layers
    x = k.Input((4, 3))
    start = [L.Lambda(lambda t: t[:, 0])(x), k.ops.zeros_like(x[:, 0]) + 0.25]
    model = k.Model(x, L.LSTM(3)(x, initial_state=start))
    return numbers(model, STEPS, STEPS[:, 0], copies=False, loss="mse")


@case
def both_ways_with_states(k):
    L = k.layers
    x = k.Input((4, 3))
    out, *states = L.Bidirectional(L.LSTM(2, return_state=True))(x)
    out2 = L.Bidirectional(L.LSTM(2))(x, initial_state=states)
    joined = L.Concatenate()([out, out2, L.Concatenate()([states[0], states[2]])])
    return numbers(k.Model(x, L.Dense(2)(joined)), STEPS, FINAL, loss="mse")


# ---- cells of one's own --------------------------------------------------------------------------------------


def own_cells(k):
    @k.saving.register_keras_serializable("own")
    class Minimal(k.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")
            self.recurrent = self.add_weight(shape=(self.units, self.units), name="recurrent")

        def call(self, inputs, states):
            h = k.ops.matmul(inputs, self.kernel) + k.ops.matmul(states[0], self.recurrent)
            return h, [h]

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    @k.saving.register_keras_serializable("own")
    class Counting(k.layers.Layer):
        """An output of another size than its two states, one of which starts at 1."""

        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.state_size = [units, 1]
            self.output_size = 2 * units

        def build(self, input_shape):
            self.kernel = self.add_weight(shape=(input_shape[-1], self.units), name="kernel")

        def get_initial_state(self, batch_size=None):
            return [k.ops.zeros((batch_size, self.units)), k.ops.ones((batch_size, 1))]

        def call(self, inputs, states, training=False):
            h, count = states
            h = k.ops.tanh(k.ops.matmul(inputs, self.kernel) + h * 0.5)
            return k.ops.concatenate([h, h / count], axis=-1), [h, count + 1]

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Minimal, Counting


def _own(name, make, masked=False):
    def run(k):
        L = k.layers
        x = k.Input((4, 3))
        h = L.Masking()(x) if masked else x
        model = k.Model(x, L.Dense(2)(make(L, *own_cells(k))(h)))
        return numbers(model, STEPS, FINAL, copies=False, loss="mse")

    run.__name__ = name
    return run


case(_own("an_own_cell", lambda L, minimal, counting: L.RNN(minimal(3))))
case(
    _own(
        "an_own_cell_with_masks",
        lambda L, minimal, counting: L.RNN(minimal(3), go_backwards=True),
        masked=True,
    )
)
case(_own("an_own_cell_of_two_states", lambda L, minimal, counting: L.RNN(counting(2))))
case(
    _own(
        "own_cells_in_a_list",
        lambda L, minimal, counting: L.RNN([minimal(3), counting(2), L.LSTMCell(2)]),
    )
)
case(
    _own(
        "an_own_cell_both_ways",
        lambda L, minimal, counting: L.Bidirectional(L.RNN(counting(2)), merge_mode="mul"),
    )
)
case(_own("an_own_cell_unrolled", lambda L, minimal, counting: L.RNN(minimal(2), unroll=True)))


# ---- options -------------------------------------------------------------------------------------------------


def _option(text):
    def run(k):
        model = k.Sequential(
            [k.Input((4, 3)), k.layers.Masking(), eval(text, dict(vars(k.layers))), k.layers.Dense(2)]
        )
        return numbers(model, STEPS, FINAL, loss="mse")

    run.__name__ = text
    return run


for text in (
    "LSTM(3, recurrent_activation='hard_sigmoid')",
    "LSTM(3, unit_forget_bias=False, unroll=True)",
    "GRU(3, recurrent_activation='hard_sigmoid', reset_after=False)",
    "GRU(3, reset_after=False, go_backwards=True)",
    "RNN(LSTMCell(3), unroll=True)",
    "RNN(GRUCell(3, reset_after=False))",
    *(f"Bidirectional(GRU(2), merge_mode={mode!r})" for mode in ("concat", "sum", "mul", "ave")),
    "Bidirectional(LSTM(3), backward_layer=GRU(3, go_backwards=True), merge_mode='sum')",
):
    case(_option(text))


@case
def a_model_at_each_step(k):
    L = k.layers
    inner = k.Sequential([k.Input((3,)), L.Dense(4, activation="tanh"), L.Dense(2)])
    model = k.Sequential([k.Input((4, 3)), L.Masking(), L.TimeDistributed(inner), L.GRU(2)])
    return numbers(model, STEPS, FINAL, loss="mse")
