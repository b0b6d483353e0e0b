"""`Dataset` against what tf.data was recorded to do, its random order, and its errors."""

import itertools
import json
import pathlib

import numpy as np
import pytest
from pipeline_cases import CASES, outcome

import kx_datasets
from kx_datasets import INFINITE_CARDINALITY, UNKNOWN_CARDINALITY, Dataset, TensorSpec

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "pipelines.json").read_text())
MANY = Dataset.range(100)

# Specs that tf.data knows from tracing functions; here the first element says it.
SPEC_OF_FIRST = {"flat map of windows"}


def values(dataset):
    return [each.tolist() for each in dataset]


@pytest.mark.parametrize("name", CASES)
def test_as_tf_data(name):
    found = json.loads(json.dumps(outcome(CASES[name], Dataset, TensorSpec)))
    assert found["elements"] == GOLDEN[name]["elements"]
    assert found["cardinality"] == GOLDEN[name]["cardinality"]
    if name not in SPEC_OF_FIRST and found["spec"] is not None:
        assert found["spec"] == GOLDEN[name]["spec"]


@pytest.mark.parametrize("name", [name for name in CASES if "endless" not in name and "ever" not in name])
def test_every_iteration_starts_anew(name):
    if GOLDEN[name]["cardinality"] == INFINITE_CARDINALITY:
        return
    dataset = CASES[name](Dataset, TensorSpec)
    first, second = iter(dataset), iter(dataset)
    next(first, None)
    assert len(list(second)) == len(list(dataset))


def test_length():
    assert len(MANY.batch(30)) == 4
    with pytest.raises(TypeError, match="infinite"):
        len(MANY.repeat())
    with pytest.raises(TypeError, match="unknown"):
        len(MANY.filter(lambda x: True))
    assert MANY.repeat()
    assert repr(MANY.repeat()) == "<Dataset cardinality=infinite>"


def test_shuffle_keeps_all_elements_and_draws_each_time_anew():
    data = MANY.shuffle(30, seed=1)
    orders = [values(data), values(data)]
    assert orders[0] != orders[1]
    assert all(sorted(order) == list(range(100)) for order in orders)
    assert max(place - value for place, value in enumerate(orders[0])) > 30
    assert all(
        value < 30 + place for place, value in enumerate(orders[0])
    )  # no further ahead than the buffer
    again = MANY.shuffle(30, seed=1)
    assert [values(again), values(again)] == orders
    assert values(data.repeat(2))[:100] not in orders


def test_shuffle_in_one_order():
    data = MANY.shuffle(UNKNOWN_CARDINALITY, seed=1, reshuffle_each_iteration=False)
    assert values(data) == values(data) != list(range(100))


def test_shuffle_depends_on_the_global_seed():
    def order():
        np.random.seed(3)
        return values(MANY.shuffle(100))

    assert order() == order()


def test_random():
    drawn = values(Dataset.random(seed=5).take(300))
    assert drawn == values(Dataset.random(seed=5).take(300))
    assert all(0 <= each < 2**32 for each in drawn) and len(set(drawn)) == 300


def test_cache_runs_what_is_before_it_once_and_only_keeps_whole_passes():
    calls = []
    data = Dataset.range(3).map(lambda x: calls.append(int(x)) or x).cache()
    for _ in data:
        break
    assert [values(data), values(data), calls] == [[0, 1, 2], [0, 1, 2], [0, 0, 1, 2]]


def test_reduce():
    assert MANY.reduce(np.int64(0), lambda total, x: total + x) == 4950
    pairs = Dataset.from_tensor_slices(([1, 2], [3, 4]))
    assert pairs.reduce(0, lambda total, pair: total + pair[0] * pair[1]) == 11
    assert MANY.reduce((0, 0), lambda state, x: (state[0] + x, state[1] + 1)) == (4950, 100)


def test_text_stays_text():
    data = Dataset.from_tensor_slices((["a", "bcd"], [0, 1]))
    assert data.element_spec == (TensorSpec((), "string"), TensorSpec((), "int32"))
    ((text, _),) = data.batch(2)
    assert text.tolist() == ["a", "bcd"]
    (padded,) = Dataset.from_generator(lambda: [["a"], ["b", "c"]]).padded_batch(2)
    assert padded.tolist() == [["a", ""], ["b", "c"]]


