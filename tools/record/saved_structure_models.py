"""Models of saved_models.py's kind of many forms: nested, with dicts and lists, subclassed, with classes of a user's."""

import functools

import numpy as np
from saved_models import floats, rng


def nested(keras):
    """A Sequential model in a functional one in a Sequential one."""
    layers = keras.layers
    head = keras.Sequential([keras.Input((4,)), layers.Dense(3), layers.BatchNormalization()], name="head")
    x = keras.Input((4,), name="inside")
    middle = keras.Model(x, layers.Concatenate(name="both")([head(x), head(x * 2.0), x]), name="middle")
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4), middle, layers.Dense(2, activation="tanh")], name="nested"
    )
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, (floats(12, 3), floats(12, 2, seed=1))


def frozen(keras):
    layers = keras.layers
    body = keras.Sequential(
        [keras.Input((4,)), layers.Dense(4, activation="relu"), layers.BatchNormalization()], name="body"
    )
    body.trainable = False
    stack = [
        layers.Dense(4, trainable=False),
        body,
        layers.BatchNormalization(trainable=False),
        layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((3,)), *stack], name="frozen")
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, (floats(12, 3), floats(12, 1, seed=1))


def dicts(keras):
    """Inputs in a dict, outputs in a dict, a loss for each of them."""
    layers = keras.layers
    x = {"b": keras.Input((3,), name="b"), "a": keras.Input((2,), name="a")}
    h = layers.Concatenate(name="all")([layers.Dense(3, name="left")(x["b"]), x["a"]])
    y = {"q": layers.Dense(1, name="q")(h), "p": layers.Dense(2, activation="softmax", name="p")(h)}
    model = keras.Model(x, y, name="dicts")
    model.compile("adam", {"p": "categorical_crossentropy", "q": "mae"}, loss_weights={"p": 0.5, "q": 1.5})
    targets = {"p": np.eye(2, dtype="float32")[rng().integers(0, 2, 12)], "q": floats(12, 1)}
    return model, ({"a": floats(12, 2), "b": floats(12, 3, seed=1)}, targets)


def lists(keras):
    """Several outputs in a list, one of them without a loss."""
    layers = keras.layers
    x = keras.Input((4,), name="x")
    h = layers.Dense(3, activation="relu", name="h")(x)
    model = keras.Model(x, [layers.Dense(1, name="one")(h), layers.Dense(2, name="two")(h), h], name="lists")
    model.compile(
        keras.optimizers.Adagrad(0.05), ["mse", keras.losses.LogCosh(), None], loss_weights=[1.0, 0.5, None],
        metrics=[["mae"], [keras.metrics.RootMeanSquaredError(name="root")], None],
    )  # fmt: skip
    return model, (floats(12, 4), [floats(12, 1), floats(12, 2, seed=1), floats(12, 3, seed=2)])


def calls(keras):
    """Layers called with arguments, and called again elsewhere in the graph."""
    layers = keras.layers
    x = keras.Input((4,), name="x")
    norm, dense = layers.BatchNormalization(name="norm"), layers.Dense(4, name="dense")
    h = norm(dense(x), training=False)
    h = norm(dense(h + 1.0), training=True)
    model = keras.Model(x, layers.Dense(1, name="out")(h), name="calls")
    model.compile("adam", "mse")
    return model, (floats(12, 4), floats(12, 1, seed=1))


@functools.cache
def own_parts(keras):
    """Functions and classes of a user's, registered: one of each kind that a model names in its config."""
    register = keras.saving.register_keras_serializable("recorded")

    @register
    def bend(x):
        return x * x * 0.5 + x

    @register
    def halve(x):
        return x / 2.0

    @register
    class Shift(keras.layers.Layer):
        def __init__(self, activation=None, start=None, **kwargs):
            super().__init__(**kwargs)
            self.activation = keras.activations.get(activation)
            self.start = keras.initializers.get(start)

        def build(self, input_shape):
            self.shift = self.add_weight(shape=(input_shape[-1],), initializer=self.start, name="shift")
            self.built = True

        def call(self, x):
            return self.activation(x + self.shift)

        def get_config(self):
            config = {"activation": keras.activations.serialize(self.activation)}
            return {**super().get_config(), **config, "start": keras.initializers.serialize(self.start)}

    @register
    class Twice(keras.layers.Wrapper):
        def call(self, x):
            return self.layer(x) + self.layer(-x)

    @register
    class Half(keras.initializers.Initializer):
        def __init__(self, value=0.5):
            self.value = value

        def __call__(self, shape, dtype=None, **kwargs):
            return keras.initializers.Constant(self.value)(shape, dtype)

        def get_config(self):
            return {"value": self.value}

    @register
    class Pull(keras.regularizers.Regularizer):
        def __init__(self, strength=0.01):
            self.strength = strength

        def __call__(self, x):
            return keras.regularizers.L2(self.strength)(x - 1.0)

        def get_config(self):
            return {"strength": self.strength}

    @register
    class Floor(keras.constraints.Constraint):
        def __init__(self, low=-0.5):
            self.low = low

        def __call__(self, w):
            return keras.constraints.NonNeg()(w - self.low) + self.low

        def get_config(self):
            return {"low": self.low}

    @register
    class Steep(keras.losses.Loss):
        def __init__(self, power=2.0, name="steep", **kwargs):
            super().__init__(name=name, **kwargs)
            self.power = power

        def call(self, y_true, y_pred):
            return (y_true - y_pred) ** 2 * self.power

        def get_config(self):
            return {**super().get_config(), "power": self.power}

    @register
    class Spread(keras.metrics.Mean):
        def update_state(self, y_true, y_pred, sample_weight=None):
            return super().update_state((y_true - y_pred) ** 2)

    return bend, halve, Shift, Twice, Half, Pull, Floor, Steep, Spread


