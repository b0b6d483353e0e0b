"""Weights in several HDF5 files with an index: `name.weights.json` beside `name_00000.weights.h5`, ..."""

import contextlib
import os
import re

from kx_io.atomic import replacing
from kx_io.errors import FileFormatError
from kx_io.hdf5 import open_hdf5, write_hdf5
from kx_io.text import read_json, write_json
from kx_models.saving.parts import parts
from kx_models.saving.store import own_variables
from kx_models.saving.weights import PLAIN_SAVE, is_plain, place, read_weights
from kx_tensor.random import SeedGenerator

MAX_INDEX = 64 << 20
_GB = 1 << 30


def write_shards(model, path, max_shard_size):
    """Write the weights of a model as files of at most `max_shard_size` GB and an index at `path`."""
    stem, folder = _stem(path), os.path.dirname(os.path.realpath(path))
    limit = max_shard_size * _GB
    plan = _plan(model, limit)
    for number, entries in enumerate(plan):
        with replacing(os.path.join(folder, _name(stem, number))) as beside, write_hdf5(beside) as root:
            for where, part, named in entries:
                group = root.group(where)
                if not isinstance(part, SeedGenerator):
                    group.attribute("name", part.name)
                for name, variable in named:
                    group.array(name, variable.device.to_numpy(variable.data))
    places = {}
    for number, entries in enumerate(plan):
        for where, _, named in entries:
            if named:
                places.setdefault(f"/{where}", []).append(_name(stem, number))
    total = sum(variable.data.nbytes for entries in plan for _, _, named in entries for _, variable in named)
    index = {"metadata": {"total_size": total}, "weight_map": places}
    with replacing(path) as beside, open(beside, "w", encoding="utf-8") as file:
        file.write(write_json(index, indent=4))


def _plan(model, limit):
    """For each file the list of (place, part, [(name, variable), ...]) that go into it."""
    files, size = [[]], 0
    for path, part in parts(model):
        if not is_plain(part, "save_own_variables", PLAIN_SAVE):
            raise ValueError(
                f"{type(part).__name__} {part.name!r} writes its variables itself (save_own_variables), which files of "
                f"limited size cannot hold; save without max_shard_size."
            )
        entry = (place(path), part, [])
        files[-1].append(entry)
        for i, variable in enumerate(own_variables(part)):
            count = variable.data.nbytes
            if count > limit:
                raise ValueError(
                    f"The variable {variable.path!r} has {count / 1024:.2f} KB, more than the max_shard_size of "
                    f"{limit / 1024:.2f} KB; raise max_shard_size."
                )
            if size + count > limit:
                entry, size = (place(path), part, []), 0
                files.append([entry])
            entry[2].append((str(i), variable))
            size += count
    return files


def read_shards(model, path, skip_mismatch=False, objects_to_skip=None):
    """Fill a model's weights from the files that the index at `path` lists, all beside it."""
    label = os.fspath(path)
    if os.path.getsize(path) > MAX_INDEX:
        raise FileFormatError(f"{label} is too large for an index of weight files.")
    with open(path, "rb") as file:
        index = read_json(file.read(), label)
    places = index.get("weight_map") if isinstance(index, dict) else None
    if not isinstance(places, dict):
        raise FileFormatError(f"{label} is no index of weight files: it has no 'weight_map'.")
    stem, folder = _stem(path), os.path.dirname(os.path.realpath(path))
    expected = re.compile(re.escape(stem) + r"_\d{5}\.weights\.h5")
    names = {}
    for where, listed in places.items():
        listed = [listed] if isinstance(listed, str) else listed
        if not isinstance(listed, list) or not all(
            isinstance(n, str) and expected.fullmatch(n) for n in listed
        ):
            raise FileFormatError(
                f"{label}: the weights of {where!r} are said to be in {listed!r}. Only files beside the index, called "
                f"{_name(stem, 0)!r} and so on, are read."
            )
        names[where.strip("/")] = listed
    with contextlib.ExitStack() as stack:
        every = dict.fromkeys(name for listed in names.values() for name in listed)
        roots = {name: stack.enter_context(open_hdf5(os.path.join(folder, name))) for name in every}

        def find(where):
            if where not in names:
                held = [root.get(where) for root in roots.values()]
                return {} if any(group is not None for group in held) else None
            found = {}
            for name in names[where]:
                group = roots[name].get(where)
                found.update(group.items() if group is not None else ())
            return found

        read_weights(model, find, label, skip_mismatch, objects_to_skip)


def _stem(path):
    return re.sub(r"(\.weights)?\.json$", "", os.path.basename(os.fspath(path)))


def _name(stem, number):
    return f"{stem}_{number:05d}.weights.h5"
