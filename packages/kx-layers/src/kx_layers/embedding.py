"""`Embedding`: a learnt vector for each of a set of numbers."""

import warnings

from kx_io import field, positive, register
from kx_layers import constraints, initializers, regularizers
from kx_layers.layer import Layer
from kx_layers.unsupported import only_none
from kx_tensor import ops


@register("layers")
class Embedding(Layer):
    """Row `i` of the table `embeddings` for each number `i`. Shapes: (...) -> (..., output_dim).

    With `mask_zero`, 0 is padding: the output carries a mask that is False there. `weights` are initial values of the
    table. A number outside [0, input_dim) raises ValueError on the CPU.

    >>> import numpy as np
    >>> layer = Embedding(3, 2, weights=[[[0.0, 0.0], [1.0, 1.5], [2.0, 2.5]]])
    >>> layer(np.array([2, 0])).numpy()
    array([[2. , 2.5],
           [0. , 0. ]], dtype=float32)
    """

    input_dim: int = field(check=positive)
    output_dim: int = field(check=positive)
    embeddings_initializer = field("uniform", to=initializers.get)
    embeddings_regularizer = field(None, to=regularizers.get)
    embeddings_constraint = field(None, to=constraints.get)
    mask_zero: bool = field(False)
    weights = field(None, config=False)
    lora_rank = field(None, check=only_none("LoRA"), config=False)
    lora_alpha = field(None, check=only_none("LoRA"), config=False)
    quantization_config = field(None, check=only_none("quantization"))
    activity_regularizer = field(None, to=regularizers.get)
    autocast = field(False, config=False)  # numbers above 2048 are not exact in half precision

    @weights.getter
    def weights(self):
        return super().weights

    @weights.setter
    def weights(self, values):
        if self.built:
            raise AttributeError(f"Layer {self.name!r} is built: set its weights by set_weights([array]).")
        self.untracked("_initial_weights", values)

    def __post_init__(self):
        super().__post_init__()
        self.supports_masking = self.mask_zero

    def _accept_extra(self, extra):
        if extra.pop("input_length", None) is not None:
            warnings.warn("Argument `input_length` is deprecated. Just remove it.", stacklevel=4)
        return super()._accept_extra(extra)

    def build(self, input_shape=None):
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )

    def call(self, inputs):
        rows = ops.embedding(self.embeddings, inputs)
        return rows if rows.dtype == self.compute_dtype else ops.cast(rows, self.compute_dtype)

    def compute_mask(self, inputs, mask=None):
        return ops.not_equal(inputs, 0) if self.mask_zero else None

    def compute_output_shape(self, input_shape):
        return (*input_shape, self.output_dim)
