"""Run a script written for Keras, of any age, on kx.

`import keras`, `import tf_keras` and `from tensorflow import keras` mean kx in it, old module paths and arguments
included. The file is not touched.
"""

import argparse
import builtins
import importlib.machinery
import os
import sys
import traceback
import types

from kx.compat import install_as_keras
from kx_io.spellings import PACKAGES


def add_arguments(parser):
    """Declare the arguments of `kx run`.

    >>> parser = argparse.ArgumentParser()
    >>> add_arguments(parser)
    >>> parser.parse_args(["train.py", "--epochs", "3"]).arguments
    ['--epochs', '3']
    """
    parser.add_argument(
        "--traceback", action="store_true", help="show the lines inside kx, too, when the script fails"
    )
    parser.add_argument("script", help="the file to run")
    parser.add_argument("arguments", nargs=argparse.REMAINDER, help="what the script gets in sys.argv")


def execute(options):
    """Run the script as `python script.py` would: sys.argv, sys.path[0], `__main__`, exit status."""
    try:
        with open(options.script, "rb") as file:
            code = compile(file.read(), options.script, "exec", dont_inherit=True)
    except OSError as error:
        print(f"kx run: can't open file {options.script!r}: {error.strerror}", file=sys.stderr)
        return 2
    except SyntaxError as error:
        error.__traceback__ = None
        traceback.print_exception(error)
        return 1
    sys.argv[:] = [options.script, *options.arguments]
    sys.path[0] = os.path.dirname(os.path.abspath(options.script))
    main = types.ModuleType("__main__")
    main.__dict__.update(__file__=options.script, __builtins__=builtins, __cached__=None)
    main.__spec__ = importlib.machinery.ModuleSpec("kx.command.child", None)  # where its processes begin
    os.environ["KX_RUN_SCRIPT"] = os.path.abspath(options.script)
    sys.modules["__main__"] = main
    install_as_keras()
    if not options.traceback:
        sys.excepthook = show_exception
    exec(code, main.__dict__)
    return 0


def show_exception(kind, error, tb):
    """Print a traceback of the script's own lines, without those of kx and of this command.

    >>> show_exception(ValueError, ValueError("no"), None)
    """
    shown = traceback.TracebackException(kind, error, tb)
    folders = [
        os.path.dirname(module.__file__) + os.sep
        for module in map(sys.modules.get, PACKAGES)
        if module is not None and module.__file__
    ]
    _leave_out(shown, folders)
    sys.stderr.write("".join(shown.format()))


def _leave_out(shown, folders):
    """Take the frames of files in `folders`, and of the import system, out of a traceback and those chained to it."""
    while shown is not None:
        kept = [f for f in shown.stack if not f.filename.startswith((*folders, "<frozen "))]
        shown.stack = traceback.StackSummary.from_list(kept)
        if shown.__cause__ is not None:
            _leave_out(shown.__cause__, folders)
        for inner in getattr(shown, "exceptions", None) or ():
            _leave_out(inner, folders)
        shown = shown.__context__
