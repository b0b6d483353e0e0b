"""`CategoryEncoding`: numbers of categories as vectors."""

from kx_io import field, one_of, positive, register
from kx_layers.data_layer import DataLayer
from kx_layers.encoding import MODES, encode, encoded_shape
from kx_layers.unsupported import only_false


@register("layers")
class CategoryEncoding(DataLayer):
    """Vectors of length `num_tokens` for integers in [0, num_tokens); others count for nothing.

    With `output_mode` "one_hot" a vector for each integer, (...) -> (..., num_tokens); with "multi_hot" or "count"
    one for each sample, (batch, n) -> (batch, num_tokens). A call may give `count_weights`, what each integer counts.

    >>> CategoryEncoding(num_tokens=4, output_mode="count")([[0, 2, 2]]).numpy()
    array([[1., 0., 2., 0.]], dtype=float32)
    """

    num_tokens: int = field(None, check=positive)
    output_mode = field("multi_hot", check=one_of(*MODES))
    sparse: bool = field(False, check=only_false("sparse output"), config=False)

    def __post_init__(self):
        super().__post_init__()
        if self.num_tokens is None:
            raise ValueError(
                "num_tokens must be set to use this layer. If the number of tokens is not known beforehand, use the "
                "IntegerLookup layer instead."
            )

    def call(self, inputs, count_weights=None):
        if count_weights is not None and self.output_mode != "count":
            raise ValueError(
                f"Layer {self.name!r}: `count_weights` is not used when `output_mode` is not 'count'; it is "
                f"{self.output_mode!r}."
            )
        return encode(inputs, self.num_tokens, self.output_mode, self.output_dtype, count_weights)

    def compute_output_shape(self, input_shape):
        return encoded_shape(input_shape, self.num_tokens, self.output_mode)
