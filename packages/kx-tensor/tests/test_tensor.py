"""`Tensor`: conversions, operators, methods, copies."""

import copy
import json
import pathlib
import pickle

import numpy as np
import pytest

from kx_tensor import Tensor, Variable, ops


@pytest.fixture
def x():
    return ops.convert_to_tensor([[1.0, 2.0], [3.0, 4.0]])


def test_attributes(x):
    assert (x.shape, x.dtype, x.ndim, x.size, len(x)) == ((2, 2), "float32", 2, 4, 2)
    assert repr(x) == "<kx.Tensor shape=(2, 2) dtype=float32\n[[1. 2.]\n [3. 4.]]>"


def test_conversions(x):
    assert x.tolist() == [[1.0, 2.0], [3.0, 4.0]]
    assert np.asarray(x).dtype == np.float32
    assert np.asarray(x, "float64").dtype == np.float64
    assert np.array(x, copy=True) is not x.data
    one = ops.convert_to_tensor(2.5)
    assert (float(one), int(one), bool(one), one.item(), f"{one:.2f}", f"{one}"[:10]) == (
        2.5,
        2,
        True,
        2.5,
        "2.50",
        "<kx.Tensor",
    )
    assert np.add(x, 1.0).tolist() == [[2.0, 3.0], [4.0, 5.0]]


def test_index_conversion():
    assert [10, 20, 30][ops.convert_to_tensor(1)] == 20
    assert list(range(ops.convert_to_tensor(3))) == [0, 1, 2]
    with pytest.raises(TypeError, match="Only integer tensors can be used as an index, got dtype float32"):
        [1, 2][ops.convert_to_tensor(1.0)]


@pytest.mark.parametrize("convert", [float, int, bool])
def test_conversion_needs_one_element(x, convert):
    with pytest.raises(ValueError, match="size 1"):
        convert(x)


