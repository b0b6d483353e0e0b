"""`Resizing` and `CenterCrop`: images of any size made one size."""

from kx_io import field, one_of, positive, register
from kx_layers.layer import Layer
from kx_tensor import config, ops
from kx_tensor.ops.image_size import INTERPOLATIONS, as_images, crop_images, resize


@register("layers")
class Resizing(Layer):
    """Makes all images `height` rows and `width` columns large, in the dtype they come in; see `ops.image.resize`.

    Shapes: (batch, rows, columns, channels) or (rows, columns, channels), channels before rows with data_format
    "channels_first".

    >>> import numpy as np
    >>> Resizing(1, 2)(np.array([[[1.0], [2.0], [3.0], [6.0]]])).numpy().ravel()
    array([1.5, 4.5], dtype=float32)
    """

    height: int = field(check=positive)
    width: int = field(check=positive)
    interpolation = field("bilinear", check=one_of(*INTERPOLATIONS))
    crop_to_aspect_ratio: bool = field(False)
    pad_to_aspect_ratio: bool = field(False)
    fill_mode = field("constant", check=one_of("constant"))
    fill_value = field(0.0)
    antialias: bool = field(False)
    data_format = field(None, to=config.standardize_data_format)

    def __post_init__(self):
        super().__post_init__()
        if self.crop_to_aspect_ratio and self.pad_to_aspect_ratio:
            raise ValueError(
                "Resizing: only one of crop_to_aspect_ratio and pad_to_aspect_ratio can be True, got both."
            )

    def call(self, inputs):
        return resize(
            inputs,
            (self.height, self.width),
            interpolation=self.interpolation,
            antialias=self.antialias,
            crop_to_aspect_ratio=self.crop_to_aspect_ratio,
            pad_to_aspect_ratio=self.pad_to_aspect_ratio,
            fill_mode=self.fill_mode,
            fill_value=self.fill_value,
            data_format=self.data_format,
        )


@register("layers")
class CenterCrop(Layer):
    """Keeps the middle of images, `height` rows and `width` columns; smaller images are enlarged to that size.

    An image that is too small along one axis is resized as by `Resizing` with `crop_to_aspect_ratio`. Shapes: (batch,
    rows, columns, channels) or (rows, columns, channels), channels before rows with data_format "channels_first".

    >>> import numpy as np
    >>> CenterCrop(1, 2)(np.arange(12.0).reshape(3, 4, 1)).numpy().ravel()
    array([5., 6.], dtype=float32)
    """

    height: int = field(check=positive)
    width: int = field(check=positive)
    data_format = field(None, to=config.standardize_data_format)

    def call(self, inputs):
        images, rows, columns, _ = as_images(ops.cast(inputs, self.compute_dtype), self.data_format)
        sizes, wanted = (images.shape[rows], images.shape[columns]), (self.height, self.width)
        if None in sizes or sizes[0] < self.height or sizes[1] < self.width:
            return resize(images, wanted, crop_to_aspect_ratio=True, data_format=self.data_format)
        top, left = ((n - m) // 2 for n, m in zip(sizes, wanted))
        return crop_images(
            images,
            top,
            left,
            target_height=self.height,
            target_width=self.width,
            data_format=self.data_format,
        )
