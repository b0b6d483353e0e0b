"""Objects declared by fields: signature, `get_config`, `from_config` and `repr` follow from them."""

import types

from kx_io import names
from kx_io.config import deserialize_keras_object, serialize_keras_object
from kx_io.recorded import needs_record, recorded_config, recording_new, short

TYPE_CHECKING = (
    False  # spelled out so that importing kx_io does not load `typing`; type checkers know the name
)
if TYPE_CHECKING:
    from typing import Any


class _Required:
    def __repr__(self):
        return "REQUIRED"


REQUIRED = _Required()


class Field:
    """One declared argument; made by `field(...)`."""

    __slots__ = (
        "check",
        "config",
        "default",
        "encode",
        "factory",
        "fget",
        "first",
        "fset",
        "integer",
        "kw_only",
        "name",
        "required",
        "to",
    )

    def __init__(self, default, factory, to, check, kw_only, first, config, save):
        self.default, self.factory, self.to, self.check = default, factory, to, check
        self.kw_only, self.first, self.config = kw_only, first, config
        # a converter that is some registry's `get` is undone by that registry's `serialize`
        self.encode = (
            save or getattr(getattr(to, "__self__", None), "serialize", None) or serialize_keras_object
        )
        self.required = default is REQUIRED and factory is None
        self.integer = False
        self.name = self.fget = self.fset = None

    def __set_name__(self, owner, name):
        self.name = name
        annotations = vars(owner).get("__annotations__", {})
        self.integer = annotations.get(name) in (int, "int")

    def getter(self, fget):
        """Read the attribute through `fget`, as with `property`; a decorator under the field's own name."""
        self.fget = fget
        return self

    def setter(self, fset):
        """Write the attribute through `fset` (the constructor does so too)."""
        self.fset = fset
        return self

    def default_value(self):
        return self.factory() if self.factory is not None else self.default

    def convert(self, owner, value):
        try:
            return self.to(value) if self.to is not None else value
        except Exception as error:
            error.add_note(f"In {owner.__name__}({self.name}={short(value)}).")
            raise

    def verify(self, owner, value):
        """Raise ValueError unless `value` passes the check and, where annotated `int`, is an integer."""
        accepted = self.check(value) in (True, None)
        if (
            accepted and self.integer
        ):  # names, as in `positive | one_of("auto")`, are no numbers and stay accepted
            accepted = hasattr(value, "__index__") or not hasattr(value, "__float__")
            accepted = accepted and not isinstance(value, bool)
        if accepted:
            return
        expected = getattr(self.check, "expected", None) or f"accepted by {self.check.__name__}"
        expected = expected.replace("{number}", "integer" if self.integer else "number")
        raise ValueError(f"{owner.__name__}: {self.name} must be {expected}, got {short(value)}.")

    def keyword_only(self, kw_only):
        """This field, or a copy that differs in `kw_only`."""
        if self.kw_only == kw_only:
            return self
        copy = Field.__new__(Field)
        for slot in Field.__slots__:
            setattr(copy, slot, getattr(self, slot))
        copy.kw_only = kw_only
        return copy


def field(
    default=REQUIRED, *, factory=None, to=None, check=None, kw_only=None, first=False, config=True, save=None
) -> "Any":
    """Declare a constructor argument that is stored as the attribute of the same name.

    - `factory`: makes the default anew for each instance (for lists, dicts, sets).
    - `to`: converter, run on defaults too. A registry's `get` also decides how the value is written in the
      config.
    - `check`: run on the converted value when it is not the default; see `kx_io.checks`. With the annotation
      `int` it also asks for an integer.
    - `kw_only`: keyword-only. A redeclared field keeps what it was unless this is given.
    - `first`: goes before the subclasses' own fields in the signature.
    - `config`: False leaves it out of `get_config`.
    - `save`: function of the value that gives what the config holds.

    >>> class Scale(Fields):
    ...     factor = field(2.0, to=float)
    >>> Scale(3).factor
    3.0
    """
    if isinstance(default, (list, dict, set)):
        kind = type(default).__name__
        raise TypeError(f"A {kind} as default would be shared by all instances; use field(factory=...).")
    return Field(default, factory, to, check, kw_only, first, config, save)


