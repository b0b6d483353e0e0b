"""Ops composed of primitives: derivatives by finite differences, control flow, edge cases and errors."""

import numpy as np
import pytest

from kx_tensor import Function, GradientTape, KerasTensor, Variable, grad, ops
from kx_tensor.gradients import gradients, jvp
from kx_tensor.testing import check_grad, leaf_tensor

RNG = np.random.default_rng(0)
A, B, V, W = (
    RNG.uniform(0.5, 2.0, (3, 4)),
    RNG.uniform(0.5, 2.0, (3, 4)),
    RNG.uniform(0.5, 2.0, 4),
    RNG.uniform(0.5, 2.0, 4),
)
PLACES = np.array([2, 0, 2])
HOLES = np.where(RNG.random((3, 4)) < 0.3, np.nan, A)

DIFFERENTIABLE = {
    "divide_no_nan": (lambda a, b: ops.divide_no_nan(a, b), A, B), "var": (lambda a: ops.var(a, axis=1), A), "std": (lambda a: ops.std(a, axis=(0, 1)), A),
    "moments": (lambda a: ops.moments(a, axes=[1]), A), "logsumexp": (lambda a: ops.logsumexp(a, axis=-1), A), "average": (lambda a, w: ops.average(a, axis=1, weights=w), A, W),
    "average of all": (lambda a, b: ops.average(a, weights=b), A, B), "ptp": (lambda a: ops.ptp(a, axis=0), A), "rsqrt": (ops.rsqrt, A), "exp2": (ops.exp2, A), "clip": (lambda a: ops.clip(a, 0.7, 1.5), A),
    "where": (lambda a, b: ops.where(np.array([True, False, True, True]), a, b), A, B), "norm": (lambda a: ops.norm(a, axis=1), A), "norm 3": (lambda a: ops.norm(a, ord=3, axis=0), A),
    "norm 1": (lambda a: ops.norm(a, ord=1, axis=(0, 1)), A), "norm fro": (lambda a: ops.norm(a, "fro"), A), "norm inf": (lambda a: ops.norm(a, ord=np.inf), A), "normalize": (lambda a: ops.normalize(a), A),
    "normalize 1": (lambda a: ops.normalize(a, order=1, axis=0), A), "psnr": (lambda a, b: ops.psnr(a, b, 2.0), A, B), "stack": (lambda a, b: ops.stack([a, b], axis=1), A, B), "hstack": (lambda a, b: ops.hstack([a, b]), A, B),
    "dstack": (lambda a, b: ops.dstack([a, b]), A, B), "split": (lambda a: ops.split(a, [1, 3], axis=1)[1], A), "unstack": (lambda a: ops.unstack(a, axis=1)[2], A), "tile": (lambda a: ops.tile(a, (2, 1, 2)), A),
    "repeat": (lambda a: ops.repeat(a, [1, 0, 2], axis=0), A), "meshgrid": (lambda v, w: ops.meshgrid(v, w), V, W), "sort": (lambda a: ops.sort(a, axis=0), A), "top_k": (lambda a: ops.top_k(a, 2)[0], A),
    "slice": (lambda a: ops.slice(a, (1, 0), (2, 3)), A), "slice_update": (lambda a, b: ops.slice_update(a, (1, 1), b[:2, :2]), A, B), "tensordot": (lambda a, b: ops.tensordot(a, b, axes=[[1], [1]]), A, B),
    "dot": (lambda a, v: ops.dot(a, v), A, V), "inner": (lambda a, b: ops.inner(a, b), A, B), "outer": (ops.outer, V, W), "vdot": (ops.vdot, A, B), "trace": (ops.trace, A), "diag": (lambda v: ops.diag(v, 1), V),
    "linspace": (lambda v, w: ops.linspace(v, w, 3), V, W), "logspace": (lambda v: ops.logspace(v, 2.0, 3), V), "geomspace": (lambda v, w: ops.geomspace(v, w, 3), V, W), "rot90": (ops.rot90, A), "moveaxis": (lambda a: ops.moveaxis(a, 0, 1), A),
    "rearrange": (lambda a: ops.rearrange(a, "a (b c) -> (c a) b", b=2), A), "diff": (lambda a: ops.diff(a, n=2), A), "trapezoid": (lambda a, v: ops.trapezoid(a, x=v), A, np.cumsum(V)), "vander": (lambda v: ops.vander(v, 3), V),
    "cross": (lambda a, b: ops.cross(a[:, :3], b[:, :3]), A, B), "cross of planes": (lambda a, b: ops.cross(a[:, :2], b[:, :3]), A, B), "median": (lambda a: ops.median(a, axis=1), A), "quantile": (lambda a: ops.quantile(a, [0.2, 0.7], axis=1), A),
    "nanmean": (lambda a: ops.nanmean(ops.where(np.isnan(HOLES), np.nan, a), axis=1), A), "nansum": (lambda a: ops.nansum(ops.where(np.isnan(HOLES), np.nan, a)), A), "sinc": (ops.sinc, A), "fmax": (ops.fmax, A, B), "fmin": (ops.fmin, A, B),
    "nanmax": (lambda a: ops.nanmax(a, axis=1), A), "nanvar": (lambda a: ops.nanvar(a, axis=0), A), "ldexp": (lambda a: ops.ldexp(a, 3), A), "corrcoef": (ops.corrcoef, A), "correlate": (lambda v, w: ops.correlate(v, w[:3], "full"), V, W),
    "cdist": (ops.cdist, A, B[:2]), "segment_sum": (lambda a: ops.segment_sum(a, PLACES, 3), A), "segment_max": (lambda a: ops.segment_max(a, PLACES)[2], A), "segment_min": (lambda a: ops.segment_min(a, PLACES)[::2], A),
    "segment_prod": (lambda a: ops.segment_prod(a, PLACES, 3), A), "scan": (lambda v: ops.scan(lambda c, x: (c * x + x, c + x), 1.0, v), V), "associative_scan": (lambda v: ops.associative_scan(lambda p, q: p * q, v), V),
    "while_loop": (lambda v: ops.while_loop(lambda i, x: i < 3, lambda i, x: (i + 1, x * x), (0, v))[1], V), "map": (lambda a: ops.map(lambda row: row * row.sum(), a), A), "fori_loop": (lambda v: ops.fori_loop(0, 3, lambda i, x: x * v, v), V),
    "vectorize": (lambda v, w: ops.vectorize(lambda x, y: x * ops.exp(y))(v, w), V, W), "cond": (lambda v: ops.cond(True, lambda: v * v, lambda: v), V), "switch": (lambda v: ops.switch(1, [ops.exp, ops.square], v), V),
}  # fmt: skip


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_derivatives(name):
    fn, *arrays = DIFFERENTIABLE[name]
    check_grad(lambda *xs: _flat(fn(*xs)), *arrays)


