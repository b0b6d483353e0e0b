"""Subclassed models: tracking, names and order of weights, building, configs; what all models have."""

import numpy as np
import pytest

from kx_io import register_keras_serializable
from kx_layers import Dense, Dropout, Input, Layer
from kx_models import Functional, Model, Sequential
from kx_tensor import Variable, grad, ops
from kx_tensor.state import count_params

X = np.linspace(-1, 1, 6).reshape(2, 3).astype("float32")


@register_keras_serializable("tests")
class Net(Model):
    """Layers as attributes, in a list, in a dict."""

    def __init__(self, width=3, **kwargs):
        super().__init__(**kwargs)
        self.width = width
        self.first = Dense(width, name="first")
        self.stack = [Dense(2, name=f"stack{i}") for i in range(2)]
        self.named = {"end": Dense(2, name="end")}
        self.drop = Dropout(0.5)

    def call(self, x, training=None):
        x = self.drop(self.first(x), training=training)
        for layer in self.stack:
            x = layer(x)
        return self.named["end"](x)

    def get_config(self):
        return {**super().get_config(), "width": self.width}


PATHS = [
    f"net/{layer}/{part}" for layer in ("first", "stack0", "stack1", "end") for part in ("kernel", "bias")
]


def test_layers_are_found_in_attributes_lists_and_dicts():
    model = Net(name="net")
    assert not model.built
    assert model.weights == []
    assert [layer.name for layer in model.layers][:4] == ["first", "stack0", "stack1", "end"]
    assert model.get_layer("stack1") is model.stack[1]


@pytest.mark.parametrize("build", ["call", "symbolic", "build", "fit"])
def test_weights_come_with_the_first_call_whatever_makes_it(build):
    model = Net(name="net")
    if build == "call":
        model(X)
    elif build == "symbolic":
        model(Input((3,)))
    elif build == "build":
        model.build((None, 3))
    else:
        model.compile("sgd", "mse")
        model.fit(X, X[:, :2], verbose=0)
    assert model.built
    assert [w.path for w in model.weights] == PATHS
    assert len(model.trainable_variables) == 8
    assert len(model.variables) == 9  # the seed generator's state is a variable, no weight
    assert model.count_params() == count_params(model.weights) == 3 * 3 + 3 + 3 * 2 + 2 + 2 * (2 * 2 + 2)


def test_config_round_trip():
    model = Net(4, name="net")
    model(X)
    config = model.get_config()
    assert (config["name"], config["width"], config["trainable"]) == ("net", 4, True)
    again = Net.from_config(config)
    again.build_from_config(model.get_build_config())
    again.set_weights(model.get_weights())
    np.testing.assert_array_equal(again(X), model(X))
    assert again.get_config() == config


def test_a_subclass_may_be_made_of_a_graph():
    class Made(Model):
        def __init__(self, units=2, **kwargs):
            x = Input((3,), name="x")
            dense = Dense(units, name="d")
            super().__init__(inputs=x, outputs=dense(x), **kwargs)
            self.units, self.dense = units, dense

        def get_config(self):
            return {"units": self.units, "name": self.name}

    model = Made(4, name="made")
    assert isinstance(model, Made)
    assert isinstance(model, Functional)
    assert model.output_shape == (None, 4)
    assert [w.path for w in model.weights] == ["d/kernel", "d/bias"]
    assert Made.from_config(model.get_config()).output_shape == (None, 4)
    model.compile("sgd", "mse")
    model.fit(X, np.ones((2, 4)), verbose=0)


def test_a_subclass_that_only_changes_a_step_is_made_like_any_model():
    class Doubling(Model):
        def predict_step(self, data):
            return super().predict_step(data) * 2

    x = Input((3,))
    model = Doubling(x, Dense(2)(x))
    np.testing.assert_allclose(model.predict(X, verbose=0), 2 * model(X).numpy())
    again = Doubling.from_config(model.get_config())
    assert isinstance(again, Doubling)
    assert again.output_shape == (None, 2)


def test_variables_of_the_model_itself_come_first():
    class Scaled(Model):
        def __init__(self):
            super().__init__(name="m")
            self.dense = Dense(2, name="d")
            self.scale = self.add_weight((), "ones", name="scale")
            self.offset = Variable(0.5, name="offset")

        def call(self, x):
            return self.dense(x) * self.scale + self.offset

    model = Scaled()
    model(X)
    assert [w.name for w in model.weights] == ["scale", "offset", "kernel", "bias"]


