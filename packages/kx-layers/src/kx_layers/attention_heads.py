"""What attention layers with several heads share: masks, the attention itself, shapes."""

import math

from kx_io import Check, field
from kx_layers import constraints, initializers, regularizers
from kx_layers.einsum_dense import EinsumDense
from kx_layers.layer import Layer
from kx_tensor import ops
from kx_tensor.random import SeedGenerator
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor

POSITIVE_OR_NONE = Check(
    lambda n: n is None or (isinstance(n, int) and not isinstance(n, bool) and n > 0),
    "None or a positive integer",
)


class HeadsAttention(Layer):
    """Base of layers in which the heads of a query attend to those of key and value.

    A subclass makes the projections in `build` by `_dense`, calls `_build_seed` before the last, and writes
    `project(query, value, key)`, which returns the heads of query, key and value (..., heads, size) and the gate or
    None, `join(outputs)`, which makes the result of the heads' outputs, and `_head_counts(query_shape)`, the number of
    query heads and the sizes of a result.
    """

    dropout = field(0.0, check=Check(lambda rate: 0 <= rate <= 1, "a {number} between 0 and 1"))
    use_bias: bool = field(True)
    sliding_window = field(None, check=POSITIVE_OR_NONE)
    flash_attention = field(None, config=False)
    kernel_initializer = field("glorot_uniform", to=initializers.get)
    bias_initializer = field("zeros", to=initializers.get)
    kernel_regularizer = field(None, to=regularizers.get)
    bias_regularizer = field(None, to=regularizers.get)
    activity_regularizer = field(None, to=regularizers.get)
    kernel_constraint = field(None, to=constraints.get)
    bias_constraint = field(None, to=constraints.get)
    use_gate: bool = field(False)
    seed = field(None)

    supports_masking = True

    def __post_init__(self):
        super().__post_init__()
        if self.flash_attention and self.dropout > 0:
            raise ValueError(
                f"Layer {self.name!r}: flash_attention and dropout exclude each other, got flash_attention=True and "
                f"dropout={self.dropout}."
            )

    def _dense(self, name, equation, output_shape, bias_axes, input_shape):
        """A built projection, with the layer's own initializers, regularizers and constraints."""
        dense = EinsumDense(
            equation,
            output_shape,
            bias_axes=bias_axes if self.use_bias else None,
            kernel_initializer=self.kernel_initializer,
            bias_initializer=self.bias_initializer,
            kernel_regularizer=self.kernel_regularizer,
            bias_regularizer=self.bias_regularizer,
            activity_regularizer=self.activity_regularizer,
            kernel_constraint=self.kernel_constraint,
            bias_constraint=self.bias_constraint,
            name=name,
            dtype=self.dtype_policy,
        )
        dense.build(input_shape)
        return dense

    def _build_seed(self):
        if self.dropout > 0:
            self.seed_generator = SeedGenerator(self.seed)

    def call(
        self,
        query,
        value,
        key=None,
        query_mask=None,
        value_mask=None,
        key_mask=None,
        attention_mask=None,
        return_attention_scores=False,
        training=None,
        use_causal_mask=False,
    ):
        key = value if key is None else key
        query_heads, key_heads, value_heads, gate = self.project(*map(_unmasked, (query, value, key)))
        places = Places(query_heads.shape, key_heads.shape, self._attended_axes(len(query.shape)))
        mask = places.mask(query_mask, value_mask, key_mask, attention_mask, self.sliding_window)
        heads = [places.flatten(x) for x in (query_heads, key_heads, value_heads)]
        how = {"scale": 1.0 / math.sqrt(query_heads.shape[-1]), "causal": bool(use_causal_mask)}
        if self.dropout > 0 and training:
            how["rate"], how["seed"] = self.dropout, self.seed_generator.draw()
        if not return_attention_scores:
            out = ops.attention(*heads, None, mask, spread=self.dropout == 0, **how)
            return self._finish(places.restore(out), gate)
        rate, seed = how.pop("rate", 0.0), how.pop("seed", None)
        scores = ops.attention_weights(*heads[:2], None, mask, spread=False, **how)
        weights = ops.dropout(scores, rate=rate, seed=seed) if rate else scores
        return self._finish(places.restore(ops.attend(weights, heads[2])), gate), places.restore_scores(
            scores
        )

    def _finish(self, out, gate):
        return self.join(out if gate is None else ops.multiply(out, ops.sigmoid(gate)))

    def _attended_axes(self, rank):
        return (1,)

    def compute_output_shape(self, query_shape, value_shape, key_shape=None):
        return (*query_shape[:-1], *self._head_counts(query_shape)[1])

    def compute_output_spec(self, query, value, key=None, return_attention_scores=False, **other):
        out = KerasTensor(self.compute_output_shape(query.shape, value.shape), self.compute_dtype)
        if not return_attention_scores:
            return out
        axes = self._attended_axes(len(query.shape))
        batch = [n for i, n in enumerate(query.shape[:-1]) if i not in axes]
        ends = [query.shape[i] for i in axes] + [value.shape[i] for i in axes]
        return out, KerasTensor((*batch, self._head_counts(query.shape)[0], *ends), self.compute_dtype)


