"""Models whose first layers make numbers of strings, or normalize: trained, run, rebuilt from their configs."""

import json

import numpy as np
import pytest

from kx_layers import (
    LSTM,
    CategoryEncoding,
    Concatenate,
    Dense,
    Discretization,
    Embedding,
    Flatten,
    HashedCrossing,
    Hashing,
    Input,
    IntegerLookup,
    Normalization,
    StringLookup,
    TextVectorization,
)
from kx_models import Model, Sequential
from kx_models.saving.api import load_model

WORDS = np.array(["a", "b", "c", "z"] * 16)
TEXTS = np.array(["good film", "bad film", "very good", "very bad"] * 8, dtype=object)
LABELS = np.array([1, 0, 1, 0] * 8)


def rebuilt(model):
    return type(model).from_config(json.loads(json.dumps(model.get_config())))


def test_strings_looked_up_and_embedded():
    x = Input((1,), dtype="string")
    out = Dense(1, activation="sigmoid")(
        Flatten()(Embedding(4, 3)(StringLookup(vocabulary=["a", "b", "c"])(x)))
    )
    model = Model(x, out)
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    y = (WORDS == "a").astype("float32")
    losses = model.fit(WORDS, y, epochs=4, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.evaluate(WORDS[:, None], y, verbose=0)[0] < losses[-1] + 0.01
    predicted = model.predict(WORDS[:4].tolist(), verbose=0)
    np.testing.assert_allclose(model(WORDS[:4]).numpy(), predicted, rtol=1e-6)
    again = rebuilt(model)
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again.predict(WORDS[:4], verbose=0), predicted)


@pytest.mark.parametrize("with_input", [True, False])
def test_texts_into_an_lstm(with_input):
    vectorize = TextVectorization(output_sequence_length=4)
    vectorize.adapt(TEXTS)
    layers = [
        vectorize, Embedding(vectorize.vocabulary_size(), 8, mask_zero=True), LSTM(8), Dense(1, activation="sigmoid"),
    ]  # fmt: skip
    model = Sequential([Input((1,), dtype="string"), *layers] if with_input else layers)
    model.compile("adam", "binary_crossentropy")
    losses = model.fit(TEXTS, LABELS, epochs=10, batch_size=8, verbose=0, validation_split=0.25).history[
        "loss"
    ]
    assert losses[-1] < losses[0]
    good, bad = model.predict(["good", "bad"], verbose=0).ravel()
    assert good > bad


def test_batches_of_texts_from_a_generator():
    vectorize = TextVectorization(vocabulary=["good", "bad"], output_mode="multi_hot")
    model = Sequential([Input((), dtype="string"), vectorize])
    model.add(Dense(1))
    model.compile("sgd", "mse")
    batches = ((TEXTS[i : i + 4], LABELS[i : i + 4]) for i in range(0, 32, 4))
    assert np.isfinite(model.fit(batches, verbose=0).history["loss"][0])
    assert model.layers[-1].kernel.shape == (3, 1)


def test_numbers_back_to_strings():
    x = Input((2,), dtype="int64")
    model = Model(x, StringLookup(vocabulary=["a"], invert=True)(x))
    assert model.output.dtype == "string"
    assert model.predict(np.array([[0, 1]]), verbose=0).tolist() == [["[UNK]", "a"]]


def test_a_table_of_all_kinds():
    color, size, weight = (
        Input((1,), dtype="string", name="color"), Input((1,), dtype="int64", name="size"), Input((1,), name="weight"),
    )  # fmt: skip
    data = {
        "color": np.array(["red", "blue", "red", "green"] * 8), "size": np.array([1, 2, 3, 1] * 8),
        "weight": np.arange(32.0),
    }  # fmt: skip
    colors, sizes, weights = StringLookup(output_mode="one_hot"), IntegerLookup(), Normalization()
    colors.adapt(data["color"])
    sizes.adapt(data["size"])
    weights.adapt(data["weight"][:, None])
    crossed = HashedCrossing(6, output_mode="one_hot")([color, size])
    both = Concatenate()(
        [colors(color), CategoryEncoding(4, "one_hot")(sizes(size)), crossed, weights(weight)]
    )
    model = Model({"color": color, "size": size, "weight": weight}, Dense(1)(both))
    model.compile("adam", "mse")
    losses = model.fit(data, np.arange(32) % 2, epochs=3, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert model.input_names == ["color", "size", "weight"] and both.shape == (None, 4 + 4 + 6 + 1)
    assert rebuilt(model).output_shape == (None, 1)  # the vocabulary comes later: its size is in the config


def test_normalization_adapted_in_a_model():
    x = np.random.default_rng(0).normal(50.0, 10.0, (64, 3)).astype("float32")
    model = Sequential([Input((3,)), Normalization(), Dense(1)])
    model.layers[0].adapt(x)
    model.compile("sgd", "mse")
    losses = model.fit(x, x.sum(axis=1), epochs=5, verbose=0).history["loss"]
    assert losses[-1] < losses[0]
    assert len(model.trainable_weights) == 2 and len(model.weights) == 5
    normalized = model.layers[0](x).numpy()
    np.testing.assert_allclose([normalized.mean(), normalized.std()], [0, 1], atol=1e-5)


@pytest.mark.parametrize("layer", [IntegerLookup, Hashing, Discretization])
def test_steps_that_repeat_look_up_anew(layer):
    """Steps of one shape are replayed: what a layer finds on the host for one batch must not serve for the next."""
    arguments = {
        IntegerLookup: {"vocabulary": [5, 6]},
        Hashing: {"num_bins": 8},
        Discretization: {"bin_boundaries": [5.5]},
    }
    x = np.repeat([5, 6], 64)

    def trained(run_eagerly):
        table = Embedding(8, 2, embeddings_initializer="ones")
        model = Sequential(
            [Input((1,), dtype="int64"), layer(**arguments[layer]), table, Flatten(), Dense(1, "tanh")]
        )
        model.layers[-1].set_weights([np.ones((2, 1)), np.zeros(1)])
        model.compile("sgd", "mse", run_eagerly=run_eagerly)
        model.fit(x, np.where(x == 5, 1.0, -1.0), epochs=2, batch_size=8, shuffle=False, verbose=0)
        return table.get_weights()[0]

    np.testing.assert_array_equal(trained(False), trained(True))


def test_strings_where_numbers_belong_and_the_other_way_round():
    numbers = Sequential([Input((3,)), Dense(1)])
    with pytest.raises(ValueError, match='has dtype float32.*Input\\(shape, dtype="string"\\)'):
        numbers.predict(np.array([["a", "b", "c"]]), verbose=0)
    texts = Sequential([Input((1,), dtype="string"), StringLookup(vocabulary=["a"])])
    with pytest.raises(ValueError, match="has dtype string, the data int64"):
        texts.predict(np.array([1, 2]), verbose=0)


def test_what_was_learnt_is_in_the_file(tmp_path):
    words, numbers = Input((1,), dtype="string"), Input((1,), dtype="int64")
    vectorize, look_up = TextVectorization(output_mode="tf_idf"), IntegerLookup(output_mode="multi_hot")
    vectorize.adapt(TEXTS)
    look_up.adapt([3, 4, 4])
    model = Model([words, numbers], [vectorize(words), look_up(numbers)])
    model.save(tmp_path / "model.keras")
    data = [TEXTS[:3], np.array([3, 4, 5])]
    for mine, read in zip(
        model.predict(data, verbose=0),
        load_model(tmp_path / "model.keras").predict(data, verbose=0),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, read)
