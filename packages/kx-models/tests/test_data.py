"""What the user passes as data, as batches."""

import collections
import threading
import types

import numpy as np
import pandas as pd
import pytest

from kx_datasets.pipeline.dataset import Dataset
from kx_datasets.pydataset import PyDataset
from kx_models.class_weights import check_class_weight, class_weights_to_sample_weights
from kx_models.data import adapt, split_validation
from kx_models.data_arrays import split
from kx_models.data_source import RAN_OUT
from kx_tensor import config, ops
from kx_tensor.random import set_random_seed
from kx_tensor.standin import standin
from kx_tensor.tensor import Tensor


def rows(n, width=2, dtype="float32"):
    """Return an array whose row i starts with i * width."""
    return np.arange(n * width, dtype=dtype).reshape(n, width)


def batches(count, size=2, start=0):
    for i in range(start, start + count):
        yield np.full((size, 1), i, "float32"), np.full(size, i)


def first_values(source):
    """Return the first number of x in each batch of one epoch."""
    return [int(np.ravel(x)[0]) for x, _, _ in source.epoch()]


def seen(source):
    return [np.ravel(x).tolist() for x, _, _ in source.epoch()]


# ---- arrays
# -------------------------------------------------------------------------------------------------


def test_batches_in_order_with_a_smaller_last_one():
    source = adapt(rows(5), np.arange(5), np.ones(5), batch_size=2, shuffle=False)
    found = list(source.epoch())
    assert [len(x) for x, _, _ in found] == [2, 2, 1]
    assert (source.num_batches, source.batch_size, source.samples) == (3, 2, 5)
    np.testing.assert_array_equal(np.concatenate([x for x, _, _ in found]), rows(5))
    assert [w.dtype for _, _, w in found] == ["float32"] * 3
    assert found[0][0].base is not None  # a view: nothing is copied without shuffling


def test_default_batch_size_is_32():
    assert adapt(rows(100)).num_batches == 4


def test_a_new_order_of_samples_for_each_epoch_that_keeps_rows_together():
    set_random_seed(1)
    source = adapt(rows(64), np.arange(64), batch_size=8)
    orders = []
    for _ in range(2):
        found = list(source.epoch())
        y = np.concatenate([y for _, y, _ in found])
        np.testing.assert_array_equal(np.concatenate([x for x, _, _ in found]), rows(64)[y])
        assert sorted(y.tolist()) == list(range(64))
        orders.append(y.tolist())
    assert orders[0] != orders[1] != list(range(64))
    set_random_seed(1)
    again = adapt(rows(64), np.arange(64), batch_size=8)
    assert [np.concatenate([y for _, y, _ in again.epoch()]).tolist() for _ in range(2)] == orders


def test_shuffling_by_batch_keeps_batches_together_and_the_rest_last():
    set_random_seed(0)
    found = seen(adapt(np.arange(67), batch_size=2, shuffle="batch"))
    assert found[-1] == [66]
    assert all(b == a + 1 and a % 2 == 0 for a, b in found[:-1])
    assert sorted(a for a, _ in found[:-1]) == list(range(0, 66, 2)) != [a for a, _ in found[:-1]]


def test_only_float64_is_cast_and_only_once():
    double, whole, half = rows(4, dtype="float64"), rows(4, dtype="int64"), rows(4, dtype="float16")
    source = adapt({"d": double, "w": whole, "h": half}, batch_size=4, shuffle=False)
    (x, _, _) = next(source.epoch())
    assert {key: str(value.dtype) for key, value in x.items()} == {
        "d": "float32",
        "w": "int64",
        "h": "float16",
    }
    (again, _, _) = next(source.epoch())
    assert np.shares_memory(x["d"], again["d"])
    assert np.shares_memory(x["w"], whole)
    config.set_floatx("float64")
    try:
        assert next(adapt(double, shuffle=False).epoch())[0].dtype == "float64"
    finally:
        config.set_floatx("float32")


