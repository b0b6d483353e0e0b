"""Show what a file of a model or of weights holds, without building the model.

The kind of the file, who wrote it, how the model was compiled, its layers, and the arrays with their shapes. Files of
every age and format are read: .keras, .h5, .weights.h5, .json, .yaml, .safetensors. Nothing in them is run.
"""

import json
import sys

from kx_models.saving.contents import contents_of


def add_arguments(parser):
    """Declare the arguments of `kx inspect`.

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["model.keras", "--config"]).config
    True
    """
    parser.add_argument("file", help="the file or folder")
    parser.add_argument(
        "--config", action="store_true", help="print the whole config as JSON, and nothing else"
    )
    parser.add_argument("--json", action="store_true", help="print what is found as JSON")


def execute(options):
    """Print the contents of the file, or what is wrong with it."""
    try:
        found = contents_of(options.file)
    except (OSError, ValueError) as error:
        print(f"kx inspect: {error}", file=sys.stderr)
        return 1
    if options.config:
        if found.config is None:
            print(f"kx inspect: {options.file} holds no config: {found.sentence}.", file=sys.stderr)
            return 1
        print(json.dumps(found.config, indent=2))
    elif options.json:
        arrays = {
            path: {"shape": list(shape), "dtype": dtype} for path, (shape, dtype) in found.arrays.items()
        }
        layers = [{"name": name.strip(), "class": kind} for name, kind in found.layers]
        found_all = {
            "kind": found.kind,
            **found.facts,
            "layers": layers,
            "arrays": arrays,
            "members": found.members,
        }
        print(json.dumps(found_all, indent=2))
    else:
        print("\n".join(lines(options.file, found)))
    return 0


def lines(path, found):
    """Yield the lines of the report.

    >>> from kx_models.saving.contents import Contents
    >>> print("\\n".join(lines("a.json", Contents("json", "it is JSON", {"size": "2 bytes"}))))
    a.json: it is JSON
      size: 2 bytes
    """
    yield f"{path}: {found.sentence}"
    yield from (f"  {name}: {value}" for name, value in found.facts.items())
    if found.config is not None:
        own = found.config.get("config")
        name = own.get("name") if isinstance(own, dict) else None
        yield f"  model: {found.config.get('class_name')}" + (f" {name!r}" if name else "")
    if found.layers:
        yield from ["", f"layers: {len(found.layers)}"]
        width = max(len(name) for name, _ in found.layers)
        yield from (f"  {name:<{width}}  {kind}" for name, kind in found.layers)
    if found.arrays:
        yield from ["", f"arrays: {len(found.arrays)}, {found.bytes_of_arrays:,} bytes"]
        width = max(map(len, found.arrays))
        yield from (f"  {path:<{width}}  {dtype} {shape}" for path, (shape, dtype) in found.arrays.items())
    if found.members:
        yield from ["", "other members:"]
        yield from (f"  {name}  {size:,} bytes" for name, size in found.members.items())
