"""Symbolic tensors: shapes with None, refused conversions, operators, and ops whose results depend on values."""

import numpy as np
import pytest

from kx_tensor import KerasTensor, Tensor, ops
from kx_tensor.graph import Function
from kx_tensor.symbolic import find_symbolic, standardize_shape


def test_attributes():
    x = KerasTensor((None, 3), "float16", name="x")
    assert (x.shape, x.dtype, x.name, x.ndim, x.size) == ((None, 3), "float16", "x", 2, None)
    assert (KerasTensor((2, 3)).size, KerasTensor(()).size) == (6, 1)
    assert repr(x) == "<KerasTensor shape=(None, 3), dtype=float16, name=x>"


def test_names_are_counted():
    a, b = KerasTensor((1,)), KerasTensor((1,))
    assert a.name != b.name
    assert a.name.startswith("keras_tensor")


@pytest.mark.parametrize("flag", ["sparse", "ragged"])
def test_only_dense_tensors(flag):
    with pytest.raises(ValueError, match="dense tensors only"):
        KerasTensor((1,), **{flag: True})


@pytest.mark.parametrize("shape", [(2, -1), (1.5,), ("a",), (None, -3)])
def test_sizes_must_be_whole_numbers_or_none(shape):
    with pytest.raises(ValueError, match="sizes must be non-negative integers or None"):
        KerasTensor(shape)


def test_shapes_given_as_something_else():
    assert standardize_shape([np.int64(2), None, 3.0]) == (2, None, 3)
    with pytest.raises(ValueError, match=r"did you mean \(3,\)"):
        KerasTensor(3)
    with pytest.raises(ValueError, match="can't be None"):
        KerasTensor(None)


@pytest.mark.parametrize("convert", [bool, int, float, np.asarray, lambda x: [1, 2][x]])
def test_a_symbolic_tensor_has_no_value(convert):
    with pytest.raises(TypeError, match=r"symbolic"):
        convert(KerasTensor((2,)))


def test_numpy_functions_point_to_ops():
    with pytest.raises(TypeError, match=r"Use `kx.ops` functions"):
        np.exp(KerasTensor((2,)))


def test_if_on_a_symbolic_comparison():
    with pytest.raises(TypeError, match="no truth value"):
        if KerasTensor((2,)) > 0:
            pass


def test_length_and_iteration():
    x = KerasTensor((2, 3))
    assert len(x) == 2
    assert [row.shape for row in x] == [(3,), (3,)]
    with pytest.raises(TypeError, match="first size is unknown"):
        iter(KerasTensor((None, 3)))
    with pytest.raises(TypeError, match="0-dimensional"):
        len(KerasTensor(()))