def test_nested_structures_of_inputs_and_outputs():
    class Pair(Model):
        def call(self, x):
            return x["u"] * 2, {"z": x["v"]}

    doubled, rest = Pair().predict({"u": X, "v": X + 1}, verbose=0, batch_size=1)
    np.testing.assert_array_equal(doubled, 2 * X)
    np.testing.assert_array_equal(rest["z"], X + 1)


def test_what_an_unbuilt_model_cannot_tell():
    model = Net()
    with pytest.raises(ValueError, match="the layer isn't built"):
        model.count_params()
    for name in ("input", "output"):
        with pytest.raises(AttributeError, match="has never been called"):
            getattr(model, name)
    with pytest.raises(NotImplementedError, match=r"does not have a `call\(\)` method"):
        Model()(X)


def test_get_layer():
    model = Sequential([Input((3,)), Dense(2, name="a"), Dense(1, name="b")])
    assert model.get_layer("b") is model.get_layer(index=1) is model.get_layer(index=-1)
    with pytest.raises(ValueError, match="index 5 but model only has 2 layers"):
        model.get_layer(index=5)
    with pytest.raises(ValueError, match="Existing layers are"):
        model.get_layer("c")
    with pytest.raises(ValueError, match="one of the two"):
        model.get_layer()
    with pytest.raises(ValueError, match="one of the two"):
        model.get_layer("a", 0)


def test_get_and_set_weights():
    model = Sequential([Input((3,)), Dense(2)])
    kernel, bias = model.get_weights()
    kernel += 1
    assert (model.get_weights()[0] != kernel).all()  # copies
    model.set_weights([kernel, bias])
    np.testing.assert_array_equal(model.get_weights()[0], kernel)


def test_stateless_call_leaves_the_model_alone_and_has_gradients():
    model = Sequential([Input((3,)), Dense(2, name="d"), Dropout(0.5)])
    before = model.get_weights()
    values = [np.ones((3, 2), "float32"), np.zeros(2, "float32")]
    others = [v.numpy() for v in model.non_trainable_variables]
    outputs, after = model.stateless_call(values, others, X)
    np.testing.assert_allclose(outputs, X @ values[0], rtol=1e-6)
    np.testing.assert_array_equal(after[0], others[0])
    _, drawn = model.stateless_call(values, others, X, training=True)
    assert (drawn[0].numpy() != others[0]).any()
    for one, two in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(one, two)
    gradient = grad(lambda kernel: ops.sum(model.stateless_call([kernel, values[1]], others, X)[0]))(
        values[0]
    )
    np.testing.assert_allclose(gradient, np.tile(X.sum(0)[:, None], (1, 2)), rtol=1e-5)
    _, _, losses = model.stateless_call(values, others, X, return_losses=True)
    assert losses == []
    with pytest.raises(ValueError, match="expected 2, got 1"):
        model.stateless_call(values[:1], others, X)
    with pytest.raises(ValueError, match="must be built"):
        Dense(2).stateless_call(values, [], X)


def test_a_layer_shared_by_two_models_is_trained_by_both():
    shared = Dense(1, name="shared", use_bias=False)
    one, two = (Sequential([Input((3,)), shared]) for _ in range(2))
    one.compile("sgd", "mse")
    one.fit(X, np.ones((2, 1)), verbose=0)
    assert two.weights[0] is shared.kernel
    np.testing.assert_array_equal(one.predict(X, verbose=0), two.predict(X, verbose=0))
    two.compile("sgd", "mse")
    before = shared.kernel.numpy()
    two.fit(X, np.ones((2, 1)), verbose=0)
    assert (shared.kernel.numpy() != before).all()
    one.fit(X, np.ones((2, 1)), verbose=0)
    np.testing.assert_array_equal(one.predict(X, verbose=0), two.predict(X, verbose=0))


def test_a_layer_made_in_build_is_kept():
    class Late(Layer):
        def build(self, input_shape):
            self.dense = Dense(input_shape[-1], name="dense")
            self.dense.build(input_shape)

        def call(self, x):
            return self.dense(x)

    model = Sequential([Late(name="late")], name="s")
    model(X)
    assert [w.path for w in model.weights] == ["s/late/dense/kernel", "s/late/dense/bias"]


def test_repr_names_the_model():
    assert repr(Net(name="net")) == "<Net name=net, built=False>"
