"""Record `SpectralNormalization` of Keras in training: outputs, what it leaves in the weights, gradients, three steps of SGD.

KERAS_BACKEND=torch python tools/record/spectral.py
Writes packages/kx-layers/tests/golden/spectral.npz. Keras does two things here: with PyTorch and with TensorFlow the layer's
kernel is itself divided, and the gradient is taken at the divided kernel; with JAX the division is lost at the end of the
step and sigma is differentiated. kx does as the two do.
"""

import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "torch")

import keras
import numpy as np
import torch

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-layers/tests/golden/spectral.npz"


def main():
    rng = np.random.default_rng(0)
    data = {name: rng.normal(size=size).astype("float32") for name, size in
            {"x": (5, 3), "y": (5, 4), "kernel": (3, 4), "u": (1, 4)}.items()}  # fmt: skip
    arrays = dict(data)
    for iterations in (1, 3):
        layer = keras.layers.SpectralNormalization(keras.layers.Dense(4), power_iterations=iterations)
        model = keras.Sequential([keras.Input((3,)), layer])

        def reset():
            layer.layer.kernel.assign(data["kernel"])
            layer.layer.bias.assign(np.zeros(4))
            layer.vector_u.assign(data["u"])

        reset()
        out = model(data["x"], training=True)
        torch.sum((out - torch.tensor(data["y"])) ** 2).backward()
        arrays[f"{iterations}.out"] = out.detach().numpy()
        arrays[f"{iterations}.gradient"] = layer.layer.kernel.value.grad.numpy()
        arrays[f"{iterations}.u"] = layer.vector_u.numpy()
        reset()
        model.compile(keras.optimizers.SGD(0.1), "mse")
        for step in range(3):
            model.train_on_batch(data["x"], data["y"])
            arrays[f"{iterations}.kernel.{step}"] = layer.layer.kernel.numpy().copy()
    np.savez_compressed(OUT, **arrays)


if __name__ == "__main__":
    main()
