"""`Variable`: making, reading, assigning, rebinding, freezing, autocast."""

import copy

import ml_dtypes
import numpy as np
import pytest

from kx_tensor import Variable, ops
from kx_tensor.naming import name_scope
from kx_tensor.structure import structure
from kx_tensor.tape import state


def ones(shape, dtype=None):
    return ops.ones(shape, dtype)


@pytest.mark.parametrize(
    ("initial", "dtype", "expected"),
    [
        ([1.0, 2.0], None, "float32"), ([1, 2], None, "float32"), (1, None, "float32"), ([True], None, "bool"), (np.arange(2), None, "int64"),
        (np.ones(2, "float64"), None, "float64"), ([1, 2], "int8", "int8"), (np.ones(2), "bfloat16", "bfloat16"), (np.float16(1), None, "float16"),
    ],
)  # fmt: skip
def test_dtypes(initial, dtype, expected):
    assert Variable(initial, dtype=dtype).dtype == expected


def test_initializer_function_gets_shape_and_dtype():
    v = Variable(ones, shape=(2, 3), dtype="float16")
    assert (v.shape, v.dtype, v.numpy().tolist()) == ((2, 3), "float16", [[1.0] * 3] * 2)
    assert Variable(lambda shape, dtype: np.full(shape, 7), shape=[2]).numpy().tolist() == [7, 7]


def test_the_initial_value_is_copied():
    array = np.ones(2, "float32")
    v = Variable(array)
    other = Variable(v)
    tensor = ops.convert_to_tensor([5.0, 5.0])
    third = Variable(tensor)
    v.assign([2.0, 2.0])
    third.assign_add([1.0, 1.0])
    assert (array.tolist(), other.numpy().tolist(), tensor.numpy().tolist()) == (
        [1.0, 1.0],
        [1.0, 1.0],
        [5.0, 5.0],
    )


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (dict(initializer=ones), "needs a shape"), (dict(initializer=ones, shape=(None, 2)), "all sizes must be known"), (dict(initializer=[1.0], shape=(2,)), r"has shape \(1,\), expected \(2,\)"),
        (dict(initializer=1.0, aggregation="max"), "aggregation must be one of"), (dict(initializer=1.0, name="a/b"), "without '/'"), (dict(initializer=1.0, layout=3), "layout"),
    ],
)  # fmt: skip
def test_refused_arguments(arguments, match):
    with pytest.raises(ValueError, match=match):
        Variable(**arguments)


def test_unknown_keyword():
    with pytest.raises(TypeError, match="unexpected keyword argument 'trainabel'"):
        Variable(1.0, trainabel=False)


def test_assign_copies_into_the_same_memory_and_casts():
    v = Variable([1.0, 2.0])
    data = v.data
    assert v.assign(np.array([3, 4])) is v
    assert v.assign_add(1.0 + np.zeros(2)).assign_sub([0.5, 0.5]) is v
    assert v.data is data
    assert (v.numpy().tolist(), v.dtype) == ([3.5, 4.5], "float32")
    v.assign(Variable([8.0, 9.0]))
    assert v.numpy().tolist() == [8.0, 9.0]


@pytest.mark.parametrize("value", [[1.0, 2.0, 3.0], 1.0, [[1.0, 2.0]]])
def test_assign_needs_the_same_shape(value):
    v = Variable([1.0, 2.0], name="bias")
    with pytest.raises(ValueError, match=r"Variable 'bias' has shape \(2,\); a value of shape .* can't be"):
        v.assign(value)
    assert v.numpy().tolist() == [1.0, 2.0]


def test_numpy_is_a_copy():
    v = Variable([1.0])
    v.numpy()[0] = 9.0
    np.asarray(v)[0] = 9.0
    assert v.numpy().tolist() == [1.0]


def test_rebinding_moves_the_value_into_another_buffer():
    buffer = np.zeros(5, "float32")
    v = Variable([1.0, 2.0])
    v.rebind(buffer[1:3])
    assert buffer.tolist() == [0.0, 1.0, 2.0, 0.0, 0.0]
    v.assign([7.0, 8.0])
    assert buffer.tolist() == [0.0, 7.0, 8.0, 0.0, 0.0]
    with pytest.raises(ValueError):
        v.rebind(buffer[:3])


def test_paths_follow_name_scopes():
    with name_scope("encoder"), name_scope("dense"):
        v = Variable(1.0, name="kernel")
    assert (v.name, v.path) == ("kernel", "encoder/dense/kernel")
    assert Variable(1.0, name="kernel").path == "kernel"


def test_freezing_changes_the_structure_version():
    v = Variable(1.0)
    before = structure.version
    v.trainable = False
    assert (v.trainable, v.node, structure.version > before) == (False, None, True)
    v.trainable = True
    assert v.node is not None


def test_autocast_inside_a_layer_of_mixed_precision():
    v, fixed, count = Variable([1.0]), Variable([1.0], autocast=False), Variable(np.array([1]))
    state.autocast = "float16"
    try:
        assert (v.dtype, v.value.dtype, (v + 0.0).dtype) == ("float16",) * 3
        assert (fixed.dtype, fixed.value.dtype, count.dtype, count.value.dtype) == (
            "float32",
            "float32",
            "int64",
            "int64",
        )
    finally:
        state.autocast = None
    assert v.dtype == "float32"


def test_operators_and_conversions():
    v = Variable(3.0)
    assert (float(v + 1), float(2 * v), float(-v), float(v**2), int(v), float(v)) == (
        4.0,
        6.0,
        -3.0,
        9.0,
        3,
        3.0,
    )
    w = Variable([[1.0, 2.0], [3.0, 4.0]])
    assert (w[0, 1].numpy().item(), w.T.numpy().tolist(), w.ndim, w.size, len(w)) == (
        2.0,
        [[1.0, 3.0], [2.0, 4.0]],
        2,
        4,
        2,
    )
    assert (w @ w).numpy().tolist() == [[7.0, 10.0], [15.0, 22.0]]
    with pytest.raises(TypeError, match="as a boolean"):
        bool(v)


def test_equality_is_elementwise_and_hash_is_identity():
    v = Variable([1.0, 2.0])
    assert (v == [1.0, 3.0]).numpy().tolist() == [True, False]
    assert {v: 1}[v] == 1


def test_deepcopy():
    v = Variable([1.0], name="a", trainable=False)
    v.constraint = len
    c = copy.deepcopy(v)
    v.assign([2.0])
    assert (c.numpy().tolist(), c.name, c.trainable, c.constraint) == ([1.0], "a", False, len)


def test_repr():
    text = repr(Variable([1.0], name="w"))
    assert "path=w" in text
    assert "shape=(1,), dtype=float32" in text


def test_bfloat16_variable_round_trip():
    v = Variable(np.array([1.5], ml_dtypes.bfloat16))
    v.assign([2.5])
    assert (v.dtype, float(v + 0)) == ("bfloat16", 2.5)
