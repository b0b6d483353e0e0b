"""Tokenizer, hashing and skip-grams against what Keras 2 recorded, and what Keras has no record of."""

import json
import pathlib
import random

import numpy as np
import pytest

import kx_datasets
from kx_datasets import Tokenizer, hashing_trick, make_sampling_table, one_hot, skipgrams, tokenizer_from_json

GOLDEN = json.loads((pathlib.Path(__file__).parent / "golden" / "tokenizer.json").read_text("utf-8"))


def fitted(**kwargs):
    tokenizer = Tokenizer(**kwargs)
    texts = GOLDEN["texts"]
    tokenizer.fit_on_texts([t for t in texts if isinstance(t, str)] if "analyzer" in kwargs else texts)
    return tokenizer


def counted(**kwargs):
    tokenizer = Tokenizer(**kwargs)
    tokenizer.fit_on_sequences([[1, 2, 2], [5, 1]])
    return tokenizer


def plain(value):
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, dict):
        return [[key, plain(v)] for key, v in value.items()]
    return [plain(v) for v in value] if isinstance(value, (list, tuple)) else value


@pytest.mark.parametrize("expression", GOLDEN["cases"])
def test_as_keras(expression):
    names = {name: getattr(kx_datasets, name) for name in kx_datasets.__all__}
    names |= {"fitted": fitted, "counted": counted, "NEW": GOLDEN["new"]}
    random.seed(0)
    value, expected = eval(expression, names), GOLDEN["cases"][expression]
    if isinstance(value, np.ndarray):
        np.testing.assert_allclose(value, np.array(expected).reshape(value.shape), rtol=1e-14)
    else:
        assert plain(value) == expected


def test_the_json_of_keras_is_read_and_written():
    read = tokenizer_from_json(GOLDEN["json"])
    mine = fitted(num_words=5, oov_token="<oov>")
    assert vars(read) == vars(mine)
    written, theirs = json.loads(mine.to_json()), json.loads(GOLDEN["json"])
    assert written.keys() == theirs.keys() and list(written["config"]) == list(theirs["config"])
    assert {k: v for k, v in written["config"].items() if k not in ("word_docs", "index_docs")} == {
        k: v for k, v in theirs["config"].items() if k not in ("word_docs", "index_docs")
    }  # Keras writes these two in the order of a set
    assert tokenizer_from_json(mine.to_json(indent=2)).texts_to_sequences(["the cat zebra"]) == [[2, 3, 1]]


def test_fitting_goes_on():
    tokenizer = Tokenizer()
    tokenizer.fit_on_texts(["a b"])
    tokenizer.fit_on_texts(iter(["b c"]))
    assert tokenizer.word_index == {"b": 1, "a": 2, "c": 3} and tokenizer.document_count == 2
    assert list(tokenizer.texts_to_sequences_generator(["c x a"])) == [[3, 2]]
    assert list(tokenizer.sequences_to_texts_generator([[1, 9]])) == ["b"]


def test_the_name_of_keras_1():
    with pytest.warns(UserWarning, match="`nb_words` is now called `num_words`"):
        assert Tokenizer(nb_words=3).num_words == 3


def test_errors():
    with pytest.raises(TypeError, match="unexpected keyword arguments \\['foo'\\]"):
        Tokenizer(foo=1)
    with pytest.raises(ValueError, match="Specify a dimension"):
        Tokenizer().texts_to_matrix(["a"])
    with pytest.raises(ValueError, match="Unknown vectorization mode: 'foo'"):
        Tokenizer(num_words=3).texts_to_matrix(["a"], mode="foo")
    with pytest.raises(ValueError, match="Fit the Tokenizer on some data"):
        Tokenizer(num_words=3).sequences_to_matrix([[1]], mode="tfidf")
    with pytest.raises(TypeError, match="'md5' or a function, got 'sha'"):
        hashing_trick("a", 4, hash_function="sha")


def test_one_hot_is_pythons_hash():
    assert one_hot("The cat", 30) == [hash(word) % 29 + 1 for word in ("the", "cat")]


def test_a_seed_orders_and_leaves_pythons_generator_alone():
    random.seed(1)
    state = random.getstate()
    first = skipgrams([1, 2, 3], 4, negative_samples=0, seed=7)
    assert random.getstate() == state
    assert skipgrams([1, 2, 3], 4, negative_samples=0, seed=7) == first
    assert make_sampling_table(0).shape == (0,)
