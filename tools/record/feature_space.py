"""Record what Keras's FeatureSpace does, for packages/kx-models/tests/test_feature_space.py.

Run it where Keras 3.15.1 and TensorFlow are installed:

    KERAS_BACKEND=tensorflow python tools/record/feature_space.py packages/kx-models/tests/golden/feature_space.json

A case is an expression that makes a FeatureSpace, and what that gives for the first two rows after it was adapted to all.
"""

import json
import sys

import numpy as np

DATA = {"c": ["x", "y", "x", "z"], "i": [1, 2, 1, 3], "f": [1.0, 2.0, 3.0, 6.0], "g": [0.0, 1.0, 2.0, 3.0]}
CASES = [
    "F({'c': 'string_categorical', 'i': 'integer_categorical', 'f': 'float_normalized', 'g': 'float'}, crosses=[('c', 'i')], "
    "crossing_dim=5)",
    "F({'f': F.float_normalized(), 'c': F.string_categorical(3, 2), 'g': F.float_discretized(3)}, crosses=[F.cross(('c', 'g'), 4)])",
    "F({'c': F.string_hashed(4), 'i': F.integer_hashed(3), 'g': F.float_rescaled(2.0, 1.0)}, crosses=[('c', 'i')])",
    "F({'c': 'string_hashed', 'i': 'integer_hashed', 'g': 'float_discretized', 'f': 'float_rescaled'}, hashing_dim=5, "
    "num_discretization_bins=4)",
    "F({'g': F.float_discretized(3, output_mode='int'), 'c': F.string_categorical(output_mode='int')}, output_mode='dict')",
    "F({'c': F.string_categorical(), 'i': F.integer_categorical(output_mode='float')}, 'dict', [F.cross(('i', 'c'), 6, 'int')])",
]  # fmt: skip


def main(path):
    import keras
    import tensorflow as tf

    data = {name: np.array(column) for name, column in DATA.items()}
    record = []
    for case in CASES:
        space = eval(case, {"F": keras.utils.FeatureSpace})
        wanted = {name: data[name] for name in space.features}
        space.adapt(tf.data.Dataset.from_tensor_slices(wanted))
        out = space({name: column[:2] for name, column in wanted.items()})
        parts = out if isinstance(out, dict) else {"all": out}
        values = {name: [value.dtype.name, value.numpy().tolist()] for name, value in parts.items()}
        record.append({"case": case, "features": list(wanted), "values": values})
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"data": DATA, "cases": record}, file)


if __name__ == "__main__":
    main(sys.argv[1])
