"""Record Keras's summaries and diagrams of the models in packages/kx-models/tests/pictured_models.py.

Run it where Keras 3.15.1, JAX and pydot are installed:

    KERAS_BACKEND=jax python tools/record/pictures.py packages/kx-models/tests/golden/pictures.json

- "summaries": [model, arguments, lines without borders].
- "diagrams": [model, arguments, boxes, arrows]; a box is its cells' texts, an arrow the titles of its ends.
"""

import json
import os
import pathlib
import sys

import keras

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "packages/kx-models/tests"))

from pictured_models import MODELS, boxes_and_arrows, rows

SUMMARIES = [{}, {"expand_nested": True, "show_trainable": True}, {"line_length": 70}]
DIAGRAMS = [
    {},
    {"show_shapes": True, "show_dtype": True, "show_layer_activations": True, "show_trainable": True},
    {"expand_nested": True, "show_shapes": True},
    {"show_layer_names": False},
]


def main():
    os.environ["COLUMNS"] = "200"  # Keras cuts off what is wider than the terminal
    summaries, diagrams = [], []
    for name, make in MODELS.items():
        for kwargs in SUMMARIES:
            keras.utils.clear_session()
            text = []
            make(keras).summary(print_fn=lambda part, text=text, **_: text.append(part), **kwargs)
            summaries.append([name, kwargs, rows(text[0])])
        for kwargs in DIAGRAMS:
            keras.utils.clear_session()
            try:
                found = boxes_and_arrows(keras.utils.model_to_dot(make(keras), **kwargs))
            except ValueError as error:
                found = (str(error), None)
            diagrams.append([name, kwargs, *found])
    with open(sys.argv[1], "w") as file:
        parts = [
            "[\n" + ",\n".join(json.dumps(c, ensure_ascii=False) for c in x) + "\n]"
            for x in (summaries, diagrams)
        ]
        file.write(f'{{"summaries": {parts[0]},\n"diagrams": {parts[1]}}}\n')


if __name__ == "__main__":
    main()