def _flat(out):
    return tuple(out) if isinstance(out, (list, tuple)) else out


# ---- gradients at awkward places -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fn", "at", "slope"),
    [
        (lambda x: ops.norm(x), [0.0, 0.0], [0.0, 0.0]), (lambda x: ops.divide_no_nan(1.0, x).sum(), [0.0, 2.0], [0.0, -0.25]), (lambda x: ops.sinc(x).sum(), [0.0], [0.0]),
        (lambda x: ops.logsumexp(x), [-np.inf, 0.0], [0.0, 1.0]), (lambda x: ops.maximum(x, 0.0).sum(), [0.0, 1.0, -1.0], [0.5, 1.0, 0.0]), (lambda x: ops.abs(x).sum(), [0.0, -2.0], [0.0, -1.0]),
        (lambda x: ops.max(x), [1.0, 1.0, 0.0], [0.5, 0.5, 0.0]), (lambda x: ops.max(x, initial=5.0), [1.0, 2.0], [0.0, 0.0]), (lambda x: (x**0).sum(), [0.0, 2.0], [0.0, 0.0]),
        (lambda x: ops.power(x, ops.zeros_like(x)).sum(), [0.0, 2.0], [0.0, 0.0]), (lambda x: ops.cdist(x[None, None], ops.zeros((1, 1, 2))).sum(), [0.0, 0.0], [0.0, 0.0]),
        (lambda x: ops.nanmean(x), [np.nan, 4.0], [0.0, 1.0]), (lambda x: ops.where(x > 0, ops.log(ops.where(x > 0, x, 1.0)), 0.0).sum(), [-1.0, 2.0], [0.0, 0.5]),
    ],
)  # fmt: skip
def test_gradients_at_awkward_places(fn, at, slope):
    assert grad(fn)(np.array(at, "float32")).numpy().tolist() == slope


