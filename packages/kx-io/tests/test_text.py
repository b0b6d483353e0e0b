"""JSON and YAML with limits; YAML tags that name Python objects are refused."""

import pytest

from kx_io.errors import FileFormatError
from kx_io.text import read_json, read_yaml, write_json, write_yaml

CONFIG = {
    "class_name": "Dense",
    "config": {"units": 3, "rate": 0.5, "activation": None, "shape": [None, 3], "on": True},
}


def test_round_trips():
    assert read_json(write_json(CONFIG)) == CONFIG
    assert read_yaml(write_yaml(CONFIG)) == CONFIG
    assert read_yaml(write_yaml({"a": (1, 2), "b": "1", "c": "no", "d": 1e-7})) == {
        "a": [1, 2],
        "b": "1",
        "c": "no",
        "d": 1e-7,
    }


@pytest.mark.parametrize(
    "text", ["", "{", "[1, 2", '{"a": }', b"\xff\xfe", "[" * 10**5, '{"a":' * 10**5, "1" * 10**5]
)
def test_bad_json_says_so(text):
    with pytest.raises(FileFormatError, match="config.json"):
        read_json(text, "config.json")


def test_json_just_too_deep_is_refused():
    with pytest.raises(FileFormatError, match="levels deep"):
        read_json("[" * 600 + "]" * 600)


OLD = """
backend: tensorflow
class_name: Sequential
config:
- class_name: Dense
  config:
    batch_input_shape: !!python/tuple [null, 4]
    name: !!python/unicode 'dense_1'
    big: !!python/long '3'
    other: !!python/tuple
    - 1
    - 2
"""


def test_yaml_of_old_keras_is_read():
    config = read_yaml(OLD)["config"][0]["config"]
    assert config == {"batch_input_shape": (None, 4), "name": "dense_1", "big": 3, "other": (1, 2)}


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['true']",
        "a: !!python/object/new:os.system ['true']",
        "a: !!python/name:os.system",
        "a: !!python/module:os",
        "a: !!python/object:__main__.A {}",
        "a: !!binary aGVsbG8=",
        "a: !!set {b, c}",
        "a: !something x",
    ],
)
def test_other_tags_are_refused(text):
    with pytest.raises(FileFormatError, match="YAML tag"):
        read_yaml(text)


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]" for i in range(1, 10)]
    with pytest.raises(FileFormatError, match="aliases repeat"):
        read_yaml("\n".join(lines))
    assert read_yaml("a: &x [1]\nb: *x") == {"a": [1], "b": [1]}
    with pytest.raises(FileFormatError, match="names nothing"):
        read_yaml("a: &x [*x]")


@pytest.mark.parametrize(
    "text", ["[" * 10**5, "- " * 10**4, "a: [1, 2", "a: b: c", "? [1]\n: 2", "--- 1\n--- 2", "\x00"]
)
def test_bad_yaml_says_so(text):
    with pytest.raises(FileFormatError, match="model.yaml"):
        read_yaml(text, "model.yaml")
