"""The `kx` command. Each of its commands has a file here, loaded when it is asked for."""

import argparse
import importlib
import sys

# A command is the module of its name: `add_arguments(parser)`, and `execute(options)`, which returns the exit status.
COMMANDS = {
    "run": "run a script written for Keras, of any age, on kx",
    "summary": "print the layers of a model in a file",
    "inspect": "show what a file of a model or of weights holds",
    "convert": "convert a model or weights from one format to another",
    "info": "print versions, backend, kernels and threads",
}


def main(arguments=None):
    """Run the command that the arguments name and return its exit status.

    >>> main(["info", "--json"])  # doctest: +SKIP
    """
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    parser = argparse.ArgumentParser(
        prog="kx", description="Keras, rebuilt small: what kx does from the command line."
    )
    commands = parser.add_subparsers(title="commands", dest="command", metavar="COMMAND", required=True)
    asked = next((a for a in arguments if not a.startswith("-")), None)
    for name, text in COMMANDS.items():
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        if name == asked:
            module = importlib.import_module(f"kx.command.{name}")
            sub.description = module.__doc__
            sub.formatter_class = argparse.RawDescriptionHelpFormatter
            module.add_arguments(sub)
    options = parser.parse_args(arguments)
    return importlib.import_module(f"kx.command.{options.command}").execute(options)
