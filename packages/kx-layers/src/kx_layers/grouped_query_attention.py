"""`GroupQueryAttention`, whose class is called `GroupedQueryAttention`, as Keras's HDF5 files call it."""

from kx_io import field, positive, register
from kx_layers.attention_heads import HeadsAttention


@register("layers", "GroupedQueryAttention", name="GroupQueryAttention")
class GroupedQueryAttention(HeadsAttention):
    """`MultiHeadAttention` in which groups of query heads share a head of key and value.

    `num_query_heads` must be a multiple of `num_key_value_heads`. Shapes: query (batch, places, features), value and
    key (batch, other places, features) -> as the query. Ainslie et al. 2023, https://arxiv.org/abs/2305.13245

    >>> import numpy as np
    >>> layer = GroupedQueryAttention(head_dim=4, num_query_heads=4, num_key_value_heads=2)
    >>> layer(np.ones((1, 3, 8)), np.ones((1, 5, 8))).shape
    (1, 3, 8)
    """

    head_dim: int = field(check=positive)
    num_query_heads: int = field(check=positive)
    num_key_value_heads: int = field(check=positive)
    field_order = (
        "head_dim", "num_query_heads", "num_key_value_heads", "dropout", "use_bias", "sliding_window",
        "flash_attention", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "bias_constraint", "use_gate", "seed",
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if self.num_query_heads % self.num_key_value_heads:
            raise ValueError(
                f"Layer {self.name!r}: num_query_heads must be divisible by num_key_value_heads, got "
                f"{self.num_query_heads} and {self.num_key_value_heads}."
            )

    @property
    def num_repeats(self):
        """How many query heads share a head of key and value."""
        return self.num_query_heads // self.num_key_value_heads

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        self._query_dense = self._projection("query", "bqm,muh->bquh", query_shape, self.num_query_heads)
        self._key_dense = self._projection("key", "bkm,mvh->bkvh", key_shape, self.num_key_value_heads)
        self._gate_dense = None
        if self.use_gate:
            self._gate_dense = self._projection("gate", "bqm,muh->bquh", query_shape, self.num_query_heads)
        self._value_dense = self._projection("value", "bkm,mvh->bkvh", value_shape, self.num_key_value_heads)
        self._build_seed()
        self._output_dense = self._dense(
            "attention_output",
            "bquh,uhm->bqm",
            (None, query_shape[-1]),
            "m",
            (*query_shape[:-1], self.num_query_heads, self.head_dim),
        )

    def _projection(self, name, equation, shape, heads):
        return self._dense(name, equation, (None, heads, self.head_dim), equation[-2:], shape)

    def project(self, query, value, key):
        gate = None if self._gate_dense is None else self._gate_dense(query)
        return self._query_dense(query), self._key_dense(key), self._value_dense(value), gate

    def join(self, outputs):
        return self._output_dense(outputs)

    def _head_counts(self, query_shape):
        return self.num_query_heads, query_shape[-1:]


GroupQueryAttention = GroupedQueryAttention
