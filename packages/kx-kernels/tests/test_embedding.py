"""Looking up rows of a table, and adding up their gradients, against NumPy."""

import numpy as np
import pytest

from kx_kernels import embedding, scatter_rows

# (table, ids): one row, plain, ids of any shape, rows of any shape, a vector, empty ones, several blocks and threads.
SHAPES = [
    ((1, 1), (1,)),
    ((5, 3), (7,)),
    ((5, 3), (2, 3)),
    ((5, 2, 3), (4,)),
    ((5,), (2, 3)),
    ((5, 3), ()),
    ((5, 3), (0,)),
    ((5, 0), (4,)),
    ((3000, 129), (61, 83)),
]


def arrays(table, ids, dtype, id_dtype, seed=0):
    rng = np.random.default_rng(seed)
    g = rng.standard_normal((*ids, *table[1:])).astype(dtype)
    return rng.standard_normal(table).astype(dtype), rng.integers(0, table[0], ids).astype(id_dtype), g


@pytest.mark.parametrize("id_dtype", ["int32", "int64"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("table", "ids"), SHAPES)
def test_rows_and_their_sums(table, ids, dtype, id_dtype):
    values, numbers, g = arrays(table, ids, np.dtype(dtype), id_dtype)
    numbers = np.asarray(numbers)
    np.testing.assert_array_equal(embedding(values, numbers), values[numbers])
    expected = np.zeros(table, dtype)
    np.add.at(expected, numbers, g)
    sums = scatter_rows(np.asarray(g), numbers, table[0])
    assert (sums.dtype, sums.shape) == (dtype, table)
    np.testing.assert_array_equal(sums, expected)  # the same order of summing, and so the same bits


def test_other_layouts():
    values, numbers, g = arrays((6, 8), (4, 4), "float32", "int64")
    np.testing.assert_array_equal(embedding(values.T, numbers[:, ::2]), values.T[numbers[:, ::2]])
    half = g[:, ::2, 1:]
    np.testing.assert_array_equal(
        scatter_rows(half, numbers[:, ::2], 6), scatter_rows(half.copy(), numbers[:, ::2].copy(), 6)
    )


def test_nan_and_infinity_stay_in_their_rows():
    g = np.float32([[np.nan, 1], [np.inf, 2], [-np.inf, 3]])
    np.testing.assert_array_equal(
        scatter_rows(g, np.array([2, 0, 0]), 4), np.float32([[np.nan, 5], [0, 0], [np.nan, 1], [0, 0]])
    )
    np.testing.assert_array_equal(embedding(g, np.array([1, 0])), g[[1, 0]])


@pytest.mark.parametrize("count", [3, 5000])
@pytest.mark.parametrize("bad", [-1, 40, 2**31 - 1])
def test_an_id_out_of_range_is_named(bad, count):
    ids = np.zeros(count, "int32")
    ids[-2] = bad
    table = np.zeros((40, 200), "float32")
    with pytest.raises(ValueError, match=f"id {bad} is out of range: the table has rows 0 to 39"):
        embedding(table, ids)
    with pytest.raises(ValueError, match=f"id {bad} is out of range"):
        scatter_rows(table[ids * 0], ids, 40)


def test_what_is_refused():
    table, ids = np.zeros((3, 2), "float32"), np.array([0])
    with pytest.raises(TypeError, match="table: expected a float32 ndarray, got float16"):
        embedding(table.astype("float16"), ids)
    with pytest.raises(TypeError, match="ids: expected a int32 ndarray, got uint8"):
        embedding(table, ids.astype("uint8"))
    with pytest.raises(ValueError, match="1 or more axes"):
        embedding(np.array(1, "float32"), ids)
    with pytest.raises(ValueError, match="a row of g for each id"):
        scatter_rows(table, ids, 3)
    with pytest.raises(ValueError, match="negative dimensions"):
        scatter_rows(table, np.array([0, 1, 2]), -1)
