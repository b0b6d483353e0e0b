"""Records layers that Keras 3 no longer has, from tf_keras: outputs and gradients.

`python tools/record/old_layers.py` with tf_keras installed writes packages/kx-layers/tests/golden/old_layers.npz: `cases`, a
JSON list of [layer, arguments]; for each number i `x<i>`, `y<i>`, `g<i>` (the gradient of sum(y^2) for x), `w<i>_<j>`.
"""

import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
import tensorflow as tf
from tf_keras import layers

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-layers/tests/golden/old_layers.npz"
CASES = [
    ("ThresholdedReLU", {"theta": 0.5}, (2, 5)),
    ("LocallyConnected1D", {"filters": 3, "kernel_size": 2, "strides": 2, "activation": "tanh"}, (2, 7, 2)),
    ("LocallyConnected1D", {"filters": 2, "kernel_size": 3, "use_bias": False}, (1, 5, 3)),
    ("LocallyConnected2D", {"filters": 3, "kernel_size": (2, 3)}, (2, 4, 5, 2)),
    ("LocallyConnected2D", {"filters": 2, "kernel_size": 2, "strides": (2, 1)}, (1, 5, 4, 1)),
]


def main():
    rng, stored = np.random.default_rng(0), {}
    for i, (name, arguments, shape) in enumerate(CASES):
        layer, x = getattr(layers, name)(**arguments), rng.normal(size=shape).astype("float32")
        layer.build(shape)
        layer.set_weights([rng.normal(size=w.shape).astype("float32") for w in layer.get_weights()])
        with tf.GradientTape() as tape:
            value = tf.constant(x)
            tape.watch(value)
            y = layer(value)
            total = tf.reduce_sum(y * y)
        stored |= {f"x{i}": x, f"y{i}": y.numpy(), f"g{i}": tape.gradient(total, value).numpy()}
        stored |= {f"w{i}_{j}": w for j, w in enumerate(layer.get_weights())}
    cases = json.dumps([[name, arguments] for name, arguments, _ in CASES])
    np.savez_compressed(GOLDEN, cases=np.array(cases), **stored)


if __name__ == "__main__":
    main()
