"""Attention: the fused primitive behind `dot_product_attention` and the attention layers."""

import math

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.activation import softmax
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.casting import cast, convert_to_tensor
from kx_tensor.ops.compare import logical_and
from kx_tensor.ops.creation import ones
from kx_tensor.ops.dropout import dropout, dropout_mask
from kx_tensor.ops.linear import tril
from kx_tensor.ops.matrix import matmul, mT
from kx_tensor.ops.select import where
from kx_tensor.ops.shape import reshape, transpose
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive

# The score of a key that a query may not attend to, as in Keras: so low that exp gives 0 beside any other, and finite,
# so that a query without any key attends to all of them alike.
_HIDDEN = {"float16": -4.5e4, "bfloat16": -2.3e38, "float32": -2.3e38, "float64": -1.2e308}


def _attention_dtype(names, params):
    """Query, key, value and bias are taken in their common float dtype, which the result has; the mask is bool."""
    common = rules.floating([name for name in names if name != "bool"], params)[1]
    return [None if name == "bool" else common for name in names], common


def _attention_shape(shapes, params):
    query, key, value, *rest = shapes
    if not len(query) == len(key) == len(value) == 4:
        raise ValueError(
            f"query, key and value must have 4 axes (batch, steps, heads, size), got {query}, {key}, {value}."
        )
    batch, steps, heads, size = query
    for what, mine, theirs in (
        ("batch sizes of query and key", batch, key[0]),
        ("batch sizes of key and value", key[0], value[0]),
        ("steps of key and value", key[1], value[1]),
        ("heads of key and value", key[2], value[2]),
        ("last sizes of query and key", size, key[3]),
    ):
        if None not in (mine, theirs) and mine != theirs:
            raise ValueError(f"the {what} differ: {mine} and {theirs}.")
    if None not in (heads, key[2]) and (key[2] == 0 or heads % key[2]):
        raise ValueError(
            f"the number of query heads must be a multiple of that of key heads, got {heads} and {key[2]}."
        )
    scores = (batch, heads, steps, key[1])
    for extra in rest:
        if len(extra) > 4 or any(
            None not in (n, m) and n not in (1, m) for n, m in zip(extra[::-1], scores[::-1])
        ):
            raise ValueError(
                f"bias and mask must broadcast to (batch, heads, queries, keys) = {scores}, got {extra}."
            )
    return (batch, steps, heads, value[3])


