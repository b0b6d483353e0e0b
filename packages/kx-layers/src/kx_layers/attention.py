"""Attention without projections: `Attention` and `AdditiveAttention`."""

from kx_io import Check, field, one_of, register
from kx_layers.layer import Layer
from kx_tensor import ops
from kx_tensor.random import SeedGenerator
from kx_tensor.symbolic import KerasTensor

_HIDDEN = {"float16": 65504.0}  # subtracted from the scores of masked values; 1e9 in other dtypes


class ScoredAttention(Layer):
    """Base of attention by scores of (query, key) pairs: a subclass writes `_scores(query, key)`."""

    supports_masking = True

    def __post_init__(self):
        super().__post_init__()
        if self.dropout > 0:
            self.seed_generator = SeedGenerator(self.seed)

    def call(self, inputs, mask=None, training=False, return_attention_scores=False, use_causal_mask=False):
        self._check(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) == 3 else value
        query_mask, value_mask = (None, None) if mask is None else mask[:2]
        rate = self.dropout if training else 0.0
        if value_mask is None and not return_attention_scores and self._is_plain(query, key, value):
            how = {"scale": 1.0, "causal": bool(use_causal_mask)}
            if rate > 0:
                how["rate"], how["seed"] = rate, self.seed_generator.draw()
            heads = [ops.expand_dims(x, 2) for x in (self._scaled(query), key, value)]
            return _hide(ops.squeeze(ops.attention(*heads, **how), 2), query_mask)
        scores = self._scores(query, key)
        visible = self._visible(scores.shape, value_mask, use_causal_mask)
        if visible is not None:
            hidden = ops.cast(ops.logical_not(visible), scores.dtype)
            scores = ops.subtract(scores, ops.multiply(hidden, _HIDDEN.get(scores.dtype, 1e9)))
        weights = ops.softmax(scores)
        if rate > 0:
            weights = ops.dropout(weights, rate=rate, seed=self.seed_generator.draw())
        out = _hide(ops.matmul(weights, value), query_mask)
        return (out, weights) if return_attention_scores else out

    def _is_plain(self, query, key, value):
        """Whether scores are plain products of (batch, steps, size) arrays, so that the fused attention serves."""
        return False

    def _visible(self, shape, value_mask, causal):
        visible = None if value_mask is None else ops.expand_dims(ops.cast(value_mask, "bool"), -2)
        if causal:
            past = ops.tril(ops.ones(shape[-2:], "bool"))
            visible = past if visible is None else ops.logical_and(visible, past)
        return visible

    def _check(self, inputs, mask):
        name = type(self).__name__
        if not isinstance(inputs, (list, tuple)) or len(inputs) not in (2, 3):
            came = f"a list of {len(inputs)}" if isinstance(inputs, (list, tuple)) else f"{inputs!r}"
            raise ValueError(
                f"{name} layer {self.name!r} takes a list of inputs, [query, value] or [query, value, key], got {came}."
            )
        if mask is None:
            return
        if not isinstance(mask, (list, tuple)) or len(mask) not in (2, 3):
            came = f"a list of {len(mask)}" if isinstance(mask, (list, tuple)) else f"{mask!r}"
            raise ValueError(
                f"{name} layer {self.name!r} takes a list of masks, [query_mask, value_mask] or [query_mask, "
                f"value_mask, key_mask], got {came}."
            )

    def compute_mask(self, inputs, previous_mask=None):
        self._check(inputs, previous_mask)
        return (
            None
            if previous_mask is None or previous_mask[0] is None
            else ops.convert_to_tensor(previous_mask[0])
        )

    def compute_output_shape(self, input_shape):
        return (*input_shape[0][:-1], input_shape[1][-1])

    def compute_output_spec(self, inputs, mask=None, return_attention_scores=False, **other):
        self._check(inputs, mask)
        query, value = inputs[:2]
        key = inputs[2] if len(inputs) == 3 else value
        out = KerasTensor(self.compute_output_shape([query.shape, value.shape]), self.compute_dtype)
        if not return_attention_scores:
            return out
        return out, KerasTensor((*query.shape[:-1], key.shape[-2]), self.compute_dtype)


def _hide(out, query_mask):
    """The outputs, 0 where the query is masked."""
    if query_mask is None:
        return out
    return ops.multiply(out, ops.expand_dims(ops.cast(query_mask, out.dtype), -1))


@register("layers")
class Attention(ScoredAttention):
    """softmax(query key^T) value, Luong's attention. Inputs: [query, value] or [query, value, key].

    Shapes: query (batch, queries, size), key (batch, keys, size), value (batch, keys, n) -> (batch, queries, n), with
    `return_attention_scores` also the weights (batch, queries, keys). With `use_scale` the scores are multiplied by a
    learnt number. `score_mode="concat"` scores by c sum(tanh(query + key)) instead, with a learnt c. `mask` is a list
    [query_mask, value_mask]. Luong et al. 2015, https://arxiv.org/abs/1508.04025

    >>> import numpy as np
    >>> query, value = np.array([[[1.0, 0.0]]]), np.array([[[5.0, 0.0], [0.0, 5.0]]])
    >>> Attention()([query, value]).numpy().round(3)
    array([[[4.967, 0.033]]], dtype=float32)
    """

    use_scale: bool = field(False)
    score_mode = field("dot", check=one_of("dot", "concat"))
    dropout = field(0.0, check=Check(lambda rate: 0 <= rate <= 1, "a {number} between 0 and 1"))
    seed = field(None)

    def build(self, input_shape):
        self._check(input_shape, None)
        self.scale = self.add_weight((), "ones", name="scale") if self.use_scale else None
        self.concat_score_weight = None
        if self.score_mode == "concat":
            self.concat_score_weight = self.add_weight((), "ones", name="concat_score_weight")

    def _scaled(self, x):
        return x if self.scale is None else ops.multiply(x, self.scale)

    def _is_plain(self, query, key, value):
        return self.score_mode == "dot" and len(query.shape) == len(key.shape) == len(value.shape) == 3

    def _scores(self, query, key):
        if self.score_mode == "dot":
            return self._scaled(ops.matmul(query, ops.swapaxes(key, -1, -2)))
        total = ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3))
        return ops.multiply(self.concat_score_weight, ops.sum(ops.tanh(self._scaled(total)), axis=-1))


@register("layers")
class AdditiveAttention(ScoredAttention):
    """softmax(scores) value with scores sum(scale tanh(query + key)), Bahdanau's attention.

    Inputs, masks and shapes are those of `Attention`; `scale` is learnt, of the size of the key, or 1 without
    `use_scale`. Bahdanau et al. 2015, https://arxiv.org/abs/1409.0473

    >>> import numpy as np
    >>> AdditiveAttention(use_scale=False)([np.ones((1, 2, 4)), np.ones((1, 3, 4))]).shape
    (1, 2, 4)
    """

    use_scale: bool = field(True)
    dropout = field(0.0, check=Check(lambda rate: 0 <= rate <= 1, "a {number} between 0 and 1"))
    seed = field(None, kw_only=True)

    def build(self, input_shape):
        self._check(input_shape, None)
        key = input_shape[2] if len(input_shape) == 3 else input_shape[1]
        self.scale = self.add_weight((key[-1],), "glorot_uniform", name="scale") if self.use_scale else None

    def _scores(self, query, key):
        t = ops.tanh(ops.add(ops.expand_dims(query, -2), ops.expand_dims(key, -3)))
        return ops.sum(t if self.scale is None else ops.multiply(t, self.scale), axis=-1)