Pair = collections.namedtuple("Pair", "left right")


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize(
    "structure",
    [
        [rows(5), rows(5)],
        (rows(5), [rows(5)]),
        {"b": rows(5), "a": {"c": rows(5)}},
        Pair(rows(5), rows(5)),
        [rows(5), None],
    ],
    ids=["list", "nested", "dict", "namedtuple", "none"],
)
def test_structures_keep_their_shape(structure, shuffle):
    source = adapt(structure, [np.arange(5)], batch_size=2, shuffle=shuffle)
    x, y, weight = next(source.epoch())
    assert type(x) is type(structure)
    assert isinstance(y, list)
    assert weight is None
    leaves = [leaf for leaf in (x.values() if isinstance(x, dict) else x) if isinstance(leaf, np.ndarray)]
    for leaf in leaves:
        np.testing.assert_array_equal(leaf, rows(5)[y[0]])
    if isinstance(x, dict):
        np.testing.assert_array_equal(x["a"]["c"], rows(5)[y[0]])


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([[1, 2.5], [3, 4]], np.array([[1, 2.5], [3, 4]], "float32")),
        ((1, 2), np.array([1, 2])),
        (ops.convert_to_tensor([1.0, 2.0]), np.array([1, 2], "float32")),
        (pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}), np.array([[1, 3], [2, 4]], "float32")),
        (pd.Series([1, 2]), np.array([[1], [2]])),
        (["a", "bc"], np.array(["a", "bc"], object)),
        (np.array(["a", "bc"]), np.array(["a", "bc"], object)),
        (pd.Series(["a", "bc"]), np.array([["a"], ["bc"]], object)),
        (types.SimpleNamespace(__array__=None), None),
    ],
    ids=[
        "nested list",
        "tuple of numbers",
        "tensor",
        "frame",
        "series",
        "text",
        "array of text",
        "series of text",
        "other",
    ],
)
def test_array_likes(given, expected):
    if expected is None:

        class Other:
            def __array__(self, dtype=None, copy=None):
                return np.array([7])

        given, expected = Other(), np.array([7])
    x, _, _ = next(adapt(given, shuffle=False).epoch())
    np.testing.assert_array_equal(x, expected)
    assert x.dtype == expected.dtype


@pytest.mark.parametrize("shuffle", [False, True])
def test_data_on_another_device_stays_there(shuffle):
    set_random_seed(3)
    on_device = Tensor(standin.asarray(rows(6, dtype="float64")), None, standin)
    found = list(adapt(on_device, np.arange(6), batch_size=4, shuffle=shuffle).epoch())
    for x, y, _ in found:
        assert x.device is standin
        assert x.dtype == "float32"
        np.testing.assert_array_equal(x.numpy(), rows(6)[y])


def test_steps_continue_where_the_last_epoch_stopped_and_start_over_at_the_end():
    source = adapt(np.arange(8), batch_size=2, shuffle=False, steps=2)
    assert [first_values(source) for _ in range(3)] == [[0, 2], [4, 6], [0, 2]]
    source.reset()
    assert first_values(source) == [0, 2]
    assert source.num_batches == 2


