"""Gradients of tables as rows: where they arise, how they add up, and that nobody sees them who did not ask."""

import numpy as np
import pytest

from kx_tensor import GradientTape, RowSparse, Tensor, Variable, device, grad, ops
from kx_tensor.backward import backward
from kx_tensor.capture import Recorder, constant, recording

pytestmark = pytest.mark.skipif(device.kx_kernels is None, reason="kx-kernels is not built")

IDS = np.array([3, 0, 3], "int32")
WANTED = np.float32([[1, 1], [0, 0], [0, 0], [2, 2], [0, 0]])  # the gradient of the sum over the rows IDS


@pytest.fixture(autouse=True)
def native(monkeypatch):
    monkeypatch.setattr(device.cpu, "kernels", "native")


def make_table(rows=5, dtype="float32"):
    return Variable(np.arange(2.0 * rows, dtype=dtype).reshape(rows, 2))


def leaf_gradient(loss, variable):
    return backward([loss.node], [constant(np.ones((), loss.data.dtype))])[variable.node]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_table_gets_the_rows(dtype):
    table = make_table(dtype=dtype)
    g = leaf_gradient(ops.sum(ops.embedding(table, IDS)), table)
    assert type(g) is RowSparse
    assert (g.shape, g.dtype, g.rows.shape) == ((5, 2), dtype, (3, 2))
    np.testing.assert_array_equal(g.dense(), WANTED)


def test_ids_of_any_shape_and_rows_of_any_shape():
    table = Variable(np.ones((9, 2, 3), "float32"))
    g = leaf_gradient(ops.sum(ops.embedding(table, np.array([[1, 2], [1, 8]]))), table)
    assert (g.ids.tolist(), g.rows.shape) == ([1, 2, 1, 8], (4, 2, 3))
    np.testing.assert_array_equal(g.dense()[:, 0, 0], [0, 2, 1, 0, 0, 0, 0, 0, 1])


def test_as_many_ids_as_rows_are_better_a_table():
    table = make_table(3)
    g = leaf_gradient(ops.sum(ops.embedding(table, np.array([0, 1, 1]))), table)
    np.testing.assert_array_equal(g, [[1, 1], [2, 2], [0, 0]])
    assert type(g) is np.ndarray


def test_the_rows_of_two_look_ups_are_joined():
    table = make_table()
    both = ops.sum(ops.embedding(table, IDS)) + 3.0 * ops.sum(ops.embedding(table, np.array([4, 0])))
    g = leaf_gradient(both, table)
    assert type(g) is RowSparse
    np.testing.assert_array_equal(g.dense(), WANTED + np.float32([[3, 3], [0, 0], [0, 0], [0, 0], [3, 3]]))


@pytest.mark.parametrize("order", [1, -1])
def test_a_table_that_is_used_otherwise_too_gets_an_array(order):
    table = make_table()
    parts = [lambda: ops.sum(ops.embedding(table, IDS)), lambda: ops.sum(table * 2.0)]
    first, second = parts[::order]
    g = leaf_gradient(first() + second(), table)
    assert type(g) is np.ndarray
    np.testing.assert_array_equal(g, WANTED + 2)


def test_rows_of_something_computed_go_on_as_an_array():
    table = make_table()
    for computed in (table * 2.0, ops.cast(table, "float64"), ops.split(table, [5])[0]):
        g = leaf_gradient(ops.sum(ops.embedding(computed, IDS)), table)
        assert type(g) is np.ndarray and g.dtype == np.float32
        assert np.any(g == WANTED) and not np.any(g[1])


def test_users_get_tensors():
    table = make_table()
    with GradientTape() as tape:
        total = ops.sum(ops.embedding(table, IDS))
    found = [tape.gradient(total, table), grad(lambda t: ops.sum(ops.embedding(t, IDS)))(table)]
    ops.sum(ops.embedding(table, IDS)).backward()
    for g in (*found, table.grad):
        assert type(g) is Tensor
        np.testing.assert_array_equal(g.numpy(), WANTED)
    ops.sum(ops.embedding(table, IDS)).backward()
    np.testing.assert_array_equal(table.grad.numpy(), 2 * WANTED)


def test_second_derivatives():
    def squares(t):
        return ops.sum(ops.embedding(t, IDS) ** 3)

    slopes = grad(lambda t: ops.sum(grad(squares)(t) ** 2))(make_table()).numpy()
    x = make_table().numpy()
    np.testing.assert_allclose(slopes, 2 * (3 * WANTED * x**2) * (6 * WANTED * x), rtol=1e-5)


def test_to_numpy_rows_are_the_array():
    g = RowSparse(IDS, np.ones((3, 2), "float32"), (5, 2))
    np.testing.assert_array_equal(np.asarray(g), WANTED)
    assert np.asarray(g, "float64").dtype == np.float64
    for actual, expected in (
        (g * 2, 2 * WANTED), (1 - g, 1 - WANTED), (np.sqrt(g), np.sqrt(WANTED)), (g + 1, WANTED + 1),
        (WANTED + g, 2 * WANTED), (np.isfinite(g).all(), True), (ops.add(g, 1.0).numpy(), WANTED + 1),
    ):  # fmt: skip
        np.testing.assert_array_equal(actual, expected)
    assert g.astype("float64").dense().dtype == np.float64
    with pytest.raises(TypeError):
        g *= 2


def test_a_recorder_sees_rows():
    table = make_table()

    def compute(ids):
        return leaf_gradient(ops.sum(ops.embedding(table, Tensor(ids))), table)

    recorder = Recorder([IDS], [table.data])
    with recording(recorder):
        g = compute(IDS)
    program = recorder.finish([g])
    other = np.array([1, 2, 1], "int32")
    np.testing.assert_array_equal(program(other)[0].dense(), compute(other).dense())


def test_a_recorder_sees_rows_become_an_array():
    table = make_table()

    def compute(ids):
        return leaf_gradient(ops.sum(ops.embedding(table * 2.0, Tensor(ids)) + ops.sum(table)), table)

    recorder = Recorder([IDS], [table.data])
    with recording(recorder):
        g = compute(IDS)
    program = recorder.finish([g])
    other = np.array([1, 2, 1], "int32")
    np.testing.assert_array_equal(program(other)[0], compute(other))
