"""The import hook: `keras`, `tf_keras` and `tensorflow` as modules that hand out the names of kx."""

import importlib
import importlib.abc
import importlib.machinery
import sys
import types

from kx.compat.modules import CALLABLE, modern_path, place_of, sources_of
from kx_io.names import nearest
from kx_io.spellings import note

ROOTS = ("keras", "tf_keras", "tensorflow")
_NO_TENSORFLOW = (
    "tensorboard.compat.notf"  # TensorBoard imports this to learn that it must not use TensorFlow
)


def install_as_keras():
    """Make `import keras`, `import tf_keras` and `import tensorflow` give kx, in this process.

    The real packages, where installed, stay untouched. Raises RuntimeError where one of them is imported already:
    objects of two libraries would meet.

    >>> install_as_keras()
    >>> from keras.layers.recurrent import LSTM  # doctest: +SKIP
    >>> uninstall()
    """
    for root in ROOTS:
        loaded = sys.modules.get(root)
        if loaded is not None and not isinstance(loaded, Facade):
            raise RuntimeError(
                f"The real `{root}` is imported already (from {getattr(loaded, '__file__', '?')}). Call "
                "kx.install_as_keras() before anything imports it, or start the script with `kx run`."
            )
    if _finder not in sys.meta_path:
        sys.meta_path.insert(0, _finder)


def uninstall():
    """Take the import hook away, with all modules that it made.

    >>> uninstall()
    """
    if _finder in sys.meta_path:
        sys.meta_path.remove(_finder)
    # `isinstance` would ask modules that load when they are looked at for their class
    for name in [n for n, module in list(sys.modules.items()) if issubclass(type(module), Facade)]:
        del sys.modules[name]


class Facade(types.ModuleType):
    """A module of Keras or TensorFlow by its old or new path: its names are those of kx modules, its `sources`."""

    def __init__(self, name, place):
        super().__init__(name, f"{name}, as kx has it")
        self.__dict__["_place"] = place
        self.__dict__["_sources"] = sources_of(place)

    def __getattr__(self, name):
        if name == "__all__":
            return sorted({n for source in self._sources for n in _public(source)})
        if name.startswith("__") and name.endswith("__") and name not in ("__version__",):
            raise AttributeError(name)
        if place_of(f"{self.__name__}.{name}") is not None:
            return importlib.import_module(f"{self.__name__}.{name}")
        failure = None
        for source in self._sources:
            module = importlib.import_module(source)
            try:
                value = getattr(module, name)
            except AttributeError as error:
                # a module that explains what it lacks, such as kx.compat.tf, has the better message
                failure = failure or (str(error) if hasattr(module, "explains") else None)
                continue
            self.__dict__[name] = value
            return value
        hint = nearest(name, [n for source in self._sources for n in _public(source)])
        raise AttributeError(failure or f"kx has no {self.__name__}.{name}.{hint}")

    def __dir__(self):
        return sorted({*super().__dir__(), *self.__getattr__("__all__")})


class CallableFacade(Facade):
    """A module that was a function before: `keras.layers.merge`."""

    def __call__(self, *args, **kwargs):
        module, name = CALLABLE[self._place]
        return getattr(importlib.import_module(module), name)(*args, **kwargs)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Answers for `keras`, `tf_keras`, `tensorflow` and what is below them, and keeps TensorBoard away from those."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname == _NO_TENSORFLOW:
            return importlib.machinery.ModuleSpec(fullname, self)
        if fullname.partition(".")[0] not in ROOTS:
            return None
        place = place_of(fullname)
        if place is None:
            parent, _, name = fullname.rpartition(".")
            raise ModuleNotFoundError(
                f"kx has no module {fullname!r}: `{parent}` has no {name!r}. What kx takes over is keras and "
                "tensorflow.keras; the functions of TensorFlow are those of kx.ops.",
                name=fullname,
            )
        return importlib.machinery.ModuleSpec(fullname, self, is_package=True)

    def create_module(self, spec):
        if spec.name == _NO_TENSORFLOW:
            return None
        place = place_of(spec.name)
        kind = CallableFacade if place in CALLABLE else Facade
        return kind(spec.name, place)

    def exec_module(self, module):
        if not isinstance(module, Facade):
            return
        written = modern_path(module.__name__)
        if written is not None and not isinstance(
            module, CallableFacade
        ):  # that one says so when it is called
            note(f"The module {module.__name__} is one of older versions; what it had is in {written} today.")


_finder = _Finder()


def _public(source):
    module = importlib.import_module(source)
    names = getattr(module, "__all__", None)
    if names is None:
        names = [n for n in dir(module) if not n.startswith("_")]
    return names