def test_more_steps_than_batches_warns_and_starts_over():
    source = adapt(np.arange(4), batch_size=2, shuffle=False, steps=3)
    for _ in range(2):
        with pytest.warns(
            UserWarning, match="Your input ran out of data; interrupting training. Make sure that"
        ):
            assert first_values(source) == [0, 2]
        assert not source.ran_out


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((rows(4), rows(3)), ValueError, "same number of samples.\n'x' sizes: 4\n'y' sizes: 3"),
        (
            ([rows(4), rows(2)], rows(4), np.ones(3)),
            ValueError,
            "'x' sizes: 4, 2\n'y' sizes: 4\n'sample_weight' sizes: 3",
        ),
        (
            (list(rows(40)), rows(40)),
            ValueError,
            r"sizes: 2, 2, 2, 2, 2, 2, 2, 2, ... \(40 arrays\)(.|\n)*np.stack",
        ),
        ((rows(0), rows(0)), ValueError, "There is no data: x, y has no samples"),
        ((np.float32(3.0),), ValueError, "x has a scalar"),
        ((object(),), ValueError, "Unrecognized data type: x=<object.*Expected an array"),
        (("text",), ValueError, "Unrecognized data type: x='text'"),
        ((None,), ValueError, "Unrecognized data type: x=None"),
        (([rows(2), {1, 2}],), ValueError, r"Unrecognized data type: x\[1\]=\{1, 2\}"),
        ((np.array([None, 1]),), ValueError, "x holds Python objects"),
        (([[1, 2], [3]],), ValueError, "x can't be made an array"),
        ((pd.DataFrame({"a": [1], "b": ["t"]}),), ValueError, "a table with text columns"),
    ],
)
def test_errors_about_arrays(arguments, error, message):
    with pytest.raises(error, match=message):
        adapt(*arguments)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"batch_size": 0}, "batch_size expects a positive integer, got 0"),
        ({"batch_size": 2.5}, "batch_size expects a positive integer, got 2.5"),
        ({"shuffle": "rows"}, "shuffle expects True, False or 'batch', got 'rows'"),
        ({"steps": 0}, "number of steps must be a positive integer, got 0"),
    ],
)
def test_errors_about_settings(keywords, message):
    with pytest.raises(ValueError, match=message):
        adapt(rows(4), **keywords)


def test_sparse_matrix_names_the_way_out():
    sparse = types.SimpleNamespace(tocsr=None, shape=(2, 2))
    with pytest.raises(ValueError, match=r"SciPy sparse matrix.*pass `x.toarray\(\)`"):
        adapt(sparse)


def test_a_batch_makes_few_python_calls(python_calls):
    x, y = rows(64), np.arange(64)
    for shuffle in (True, False):
        stream = adapt(x, y, batch_size=2, shuffle=shuffle).epoch()
        next(stream)
        assert python_calls(stream.__next__) == 1  # the generator going on


# ---- class weights and the split
# ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "y",
    [
        np.array([0, 2, 1, 9]),
        np.array([[0], [2], [1], [9]]),
        np.eye(10)[[0, 2, 1, 9]],
        np.array([0.0, 2.0, 1.0, 9.0]),
    ],
    ids=["labels", "column", "one-hot", "floats"],
)
def test_class_weights(y):
    weights = class_weights_to_sample_weights(y, check_class_weight({2: 3.0, 0: 0.5}))
    np.testing.assert_array_equal(weights, np.array([0.5, 3.0, 1.0, 1.0], "float32"))
    assert weights.dtype == "float32"
    (_, _, from_source) = next(adapt(np.zeros(4), y, class_weight={2: 3.0, 0: 0.5}, shuffle=False).epoch())
    np.testing.assert_array_equal(from_source, weights)
    (_, _, from_generator) = next(adapt(iter([(np.zeros(4), y)]), class_weight={2: 3.0, 0: 0.5}).epoch())
    np.testing.assert_array_equal(from_generator, weights)


@pytest.mark.parametrize(
    ("y", "weight", "class_weight", "error", "message"),
    [
        (
            np.zeros(4),
            np.ones(4),
            {0: 1.0},
            ValueError,
            "cannot `class_weight` and `sample_weight` at the same time",
        ),
        (
            np.zeros((4, 2, 3)),
            None,
            {0: 1.0},
            ValueError,
            r"one class per sample.*targets of shape \(4, 2, 3\)",
        ),
        (
            [np.zeros(4), np.zeros(4)],
            None,
            {0: 1.0},
            ValueError,
            "only supported for Models with a single output",
        ),
        (None, None, {0: 1.0}, ValueError, "needs targets"),
        (np.zeros(4), None, [1.0, 2.0], TypeError, r"class_weight expects a dict .*got \[1.0, 2.0\]"),
        (np.zeros(4), None, {"cat": 2.0}, TypeError, "integer classes as keys, got 'cat'"),
    ],
)
def test_class_weight_errors(y, weight, class_weight, error, message):
    with pytest.raises(error, match=message):
        adapt(np.zeros(4), y, weight, class_weight=class_weight)


