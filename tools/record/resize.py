"""Record the pictures that Keras's image_dataset_from_directory makes in other sizes, with each method.

Run with a Python that has Keras on TensorFlow, and Pillow; writes packages/kx-datasets/tests/golden/resize.npz.
"""

import os
import tempfile
from pathlib import Path

os.environ["KERAS_BACKEND"] = "tensorflow"

import numpy as np
from keras.utils import image_dataset_from_directory
from PIL import Image

METHODS = ("bilinear", "nearest", "bicubic", "area", "lanczos3", "lanczos5", "gaussian", "mitchellcubic")
image = np.random.RandomState(0).randint(0, 256, (6, 9, 3), dtype="uint8")
found = {"image": image}
with tempfile.TemporaryDirectory() as folder:
    Image.fromarray(image).save(f"{folder}/image.png")
    for method in METHODS:
        for height, width in ((3, 4), (9, 5), (6, 14)):
            for way in ("", "crop", "pad"):
                if way == "crop" and method in ("gaussian", "mitchellcubic"):
                    continue  # which Keras refuses
                data = image_dataset_from_directory(
                    folder,
                    labels=None,
                    image_size=(height, width),
                    interpolation=method,
                    batch_size=None,
                    verbose=False,
                    **{f"{way}_to_aspect_ratio": True} if way else {},
                )
                found[f"{method} {height} {width} {way}"] = next(iter(data)).numpy()
golden = Path(__file__).parents[2] / "packages/kx-datasets/tests/golden"
np.savez_compressed(golden / "resize.npz", **found)
