"""The config of classes with a hand-written `__init__`: the arguments it was given."""

from kx_io.config import serialize_keras_object

_VARKEYWORDS = 0x08  # inspect.CO_VARKEYWORDS, without loading inspect


def needs_record(cls):
    """True if a hand-written `__init__` without fields of its own is nearer than the nearest `get_config`.

    A library base may extend `get_config`; what a user's class below it was given is still not in there.
    """
    for base in cls.__mro__:
        if "get_config" in vars(base):
            return False
        if "__init__" in vars(base) and not vars(base).get("_own_fields"):
            return True
    return False


def recording_new(owner):
    """A `__new__` that keeps the constructor's arguments, as given, for `get_config`."""

    def __new__(cls, *args, **kwargs):
        make = super(owner, cls).__new__
        self = make(cls) if make is object.__new__ else make(cls, *args, **kwargs)
        if isinstance(self, owner):
            object.__setattr__(self, "_given", (args, kwargs))
        return self

    return __new__


def recorded_config(self):
    """What `get_config` gives for such a class; NotImplementedError for an argument it cannot write."""
    import inspect  # only classes with a hand-written __init__ come here

    cls = type(self)
    config = {name: f.encode(getattr(self, name)) for name, f in cls.__fields__.items() if _is_common(cls, f)}
    args, kwargs = self._given
    signature = inspect.signature(cls)
    bound = signature.bind(*args, **kwargs)
    bound.apply_defaults()
    for name, value in bound.arguments.items():
        kind = signature.parameters[name].kind
        if kind is inspect.Parameter.VAR_KEYWORD:
            given = value
        elif kind in (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.POSITIONAL_ONLY):
            if value:
                raise NotImplementedError(_no_config_message(cls, name, value))
            continue
        else:
            given = {name: value}
        for key, item in given.items():
            try:
                config[key] = serialize_keras_object(item)
            except (TypeError, ValueError) as error:
                raise NotImplementedError(_no_config_message(cls, key, item)) from error
    return config


def _is_common(cls, f):
    """Whether an inherited field joins the recorded arguments: keyword-only, and `**kwargs` passes it up."""
    code = getattr(cls.__init__, "__code__", None)
    return f.config and f.kw_only and code is not None and bool(code.co_flags & _VARKEYWORDS)


def _no_config_message(cls, name, value):
    return (
        f"{cls.__name__} was given {name}={short(value)}, which cannot be written in a config. "
        f"Write its get_config:\n\n"
        f"    def get_config(self):\n"
        f"        return {{**super().get_config(), {name!r}: ...}}\n\n"
        f"with plain values (numbers, strings, lists, dicts, serialize_keras_object(...) of an object), "
        f"and a from_config if the arguments differ from them."
    )


def short(value):
    """`repr(value)`, cut to fit a message."""
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."