# ---- control flow --------------------------------------------------------------------------------------------


def test_cond_runs_one_branch_on_values_and_chooses_on_symbols():
    ran = []
    ops.cond(ops.convert_to_tensor(1) > 2, lambda: ran.append("yes"), lambda: ran.append("no"))
    assert ran == ["no"]
    x, p = KerasTensor((None, 2)), KerasTensor((), "bool")
    function = Function([p, x], ops.cond(p, lambda: {"out": x + 1.0}, lambda: {"out": x * 10.0}))
    value = np.array([[1.0, 2.0]], "float32")
    assert function([True, value])["out"].numpy().tolist() == [[2.0, 3.0]]
    assert function([False, value])["out"].numpy().tolist() == [[10.0, 20.0]]


def test_switch_clamps_its_index():
    branches = [lambda x: x + 1.0, lambda x: x * 2.0, lambda x: -x]
    assert [float(ops.switch(i, branches, 5.0)) for i in (-3, 0, 1, 2, 9)] == [6.0, 6.0, 10.0, -5.0, -5.0]
    i, x = KerasTensor((), "int32"), KerasTensor((2,))
    function = Function([i, x], ops.switch(i, branches, x))
    ones = np.ones(2, "float32")
    assert [function([np.int32(k), ones]).numpy().tolist()[0] for k in (-3, 0, 1, 2, 9)] == [
        2.0,
        2.0,
        2.0,
        -1.0,
        -1.0,
    ]
    with pytest.raises(ValueError, match="at least one branch"):
        ops.switch(0, [])


def test_while_loop():
    assert int(ops.while_loop(lambda i: i < 10, lambda i: i + 3, 0)) == 12
    assert int(ops.while_loop(lambda i: i < 10, lambda i: i + 3, 0, maximum_iterations=2)) == 6
    out = ops.while_loop(
        lambda x: x["n"] < 3,
        lambda x: {"n": x["n"] + 1, "y": x["y"] * 2.0},
        {"n": 0, "y": np.ones(2, "float32")},
    )
    assert (int(out["n"]), out["y"].numpy().tolist()) == (3, [8.0, 8.0])
    (only,) = ops.while_loop(lambda i: i < 4, lambda i: i + 1, (0,))
    assert int(only) == 4


def test_loops_in_a_graph():
    x = KerasTensor((None, 2))
    _, total = ops.while_loop(lambda i, t: i < 3, lambda i, t: (i + 1, t + t), (0, x))
    loop = ops.fori_loop(0, 3, lambda i, t: t + ops.cast(i, "float32"), total)
    carry, seen = ops.scan(lambda c, row: (c + row, {"twice": row * 2.0}), ops.zeros((2,)), loop)
    squares = ops.map(lambda row: (row * row).sum(), x)
    prefix = ops.associative_scan(lambda a, b: a + b, x)
    assert (total.shape, loop.shape, carry.shape, seen["twice"].shape, squares.shape, prefix.shape) == (
        (None, 2),
        (None, 2),
        (2,),
        (None, 2),
        (None,),
        (None, 2),
    )
    function = Function(x, [loop, carry, seen["twice"], squares, prefix])
    value = np.array([[1.0, 2.0], [3.0, 4.0]], "float32")
    looped = value * 8 + 3
    expected = [looped, looped.sum(0), looped * 2, (value**2).sum(1), value.cumsum(0)]
    for out, want in zip(function(value), expected, strict=True):
        assert out.numpy().tolist() == want.tolist()


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("n", [1, 2, 3, 6, 7, 8])
def test_associative_scan_of_matrices(n, reverse):
    matrices = RNG.standard_normal((n, 2, 2))
    out = ops.associative_scan(lambda a, b: ops.matmul(a, b), matrices, reverse=reverse)
    want, total = [], np.eye(2)
    for m in matrices[::-1] if reverse else matrices:
        total = total @ m
        want.append(total)
    np.testing.assert_allclose(out.numpy(), want[::-1] if reverse else want, atol=1e-12)


