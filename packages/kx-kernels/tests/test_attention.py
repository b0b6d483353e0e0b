"""The attention kernel against its formula in float64, over sizes of one and of several tiles."""

import numpy as np
import pytest

from kx_kernels import attention, attention_grad

KEY = (3, 5)


def draw(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype("float32")


def formula(q, k, v, bias, mask, scale, causal, spread, rate):
    """(out, weights, weights after dropout, factors of dropout), with heads of keys repeated."""
    group = q.shape[2] // k.shape[2]
    q, k, v = (x.astype("float64").transpose(0, 2, 1, 3) for x in (q, k.repeat(group, 2), v.repeat(group, 2)))
    s = scale * q @ k.swapaxes(-1, -2)
    if bias is not None:
        s = s + bias
    seen = np.ones(s.shape, "bool") if mask is None else np.broadcast_to(mask, s.shape).copy()
    if causal:
        seen &= np.tri(*s.shape[-2:], dtype="bool")
    s = np.where(seen, s, -2.3e38)
    p = np.exp(s - s.max(-1, keepdims=True))
    p /= p.sum(-1, keepdims=True)
    if not spread:
        p *= seen
    factors = np.ones_like(p)
    if rate:
        lanes = (
            np.random.Philox(key=np.array(KEY, "uint64")).random_raw(p.size // 4 + 8).view("uint16")[: p.size]
        )
        factors = (lanes >= round(rate * 2**16)).reshape(p.shape) / (1 - rate)
    return (p * factors) @ v, p, factors, seen


def gradients(g, q, k, v, p, factors, seen, scale):
    group = q.shape[2] // k.shape[2]
    shared = k.shape
    g, q, k, v = (
        x.astype("float64").transpose(0, 2, 1, 3) for x in (g, q, k.repeat(group, 2), v.repeat(group, 2))
    )
    dp = (g @ v.swapaxes(-1, -2)) * factors
    ds = p * (dp - (dp * p).sum(-1, keepdims=True)) * seen
    dq, dk, dv = scale * ds @ k, scale * ds.swapaxes(-1, -2) @ q, (p * factors).swapaxes(-1, -2) @ g
    dq, dk, dv = (x.transpose(0, 2, 1, 3) for x in (dq, dk, dv))
    sums = [x.reshape(*shared[:3], group, -1).sum(3) for x in (dk, dv)]
    return dq, *sums, ds


# batch, queries, keys, heads, key heads, size, features
SIZES = [
    (1, 1, 1, 1, 1, 1, 1),
    (2, 3, 5, 2, 2, 4, 3),
    (1, 7, 13, 4, 2, 5, 5),
    (2, 65, 33, 3, 1, 8, 16),
    (1, 130, 131, 2, 2, 16, 16),
    (1, 70, 1100, 1, 1, 8, 4),  # three runs of keys
    (1, 1100, 600, 2, 1, 4, 8),
]
WAYS = [
    {},
    {"scale": 0.3, "bias": True},
    {"causal": True},
    {"mask": (1, 1)},
    {"mask": (0, 1), "bias": True},
    {"mask": (1, 1), "causal": True, "spread": False},
    {"mask": (1, 0)},
    {"rate": 0.3},
    {"rate": 0.5, "causal": True, "mask": (1, 1), "spread": False},
]


def arguments(sizes, way):
    batch, queries, keys, heads, kv_heads, size, features = sizes
    q, k, v = (
        draw(batch, queries, heads, size),
        draw(batch, keys, kv_heads, size, seed=1),
        draw(batch, keys, kv_heads, features, seed=2),
    )
    bias = draw(heads, queries, keys, seed=3) if way.get("bias") else None
    mask = None
    if "mask" in way:
        shape = (queries if way["mask"][0] else 1, keys if way["mask"][1] else 1)
        mask = np.random.default_rng(4).random((batch, 1, *shape)) < 0.7
        mask[0, 0, -1] = False  # a query that sees nothing, or a hidden row of all
    how = (way.get("scale", 0.5), way.get("causal", False), way.get("spread", True), way.get("rate", 0.0))
    return (q, k, v, bias, mask), how


@pytest.mark.parametrize("way", WAYS, ids=str)
@pytest.mark.parametrize("sizes", SIZES, ids=str)
def test_values_and_gradients_are_those_of_the_formula(sizes, way):
    arrays, how = arguments(sizes, way)
    wanted, p, factors, seen = formula(*arrays, *how)
    out, log_sums = attention(*arrays, *how, *KEY, True)
    assert out.dtype == np.float32 and log_sums.shape == p.shape[:3]
    np.testing.assert_allclose(out, wanted.transpose(0, 2, 1, 3), rtol=1e-5, atol=5e-6)
    again, nothing = attention(*arrays, *how, *KEY, False)
    np.testing.assert_array_equal(again, out)
    assert nothing is None
    g = draw(*out.shape, seed=9)
    found = attention_grad(g, *arrays, out, log_sums, *how, *KEY, True)
    for got, expected in zip(found, gradients(g, *arrays[:3], p, factors, seen, how[0]), strict=True):
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-5 * max(1, np.abs(expected).max()))
    assert attention_grad(g, *arrays, out, log_sums, *how, *KEY, False)[3] is None


@pytest.mark.parametrize(
    "sizes", [(0, 3, 5, 2, 2, 4, 3), (2, 0, 5, 2, 2, 4, 3), (2, 3, 0, 2, 2, 4, 3), (1, 3, 5, 2, 2, 0, 3)]
)
def test_empty_arrays(sizes):
    arrays, how = arguments(sizes, {})
    out, log_sums = attention(*arrays, *how, *KEY, True)
    assert out.shape == (sizes[0], sizes[1], sizes[3], sizes[6])
    if sizes[2] == 0:
        assert (out == 0).all()
    grads = attention_grad(out, *arrays, out, log_sums, *how, *KEY, False)
    for got, x in zip(grads[:3], arrays[:3], strict=True):
        assert got.shape == x.shape
        if sizes[1] == 0 or sizes[2] == 0:
            assert (got == 0).all()


def test_nan_spoils_its_row_only_and_hidden_keys_do_not_count():
    (q, k, v, _, _), how = arguments((1, 4, 600, 1, 1, 4, 4), {})
    q[0, 1, 0, 2] = np.nan
    out, _ = attention(q, k, v, None, None, *how, *KEY, False)
    assert np.isnan(out[0, 1]).all() and not np.isnan(out[0, [0, 2, 3]]).any()
    bias = np.zeros(600, "float32")
    bias[:550] = -np.inf
    out, _ = attention(q[:, :1], k, v, bias, None, *how, *KEY, False)
    wanted, _ = attention(q[:, :1], k[:, 550:].copy(), v[:, 550:].copy(), None, None, *how, *KEY, False)
    np.testing.assert_allclose(out, wanted, rtol=1e-5, atol=1e-6)
    bias[:] = -np.inf
    assert np.isnan(attention(q[:, :1], k, v, bias, None, *how, *KEY, False)[0]).all()


def test_large_scores():
    (q, k, v, _, _), how = arguments((1, 5, 700, 2, 2, 8, 4), {})
    arrays = (q * 1e3, k * 1e3, v, None, None)
    wanted, *_ = formula(*arrays, *how)
    out, _ = attention(*arrays, *how, *KEY, False)
    np.testing.assert_allclose(out, wanted.transpose(0, 2, 1, 3), rtol=1e-4, atol=1e-4)


def test_other_layouts_are_read():
    q, k, v = (draw(2, 2, 6, 4, seed=i).transpose(0, 2, 1, 3) for i in range(3))
    mask = (draw(6, 6, seed=4) > -1).T
    how = (0.5, False, True, 0.0)
    copies = [x.copy(order="C") for x in (q, k, v)]
    np.testing.assert_array_equal(
        attention(q, k, v, None, mask, *how, *KEY, False)[0],
        attention(*copies, None, mask.copy(order="C"), *how, *KEY, False)[0],
    )


def test_what_does_not_fit_is_refused():
    (q, k, v, _, _), how = arguments((2, 3, 5, 2, 2, 4, 3), {})
    for wrong, text in (
        ((q[0], k, v, None, None), "4 axes"),
        ((q, k[:1].copy(), v, None, None), "batch of key: expected 2, got 1"),
        ((q, k, v[:, :4].copy(), None, None), "steps of value: expected 5, got 4"),
        ((q, k[..., :3].copy(), v, None, None), "last size of key: expected 4, got 3"),
        ((q[:, :, :1].copy(), k, v, None, None), "a multiple of the key heads"),
        ((q, k, v, draw(3, 4), None), "bias: expected 5, got 4"),
        ((q, k, v, None, np.ones((1, 1, 1, 1, 1), "bool")), "mask: expected at most 4 axes"),
    ):
        with pytest.raises(ValueError, match=text):
            attention(*wrong, *how, *KEY, False)
    with pytest.raises(ValueError, match="rate"):
        attention(q, k, v, None, None, 1.0, False, True, 1.0, *KEY, False)
    with pytest.raises(TypeError, match="mask: expected a bool ndarray, got float32"):
        attention(q, k, v, None, draw(3, 5), *how, *KEY, False)


def test_bits_do_not_depend_on_the_number_of_threads(printed):
    code = (
        "import numpy as np, zlib\n"
        "from kx_kernels import attention, attention_grad\n"
        "x = np.random.default_rng(0).standard_normal((2, 200, 4, 16), 'float32')\n"
        "how = (0.25, True, True, 0.1, 1, 2)\n"
        "out, sums = attention(x, x, x, None, None, *how, True)\n"
        "grads = attention_grad(x, x, x, x, None, None, out, sums, *how, True)\n"
        "print([zlib.crc32(a.tobytes()) for a in (out, sums, *grads)])"
    )
    assert printed(code, 1) == printed(code, 3)
