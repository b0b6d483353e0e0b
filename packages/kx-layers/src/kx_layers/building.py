"""The building of layers: in whose name scope weights are made, and what is noted of a call of `build`."""

import functools
import inspect

from kx_tensor import naming


class ScopesOf:
    """The name scopes of an absolute path, instead of those open."""

    def __init__(self, path):
        self.path = path

    def __enter__(self):
        self.previous = naming.open_scopes()
        naming.replace_scopes(self.path.split("/"))

    def __exit__(self, *exc):
        naming.replace_scopes(self.previous)


def wrapped_build(build):
    """`build` with the layer's name scope around it, its shapes noted, and `built` set after it."""
    if getattr(build, "_wrapped", False):
        return build

    @functools.wraps(build)
    def wrapped(self, *args, **kwargs):
        if self._build_shapes is None:
            names = list(inspect.signature(build).parameters)[1:]
            self.untracked("_build_shapes", {**dict(zip(names, args)), **kwargs})
        with self._scope():
            build(self, *args, **kwargs)
        self.built = True
        self._set_initial_weights()

    wrapped._wrapped = True
    return wrapped
