"""Automatic names and name scopes."""

import threading

import pytest

from kx_tensor import naming


@pytest.fixture(autouse=True)
def fresh_names():
    naming.reset()
    yield
    naming.reset()


@pytest.mark.parametrize(
    ("class_name", "name"),
    [
        ("Dense", "dense"), ("BatchNormalization", "batch_normalization"), ("GRU", "gru"), ("Conv2D", "conv2d"), ("LSTMCell", "lstm_cell"), ("MyLayer2", "my_layer2"),
        ("SpatialDropout1D", "spatial_dropout1d"), ("MultiHeadAttention", "multi_head_attention"), ("RandomHSV", "random_hsv"), ("PReLU", "p_re_lu"), ("ELU", "elu"),
        ("Conv2DTranspose", "conv2d_transpose"), ("_Private", "__private"),
    ],
)  # fmt: skip
def test_snake_case_as_in_keras(class_name, name):
    assert naming.to_snake_case(class_name) == name


def test_automatic_names_count_from_the_second():
    assert [naming.auto_name("dense") for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    assert naming.auto_name("conv") == "conv"
    naming.reset()
    assert naming.auto_name("dense") == "dense"


def test_uids_count_from_one():
    assert [naming.get_uid("a"), naming.get_uid("a"), naming.get_uid("b")] == [1, 2, 1]


def test_scopes_nest_and_close_on_errors():
    with naming.name_scope("a"):
        with pytest.raises(RuntimeError), naming.name_scope("b"):
            assert naming.current_path() == "a/b"
            raise RuntimeError
        assert naming.open_scopes() == ["a"]
    assert naming.current_path() == ""


@pytest.mark.parametrize("name", ["", "a/b", None, 3])
def test_scope_names_are_checked(name):
    with pytest.raises(ValueError, match="non-empty string without '/'"):
        naming.name_scope(name)


def test_scopes_belong_to_their_thread():
    seen = []
    with naming.name_scope("here"):
        thread = threading.Thread(target=lambda: seen.append(naming.current_path()))
        thread.start()
        thread.join()
    assert seen == [""]


def test_replacing_the_open_scopes():
    with naming.name_scope("a"):
        kept = naming.open_scopes()
        naming.replace_scopes(["x", "y"])
        assert naming.current_path() == "x/y"
        naming.replace_scopes(kept)
    assert naming.open_scopes() == []
