"""Models for files that kx and Keras read from each other: each is built, trained, saved by either library.

`MODELS` maps a name to `make(keras)`, which returns a compiled model and its data `(x, y)`; `keras` is Keras or kx. All
are small, train without shuffling, and draw no random numbers while they train, so that their losses can be compared.
"""

import numpy as np


def rng(seed=0):
    return np.random.default_rng(seed)


def floats(*shape, seed=0):
    return rng(seed).uniform(-1, 1, shape).astype("float32")


def mlp(keras):
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((3,)), layers.Dense(4, activation="relu", kernel_regularizer="l2"), layers.Dense(2)],
        name="mlp",
    )
    model.compile("adam", "mse", metrics=["mae"])
    return model, (floats(12, 3), floats(12, 2))


def shared(keras):
    layers = keras.layers
    a, b = keras.Input((3,), name="a"), keras.Input((3,), name="b")
    one = layers.Dense(4, activation="tanh", name="one")
    inside = keras.Input((4,), name="inside")
    nested = keras.Model(inside, layers.Dense(4, name="deep")(inside), name="nested")
    joined = layers.Concatenate(name="joined")([nested(one(a)), one(b), nested(one(b))])
    model = keras.Model([a, b], layers.Dense(1, name="out")(joined), name="shared")
    rate = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    model.compile(keras.optimizers.SGD(rate, momentum=0.9, nesterov=True), "mse")
    return model, ([floats(12, 3), floats(12, 3) * 0.5], floats(12, 1))


def cnn(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((6, 6, 2)),
            layers.Conv2D(3, 3, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.Activation("relu"),
            layers.MaxPooling2D(),
            layers.SeparableConv2D(4, 2),
            layers.GlobalAveragePooling2D(),
            layers.Dense(3, activation="softmax"),
        ],
        name="cnn",
    )
    model.compile(
        keras.optimizers.RMSprop(0.01, momentum=0.5, centered=True),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model, (floats(12, 6, 6, 2), rng().integers(0, 3, (12, 1)))


def rnn(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="int32"),
            layers.Embedding(7, 3, mask_zero=True),
            layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
            layers.TimeDistributed(layers.Dense(3)),
            layers.RNN([layers.GRUCell(2), layers.LSTMCell(2)]),
            layers.Dense(1, activation="sigmoid"),
        ],
        name="rnn",
    )
    model.compile(keras.optimizers.Adam(0.01, amsgrad=True, clipnorm=0.5), "binary_crossentropy")
    return model, (rng().integers(0, 7, (12, 5)), rng().integers(0, 2, (12, 1)))


def operations(keras):
    ops = keras.ops
    x = keras.Input((4,), name="x")
    h = keras.layers.Dense(4, name="h")(x)
    h = ops.concatenate([ops.relu(h) * 2.0, -h[:, :2], ops.mean(h, axis=-1, keepdims=True)], axis=-1)
    h = ops.where(h > 0, h, ops.exp(h) - 1)
    h = ops.reshape(ops.matmul(ops.expand_dims(h, -1), ops.expand_dims(h, 1)), (-1, 49))
    model = keras.Model(x, keras.layers.Dense(2, name="out")(h / (1.0 + ops.abs(h))), name="operations")
    model.compile(keras.optimizers.AdamW(0.01, weight_decay=0.01), "mse")
    return model, (floats(12, 4), floats(12, 2))


