"""Every `xp.<name>` in the sources of all packages exists in CuPy, with the keywords it is called with.

CuPy imports without a GPU, so this holds code for the GPU to account on machines that have none.
"""

import ast
import functools
import inspect
import pathlib

import pytest

cupy = pytest.importorskip("cupy", reason="CuPy is not installed: pip install kx-tensor[cuda]")
PACKAGES = pathlib.Path(__file__).resolve().parents[2]
SOURCES = sorted(PACKAGES.glob("*/src/**/*.py"))


def chain(node):
    """("add", "at") for the expression `xp.add.at` (or `something.xp.add.at`), else None."""
    names = []
    while isinstance(node, ast.Attribute):
        if node.attr == "xp":
            return tuple(reversed(names))
        names.append(node.attr)
        node = node.value
    return tuple(reversed(names)) if isinstance(node, ast.Name) and node.id == "xp" else None


def guarded_by_numpy(tree):
    """Nodes that run on NumPy only: bodies of `if xp is np:` and the like."""
    found = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.If, ast.IfExp)) and ast.unparse(node.test).endswith("xp is np"):
            for part in node.body if isinstance(node, ast.If) else [node.body]:
                found.update(map(id, ast.walk(part)))
    return found


def uses(path):
    """(chain of names, keywords, line) for each use of `xp` in a file."""
    tree = ast.parse(path.read_text())
    skipped = guarded_by_numpy(tree)
    called = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and (names := chain(node.func)) and id(node) not in skipped:
            called.add(id(node.func))
            yield names, {k.arg for k in node.keywords if k.arg}, node.lineno
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and id(node) not in skipped | called and (names := chain(node)):
            yield names, set(), node.lineno


def keywords_of(function):
    """The keyword arguments that a CuPy function accepts, or None if that can't be told."""
    if isinstance(function, cupy.ufunc):
        return {"out", "dtype", "casting"}
    if inspect.isclass(function):
        return None
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return None
    return None if any(p.kind is p.VAR_KEYWORD for p in parameters) else {p.name for p in parameters}


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if "xp." in p.read_text()], ids=lambda p: "/".join(p.parts[-2:])
)
def test_names_and_keywords_exist_in_cupy(path):
    wrong = []
    for names, keywords, line in uses(path):
        try:
            function = functools.reduce(getattr, names, cupy)
        except AttributeError:
            wrong.append(f"{path.name}:{line}: cupy has no {'.'.join(names)}")
            continue
        accepted = keywords_of(function)
        if accepted is not None and not keywords <= accepted:
            wrong.append(
                f"{path.name}:{line}: cupy.{'.'.join(names)} takes no {', '.join(sorted(keywords - accepted))}"
            )
    assert not wrong, "\n".join(wrong)


def test_the_search_finds_uses():
    found = {names for path in SOURCES for names, _, _ in uses(path)}
    assert {("matmul",), ("add", "at"), ("add", "reduce"), ("where",)} <= found
