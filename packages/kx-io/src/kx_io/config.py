"""Objects to configs and back, in Keras 3's layout.

Nothing is ever imported, and no attribute looked up, because a config says so: names resolve only through the
registry, the registered serializables and the custom objects given.
"""

from contextvars import ContextVar
from types import BuiltinFunctionType, FunctionType

from kx_io import names
from kx_io.codecs import find_decoder, find_encoder
from kx_io.scopes import CustomObjectScope, get_registered_name, get_registered_object

_PLAIN = frozenset((type(None), bool, int, float, str))
_sharing: ContextVar = ContextVar("kx_shared_objects", default=None)
_root: ContextVar = ContextVar("kx_config_root", default=None)  # (outermost config being read, its kind)


class shared_objects:
    """Inside the block, an object met twice is written with a `shared_object_id` and read back as one object.

    >>> with shared_objects():
    ...     serialize_keras_object([slice(3), slice(3)])[0]["class_name"]
    '__slice__'
    """

    def __enter__(self):
        self._token = _sharing.set(_Shared() if _sharing.get() is None else _sharing.get())
        return self

    def __exit__(self, *exc):
        _sharing.reset(self._token)


class _Shared:
    def __init__(self):
        self.written = {}  # id(object) -> (object, its first config)
        self.read = {}  # shared_object_id -> object

    def write(self, obj, config):
        if id(obj) not in self.written:
            self.written[id(obj)] = (obj, config)
            return
        number = list(self.written).index(id(obj)) + 1
        self.written[id(obj)][1]["shared_object_id"] = number
        config["shared_object_id"] = number


# ---- objects to configs


def serialize_keras_object(obj):
    """Return a config, JSON-ready but for tuples, from which `deserialize_keras_object` rebuilds `obj`.

    Plain values stay; lists, tuples and dicts are walked; an object gives `{"module", "class_name", "config",
    "registered_name"}`, a function its name. Raises TypeError for an object without `get_config`, ValueError
    for a lambda.

    >>> import numpy as np
    >>> serialize_keras_object({"a": (1, np.float32(2)), "b": slice(3)})["b"]
    {'class_name': '__slice__', 'config': {'start': None, 'stop': 3, 'step': None}}
    """
    cls = type(obj)
    if cls in _PLAIN:
        return obj
    if isinstance(obj, (list, tuple)):
        items = [serialize_keras_object(item) for item in obj]
        return tuple(items) if isinstance(obj, tuple) else items
    if isinstance(obj, dict):
        return {key: serialize_keras_object(value) for key, value in obj.items()}
    encode = find_encoder(cls)
    if encode is not None:
        return encode(obj)
    if isinstance(obj, (str, int, float)):
        return obj
    if isinstance(obj, type):
        raise TypeError(
            f"Cannot serialize the class {obj.__name__} itself; pass an instance, {obj.__name__}(...)."
        )
    if isinstance(obj, (FunctionType, BuiltinFunctionType)) or names.home(obj) is not None:
        return _function_config(obj)
    if not hasattr(obj, "get_config"):
        raise TypeError(
            f"Cannot serialize {obj!r} of type {cls.__name__}: its class needs a get_config() method."
        )
    return _object_config(obj, cls)


def _function_config(function):
    entry = names.home(function)
    name = entry.name if entry else get_registered_name(function)
    if name == "<lambda>":
        raise ValueError(
            "Cannot serialize a lambda: a file holds names, never code. Write it as a function "
            '(`@register_keras_serializable("my_package")` above `def my_function(x): ...`) and pass that.'
        )
    kind = "function" if entry else type(function).__name__
    return {"module": "builtins", "class_name": kind, "config": name, "registered_name": kind}


def _object_config(obj, cls):
    entry = names.home(cls)
    if entry:
        module, name = entry.module, entry.name
        registered = (
            name if module.startswith("keras.src.") else None
        )  # Keras's own unexported classes carry both
    else:
        module = None if cls.__module__ in ("__main__", "builtins") else cls.__module__
        name, registered = cls.__name__, get_registered_name(cls)
    config = {"module": module, "class_name": name, "config": obj.get_config(), "registered_name": registered}
    for part in ("build_config", "compile_config"):
        method = getattr(obj, f"get_{part}", None)
        extra = method() if method is not None else None
        if extra is not None:
            config[part] = serialize_keras_object(extra)
    shared = _sharing.get()
    if shared is not None:
        shared.write(obj, config)
    return config


# ---- configs to objects


def deserialize_keras_object(config, custom_objects=None, safe_mode=True):
    """Rebuild what `serialize_keras_object` wrote; values that are no configs come back as they are.

    Raises TypeError that lists every name the config needs and nobody registered, ValueError for a lambda: kx
    runs no code from a config, with or without `safe_mode`.

    >>> deserialize_keras_object([{"class_name": "__bytes__", "config": {"value": "kx"}}, 3])
    [b'kx', 3]
    """
    return read(config, custom_objects, safe_mode)


