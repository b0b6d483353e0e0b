"""The public names of kx: as api.txt says, as Keras has them, each with one home."""

import ast
import importlib
import inspect
import tomllib

import pytest

import kx
from kx_io import names, registry

KINDS = (
    "activations",
    "constraints",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metric_functions",
    "metrics",
    "models",
    "optimizers",
    "regularizers",
    "schedules",
)


# Where the packages below keep what they have for a namespace.
BELOW = {
    "activations": "kx_layers.activations",
    "callbacks": "kx_models.callbacks",
    "constraints": "kx_layers.constraints",
    "dtype_policies": "kx_layers.policy",
    "initializers": "kx_layers.initializers",
    "layers": "kx_layers",
    "losses": "kx_losses.losses",
    "metrics": "kx_losses.metrics",
    "models": "kx_models",
    "ops": "kx_tensor.ops",
    "ops.image": "kx_tensor.ops.image",
    "ops.linalg": "kx_tensor.ops",
    "ops.nn": "kx_tensor.ops",
    "ops.numpy": "kx_tensor.ops",
    "optimizers": "kx_optimizers",
    "optimizers.schedules": "kx_optimizers.schedules",
    "random": "kx_tensor.random",
    "regularizers": "kx_layers.regularizers",
    "saving": "kx_io",
    "tree": "kx_tensor.tree",
    "utils": "kx_datasets",
}


def registered():
    """(namespace of kx, name, object) of everything that kx registers under a public module of Keras."""
    for kind in KINDS:
        for name, obj in registry(kind).classes().items():
            module = names.home(obj).module
            if obj.__module__.startswith("kx_") and not module.startswith("keras.src"):
                yield module.replace("keras", "kx", 1), name, obj


def test_api_txt_is_what_the_code_has(api):
    written = api.API.read_text(encoding="utf-8")
    assert written == api.HEADER + "\n".join(api.api_lines()) + "\n", (
        "run python tools/api.py, look at the diff"
    )


def test_keras_api_txt_has_the_right_marks_and_explains_each_difference(api):
    _, lines = api.keras_names()
    now, problems = api.marked(lines, api.public_objects())
    assert not problems, "\n".join(problems)
    assert now == lines, "run python tools/api.py, look at the diff"


def test_every_name_of_keras_is_listed_once(api):
    listed = [line.name for line in api.keras_names()[1]]
    assert len(listed) == len(set(listed)) > 1400


@pytest.mark.parametrize(
    ("keras", "ours", "same"),
    [
        ("(x, axis=-1)", "(x, axis=-1)", True),
        ("(x, axis=-1)", "(axis, x=-1)", False),
        ("(x, axis=-1)", "(x, axis=1)", False),
        ("(x, axis=-1)", "(x)", False),
        ("(x, axis=-1)", "(x, axis=-1, *, seed=None)", False),
        ("(x, axis=-1)", "(x, axis=-1, **kwargs)", False),
        ("(x, **kwargs)", "(x, *, seed=None)", True),
        ("(x, **kwargs)", "(x, seed=None)", False),
        ("(x, *, seed=None)", "(x, *, seed=0)", False),
        ("(*args, **kwargs)", "(x, y)", True),
        ("(*args)", "(x)", False),
        ("(x)", "(...)", False),
    ],
)
def test_signatures_are_compared_by_what_a_caller_writes(api, keras, ours, same):
    assert api.same_signature(keras, ours) is same


def test_wrong_marks_are_seen(api):
    line = lambda mark, reason=None, signature="(x)": api.KerasName(mark, "function", "f", signature, reason)
    exists, missing = {"kx.f": lambda x: x}, {}
    assert api.marked([line("later")], exists) == ([line("have")], [])
    assert api.marked([line("have")], missing) == ([line("later")], [])
    for wrong, objects in [
        (line("never", "of another framework"), exists),
        (line("never"), missing),
        (line("have", signature="(y)"), exists),
        (line("have", "no such difference"), exists),
    ]:
        assert len(api.marked([wrong], objects)[1]) == 1


