"""Convert a model, or its weights, from one format to another: the names say which.

A model (.keras, .h5 of any age, a folder) becomes .keras, .h5, .onnx, a folder, its architecture alone (.json, .yaml),
or its weights alone (.weights.h5, .weights.json, .safetensors). Weights or an architecture alone need the other half:

    kx convert old_weights.h5 model.keras --architecture model.json
    kx convert model.json model.keras --weights old_weights.h5

Nothing in the files is run: a model with classes of your own is converted in a script that has them.
"""

import os
import sys

from kx import models

_ARCHITECTURE = (".json", ".yaml", ".yml")
_WEIGHTS = (".weights.h5", ".weights.json", ".safetensors")


def add_arguments(parser):
    """Declare the arguments of `kx convert`.

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["a.h5", "a.keras"]).target
    'a.keras'
    """
    parser.add_argument("source", metavar="IN", help="the file to read")
    parser.add_argument("target", metavar="OUT", help="the file to write")
    parser.add_argument(
        "--architecture", metavar="FILE", help="the model whose weights IN holds: JSON, YAML, or any model"
    )
    parser.add_argument(
        "--weights", metavar="FILE", help="the weights of the model whose architecture IN holds"
    )
    parser.add_argument(
        "--by-name", action="store_true", help="match the weights of an old file by the names of layers"
    )
    parser.add_argument("--no-compile", action="store_true", help="leave out how the model was trained")
    parser.add_argument("--force", action="store_true", help="replace OUT if it is there")


def execute(options):
    """Read IN, write OUT; return 1 and say why if that can't be."""
    try:
        if os.path.exists(options.target) and not options.force:
            raise FileExistsError(f"{options.target} is there; --force replaces it")
        write(read(options), options.target)
    except (OSError, ValueError, TypeError, ImportError, NotImplementedError) as error:
        print(f"kx convert: {error}", file=sys.stderr)
        return 1
    print(f"{options.source} -> {options.target}")
    return 0


def read(options):
    """Return the model that the options name, with its weights if there are any."""
    if options.architecture:
        model, weights = architecture(options.architecture), options.source
    elif options.source.endswith(_ARCHITECTURE) and not options.source.endswith(_WEIGHTS):
        model, weights = architecture(options.source), options.weights
        if weights is None and not options.target.endswith(_ARCHITECTURE):
            raise ValueError(f"{options.source} holds no weights; give them with --weights FILE")
    else:
        return models.load_model(options.source, compile=not options.no_compile)
    if weights is not None:
        model.load_weights(weights, **({"by_name": True} if options.by_name else {}))
    return model


def architecture(path):
    """Return the model, with new weights, of a JSON or YAML file, or the model of any other."""
    if not path.endswith(_ARCHITECTURE):
        return models.load_model(path, compile=False)
    with open(path, encoding="utf-8") as file:
        text = file.read()
    return models.model_from_json(text) if path.endswith(".json") else models.model_from_yaml(text)


def write(model, target):
    """Write a model in the format that the name of the file asks for."""
    if target.endswith(_WEIGHTS):
        model.save_weights(target)
    elif target.endswith(_ARCHITECTURE):
        with open(target, "w", encoding="utf-8") as file:
            file.write(model.to_json(indent=2) if target.endswith(".json") else model.to_yaml())
    elif target.endswith(".onnx"):
        model.export(target, format="onnx", verbose=False)
    elif target.endswith((".keras", ".h5", ".hdf5")):
        model.save(target)
    else:
        model.save(target, zipped=False)
