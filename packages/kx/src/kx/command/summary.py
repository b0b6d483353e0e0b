"""Print the layers of a model in a file (.keras, .h5, .json), their output shapes and numbers of parameters.

Nothing in the file is run: a model with classes of your own needs them, and a script for that.
"""

import sys

from kx import models


def add_arguments(parser):
    """Declare the arguments of `kx summary`.

    >>> import argparse
    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["model.keras", "--width", "80"]).width
    80
    """
    parser.add_argument("file", help="the model")
    parser.add_argument("--width", type=int, default=None, help="characters of a line")
    parser.add_argument("--nested", action="store_true", help="show the layers of nested models, too")
    parser.add_argument("--trainable", action="store_true", help="show which layers are trainable")


def execute(options):
    """Load the model without compiling it, and print its summary."""
    try:
        model = models.load_model(options.file, compile=False)
    except (OSError, ValueError, TypeError) as error:
        print(f"kx summary: {error}", file=sys.stderr)
        return 1
    model.summary(line_length=options.width, expand_nested=options.nested, show_trainable=options.trainable)
    return 0
