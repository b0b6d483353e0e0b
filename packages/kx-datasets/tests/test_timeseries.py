"""Windows of series and data cut in two; the numbers and messages are those of Keras 3.15.1 and 2."""

import numpy as np
import pytest

from kx_datasets import (
    Dataset,
    PyDataset,
    TimeseriesGenerator,
    pack_x_y_sample_weight,
    split_dataset,
    timeseries_dataset_from_array,
)

A = np.arange(12)


def windows(*args, **kwargs):
    return [
        tuple(part.tolist() for part in each) if isinstance(each, tuple) else each.tolist()
        for each in timeseries_dataset_from_array(*args, **kwargs)
    ]


@pytest.mark.parametrize(
    ("args", "keywords", "expected"),
    [
        ((A, None, 3), {"batch_size": 9}, [[[i, i + 1, i + 2] for i in range(9)], [[9, 10, 11]]]),
        (
            (A, A * 10, 3),
            {"sequence_stride": 2, "sampling_rate": 2, "batch_size": 2},
            [([[0, 2, 4], [2, 4, 6]], [0, 20]), ([[4, 6, 8], [6, 8, 10]], [40, 60])],
        ),
        (
            (A, A[:8], 3),
            {"start_index": 2, "end_index": 9, "batch_size": 3},
            [([[2, 3, 4], [3, 4, 5], [4, 5, 6]], [2, 3, 4]), ([[5, 6, 7], [6, 7, 8]], [5, 6])],
        ),
        ((A, A, 3), {"start_index": 8, "batch_size": None}, [([8, 9, 10], 8), ([9, 10, 11], 9)]),
        (
            (A.reshape(6, 2), A[:6], 5),
            {},
            [([A[:10].reshape(5, 2).tolist(), A[2:].reshape(5, 2).tolist()], [0, 1])],
        ),
        (
            (A, A[:7], 3),
            {"start_index": 2, "sequence_stride": 2, "sampling_rate": 2},
            [([[2, 4, 6], [4, 6, 8], [6, 8, 10]], [2, 4, 6])],
        ),
        (
            (A, None, 3),
            {"start_index": 3, "sequence_stride": 2, "sampling_rate": 2},
            [[[3, 5, 7], [5, 7, 9], [7, 9, 11]]],
        ),
        ((A, A, 3), {"end_index": 5}, [([[0, 1, 2], [1, 2, 3], [2, 3, 4]], [0, 1, 2])]),
        ((A, None, 20), {}, []),
    ],
)
def test_windows_as_keras(args, keywords, expected):
    assert windows(*args, **keywords) == expected


def test_windows_in_random_order():
    found = windows(A, A, 3, shuffle=True, seed=1, batch_size=4)
    assert windows(A, A, 3, shuffle=True, seed=1, batch_size=4) == found != windows(A, A, 3, batch_size=4)
    pairs = [pair for x, y in found for pair in zip(x, y, strict=True)]
    assert sorted(pairs) == [([i, i + 1, i + 2], i) for i in range(10)]


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"sequence_length": 0}, "`sequence_length` must be higher than 0"),
        ({"sampling_rate": 0}, "`sampling_rate` must be higher than 0. Received: sampling_rate=0"),
        ({"sampling_rate": 12}, "`sampling_rate` must be lower than the length of the data"),
        ({"sequence_stride": 0}, "`sequence_stride` must be higher"),
        ({"sequence_stride": 12}, "`sequence_stride` must be lower .* for data of length 12"),
        ({"start_index": -1}, "`start_index` must be 0 or greater"),
        ({"start_index": 12}, "`start_index` must be lower"),
        ({"start_index": 5, "end_index": 4}, "`end_index` must be higher than `start_index`"),
        ({"end_index": 12}, "`end_index` must be lower"),
        ({"end_index": -1}, "`end_index` must be higher than 0"),
        ({"batch_size": 0}, "Batch size must be greater than zero"),
        ({"format": "x"}, "`format` should be either"),
    ],
)
def test_windows_that_do_not_fit(keywords, message):
    with pytest.raises(ValueError, match=message):
        windows(A, None, **{"sequence_length": 3, **keywords})


def samples(*args, **kwargs):
    return [(x.tolist(), y.tolist()) for x, y in TimeseriesGenerator(*args, **kwargs)]


