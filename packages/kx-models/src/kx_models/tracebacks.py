"""Tracebacks that show where the user's code went wrong, without the calls inside kx that lie between."""

import functools
import types

_settings = {"filtering": True}


def enable_traceback_filtering():
    """Leave calls inside kx out of the tracebacks of `fit`, `evaluate` and `predict` (the default)."""
    _settings["filtering"] = True


def disable_traceback_filtering():
    """Show all calls inside kx in tracebacks."""
    _settings["filtering"] = False


def is_traceback_filtering_enabled():
    """Return whether calls inside kx are left out of tracebacks.

    >>> is_traceback_filtering_enabled()
    True
    """
    return _settings["filtering"]


def filtered(function):
    """Decorate a function to raise its errors with such a traceback.

    >>> @filtered
    ... def fail():
    ...     raise ValueError("no")
    >>> fail()
    Traceback (most recent call last):
    ValueError: no
    """

    @functools.wraps(function)
    def call(*args, **kwargs):
        try:
            return function(*args, **kwargs)
        except Exception as error:
            shorten(error)
            raise

    return call


def shorten(error):
    """Leave the calls inside kx out of an error's traceback, if that is wanted."""
    if _settings["filtering"]:
        error.__traceback__ = _shortened(error.__traceback__)


def _shortened(traceback):
    """The traceback without the calls inside kx, but for the last one, where the error was raised."""
    entries = []
    while traceback is not None:
        entries.append(traceback)
        traceback = traceback.tb_next
    kept = [entry for entry in entries[:-1] if not _is_ours(entry)] + entries[-1:]
    shortened = None
    for entry in reversed(kept):
        shortened = types.TracebackType(shortened, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return shortened


def _is_ours(entry):
    package = entry.tb_frame.f_globals.get("__name__", "").partition(".")[0]
    return package == "kx" or package.startswith("kx_")
