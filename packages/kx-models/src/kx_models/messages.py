"""What kx tells while it works: printed, or sent to Python's logging where nobody watches."""

import logging

_LOGGER = logging.getLogger("kx")
_settings = {"interactive": True}


def enable_interactive_logging():
    """Print progress, summaries and what callbacks tell (the default)."""
    _settings["interactive"] = True


def disable_interactive_logging():
    """Send progress, summaries and what callbacks tell to `logging.getLogger("kx")` instead, at level INFO.

    Progress is then one line per epoch, as with `verbose=2`.

    >>> disable_interactive_logging()
    >>> say("not seen")
    >>> enable_interactive_logging()
    """
    _settings["interactive"] = False


def is_interactive_logging_enabled():
    """Return whether kx prints what it tells.

    >>> is_interactive_logging_enabled()
    True
    """
    return _settings["interactive"]


def say(text):
    """Print a text, or log it.

    >>> say("Epoch 1/2")
    Epoch 1/2
    """
    if _settings["interactive"]:
        print(text, flush=True)
    else:
        _LOGGER.info("%s", text.strip("\n"))
