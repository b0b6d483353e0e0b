"""Pictures in folders as a Dataset."""

import numpy as np

from kx_datasets.images import check_data_format, img_to_array, load_img, pillow
from kx_datasets.labelled_files import labelled_datasets
from kx_datasets.pipeline.dataset import Dataset
from kx_datasets.resize import METHODS, cropped, fitted, resize
from kx_datasets.timeseries import check_format

ENDINGS = (".bmp", ".gif", ".jpeg", ".jpg", ".png")


def image_dataset_from_directory(
    directory,
    labels="inferred",
    label_mode="int",
    class_names=None,
    color_mode="rgb",
    batch_size=32,
    image_size=(256, 256),
    shuffle=True,
    seed=None,
    validation_split=None,
    subset=None,
    interpolation="bilinear",
    follow_links=False,
    crop_to_aspect_ratio=False,
    pad_to_aspect_ratio=False,
    data_format=None,
    format="tf",
    verbose=True,
) -> Dataset:
    """Return the `Dataset` of the pictures (BMP, GIF, JPEG, PNG) below a directory: float32 from 0 to 255, shape
    (batch, *image_size, channels).

    `interpolation` is one of `kx_datasets.resize.METHODS`; `crop_to_aspect_ratio` cuts off what would be distorted,
    `pad_to_aspect_ratio` fills with zeros instead. The other arguments are those of `text_dataset_from_directory`.

    Errors: ValueError for arguments that do not go together; ImportError without Pillow.
    """
    check_format(format)
    channels_first = check_data_format(data_format) == "channels_first"
    if color_mode not in ("rgb", "rgba", "grayscale"):
        raise ValueError(
            f'`color_mode` must be one of {{"rgb", "rgba", "grayscale"}}. Received: color_mode={color_mode}'
        )
    if len(image_size) != 2:
        raise ValueError(
            f"Invalid `image_size` value. Expected a tuple of 2 integers. Received: image_size={image_size}"
        )
    if interpolation not in METHODS:
        raise ValueError(
            f"Argument `interpolation` should be one of {METHODS}. Received: interpolation={interpolation}"
        )
    if crop_to_aspect_ratio and pad_to_aspect_ratio:
        raise ValueError("Only one of `pad_to_aspect_ratio`, `crop_to_aspect_ratio` can be set to `True`.")
    pillow()

    def read(path):
        image = img_to_array(load_img(path, color_mode=color_mode))
        if pad_to_aspect_ratio:
            image = fitted(image, image_size, interpolation)
        else:
            image = resize(
                cropped(image, image_size) if crop_to_aspect_ratio else image, image_size, interpolation
            )
        return np.moveaxis(image, -1, 0) if channels_first else image

    return labelled_datasets(
        directory, labels, label_mode, class_names, ENDINGS, follow_links, "image", read, verbose,
        shuffle, seed, validation_split, subset, batch_size,
    )  # fmt: skip