def blend_class(keras):
    """A layer of a user's with sublayers in a list and a dict, weights of its own, one of them not trained."""

    @keras.saving.register_keras_serializable("recorded")
    class Blend(keras.layers.Layer):
        def __init__(self, units, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.many = [keras.layers.Dense(units), [keras.layers.Dense(units)]]
            self.named = {"z": keras.layers.Dense(units), "a": keras.layers.Dense(units)}
            self._own = keras.layers.Dense(units)
            self.again = self._own

        def build(self, input_shape):
            self.calls = self.add_weight(shape=(), initializer="zeros", name="calls", trainable=False)
            self.scale = self.add_weight(shape=(self.units,), initializer="ones", name="scale")
            for layer in (self.many[0], self.many[1][0], *self.named.values(), self._own):
                layer.build(input_shape)

        def call(self, x):
            parts = [
                self.many[0](x),
                self.many[1][0](x),
                self.named["z"](x),
                self.named["a"](x),
                self._own(x),
            ]
            return sum(parts) * self.scale

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Blend


def subclass_class(keras):
    blend = blend_class(keras)

    @keras.saving.register_keras_serializable("recorded")
    class Net(keras.Model):
        def __init__(self, units=3, **kwargs):
            super().__init__(**kwargs)
            self.units = units
            self.zero = keras.layers.Dense(units)
            self._private = keras.layers.Dense(units)
            self.blend = blend(units)
            self.inner = keras.Sequential([keras.layers.Dense(units), keras.layers.Dense(2)])

        def call(self, x):
            return self.inner(self.blend(self._private(self.zero(x))))

        def get_config(self):
            return {**super().get_config(), "units": self.units}

    return Net


def subclass(keras):
    model = subclass_class(keras)(name="net")
    model.compile(keras.optimizers.Nadam(0.01, use_ema=True, ema_momentum=0.8), "mse")
    return model, (floats(12, 4), floats(12, 2))


def outputs(keras):
    layers = keras.layers
    x = keras.Input((4,), name="x")
    h = layers.Dense(3, activation="gelu", name="h")(x)
    model = keras.Model(
        x, {"left": layers.Dense(1, activation="sigmoid", name="left")(h), "right": layers.Dense(2, name="right")(h)},
        name="outputs",
    )  # fmt: skip
    model.compile(
        keras.optimizers.Adagrad(0.1),
        loss={"left": keras.losses.BinaryCrossentropy(label_smoothing=0.1), "right": "huber"},
        loss_weights={"left": 2.0, "right": 0.5},
        metrics={"left": [keras.metrics.AUC(num_thresholds=5, name="auc"), "accuracy"], "right": ["mae"]},
        weighted_metrics={"right": ["mse"]},
    )
    return model, (floats(12, 4), {"left": rng().integers(0, 2, (12, 1)), "right": floats(12, 2)})


def attention(keras):
    layers = keras.layers
    x = keras.Input((4, 6), name="x")
    h = layers.LayerNormalization(name="norm")(x)
    h = layers.MultiHeadAttention(2, 3, name="attend")(h, h, use_causal_mask=True)
    h = layers.Add(name="add")([x, h])
    h = layers.Dense(3, name="dense")(h)
    h = layers.GlobalMaxPooling1D(name="pool")(h)
    model = keras.Model(x, layers.PReLU(name="out")(h), name="attention")
    model.compile(keras.optimizers.Adam(0.01, gradient_accumulation_steps=2), "mae")
    return model, (floats(12, 4, 6), floats(12, 3))


def mixed(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3, dtype="mixed_bfloat16", activation="relu"),
            layers.Dense(3, dtype="bfloat16"),
            layers.Dense(1, dtype="float32"),
        ],
        name="mixed",
    )
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01, momentum=0.9)), "mse")
    return model, (floats(12, 4), floats(12, 1))


def seeds(keras):
    layers = keras.layers
    model = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dropout(0.5, seed=3),
            layers.GaussianNoise(0.1, seed=4),
            layers.SpectralNormalization(layers.Dense(2)),
        ],
        name="seeds",
    )
    return model, (floats(12, 4), floats(12, 2))


MODELS = {
    f.__name__: f for f in (mlp, shared, cnn, rnn, operations, subclass, outputs, attention, mixed, seeds)
}


def custom_objects(keras):
    """Make known to `keras` the classes that the files name."""
    subclass_class(keras)


def train(model, x, y, epochs):
    """Train without shuffling and return the losses of the epochs."""
    return model.fit(x, y, batch_size=4, epochs=epochs, shuffle=False, verbose=0).history["loss"]


def flat(outputs):
    """Predictions as a list of float64 arrays, a dict's by the names of its keys."""
    if isinstance(outputs, dict):
        outputs = [outputs[key] for key in sorted(outputs)]
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return [np.asarray(value).astype("float64") for value in outputs]