def test_associative_scan_of_structures_along_an_axis():
    elems = {"a": np.arange(6.0).reshape(2, 3), "b": np.ones((2, 3))}
    out = ops.associative_scan(lambda p, q: {"a": p["a"] + q["a"], "b": p["b"] * q["b"]}, elems, axis=1)
    assert out["a"].numpy().tolist() == [[0.0, 1.0, 3.0], [3.0, 7.0, 12.0]]
    with pytest.raises(ValueError, match="must agree"):
        ops.associative_scan(lambda p, q: p, [np.ones(2), np.ones(3)])


def test_scan_variants():
    carry, ys = ops.scan(lambda c, x: (c + 1, None), 0, length=4)
    assert (int(carry), ys) == (4, None)
    carry, ys = ops.scan(
        lambda c, x: (x["a"], c * x["b"]), 1.0, {"a": [1.0, 2.0], "b": [10.0, 20.0]}, reverse=True
    )
    assert (float(carry), ys.numpy().tolist()) == (1.0, [20.0, 20.0])
    for arguments, match in (
        ((0,), "give xs, or length"),
        ((0, [1, 2], 3), "must agree"),
        ((0, 5), "first axis"),
    ):
        with pytest.raises(ValueError, match=match):
            ops.scan(lambda c, x: (c, x), *arguments)
    for function in (ops.scan, ops.associative_scan):
        with pytest.raises(TypeError, match="must be callable"):
            function(3, [1, 2])


def test_vectorize_with_signature_and_excluded():
    product = ops.vectorize(lambda m, v: ops.matmul(m, v), signature="(m,n),(n)->(m)")
    matrices, vectors = RNG.standard_normal((5, 2, 3)), RNG.standard_normal((5, 3))
    np.testing.assert_allclose(
        product(matrices, vectors).numpy(), np.einsum("bij,bj->bi", matrices, vectors), rtol=1e-12
    )
    assert product(matrices, vectors[0]).shape == (5, 2)
    chosen = ops.vectorize(lambda x, name: x * {"double": 2.0}[name], excluded={1})
    assert chosen([1.0, 2.0], "double").numpy().tolist() == [2.0, 4.0]
    with pytest.raises(ValueError, match=r"is for 2 argument\(s\), got 1"):
        product(matrices)
    with pytest.raises(TypeError, match="must be callable"):
        ops.vectorize(3)


def test_jvp_agrees_with_differences_and_the_gradient():
    f = lambda x, y: {"p": ops.sin(x) * y, "q": ops.sum(x * y)}
    x, y, tx, ty = (RNG.standard_normal(3) for _ in range(4))
    out, slope = jvp(f, (x, y), (tx, ty))
    eps = 1e-6
    above, below = f(x + eps * tx, y + eps * ty), f(x - eps * tx, y - eps * ty)
    for key in ("p", "q"):
        np.testing.assert_allclose(
            slope[key].numpy(), (above[key].numpy() - below[key].numpy()) / (2 * eps), rtol=1e-8
        )
    np.testing.assert_allclose(out["p"].numpy(), np.sin(x) * y, rtol=1e-12)
    (_, slope, aux) = ops.jvp(lambda v: (v * v, "aux"), (3.0,), (2.0,), has_aux=True)
    assert (float(slope), aux) == (12.0, "aux")
    with pytest.raises(ValueError, match="1 primals need as many tangents, got 2"):
        jvp(ops.sin, (x,), (x, x))
    assert float(jvp(lambda v: ops.convert_to_tensor(2.0), (1.0,), (1.0,))[1]) == 0.0


# ---- repeated addresses, indices out of range, empty arrays ---------------------------------------------------


def test_scatter_update_with_repeated_addresses_sets_the_last():
    out = ops.scatter_update(np.zeros(3, "float32"), [[1], [1]], [5.0, 7.0])
    assert out.numpy().tolist() == [0.0, 7.0, 0.0]


