"""Random changes of images in training: flips, turns, zooms, shifts, contrast, brightness."""

import math

from kx_io import Check, field, one_of, register
from kx_layers.layer import Layer
from kx_tensor import config, ops, random
from kx_tensor.ops.image_size import as_images
from kx_tensor.ops.warp import affine_transform
from kx_tensor.symbolic import KerasTensor


def _both_ways(factor):
    """(lowest, highest) of a number, which goes both ways, or of a pair."""
    if isinstance(factor, (int, float)):
        return (-factor, factor)
    return tuple(factor)


def _upwards(factor):
    return (0, factor) if isinstance(factor, (int, float)) else tuple(factor)


def _pair_within(low, high):
    return Check(
        lambda pair: len(pair) == 2 and low <= pair[0] <= pair[1] <= high,
        f"a number or a pair (lowest, highest) of them, between {low} and {high}",
    )


_range = Check(lambda pair: len(pair) == 2 and pair[0] < pair[1], "a pair (lowest, highest)")
_fill = one_of("reflect", "wrap", "constant", "nearest")


class RandomImageLayer(Layer):
    """Base of layers that change images in training; subclasses write `change(images)`, for batches, with `draw`.

    They are in training unless told otherwise, as in Keras, and give floats. Each image gets draws of its own.
    """

    data_format = field(None, to=config.standardize_data_format, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        self.seed_generator = random.SeedGenerator(self.seed)

    def call(self, inputs, training=True):
        images = ops.cast(inputs, self.compute_dtype)
        as_images(images, self.data_format)
        if not training or isinstance(images, KerasTensor):
            return images
        if len(images.shape) == 4:
            return self.change(images)
        return ops.squeeze(self.change(ops.expand_dims(images, 0)), axis=0)

    def change(self, images):
        """Return the images, (batch, ...), changed at random."""
        raise NotImplementedError(f"{type(self).__name__} needs a change method.")

    def draw(self, images, low, high):
        """Return a number from [low, high) for each image, shape (batch,)."""
        return random.uniform((images.shape[0],), low, high, "float32", self.seed_generator)

    def axes(self):
        """The axes of rows and of columns in a batch."""
        return (2, 3) if self.data_format == "channels_first" else (1, 2)


@register("layers")
class RandomFlip(RandomImageLayer):
    """Mirrors half of the images: left and right ("horizontal"), top and bottom ("vertical"), or both at once.

    >>> import numpy as np
    >>> RandomFlip("horizontal")(np.array([[[1.0], [2.0]]]), training=False).numpy().ravel()
    array([1., 2.], dtype=float32)
    """

    mode = field("horizontal_and_vertical", check=one_of("horizontal", "vertical", "horizontal_and_vertical"))
    seed = field(None)
    field_order = ("mode", "seed", "data_format")

    def change(self, images):
        chosen = ops.reshape(ops.less(self.draw(images, 0.0, 1.0), 0.5), (-1, 1, 1, 1))
        axes = [axis for axis, name in zip(self.axes(), ("vertical", "horizontal")) if name in self.mode]
        return ops.where(chosen, ops.flip(images, axis=tuple(axes)), images)


class RandomWarp(RandomImageLayer):
    """Base of the layers that move pixels; `terms` says where those of each image come from."""

    fill_mode = field("reflect", check=_fill)
    interpolation = field("bilinear", check=one_of("nearest", "bilinear"))
    seed = field(None)
    fill_value = field(0.0)

    def change(self, images):
        height, width = (images.shape[axis] for axis in self.axes())
        zero = ops.zeros((images.shape[0],), "float32")
        terms = [zero + term for term in self.terms(images, height, width)]
        transform = ops.stack([*terms, zero, zero], axis=1)
        out = affine_transform(
            images, transform, self.interpolation, self.fill_mode, self.fill_value, self.data_format
        )
        return ops.cast(out, self.compute_dtype)

    def terms(self, images, height, width):
        """Return a0, a1, a2, b0, b1, b2 of `ops.image.affine_transform`, numbers or shape (batch,)."""
        raise NotImplementedError(f"{type(self).__name__} needs a terms method.")


@register("layers")
class RandomRotation(RandomWarp):
    """Turns images about their middle by a random part of a full turn, counterclockwise where it is positive.

    `factor`: parts of 2 pi, a pair (lowest, highest), or a number for both directions. `fill_mode` as in
    `ops.image.affine_transform`.

    >>> RandomRotation(0.1).factor
    (-0.1, 0.1)
    """

    factor = field(to=_both_ways)
    field_order = ("factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format")

    def terms(self, images, height, width):
        angle = self.draw(images, *self.factor) * (2 * math.pi)
        cos, sin = ops.cos(angle), ops.sin(angle)
        x, y = (width - 1) / 2, (height - 1) / 2
        return cos, -sin, x - (cos * x - sin * y), sin, cos, y - (sin * x + cos * y)


@register("layers")
class RandomZoom(RandomWarp):
    """Zooms out of images by a random positive part of their size, into them by a negative one.

    `height_factor` and `width_factor`: a pair (lowest, highest), or a number for both directions; without
    `width_factor` images keep their shape.

    >>> RandomZoom((-0.2, 0.3)).height_factor
    (-0.2, 0.3)
    """

    height_factor = field()
    width_factor = field(None)
    field_order = (
        "height_factor", "width_factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format",
    )  # fmt: skip

    def terms(self, images, height, width):
        rows = 1.0 + self.draw(images, *_both_ways(self.height_factor))
        columns = rows
        if self.width_factor is not None:
            columns = 1.0 + self.draw(images, *_both_ways(self.width_factor))
        return columns, 0.0, (width - 1) / 2 * (1.0 - columns), 0.0, rows, (height - 1) / 2 * (1.0 - rows)


@register("layers")
class RandomTranslation(RandomWarp):
    """Shifts images down and to the right by random parts of their height and width, or up and left by negative ones.

    `height_factor` and `width_factor`: a pair (lowest, highest), or a number for both directions.

    >>> RandomTranslation(0.1, 0.2).width_factor
    0.2
    """

    height_factor = field()
    width_factor = field()
    field_order = (
        "height_factor", "width_factor", "fill_mode", "interpolation", "seed", "fill_value", "data_format",
    )  # fmt: skip

    def terms(self, images, height, width):
        down = self.draw(images, *_both_ways(self.height_factor)) * height
        right = self.draw(images, *_both_ways(self.width_factor)) * width
        return 1.0, 0.0, -right, 0.0, 1.0, -down


class RandomColorLayer(RandomImageLayer):
    """Base of the layers that change colors; outside of training they leave images as they are, integers too."""

    def call(self, inputs, training=True):
        return super().call(inputs, training=True) if training else inputs


@register("layers")
class RandomContrast(RandomColorLayer):
    """Multiplies what images differ from their mean, by channel, by a random number, and keeps to `value_range`.

    The number lies between 1 - lowest and 1 + highest of `factor`, a pair in [0, 1] or a number for (0, number).

    >>> RandomContrast(0.2).factor
    (0, 0.2)
    """

    factor = field(to=_upwards, check=_pair_within(0, 1))
    value_range = field((0, 255), check=_range)
    seed = field(None)
    field_order = ("factor", "value_range", "seed", "data_format")

    def change(self, images):
        times = self.draw(images, 1.0 - self.factor[0], 1.0 + self.factor[1])
        times = ops.cast(ops.reshape(times, (-1, 1, 1, 1)), self.compute_dtype)
        mean = ops.mean(images, axis=self.axes(), keepdims=True)
        return ops.clip((images - mean) * times + mean, *self.value_range)


@register("layers")
class RandomBrightness(RandomColorLayer):
    """Adds a random part of the `value_range` to images, and keeps to it.

    `factor`: a pair (lowest, highest) in [-1, 1], or a number for both directions.

    >>> RandomBrightness(0.2).factor
    (-0.2, 0.2)
    """

    factor = field(to=_both_ways, check=_pair_within(-1, 1))
    value_range = field((0, 255), to=list, check=_range)
    seed = field(None)
    field_order = ("factor", "value_range", "seed", "data_format")

    def change(self, images):
        low, high = self.value_range
        more = ops.reshape(self.draw(images, *self.factor) * (high - low), (-1, 1, 1, 1))
        return ops.clip(images + ops.cast(more, self.compute_dtype), low, high)
