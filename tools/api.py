"""The public surface of kx, as text.

    python tools/api.py           # write api.txt, bring the marks of keras_api.txt up to date, print the rest
    python tools/api.py --check   # change nothing; exit with 1 if something would change or is unexplained

`packages/kx/api.txt` has every public name with its signature. `keras_api.txt` beside it has every public name of Keras
with Keras's signature and a mark: `have`, `later`, or `never` with a reason. A signature that differs from Keras's has
its reason there too.
"""

import argparse
import ast
import importlib
import inspect
import re
import sys
from pathlib import Path
from typing import NamedTuple

import kx

PACKAGE = Path(__file__).parents[1] / "packages" / "kx"
SOURCE = PACKAGE / "src" / "kx"
API, KERAS_API = PACKAGE / "api.txt", PACKAGE / "keras_api.txt"
NOT_API = {"kx", "kx.demo"}  # modules whose names are not listed by what they contain
# Old names are in tables of their own; commands are not imported.
NOT_API_BELOW = ("kx.compat.", "kx.command")

HEADER = """\
# Every public name of kx with its signature. Written by tools/api.py; a test compares it with the code.
# A change here is a change that users see: it belongs into CHANGELOG.md.
"""
LINE = re.compile(
    r"(?P<mark>have|later|never) +(?P<kind>class|function) "
    r"keras\.(?P<name>[\w.]+)(?P<signature>\(.*\))(?:  # (?P<reason>.+))?"
)


class KerasName(NamedTuple):
    """A line of keras_api.txt: a name (without `keras.`), what Keras has, and how far kx is."""

    mark: str
    kind: str
    name: str
    signature: str
    reason: str | None

    def __str__(self):
        reason = f"  # {self.reason}" if self.reason else ""
        return f"{self.mark:<5} {self.kind} keras.{self.name}{self.signature}{reason}"


def module_names():
    """All public modules of kx, by their files."""
    for path in sorted(SOURCE.rglob("*.py")):
        parts = path.relative_to(SOURCE.parent).with_suffix("").parts
        yield ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def public_objects():
    """{name with `kx.`: object} of all public classes and functions, sorted."""
    found = {f"kx.{name}": getattr(kx, name) for name in kx.__all__}
    for module in set(module_names()) - NOT_API:
        if module.startswith(NOT_API_BELOW):
            continue
        found |= {
            f"{module}.{name}": value
            for name, value in vars(importlib.import_module(module)).items()
            if not name.startswith("_") and callable(value)
        }
    return {name: found[name] for name in sorted(found) if not inspect.ismodule(found[name])}


def signature(obj):
    """The signature as text: names, order and defaults, without annotations; "(...)" where there is none."""
    try:
        found = inspect.signature(obj)
    except (TypeError, ValueError):
        return "(...)"
    parameters = [
        p.replace(annotation=p.empty, default=p.default if p.default is p.empty else _Shown(p.default))
        for p in found.parameters.values()
    ]
    return str(found.replace(parameters=parameters, return_annotation=found.empty))


class _Shown:
    """A default value that is shown without the address of an object."""

    def __init__(self, value):
        name = getattr(value, "__name__", None)
        self.text = name or re.sub(r" at 0x[0-9a-f]+", "", repr(value))

    def __repr__(self):
        return self.text


def api_lines():
    """The lines of api.txt."""
    return [
        f"{'class' if inspect.isclass(obj) else 'function'} {name}{signature(obj)}"
        for name, obj in public_objects().items()
    ]


def parameters(text):
    """Parse a signature's text: its positional parameters, its keyword-only ones, `*args` and `**kwargs`.

    >>> parameters("(x, axis=-1, *, name=None, **kwargs)")
    ([('x', None), ('axis', '-1')], {'name': 'None'}, None, 'kwargs')
    """
    args = ast.parse(f"def f{text}: pass").body[0].args
    shown = lambda node: None if node is None else ast.unparse(node)
    names = [a.arg for a in (*args.posonlyargs, *args.args)]
    defaults = [None] * (len(names) - len(args.defaults)) + [shown(d) for d in args.defaults]
    keyword_only = {a.arg: shown(d) for a, d in zip(args.kwonlyargs, args.kw_defaults)}
    return (
        list(zip(names, defaults)),
        keyword_only,
        args.vararg and args.vararg.arg,
        args.kwarg and args.kwarg.arg,
    )


def same_signature(keras, ours):
    """Whether a call written for Keras's signature means the same with ours.

    `(*args, **kwargs)` of Keras says nothing. Where Keras has `**kwargs`, ours may name what it takes, by keyword only.

    >>> same_signature("(units, **kwargs)", "(units, *, name=None)"), same_signature("(x, axis=0)", "(x, axis=1)")
    (True, False)
    """
    if keras == "(*args, **kwargs)":
        return True
    if "..." in ours:
        return False
    theirs, own = parameters(keras), parameters(ours)
    if theirs[3] is None and (own[1] != theirs[1] or own[3] is not None):
        return False
    return own[0] == theirs[0] and own[2] == theirs[2] and theirs[1].items() <= own[1].items()


def keras_names():
    """The header and the parsed lines of keras_api.txt."""
    header, names = [], []
    for line in KERAS_API.read_text(encoding="utf-8").splitlines():
        match = LINE.fullmatch(line)
        if match is None and not line.startswith("#"):
            raise ValueError(f"{KERAS_API}: cannot read {line!r}")
        if match is None:
            header.append(line)
        else:
            names.append(KerasName(**match.groupdict()))
    return header, names


def marked(names, objects):
    """`names` with `have` and `later` as they are now, and what a person must look at, as texts."""
    now, problems = [], []
    for line in names:
        ours = objects.get(f"kx.{line.name}")
        if line.mark == "never":
            if ours is not None or not line.reason:
                problems.append(f"{line.name}: marked never, but it exists or no reason is given")
            now.append(line)
            continue
        same = ours is None or same_signature(line.signature, signature(ours))
        if not same and not line.reason:
            problems.append(f"{line.name}\n    Keras {line.signature}\n    kx    {signature(ours)}")
        elif same and line.reason:
            problems.append(f"{line.name}: the reason {line.reason!r} explains no difference; remove it")
        now.append(line._replace(mark="later" if ours is None else "have"))
    return now, problems


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="change no file; exit with 1 if one would change"
    )
    check = parser.parse_args(arguments).check
    header, names = keras_names()
    now, problems = marked(names, public_objects())
    texts = {
        API: HEADER + "\n".join(api_lines()) + "\n",
        KERAS_API: "\n".join([*header, *map(str, now)]) + "\n",
    }
    stale = [
        path for path, text in texts.items() if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path in stale:
        if not check:
            path.write_text(texts[path], encoding="utf-8")
        print(f"{path.name}: {'out of date, run python tools/api.py' if check else 'written'}")
    if problems:
        print(
            f"{len(problems)} to explain in {KERAS_API.name} (`  # reason` at the end of the line) or to mend:"
        )
        print("\n".join(problems))
    counts = {mark: sum(line.mark == mark for line in now) for mark in ("have", "later", "never")}
    print(", ".join(f"{count} {mark}" for mark, count in counts.items()))
    return 1 if problems or (check and stale) else 0


if __name__ == "__main__":
    sys.exit(main())
