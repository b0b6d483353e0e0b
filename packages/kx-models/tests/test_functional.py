"""Functional models: structures of inputs and outputs, shared layers, ops, submodels, `training`."""

import numpy as np
import pytest

from kx_layers import Add, Concatenate, Dense, Dropout, Input, Layer
from kx_models import Functional, Model
from kx_tensor import KerasTensor, ops
from kx_tensor.tensor import Tensor

A = np.linspace(-1, 1, 6).reshape(2, 3).astype("float32")
B = np.linspace(0, 1, 4).reshape(2, 2).astype("float32")


@pytest.fixture
def pair():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    first = Dense(2, name="first")(Concatenate(name="both")([a, b]))
    return a, b, first, Dense(1, name="second")(Add(name="sum")([first, b]))


def test_model_of_inputs_and_outputs_is_functional():
    x = Input((3,), name="x")
    hidden = Dense(4, name="h")(x)
    model = Model(x, Dense(2, name="o")(hidden), name="m")
    assert isinstance(model, Functional)
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 3), (None, 2))
    assert model.input is x
    assert model.inputs == [x]
    assert [layer.name for layer in model.layers] == ["x", "h", "o"]
    assert model.get_layer("h").output.key == hidden.key
    assert model.get_layer(index=1) is model.get_layer("h")
    assert [w.path for w in model.weights] == ["h/kernel", "h/bias", "o/kernel", "o/bias"]
    assert (model.input_names, model.output_names) == (["x"], ["o"])


def test_a_part_of_a_model_shares_its_layers():
    x = Input((3,), name="x")
    hidden = Dense(4, name="h")(x)
    model = Model(x, Dense(2, name="o")(hidden))
    features = Model(model.inputs, model.get_layer("h").output)
    assert features.weights[0] is model.weights[0]
    np.testing.assert_allclose(features(A), model.get_layer("h")(A))
    head = Model(hidden, model.output)
    assert head.input_shape == (None, 4)
    assert [type(layer).__name__ for layer in head.layers] == ["InputLayer", "Dense"]
    np.testing.assert_allclose(head(features(A)), model(A), rtol=1e-6)


def test_lists(pair):
    a, b, one, two = pair
    model = Model([a, b], [one, two])
    out = model([A, B])
    assert isinstance(out, list)
    assert [o.shape for o in out] == [(2, 2), (2, 1)]
    for given in ((A, B), {"a": A, "b": B}, {"b": B, "a": A, "more": A}):
        for same, expected in zip(model(given), out, strict=True):
            np.testing.assert_array_equal(same, expected)
    predicted = model.predict([A, B], verbose=0)
    assert isinstance(predicted, list)
    assert model.input_shape == [(None, 3), (None, 2)]
    assert model.output_names == ["first", "second"]


def test_dicts(pair):
    a, b, one, two = pair
    model = Model({"a": a, "b": b}, {"p": one, "q": [two, one]})
    out = model({"b": B, "a": A})
    assert list(out) == ["p", "q"]
    assert out["q"][0].shape == (2, 1)
    predicted = model.predict({"a": A, "b": B}, verbose=0)
    np.testing.assert_array_equal(predicted["q"][1], out["p"])
    np.testing.assert_array_equal(model([A, B])["p"], out["p"])
    with pytest.raises(ValueError, match=r"no data for the input\(s\) \['b'\]"):
        model({"a": A})


def test_tuples(pair):
    a, b, one, two = pair
    model = Model((a, b), (one, two))
    assert isinstance(model((A, B)), tuple)
    assert model.get_config()["input_layers"] == (["a", 0, 0], ["b", 0, 0])


def test_a_list_of_one_gives_a_bare_tensor():
    x = Input((3,))
    model = Model([x], [Dense(2)(x)])
    assert isinstance(model(A), Tensor)
    assert isinstance(model([A]), Tensor)
    assert isinstance(model.predict(A, verbose=0), np.ndarray)


def test_one_layer_called_twice():
    x, layer = Input((3,), name="x"), Dense(3, name="d")
    model = Model(x, layer(layer(x)))
    assert [layer.name for layer in model.layers] == ["x", "d"]
    assert len(model.weights) == 2
    np.testing.assert_allclose(model(A), layer(layer(A)), rtol=1e-6)
    again = Model.from_config(model.get_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(A), model(A))


def test_ops_and_operators_on_symbolic_tensors():
    x = Input((3,), name="x")
    y = ops.concatenate([x * 2 + 1, -x, 1 - x], axis=-1)
    outputs = [
        y,
        ops.relu(y)[:, 1:4],
        ops.mean(y, axis=-1, keepdims=True),
        x**2,
        x / 2,
        x @ np.ones((3, 2), "float32"),
    ]
    model = Model(x, outputs)
    whole = np.concatenate([A * 2 + 1, -A, 1 - A], axis=-1)
    expected = [
        whole,
        np.maximum(whole, 0)[:, 1:4],
        whole.mean(-1, keepdims=True),
        A**2,
        A / 2,
        A @ np.ones((3, 2)),
    ]
    for out, value in zip(model(A), expected, strict=True):
        np.testing.assert_allclose(out, value, rtol=1e-6, atol=1e-6)
    assert [t.shape for t in model.outputs] == [
        (None, 9),
        (None, 3),
        (None, 1),
        (None, 3),
        (None, 3),
        (None, 2),
    ]


