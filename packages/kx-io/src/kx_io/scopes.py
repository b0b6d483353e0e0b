"""Custom objects: what users register, and the scope a thread is in while configs are read or written."""

from contextvars import ContextVar

_scoped: ContextVar[dict | None] = ContextVar(
    "kx_custom_objects", default=None
)  # merged dict of the open scopes
_registered: dict[str, object] = {}  # registered name -> class or function
_names: dict[int, tuple[str, object]] = {}  # id(object) -> (registered name, object)


class CustomObjectScope:
    """Make custom classes and functions known by name inside a `with` block, in this thread only.

    >>> def swoosh(x):
    ...     return x
    >>> with CustomObjectScope({"swoosh": swoosh}):
    ...     get_registered_object("swoosh") is swoosh
    True
    """

    def __init__(self, custom_objects):
        if custom_objects is not None and not isinstance(custom_objects, dict):
            raise TypeError(
                f"custom_objects must be a dict from names to classes or functions, got {custom_objects!r}."
            )
        self.custom_objects = custom_objects or {}
        self._tokens = []

    def __enter__(self):
        self._tokens.append(_scoped.set({**(_scoped.get() or {}), **self.custom_objects}))
        return self

    def __exit__(self, *exc):
        _scoped.reset(self._tokens.pop())


custom_object_scope = CustomObjectScope


def register_keras_serializable(package="Custom", name=None):
    """Register the decorated class or function so that configs and files may name it, as `package>name`.

    A second definition under the same name replaces the first. Raises TypeError for something that cannot be
    called, ValueError for a class without `get_config`.

    >>> @register_keras_serializable("my_package")
    ... def squash(x):
    ...     return x / (1 + abs(x))
    >>> get_registered_name(squash)
    'my_package>squash'
    """

    def decorate(obj):
        if not callable(obj):
            raise TypeError(f"Cannot register {obj!r}: expected a class or a function.")
        if isinstance(obj, type) and not hasattr(obj, "get_config"):
            raise ValueError(f"Cannot register the class {obj.__name__}: it has no get_config() method.")
        registered = f"{package}>{name or obj.__name__}"
        _registered[registered] = obj
        _names[id(obj)] = (registered, obj)
        return obj

    return decorate


def get_custom_objects():
    """The global dict of registered custom objects; changing it registers or forgets them.

    >>> get_custom_objects()["halve"] = lambda x: x / 2
    >>> get_registered_object("halve")(4)
    2.0
    >>> del get_custom_objects()["halve"]
    """
    return _registered


def get_registered_name(obj):
    """The name an object is registered under, else its plain name.

    >>> get_registered_name(len)
    'len'
    """
    return _names[id(obj)][0] if id(obj) in _names else obj.__name__


def get_registered_object(name, custom_objects=None, module_objects=None):
    """The class or function known as `name`, else None: in open scopes, registered, in the two dicts.

    >>> get_registered_object("nothing of that name")
    """
    for table in (_scoped.get(), _registered, custom_objects, module_objects):
        if table and name in table:
            return table[name]
    return None
