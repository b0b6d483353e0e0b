"""Record what Keras 2 makes of the cases in packages/kx-datasets/tests/augment_cases.py.

Run it where tf_keras 2.21, TensorFlow, SciPy, pandas and Pillow are installed:

    python tools/record/image_generator.py packages/kx-datasets/tests/golden/augment.npz
"""

import pathlib
import sys
import tempfile

import numpy as np
import pandas
from tf_keras.preprocessing import image

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "packages/kx-datasets/tests"))

import augment_cases


def main():
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        augment_cases.write_folder(pathlib.Path(folder))
        for cases in (
            augment_cases.affine(image),
            augment_cases.single(image),
            augment_cases.changed(image),
            augment_cases.flows(image),
            augment_cases.from_folder(image, folder),
            augment_cases.from_table(image, folder, pandas.DataFrame),
        ):
            found.update((name, np.array(values)) for name, values in cases)
    np.savez_compressed(sys.argv[1], **found)


if __name__ == "__main__":
    main()
