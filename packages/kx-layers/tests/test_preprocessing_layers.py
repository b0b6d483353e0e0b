"""What the layers that prepare data do beyond single calls: adapting step by step, files, functions, kinds of data."""

import inspect
import json

import numpy as np
import pytest

import kx_layers
from kx_io import deserialize, serialize
from kx_layers import (
    CategoryEncoding,
    Discretization,
    HashedCrossing,
    Hashing,
    Input,
    IntegerLookup,
    Normalization,
    StringLookup,
    TextVectorization,
)
from kx_layers.fingerprint import hash_texts
from kx_layers.text_arrays import as_input, as_texts
from kx_tensor import Tensor, ops

NAMES = (
    "CategoryEncoding", "Discretization", "HashedCrossing", "Hashing", "IntegerLookup", "Normalization",
    "StringLookup", "TextVectorization",
)  # fmt: skip


def test_signatures_are_those_of_keras():
    orders = {
        "StringLookup": "max_tokens num_oov_indices mask_token oov_token vocabulary idf_weights invert output_mode "
        "pad_to_max_tokens sparse encoding name salt",
        "IntegerLookup": "max_tokens num_oov_indices mask_token oov_token vocabulary "
        "vocabulary_dtype idf_weights invert "
        "output_mode sparse pad_to_max_tokens oov_method salt name",
        "TextVectorization": "max_tokens standardize split ngrams output_mode output_sequence_length "
        "pad_to_max_tokens "
        "vocabulary idf_weights sparse ragged encoding name",
        "Hashing": "num_bins mask_value salt output_mode sparse",
        "HashedCrossing": "num_bins output_mode sparse name dtype",
        "CategoryEncoding": "num_tokens output_mode sparse",
        "Discretization": "bin_boundaries num_bins epsilon output_mode sparse dtype name",
        "Normalization": "axis mean variance invert",
    }
    assert set(orders) == set(NAMES)
    for name, order in orders.items():
        parameters = inspect.signature(getattr(kx_layers, name)).parameters.values()
        assert [p.name for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD] == order.split()


@pytest.mark.parametrize("data", [
    np.array(["b", "a", "b"]), np.array(["b", "a", "b"], object), np.array([b"b", b"a", b"b"]), ["b", "a", "b"],
    np.array(["b", "a", "b"], np.dtypes.StringDType()), iter(["b", "a", "b"]), iter([np.array(["b", "a"]), ["b"]]),
], ids=["unicode", "object", "bytes", "list", "StringDType", "single texts", "batches"])  # fmt: skip
def test_kinds_of_texts(data):
    layer = StringLookup()
    layer.adapt(data)
    assert layer.get_vocabulary() == ["[UNK]", "b", "a"]
    assert all(type(token) is str for token in layer.get_vocabulary())


def test_a_table_column():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"word": ["b", "a", "b"], "number": [7, 8, 7]})
    layer = StringLookup()
    layer.adapt(frame["word"])
    assert layer(frame["word"]).numpy().tolist() == [1, 2, 1]
    layer = IntegerLookup()
    layer.adapt(frame["number"])
    assert layer(frame["number"]).numpy().tolist() == [1, 2, 1]
    layer = Normalization(axis=None)
    layer.adapt(frame["number"])
    assert float(layer.adapt_mean) == pytest.approx(22 / 3)


def test_adapting_in_steps():
    layer = StringLookup()
    for batch in (["x"], ["y", "y"]):
        layer.update_state(batch)
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "y", "x"]
    layer.reset_state()
    assert layer.get_vocabulary() == ["[UNK]", "y", "x"]  # until something else was counted
    layer.update_state("z")
    layer.finalize_state()
    assert layer.get_vocabulary() == ["[UNK]", "z"]
    layer.adapt(iter([["a"], ["b"], ["c"]]), steps=2)
    assert layer.get_vocabulary(include_special_tokens=False) == ["b", "a"]
    text = TextVectorization()
    for batch in (["one two"], ["two"]):
        text.update_state(batch)
    text.finalize_state()
    assert text.get_vocabulary() == ["", "[UNK]", "two", "one"]
    bins = Discretization(num_bins=2)
    for batch in ([1.0, 2.0], [3.0, 4.0]):
        bins.update_state(batch)
    bins.finalize_state()
    assert bins.bin_boundaries == [2.0]
    with pytest.raises(TypeError, match="expects an array, or an iterable of batches"):
        layer.adapt(3)


