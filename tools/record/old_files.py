"""Record whole-model HDF5 files of Keras 3.15 and of Keras 2 (tf_keras), and what their models predict and do next.

Needs keras with TensorFlow, and tf_keras. Writes packages/kx-models/tests/golden/old_files.zip: for each model a file
saved in the middle of training, and `recorded.npz` with its inputs, targets, predictions, and the losses of three more
epochs.

    python tools/record/old_files.py
"""

import io
import os
import tempfile
import zipfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import keras
import numpy as np
import tensorflow as tf
import tf_keras

TARGET = Path(__file__).parents[2] / "packages" / "kx-models" / "tests" / "golden" / "old_files.zip"
SAMPLES = 6


# ---- models, for either Keras


def dense(k):
    L = k.layers
    alpha = {"alpha": 0.2} if k is tf_keras else {"negative_slope": 0.2}
    layers = [
        L.Dense(4, activation="elu"),
        L.LeakyReLU(**alpha),
        L.BatchNormalization(),
        L.PReLU(),
        L.Dense(2, activation="softmax", kernel_regularizer=k.regularizers.L1L2(1e-3, 1e-3)),
    ]
    model = k.Sequential([L.Input((3,)), *layers], name="dense_model")
    model.compile(
        k.optimizers.Adam(0.01),
        k.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=["accuracy", "mae"],
    )
    return model


def images(k):
    L = k.layers
    layers = [
        L.Conv2D(3, 3, padding="same", activation="relu", kernel_constraint=k.constraints.MaxNorm(2.0)),
        L.BatchNormalization(momentum=0.8),
        L.DepthwiseConv2D(2, depth_multiplier=2),
        L.SeparableConv2D(4, 2, activation="swish"),
        L.Conv2DTranspose(2, 3, strides=2),
        L.MaxPooling2D(2),
        L.Conv2D(2, 2, dilation_rate=2),
        L.GlobalAveragePooling2D(),
        L.Activation("hard_sigmoid"),
    ]
    model = k.Sequential([L.Input((6, 6, 2)), *layers], name="images")
    model.compile(k.optimizers.SGD(0.1, momentum=0.9, nesterov=True), "mse")
    return model


def recurrent(k):
    L = k.layers
    layers = [
        L.Embedding(9, 3, mask_zero=True),
        L.Bidirectional(L.LSTM(2, return_sequences=True)),
        L.GRU(3, return_sequences=True, reset_after=False, recurrent_activation="hard_sigmoid"),
        L.TimeDistributed(L.Dense(3, activation="tanh")),
        L.GRU(2, return_sequences=True),
        L.SimpleRNN(2),
    ]
    model = k.Sequential([L.Input((5,), dtype="int32"), *layers], name="recurrent")
    model.compile(k.optimizers.SGD(0.1, momentum=0.5), "mse")
    return model


def nested(k):
    L = k.layers
    a, b = L.Input((4,), name="left"), L.Input((4,), name="right")
    shared = L.Dense(3, name="shared")
    block_in = L.Input((3,))
    block_out = L.Dense(3)(L.BatchNormalization()(L.Dense(3, activation="relu")(block_in)))
    block = k.Model(block_in, block_out, name="block")
    block.layers[1].trainable = False
    head = k.Sequential([L.Input((3,)), L.Dense(2), L.LayerNormalization()], name="head")
    x, y = shared(a), shared(b)
    first = head(block(L.Add()([x, y])))
    second = L.Dense(1, name="second")(L.Concatenate()([block(x), y, L.Multiply()([x, y])]))
    third = L.Dot(axes=1, name="third")([x, L.Average()([x, y])])
    model = k.Model([a, b], [first, second, third], name="nested")
    losses = ["mse", "mae", "mse"]
    if k is tf_keras:
        losses = dict(zip(("head", "second", "third"), losses, strict=True))
    model.compile(k.optimizers.Adagrad(0.05), losses, loss_weights=[1.0, 2.0, 0.5])
    return model


def states(k):
    L = k.layers
    source, target = L.Input((4, 2)), L.Input((3, 2))
    _, h, c = L.LSTM(3, return_state=True)(source)
    x = L.LSTM(3, return_sequences=True)(target, initial_state=[h, c])
    cells = L.RNN([L.LSTMCell(2), L.GRUCell(2)], return_sequences=True)(x)
    out = L.TimeDistributed(L.Dense(1))(cells)
    model = k.Model([source, target], out, name="states")
    model.compile(k.optimizers.Adamax(0.02), "mse")
    return model


def attention(k):
    L = k.layers
    x = L.Input((4, 6))
    y = L.MultiHeadAttention(2, 3)(x, x)
    y = L.LayerNormalization()(L.Add()([x, y]))
    y = L.Attention()([y, x])
    y = L.Conv1D(3, 2, padding="causal")(y)
    out = L.Dense(2)(L.GlobalMaxPooling1D()(y))
    model = k.Model(x, out, name="attention")
    optimizer = (
        k.optimizers.Adam if k is tf_keras else k.optimizers.Nadam
    )  # tf_keras does not save all of Nadam's state
    model.compile(optimizer(0.01), "mse")
    return model


