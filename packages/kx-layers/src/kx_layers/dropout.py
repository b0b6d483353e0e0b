"""Dropout: random zeros in training, to keep units from relying on each other."""

import functools

from kx_io import each, field, fraction, instance_of, positive, register
from kx_layers.input_spec import InputSpec
from kx_layers.layer import Layer
from kx_tensor import config, random
from kx_tensor.symbolic import KerasTensor

NOISE_SHAPE = instance_of(type(None)) | each(positive & instance_of(int) | instance_of(type(None)))


class RandomLayer(Layer):
    """Base of layers that change their input at random in training, and pass it on in inference.

    Subclasses set `strength`, the name of the field that is 0 for a layer that does nothing, and write
    `perturb(inputs)`.
    """

    supports_masking = True
    strength = "rate"

    def __post_init__(self):
        super().__post_init__()
        self.active = getattr(self, self.strength) > 0
        if self.active:
            self.seed_generator = random.SeedGenerator(self.seed)

    def perturb(self, inputs):
        """Return the inputs as training sees them."""
        raise NotImplementedError(f"{type(self).__name__} needs a perturb(self, inputs) method.")

    def call(self, inputs, training=False):
        if training and self.active:
            return self.perturb(inputs)
        return inputs

    def compute_output_spec(self, inputs, training=False):
        return KerasTensor(inputs.shape, inputs.dtype)


@register("layers")
class Dropout(RandomLayer):
    """In training sets a random part `rate` of the inputs to 0 and divides the others by 1 - rate.

    `noise_shape` gives axes of size 1 one decision in common; None in it stands for the input's size. The mask comes
    from the layer's own `SeedGenerator`, seeded by `seed`. Srivastava et al. 2014.

    >>> import numpy as np
    >>> Dropout(0.5, seed=7)(np.array([[1.0, 2.0, 3.0, 4.0]]), training=True).numpy()
    array([[2., 0., 0., 8.]], dtype=float32)
    """

    rate = field(check=fraction)
    noise_shape = field(None, check=NOISE_SHAPE)
    seed = field(None)

    def perturb(self, inputs):
        return random.dropout(inputs, self.rate, self.noise_shape, self.seed_generator)


# ---- whole channels ------------------------------------------------------------------------------------------


def _takes_old(init):
    """Let a constructor written out take the arguments of Keras 1, by the names that they have today."""

    @functools.wraps(init)
    def method(self, *args, **kwargs):
        if "p" in kwargs or "dim_ordering" in kwargs:
            kwargs = self._modern(kwargs)
        init(self, *args, **kwargs)

    return method


class SpatialDropout(Dropout):
    """Base of dropout that drops whole channels: neighbours in a feature map are too alike to be dropped alone."""

    def get_config(self):
        # Keras's constructors take these four only.
        return {"rate": self.rate, "seed": self.seed, "name": self.name, "dtype": self.dtype_policy.name}


@register("layers")
class SpatialDropout1D(SpatialDropout):
    """`Dropout` of whole channels. Shape: (batch, steps, channels).

    >>> import numpy as np
    >>> SpatialDropout1D(0.5, seed=1)(np.array([[[1.0, 2.0], [3.0, 4.0]]])).numpy()
    array([[[1., 2.],
            [3., 4.]]], dtype=float32)
    """

    input_spec = InputSpec(ndim=3)

    @_takes_old
    def __init__(self, rate, seed=None, name=None, dtype=None):
        super().__init__(rate, (None, 1, None), seed, name=name, dtype=dtype)


class SpatialDropoutND(SpatialDropout):
    """Base of `SpatialDropout2D` and `SpatialDropout3D`, whose channels come last or first."""

    ndim = None

    @_takes_old
    def __init__(self, rate, data_format=None, seed=None, name=None, dtype=None):
        self.data_format = config.standardize_data_format(data_format)
        ones = (1,) * (self.ndim - 2)
        noise_shape = (None, None, *ones) if self.data_format == "channels_first" else (None, *ones, None)
        super().__init__(rate, noise_shape, seed, name=name, dtype=dtype)

    def get_config(self):
        return {**super().get_config(), "data_format": self.data_format}


@register("layers")
class SpatialDropout2D(SpatialDropoutND):
    """`Dropout` of whole channels. Shape: (batch, rows, columns, channels), or channels second for "channels_first".

    >>> SpatialDropout2D(0.5, "channels_first").noise_shape
    (None, None, 1, 1)
    """

    ndim = 4
    input_spec = InputSpec(ndim=4)


@register("layers")
class SpatialDropout3D(SpatialDropoutND):
    """`Dropout` of whole channels. Shape: (batch, x, y, z, channels), or channels second for "channels_first".

    >>> SpatialDropout3D(0.5).noise_shape
    (None, 1, 1, 1, None)
    """

    ndim = 5
    input_spec = InputSpec(ndim=5)
