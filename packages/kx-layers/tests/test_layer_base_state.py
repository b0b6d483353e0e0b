"""A layer's variables: how they are found, in which order, which train, how they are counted, read and set."""

import numpy as np
import pytest

from kx_layers import Dense, Dropout, Layer
from kx_tensor import Variable

X = np.linspace(-1, 1, 6).reshape(2, 3).astype("float32")


class Block(Layer):
    """Own weights of both kinds, sublayers as attributes, in a list, in a dict."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.a = Dense(2, name="a")
        self.drop = Dropout(0.5, name="drop")
        self.c = [Dense(3, name="c0"), Dense(2, name="c1")]
        self.d = {"z": Dense(2, name="dz"), "y": Dense(2, name="dy")}

    def build(self, input_shape):
        self.w = self.add_weight((2,), name="w")
        self.fixed = self.add_weight((1,), name="fixed", trainable=False)
        self.w2 = self.add_weight((1,), name="w2")

    def call(self, x):
        x = self.drop(self.a(x))
        for layer in self.c:
            x = layer(x)
        return self.d["y"](self.d["z"](x)) * self.w


SUB = [f"b/{layer}/{part}" for layer in ("a", "c0", "c1", "dz", "dy") for part in ("kernel", "bias")]


@pytest.fixture
def block():
    layer = Block(name="b")
    layer(X)
    return layer


def paths(variables):
    return [v.path for v in variables]


def test_order_of_weights_is_kerass(block):
    """Own weights first, those that train before the others, then the sublayers in order of assignment."""
    assert paths(block.weights) == ["b/w", "b/w2", "b/fixed", *SUB]
    assert paths(block.trainable_weights) == ["b/w", "b/w2", *SUB]
    assert paths(block.non_trainable_weights) == ["b/fixed"]


def test_states_of_seed_generators_are_variables_but_no_weights(block):
    others = sorted(set(paths(block.variables)) - set(paths(block.weights)))
    assert [path.split("/")[-1] for path in others] == ["seed_generator_state"]
    assert paths(block.non_trainable_variables) == ["b/fixed", *others]
    assert paths(block.trainable_variables) == ["b/w", "b/w2", *SUB]


def test_freezing_keeps_the_order(block):
    before = paths(block.weights)
    block.trainable = False
    assert paths(block.weights) == before
    assert block.trainable_weights == []
    assert paths(block.non_trainable_weights) == before
    assert not block.c[1].trainable
    block.trainable = True
    assert paths(block.trainable_weights) == ["b/w", "b/w2", *SUB]
    assert not block.fixed.trainable


def test_freezing_one_layer_or_one_variable(block):
    block.a.trainable = False
    assert paths(block.trainable_weights) == ["b/w", "b/w2", *SUB[2:]]
    block.c[0].kernel.trainable = False
    assert "b/c0/kernel" not in paths(block.trainable_weights)
    assert "b/c0/kernel" in paths(block.non_trainable_weights)


def test_frozen_before_it_is_built():
    layer = Dense(2, trainable=False)
    layer(X)
    assert layer.trainable_weights == []
    layer.trainable = True
    assert len(layer.trainable_weights) == 2


def test_deep_nesting_is_searched():
    class Nest(Layer):
        def __init__(self):
            super().__init__()
            self.deep = [[Dense(1, name="x0")], {"k": [Dense(1, name="x1")]}]
            self.pair = (Dense(1, name="x2"),)
            self.values = [Variable(1.0, name="v")]

        def call(self, x):
            for layer in (self.deep[0][0], self.deep[1]["k"][0], self.pair[0]):
                x = layer(x)
            return x

    layer = Nest()
    layer(X)
    assert [w.name for w in layer.weights] == ["v", *["kernel", "bias"] * 3]


def test_a_sublayer_met_twice_counts_once():
    class Shared(Layer):
        def __init__(self):
            super().__init__()
            self.one = Dense(3)
            self.again = self.one
            self.all = [self.one, self.again]

        def call(self, x):
            return self.again(self.one(x))

    layer = Shared()
    layer(X)
    assert len(layer.weights) == 2


def test_replaced_and_deleted_attributes_are_forgotten():
    class Holder(Layer):
        def __init__(self):
            super().__init__()
            self.part = Dense(2, name="old")

        def call(self, x):
            return self.part(x)

    layer = Holder()
    layer(X)
    layer.part = Dense(4, name="new")
    assert layer(X).shape == (2, 4)
    assert [w.shape for w in layer.weights] == [(3, 4), (4,)]
    del layer.part
    assert layer.weights == []


def test_untracked_attributes_are_no_state():
    layer = Dense(2)
    layer.untracked("friend", Dense(3))
    layer(X)
    layer.friend(X)
    assert len(layer.weights) == 2


def test_counts(block):
    own, a, c, d = 2 + 1 + 1, 3 * 2 + 2, (2 * 3 + 3) + (3 * 2 + 2), 2 * (2 * 2 + 2)
    assert block.count_params() == own + a + c + d
    with pytest.raises(ValueError, match="isn't built. Call `layer.build"):
        Dense(2).count_params()


def test_get_and_set_weights(block):
    values = [np.full(w.shape, i, "float32") for i, w in enumerate(block.get_weights())]
    block.set_weights(values)
    for one, two in zip(block.get_weights(), values, strict=True):
        np.testing.assert_array_equal(one, two)
    assert float(block.w2.numpy()[0]) == 1
    with pytest.raises(ValueError, match="weight list of length 1, but the layer was expecting 13"):
        block.set_weights(values[:1])
    with pytest.raises(ValueError, match=r"'b/w' has shape \(2,\), the given array has shape \(3,\)"):
        block.set_weights([np.ones(3), *values[1:]])
    assert float(block.w2.numpy()[0]) == 1  # nothing was set


def test_own_variables_are_stored_by_number(block):
    store = {}
    block.save_own_variables(store)
    assert {k: v.shape for k, v in store.items()} == {"0": (2,), "1": (1,), "2": (1,)}
    other = Block(name="b")
    other(X)
    other.load_own_variables(store)
    np.testing.assert_array_equal(other.w, block.w)
    with pytest.raises(ValueError, match="expected 3 variables, but received 1"):
        other.load_own_variables({"0": store["0"]})


def test_paths_of_a_layer_built_alone_and_inside_another():
    alone = Dense(2, name="alone")
    alone(X)
    assert paths(alone.weights) == ["alone/kernel", "alone/bias"]
    block = Block(name="outer")
    block.a = alone
    block(X)
    assert paths(block.a.weights) == ["alone/kernel", "alone/bias"]  # it was built before
    assert block.c[0].path == "outer/c0"
