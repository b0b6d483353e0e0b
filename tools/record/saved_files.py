"""Record files as Keras writes them, with what their models predict and the losses of training that goes on from them.

KERAS_BACKEND=jax python tools/record/saved_files.py packages/kx-models/tests/golden/files
"""

import json
import pathlib
import sys

import keras
from saved_models import MODELS, flat, train


def main(folder):
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    recorded = {}
    for name, make in MODELS.items():
        keras.backend.clear_session()
        keras.utils.set_random_seed(1)
        model, (x, y) = make(keras)
        if model.compiled:
            train(model, x, y, epochs=2)
        model.save(folder / f"{name}.keras")
        predicted = [value.round(7).tolist() for value in flat(model.predict(x, verbose=0))]
        model = keras.models.load_model(folder / f"{name}.keras")
        losses = train(model, x, y, epochs=3) if model.compiled else []
        recorded[name] = {"predicted": predicted, "losses": losses}
    (folder / "recorded.json").write_text(json.dumps(recorded, separators=(",", ":")))


if __name__ == "__main__":
    main(sys.argv[1])
