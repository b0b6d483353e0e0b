"""Every file of the repository is short, has a telling name, and holds no unfinished work."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FOLDERS = ["packages", "tests", "benchmarks", "tools", "docs"]
SUFFIXES = {".py", ".pyi", ".c", ".cpp", ".h", ".hpp", ".cu", ".cuh"}
GENERATED = {"__pycache__", "build", "dist"}

MAX_LINES = 600
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "common", "misc", "base", "stuff"}
ALLOWED_NAMES = {Path("packages/kx/src/kx/utils.py")}  # Keras's own public namespace
OWNERLESS_TODO = re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(\w[\w-]*\))")


def source_files():
    files = [ROOT / "conftest.py"]
    for folder in FOLDERS:
        files += [path for path in (ROOT / folder).rglob("*") if path.suffix in SUFFIXES]
    return sorted(path.relative_to(ROOT) for path in files if not GENERATED & set(path.parts))


def is_vague(path):
    return path not in ALLOWED_NAMES and bool(VAGUE_NAMES & {part.split(".")[0] for part in path.parts})


def test_the_files_are_found():
    assert {path.parts[0] for path in source_files()} >= {"packages", "tests", "conftest.py"}


def test_files_are_short():
    lengths = {path: len((ROOT / path).read_text(encoding="utf-8").splitlines()) for path in source_files()}
    long = [f"{path}: {count} lines" for path, count in lengths.items() if count > MAX_LINES]
    assert not long, f"more than {MAX_LINES} lines; split by family:\n" + "\n".join(long)


def test_names_tell_what_is_inside():
    vague = [str(path) for path in source_files() if is_vague(path)]
    assert not vague, "names that tell nothing:\n" + "\n".join(vague)


def test_test_files_have_names_of_their_own():
    names = [path.name for path in source_files() if path.name.startswith("test_")]
    twice = sorted({name for name in names if names.count(name) > 1})
    assert not twice, f"two test files of one name, which pytest reports alike: {twice}"


def test_every_todo_has_an_owner():
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in source_files()
        if path != Path("tests/test_file_rules.py")
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), 1)
        if OWNERLESS_TODO.search(line)
    ]
    assert not found, "write TODO(owner), or better, do it:\n" + "\n".join(found)


@pytest.mark.parametrize("text", ["# TODO later", "// FIXME: x", "# XXX"])
def test_a_todo_without_owner_is_seen(text):
    assert OWNERLESS_TODO.search(text)


@pytest.mark.parametrize("text", ["# TODO(ada) later", "mastodon", "XXXL"])
def test_other_words_are_not(text):
    assert not OWNERLESS_TODO.search(text)


@pytest.mark.parametrize(
    ("path", "vague"),
    [
        ("packages/kx/src/kx/utils.py", False),
        ("packages/kx-io/src/kx_io/utils.py", True),
        ("packages/kx-io/src/kx_io/common/paths.py", True),
        ("packages/kx-io/src/kx_io/database.py", False),
    ],
)
def test_vague_names_are_seen(path, vague):
    assert is_vague(Path(path)) is vague