def test_split_takes_the_last_part():
    x = {"a": rows(10), "b": [[i] for i in range(10)]}
    (train_x, train_y, train_w), (val_x, val_y, val_w) = split((x, pd.Series(range(10)), None), 0.25)
    assert (len(train_x["a"]), len(val_x["b"])) == (7, 3)
    assert val_y.ravel().tolist() == [7, 8, 9]
    assert train_y.ravel().tolist() == list(range(7))
    assert train_w is val_w is None


@pytest.mark.parametrize("fraction", [1.0, 0.999, 0.0])
def test_split_leaves_neither_part_empty(fraction):
    with pytest.raises(
        ValueError, match="Training data contains 10 samples, which is not sufficient to split it into"
    ):
        split((rows(10), np.zeros(10), None), fraction)


def test_split_needs_arrays():
    for data in (batches(3), Numbered(), DataLoader(), Dataset.range(4).batch(2)):
        with pytest.raises(
            ValueError, match="`validation_split` is only supported for tensors or NumPy arrays"
        ):
            split_validation(data, None, None, 0.5)
    with pytest.raises(ValueError, match="Unrecognized data type: y=<generator"):
        split_validation(rows(4), batches(3), None, 0.5)


# ---- generators and iterables
# ---------------------------------------------------------------------------------


def test_generator_goes_on_over_epochs():
    source = adapt(batches(7), steps=2)
    assert [first_values(source) for _ in range(3)] == [[0, 1], [2, 3], [4, 5]]
    with pytest.warns(UserWarning, match="Your input ran out of data"):
        assert first_values(source) == [6]
    assert source.ran_out


def test_generator_without_steps_is_one_epoch():
    source = adapt(batches(3))
    assert source.num_batches is None
    assert first_values(source) == [0, 1, 2]
    assert not source.ran_out
    with pytest.warns(UserWarning) as caught:
        assert first_values(source) == []
    assert str(caught[0].message) == RAN_OUT
    assert source.ran_out


def test_iterable_starts_over_each_epoch():
    class Batches:
        def __len__(self):
            return 3

        def __iter__(self):
            return batches(3)

    source = adapt(Batches())
    assert source.num_batches == 3
    assert [first_values(source) for _ in range(2)] == [[0, 1, 2], [0, 1, 2]]
    source = adapt(Batches(), steps=2)
    assert first_values(source) == [0, 1]
    with pytest.warns(UserWarning, match="ran out"):
        assert first_values(source) == [2]
    assert first_values(source) == [0, 1]


@pytest.mark.parametrize(
    ("batch", "parts"),
    [
        (rows(2), 1),
        ((rows(2),), 1),
        ([rows(2), rows(2)], 2),
        ((rows(2), None, np.ones(2)), 3),
        ({"a": rows(2)}, 1),
        (([rows(2), rows(2)], {"out": rows(2)}), 2),
        (([[1.0], [2.0]], [0, 1]), 2),
    ],
)
def test_forms_of_a_batch(batch, parts):
    x, y, weight = next(adapt(iter([batch])).epoch())
    given = batch if isinstance(batch, (tuple, list)) else (batch,)
    assert [part is not None for part in (x, y, weight)] == [
        i < parts and given[i] is not None for i in range(3)
    ]
    assert type(x) is (
        np.ndarray if not isinstance(given[0], dict) and np.ndim(given[0]) == 2 else type(given[0])
    )


def test_batches_of_a_generator_are_cast_as_arrays_are():
    x, y, weight = next(adapt(iter([(np.zeros((2, 1)), np.zeros(2, "int64"), [1.0, 2.0])])).epoch())
    assert [str(part.dtype) for part in (x, y, weight)] == ["float32", "int64", "float32"]