def test_an_input_that_nothing_uses():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    model = Model([a, b], Dense(2, name="d")(b))
    assert sorted(layer.name for layer in model.layers) == ["a", "b", "d"]
    assert model([A, B]).shape == (2, 2)


class Sum(Layer):
    def call(self, x, y=None):
        return x if y is None else x + y


def test_an_optional_input():
    x, y = Input((3,), name="x"), Input((3,), name="y", optional=True)
    model = Model([x, y], Sum()(x, y))
    np.testing.assert_array_equal(model([A, None]), A)
    np.testing.assert_array_equal(model([A, A]), A + A)
    np.testing.assert_array_equal(model.predict([A, None], verbose=0), A)
    by_name = Model({"x": x, "y": y}, Sum()(x, y))
    np.testing.assert_array_equal(by_name({"x": A, "y": None}), A)
    with pytest.raises(ValueError, match="The input 'x' of model .* is not optional, but None was passed"):
        model([None, A])


class Scaled(Layer):
    def call(self, a, *, b, scale=1.0):
        return (a + b) * scale


def test_keyword_tensors_and_plain_keyword_arguments():
    a, b = Input((3,), name="a"), Input((3,), name="b")
    model = Model([a, b], Scaled(name="s")(a, b=b, scale=3.0))
    np.testing.assert_allclose(model([A, A]), 6 * A, rtol=1e-6)
    call = model.get_config()["layers"][2]["inbound_nodes"][0]
    assert call["kwargs"]["scale"] == 3.0
    assert call["kwargs"]["b"]["config"]["keras_history"] == ["b", 0, 0]
    again = Model.from_config(model.get_config(), custom_objects={"Scaled": Scaled})
    np.testing.assert_allclose(again([A, A]), 6 * A, rtol=1e-6)


class Seen(Layer):
    """Keeps what `training` it was called with."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.untracked("seen", [])

    def call(self, x, training=False):
        if not isinstance(x, KerasTensor):
            self.seen.append(training)
        return x * 1.0


def test_training_reaches_the_layers():
    x, layer = Input((3,)), Seen()
    model = Model(x, layer(x))
    model(A)
    model(A, training=True)
    model(A, training=False)
    model.compile()
    model.predict(A, verbose=0)
    assert layer.seen == [False, True, False, False]


def test_training_of_the_model_precedes_that_given_for_the_graph():
    """As in Keras 3: `Dropout(...)(x, training=True)` drops nothing in `predict`."""
    x, layer = Input((3,)), Seen()
    model = Model(x, layer(x, training=True))
    model(A)
    model(A, training=False)
    model.predict(A, verbose=0)
    assert layer.seen == [True, False, False]
    outer = Model(x, model(x))
    outer(A)
    outer(A, training=False)
    assert layer.seen[3:] == [True, False]


def test_dropout_draws_only_in_training():
    x = Input((3,))
    model = Model(x, Dropout(0.5)(x))
    np.testing.assert_array_equal(model(A), A)
    draws = [model(A, training=True).numpy() for _ in range(20)]
    assert set(np.round(np.abs(draws / A), 6).ravel()) == {0, 2}


def test_a_model_in_a_model():
    i = Input((3,), name="i")
    inner = Model(i, Dense(2, name="id")(i), name="inner")
    x = Input((3,), name="x")
    model = Model(x, Dense(1, name="od")(inner(x)), name="outer")
    assert [w.path for w in model.weights] == ["id/kernel", "id/bias", "od/kernel", "od/bias"]
    inner.trainable = False
    assert len(model.trainable_weights) == 2
    again = Model.from_config(model.get_config())
    assert len(again.trainable_weights) == 2
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(A), model(A))


def test_other_dtypes_are_cast():
    x = Input((3,))
    model = Model(x, Dense(2)(x))
    expected = model(A)
    np.testing.assert_allclose(model(A.astype("float64")), expected, rtol=1e-6)
    assert model(np.ones((2, 3), "int32")).dtype == "float32"
    ids = Input((), dtype="int32")
    assert Model(ids, ids * 1)(np.ones((2, 1))).dtype == "int32"


def test_a_symbolic_call_makes_symbolic_outputs():
    x = Input((3,))
    model = Model(x, Dense(2)(x))
    out = model(Input((3,), batch_size=7))
    assert isinstance(out, KerasTensor)
    assert out.shape == (7, 2)
    assert model.compute_output_shape((5, 3)) == (5, 2)


def test_what_can_be_no_model():
    x = Input((3,))
    with pytest.raises(ValueError, match="All `outputs` values must be KerasTensors"):
        Model(x, np.ones(3))
    with pytest.raises(ValueError, match="All `inputs` values must be KerasTensors"):
        Model(np.ones((2, 3)), x)
    with pytest.raises(TypeError, match="'foo'"):
        Model(x, Dense(2)(x))(A, foo=1)


def test_a_config_that_waits_for_itself():
    x = Input((3,), name="x")
    config = Model(x, Dense(2, name="d")(x)).get_config()
    config["layers"][1]["inbound_nodes"][0]["args"][0]["config"]["keras_history"] = ["d", 0, 0]
    with pytest.raises(ValueError, match=r"\['d'\] wait for each other"):
        Model.from_config(config)