def test_every_registered_object_is_where_its_config_says(api):
    # a few registered names Keras keeps to itself, others only Keras 1 and 2 had
    public = {f"kx.{line.name}" for line in api.keras_names()[1]}
    found = [(f"{namespace}.{name}", obj) for namespace, name, obj in registered()]
    assert len(found) > 150
    for place, obj in found:
        namespace, _, name = place.rpartition(".")
        exported = getattr(importlib.import_module(namespace), name, None)
        assert exported is obj or (exported is None and place not in public), place


def test_no_two_registered_objects_share_a_public_name():
    homes = {}
    for namespace, name, obj in registered():
        assert homes.setdefault((namespace, name), obj) is obj


def test_what_a_package_has_of_keras_is_public(api):
    forgotten = []
    for line in api.keras_names()[1]:
        namespace, _, name = line.name.rpartition(".")
        if line.mark == "later" and namespace in BELOW:
            found = getattr(importlib.import_module(BELOW[namespace]), name, None)
            forgotten += [f"kx.{line.name}"] if callable(found) else []
    assert not forgotten, "there is such a thing; import it in the namespace: " + ", ".join(forgotten)


def bindings(tree):
    """The names that a module's top level binds, one entry for each time."""
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            yield from (alias.asname for alias in node.names)
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets)


def namespace_files(api):
    return [
        path
        for path in sorted(api.SOURCE.rglob("*.py"))
        if not {"compat", "command"} & set(path.parts)
        and (
            path.name not in ("__init__.py", "__main__.py", "demo.py")
            or path.parent.name in ("ops", "optimizers")
        )
    ]


def test_namespaces_are_lists_of_imports(api):
    files = namespace_files(api)
    assert len(files) > 25
    for path in files:
        docstring, *body = ast.parse(path.read_text(encoding="utf-8")).body
        assert isinstance(docstring, ast.Expr), f"{path} has no docstring"
        lazy = lambda node: isinstance(node, ast.FunctionDef) and node.name in ("__getattr__", "__dir__")
        plain = (ast.Import, ast.ImportFrom, ast.Assign)
        other = [node.lineno for node in body if not isinstance(node, plain) and not lazy(node)]
        assert not other, f"{path}: other things than imports in lines {other}"


def test_a_name_is_bound_once_and_on_purpose(api):
    for path in namespace_files(api):
        bound = list(bindings(ast.parse(path.read_text(encoding="utf-8"))))
        assert None not in bound, f"{path}: write `import x as x`, which says that x is meant to be public"
        twice = sorted({name for name in bound if bound.count(name) > 1})
        assert not twice, f"{path} binds twice: {twice}"


@pytest.mark.parametrize("module", [kx, kx.datasets], ids=lambda module: module.__name__)
def test_editors_see_the_lazy_names(module):
    tree = ast.parse(inspect.getsource(module))
    block = next(node for node in tree.body if isinstance(node, ast.If))
    shown = {alias.asname: node.module for node in block.body for alias in node.names}
    assert set(shown) | {"version"} >= set(module.__all__) >= set(shown)
    for name, home in shown.items():
        value = getattr(module, name)
        assert value is importlib.import_module(f"{home}.{name}") if inspect.ismodule(value) else True
        assert inspect.ismodule(value) or value is getattr(importlib.import_module(home), name)


def test_submodules_can_be_imported_in_each_way():
    code = "from kx.datasets.mnist import load_data as a\nfrom kx.datasets import mnist\nimport kx.datasets.mnist\n"
    space = {}
    exec(code + "b, c = mnist.load_data, kx.datasets.mnist.load_data", space)
    assert space["a"] is space["b"] is space["c"]


def test_dir_has_all_names():
    assert set(kx.__all__) <= set(dir(kx))
    assert kx.datasets.__all__ == dir(kx.datasets)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="module 'kx' has no attribute 'Modell'") as caught:
        _ = kx.Modell
    assert (
        caught.value.name == "Modell" and caught.value.obj is kx
    )  # Python then adds: Did you mean: 'Model'?
    with pytest.raises(AttributeError, match=r"'kx.datasets' has no attribute 'minst'; it has .*mnist"):
        _ = kx.datasets.minst


def test_the_version_is_that_of_the_package(api):
    project = tomllib.loads((api.PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert kx.version() == kx.__version__ == project["version"]
