"""Record an HDF5 file of Keras 2 (tf_keras) with one layer each, and what it predicts.

Needs tf_keras with TensorFlow. Writes packages/kx-models/tests/golden/old_layer_files.zip.

    python tools/record/old_layer_files.py
"""

import io
import os
import tempfile
import zipfile
from pathlib import Path

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

import numpy as np
import tf_keras
from tf_keras import layers as L

TARGET = Path(__file__).parents[2] / "packages" / "kx-models" / "tests" / "golden" / "old_layer_files.zip"
rng = np.random.default_rng(5)


def adapted():
    layer = L.Normalization()
    layer.adapt(rng.normal(3, 2, (20, 4)))
    return layer


def block():
    return tf_keras.Sequential([L.Input((4,)), L.Dense(3), L.BatchNormalization()])


# name: (shape of a sample, the layer)
LAYERS = {
    "normalization": ((4,), adapted),
    "rescaling": ((4,), lambda: L.Rescaling(2.0, 1.0)),
    "discretization": ((3,), lambda: L.Discretization([-0.5, 0.0, 0.5])),
    "category_encoding": ((1,), lambda: L.CategoryEncoding(5, output_mode="one_hot")),
    "integer_lookup": ((1,), lambda: L.IntegerLookup(vocabulary=[1, 2, 3])),
    "hashing": ((1,), lambda: L.Hashing(5)),
    "resizing": ((4, 4, 1), lambda: L.Resizing(2, 2)),
    "thresholded_relu": ((4,), lambda: L.ThresholdedReLU(0.3)),
    "relu": ((4,), lambda: L.ReLU(max_value=0.5, negative_slope=0.1, threshold=0.1)),
    "leaky_relu": ((4,), lambda: L.LeakyReLU()),
    "prelu": ((4, 4, 2), lambda: L.PReLU(shared_axes=[1, 2])),
    "softmax": ((3, 4), lambda: L.Softmax(axis=1)),
    "gelu": ((4,), lambda: L.Activation("gelu")),
    "zero_padding": ((4, 4, 2), lambda: L.ZeroPadding2D(((1, 2), (0, 1)))),
    "cropping": ((6, 6, 2), lambda: L.Cropping2D(1)),
    "up_sampling": ((3, 3, 2), lambda: L.UpSampling2D(2, interpolation="bilinear")),
    "conv_lstm": ((3, 5, 5, 2), lambda: L.ConvLSTM2D(2, 3, padding="same")),
    "conv_transpose": (
        (4, 4, 2),
        lambda: L.Conv2DTranspose(3, 3, strides=2, output_padding=1, padding="same"),
    ),
    "conv_transpose_3d": ((3, 3, 3, 2), lambda: L.Conv3DTranspose(2, 2)),
    "conv_groups": ((5, 5, 4), lambda: L.Conv2D(4, 3, groups=2)),
    "depthwise_1d": ((5, 2), lambda: L.DepthwiseConv1D(3)),
    "separable_1d": ((5, 2), lambda: L.SeparableConv1D(3, 2)),
    "locally_connected": ((5, 2), lambda: L.LocallyConnected1D(2, 2)),
    "einsum_dense": ((3, 4), lambda: L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")),
    "group_normalization": ((4, 4), lambda: L.GroupNormalization(2)),
    "layer_normalization": ((3, 4), lambda: L.LayerNormalization(axis=[1, 2])),
    "batch_normalization": ((3, 4), lambda: L.BatchNormalization(axis=1)),
    "noise_shape": ((3, 4), lambda: L.Dropout(0.2, noise_shape=(None, 1, 4), seed=3)),
    "spatial_dropout": ((3, 4, 2), lambda: L.SpatialDropout2D(0.2)),
    "alpha_dropout": ((4,), lambda: L.AlphaDropout(0.3)),
    "activity_regularization": ((4,), lambda: L.ActivityRegularization(0.1, 0.1)),
    "average": ((3, 4), lambda: L.Bidirectional(L.LSTM(2, return_sequences=True), merge_mode="ave")),
    "own_backward": (
        (3, 4),
        lambda: L.Bidirectional(L.GRU(2), backward_layer=L.GRU(2, go_backwards=True, name="b")),
    ),
    "gru_cell": ((3, 4), lambda: L.RNN(L.GRUCell(2, reset_after=False))),
    "stacked_cells": ((3, 4), lambda: L.RNN([L.LSTMCell(2), L.LSTMCell(3)])),
    "gru": ((3, 4), lambda: L.GRU(2, activation="relu", recurrent_activation="tanh", use_bias=False)),
    "lstm": (
        (3, 4),
        lambda: L.LSTM(2, unroll=True, kernel_regularizer="l2", dropout=0.1, recurrent_dropout=0.1),
    ),
    "images_in_time": ((3, 4, 4, 1), lambda: L.TimeDistributed(L.Conv2D(2, 2))),
    "models_in_time": ((3, 4), lambda: L.TimeDistributed(block())),
    "global_max": ((4, 4, 2), lambda: L.GlobalMaxPooling2D(keepdims=True)),
    "average_pooling": ((4, 4, 2), lambda: L.AveragePooling2D((2, 1), strides=1, padding="same")),
}
WHOLE = ("category_encoding", "integer_lookup", "hashing")


def main():
    arrays = {}
    with tempfile.TemporaryDirectory() as folder:
        for name, (shape, make) in LAYERS.items():
            tf_keras.utils.set_random_seed(1)
            model = tf_keras.Sequential([L.Input(shape, dtype="int64" if name in WHOLE else None), make()])
            for weight in model.weights:
                if name != "normalization" and weight.dtype.is_floating:
                    weight.assign(np.abs(rng.normal(size=weight.shape)) * 0.5)
            x = (
                rng.integers(0, 5, (3, 1))
                if name in WHOLE
                else rng.normal(size=(3, *shape)).astype("float32")
            )
            arrays |= {f"{name}/x": x, f"{name}/y": model.predict(x, verbose=0)}
            model.save(os.path.join(folder, f"{name}.h5"))
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)
            archive.writestr("recorded.npz", buffer.getvalue())
    print(TARGET, TARGET.stat().st_size)


if __name__ == "__main__":
    main()
