"""The tables behind the registry: what each name stands for, and where Keras exports it."""

# Public module of Keras per kind, where it is not "keras.<kind>".
_MODULES = {
    "schedules": "keras.optimizers.schedules",
    "dtype_policies": "keras",
    "models": "keras",
    "seed_generators": "keras.random",
}
_SINGULAR = {
    "losses": "loss",
    "schedules": "learning rate schedule",
    "dtype_policies": "dtype policy",
    "ops": "operation",
}
# A bare function name is looked up in these kinds first: "relu" in a file is the activation.
_FUNCTION_ORDER = ("activations", "losses", "metrics", "initializers", "regularizers", "constraints")


class Kind:
    """The names of one kind of object ("layers", "losses", ...)."""

    __slots__ = ("canonical", "exact", "implied", "kind")

    def __init__(self, kind):
        self.kind = kind
        self.exact = {}  # names written out: the object's own name and its aliases
        self.implied = {}  # snake and lower case of class names: they give way to exact names
        self.canonical = {}  # id(object) -> its own name

    def find(self, name):
        """The object called `name`, in any case of letters; None if there is none."""
        for key in (name, name.lower()):
            found = self.exact.get(key, self.implied.get(key))
            if found is not None:
                return found
        return None

    def all_names(self):
        return sorted(self.exact.keys() | self.implied.keys())


class Home:
    """Where Keras exports an object: its module and its name there."""

    __slots__ = ("module", "name", "obj")

    def __init__(self, module, name, obj):
        self.module, self.name, self.obj = module, name, obj


_kinds: dict[str, Kind] = {}
_homes: dict[int, Home] = {}  # id(object) -> Home; the Home keeps the object alive, so the id stays its own
_classes: dict[tuple[str, str], type] = {}  # (module, class name) -> class


def kind_table(kind):
    """The table of `kind`, made on first use."""
    if kind not in _kinds:
        _kinds[kind] = Kind(kind)
    return _kinds[kind]


def singular(kind):
    """The word for one object of a kind, for messages.

    >>> singular("losses"), singular("layers")
    ('loss', 'layer')
    """
    return _SINGULAR.get(kind, kind.removesuffix("s"))


def add(kind, obj, name, aliases, module):
    """Record `obj` under `name` and `aliases`; raises ValueError when a name already means something else."""
    table = kind_table(kind)
    module = module or _MODULES.get(kind, f"keras.{kind}")
    for key in (name, *aliases):
        known = table.exact.get(key)
        if known is not None and not _same_definition(known, obj):
            raise ValueError(
                f"{singular(kind).capitalize()} name {key!r} is taken by {_where(known)}; "
                f"cannot register {_where(obj)} under it too."
            )
    for key in (name, *aliases):
        table.exact[key] = obj
    table.canonical[id(obj)] = name
    if isinstance(obj, type):
        for key in (snake_case(name), name.lower()):
            known = table.implied.get(key)
            if known is None or _same_definition(known, obj):
                table.implied[key] = obj
        _classes[module, name] = obj
    if id(obj) not in _homes:
        _homes[id(obj)] = Home(module, name, obj)


def home(obj):
    """The `Home` of a registered class or function, else None."""
    return _homes.get(id(obj))


def find_class(module, name, kind=None):
    """The registered class `name` of Keras's `module`; where the module does not decide, the name alone."""
    found = _classes.get((module, name))
    if found is not None or not (module is None or _is_keras(module)):
        return found
    wanted = [kind] if kind in _kinds else [part for part in (module or "").split(".") if part in _kinds]
    for known in reversed(wanted):
        found = _kinds[known].exact.get(name)
        if isinstance(found, type):
            return found
    matches = {id(cls): cls for (_, class_name), cls in _classes.items() if class_name == name}
    return next(iter(matches.values())) if len(matches) == 1 else None


def find_function(name, kind=None):
    """The registered function called `name`, in `kind` first, then activations, losses, ...; else None."""
    for known in dict.fromkeys((kind, *_FUNCTION_ORDER, *_kinds)):
        found = _kinds[known].exact.get(name) if known in _kinds else None
        if found is not None and not isinstance(found, type):
            return found
    return None


def known_names():
    """All canonical names of all kinds."""
    return sorted({entry.name for entry in _homes.values()})


def nearest(word, words):
    """`" Did you mean 'x'?"` for the closest of `words`, or an empty string."""
    import difflib  # only a mistake pays for loading it

    lowered = {w.lower(): w for w in words}
    close = difflib.get_close_matches(str(word), words, n=1) or [
        lowered[w] for w in difflib.get_close_matches(str(word).lower(), lowered, n=1)
    ]
    return f" Did you mean {close[0]!r}?" if close else ""


def snake_case(name):
    """A class name as Keras spells it in lower case.

    >>> [snake_case(n) for n in ("KLDivergence", "AUC", "L1L2", "PReLU", "GRUCell", "UpSampling2D")]
    ['kl_divergence', 'auc', 'l1l2', 'p_re_lu', 'gru_cell', 'up_sampling2d']
    """
    out: list[str] = []
    for before, char, after in zip(" " + name, name, name[1:] + " ", strict=False):
        starts_word = char.isupper() and (after.islower() or before.islower())
        if starts_word and out and before != "_":
            out.append("_")
        out.append(char)
    return "".join(out).lower()


def _is_keras(module):
    return module.split(".")[0] in ("keras", "tf_keras", "tensorflow")


def _same_definition(known, obj):
    """True for the object itself and for a newer run of the same definition (a reload, a notebook cell)."""
    return known is obj or (
        getattr(known, "__qualname__", known) == getattr(obj, "__qualname__", obj)
        and getattr(known, "__module__", None) == getattr(obj, "__module__", None)
    )


def _where(obj):
    return f"{getattr(obj, '__module__', '?')}.{getattr(obj, '__qualname__', repr(obj))}"