class _Signature:
    """Computes a class's signature when `inspect` asks; an instance's is that of its `__call__`."""

    def __get__(self, instance, cls):
        if instance is not None:
            raise AttributeError("__signature__")
        import inspect  # slow to load, and only help() and editors ask

        if cls.__init__ is not Fields.__init__:
            parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
            return inspect.Signature(parameters)
        kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
        fields = sorted(cls.__fields__.values(), key=lambda f: f.kw_only)
        defaults = [inspect.Parameter.empty if f.required else f.default_value() for f in fields]
        return inspect.Signature(
            [
                inspect.Parameter(f.name, kinds[f.kw_only], default=d)
                for f, d in zip(fields, defaults, strict=True)
            ]
        )


class Fields:
    """Base of objects declared by fields.

    Positional order: inherited fields declared `first=True`, own fields, other inherited fields; a redeclared
    field keeps its place; a class attribute `field_order` names the positional arguments that come before all
    others, `without_fields` inherited fields that the class has no argument for: it sets these attributes itself. A
    subclass may write an ordinary `__init__` that calls `super().__init__(...)`; unless it writes
    `get_config` too, the arguments given to its constructor are its config. Raises TypeError for unknown or
    missing arguments, ValueError for bad values.

    >>> class Blur(Fields):
    ...     size: int = field()
    ...     mode = field("same")
    >>> Blur(3), Blur(3, mode="valid").get_config()
    (<Blur size=3>, {'size': 3, 'mode': 'valid'})
    """

    __fields__: types.MappingProxyType = types.MappingProxyType({})  # name -> Field, in signature order
    _own_fields: dict = {}
    __positional__: tuple = ()
    __records__ = False  # whether the config is the arguments given to a hand-written __init__
    _keeps_arguments = False
    __signature__ = _Signature()

    def __init_subclass__(cls, **kwargs):
        super().__init_subclass__(**kwargs)
        body, several = vars(cls), len(cls.__bases__) > 1
        own = {name: value for name, value in body.items() if type(value) is Field}
        cls._own_fields = own
        if own or several or "field_order" in body or "without_fields" in body:
            _declare(cls, own)
        if several or "__init__" in body or "get_config" in body:
            cls.__records__ = needs_record(cls)
        if cls.__records__ and not cls._keeps_arguments:
            cls._keeps_arguments = True
            setattr(cls, "__new__", staticmethod(recording_new(cls)))  # noqa: B010 (type checkers object to the plain assignment)

    def __init__(self, *args, **kwargs):
        cls = type(self)
        fields = cls.__fields__
        if args:
            kwargs = _by_name(cls, args, kwargs)
        if not kwargs.keys() <= fields.keys():
            kwargs = self._split_extra(kwargs)
        for name, f in fields.items():
            if name in kwargs:
                given = value = kwargs[name]
                if f.to is not None:
                    value = f.convert(cls, given)
                if f.check is not None and given is not f.default:
                    f.verify(cls, value)
            elif f.required:
                raise TypeError(_missing_message(cls, kwargs))
            else:
                value = f.default if f.factory is None else f.factory()
                if f.to is not None:
                    value = f.convert(cls, value)
            setattr(self, name, value)
        self.__post_init__()

    def __post_init__(self):
        """Called after the fields are set; for what follows from them."""

    def _accept_extra(self, extra):
        """Take keyword arguments that are no fields; return those not known.

        A returned name that is a field is used as if it had been given: `{"lr": 0.1}` may come back as
        `{"learning_rate": 0.1}`.
        """
        return extra

    def _split_extra(self, kwargs):
        cls = type(self)
        extra = {name: value for name, value in kwargs.items() if name not in cls.__fields__}
        known = {name: value for name, value in kwargs.items() if name in cls.__fields__}
        for name, value in self._modern(self._accept_extra(extra)).items():
            if name not in cls.__fields__:
                raise TypeError(_unexpected_message(cls, name))
            if name in known:
                raise TypeError(f"{cls.__name__} got {name!r} twice, once under another name.")
            known[name] = value
        return known

    def _modern(self, extra):
        """The arguments left over, those of Keras 1 and 2 under the names that they have today."""
        if not extra:
            return extra
        from kx_io.spellings import modern_arguments  # new code never loads the tables

        parents = [cls.__name__ for cls in type(self).__mro__[1:]]
        return modern_arguments(type(self).__name__, extra, parents)

    def get_config(self):
        """The arguments that make an object like this one, in a form `from_config` takes back."""
        if type(self).__records__:
            return recorded_config(self)
        return {name: f.encode(getattr(self, name)) for name, f in type(self).__fields__.items() if f.config}

    @classmethod
    def from_config(cls, config):
        """Make an object from what `get_config` gave."""
        if not isinstance(config, dict):
            raise TypeError(f"{cls.__name__}.from_config expects a dict of arguments, got {short(config)}.")
        # Read back exactly what `get_config` wrote: converters take configs themselves, and the values of a
        # class with its own `get_config` are its own business, as in Keras.
        return cls(
            **{
                name: deserialize_keras_object(value) if _is_ours(cls, name) else value
                for name, value in config.items()
            }
        )

    def __repr__(self):
        shown = []
        for name, f in type(self).__fields__.items():
            if name in vars(self) or hasattr(type(self), name):
                value = getattr(self, name)
                if not _is_default(f, type(self), value):
                    shown.append(f" {name}={_display(value)}")
        return f"<{type(self).__name__}{''.join(shown)}>"


