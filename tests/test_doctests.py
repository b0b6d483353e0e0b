"""The examples in the docstrings of every module run and print what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

PACKAGES = Path(__file__).parents[1] / "packages"
FLAGS = doctest.NORMALIZE_WHITESPACE | doctest.ELLIPSIS | doctest.IGNORE_EXCEPTION_DETAIL


def modules():
    for source in sorted(PACKAGES.glob("*/src")):
        for path in sorted(source.rglob("*.py")):
            parts = path.relative_to(source).with_suffix("").parts
            if parts[-1] != "__main__":
                yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@pytest.mark.parametrize("name", list(modules()))
def test_examples(name, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)  # an example may write a file
    module = importlib.import_module(name)
    failed = doctest.testmod(module, optionflags=FLAGS, report=False).failed
    assert not failed, f"{failed} failing examples in {name}:\n{capsys.readouterr().out}"


def test_a_wrong_example_fails(capsys):
    module = type(doctest)("wrong_example")
    module.__doc__ = ">>> 1 + 1\n3\n"
    assert doctest.testmod(module, optionflags=FLAGS, report=False).failed == 1
    assert "Got:\n    2" in capsys.readouterr().out
