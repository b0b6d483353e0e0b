"""The table: every primitive x its cases x the properties that every primitive has."""

import functools

import numpy as np
import pytest

from kx_tensor import KerasTensor, Tensor, dtypes, ops, tape
from kx_tensor import device as devices
from kx_tensor.gradients import gradients
from kx_tensor.primitive import PRIMITIVES
from kx_tensor.testing import TOLERANCE, assert_close, check_grad, leaf_tensor

assert ops  # importing the op families fills PRIMITIVES
TABLE = [(p, c) for p in PRIMITIVES.values() for c in p.cases]
GOOD = [(p, c) for p, c in TABLE if c.match is None]
BAD = [(p, c) for p, c in TABLE if c.match is not None]


def name(pair):
    return f"{pair[0].name}({pair[1]})"


def over(pairs):
    return pytest.mark.parametrize("pair", pairs, ids=name)


def call(primitive, args, params):
    out = primitive(*args, **params)
    return out if isinstance(out, tuple) else (out,)


def widened(value):
    """The float64 twin of a case's argument."""
    if isinstance(value, list):
        return [widened(v) for v in value]
    return value.astype(np.float64) if getattr(value, "dtype", np.dtype(int)).kind in "fV" else value


def has_floats(value):
    values = value if isinstance(value, list) else [value]
    return any(getattr(v, "dtype", np.dtype(int)).kind in "fV" for v in values)


def reference(primitive, case, arrays):
    """The result in float64, by the composite twin where there is one, else by the forward itself."""
    with devices.device("cpu"), tape.no_grad():
        out = (primitive.like or primitive)(*map(widened, arrays), **case.params)
    return out if isinstance(out, tuple) else (out,)


def tolerance(case, dtype):
    return max(case.tol or 0, TOLERANCE[dtype])


@pytest.mark.parametrize("primitive", PRIMITIVES.values(), ids=lambda p: p.name)
def test_has_cases_and_docstring(primitive):
    assert any(c.match is None for c in primitive.cases), f"{primitive.name} has no case to be tested on"
    assert primitive.__doc__


@over(GOOD)
def test_forward_agrees_with_float64(pair, backend):
    primitive, case = pair
    arrays = case.arrays()
    outs = call(primitive, arrays, case.params)
    for out, expected in zip(outs, reference(primitive, case, arrays), strict=True):
        assert_close(out, expected, tol=tolerance(case, "float32"))


@over(GOOD)
def test_shape_and_dtype_rules_agree_with_reality(pair):
    primitive, case = pair
    arrays = case.arrays()
    outs = call(primitive, arrays, case.params)
    inferred = primitive.infer(arrays[0] if primitive.variadic else arrays, case.params)
    assert [(o.shape, o.dtype) for o in outs] == [(s, d) for s, d in inferred]


@over([(p, c) for p, c in GOOD if c.symbolic])
def test_shape_rule_stays_consistent_with_unknown_sizes(pair):
    primitive, case = pair
    arrays = case.arrays()
    outs = call(primitive, arrays, case.params)
    given = arrays[0] if primitive.variadic else arrays
    for i, array in enumerate(given):
        for axis in range(getattr(array, "ndim", 0)):
            shape = list(array.shape)
            shape[axis] = None
            symbolic = [
                KerasTensor(a.shape, dtypes.standardize_dtype(a.dtype)) if hasattr(a, "shape") else a
                for a in given
            ]
            symbolic[i] = KerasTensor(shape, dtypes.standardize_dtype(array.dtype))
            result = (
                primitive(symbolic, **case.params)
                if primitive.variadic
                else primitive(*symbolic, **case.params)
            )
            for sym, out in zip(result if isinstance(result, tuple) else (result,), outs, strict=True):
                assert sym.dtype == out.dtype
                assert len(sym.shape) == len(out.shape)
                assert all(n is None or n == m for n, m in zip(sym.shape, out.shape)), (sym.shape, out.shape)


