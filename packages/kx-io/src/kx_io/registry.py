"""One registry per kind of object, one `get` for all of them."""

from kx_io import names
from kx_io.config import custom_object, read, serialize_keras_object

_registries: dict[str, "Registry"] = {}


def register(kind, *aliases, name=None, module=None):
    """Register the decorated class or function under `kind`, its own name and `aliases`.

    Classes also answer to their name in snake case and in lower case, unless something else is called that.
    `module` is where Keras exports it ("keras.<kind>" unless given): configs carry it. Raises ValueError for
    a name already taken.

    >>> @register("examples", "2x", module="my_package")
    ... def twice(x):
    ...     return 2 * x
    >>> registry("examples").get("2x")(4)
    8
    """
    if not isinstance(kind, str):
        raise TypeError(
            f'register needs the kind as its first argument, as in @register("layers"), got {kind!r}.'
        )

    def decorate(obj):
        names.add(kind, obj, name or obj.__name__, aliases, module)
        return obj

    return decorate


def registry(kind):
    """The `Registry` of a kind: "layers", "losses", "metrics", "optimizers", "initializers", ..."""
    if kind not in _registries:
        _registries[kind] = Registry(kind)
    return _registries[kind]


class Registry:
    """The objects of one kind by name: `get`, `serialize`, `deserialize`, `names`."""

    def __init__(self, kind):
        self.kind = kind
        self._table = names.kind_table(kind)

    def get(self, identifier):
        """Turn what a user may write into the object.

        None stays None; a name gives the function, or an instance of the class; a config dict is
        deserialized; a class gives an instance; a callable or an object with `get_config` is returned as it
        is. Raises ValueError for anything else, naming the closest known name.

        >>> registry("examples").get(abs)
        <built-in function abs>
        """
        if identifier is None:
            return None
        if isinstance(identifier, str):
            identifier = self.find(identifier)
        elif isinstance(identifier, dict):
            identifier = self.deserialize(identifier)
        if isinstance(identifier, type):
            return identifier()
        if callable(identifier) or hasattr(identifier, "get_config"):
            return identifier
        one = names.singular(self.kind)
        article = "an" if one[0] in "aeiou" else "a"
        raise ValueError(
            f"Cannot use {identifier!r} of type {type(identifier).__name__} as {article} {one}; expected "
            f"a name, a config dict, a class, an instance, a callable or None."
        )

    def find(self, name):
        """The class or function called `name`, custom objects first; raises ValueError if there is none."""
        found = custom_object(name)
        if found is None:
            found = self._table.find(name)
        if found is None:
            one = names.singular(self.kind)
            hint = names.nearest(name, self.names())
            raise ValueError(
                f"Unknown {one} {name!r}.{hint} If it is your own, pass the object itself or make its name "
                f"known with custom_object_scope({{{name!r}: ...}})."
            )
        return found

    def serialize(self, obj):
        """The config of `obj`; registered activation functions are written as bare names, as in Keras."""
        if self.kind == "activations" and id(obj) in self._table.canonical:
            return self._table.canonical[id(obj)]
        return serialize_keras_object(obj)

    def deserialize(self, config, custom_objects=None):
        """The object that a config or name stands for; a config without a module is sought here first."""
        if isinstance(config, str):
            if custom_objects and config in custom_objects:
                return custom_objects[config]
            return self.get(config)
        return read(config, custom_objects, kind=self.kind)

    def names(self):
        """All names that `get` knows, sorted."""
        return self._table.all_names()

    def classes(self):
        """The registered classes and functions by their own name."""
        return {name: self._table.exact[name] for name in sorted(self._table.canonical.values())}

    def __contains__(self, name):
        return self._table.find(name) is not None

    def __repr__(self):
        return f"<Registry {self.kind}: {len(self._table.canonical)} objects>"