def test_generator_of_keras_2():
    b = np.arange(10)
    assert samples(b, b, 3, batch_size=3)[1:] == [
        ([[3, 4, 5], [4, 5, 6], [5, 6, 7]], [6, 7, 8]),
        ([[6, 7, 8]], [9]),
    ]
    settings = {"sampling_rate": 2, "stride": 2, "batch_size": 2, "start_index": 1, "end_index": 8}
    assert samples(b, b, 4, **settings) == [([[1, 3], [3, 5]], [5, 7])]
    assert samples(b, b, 3, reverse=True, batch_size=4)[0][0][0] == [2, 1, 0]
    ((x, y),) = samples(np.arange(20).reshape(10, 2), b, 2)
    assert (x[0], y[0], len(y)) == ([[0, 1], [2, 3]], 2, 8)
    np.random.seed(3)
    assert samples(b, b, 3, batch_size=3, shuffle=True)[0] == ([[2, 3, 4], [0, 1, 2], [1, 2, 3]], [5, 3, 4])


def test_generator_of_keras_2_errors_and_config():
    b = np.arange(10)
    with pytest.raises(ValueError, match="Data length is 10 while target length is 4"):
        TimeseriesGenerator(b, b[:4], 3)
    with pytest.raises(ValueError, match=r"`start_index\+length=10 > end_index=9` is disallowed"):
        TimeseriesGenerator(b, b, 10)
    assert TimeseriesGenerator(b[:3], b[:3], 1).to_json() == (
        '{"class_name": "TimeseriesGenerator", "config": {"data": "[0, 1, 2]", "targets": "[0, 1, 2]", "length": 1, '
        '"sampling_rate": 1, "stride": 1, "start_index": 1, "end_index": 2, "shuffle": false, "reverse": false, '
        '"batch_size": 128}}'
    )


def values(datasets):
    return [
        [each if isinstance(each, tuple) else np.asarray(each).tolist() for each in part] for part in datasets
    ]


def test_split():
    assert values(split_dataset(np.arange(5), left_size=0.3)) == [[0, 1], [2, 3, 4]]
    assert values(split_dataset((np.arange(4), np.arange(4) * 2), 1, 2)) == [[(0, 0)], [(2, 4), (3, 6)]]
    assert values(split_dataset(Dataset.range(7), 0.5, 0.3)) == [[0, 1, 2, 3], [5, 6]]
    assert values(split_dataset(Dataset.range(7).batch(2), 0.5)) == [[[0, 1], [2, 3]], [[4, 5], [6]]]
    left, right = split_dataset(np.arange(9), right_size=4, shuffle=True, seed=2)
    assert (len(left), len(right)) == (5, 4)
    assert (
        sorted([*values([left])[0], *values([right])[0]])
        == list(range(9))
        != [*values([left])[0], *values([right])[0]]
    )

    class Squares(PyDataset):
        def __len__(self):
            return 4

        def __getitem__(self, index):
            return index * index

    assert values(split_dataset(Squares(), left_size=3)) == [[0, 1, 4], [9]]


@pytest.mark.parametrize(
    ("left", "right", "sizes"),
    [
        (0.25, None, (2, 8)),
        (0.35, None, (4, 6)),
        (None, 0.25, (8, 2)),
        (0.15, 0.15, (2, 2)),
        (0.55, 0.25, (6, 2)),
    ],
)
def test_sizes_of_a_split_as_keras(left, right, sizes):
    assert tuple(map(len, split_dataset(np.arange(10), left, right))) == sizes


@pytest.mark.parametrize(
    ("sizes", "error", "message"),
    [
        ((), ValueError, "At least one of the `left_size` or `right_size` must be specified"),
        ((1.5,), ValueError, "`left_size` should be either a positive integer smaller than 10"),
        ((0,), ValueError, "`left_size` should be"),
        ((None, 20), ValueError, "`right_size` should be"),
        ((0.6, 0.6), ValueError, "is greater than 1"),
        ((8, 8), ValueError, "should be smaller than the 10"),
        (("a",), TypeError, "Invalid `left_size` Type"),
        ((0.01,), ValueError, "Resulting left side dataset split will be empty"),
    ],
)
def test_splits_that_do_not_fit(sizes, error, message):
    with pytest.raises(error, match=message):
        split_dataset(np.arange(10), *sizes)


def test_other_data_is_not_split():
    with pytest.raises(TypeError, match="Unsupported dataset type: <class 'dict'>"):
        split_dataset({"a": 1}, 0.5)


def test_pack():
    assert pack_x_y_sample_weight((1,)) == ((1,),)
    assert pack_x_y_sample_weight(1, None, 3) == 1
    assert pack_x_y_sample_weight(1, 2, 3) == (1, 2, 3)
