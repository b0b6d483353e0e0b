"""The variables of a model's parts to and from HDF5, as Keras 3 lays them out: a group `<path>/vars` for each part."""

import warnings

from kx_io.atomic import replacing
from kx_io.errors import FileFormatError
from kx_io.hdf5 import StoredGroup, open_hdf5, write_hdf5
from kx_layers.weights import Weights
from kx_models.saving.old_optimizers import follow_schedule
from kx_models.saving.parts import listed_parts, parts
from kx_models.saving.store import OwnVariables, fill, own_variables
from kx_optimizers.owner import Owner
from kx_tensor.random import SeedGenerator

PLAIN_SAVE = (Weights.save_own_variables, Owner.save_own_variables)
_PLAIN_LOAD = (Weights.load_own_variables, Owner.load_own_variables)


def write_weights_file(model, path):
    """Write a model's weights as a `.weights.h5` file."""
    with replacing(path) as beside, write_hdf5(beside) as root:
        write_weights(model, root)


def read_weights_file(model, file, label, skip_mismatch=False, objects_to_skip=None):
    """Fill a model's weights from a `.weights.h5` file: a path or a binary file object."""
    with open_hdf5(file) as root:
        read_weights(model, finder(root), label, skip_mismatch, objects_to_skip)


def write_nested(weights, names, path):
    """Write nested dicts of arrays as a `.weights.h5` file; `names` has the names of the objects by path."""
    with replacing(path) as beside, write_hdf5(beside) as root:
        _write_object(weights, names, "", root)


def _write_object(held, names, path, group):
    own = group.group("vars")
    if path in names:
        own.attribute("name", names[path])
    for name, value in held.items():
        if isinstance(value, dict):
            _write_object(value, names, f"{path}/{name}".lstrip("/"), group.group(name))
        else:
            own.array(name, value)


def write_weights(model, root):
    """Write the variables of all parts below the `WritableGroup` `root`, one at a time."""
    for path, part in parts(model):
        group = root.group(place(path))
        if not isinstance(part, SeedGenerator):
            group.attribute("name", part.name)
        if is_plain(part, "save_own_variables", PLAIN_SAVE):
            for i, variable in enumerate(own_variables(part)):
                group.array(str(i), variable.device.to_numpy(variable.data))
        else:
            part.save_own_variables(OwnVariables(group))


def place(path):
    """The group of a part's own variables."""
    return f"{path}/vars" if path else "vars"


def is_plain(part, hook, plain):
    """Whether a part has kx's own hook, so that its variables can be copied without it."""
    return getattr(type(part), hook, None) in (None, *plain)


def read_weights(model, find, label, skip_mismatch=False, objects_to_skip=None):
    """Fill the variables of all parts; `find(place)` gives the mapping stored at a place, or None.

    All that does not fit is told at once: as ValueError, or as a warning with `skip_mismatch`, which leaves it as it
    is. Seed generators that the file does not hold stay as they are: Keras does not write them.
    """
    skipped = {id(part) for obj in objects_to_skip or () for _, part in parts(obj)}
    problems, parts_read, listed = [], 0, None
    for path, part in parts(model):
        if id(part) in skipped:
            continue
        stored = find(place(path))
        if stored is None and not isinstance(part, (SeedGenerator, Owner)):
            if listed is None:
                listed = {id(other): where for where, other in listed_parts(model)}
            stored = find(place(listed.get(id(part), path)))
        if isinstance(part, SeedGenerator):
            if stored is not None and "0" in stored:
                fill(part.state, stored["0"])
            continue
        found = _read_part(part, stored)
        if found:
            where = f"{place(path)} ({type(part).__name__} {part.name!r})"
            problems.extend(f"{where}: {problem}" for problem in found)
        parts_read += stored is not None
    if not parts_read:
        raise FileFormatError(
            f"{label} holds nothing at the places of this model's layers, such as {place('')!r}: it is the file of "
            f"another model, or of another kind."
        )
    if problems:
        _report(problems, label, skip_mismatch)