def attention_weights(query, key, bias=None, mask=None, *, scale=1.0, causal=False, spread=True):
    """Return the weights of `attention`, (batch, heads, queries, keys), composed of other ops.

    >>> x = convert_to_tensor([[[[1.0]], [[2.0]]]])
    >>> attention_weights(x, x, causal=True).numpy()[0, 0].round(4)
    array([[1.    , 0.    ],
           [0.1192, 0.8808]], dtype=float32)
    """
    batch, steps, heads, size = query.shape
    keys, kv_heads = key.shape[1:3]
    query = transpose(reshape(query, (batch, steps, kv_heads, heads // kv_heads, size)), (0, 2, 3, 1, 4))
    key = reshape(transpose(key, (0, 2, 1, 3)), (batch, kv_heads, 1, keys, size))
    scores = multiply(reshape(matmul(query, mT(key)), (batch, heads, steps, keys)), scale)
    if bias is not None:
        scores = add(scores, bias)
    if causal:
        past = tril(ones((steps, keys), "bool"))
        mask = past if mask is None else logical_and(mask, past)
    if mask is None:
        return softmax(scores)
    weights = softmax(where(mask, scores, _HIDDEN[scores.dtype]))
    return weights if spread else where(mask, weights, 0.0)


def attend(weights, value):
    """Return the sums of values with `attention_weights`, the last step of `attention`.

    Shapes: weights (batch, heads, queries, keys), value (batch, keys, key heads, n) -> (batch, queries, heads, n).

    >>> attend(ones((1, 1, 1, 2)), convert_to_tensor([[[[1.0]], [[2.0]]]])).numpy().ravel()
    array([3.], dtype=float32)
    """
    batch, heads, steps, keys = weights.shape
    kv_heads, size = value.shape[2:]
    weights = reshape(weights, (batch, kv_heads, heads // kv_heads, steps, keys))
    value = reshape(transpose(value, (0, 2, 1, 3)), (batch, kv_heads, 1, keys, size))
    return reshape(transpose(matmul(weights, value), (0, 3, 1, 2, 4)), (batch, steps, heads, size))


def _attention_twin(
    query, key, value, bias=None, mask=None, scale=1.0, causal=False, spread=True, rate=0.0, seed=None
):
    weights = attention_weights(query, key, bias, mask, scale=scale, causal=causal, spread=spread)
    return attend(dropout(weights, rate=rate, seed=seed) if rate else weights, value)


def _by_head(x, kv_heads):
    """(batch, steps, heads, size) as (batch, kv_heads, heads / kv_heads, steps, size), a view where it can be."""
    batch, steps, heads, size = x.shape
    return x.reshape(batch, steps, kv_heads, heads // kv_heads, size).transpose(0, 2, 3, 1, 4)


def _by_step(x):
    """The way back from `_by_head`."""
    batch, kv_heads, group, steps, size = x.shape
    return x.transpose(0, 3, 1, 2, 4).reshape(batch, steps, kv_heads * group, size)


def _visible(xp, mask, causal, steps, keys):
    """Where scores count: `mask`, and with `causal` only the keys up to the query's own place; None: everywhere."""
    if not causal:
        return mask
    past = xp.tril(xp.ones((steps, keys), "bool"))
    return past if mask is None else xp.logical_and(mask, past)


@primitive(shape=_attention_shape, dtype=_attention_dtype, like=_attention_twin, saves=True)
def attention(
    xp,
    query,
    key,
    value,
    bias=None,
    mask=None,
    *,
    scale=1.0,
    causal=False,
    spread=True,
    rate=0.0,
    seed=None,
    keep,
):
    """Return softmax(scale * query key^T + bias) value for each head, over the keys that `mask` and `causal` leave.

    Shapes: query (batch, queries, heads, size), key (batch, keys, key heads, size), value (batch, keys, key heads, n)
    -> (batch, queries, heads, n). The heads are a multiple of the key heads: neighbours share one. `bias` and the
    boolean `mask` broadcast to (batch, heads, queries, keys); `causal` leaves the keys up to the query's own place. A
    query that may attend to no key attends to all of them alike (`spread`) or gives 0. With `rate` the weights go
    through `dropout` with `seed`.
    Vaswani et al. 2017, https://arxiv.org/abs/1706.03762; grouped heads: https://arxiv.org/abs/2305.13245

    >>> x = convert_to_tensor([[[[1.0]], [[2.0]]]])
    >>> attention(x, x, x, causal=True).numpy().ravel().round(4)
    array([1.    , 1.8808], dtype=float32)
    """
    _attention_shape([x.shape for x in (query, key, value, bias, mask) if x is not None], None)
    dtype, (batch, steps, heads, _), (keys, kv_heads) = query.dtype, query.shape, key.shape[1:3]
    q, k, v = (
        _by_head(widen(query), kv_heads),
        _by_head(widen(key), kv_heads),
        _by_head(widen(value), kv_heads),
    )
    t = xp.matmul(q, xp.swapaxes(k, -1, -2))
    t = t.reshape(batch, heads, steps, keys)
    t *= scale
    if bias is not None:
        t += widen(bias)
    mask = _visible(xp, mask, causal, steps, keys)
    if mask is not None:
        t = xp.where(mask, t, t.dtype.type(_HIDDEN[t.dtype.name]))
    if t.size:
        t -= t.max(axis=-1, keepdims=True)
    weights = xp.exp(t, out=t)
    weights /= weights.sum(axis=-1, keepdims=True)
    kept = None
    if mask is not None and not spread:
        weights *= mask
    if rate:
        kept = dropout_mask.forward(xp, weights, rate=rate, seed=seed)
    used = weights if kept is None else weights * kept
    out = xp.matmul(used.reshape(batch, kv_heads, heads // kv_heads, steps, keys), v)
    return narrow(_by_step(out), dtype), (weights, kept, used) if keep else None


def _attention_grads(xp, g, query, key, value, bias, mask, saved, needs, scale, causal):
    weights, kept, used = saved
    batch, heads, steps, keys = weights.shape
    kv_heads = key.shape[2]
    grouped = (batch, kv_heads, heads // kv_heads, steps, keys)
    q, k, v = (
        _by_head(widen(query), kv_heads),
        _by_head(widen(key), kv_heads),
        _by_head(widen(value), kv_heads),
    )
    g = _by_head(widen(g), kv_heads)
    gq = gk = gv = t = None
    if needs[2]:
        gv = xp.matmul(xp.swapaxes(used.reshape(grouped), -1, -2), g).sum(axis=2, keepdims=True)
    if needs[0] or needs[1] or needs[3]:  # t: the gradient of the scores
        t = xp.matmul(g, xp.swapaxes(v, -1, -2)).reshape(weights.shape)
        if kept is not None:
            t *= kept
        t *= weights
        t -= weights * t.sum(axis=-1, keepdims=True)
        mask = _visible(xp, mask, causal, steps, keys)
        if mask is not None:
            t *= mask
        s = t.reshape(grouped)
        if needs[0]:
            gq = xp.matmul(s, k)
            gq *= scale
        if needs[1]:
            gk = xp.matmul(xp.swapaxes(s, -1, -2), q).sum(axis=2, keepdims=True)
            gk *= scale
    gq, gk, gv = (x if x is None else _by_step(x) for x in (gq, gk, gv))
    return gq, gk, gv, t if needs[3] else None, None


attention.vjp_joint(_attention_grads)
attention.cost = lambda query, key, value, bias=None, mask=None: 4 * query.size * key.shape[1]
attention.cases = (
    case("1,3,1,2", "1,2,1,2", "1,2,1,3"), case("2,3,2,2", "2,2,2,2", "2,2,2,2", scale=0.5),
    case("1,3,4,2", "1,2,2,2", "1,2,2,1", "1,4,3,2", scale=0.7), case("1,3,1,2", "1,4,1,2", "1,4,1,2", causal=True),
    case("2,2,1,2", "2,3,1,2", "2,3,1,2", None, "2,1,1,3:bool"), case("1,2,1,2", "1,3,1,2", "1,3,1,2", "3", "2,3:bool"),
    case("1,2,1,2", "1,3,1,2", "1,3,1,2", None, np.array([[True, False, True], [False] * 3]), causal=True),
    case("1,2,1,2", "1,3,1,2", "1,3,1,2", None, np.array([[True, False, True], [False] * 3]), spread=False),
    case("1,2,2,2", "1,3,1,2", "1,3,1,2", rate=0.3, seed=(1, 2)),
    case("1,2,1,2", "1,3,1,2", "1,3,1,2", None, np.array([[True, False, True], [False] * 3]), rate=0.3, seed=(3, 4),
         spread=False),
    case("1,2,1,2", "1,3,1,2", "1,3,1,2", None, np.array([[True, False, True], [False] * 3]), rate=0.3, seed=(3, 4)),
    case("0,2,1,2", "0,3,1,2", "0,3,1,2"), case("1,0,1,2", "1,3,1,2", "1,3,1,2"), case("1,1,1,1", "1,1,1,1", "1,1,1,1"),
    fails("2,3,4", "2,3,4", "2,3,4", match="4 axes"), fails("1,3,3,2", "1,2,2,2", "1,2,2,2", match="multiple"),
    fails("1,3,2,2", "2,2,2,2", "2,2,2,2", match="batch sizes"),
    fails("1,3,2,2", "1,2,2,2", "1,3,2,2", match="steps of"),
    fails("1,3,2,2", "1,2,2,3", "1,2,2,2", match="last sizes"),
    fails("1,3,2,2", "1,2,2,2", "1,2,1,2", match="heads of"),
    fails("1,3,2,2", "1,2,2,2", "1,2,2,2", "3,3", match="broadcast"),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")


def _fits(
    query, key, value, bias=None, mask=None, scale=1.0, causal=False, spread=True, rate=0.0, seed=None, keep=0
):
    return (
        query.dtype is _FLOAT32
        and query.ndim == 4
        and 0 <= rate < 1
        and not (rate and spread and mask is not None)  # weights of queries without a key, dropped
    )


def _how(scale=1.0, causal=False, spread=True, rate=0.0, seed=None):
    return scale, causal, spread, rate, *(seed or (0, 0))


def _forward(query, key, value, bias=None, mask=None, keep=False, **params):
    out, log_sums = kx_kernels.attention(query, key, value, bias, mask, *_how(**params), keep)
    return out, (out, log_sums) if keep else None


def _backward(g, inputs, saved, needs, params):
    given = np.asarray(g, _FLOAT32)
    return *kx_kernels.attention_grad(given, *inputs, *saved, *_how(**params), needs[3]), None


if kx_kernels is not None:
    attention.kernel("native", _forward, _backward, _fits)


# ---- Keras's function ------------------------------------------------------------------------------------------


def dot_product_attention(
    query,
    key,
    value,
    bias=None,
    mask=None,
    scale=None,
    is_causal=False,
    flash_attention=None,
    attn_logits_soft_cap=None,
):
    """Return softmax(scale * query key^T + bias) value for each head; see `attention`.

    `scale` is 1 / sqrt(size) unless given; where `mask` is False, or with `is_causal` the key is later than the query,
    a weight is 0. The result is the same for every `flash_attention`: the CPU kernel always works in blocks.
    `attn_logits_soft_cap` must be None, as in Keras on anything but a TPU.

    >>> x = convert_to_tensor([[[[1.0]], [[2.0]]]])
    >>> dot_product_attention(x, x, x, is_causal=True).numpy().ravel().round(4)
    array([1.    , 1.8808], dtype=float32)
    """
    if attn_logits_soft_cap is not None:
        raise ValueError(
            "dot_product_attention: attn_logits_soft_cap is for TPUs only; it must be None, "
            f"got {attn_logits_soft_cap!r}."
        )
    query, key, value = convert_to_tensor(query), convert_to_tensor(key), convert_to_tensor(value)
    if scale is None:
        scale = 1.0 / math.sqrt(query.shape[-1]) if query.shape[-1:] not in ((), (0,)) else 1.0
    if mask is not None:
        mask = cast(convert_to_tensor(mask), "bool")
    return attention(query, key, value, bias, mask, scale=float(scale), causal=bool(is_causal))