def read(config, custom_objects=None, safe_mode=True, kind=None):
    """`deserialize_keras_object` that looks a config without a module up in the registry of `kind` first."""
    if custom_objects:
        with CustomObjectScope(custom_objects):
            return read(config, None, safe_mode, kind)
    if _root.get() is not None:
        return _read(config, safe_mode, kind)
    token = _root.set((config, kind))
    try:
        return _read(config, safe_mode, kind)
    finally:
        _root.reset(token)


def custom_object(name):
    """The custom class or function known as `name` in this thread, else None."""
    return get_registered_object(name) if name else None


def _read(config, safe_mode, kind):
    if type(config) in _PLAIN:
        return config
    if isinstance(config, (list, tuple)):
        items = [_read(item, safe_mode, kind) for item in config]
        return tuple(items) if isinstance(config, tuple) else items
    if not isinstance(config, dict):
        return config
    class_name = config.get("class_name")
    if class_name == "__tuple__" and "items" in config:  # JSON of Keras 2
        return tuple(_read(item, safe_mode, kind) for item in config["items"])
    if not isinstance(class_name, str) or "config" not in config:
        return {key: _read(value, safe_mode, kind) for key, value in config.items()}
    if class_name in ("__lambda__", "__typespec__"):
        raise ValueError(_refusal(class_name, safe_mode))
    decode = find_decoder(class_name)
    if decode is not None:
        return decode(config["config"])
    found = _locate(config, kind)
    if found is None:
        raise TypeError(_unknown_names(config))
    if _names_a_function(config):
        return found
    return _rebuild(found, config)


def _rebuild(cls, config):
    shared, number = _sharing.get(), config.get("shared_object_id")
    if shared is not None and number in shared.read:
        return shared.read[number]
    if not hasattr(cls, "from_config"):
        raise TypeError(
            f"Cannot rebuild {config['class_name']!r}: {cls!r} is no class with a from_config() method."
        )
    try:
        obj = cls.from_config(config["config"])
        if (
            config.get("build_config")
            and not getattr(obj, "built", False)
            and hasattr(obj, "build_from_config")
        ):
            obj.build_from_config(config["build_config"])
        outermost = (
            _root.get() is not None and _root.get()[0] is config
        )  # models inside are trained by the whole
        if outermost and config.get("compile_config") and hasattr(obj, "compile_from_config"):
            obj.compile_from_config(config["compile_config"])
    except Exception as error:
        error.add_note(f"While rebuilding {_label(config)} from its config.")
        raise
    if shared is not None and number is not None:
        shared.read[number] = obj
    return obj


def _names_a_function(config):
    return config["class_name"] in ("function", "builtin_function_or_method") and isinstance(
        config["config"], str
    )


def _locate(config, kind=None):
    """The class or function a config names, else None."""
    if _names_a_function(config):
        name = config["config"]
        return (
            custom_object(name) or names.find_function(name, kind) or custom_object(name.rpartition(">")[2])
        )
    name, module, registered = config["class_name"], config.get("module"), config.get("registered_name")
    found = custom_object(registered)
    if found is None and module is not None:
        found = names.find_class(module, name)
    if found is None:
        found = custom_object(name)
    if found is None and module is None:
        found = names.find_class(None, name, kind)
    return found


def _unknown_names(config):
    """The message for unknown names: all that the whole config lacks, not only the first."""
    root, kind = _root.get()
    missing = [config, *_missing(root, kind)]
    labels = dict.fromkeys(_label(item) for item in missing)
    short = list(dict.fromkeys(_short(item) for item in missing))
    hint = names.nearest(short[0], names.known_names()) if len(labels) == 1 else ""
    given = ", ".join(f"{name!r}: {name}" for name in short)
    return (
        f"Unknown name in the config: {', '.join(labels)}.{hint} For classes and functions of your own, put "
        f"@register_keras_serializable() on their definition and import it before loading, or pass "
        f"custom_objects={{{given}}}."
    )


def _short(config):
    return (config["config"] if _names_a_function(config) else config["class_name"]).rpartition(">")[2]


def _missing(config, kind):
    """The parts of a config that name something unknown."""
    if isinstance(config, (list, tuple)):
        for item in config:
            yield from _missing(item, kind)
    elif isinstance(config, dict):
        class_name = config.get("class_name")
        if isinstance(class_name, str) and "config" in config:
            is_op = str(config.get("module")).startswith(("kx.ops", "keras.src.ops"))
            if not is_op and find_decoder(class_name) is None and _locate(config, kind) is None:
                yield config
            kind = None
        for value in config.values():
            yield from _missing(value, kind)


def _label(config):
    if _names_a_function(config):
        return f"function {config['config']!r}"
    name, module = config.get("registered_name") or config["class_name"], config.get("module")
    return f"class {(f'{module}.{name}' if module and '>' not in name else name)!r}"


def _refusal(tag, safe_mode):
    if tag == "__typespec__":
        return "Cannot read a TensorFlow TypeSpec from a config; kx has no such type."
    unsafe = "" if safe_mode else " safe_mode=False does not change that: kx never runs code from a file."
    return (
        f"The config holds a Python lambda as code, which is not executed.{unsafe} Write the lambda as a "
        f"named function, save the model again with it, and load with "
        f"custom_objects={{'my_function': my_function}}."
    )
