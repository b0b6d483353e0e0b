"""Packages import only what stands below them, and declare what they import.

The table below is the architecture. A new dependency is a decision: change the table first.
"""

import ast
import re
import sys
import tomllib
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

PACKAGES = Path(__file__).parents[1] / "packages"

# What each package may import of this repository.
MAY_IMPORT = {
    "kx_kernels": set(),
    "kx_io": set(),
    "kx_tensor": {"kx_kernels"},
    "kx_losses": {"kx_tensor", "kx_io"},
    "kx_optimizers": {"kx_tensor", "kx_io"},
    "kx_layers": {"kx_tensor", "kx_io"},
    "kx_datasets": set(),
    "kx_models": {"kx_tensor", "kx_io", "kx_losses", "kx_optimizers", "kx_layers", "kx_datasets"},
    "kx": {"kx_tensor", "kx_io", "kx_losses", "kx_optimizers", "kx_layers", "kx_datasets", "kx_models"},
}

# Imported only inside the function that uses them: they are slow to import, or not always there.
ALWAYS_LAZY = {
    "IPython",
    "PIL",
    "cupy",
    "h5py",
    "matplotlib",
    "onnx",
    "pandas",
    "pydot",
    "rich",
    "tensorboard",
    "torch",
    "yaml",
}
# These may be lazy too: slow modules that a training run does not need; `numpy` in kx_io, which rarely needs it.
SLOW_STANDARD = {
    "concurrent",
    "difflib",
    "inspect",
    "multiprocessing",
    "signal",
    "tarfile",
    "urllib",
    "zipfile",
}
SLOW_OURS = {
    "kx_datasets.download",  # brings http, ssl and email
    "kx_io.spellings",  # tables of old names, which new code never needs
    "kx_io.archive",  # brings zipfile
    "kx_io.hdf5",  # brings h5py
    "kx_models.export.onnx",
    "kx_models.saving",
}
# Files that may import such a module at the top, as they are themselves imported only where they are needed.
LAZY_FILES = {"kx_io/hdf5.py": "h5py"}
MAY_BE_LAZY = ALWAYS_LAZY | SLOW_STANDARD | SLOW_OURS | {"ml_dtypes", "numpy", "optree"}

# Never declared: used only on objects that the user made with them.
USERS_OWN = {"IPython", "pandas", "torch"}

DISTRIBUTIONS = {"PIL": "pillow", "cupy": "cupy-cuda13x", "yaml": "pyyaml"}

# Declared and not imported there: kx installs the kernels that kx_tensor looks for; of scipy-openblas32 the kernels open
# the library itself, as importing the package would cost more than it gives; their extension is what uses numpy.
NOT_IMPORTED = {"kx": {"kx-kernels"}, "kx_kernels": {"numpy", "scipy-openblas32"}}


class Import(NamedTuple):
    """One import statement: the full name imported, where, and how."""

    name: str
    path: Path
    line: int
    level: int
    lazy: bool  # inside a function
    guarded: bool  # at the top of the file, where an ImportError is caught
    typing_only: bool

    @property
    def top(self):
        return self.name.split(".")[0]

    @property
    def optional(self):
        return self.lazy or self.guarded

    def __str__(self):
        return f"{self.path.relative_to(PACKAGES)}:{self.line} imports {self.name}"


def catches_import_error(node):
    caught = [handler.type for handler in node.handlers if handler.type] if isinstance(node, ast.Try) else []
    return any(
        name in ast.unparse(kind) for kind in caught for name in ("ImportError", "ModuleNotFoundError")
    )


def is_typing_block(node):
    return isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING")


def imports_below(node, path, lazy=False, guarded=False, typing_only=False):
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import):
            for alias in child.names:
                yield Import(alias.name, path, child.lineno, 0, lazy, guarded, typing_only)
        elif isinstance(child, ast.ImportFrom):
            yield Import(child.module or "", path, child.lineno, child.level, lazy, guarded, typing_only)
        else:
            yield from imports_below(
                child,
                path,
                lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda),
                guarded or catches_import_error(child),
                typing_only or is_typing_block(child),
            )


@cache
def imports_of(module):
    """All imports of one package, in the order of its files."""
    source = PACKAGES / module.replace("_", "-") / "src" / module
    return [
        found
        for path in sorted(source.rglob("*.py"))
        for found in imports_below(ast.parse(path.read_text(encoding="utf-8")), path)
    ]