def _read_part(part, stored):
    """Fill the variables of one part; what does not fit, as a list of sentences."""
    stored = {} if stored is None else stored
    if not is_plain(part, "load_own_variables", _PLAIN_LOAD):
        try:
            part.load_own_variables(stored)
        except Exception as error:  # the user's code: its problem is told with the place
            return [f"{type(error).__name__}: {error}"]
        return []
    own = own_variables(part)
    if len(own) != len(stored):
        if isinstance(part, Owner):
            return _unfit_optimizer(part, own, stored)
        return [
            f"expects {len(own)} variables ({', '.join(v.name for v in own) or 'none'}), found {len(stored)}"
        ]
    missing = [str(i) for i in range(len(own)) if str(i) not in stored]
    if missing:
        return [f"expects variables called 0 to {len(own) - 1}, found {sorted(stored.keys())}"]
    unfit = [
        f"{variable.name!r} expects shape {tuple(variable.shape)}, found {tuple(stored[str(i)].shape)}"
        for i, variable in enumerate(own)
        if tuple(variable.shape) != tuple(stored[str(i)].shape)
    ]
    if not unfit:
        for i, variable in enumerate(own):
            fill(variable, stored[str(i)])
    return unfit


def _unfit_optimizer(part, own, stored):
    """An optimizer that was saved before its first step had only its numbers; Keras 2 left out the learning rate.

    Otherwise, as in Keras, one whose stored state is of another size keeps its own, with a warning.
    """
    values = [stored.get(str(i)) for i in range(len(stored))]
    before_first_step = list(zip(own, values))
    nadam = type(part).__name__ == "Nadam"  # the last of whose variables Keras 2 left out too
    kept = [v for v in (own[:-1] if nadam else own) if v.name != "learning_rate"]
    of_keras_2 = list(zip(kept, values))
    if len(values) < len(own) and all(_same_shape(v, x) and v.shape == () for v, x in before_first_step):
        for variable, value in before_first_step:
            fill(variable, value)
    elif len(values) == len(kept) and all(_same_shape(v, x) for v, x in of_keras_2):
        for variable, value in of_keras_2:
            fill(variable, value)
        if nadam:
            follow_schedule(part)
    elif type(part).__name__ == "SGD" and not part.momentum and _same_shape(own[0], stored.get("0")):
        fill(own[0], stored["0"])  # Keras 2 kept slots that it did not use
    elif len(stored):
        warnings.warn(
            f"The state of the optimizer {part.name!r} was not loaded: it has {len(own)} variables, the stored one "
            f"{len(stored)}.",
            stacklevel=6,
        )
    return []


def _same_shape(variable, stored):
    return stored is not None and tuple(variable.shape) == tuple(stored.shape)


def _report(problems, label, skip_mismatch):
    listed = "\n".join(f"  {problem}" for problem in problems[:50])
    more = f"\n  and {len(problems) - 50} more" if len(problems) > 50 else ""
    if skip_mismatch:
        warnings.warn(f"{label}: left as they were, as they do not fit:\n{listed}{more}", stacklevel=5)
        return
    raise ValueError(
        f"{label} does not fit the model:\n{listed}{more}\nThe model must be made as the one that was saved. With "
        f"load_weights(..., skip_mismatch=True) what does not fit is left as it is."
    )


def finder(root):
    """`find` for `read_weights` in one file, also one of TensorFlow's Keras.

    That of TensorFlow 2.12 and 2.13 had another name for lists of layers, and all keep the underscores of attributes.
    """

    def find(place):
        found = root.get(place)
        if found is None:
            parts = place.split("/")
            first = ("_layer_checkpoint_dependencies" if part == "layers" else part for part in parts)
            found = root.get("/".join(first))
            if found is None and len(parts) > 2:
                found = root.get("/".join([*parts[:-2], f"_{parts[-2]}", parts[-1]]))
        return found if isinstance(found, StoredGroup) else None

    return find