@pytest.mark.parametrize(
    ("batch", "message"),
    [
        (
            (rows(2),) * 4,
            r"in format `x`, `\(x,\)`, `\(x, y\)`.*found: a tuple of 4: \(ndarray of shape \(2, 2\)",
        ),
        ((), "found: a tuple of 0"),
        (3, "Each batch must be a tuple.*Received: 3 of type int"),
        ([1, 2], "found: a list"),
    ],
)
def test_bad_batches(batch, message):
    with pytest.raises(ValueError, match=message):
        next(adapt(iter([batch])).epoch())


def test_empty_generator():
    with pytest.raises(ValueError, match="must give at least one batch; this generator gave none"):
        list(adapt(batches(0)).epoch())


class Numbered(PyDataset):
    """Batches [0], [1], ... and a record of what was asked for."""

    def __init__(self, length=4, **kwargs):
        super().__init__(**kwargs)
        self.length = length
        self.calls = []

    @property
    def num_batches(self):
        return self.length

    def __getitem__(self, index):
        return np.array([index]), np.array([index])

    def on_epoch_begin(self):
        self.calls.append("begin")

    def on_epoch_end(self):
        self.calls.append("end")


class DataLoader:
    """Looks like PyTorch's: gives lists of tensors with `detach().cpu().numpy()`."""

    batch_size = 2

    def __len__(self):
        return 2

    def __iter__(self):
        for i in range(2):
            array = np.full((2, 1), i, "float32")
            on_cpu = types.SimpleNamespace(numpy=lambda array=array: array)
            detached = types.SimpleNamespace(cpu=lambda on_cpu=on_cpu: on_cpu)
            yield [types.SimpleNamespace(detach=lambda detached=detached: detached, __dlpack__=None)] * 2


DataLoader.__module__ = "torch.utils.data.dataloader"


@pytest.mark.parametrize(
    ("data", "kind"),
    [(batches(1), "generator"), (Numbered(), "PyDataset"), (DataLoader(), "torch DataLoader")],
)
def test_targets_belong_into_the_batches(data, kind):
    with pytest.raises(
        ValueError, match=f"When providing `x` as a {kind}, `y` should not be passed. Instead, the targets"
    ):
        adapt(data, np.zeros(3))
    with pytest.raises(ValueError, match=f"`sample_weight` should not be passed. .*as part of the {kind}"):
        adapt(data, None, np.zeros(3))


def test_data_loader():
    source = adapt(DataLoader())
    assert (source.num_batches, source.batch_size) == (2, 2)
    assert [(int(x[0, 0]), int(y[0, 0])) for x, y, _ in source.epoch()] == [(0, 0), (1, 1)]


# ---- PyDataset
# ------------------------------------------------------------------------------------------------


def test_pydataset_in_order_and_shuffled():
    assert first_values(adapt(Numbered(), shuffle=False)) == [0, 1, 2, 3]
    set_random_seed(2)
    source = adapt(Numbered(40))
    orders = [first_values(source) for _ in range(2)]
    assert sorted(orders[0]) == sorted(orders[1]) == list(range(40))
    assert orders[0] != orders[1] != list(range(40))


def test_pydataset_hears_of_epochs():
    data = Numbered()
    source = adapt(data)
    source.on_epoch_begin()
    source.on_epoch_end()
    assert data.calls == ["begin", "end"]


def test_pydataset_without_end():
    source = adapt(Numbered(None), steps=3)
    assert source.num_batches == 3
    assert [first_values(source) for _ in range(2)] == [[0, 1, 2], [3, 4, 5]]
    assert adapt(Numbered(None)).num_batches is None


def test_no_worker_outlives_its_pass():
    before = threading.active_count()
    source = adapt(Numbered(20, workers=3), shuffle=False)
    assert first_values(source) == list(range(20))
    assert threading.active_count() == before
    stream = source.epoch()
    next(stream)
    assert threading.active_count() > before
    source.close()
    assert threading.active_count() == before