def test_a_vocabulary_file(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("é\nb\n", encoding="utf-8")
    for given in (path, str(path)):
        layer = StringLookup(vocabulary=given)
        assert layer(["b", "é", "x"]).numpy().tolist() == [2, 1, 0]
        assert layer.get_config()["vocabulary"] == [
            "é",
            "b",
        ]  # the file need not be there when the model is loaded
    assert TextVectorization(vocabulary=str(path))(["b é"]).numpy().tolist() == [[3, 2]]
    (tmp_path / "numbers.txt").write_text("5\n7")
    layer = IntegerLookup()
    layer.set_vocabulary(tmp_path / "numbers.txt")
    assert layer([7, 5]).numpy().tolist() == [2, 1]
    path.write_text("a\n\nb\n")
    with pytest.raises(ValueError, match="empty line, number 2"):
        StringLookup(vocabulary=path)


@pytest.mark.parametrize("name", ["StringLookup", "IntegerLookup", "TextVectorization"])
def test_a_config_never_names_a_file(name, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("1\n2\n")
    layer = getattr(kx_layers, name)()
    whole = serialize(layer)
    whole["config"]["vocabulary"] = str(secret)
    with pytest.raises(ValueError, match="must not make kx read other files"):
        deserialize(whole)
    with pytest.raises(ValueError, match="must not make kx read other files"):
        type(layer).from_config({"vocabulary": str(secret)})


def test_functions_for_texts():
    layer = TextVectorization(
        standardize=np.strings.upper,
        split=lambda texts: [text.split("-") for text in texts],
        vocabulary=["A", "B"],
    )
    assert layer(["a-b", "b"]).numpy().tolist() == [[2, 3], [3, 0]]
    assert layer([["a-b"], ["z"]]).numpy().tolist() == [[2, 3], [1, 0]]
    layer = TextVectorization(
        standardize=lambda texts: [text.replace("x", " ") for text in texts], vocabulary=["a", "b"]
    )
    assert layer(["axb"]).numpy().tolist() == [[2, 3]]


def test_long_texts_cost_no_more_than_their_length():
    texts = ["word " * 20_000] + ["short"] * 2000
    array = as_input(texts)
    assert array.dtype == object
    layer = TextVectorization(output_sequence_length=2, vocabulary=["word", "short"])
    assert layer(texts).numpy()[[0, 1]].tolist() == [[2, 2], [3, 0]]


def test_single_values_and_lists():
    assert StringLookup(vocabulary=["a"])("a").numpy() == 1
    assert Hashing(3)("A").numpy() == 1
    assert Discretization([0.0, 1.0])(0.5).numpy() == 1
    assert CategoryEncoding(3)([0, 1]).numpy().tolist() == [1, 1, 0]
    assert IntegerLookup(vocabulary=[4])(4).numpy() == 1
    assert isinstance(IntegerLookup(vocabulary=[4])(ops.convert_to_tensor([[4]])), Tensor)
    assert HashedCrossing(5)([np.array(["A"]), np.array([101])]).numpy().tolist() == [1]


def test_large_integers_stay_exact():
    big = 2**53 + 1
    layer = IntegerLookup(vocabulary=[big, big - 1])
    assert layer(np.array([big - 1, big])).numpy().tolist() == [2, 1]
    assert layer(np.array([2.0**53])).numpy().tolist() == [2]


def test_hashes_are_one_by_one_or_all_at_once():
    rng = np.random.default_rng(0)
    texts = ["".join(map(chr, rng.integers(32, 1000, n))) for n in range(150)]
    for salt in (None, (3, 2**63 + 5)):
        together = hash_texts(texts, salt)
        assert [int(hash_texts([text], salt)[0]) for text in texts] == together.tolist()
        assert len(set(together.tolist())) == len(texts)


def test_numbers_where_strings_belong():
    with pytest.raises(TypeError, match="looks strings up, got int64 numbers"):
        StringLookup(vocabulary=["a"])([1, 2])
    with pytest.raises(TypeError, match="takes texts, got int64 numbers"):
        TextVectorization(vocabulary=["a"])([1, 2])
    with pytest.raises(TypeError, match="Expected strings, got None .* Fill missing values"):
        StringLookup(vocabulary=["a"])(np.array(["a", None], object))
    with pytest.raises(TypeError, match="Expected strings, got 1 "):
        as_texts(np.array(["a", 1], object))


def test_what_is_missing_says_so():
    with pytest.raises(RuntimeError, match="no vocabulary yet.*`adapt`"):
        StringLookup()(["a"])
    with pytest.raises(ValueError, match="sparse output is not available"):
        StringLookup(output_mode="count", sparse=True)
    with pytest.raises(ValueError, match="ragged output is not available"):
        TextVectorization(ragged=True)
    with pytest.raises(ValueError, match="bin_boundaries must be sorted"):
        Discretization([1.0, 0.0])
    with pytest.raises(ValueError, match="was given its `mean`"):
        Normalization(mean=1.0, variance=1.0).adapt([[1.0]])


@pytest.mark.parametrize("layer", [
    StringLookup(vocabulary=["a", "b"]), StringLookup(vocabulary=["a"], output_mode="multi_hot"), Hashing(7),
    StringLookup(vocabulary=["a"], output_mode="one_hot"), TextVectorization(vocabulary=["a"],
    output_sequence_length=3), TextVectorization(vocabulary=["a"], output_mode="tf_idf", idf_weights=[0.5]),
    Hashing(7, output_mode="count"), TextVectorization(vocabulary=["a"], split="character"),
    StringLookup(vocabulary=["a"], output_mode="count"),
], ids=lambda layer: layer.name)  # fmt: skip
def test_symbolic_shapes_and_dtypes_are_the_real_ones(layer):
    for data in (["a", "b"], [["a"], ["b"]]):
        symbol = layer(Input(np.shape(data)[1:], batch_size=2, dtype="string"))
        real = layer(data)
        assert symbol.dtype == real.dtype and len(symbol.shape) == len(real.shape)
        assert all(s in (None, n) for s, n in zip(symbol.shape, real.shape, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_config_round_trip_through_json(name):
    made = {"CategoryEncoding": {"num_tokens": 3}, "Hashing": {"num_bins": 3}, "HashedCrossing": {"num_bins": 3},
            "Discretization": {"num_bins": 3}, "TextVectorization": {"ngrams": (1, 2)}}  # fmt: skip
    layer = getattr(kx_layers, name)(**made.get(name, {}), name="mine")
    whole = json.loads(json.dumps(serialize(layer)))
    assert whole["module"] == "keras.layers" and whole["class_name"] == name
    again = deserialize(whole)
    assert type(again) is type(layer) and json.loads(json.dumps(serialize(again))) == whole


def test_adapted_bins_come_back():
    layer = Discretization(num_bins=2)
    layer.adapt([1.0, 2.0, 3.0, 4.0])
    again = Discretization.from_config(layer.get_config())
    assert again.bin_boundaries == [2.0] and again.num_bins == 2
    again.adapt([5.0, 6.0])
    assert again.bin_boundaries == [5.0]