def test_tables_and_nested_numbers():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"a": [1, 2], "b": [0.5, 1.5]})
    assert list(Dataset.from_tensor_slices(dict(frame))) == [{"a": 1, "b": 0.5}, {"a": 2, "b": 1.5}]
    assert values(Dataset.from_tensor_slices(frame)) == [[1.0, 0.5], [2.0, 1.5]]
    assert Dataset.from_tensors(2**40).element_spec.dtype == "int64"  # tf.data would refuse it


def test_generators_are_closed():
    closed = []

    def endless():
        try:
            yield from itertools.count()
        finally:
            closed.append(True)

    for element in Dataset.from_generator(endless).batch(2).map(lambda x: x + 1):
        assert element.tolist() == [1, 2]
        break
    assert closed == [True]


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: MANY.batch(0), ValueError, "Batch size must be greater than zero, got 0"),
        (lambda: MANY.shuffle(0), ValueError, "buffer_size must be greater than zero"),
        (lambda: MANY.window(0), ValueError, "Window size must be"),
        (lambda: MANY.window(2, shift=0), ValueError, "Window shift must be"),
        (lambda: MANY.shard(3, 3), ValueError, "Index must be between 0 and 2"),
        (lambda: MANY.map(abs, num_parallel_calls=0), ValueError, "num_parallel_calls must be positive"),
        (lambda: MANY.map(abs, deterministic="no"), ValueError, "deterministic must be"),
        (lambda: MANY.prefetch(-2), ValueError, "buffer_size must be"),
        (lambda: MANY.cache("file"), ValueError, "in memory only"),
        (lambda: MANY.apply(lambda d: 3), TypeError, "must return a `Dataset`"),
        (lambda: MANY.concatenate([1]), TypeError, "expects a Dataset, got list"),
        (lambda: Dataset.zip([1, 2]), TypeError, "Invalid input to `zip`"),
        (lambda: Dataset.from_tensor_slices(3), ValueError, "at least one axis"),
        (lambda: Dataset.from_tensor_slices(()), ValueError, "at least one array"),
        (lambda: Dataset.from_tensor_slices(([1], [1, 2])), ValueError, "same first size; got 1, 2"),
        (lambda: Dataset.from_generator([1]), TypeError, "must be a Python callable"),
        (lambda: Dataset.from_generator(list, output_shapes=[]), TypeError, "needs `output_types`"),
        (lambda: Dataset.from_generator(list, "int32", output_signature=1), TypeError, "not both"),
        (lambda: Dataset.range(0).map(abs).element_spec, ValueError, "dataset is empty"),
    ],
)
def test_errors_at_once(make, error, message):
    with pytest.raises(error, match=message):
        make()


def generator(elements, spec):
    return Dataset.from_generator(lambda: elements, output_signature=spec)


@pytest.mark.parametrize(
    ("dataset", "error", "message"),
    [
        (
            generator([[1, 2], [3]], TensorSpec([2], "int32")),
            TypeError,
            r"shape \(1,\) where .* shape \(2,\)",
        ),
        (generator(["a"], TensorSpec([], "int32")), TypeError, "could not be converted to the expected type"),
        (generator([(1, 2)], TensorSpec([], "int32")), TypeError, r"shape \(2,\) where"),
        (generator([1], (TensorSpec([], "int32"),) * 2), TypeError, "did not match the expected structure"),
        (
            Dataset.from_generator(lambda: [[1], [1, 2]]).batch(2),
            ValueError,
            "different shapes in component 0",
        ),
        (Dataset.from_generator(lambda: [[1], [1, 2]]).padded_batch(2, [1]), ValueError, "smaller size"),
        (Dataset.from_generator(lambda: [[1], 2]).padded_batch(2), ValueError, "same rank"),
        (MANY.unbatch(), ValueError, "Cannot unbatch an input with scalar"),
        (MANY.flat_map(lambda x: x), TypeError, "must return a `Dataset` object"),
        (MANY.window(2).batch(2), TypeError, "A window is a Dataset"),
    ],
)
def test_errors_of_a_pass(dataset, error, message):
    with pytest.raises(error, match=message):
        list(dataset)


def test_names_at_the_top():
    assert kx_datasets.Dataset is Dataset
    assert (kx_datasets.AUTOTUNE, INFINITE_CARDINALITY, UNKNOWN_CARDINALITY) == (-1, -1, -2)
    assert TensorSpec([None, 2], "float32") == TensorSpec((None, 2), np.float32) != TensorSpec((), "int32")