def _unmasked(x):
    """The tensor without its mask, which the projections have no use for."""
    return x if x._keras_mask is None else Tensor(x.data, x.node, x.device)


class Places:
    """Which axes are places that attend to each other: they become one axis, those before the heads else another.

    `query` and `key` are the shapes (..., heads, size) of the projected query and key, `axes` the attended axes.
    """

    def __init__(self, query, key, axes):
        places = len(query) - 2
        if len(key) != len(query) or not axes or any(not 0 < axis < places for axis in axes):
            raise ValueError(
                f"query, value and key must have the same number of axes, at least 3, and the attention axes {axes} "
                f"lie between the first and the last; got {places + 1} and {len(key) - 1} axes."
            )
        self.query, self.key, self.axes = query, key, tuple(axes)
        self.batch_axes = tuple(i for i in range(places) if i not in axes)
        order = (*self.batch_axes, *self.axes, places, places + 1)
        self.order = None if order == tuple(range(len(order))) else order
        self.batch = tuple(query[i] for i in self.batch_axes)
        self.queries = tuple(query[i] for i in self.axes)
        self.keys = tuple(key[i] for i in self.axes)
        self.plain = len(self.batch) == len(self.axes) == 1

    def flatten(self, x):
        """(..., heads, size) as (batch, places, heads, size)."""
        if self.order is not None:
            x = ops.transpose(x, self.order)
        if self.plain:
            return x
        count = math.prod(x.shape[len(self.batch) : -2])
        return ops.reshape(x, (math.prod(self.batch), count, *x.shape[-2:]))

    def restore(self, x):
        """The way back from `flatten`, for outputs at the places of the query."""
        if not self.plain:
            x = ops.reshape(x, (*self.batch, *self.queries, *x.shape[-2:]))
        if self.order is None:
            return x
        return ops.transpose(x, tuple(self.order.index(i) for i in range(len(self.order))))

    def restore_scores(self, scores):
        """(batch, heads, queries, keys) with each of those axes as it was."""
        if self.plain:
            return scores
        return ops.reshape(scores, (*self.batch, scores.shape[1], *self.queries, *self.keys))

    def mask(self, query_mask, value_mask, key_mask, attention_mask, window):
        """All masks as one of shape (batch, heads, queries, keys), each size maybe 1; None if there is none."""
        masks = []
        if query_mask is not None:
            masks.append(ops.expand_dims(self._mask_of_places(query_mask), (1, 3)))
        for given in (value_mask, key_mask):
            if given is not None:
                masks.append(ops.expand_dims(self._mask_of_places(given), (1, 2)))
        if attention_mask is not None:
            masks.append(self._mask_of_scores(ops.cast(attention_mask, "bool")))
        if window is not None:
            near = ops.arange(math.prod(self.queries))[:, None] - ops.arange(math.prod(self.keys))[None, :]
            masks.append(ops.less(ops.absolute(near), window)[None, None])
        if not masks:
            return None
        result = masks[0]
        for other in masks[1:]:
            result = ops.logical_and(result, other)
        return result

    def _mask_of_places(self, mask):
        """A mask with the shape of query or key without its features, as (batch, places)."""
        mask = ops.cast(mask, "bool")
        if self.plain:
            return mask
        mask = ops.transpose(mask, (*self.batch_axes, *self.axes))
        return ops.reshape(mask, (math.prod(self.batch), math.prod(mask.shape[len(self.batch) :])))

    def _mask_of_scores(self, mask):
        """A mask of the scores, in which the axes before those of the places may be missing."""
        missing = len(self.batch) + 1 + 2 * len(self.axes) - len(mask.shape)
        for _ in range(missing):
            mask = ops.expand_dims(mask, -2 * len(self.axes) - 1)
        if self.plain:
            return mask
        full = (*self.batch, mask.shape[len(self.batch)], *self.queries, *self.keys)
        sizes = (math.prod(self.batch), full[len(self.batch)], math.prod(self.queries), math.prod(self.keys))
        return ops.reshape(ops.broadcast_to(mask, full), sizes)
