"""Record `.keras` files as the Keras 2 of TensorFlow writes them, with predictions and losses of training that goes on.

python tools/record/saved_files_tf.py packages/kx-models/tests/golden/files      # tf_keras 2.21 and tensorflow
"""

import json
import os
import pathlib
import sys

os.environ["TF_USE_LEGACY_KERAS"] = "1"

import tf_keras as keras
from saved_models import MODELS, flat, train

NAMES = ("mlp", "cnn", "rnn")


def main(folder):
    folder = pathlib.Path(folder)
    recorded = {}
    for name in NAMES:
        keras.utils.set_random_seed(1)
        model, (x, y) = MODELS[name](keras)
        train(model, x, y, epochs=2)
        model.save(folder / f"tf_{name}.keras")
        predicted = [value.round(7).tolist() for value in flat(model.predict(x, verbose=0))]
        recorded[f"tf_{name}"] = {"predicted": predicted, "losses": train(model, x, y, epochs=3)}
    (folder / "recorded_tf.json").write_text(json.dumps(recorded, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