def own(keras):
    layers = keras.layers
    bend, _, Shift, Twice, Half, Pull, Floor, Steep, Spread = own_parts(keras)
    stack = [
        layers.Dense(4, activation=bend, kernel_regularizer=Pull(0.02), bias_constraint=Floor(-0.1)),
        Shift(activation="tanh", start=Half(0.25)),
        Twice(layers.Dense(3, activation="relu")),
        layers.Dense(2, bias_initializer=Half()),
    ]
    model = keras.Sequential([keras.Input((3,)), *stack], name="own")
    model.compile(keras.optimizers.Adam(0.02), Steep(3.0), metrics=[Spread(name="spread")])
    return model, (floats(12, 3), floats(12, 2, seed=1))


def lambdas(keras):
    halve = own_parts(keras)[1]
    layers = keras.layers
    stack = [layers.Dense(4), layers.Lambda(halve, name="halve"), layers.Dense(2)]
    model = keras.Sequential([keras.Input((3,)), *stack], name="lambdas")
    model.compile("sgd", "mse")
    return model, (floats(12, 3), floats(12, 2, seed=1))


@functools.cache
def own_classes(keras):
    """A model that is functional inside, one that keeps its layers in a list, a layer that writes its own variables."""
    register = keras.saving.register_keras_serializable("recorded")

    @register
    class Tower(keras.Model):
        def __init__(self, units=3, depth=2, **kwargs):
            super().__init__(**kwargs)
            self.units, self.depth = units, depth
            self.blocks = [keras.layers.Dense(units, activation="tanh") for _ in range(depth)]
            self.by_name = {"norm": keras.layers.LayerNormalization(), "last": keras.layers.Dense(2)}

        def call(self, x, training=False):
            for block in self.blocks:
                x = block(x)
            return self.by_name["last"](self.by_name["norm"](x))

        def get_config(self):
            return {**super().get_config(), "units": self.units, "depth": self.depth}

    @register
    class Counted(keras.layers.Layer):
        def build(self, input_shape):
            self.offset = self.add_weight(shape=(input_shape[-1],), initializer="zeros", name="offset")
            self.gain = self.add_weight(shape=(), initializer="ones", name="gain")
            self.built = True

        def call(self, x):
            return x * self.gain + self.offset

        def save_own_variables(self, store):
            store["together"] = np.append(np.asarray(self.offset), np.asarray(self.gain))

        def load_own_variables(self, store):
            whole = np.array(store["together"])
            self.offset.assign(whole[:-1])
            self.gain.assign(whole[-1])

        def get_build_config(self):
            return {"input_shape": [None, self.offset.shape[0]]}

        def build_from_config(self, config):
            self.build(config["input_shape"])

    return Tower, Counted


def tower(keras):
    model = own_classes(keras)[0](4, name="tower")
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, (floats(12, 3), floats(12, 2, seed=1))


def inside(keras):
    """A model of a user's class among the layers of a functional one."""
    x = keras.Input((3,), name="x")
    out = keras.layers.Dense(2, name="out")(own_classes(keras)[0](3, 1, name="tower")(x))
    model = keras.Model(x, out, name="inside")
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, (floats(12, 3), floats(12, 2, seed=1))


def own_variables(keras):
    stack = [keras.layers.Dense(4), own_classes(keras)[1](name="counted"), keras.layers.Dense(2)]
    model = keras.Sequential([keras.Input((3,)), *stack], name="own_variables")
    model.compile(keras.optimizers.Adam(0.02), "mse")
    return model, (floats(12, 3), floats(12, 2, seed=1))


MODELS = {
    f.__name__: f
    for f in (nested, frozen, dicts, lists, calls, own, lambdas, tower, inside, own_variables)
}  # fmt: skip


def custom_objects(keras):
    own_parts(keras)
    own_classes(keras)
