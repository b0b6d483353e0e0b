"""`MultiHeadAttention`."""

from kx_io import field, positive, register
from kx_layers.attention_heads import POSITIVE_OR_NONE, HeadsAttention

_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _axes(value):
    return value if value is None else (value,) if isinstance(value, int) else tuple(value)


def _sizes(value):
    return value if value is None else tuple(value) if isinstance(value, (tuple, list)) else (value,)


@register("layers")
class MultiHeadAttention(HeadsAttention):
    """Each of `num_heads` heads projects the inputs, attends, and a last projection joins the heads.

    A head is softmax(q k^T / sqrt(key_dim)) v over the keys that the masks leave. Shapes: query (batch, places,
    features), value and key (batch, other places, features) -> (batch, places, features of the query or
    `output_shape`), and with `return_attention_scores` also the weights (batch, heads, places, other places).
    `attention_axes` are the axes of places (None: all but the first and the last). `sliding_window` hides keys that
    are that far away or farther, `use_causal_mask` those to come. With `use_gate` the heads' outputs are multiplied by
    the sigmoid of another projection of the query. Attention is computed in blocks for every `flash_attention`; True
    excludes dropout. Vaswani et al. 2017, https://arxiv.org/abs/1706.03762

    >>> import numpy as np
    >>> layer = MultiHeadAttention(num_heads=2, key_dim=4)
    >>> out, scores = layer(np.ones((1, 3, 8)), np.ones((1, 5, 8)), return_attention_scores=True)
    >>> out.shape, scores.shape
    ((1, 3, 8), (1, 2, 3, 5))
    """

    num_heads: int = field(check=positive)
    key_dim: int = field(check=positive)
    value_dim = field(None, check=POSITIVE_OR_NONE)
    output_shape = field(None, to=_sizes)
    attention_axes = field(None, to=_axes)
    field_order = (
        "num_heads", "key_dim", "value_dim", "dropout", "use_bias", "output_shape", "attention_axes", "sliding_window",
        "flash_attention", "kernel_initializer", "bias_initializer", "kernel_regularizer", "bias_regularizer",
        "activity_regularizer", "kernel_constraint", "bias_constraint", "use_gate", "seed",
    )  # fmt: skip

    def __post_init__(self):
        super().__post_init__()
        if self.value_dim is None:
            self.value_dim = self.key_dim

    def build(self, query_shape, value_shape, key_shape=None):
        key_shape = value_shape if key_shape is None else key_shape
        if tuple(key_shape[:-1]) != tuple(value_shape[:-1]):
            raise ValueError(
                f"Layer {self.name!r}: all sizes of `value` and `key` but the last must be equal, got value_shape="
                f"{tuple(value_shape)} and key_shape={tuple(key_shape)}."
            )
        self.attention_axes = self._attended_axes(len(query_shape))
        self.query_dense = self._projection("query", query_shape, self.key_dim)
        self.key_dense = self._projection("key", key_shape, self.key_dim)
        self._gate_dense = self._projection("gate", query_shape, self.value_dim) if self.use_gate else None
        self.value_dense = self._projection("value", value_shape, self.value_dim)
        self._build_seed()
        features = self._head_counts(query_shape)[1]
        batch = _LETTERS[: len(query_shape) - 1]
        new = _LETTERS[len(batch) + 2 : len(batch) + 2 + len(features)]
        old = _LETTERS[len(batch) : len(batch) + 2]
        self.output_dense = self._dense(
            "attention_output",
            f"{batch}{old},{old}{new}->{batch}{new}",
            (*[None] * (len(batch) - 1), *features),
            new,
            (*query_shape[:-1], self.num_heads, self.value_dim),
        )

    def _projection(self, name, shape, size):
        batch, rest = _LETTERS[: len(shape) - 1], _LETTERS[len(shape) - 1 :]
        old, new = rest[0], rest[1:3]
        sizes = (*[None] * (len(batch) - 1), self.num_heads, size)
        return self._dense(name, f"{batch}{old},{old}{new}->{batch}{new}", sizes, new, shape)

    def project(self, query, value, key):
        gate = None if self._gate_dense is None else self._gate_dense(query)
        return self.query_dense(query), self.key_dense(key), self.value_dense(value), gate

    def join(self, outputs):
        return self.output_dense(outputs)

    def _attended_axes(self, rank):
        axes = self.attention_axes
        return tuple(range(1, rank - 1)) if axes is None else tuple(axis % rank for axis in axes)

    def _head_counts(self, query_shape):
        return self.num_heads, self.output_shape or query_shape[-1:]

    def _add_activity_loss(self, outputs):
        """Add nothing: the activity regularizer is that of the projections."""