def test_operators_and_methods():
    x, y = KerasTensor((None, 3)), KerasTensor((3,), "int32")
    for out in (x + y, x - 1, 2.0 * x, x / y, x**2, -x, abs(x), x // 2, x % 2, 1 - x):
        assert (out.shape, out.dtype) == ((None, 3), "float32")
    for out in (x > y, x <= 0, x == y, x != y):
        assert (out.shape, out.dtype) == ((None, 3), "bool")
    assert (~(x > 0)).dtype == "bool"
    assert (y & 1).dtype == "int32"
    assert (x @ KerasTensor((3, 5))).shape == (None, 5)
    assert (x.T.shape, x[:, 0].shape, x[0].shape, x[..., None].shape) == (
        (3, None),
        (None,),
        (3,),
        (None, 3, 1),
    )
    assert (x.sum(axis=0).shape, x.mean().shape, x.astype("float16").dtype) == ((3,), (), "float16")
    assert (x.reshape(-1, 1).shape, x.transpose().shape, x.flatten().shape) == ((None, 1), (3, None), (None,))


def test_shape_errors_name_the_op_and_the_shapes():
    with pytest.raises(
        ValueError, match=r"add: Cannot broadcast shapes .*x1 of shape \(None, 3\).*x2 of shape \(None, 4\)"
    ):
        KerasTensor((None, 3)) + KerasTensor((None, 4))
    with pytest.raises(ValueError, match=r"matmul: the inner sizes differ"):
        ops.matmul(KerasTensor((None, 3)), KerasTensor((4, 5)))


@pytest.mark.parametrize(
    ("call", "shape"),
    [
        (lambda x: ops.reshape(x, (-1, 6)), (None, 6)), (lambda x: ops.reshape(x, (2, -1)), (2, None)), (lambda x: ops.tile(x, (2, 1, 3)), (None, 2, 9)),
        (lambda x: ops.repeat(x, 2, axis=0), (None, 2, 3)), (lambda x: ops.repeat(x, 2, axis=1), (None, 4, 3)), (lambda x: ops.repeat(x, 2), (None,)),
        (lambda x: ops.concatenate([x, x], axis=0), (None, 2, 3)), (lambda x: ops.concatenate([x, x], axis=1), (None, 4, 3)),
        (lambda x: ops.stack([x, x], axis=1), (None, 2, 2, 3)), (lambda x: ops.pad(x, ((1, 1), (0, 0), (2, 0))), (None, 2, 5)),
        (lambda x: ops.split(x, 2, axis=1)[1], (None, 1, 3)), (lambda x: ops.split(x, 2, axis=0)[1], (None, 2, 3)), (lambda x: ops.unstack(x, axis=1)[0], (None, 3)),
        (lambda x: ops.expand_dims(x, (0, -1)), (1, None, 2, 3, 1)), (lambda x: ops.swapaxes(x, 0, 2), (3, 2, None)), (lambda x: ops.moveaxis(x, 0, -1), (2, 3, None)),
        (lambda x: ops.einsum("bij,bkj->bik", x, x), (None, 2, 2)), (lambda x: ops.einsum("...ij->...i", x), (None, 2)), (lambda x: ops.broadcast_to(x[:1], (5, 2, 3)), (5, 2, 3)),
        (lambda x: ops.take(x, [0, 1, 1], axis=0), (3, 2, 3)), (lambda x: ops.take(x, [[0]], axis=-1), (None, 2, 1, 1)), (lambda x: ops.argmax(x, axis=0), (2, 3)),
        (lambda x: ops.sum(x, axis=(0, 2), keepdims=True), (1, 2, 1)), (lambda x: ops.top_k(x, 2)[0], (None, 2, 2)), (lambda x: ops.cumsum(x, axis=1), (None, 2, 3)),
        (lambda x: ops.slice(x, (0, 1, 0), (1, 1, 2)), (1, 1, 2)), (lambda x: ops.slice(x, (1, 0, 0), (-1, 2, 3)), (None, 2, 3)), (lambda x: ops.norm(x, axis=-1), (None, 2)),
        (lambda x: ops.tensordot(x, np.ones((3, 4), "float32"), axes=1), (None, 2, 4)), (lambda x: ops.squeeze(x[:, :1], axis=1), (None, 3)), (lambda x: ops.meshgrid(x[:, 0, 0], x[0, 0])[0], (3, None)),
        (lambda x: ops.kron(x, x), (None, 4, 9)), (lambda x: ops.diag(x[:, 0, 0]), (None, None)), (lambda x: ops.nonzero(x)[2], (None,)), (lambda x: ops.flip(x), (None, 2, 3)),
        (lambda x: ops.linspace(x, x, 4), (4, None, 2, 3)), (lambda x: ops.size(x), ()), (lambda x: ops.full((2, 2), x[0, 0, 0]), (2, 2)), (lambda x: ops.roll(x, 1), (None, 2, 3)),
        (lambda x: ops.unique(x, size=4), (4,)), (lambda x: ops.where(x > 0, x, 0.0), (None, 2, 3)), (lambda x: ops.logsumexp(x, axis=-1), (None, 2)),
    ],
)  # fmt: skip
def test_unknown_sizes_hold_when_the_graph_runs(call, shape):
    """The symbolic shape is as expected, and what the graph computes fits it, for two batch sizes."""
    x = KerasTensor((None, 2, 3))
    out = call(x)
    assert out.shape == shape
    function = Function(x, out)
    for batch in (4, 6):
        value = np.random.default_rng(0).standard_normal((batch, 2, 3)).astype("float32")
        result, direct = function(value), call(ops.convert_to_tensor(value))
        np.testing.assert_array_equal(result, direct if isinstance(direct, Tensor) else np.asarray(direct))
        assert result.dtype == out.dtype
        assert all(n is None or n == m for n, m in zip(out.shape, result.shape, strict=True))


def test_values_that_a_graph_cannot_use():
    x = KerasTensor((None, 3), "int32")
    with pytest.raises(ValueError, match="arange needs numbers"):
        ops.arange(x)
    with pytest.raises(TypeError, match="can't be an index"):
        ops.convert_to_tensor([1, 2])[x]
    with pytest.raises(ValueError, match="size along axis 0 is unknown"):
        ops.unstack(x)
    with pytest.raises(ValueError, match="at most one size"):
        ops.repeat(KerasTensor((None, None)), 2, axis=0)


def test_symbolic_tensors_mixed_with_arrays():
    x = KerasTensor((None, 3), "float16")
    assert ops.add(x, np.ones((4, 1), "float32")).shape == (4, 3)
    assert ops.add(x, np.ones(3, "float32")).dtype == "float32"
    assert ops.add(x, 1.5).dtype == "float16"
    assert ops.add([1.0, 2.0, 3.0], x).dtype == "float32"


def test_find_symbolic():
    a, b = KerasTensor((1,)), KerasTensor((2,))
    assert find_symbolic([a, {"k": (b, 3), "again": a}, None]) == [a, b, a]
