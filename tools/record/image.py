"""Record how the layers that change the size of images behave in real Keras, for test_layers_golden.py of kx-layers.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/image.py packages/kx-layers/tests/golden/image.npz
"""

import sys

from layers import record, row

FIRST = {"data_format": "channels_first"}

MARGINS = [
    row("ZeroPadding1D", {}, "2,3,2", symbolic=[(None, None, 2), (None, 3, None)], mask=True),
    row("ZeroPadding1D", {"padding": [2, 0]}, "2,3,2"),
    row("ZeroPadding1D", {"padding": 2, **FIRST}, "2,2,3", symbolic=[(None, 2, None)]),
    row("ZeroPadding2D", {}, "2,2,3,2", symbolic=[(None, None, 3, 2), (None, 2, 3, None)]),
    row("ZeroPadding2D", {"padding": (0, 2)}, "1,2,3,2"),
    row("ZeroPadding2D", {"padding": ((1, 2), [0, 3]), **FIRST}, "1,2,2,3", symbolic=[(None, 2, None, 4)]),
    row("ZeroPadding3D", {"padding": 1}, "1,2,1,2,2", symbolic=[(None, None, 1, 2, 2)]),
    row("ZeroPadding3D", {"padding": (1, 0, 2), **FIRST}, "1,1,2,1,2"),
    row("ZeroPadding3D", {"padding": ((1, 2), (0, 1), (3, 0))}, "1,1,1,2,1"),
    row("Cropping1D", {}, "2,5,2", symbolic=[(None, None, 2), (None, 4, None)], mask=True),
    row("Cropping1D", {"cropping": [2, 0]}, "2,3,2"),
    row("Cropping2D", {}, "1,2,3,2", symbolic=[(None, None, 3, 2)]),
    row("Cropping2D", {"cropping": 1}, "2,4,3,2", symbolic=[(None, None, 3, 2), (None, 4, 4, None)]),
    row("Cropping2D", {"cropping": ((1, 2), (0, 3)), **FIRST}, "1,2,4,5", symbolic=[(None, 2, None, 5)]),
    row("Cropping3D", {}, "1,3,4,5,2", symbolic=[(None, None, 3, 3, 2)]),
    row("Cropping3D", {"cropping": (1, 0, 2), **FIRST}, "1,1,3,2,5"),
    row("Cropping3D", {"cropping": ((0, 1), (1, 0), (0, 0))}, "1,2,2,2,1"),
]

LARGER = [
    row("UpSampling1D", {}, "2,3,2", symbolic=[(None, None, 2), (None, 3, None)], mask=True),
    row("UpSampling1D", {"size": 3}, "1,2,3"),
    row("UpSampling2D", {}, "2,2,3,2", symbolic=[(None, None, 3, 2), (None, 2, 3, None)]),
    row("UpSampling2D", {"size": [3, 1], **FIRST}, "1,2,2,3", symbolic=[(None, 2, None, 3)]),
    *(
        row("UpSampling2D", {"size": (2, 3), "interpolation": k}, "1,3,4,2", symbolic=[(None, None, 4, 2)])
        for k in ("bilinear", "bicubic", "lanczos3", "lanczos5")
    ),
    row("UpSampling2D", {"interpolation": "BILINEAR", **FIRST}, "1,2,3,2", symbolic=[(None, 2, None, None)]),
    row("UpSampling3D", {}, "1,2,1,2,2", symbolic=[(None, None, 2, 2, 2)]),
    row("UpSampling3D", {"size": (1, 2, 3), **FIRST}, "1,1,2,1,2"),
]

ONE_SIZE = [
    row("Rescaling", {"scale": 0.5}, "2,3", symbolic=[(None, None)], mask=True),
    row("Rescaling", {"scale": [1.0, 2.0, 3.0], "offset": [0, 1, 2]}, "2,2,3", symbolic=[(None, None, 3)]),
    row("Rescaling", {"scale": 2, "offset": -1}, "2,2,2,3:uint8<9", symbolic=[(2, 2, 2, 3)], gradients=False),
    row("Resizing", {"height": 3, "width": 4}, "2,5,3,2", symbolic=[(None, None, None, 2), (None, None, 2)]),
    row("Resizing", {"height": 3, "width": 4, "interpolation": "bicubic", "antialias": True}, "1,6,6,1"),
    row("Resizing", {"height": 3, "width": 4, "interpolation": "lanczos3", **FIRST}, "1,2,5,3"),
    row("Resizing", {"height": 5, "width": 7, "interpolation": "nearest"}, "3,4,1"),
    row(
        "Resizing",
        {"height": 3, "width": 4, "crop_to_aspect_ratio": True},
        "1,6,5,1",
        symbolic=[(None, None, 5, 1)],
    ),
    row(
        "Resizing",
        {"height": 3, "width": 4, "pad_to_aspect_ratio": True, "fill_value": 2.0},
        "1,6,5,1",
        symbolic=[(None, 6, 5, 1)],
    ),
    row(
        "CenterCrop", {"height": 2, "width": 3}, "2,5,4,2", symbolic=[(None, None, None, 2), (None, 7, 7, 2)]
    ),
    row("CenterCrop", {"height": 2, "width": 3, **FIRST}, "1,2,5,6", symbolic=[(None, 2, 5, 6)]),
    row("CenterCrop", {"height": 4, "width": 4}, "1,3,6,1", symbolic=[(None, 3, 6, 1)]),
    row("CenterCrop", {"height": 2, "width": 2}, "3,4,1"),
]

