"""Automatic names ("dense", "dense_1") and the scopes that make a variable's path ("sequential/dense/kernel")."""

import re
import threading

_counts = {}


class _Scopes(threading.local):
    def __init__(self):
        self.names = []


_scopes = _Scopes()


def to_snake_case(name):
    """Return a class name in snake case, as Keras names layers.

    >>> to_snake_case("BatchNormalization"), to_snake_case("GRU"), to_snake_case("Conv2D")
    ('batch_normalization', 'gru', 'conv2d')
    """
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix):
    """Return `prefix` the first time, then `prefix_1`, `prefix_2`, ..."""
    count = _counts.get(prefix, 0)
    _counts[prefix] = count + 1
    return prefix if count == 0 else f"{prefix}_{count}"


def get_uid(prefix=""):
    """Return how often `get_uid` was asked for this prefix, counting from 1."""
    _counts[prefix] = _counts.get(prefix, 0) + 1
    return _counts[prefix]


def reset():
    """Start all automatic names afresh (`clear_session`)."""
    _counts.clear()


class name_scope:
    """Prefix the paths of variables made inside the `with` block.

    >>> with name_scope("encoder"):
    ...     current_path()
    'encoder'
    """

    def __init__(self, name):
        if not isinstance(name, str) or not name or "/" in name:
            raise ValueError(f"A name scope must be a non-empty string without '/', got {name!r}.")
        self.name = name

    def __enter__(self):
        _scopes.names.append(self.name)
        return self

    def __exit__(self, *exc):
        _scopes.names.pop()


def current_path():
    """Return the open name scopes joined by "/"."""
    return "/".join(_scopes.names)


def open_scopes():
    """Return the names of the open scopes, outermost first."""
    return list(_scopes.names)


def replace_scopes(names):
    """Make `names` the open scopes, whatever was open."""
    _scopes.names = list(names)