def test_gradients_of_scatter_update_with_repeated_addresses():
    x, u = leaf_tensor(np.array([2.0, 3.0])), leaf_tensor(np.array([4.0, 5.0, 6.0]))
    where = [[0], [0], [1]]
    for reduction, gx, gu in (
        ("add", [1.0, 1.0], [1.0, 1.0, 1.0]),
        ("mul", [20.0, 6.0], [10.0, 8.0, 3.0]),
        ("max", [0.0, 0.0], [0.0, 1.0, 1.0]),
    ):
        found = gradients(ops.scatter_update(x, where, u, reduction=reduction).sum(), [x, u])
        assert [g.numpy().tolist() for g in found] == [gx, gu], reduction


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int64", "float16", "bfloat16", "bool"])
def test_orders_of_all_dtypes(dtype):
    limits = {"uint8": [0, 255, 7], "int8": [-128, 127, 0], "int64": [-(2**63), 2**63 - 1, 5]}
    x = ops.cast(ops.convert_to_tensor(np.array(limits.get(dtype, [1, 0, 1]))), dtype)
    values, indices = ops.top_k(x, 3)
    assert indices.numpy().tolist() == {"uint8": [1, 2, 0], "int8": [1, 2, 0], "int64": [1, 2, 0]}.get(
        dtype, [0, 2, 1]
    )
    assert (values.dtype, ops.sort(x).dtype) == (dtype, dtype)
    assert ops.sort(x).numpy().tolist() == sorted(x.numpy().tolist())


def test_negative_indices_count_from_the_end_in_values_and_gradients():
    v = Variable(np.arange(3.0))
    out = ops.take(v, [-1, 0, -1])
    assert out.numpy().tolist() == [2.0, 0.0, 2.0]
    assert gradients(out, [v])[0].numpy().tolist() == [1.0, 0.0, 2.0]
    w = Variable(np.arange(6.0).reshape(2, 3))
    out = ops.take_along_axis(w, [[-1], [0]], axis=1)
    assert out.numpy().tolist() == [[2.0], [3.0]]
    assert gradients(out, [w])[0].numpy().tolist() == [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]


def test_one_sided_and_stepped_slices():
    v = Variable(np.arange(6.0))
    for key in (slice(2, None), slice(None, -2), slice(None, None, -2), slice(4, 1, -1), slice(10, 20)):
        out = v[key]
        expected = np.zeros(6)
        expected[key] = 1.0
        assert out.numpy().tolist() == np.arange(6.0)[key].tolist()
        assert gradients(out, [v])[0].numpy().tolist() == expected.tolist()


def test_segments_leave_out_ids_out_of_range():
    data, ids = np.array([1.0, 2.0, 4.0, 8.0], "float32"), np.array([0, -1, 5, 1])
    assert ops.segment_sum(data, ids, 3).numpy().tolist() == [1.0, 8.0, 0.0]
    assert ops.segment_prod(data, ids, 3).numpy().tolist() == [1.0, 8.0, 1.0]
    assert ops.segment_max(data, ids, 3).numpy().tolist() == [1.0, 8.0, -np.inf]
    assert ops.segment_min(data.astype("int32"), ids, 3).numpy().tolist() == [1, 8, 2**31 - 1]
    assert ops.segment_sum(KerasTensor((None, 4)), KerasTensor((None,), "int32"), 3).shape == (3, 4)
    with pytest.raises(ValueError, match="segment_ids must be integers"):
        ops.segment_sum(data, data, 3)


def test_empty_arrays():
    empty = np.zeros((0, 3), "float32")
    assert ops.sum(empty, axis=0).numpy().tolist() == [0.0] * 3
    assert ops.concatenate([empty, np.ones((1, 3), "float32")]).shape == (1, 3)
    assert (
        ops.sort(empty, axis=0).shape,
        ops.cumsum(empty, axis=0).shape,
        ops.bincount(np.zeros(0, "int32")).shape,
    ) == ((0, 3), (0, 3), (0,))
    assert (
        ops.matmul(empty, np.ones((3, 2), "float32")).shape,
        ops.segment_sum(empty, np.zeros(0, "int32"), 2).shape,
    ) == ((0, 2), (2, 3))
    assert ops.isin([1, 2], np.zeros(0, "int32")).numpy().tolist() == [False, False]


def test_saturating_casts_stay_inside_what_the_target_has():
    out = ops.saturate_cast(np.array([3e9, -3e9], "float32"), "int32").numpy()
    assert out.tolist() == [2147483520, -2147483648], "the largest float32 below 2**31"
    assert ops.saturate_cast([True, False], "int8").numpy().tolist() == [1, 0]
    assert ops.saturate_cast(np.array([-5, 2**40]), "uint8").numpy().tolist() == [0, 255]
    assert ops.saturate_cast(np.array([1e39, -1e39]), "float32").numpy().tolist() == [
        pytest.approx(3.4028235e38),
        pytest.approx(-3.4028235e38),
    ]