# ---- what a class definition works out once


def _declare(cls, own):
    """Set the class's field table: order, keyword-only flags, attributes behind the fields."""
    inherited: dict[str, Field] = {}
    for parent in cls.__bases__:
        for name, f in getattr(parent, "__fields__", {}).items():
            inherited.setdefault(name, f)
    if len(cls.__bases__) > 1:  # a diamond: the definition nearest in resolution order counts
        for name in inherited:
            nearest = next((k for k in cls.__mro__[1:] if name in vars(k).get("_own_fields", ())), None)
            inherited[name] = vars(nearest)["_own_fields"][name].keyword_only(inherited[name].kw_only)
    for name, f in own.items():
        before = inherited.get(name)
        if f.kw_only is None:
            f.kw_only = before.kw_only if before else False
        f.first = f.first or (before is not None and before.first)
        if f.fget is not None:
            setattr(cls, name, property(f.fget, f.fset))
        else:
            delattr(cls, name)  # instances hold the value; a property of a parent class shows through
    table = {name: own.get(name, f) for name, f in inherited.items() if f.first}
    table |= {name: f for name, f in own.items() if name not in inherited}
    table |= {name: own.get(name, f) for name, f in inherited.items() if not f.first}
    table = {name: f for name, f in table.items() if name not in vars(cls).get("without_fields", ())}
    if "field_order" in vars(cls):
        table = _reordered(cls, table)
    positional = [f for f in table.values() if not f.kw_only]
    before = None
    for f in positional:
        if f.required and before is not None and not before.required:
            raise TypeError(
                f"{cls.__name__}: required field {f.name!r} follows {before.name!r}, which has a default; "
                f"give it a default, make it kw_only, or set field_order."
            )
        before = f
    cls.__fields__ = types.MappingProxyType(table)
    cls.__positional__ = tuple(f.name for f in positional)


def _reordered(cls, table):
    """The fields that `field_order` names, as positional ones, then the others."""
    order = vars(cls)["field_order"]
    unknown = [name for name in order if name not in table]
    if unknown:
        raise TypeError(f"{cls.__name__}.field_order names {unknown}, which are no fields of it.")
    listed = {name: table[name].keyword_only(False) for name in order}
    return listed | {name: f for name, f in table.items() if name not in order}


# ---- configs


def _is_ours(cls, name):
    f = cls.__fields__.get(name)
    return cls.__records__ if f is None else f.to is None


def _is_default(f, cls, value):
    if f.required:
        return False
    try:
        default = f.convert(cls, f.default_value())
        return value is default or bool(f.encode(value) == f.encode(default))
    except Exception:  # a repr never raises: what cannot be compared is shown
        return False


# ---- arguments and messages


def _by_name(cls, args, kwargs):
    positional = cls.__positional__
    if len(args) > len(positional):
        raise TypeError(
            f"{cls.__name__} takes at most {len(positional)} positional arguments ({', '.join(positional)}), "
            f"got {len(args)}."
        )
    for name, value in zip(positional, args, strict=False):
        if name in kwargs:
            raise TypeError(f"{cls.__name__} got multiple values for argument {name!r}.")
        kwargs[name] = value
    return kwargs


def _unexpected_message(cls, name):
    hint = names.nearest(name, list(cls.__fields__))
    takes = ", ".join(cls.__fields__)
    return f"{cls.__name__} got an unexpected keyword argument {name!r}.{hint} It takes: {takes}."


def _missing_message(cls, given):
    missing = [name for name, f in cls.__fields__.items() if f.required and name not in given]
    plural = "s" if len(missing) > 1 else ""
    return f"{cls.__name__} needs the argument{plural} {', '.join(map(repr, missing))}."


def _display(value):
    return repr(value.__name__) if isinstance(value, types.FunctionType) else short(value)
