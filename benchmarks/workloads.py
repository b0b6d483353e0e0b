"""The workloads that are measured, written once against Keras's API for any package that has it.

Sizes are those of the usual examples: MNIST for the dense and the convolutional network, IMDB for the recurrent ones
and the transformer, CIFAR-10 for ResNet-20. The arrays are random. benchmarks/torch_workloads.py has the same for
plain PyTorch.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

WORDS, LENGTH, WIDTH = 20000, 80, 128  # of the texts: vocabulary, words of a text, features of a word
HEADS, HIDDEN = 4, 512  # of a transformer layer


@dataclass(frozen=True)
class Workload:
    """A model and how it is trained: `model(package)` builds it, `data(samples)` gives x and y."""

    model: Callable
    data: Callable
    optimizer: str
    loss: str
    batch: int
    steps: int  # of an epoch

    def compiled(self, package):
        """Build and compile the model with a Keras-compatible package."""
        model = self.model(package)
        metrics = [] if self.loss == "mse" else ["accuracy"]
        model.compile(optimizer=self.optimizer, loss=self.loss, metrics=metrics)
        return model


# ---- data ------------------------------------------------------------------------------------------------------


def numbers(samples):
    rng = np.random.default_rng(0)
    return rng.random((samples, 10), "float32"), rng.random((samples, 1), "float32")


def pictures(*shape):
    """Return data(samples): random pictures of this shape in ten classes."""

    def data(samples):
        rng = np.random.default_rng(0)
        x = rng.random((samples, *shape), "float32")
        return x, np.eye(10, dtype="float32")[rng.integers(0, 10, samples)]

    return data


def texts(samples):
    rng = np.random.default_rng(0)
    x = rng.integers(1, WORDS, (samples, LENGTH), "int32")
    return x, rng.integers(0, 2, (samples, 1)).astype("float32")


# ---- models ----------------------------------------------------------------------------------------------------


def small(keras):
    layers = keras.layers
    return keras.Sequential([keras.Input((10,)), layers.Dense(16, activation="relu"), layers.Dense(1)])


def mlp(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((784,)),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(512, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(10, activation="softmax"),
        ]
    )


def cnn(keras):
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(2),
            layers.Dropout(0.25),
            layers.Flatten(),
            layers.Dense(128, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(10, activation="softmax"),
        ]
    )


def recurrent(layer, **options):
    """Return model(keras): a layer of this name between an embedding and a dense unit."""

    def model(keras):
        layers = keras.layers
        return keras.Sequential(
            [
                keras.Input((LENGTH,), dtype="int32"),
                layers.Embedding(WORDS, WIDTH),
                getattr(layers, layer)(WIDTH, **options),
                layers.Dense(1, activation="sigmoid"),
            ]
        )

    return model


def resnet(keras):
    """ResNet-20 for CIFAR-10 (He et al. 2015): three stages of three blocks, with 16, 32 and 64 filters."""
    layers = keras.layers

    def normalized(x, filters, size, strides=1):
        x = layers.Conv2D(filters, size, strides=strides, padding="same", use_bias=False)(x)
        return layers.BatchNormalization()(x)

    def block(x, filters, strides):
        out = layers.Activation("relu")(normalized(x, filters, 3, strides))
        out = normalized(out, filters, 3)
        shortcut = x if strides == 1 else normalized(x, filters, 1, strides)
        return layers.Activation("relu")(layers.add([out, shortcut]))

    inputs = keras.Input((32, 32, 3))
    x = layers.Activation("relu")(normalized(inputs, 16, 3))
    for filters in (16, 32, 64):
        for number in range(3):
            x = block(x, filters, 2 if number == 0 and filters > 16 else 1)
    x = layers.GlobalAveragePooling2D()(x)
    return keras.Model(inputs, layers.Dense(10, activation="softmax")(x))


def transformer(keras):
    """Two encoder layers (Vaswani et al. 2017) over embedded words and learned positions."""
    layers = keras.layers

    class Positions(layers.Layer):
        def build(self, input_shape):
            self.table = self.add_weight(shape=input_shape[1:], initializer="uniform", name="table")

        def call(self, inputs):
            return inputs + self.table

    inputs = keras.Input((LENGTH,), dtype="int32")
    x = Positions()(layers.Embedding(WORDS, WIDTH)(inputs))
    for _ in range(2):
        attended = layers.MultiHeadAttention(HEADS, WIDTH // HEADS)(x, x)
        x = layers.LayerNormalization()(layers.add([x, attended]))
        hidden = layers.Dense(HIDDEN, activation="relu")(x)
        x = layers.LayerNormalization()(layers.add([x, layers.Dense(WIDTH)(hidden)]))
    x = layers.GlobalAveragePooling1D()(x)
    return keras.Model(inputs, layers.Dense(1, activation="sigmoid")(x))


CLASSES, YES_NO = "categorical_crossentropy", "binary_crossentropy"

WORKLOADS = {
    "small_sgd": Workload(small, numbers, "sgd", "mse", batch=32, steps=300),
    "small_adam": Workload(small, numbers, "adam", "mse", batch=32, steps=300),
    "mlp_sgd": Workload(mlp, pictures(784), "sgd", CLASSES, batch=128, steps=100),
    "mlp_adam": Workload(mlp, pictures(784), "adam", CLASSES, batch=128, steps=100),
    "cnn": Workload(cnn, pictures(28, 28, 1), "adadelta", CLASSES, batch=128, steps=15),
    "lstm": Workload(
        recurrent("LSTM", dropout=0.2, recurrent_dropout=0.2), texts, "sgd", YES_NO, batch=32, steps=30
    ),
    "lstm_plain": Workload(recurrent("LSTM"), texts, "adam", YES_NO, batch=32, steps=30),
    "gru": Workload(recurrent("GRU"), texts, "adam", YES_NO, batch=32, steps=30),
    "resnet": Workload(resnet, pictures(32, 32, 3), "adam", CLASSES, batch=64, steps=6),
    "transformer": Workload(transformer, texts, "adam", YES_NO, batch=32, steps=15),
}
