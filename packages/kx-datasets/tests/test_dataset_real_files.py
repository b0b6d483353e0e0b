"""The real files against what Keras gives for them; skipped where there are none."""

import hashlib
import importlib
import json
import pathlib
import runpy

import numpy as np
import pytest

from kx_datasets import cifar10, cifar100, imdb, mnist, reuters

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "keras.json").read_text())
SCRIPT = pathlib.Path(__file__).parents[1] / "tools" / "make_mnist_subset.py"


@pytest.mark.parametrize("case", GOLDEN["real"], ids=lambda case: f"{case['loader']} {case['kwargs']}")
def test_as_keras(real, case):
    result = importlib.import_module(f"kx_datasets.{case['loader']}").load_data(**case["kwargs"])
    for array, expected in zip((array for part in result for array in part), case["arrays"], strict=True):
        assert list(array.shape) == expected["shape"] and str(array.dtype) == expected["dtype"]
        is_lists = array.dtype == object
        content = json.dumps(array.tolist()).encode() if is_lists else np.ascontiguousarray(array).tobytes()
        assert hashlib.sha256(content).hexdigest() == expected["sha256"]


def test_word_indexes(real):
    assert (len(imdb.get_word_index()), len(reuters.get_word_index())) == (88_584, 30_979)
    (x_train, y_train), _ = reuters.load_data()
    words = {rank + 3: word for word, rank in reuters.get_word_index().items()}
    text = " ".join(words[rank] for rank in x_train[0][3:11])
    assert text == "said as a result of its december acquisition"
    assert reuters.get_label_names()[y_train[0]] == "earn"


def test_cifar10(real):
    if not (real / cifar10.SUBSET.names[0]).is_file():
        pytest.skip(f"needs {cifar10.SUBSET.names[0]} in {real}")
    with pytest.warns(UserWarning, match="subset of CIFAR-10: 10,000 of 50,000"):
        (x_train, y_train), (x_test, y_test) = cifar10.load_data()
    assert x_train.shape == x_test.shape == (10_000, 32, 32, 3) and y_train.shape == (10_000, 1)
    assert x_train[0, 0, 0].tolist() == [59, 62, 63] and y_test[:4, 0].tolist() == [3, 8, 8, 0]
    assert np.bincount(y_train[:, 0]).tolist() == [1005, 974, 1032, 1016, 999, 937, 1030, 1001, 1025, 981]


def test_cifar100(real):
    if not (real / cifar100.SUBSET.names[0]).is_file():
        pytest.skip(f"needs {cifar100.SUBSET.names[0]} in {real}")
    with pytest.warns(UserWarning, match="subset of CIFAR-100: 3,400 of 50,000"):
        (x_train, y_train), (_, y_test) = cifar100.load_data()
    assert x_train.shape == (3_400, 32, 32, 3) and y_train.dtype == np.int64
    assert np.bincount(y_train[:, 0]).tolist() == [34] * 100
    assert np.bincount(y_test[:, 0]).tolist() == [10] * 100


def test_the_bundled_digits_are_the_script_s_draw_from_the_full_set(real):
    drawn = runpy.run_path(str(SCRIPT))["select"]()
    (x_train, y_train), (x_test, y_test) = mnist.load_subset()
    bundled = {"x_train": x_train, "y_train": y_train, "x_test": x_test, "y_test": y_test}
    assert drawn.keys() == bundled.keys()
    assert all(np.array_equal(drawn[name], bundled[name]) for name in drawn)
