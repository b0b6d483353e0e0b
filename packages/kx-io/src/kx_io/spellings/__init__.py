"""What Keras 1 and 2 called things: old class names and arguments, and what to write now.

The tables are in `layers` and `objects`; `Fields` asks here only for arguments that a class does not have, so that
new code pays nothing.
"""

import sys
import warnings

from kx_io.spellings import layers, objects
from kx_io.spellings.rows import Gone, Joined, Renamed

_TABLES = {**layers.ARGUMENTS, **objects.ARGUMENTS}
_CLASSES = {**layers.CLASSES, **objects.CLASSES}
PACKAGES = (
    "kx",
    "kx_io",
    "kx_tensor",
    "kx_losses",
    "kx_optimizers",
    "kx_layers",
    "kx_models",
    "kx_datasets",
)


def modern_class(name):
    """Return today's name of a class, the name itself where it has not changed.

    >>> modern_class("Convolution2D"), modern_class("Dense")
    ('Conv2D', 'Dense')
    """
    return _CLASSES.get(name, name)


def modern_arguments(class_name, arguments, parents=(), quiet=False):
    """Return the arguments with old spellings replaced, and one FutureWarning that says what to write now.

    `quiet`: without the warning, for what is read from files.

    `class_name` may be an old one, or "Model.fit" and its kin; `parents` are names of classes whose spellings hold,
    too. Arguments that no table knows come back as they are. Raises TypeError for an argument given both ways,
    ValueError for a value that has no equivalent.

    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     modern_arguments("Dense", {"output_dim": 3, "init": "one"})
    {'units': 3, 'kernel_initializer': 'ones'}
    """
    owner = modern_class(class_name)
    rows: dict = {}
    for name in (*reversed(parents), owner):
        rows.update(_TABLES.get(name, {}))
    new: dict = {}
    old, written, advice = [], [], []
    for name, value in arguments.items():
        row = rows.get(name)
        if row is None:
            _put(owner, new, name, value)
            continue
        old.append(name)
        if isinstance(row, str):
            row = Renamed(row)
        if isinstance(row, Gone):
            row.refuse_what_mattered(owner, name, value)
            advice.append(f"leave {name} out: {row.why}")
        elif isinstance(row, Joined):
            parts = [arguments[part] for part in row.parts if part in arguments]
            if len(parts) < len(row.parts):
                raise TypeError(f"{owner}: {' and '.join(row.parts)} go together, got only {name!r}.")
            if name == row.parts[0]:
                _put(owner, new, row.new, tuple(parts))
                written.append(f"{row.new}={tuple(parts)!r}")
        else:
            _put(owner, new, row.new, row.value(value))
            written.append(f"{row.new}=...")
    if old and not quiet:
        if written:
            advice.insert(0, f"write {owner}({', '.join(written)})")
        given = ", ".join(f"{name}=..." for name in old)
        note(f"{owner}({given}) is the spelling of Keras 1 and 2; {'; '.join(advice)}.")
    return new


def _put(owner, new, name, value):
    if name in new:
        raise TypeError(f"{owner} got {name!r} twice, once under another name.")
    new[name] = value


def modern_log(name, known):
    """Return the entry of the logs that Keras before 2.3 called `name`: where nothing `known` is "acc", "accuracy".

    >>> modern_log("val_acc", ["loss", "val_accuracy"]), modern_log("acc", ["acc"])
    ('val_accuracy', 'acc')
    """
    prefix = "val_" if name.startswith("val_") else ""
    if name in known or name.removeprefix(prefix) != "acc" or f"{prefix}accuracy" not in known:
        return name
    return f"{prefix}accuracy"


def note(text):
    """Warn with a FutureWarning that points at the first line outside of kx."""
    level, frame = 2, sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").partition(".")[0] in PACKAGES:
        level, frame = level + 1, frame.f_back
    warnings.warn(text, FutureWarning, stacklevel=level)