@over([(p, c) for p, c in GOOD if c.grad and (any(p.rules) or p.like)])
def test_derivatives(pair):
    primitive, case = pair
    arrays = [widened(a) for a in case.arrays()]
    if not any(map(has_floats, arrays)):
        pytest.skip("no float input to differentiate")
    if primitive.variadic:
        check_grad(lambda *xs: primitive(list(xs), **case.params), *arrays[0], order=2 if case.second else 1)
        return
    fixed = {i: a for i, a in enumerate(arrays) if not hasattr(a, "dtype")}

    def fn(*tensors):
        rest = iter(tensors)
        return primitive(*[fixed[i] if i in fixed else next(rest) for i in range(len(arrays))], **case.params)

    check_grad(fn, *[a for i, a in enumerate(arrays) if i not in fixed], order=2 if case.second else 1)


@over(GOOD)
def test_non_contiguous_inputs(pair, backend):
    primitive, case = pair

    def scattered(value):
        if isinstance(value, list):
            return [scattered(v) for v in value]
        if getattr(value, "ndim", 0) == 0:
            return value
        wide = np.empty((*value.shape[:-1], 2 * value.shape[-1]), value.dtype)
        wide[..., ::2] = value
        return wide[..., ::2]

    plain = call(primitive, case.arrays(), case.params)
    outs = call(primitive, tuple(map(scattered, case.arrays())), case.params)
    for out, expected in zip(outs, plain, strict=True):
        assert_close(out, expected)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64"])
@over([(p, c) for p, c in GOOD if c.dtype == "float32"])
def test_float_dtypes(pair, dtype):
    primitive, case = pair
    arrays = case.arrays(dtype=dtype)
    outs = call(primitive, arrays, case.params)
    inferred = primitive.infer(arrays[0] if primitive.variadic else arrays, case.params)
    for out, expected, (_, expected_dtype) in zip(
        outs, reference(primitive, case, arrays), inferred, strict=True
    ):
        assert out.dtype == expected_dtype
        tol = tolerance(case, "float32" if dtype == "float64" else dtype)
        assert_close(
            out,
            expected,
            tol=tol * max(1.0, np.abs(np.nan_to_num(expected.numpy().astype(float))).max(initial=0)),
        )


@over([(p, c) for p, c in GOOD if c.grad and (any(p.rules) or p.like)])
def test_gradients_keep_shape_and_dtype(pair, backend):
    primitive, case = pair
    for dtype in ("float32", "float16"):
        arrays = case.arrays(dtype=dtype)
        if primitive.variadic:
            leaves = [leaf_tensor(a) for a in arrays[0]]
            outs = (primitive(leaves, **case.params),)
        else:
            leaves = [leaf_tensor(a) if hasattr(a, "dtype") else a for a in arrays]
            outs = call(primitive, leaves, case.params)
        sources = [t for t in leaves if isinstance(t, Tensor) and t.node is not None]
        out = next((o for o in outs if o.node is not None), None)
        if out is None or not sources:
            continue
        for source, grad in zip(sources, gradients(out, sources)):
            if grad is not None:
                assert (grad.shape, grad.dtype) == (source.shape, source.dtype)


def weighted_sum(outs):
    """The sum of all elements of the float outputs, each with a random weight."""
    rng = np.random.default_rng(3)
    seeds = [rng.standard_normal(out.shape).astype(dtypes.as_numpy(out.dtype)) for out in outs]
    return functools.reduce(
        ops.add, [ops.sum(ops.multiply(o, s)) for o, s in zip(outs, seeds) if dtypes.is_float_dtype(o.dtype)]
    )


@over([(p, c) for p, c in GOOD if p.like or p.kernels])
def test_fused_agrees_with_twin(pair, backend):
    """Forward and gradients of a fused primitive, by its own rule and kernels, against its composition."""
    primitive, case = pair
    if primitive.like is None:
        pytest.skip("no twin")
    results = []
    for fn in (primitive, primitive.like):
        leaves = [leaf_tensor(a) if hasattr(a, "dtype") else a for a in case.arrays()]
        outs = call(fn, leaves, case.params)
        sources = [t for t in leaves if isinstance(t, Tensor) and t.node is not None]
        if not case.grad:
            results.append(outs)
            continue
        results.append([*outs, *gradients(weighted_sum(outs), sources)])
    for fused, composed in zip(*results, strict=True):
        assert (fused is None) == (composed is None)
        if fused is not None:
            assert_close(fused, composed, tol=tolerance(case, "float32"))


@over(BAD)
def test_expected_failures(pair):
    primitive, case = pair
    arrays = case.arrays()
    with pytest.raises(ValueError, match=case.match):
        primitive(*arrays, **case.params)
