"""Golden calls of `keras.ops.image`: sizes, patches, colors, maps; see op_recording.py.

Run with JAX, which unlike TensorFlow takes channels first on a CPU and interpolates without tables:

    KERAS_BACKEND=jax python tools/record/ops_image.py
"""

import numpy as np
from op_recording import case, f, i, record

FIRST = {"data_format": "channels_first"}
KINDS = ("nearest", "bilinear", "bicubic", "lanczos3", "lanczos5")
BYTES = i(2, 4, 5, 2, dtype="uint8", below=256)


def unit(*shape, dtype="float32"):
    """Colors between 0 and 1, with some of equal parts."""
    x = f(*shape, dtype=dtype, low=0, high=1)
    x[..., :2] = x[..., :1]
    return x


SIZES = [
    *[case("image.resize", f(2, 4, 5, 2), (7, 3), interpolation=k) for k in KINDS],
    *[case("image.resize", f(1, 9, 12, 1), (4, 5), interpolation=k, antialias=True) for k in KINDS],
    *[case("image.resize", f(1, 2, 3, 3), (9, 13), interpolation=k, antialias=True) for k in KINDS],
    case("image.resize", f(4, 5, 2), (3, 3)), case("image.resize", f(2, 2, 4, 5), [3, 8], **FIRST), case("image.resize", f(1, 5, 5, 1), (5, 3)),
    case("image.resize", f(1, 64, 48, 1), (5, 7)), case("image.resize", f(1, 64, 48, 1), (5, 7), antialias=True, interpolation="lanczos3"),
    *[case("image.resize", BYTES, (7, 3), interpolation=k) for k in KINDS], case("image.resize", i(1, 3, 3, 1), (2, 5)),
    case("image.resize", f(1, 4, 4, 1, dtype="float16"), (6, 3)), case("image.resize", f(1, 4, 4, 1, dtype="bfloat16"), (6, 3)),
    *[
        case("image.resize", f(1, *shape, 2), size, **{f"{how}_to_aspect_ratio": True}, **more)
        for shape, size in (((4, 6), (3, 3)), ((6, 4), (3, 3)), ((4, 6), (2, 7)), ((5, 5), (4, 6)), ((5, 8), (7, 7)), ((3, 9), (6, 2)))
        for how, more in (("crop", {}), ("pad", {"fill_value": 0.5}))
    ],
    case("image.resize", f(1, 2, 4, 6), (3, 3), pad_to_aspect_ratio=True, **FIRST), case("image.resize", f(4, 6, 1), (3, 2), crop_to_aspect_ratio=True),
]  # fmt: skip
BORDERS = [
    case("image.crop_images", f(2, 4, 5, 2), 1, 2, 0, 1), case("image.crop_images", f(4, 5, 2), 1, 2, 0, 1),
    case("image.crop_images", f(1, 4, 5, 2), 1, 1, target_height=2, target_width=3),
    case("image.crop_images", f(1, 4, 5, 2), bottom_cropping=1, right_cropping=0, target_height=2, target_width=3),
    case("image.crop_images", f(1, 2, 4, 5), 0, 0, 2, 2, **FIRST), case("image.crop_images", i(1, 3, 3, 1), 0, 1, 1, 1),
    case("image.pad_images", f(2, 2, 3, 2), 1, 2, 0, 1), case("image.pad_images", f(2, 3, 2), 1, 2, 0, 1),
    case("image.pad_images", f(1, 2, 3, 2), 1, 1, target_height=5, target_width=4),
    case("image.pad_images", f(1, 2, 3, 2), bottom_padding=1, right_padding=0, target_height=4, target_width=5),
    case("image.pad_images", f(1, 2, 2, 3), 0, 0, 1, 2, **FIRST), case("image.pad_images", i(1, 2, 2, 1), 1, 1, 0, 0),
]  # fmt: skip
PATCHES = [
    case("image.extract_patches", f(2, 4, 6, 2), 2), case("image.extract_patches", f(1, 5, 6, 2), (2, 3), 1),
    case("image.extract_patches", f(1, 5, 6, 2), (3, 2), (2, 3), padding="same"), case("image.extract_patches", f(5, 6, 2), 2, 1, 2),
    case("image.extract_patches", f(1, 3, 4, 5), 2, **FIRST), case("image.extract_patches", f(3, 4, 5), 2, padding="same", **FIRST),
    case("image.extract_patches", i(1, 4, 4, 1, dtype="uint8", below=9), 2), case("image.extract_patches", f(1, 4, 4, 4, 1), (2, 2, 1)),
    case("image.extract_patches_3d", f(1, 4, 4, 4, 2), 2), case("image.extract_patches_3d", f(4, 3, 3, 1), (2, 1, 3), 1, padding="same"),
    case("image.extract_patches_3d", f(1, 2, 3, 4, 4), 2, 1, **FIRST),
]  # fmt: skip
COLORS = [
    case("image.rgb_to_grayscale", unit(2, 3, 3, 3)), case("image.rgb_to_grayscale", unit(3, 3, 3)), case("image.rgb_to_grayscale", f(2, 2, 1)),
    case("image.rgb_to_grayscale", f(1, 3, 2, 2), **FIRST), case("image.rgb_to_grayscale", f(1, 2, 2, 3, dtype="float16")),
    case("image.rgb_to_grayscale", np.array([[[10, 20, 30], [250, 1, 99]]], "uint8")),
    case("image.rgb_to_hsv", unit(2, 3, 3, 3)), case("image.rgb_to_hsv", f(3, 4, 4, low=0, high=1), **FIRST),
    case("image.rgb_to_hsv", np.array([[[0, 0, 0], [1, 0.5, 0.5], [0.25, 0.25, 0.25], [0, 0, 1]]], "float32")),
    case("image.hsv_to_rgb", unit(2, 3, 3, 3)), case("image.hsv_to_rgb", f(3, 4, 4, low=0, high=1), **FIRST),
    case("image.hsv_to_rgb", np.array([[[0, 0, 0], [1, 0.5, 0.5], [0.25, 1, 0.25], [0.75, 0, 1]]], "float32")),
]  # fmt: skip

# Without the last two terms of a transform, which Keras leaves out on JAX.
TURNS = np.array([[0.9, 0.2, -0.5, -0.1, 1.1, 0.7, 0, 0], [1.2, -0.3, 1.0, 0.2, 0.8, -1.5, 0, 0]], "float32")
WARPS = [
    case("image.affine_transform", f(2, 4, 5, 2), TURNS, k, mode, 0.5, symbolic=False)
    for k in ("nearest", "bilinear")
    for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
]
WARPS += [
    case("image.affine_transform", f(4, 5, 2), TURNS[0]), case("image.affine_transform", f(2, 1, 4, 5), TURNS, **FIRST),
    case("image.affine_transform", BYTES, TURNS * np.float32(1.0371), fill_mode="reflect", symbolic=False),
    *[
        case("image.map_coordinates", f(5), np.linspace(-7, 12, 23, dtype="float32")[None], order, mode, 0.25, symbolic=False)
        for order in (0, 1)
        for mode in ("constant", "nearest", "wrap", "mirror", "reflect")
    ],
    case("image.map_coordinates", f(4, 5), f(2, 3, 2, low=-1, high=5), 1, symbolic=False), case("image.map_coordinates", i(4, 5), f(2, 4, low=0, high=4), 0, symbolic=False),
]  # fmt: skip

if __name__ == "__main__":
    record("image", SIZES + BORDERS + PATCHES + COLORS + WARPS)