def shapes(k):
    L = k.layers
    x = L.Input((4, 6))
    y = L.Reshape((6, 4))(L.Permute((2, 1))(x))
    y = L.MaxPooling1D(2)(y)
    y = L.SpatialDropout1D(0.0)(L.AveragePooling1D(3)(y))
    y = L.RepeatVector(2)(L.Flatten()(y))
    y = L.Conv3D(2, (1, 2, 2))(L.Reshape((2, 2, 2, 1))(y))
    out = L.Dense(1)(L.Flatten()(L.Softmax()(y)))
    model = k.Model(x, out, name="shapes")
    model.compile(k.optimizers.Adadelta(1.0), "huber" if k is keras else k.losses.Huber())
    return model


def tf_functions(k):
    L = k.layers
    x = L.Input((4,))
    y = L.Dense(4, name="conv1/dense")(x)
    y = tf.nn.relu(y) * 2.0 + tf.reduce_mean(y, axis=-1, keepdims=True)
    y = tf.concat([y[:, 0:2], 1.0 - y[:, 2:], tf.math.square(x[:, ::2])], axis=-1)
    y = tf.transpose(tf.reshape(y, (-1, 2, 3)), perm=[0, 2, 1])
    y = tf.clip_by_value(y, -1.0, 1.0) / 2.0
    left, right = tf.split(y, 2, axis=-1)
    y = tf.squeeze(tf.stack([left, tf.nn.leaky_relu(right, alpha=0.1)], axis=1), axis=-1)
    out = L.Dense(1)(tf.cast(tf.reduce_max(y, axis=1), "float32"))
    model = k.Model(x, out, name="tf_functions")
    model.compile(k.optimizers.Ftrl(0.05), "mse")
    return model


def optimizer_model(make):
    def build(k):
        model = k.Sequential(
            [k.layers.Dense(2, input_shape=(3,), name="one"), k.layers.Dense(1, name="two")], name="few"
        )
        model.compile(make(k), "mse")
        return model

    return build


BOTH = {f.__name__: f for f in (dense, images, recurrent, nested, states, attention, shapes)}
OLD_OPTIMIZERS = {
    "adam": lambda k: k.optimizers.legacy.Adam(0.02, decay=0.1, amsgrad=True),
    "rmsprop": lambda k: k.optimizers.legacy.RMSprop(0.02, momentum=0.5, centered=True),
    "sgd": lambda k: k.optimizers.legacy.SGD(0.1, momentum=0.9, decay=0.05, clipnorm=0.5),
    "adadelta": lambda k: k.optimizers.legacy.Adadelta(1.0),
    "adamax": lambda k: k.optimizers.legacy.Adamax(0.02),
    "adagrad": lambda k: k.optimizers.legacy.Adagrad(0.1),
    "ftrl": lambda k: k.optimizers.legacy.Ftrl(0.1),
    "rmsprop_new": lambda k: k.optimizers.RMSprop(0.02, momentum=0.5, centered=True),
    "schedule": lambda k: k.optimizers.Adam(
        k.optimizers.schedules.ExponentialDecay(0.1, 2, 0.5), global_clipnorm=1.0
    ),
    "adamw": lambda k: k.optimizers.AdamW(0.05, weight_decay=0.1),
}


def record(name, k, build, folder, arrays, suffix=".h5"):
    k.utils.set_random_seed(7)
    model = build(k)
    rng = np.random.default_rng(len(name))
    inputs = []
    for given in model.inputs:
        shape = (SAMPLES, *given.shape[1:])
        whole = "int" in str(getattr(given.dtype, "name", given.dtype))
        inputs.append(rng.integers(0, 9, shape) if whole else rng.normal(size=shape).astype("float32"))
    targets = [rng.uniform(size=(SAMPLES, *out.shape[1:])).astype("float32") for out in model.outputs]
    if "dense" in name:  # probabilities
        targets = [y / y.sum(axis=-1, keepdims=True) for y in targets]
    x, y = (values if len(values) > 1 else values[0] for values in (inputs, targets))
    train = dict(batch_size=SAMPLES, shuffle=False, verbose=0)
    model.fit(x, y, epochs=3, **train)
    model.save(os.path.join(folder, name + suffix))
    predictions = model.predict(x, verbose=0)
    history = model.fit(x, y, epochs=3, **train).history
    for i, value in enumerate(inputs):
        arrays[f"{name}/x{i}"] = value
    for i, value in enumerate(targets):
        arrays[f"{name}/y{i}"] = value
    for i, value in enumerate(predictions if isinstance(predictions, list) else [predictions]):
        arrays[f"{name}/p{i}"] = value
    arrays[f"{name}/loss"] = np.array(history["loss"])


def main():
    arrays = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, build in BOTH.items():
            record(f"keras3_{name}", keras, build, folder, arrays)
            record(f"keras2_{name}", tf_keras, build, folder, arrays)
        record("keras2_tf_functions", tf_keras, tf_functions, folder, arrays)
        for name in (
            "dense",
            "nested",
        ):  # the format of Keras 3, in which TensorFlow 2.12 to 2.15 wrote Keras 2
            record(f"keras2_archive_{name}", tf_keras, BOTH[name], folder, arrays, ".keras")
        for name, make in OLD_OPTIMIZERS.items():
            record(f"keras2_optimizer_{name}", tf_keras, optimizer_model(make), folder, arrays)
        buffer = io.BytesIO()
        np.savez(buffer, **arrays)
        with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)
            archive.writestr("recorded.npz", buffer.getvalue())
    print(TARGET, TARGET.stat().st_size)


if __name__ == "__main__":
    main()
