"""Loops written for tf.data call `numpy()` on what they get."""

import numpy as np
import pytest

from kx_datasets.pipeline.dataset import Dataset


def test_arrays_and_their_elements():
    data = Dataset.from_tensor_slices((np.arange(6.0).reshape(3, 2), np.array([2, 0, 1]))).batch(3)
    for x, y in data:
        assert type(x.numpy()) is np.ndarray and type(x[0].numpy()) is np.ndarray
        assert type(y[0].numpy()) is np.int64 and [int(label) for label in y] == [2, 0, 1]
        assert "abc"[y[1]] == "a" and {0: "zero"}[y[1]] == "zero"
        assert f"{x[0, 1]:.2f} {y[0]}" == "1.00 2"
        assert [label.numpy() for label in y] == [2, 0, 1]


def test_single_numbers():
    (first, *_) = Dataset.range(3)
    assert first.numpy() == 0 and first.dtype == "int64" and first.shape == ()
    assert sum(Dataset.range(4)) == 6
    with pytest.raises(ValueError, match="size 1"):
        hash(next(iter(Dataset.range(4).batch(2))))


def test_texts():
    data = Dataset.from_tensor_slices((["good film", "bad"], [1, 0]))
    for text, _ in data.take(1):
        assert text.numpy().decode("utf-8") == "good film" and text.split() == ["good", "film"]
    for texts, _ in data.batch(2):
        assert texts.numpy()[1].decode() == texts[1].numpy() == "bad"


def test_functions_in_the_pipeline_get_plain_arrays():
    kinds = []
    list(Dataset.range(2).batch(2).map(lambda x: kinds.append(type(x)) or x))
    assert kinds == [np.ndarray]
    assert all(type(x) is np.ndarray for x in Dataset.range(2).batch(1).as_numpy_iterator())
