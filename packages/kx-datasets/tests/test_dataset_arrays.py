"""`to_categorical`, `normalize` and `pad_sequences` against recorded results of Keras, and their errors."""

import json
import pathlib

import numpy as np
import pytest

from kx_datasets import normalize, pad_sequences, to_categorical

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "keras.json").read_text())
FUNCTIONS = {"to_categorical": to_categorical, "normalize": normalize, "pad_sequences": pad_sequences}


def title(case):
    return f"{case['function']} {case['x']} {case['kwargs']}"


@pytest.mark.parametrize("case", GOLDEN["arrays"], ids=title)
def test_as_keras(case):
    out = FUNCTIONS[case["function"]](case["x"], **case["kwargs"])
    assert list(out.shape) == case["shape"] and str(out.dtype) == case["dtype"]
    if out.dtype.kind == "f":
        np.testing.assert_allclose(out, np.array(case["out"]).reshape(out.shape), rtol=1e-15)
    else:
        assert out.tolist() == case["out"]


def test_normalize_leaves_its_input_alone_and_takes_the_first_axis():
    x = np.array([[3.0, 0.0], [4.0, 0.0]])
    assert normalize(x, axis=0).tolist() == [[0.6, 0.0], [0.8, 0.0]]
    assert x.tolist() == [[3.0, 0.0], [4.0, 0.0]]


def test_pad_sequences_of_texts_and_arrays():
    out = pad_sequences([["a"], ["bb", "c"]], dtype=object, value="pad")
    assert out.tolist() == [["pad", "a"], ["bb", "c"]]
    assert pad_sequences([np.array([1, 2]), (3,)], maxlen=3).tolist() == [[0, 1, 2], [0, 0, 3]]
    assert pad_sequences(np.array([[1, 2], [3, 4]]), maxlen=1).tolist() == [[2], [4]]
    assert pad_sequences([], maxlen=3).shape == (0, 3)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"sequences": (i for i in ())}, "`sequences` must be iterable"),
        ({"sequences": [[1], 2]}, "list of iterables. Found non-iterable: 2"),
        ({"sequences": [[1]], "padding": "left"}, 'Padding type "left" not understood'),
        ({"sequences": [[1]], "truncating": "left"}, 'Truncating type "left" not understood'),
        ({"sequences": [["a"]], "value": "x"}, "You should set `dtype=object`"),
        ({"sequences": [[[1, 2]], [[1]]]}, r"\(1,\) of sequence at position 1 is different from .* \(2,\)"),
        ({"sequences": []}, "at least one sequence, or `maxlen`"),
    ],
)
def test_pad_sequences_errors(arguments, text):
    with pytest.raises(ValueError, match=text):
        pad_sequences(**arguments)


def test_to_categorical_errors():
    with pytest.raises(IndexError, match="Class 5 at position 1 is out of .* classes run from 0 to 2"):
        to_categorical([0, 5], num_classes=3)
    with pytest.raises(IndexError, match="Class -4 at position 0"):
        to_categorical([-4], num_classes=3)
    with pytest.raises(ValueError, match="at least one class number"):
        to_categorical([])
    assert to_categorical([], num_classes=3).shape == (0, 3)