# ---- refused -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda: ops.average(A, weights=V), "a vector of weights goes along one axis"), (lambda: ops.average(A, axis=0, weights=np.ones((3, 1, 1))), "don't fit"), (lambda: ops.norm(A, ord="fro", axis=0), "is for matrices"),
        (lambda: ops.norm(A, ord=3), "over 2 axes is not known"), (lambda: ops.norm(np.ones((2, 2, 2)), ord="fro"), "over 3 axes"), (lambda: ops.where(True, 1.0), "either both"), (lambda: ops.quantile(A, 1.5), r"in \[0, 1\]"),
        (lambda: ops.quantile(A, 0.5, method="cubic"), "method must be one of"), (lambda: ops.rearrange(A, "a b -> a"), "must name the same axes"), (lambda: ops.rearrange(A, "(a b) c -> a b c", a=2), "size 3 can't be cut"),
        (lambda: ops.rearrange(A, "(a b) c -> a b c"), "all but one"), (lambda: ops.rearrange(A, "a -> a"), "names 1 axes"), (lambda: ops.split(A, 3, axis=1), "not divisible into 3"), (lambda: ops.slice(A, (0, 2), (1, 5)), "is not inside"),
        (lambda: ops.meshgrid(V, indexing="ab"), "must be 'xy' or 'ij'"), (lambda: ops.unstack(A, num=2), "num=2"), (lambda: ops.moveaxis(A, (0, 1), 0), "same length"), (lambda: ops.correlate(A, V), "two vectors"),
        (lambda: ops.correlate(V, V, "most"), "'valid', 'same' or 'full'"), (lambda: ops.cross(V, V), "2 or 3 elements"), (lambda: ops.vander(A), "a vector is needed"), (lambda: ops.diff(V, n=-1), "must not be negative"),
        (lambda: ops.normalize(V, order=0), "at least 1"), (lambda: ops.psnr(V, A, 1.0), "one shape"), (lambda: ops.histogram(V, bins=0), "positive integer"), (lambda: ops.histogram(V, range=(1, 1)), "low < high"),
        (lambda: ops.bincount(V), "integers is needed"), (lambda: ops.cdist(V, V), "at least 2 dimensions"), (lambda: ops.unravel_index(V, (2, 2)), "integers are needed"), (lambda: ops.rot90(V), "at least 2"),
        (lambda: ops.argpartition(V, 9), "out of range"), (lambda: ops.einsum("ij,jk->ik", A), "names 2 operand"), (lambda: ops.scatter_update(V, [[0]], [1.0], reduction="mean"), "reduction must be"), (lambda: ops.linspace(0, 1, -1), "must not be negative"),
        (lambda: ops.vsplit(V, 2), "at least 2"), (lambda: ops.dsplit(A, 2), "at least 3"), (lambda: ops.view(ops.convert_to_tensor(1.0), "int8"), "scalar"), (lambda: ops.moments(A, axes=0, synchronized=True), "several replicas"),
    ],
)  # fmt: skip
def test_refusals_say_what_is_wrong(call, match):
    with pytest.raises(ValueError, match=match):
        call()


@pytest.mark.parametrize("subscripts", ["i->ij", "ij,jk->il"])
def test_einsum_with_labels_only_in_the_result(subscripts):
    with pytest.raises(ValueError, match="only in the result"):
        ops.einsum(subscripts, *[V, A][: subscripts.count(",") + 1] if "," not in subscripts else [A, A.T])


def test_einsum_gradients_with_broadcast_axes():
    fn = lambda a, b: ops.einsum("...i,...i->...", a, b)
    check_grad(fn, RNG.standard_normal((2, 1, 3)), RNG.standard_normal((4, 3)))
    check_grad(
        lambda a, b: ops.einsum("i...,i...", a, b), RNG.standard_normal((3, 2)), RNG.standard_normal((3, 2))
    )
    check_grad(lambda a: ops.einsum("iij->j", a), RNG.standard_normal((3, 3, 2)))


def test_one_tape_through_many_composites():
    v = Variable(A)
    with GradientTape() as tape:
        loss = ops.median(ops.normalize(v)) + ops.std(ops.rearrange(v, "a b -> (a b)")) + ops.norm(v, ord=1)
    assert np.isfinite(tape.gradient(loss, v).numpy()).all()