@pytest.mark.parametrize(
    ("symbol", "function"),
    [
        ("add", lambda a, b: a + b), ("sub", lambda a, b: a - b), ("mul", lambda a, b: a * b), ("truediv", lambda a, b: a / b), ("floordiv", lambda a, b: a // b),
        ("mod", lambda a, b: a % b), ("pow", lambda a, b: a**b), ("eq", lambda a, b: a == b), ("ne", lambda a, b: a != b), ("lt", lambda a, b: a < b),
        ("le", lambda a, b: a <= b), ("gt", lambda a, b: a > b), ("ge", lambda a, b: a >= b), ("matmul", lambda a, b: a @ b),
    ],
)  # fmt: skip
def test_binary_operators_in_both_orders(x, symbol, function):
    other = np.array([[2.0, 1.0], [1.0, 3.0]], "float32")
    for a, b in (
        (x, other),
        (other, x),
        (x, ops.convert_to_tensor(other)),
        (x, Variable(other)),
        (Variable(other), x),
    ):
        out = function(a, b)
        assert isinstance(out, Tensor)
        np.testing.assert_allclose(out.numpy(), function(np.asarray(a), np.asarray(b)), rtol=1e-6)
    if symbol != "matmul":
        np.testing.assert_allclose(function(x, 2.0).numpy(), function(x.numpy(), 2.0), rtol=1e-6)
        np.testing.assert_allclose(function(2.0, x).numpy(), function(2.0, x.numpy()), rtol=1e-6)


def test_integer_and_boolean_operators():
    a = ops.convert_to_tensor([6, 3])
    assert ((a & 2).tolist(), (a | 1).tolist(), (a ^ 1).tolist(), (~a).tolist()) == (
        [2, 2],
        [7, 3],
        [7, 2],
        [-7, -4],
    )
    assert ((a << 1).tolist(), (a >> 1).tolist(), (1 << a).tolist()) == ([12, 6], [3, 1], [64, 8])
    t = a > 4
    assert ((~t).tolist(), (t & True).tolist(), (t | t).dtype) == ([False, True], [True, False], "bool")
    assert [p.tolist() for p in divmod(a, 4)] == [[1, 0], [2, 3]]


def test_unary_operators(x):
    assert ((-x).tolist()[0], abs(-x).tolist()[0], round(x / 3, 1).numpy().round(1).tolist()[0]) == (
        [-1.0, -2.0],
        [1.0, 2.0],
        pytest.approx([0.3, 0.7]),
    )


def test_none_and_strings_are_not_operands(x):
    assert x != None  # noqa: E711
    assert x != "text"
    with pytest.raises(TypeError):
        x + None


def test_methods(x):
    assert (x.sum().item(), x.mean(axis=0).tolist(), x.max(axis=1, keepdims=True).tolist()) == (
        10.0,
        [2.0, 3.0],
        [[2.0], [4.0]],
    )
    assert (
        x.reshape(4).shape,
        x.reshape(1, -1).shape,
        x.reshape((4, 1)).shape,
        x.flatten().shape,
        x.ravel().shape,
    ) == ((4,), (1, 4), (4, 1), (4,), (4,))
    assert (x.T.tolist(), x.transpose(1, 0).tolist(), x.transpose((0, 1)).tolist()) == (
        [[1.0, 3.0], [2.0, 4.0]],
    ) * 2 + (x.tolist(),)
    assert (x.astype("int8").dtype, x.argmax().item(), x.cumsum(axis=1).tolist()) == (
        "int8",
        3,
        [[1.0, 3.0], [3.0, 7.0]],
    )
    assert (x.clip(2.0, 3.0).tolist(), x.std().item()) == ([[2.0, 2.0], [3.0, 3.0]], pytest.approx(1.118034))


def test_indexing(x):
    assert (x[0, 1].item(), x[-1].tolist(), x[:, 0].tolist(), x[..., None].shape, x[x > 2.0].tolist()) == (
        2.0,
        [3.0, 4.0],
        [1.0, 3.0],
        (2, 2, 1),
        [3.0, 4.0],
    )
    assert x[ops.convert_to_tensor([1, 0])].tolist() == [[3.0, 4.0], [1.0, 2.0]]
    assert x[[1], [0]].tolist() == [3.0]
    with pytest.raises(ValueError, match="index 5 is out of range for axis 0 with size 2"):
        x[5]
    with pytest.raises(ValueError, match="too many indices"):
        x[0, 0, 0]


MIXED = [
    (0, [1, 2]), (slice(None), 0, [1, 2]), ([0, 1], slice(None), [1, 2]), ([0, 1], 0, [1, 2]), (Ellipsis, [1, 0], None), (None, [1, 0]), (slice(None, None, -1), [0, 1]),
    ([[0], [1]], [1, 2]), (np.array([True, False]), slice(1, 3)), (slice(None), np.array([True, False, True])), np.ones((2, 3), bool), (0, slice(None), [1, 2, 3]), (0, None, [1, 2]),
]  # fmt: skip


def test_functions_of_numpy_give_numbers():
    x = ops.convert_to_tensor([[1.0, 3.0], [2.0, 6.0]])
    for kind in (x, Variable(x)):
        assert np.max(kind) == 6 and np.min(kind) == 1 and np.sum(kind) == 12 and np.prod(kind) == 36
        assert np.mean(kind, axis=1).tolist() == [2.0, 4.0] and np.std(kind[:, 0]) == 0.5
        assert np.argmax(kind) == 3 and np.all(kind > 0) and np.any(kind > 5)
        assert np.clip(kind, 2, 3).tolist() == [[2, 3], [2, 3]] and np.round(kind).shape == (2, 2)


@pytest.mark.parametrize("key", MIXED, ids=str)
def test_mixed_indexing_agrees_with_numpy_and_has_its_gradient(key):
    array = np.arange(24.0).reshape(2, 3, 4)
    leaf = Variable(array)
    out = leaf[key]
    np.testing.assert_array_equal(
        out.numpy(),
        array[
            tuple(np.asarray(k) if isinstance(k, list) else k for k in key) if isinstance(key, tuple) else key
        ],
    )
    (out * out).sum().backward()
    expected = np.zeros_like(array)
    np.add.at(
        expected,
        tuple(np.asarray(k) if isinstance(k, list) else k for k in key) if isinstance(key, tuple) else key,
        2 * out.numpy(),
    )
    np.testing.assert_array_equal(leaf.grad.numpy(), expected)


def test_iteration(x):
    assert [row.tolist() for row in x] == [[1.0, 2.0], [3.0, 4.0]]
    a, b = x
    assert (a.tolist(), b.tolist()) == ([1.0, 2.0], [3.0, 4.0])
    with pytest.raises(TypeError, match="0-dimensional"):
        iter(x[0, 0])
    with pytest.raises(TypeError, match="no length"):
        len(x[0, 0])


def test_copies_and_pickles(x):
    copied = copy.deepcopy(x)
    assert copied.data is not x.data
    assert copied.tolist() == x.tolist()
    assert pickle.loads(pickle.dumps(x)).tolist() == x.tolist()
    assert x.copy().tolist() == x.tolist()


def test_hash_is_identity(x):
    assert {x: 1}[x] == 1
    assert x not in {ops.convert_to_tensor(x.numpy()): 1}


_OPERATORS = json.loads((pathlib.Path(__file__).parent / "golden/operators.json").read_text())


@pytest.mark.parametrize("expression, dtype, result, values", _OPERATORS["rows"])
def test_operators_agree_with_keras(expression, dtype, result, values):
    if (expression, dtype) == ("x @ y", "int8"):
        result = "int32"  # as `ops.matmul` of Keras, which sums integers of 8 bits in 32
    kind = "int" if dtype.startswith("int") else "float" if "float" in dtype else dtype
    x, y = (ops.cast(ops.convert_to_tensor(np.array(v)), dtype) for v in _OPERATORS["values"][kind])
    out = eval(expression, {"x": x, "y": y, "abs": abs})
    assert out.dtype == result
    wide = ops.cast(out, "float32" if "float" in result else "int64").numpy()
    np.testing.assert_allclose(wide, values, rtol=1e-6)
    if expression != "x @ y" and " y" in expression:
        reflected = eval(expression, {"x": x.numpy(), "y": y})
        assert dtype == "bfloat16" or (isinstance(reflected, Tensor) and reflected.dtype == result)
