"""Record what Keras draws into images: the outlines of boxes, and masks.

Run it where Keras 3.15.1, JAX and OpenCV are installed:

    KERAS_BACKEND=jax python tools/record/drawing.py packages/kx-models/tests/golden/drawing.npz

Labels are spaces, whose text hides nothing. Corners are whole pixels, which Keras cuts and kx rounds, and
`num_classes` is given: without it Keras leaves out the last class.
"""

import json
import sys

import keras
import numpy as np

FORMATS = {
    "xyxy": [5, 6, 30, 35],
    "yxyx": [6, 5, 35, 30],
    "xywh": [5, 6, 25, 29],
    "center_xywh": [17, 20, 24, 28],
    "center_yxhw": [20, 17, 28, 24],
    "rel_xyxy": [0.1, 0.2, 0.6, 0.9],
    "rel_yxyx": [0.2, 0.1, 0.9, 0.6],
    "rel_xywh": [0.1, 0.2, 0.5, 0.7],
    "rel_center_xywh": [0.5, 0.5, 0.4, 0.5],
}
MASKS = [
    {"num_classes": 3, "alpha": 0.5, "color_mapping": {0: (0, 0, 0), 1: (255, 0, 0), 2: (0, 255, 0)}},
    {"num_classes": 3, "color_mapping": {0: (9, 9, 9), 1: (255, 0, 0), 2: (0, 25, 0)}, "blend": False},
    {"num_classes": 3, "color_mapping": {0: (9, 9, 9), 1: (255, 0, 0), 2: (0, 25, 0)}, "ignore_index": 1},
]


def main():
    arrays, boxes, masks = {}, [], []
    gray = np.full((1, 40, 50, 3), 100, "uint8")
    for name, box in FORMATS.items():
        given = {"boxes": np.array([[box]], "float32"), "labels": np.array([[0]])}
        drawn = keras.visualization.draw_bounding_boxes(
            gray, given, name, class_mapping={0: " "}, color=(255, 0, 0), line_thickness=1
        )
        arrays[f"box/{name}"] = np.packbits(np.asarray(drawn)[0, :, :, 0] == 255)
        boxes.append([name, box])
    image = np.arange(48, dtype="uint8").reshape(1, 4, 4, 3) * 5
    mask = np.array([[[0, 1, 2, 0], [1, 1, 0, 0], [2, 2, 2, 2], [0, 0, 1, 2]]])[..., None]
    for i, kwargs in enumerate(MASKS):
        arrays[f"mask/{i}"] = np.asarray(keras.visualization.draw_segmentation_masks(image, mask, **kwargs))
        masks.append({**kwargs, "color_mapping": list(kwargs["color_mapping"].items())})
    np.savez_compressed(sys.argv[1], cases=json.dumps({"boxes": boxes, "masks": masks}), **arrays)


if __name__ == "__main__":
    main()
