"""`Sequential`: building when data come, changing the stack, errors."""

import numpy as np
import pytest

from kx_layers import Activation, Dense, Dropout, Embedding, Input, Lambda
from kx_models import Model, Sequential

X = np.linspace(-1, 1, 8).reshape(2, 4).astype("float32")


def test_without_an_input_the_first_call_builds():
    model = Sequential([Dense(3, activation="relu"), Dense(2)], name="s")
    assert not model.built
    assert model.weights == []
    assert model(X).shape == (2, 2)
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 2))
    assert [w.path.split("/")[0] for w in model.weights] == ["s"] * 4
    assert model.count_params() == 4 * 3 + 3 + 3 * 2 + 2


@pytest.mark.parametrize("name", ["inputs", "outputs", "input_shape", "output_shape"])
def test_what_an_unbuilt_stack_does_not_know_is_no_attribute(name):
    model = Sequential([Dense(3)])
    with pytest.raises(AttributeError, match=r"yet. Start it with keras.Input\(shape\)"):
        getattr(model, name)
    assert not hasattr(model, name)


def test_with_an_input_each_added_layer_is_built_at_once():
    model = Sequential(name="s")
    model.add(Input((4,)))
    assert not model.built
    model.add(Dense(3, name="a"))
    assert model.built
    model.add(Dense(2, name="b"))
    assert model.output_shape == (None, 2)
    assert [w.path for w in model.weights] == ["s/a/kernel", "s/a/bias", "s/b/kernel", "s/b/bias"]
    assert [layer.name for layer in model.layers] == ["a", "b"]


@pytest.mark.parametrize("arguments", [{"input_shape": (4,)}, {"input_dim": 4}])
def test_the_first_layer_may_say_the_input_shape(arguments):
    model = Sequential([Dense(3, **arguments)])
    assert model.built
    assert (model.input_shape, model.output_shape) == ((None, 4), (None, 3))


def test_build_with_a_shape():
    model = Sequential([Dense(3), Dropout(0.5), Dense(2)])
    model.build((None, 4))
    assert model.output_shape == (None, 2)
    assert len(model.weights) == 4
    assert len(model.variables) == 5  # the state of the dropout's seed generator


def test_pop_and_add_after_building():
    model = Sequential([Dense(3), Dense(2)])
    model(X)
    popped = model.pop()
    assert popped.units == 2
    assert model.output_shape == (None, 3)
    model.add(Dense(5))
    assert model.output_shape == (None, 5)
    assert len(model.weights) == 4
    assert model(X).shape == (2, 5)
    model.pop()
    model.pop()
    assert model.layers == []
    assert not model.built


def test_pop_of_nothing():
    with pytest.raises(ValueError, match="has no layers to pop"):
        Sequential().pop()


def test_weights_survive_pop():
    model = Sequential([Input((4,)), Dense(3), Dense(2)])
    kernel = model.layers[0].kernel
    model.pop()
    assert model.weights[0] is kernel
    np.testing.assert_allclose(model(X), X @ kernel.numpy() + model.layers[0].bias.numpy(), rtol=1e-5)


def test_stack_of_stacks():
    inner = Sequential([Input((4,)), Dense(3, name="a")], name="inner")
    model = Sequential([inner, Dense(2, name="b")], name="outer")
    assert model.built
    assert [w.path for w in model.weights] == [
        "inner/a/kernel",
        "inner/a/bias",
        "outer/b/kernel",
        "outer/b/bias",
    ]
    late = Sequential([Sequential([Dense(3, name="a")], name="inner"), Dense(2, name="b")], name="outer")
    late(X)
    assert [w.path for w in late.weights][:2] == ["outer/inner/a/kernel", "outer/inner/a/bias"]


def test_a_functional_model_in_a_stack():
    x = Input((4,))
    model = Sequential([Model(x, Dense(3)(x)), Activation("relu")])
    assert model.output_shape == (None, 3)
    np.testing.assert_allclose(model(X), np.maximum(model.layers[0](X), 0))


def test_integers_for_an_embedding():
    model = Sequential([Embedding(5, 2), Lambda(lambda x: x[:, 0])])
    ids = np.array([[1, 2], [4, 0]])
    np.testing.assert_array_equal(model(ids), model.layers[0].embeddings.numpy()[[1, 4]])
    assert model.predict(ids, verbose=0).shape == (2, 2)


def test_what_is_no_layer():
    with pytest.raises(
        ValueError, match="Only instances of `keras.Layer` can be added to a Sequential model. Received: 3"
    ):
        Sequential([3])
    with pytest.raises(ValueError, match="Only instances"):
        Sequential([Dense])


def test_the_input_comes_first_and_once():
    with pytest.raises(ValueError, match="an Input comes first"):
        Sequential([Input((3,)), Input((3,))])


def test_another_input_shape():
    model = Sequential([Input((4,)), Dense(2)], name="s")
    with pytest.raises(
        ValueError, match=r"configured to use input shape \(None, 4\). You cannot build it with input_shape"
    ):
        model.build((None, 5))
    model.build((None, 4))
    assert len(model.weights) == 2


def test_an_empty_stack():
    with pytest.raises(ValueError, match="has no layers. Call `model.add"):
        Sequential().build((None, 3))
    with pytest.raises(ValueError, match="You must provide an `input_shape`"):
        Sequential([Dense(2)]).build()


def test_a_last_axis_of_one_is_mended():
    model = Sequential([Input((4, 1)), Lambda(lambda x: x * 1.0)])
    assert model(X).shape == (2, 4, 1)
    model = Sequential([Input((4,)), Dense(2)])
    assert model(X[..., None]).shape == (2, 2)


def test_the_batch_axis_of_the_input_binds_nobody():
    model = Sequential([Input((4,), batch_size=7), Dense(2)])
    assert model.output_shape == (7, 2)
    assert model(X).shape == (2, 2)
    assert model.predict(np.ones((40, 4)), verbose=0).shape == (40, 2)


def test_compute_output_shape():
    assert Sequential([Dense(3), Dense(2)]).compute_output_shape((None, 4)) == (None, 2)
    assert Sequential([Input((4,)), Dense(2)]).compute_output_shape((9, 4)) == (9, 2)


def test_frozen_as_a_whole():
    model = Sequential([Input((4,)), Dense(3), Dense(2)])
    model.trainable = False
    assert model.trainable_weights == []
    assert len(model.non_trainable_weights) == 4
    assert not model.layers[0].trainable
    model.trainable = True
    assert len(model.trainable_weights) == 4


def test_config_round_trip_of_a_built_and_of_a_deferred_stack():
    model = Sequential([Dense(3, activation="relu"), Dropout(0.2), Dense(2)], name="s")
    again = Sequential.from_config(model.get_config())
    assert not again.built
    model(X)
    again = Sequential.from_config(model.get_config())
    assert again.built
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(X), model(X))
    assert again.get_config() == model.get_config()