# Where nothing is left to chance: ranges of one number, or inference.
RANDOM = [
    row(
        "RandomFlip",
        {"seed": 1},
        "2,3,4,1",
        symbolic=[(None, None, None, 1)],
        call={"training": False},
    ),
    row("RandomContrast", {"factor": 0.5, "seed": 1}, "2,3,4,1", call={"training": False}),
    row("RandomContrast", {"factor": (0, 0), "value_range": (0, 1), "seed": 1}, "2,3,4,2", training=True),
    row("RandomBrightness", {"factor": (0.1, 0.1), "value_range": (-1, 2)}, "2,3,4,1", training=True),
    row("RandomBrightness", {"factor": 0.3, "seed": 1}, "2,3,4,1", call={"training": False}),
    row("RandomRotation", {"factor": (0.1, 0.1), "seed": 1}, "2,4,5,1", training=True),
    row(
        "RandomRotation",
        {"factor": (-0.2, -0.2), "fill_mode": "constant", "fill_value": 2.0, **FIRST},
        "1,2,4,5",
        training=True,
    ),
    row(
        "RandomRotation",
        {"factor": (0.05, 0.05), "interpolation": "nearest", "fill_mode": "wrap"},
        "3,4,1",
        training=True,
    ),
    row("RandomZoom", {"height_factor": (0.4, 0.4)}, "2,4,5,1", training=True, symbolic=[(None, 4, 5, 1)]),
    row(
        "RandomZoom",
        {"height_factor": (0.4, 0.4), "width_factor": (-0.2, -0.2), "fill_mode": "nearest"},
        "1,4,5,1",
        training=True,
    ),
    row(
        "RandomZoom", {"height_factor": 0.3, "width_factor": [0.1, 0.2]}, "1,4,5,1", call={"training": False}
    ),
    row(
        "RandomTranslation",
        {"height_factor": (0.3, 0.3), "width_factor": (-0.2, -0.2)},
        "2,4,5,1",
        training=True,
    ),
    row(
        "RandomTranslation",
        {"height_factor": (-0.3, -0.3), "width_factor": (0.1, 0.1), "fill_mode": "constant", **FIRST},
        "1,2,4,5",
        training=True,
    ),
]

CASES = MARGINS + LARGER + ONE_SIZE + RANDOM

FAILURES = [
    ("ZeroPadding1D", {"padding": -1}, None),
    ("ZeroPadding1D", {"padding": (1, 2, 3)}, None),
    ("ZeroPadding1D", {"padding": 1.5}, None),
    ("ZeroPadding1D", {}, [(2, 3)]),
    ("ZeroPadding2D", {"padding": (1, 2, 3)}, None),
    ("ZeroPadding2D", {"padding": ((1, 2), (3,))}, None),
    ("ZeroPadding2D", {"padding": None}, None),
    ("ZeroPadding2D", {"padding": -1}, None),
    ("ZeroPadding3D", {"padding": (1, 2)}, None),
    ("ZeroPadding3D", {}, [(1, 2, 2, 2)]),
    ("Cropping1D", {"cropping": -1}, None),
    ("Cropping1D", {"cropping": 2}, [(1, 4, 2)]),
    ("Cropping2D", {"cropping": ((1, 2), (1,))}, None),
    ("Cropping2D", {"cropping": 2}, [(1, 5, 4, 1)]),
    ("Cropping3D", {"cropping": (1, 1)}, None),
    ("Cropping3D", {}, [(1, 2, 3, 3, 1)]),
    ("UpSampling1D", {"size": 0}, None),
    ("UpSampling1D", {"size": 1.5}, None),
    ("UpSampling2D", {"size": (1, 2, 3)}, None),
    ("UpSampling2D", {"data_format": "last"}, None),
    ("UpSampling2D", {}, [(2, 3, 4)]),
    ("UpSampling2D", {"interpolation": "cubic"}, [(1, 2, 2, 1)]),
    ("UpSampling3D", {"size": -1}, None),
    ("Rescaling", {"scale": "a"}, [(2, 3)]),
    ("Rescaling", {}, None),
    ("Resizing", {"height": 0, "width": 2}, [(1, 3, 3, 1)]),
    ("Resizing", {"height": 2.5, "width": 2}, [(1, 3, 3, 1)]),
    ("Resizing", {"height": 2, "width": 2, "interpolation": "cubic"}, [(1, 3, 3, 1)]),
    ("Resizing", {"height": 2, "width": 2, "fill_mode": "reflect"}, [(1, 3, 3, 1)]),
    ("Resizing", {"height": 2, "width": 2}, [(3, 3)]),
    (
        "Resizing",
        {"height": 2, "width": 2, "crop_to_aspect_ratio": True, "pad_to_aspect_ratio": True},
        [(1, 3, 3, 1)],
    ),
    ("RandomContrast", {"factor": 2}, None),
    ("RandomBrightness", {"factor": 2}, None),
    ("RandomRotation", {"factor": 0.1, "fill_mode": "full"}, None),
    ("RandomFlip", {}, [(2, 3)]),
    ("CenterCrop", {"height": 2}, None),
    ("CenterCrop", {"height": 2, "width": 2}, [(3, 3)]),
]

if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