def in_lazy_file(found):
    return any(found.path.as_posix().endswith(file) and found.top == top for file, top in LAZY_FILES.items())


def lines(found):
    return "\n".join(map(str, found))


def distribution(module):
    return DISTRIBUTIONS.get(module, module.replace("_", "-")).lower()


def third_party(module):
    """Distributions that a package imports, and whether it can do without each: {distribution: bool}."""
    optional = {}
    for found in imports_of(module):
        if found.typing_only or found.top in sys.stdlib_module_names | USERS_OWN | {module}:
            continue
        name = distribution(found.top)
        optional[name] = optional.get(name, True) and found.optional
    return optional


def declared(module):
    """The names in `project.dependencies` and in the extras of a package."""
    project = tomllib.loads((PACKAGES / module.replace("_", "-") / "pyproject.toml").read_text())["project"]
    names = lambda texts: {re.match(r"[\w.-]+", text)[0].lower() for text in texts}
    extras = project.get("optional-dependencies", {}).values()
    return names(project.get("dependencies", [])), set().union(*map(names, extras))


def test_the_table_names_every_package():
    assert {path.parent.name.replace("-", "_") for path in PACKAGES.glob("*/pyproject.toml")} == set(
        MAY_IMPORT
    )


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_packages_import_only_what_stands_below_them(module):
    forbidden = MAY_IMPORT.keys() - MAY_IMPORT[module] - {module}
    wrong = [found for found in imports_of(module) if found.top in forbidden]
    assert not wrong, f"{module} may import {sorted(MAY_IMPORT[module])} of this repository:\n{lines(wrong)}"


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_imports_are_absolute(module):
    wrong = [found for found in imports_of(module) if found.level]
    assert not wrong, f"relative imports:\n{lines(wrong)}"


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_imports_stand_at_the_top_except_for_lazy_ones(module):
    wrong = [
        found for found in imports_of(module) if found.lazy and not {found.top, found.name} & MAY_BE_LAZY
    ]
    assert not wrong, f"move to the top of the file:\n{lines(wrong)}"
    eager = [found for found in imports_of(module) if not (found.lazy or found.typing_only)]
    wrong = [found for found in eager if found.top in ALWAYS_LAZY and not in_lazy_file(found)]
    assert not wrong, f"move into the function that uses it:\n{lines(wrong)}"


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_only_the_device_file_imports_cupy(module):
    device_file = PACKAGES / "kx-tensor/src/kx_tensor/device.py"
    wrong = [found for found in imports_of(module) if found.top == "cupy" and found.path != device_file]
    assert not wrong, f"go through kx_tensor.device:\n{lines(wrong)}"


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_every_import_is_declared(module):
    required, optional = declared(module)
    imported = third_party(module)
    missing = {name for name, can_do_without in imported.items() if not can_do_without} - required
    assert not missing, f"{module} imports {sorted(missing)}, not in project.dependencies"
    missing = imported.keys() - required - optional
    assert not missing, f"{module} imports {sorted(missing)}, in neither dependencies nor extras"


@pytest.mark.parametrize("module", MAY_IMPORT)
def test_every_declared_dependency_is_imported(module):
    required, optional = declared(module)
    unused = required - third_party(module).keys() - NOT_IMPORTED.get(module, set())
    assert not unused, f"{module} declares {sorted(unused)} and imports none of it"
    # An extra may forward to the extra of a package below.
    below = {name for other in MAY_IMPORT[module] | {module} for name in third_party(other)}
    forwarded = {distribution(other) for other in MAY_IMPORT[module]}
    assert optional <= below | forwarded, f"unused extras of {module}: {sorted(optional - below - forwarded)}"


def test_the_rules_see_what_they_forbid(tmp_path):
    code = (
        "import a\nfrom . import b\ndef f():\n    import c.d\nif TYPE_CHECKING:\n    import e\n"
        "try:\n    import g\nexcept ImportError:\n    g = None\n"
    )
    found = list(imports_below(ast.parse(code), tmp_path))
    assert [(i.name, i.level, i.lazy, i.typing_only, i.guarded) for i in found] == [
        ("a", 0, False, False, False),
        ("", 1, False, False, False),
        ("c.d", 0, True, False, False),
        ("e", 0, False, True, False),
        ("g", 0, False, False, True),
    ]
