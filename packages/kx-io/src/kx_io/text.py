"""JSON and YAML from anywhere, read with limits; JSON and YAML written."""

import json

from kx_io.errors import FileFormatError

MAX_TEXT = 256 << 20  # bytes
MAX_DEPTH = 500
MAX_YAML_VALUES = 2_000_000  # with aliases counted as often as they stand for something


def read_json(text, label="the JSON"):
    """The value of a JSON text (str or bytes). Raises FileFormatError for what is no JSON, too large or too deep.

    NaN and infinities are read as Python writes them, which Keras does.

    >>> read_json('{"units": [1, 2.5, null]}')
    {'units': [1, 2.5, None]}
    """
    text = _text(text, label)
    try:
        value = json.loads(text)
    except RecursionError as error:
        raise FileFormatError(f"{label} is nested too deep.") from error
    except ValueError as error:
        raise FileFormatError(f"{label} is no valid JSON ({error}).") from error
    _check_depth(value, label)
    return value


def write_json(value, **options):
    """The JSON text of a config: of plain values, lists, tuples (as lists) and dicts with str keys.

    >>> write_json({"a": (1, 2)})
    '{"a": [1, 2]}'
    """
    return json.dumps(value, **options)


def _text(text, label):
    if len(text) > MAX_TEXT:
        raise FileFormatError(f"{label} has {len(text)} bytes, more than {MAX_TEXT}.")
    if isinstance(text, str):
        return text
    try:
        return text.decode("utf-8")
    except UnicodeDecodeError as error:
        raise FileFormatError(f"{label} is no text in UTF-8 ({error}).") from error


def _check_depth(value, label):
    level, depth = [value], 0
    while level:
        below = []
        for item in level:
            if isinstance(item, (list, dict)):
                below.extend(item.values() if isinstance(item, dict) else item)
        level, depth = below, depth + 1
        if depth > MAX_DEPTH:
            raise FileFormatError(f"{label} is nested more than {MAX_DEPTH} levels deep.")


def read_yaml(text, label="the YAML"):
    """The value of a YAML text: plain values, lists, dicts, and the tuples that old Keras wrote.

    Raises FileFormatError for every other tag (YAML can name Python objects), for aliases that multiply, for texts
    too large or too deep; ImportError without PyYAML.

    >>> read_yaml("shape: !!python/tuple [null, 3]")
    {'shape': (None, 3)}
    """
    yaml = _yaml()
    text = _text(text, label)
    try:
        return _YamlReader(yaml, label).value(yaml.parse(text, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
    except FileFormatError:
        raise
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise FileFormatError(f"{label} is no valid YAML ({error}).") from error


def write_yaml(value, **options):
    """The YAML text of a config; tuples are written as lists, which every YAML reader takes.

    >>> print(write_yaml({"shape": (None, 3)}), end="")
    shape:
    - null
    - 3
    """
    return _yaml().safe_dump(_with_lists(value), **options)


def _with_lists(value):
    if isinstance(value, dict):
        return {key: _with_lists(item) for key, item in value.items()}
    return [_with_lists(item) for item in value] if isinstance(value, (list, tuple)) else value


def _yaml():
    try:
        import yaml  # only those who read or write YAML need it
    except ImportError as error:
        raise ImportError("YAML needs PyYAML: python -m pip install pyyaml") from error
    return yaml


_YAML = "tag:yaml.org,2002:"
_SCALARS = frozenset(_YAML + name for name in ("null", "bool", "int", "float", "str"))
_STRINGS = frozenset(_YAML + name for name in ("str", "python/str", "python/unicode", "timestamp"))
_LISTS = frozenset((_YAML + "seq", _YAML + "python/list", "!", None))
_TUPLES = frozenset((_YAML + "python/tuple",))
_DICTS = frozenset((_YAML + "map", _YAML + "python/dict", "!", None))


class _YamlReader:
    """Builds the value from parse events: no recursion, and the depth is known before anything is built."""

    def __init__(self, yaml, label):
        self.yaml, self.label = yaml, label
        self.scalars = yaml.SafeLoader("")
        self.anchors = {}  # name -> (value, number of values it stands for)
        self.count = 0

    def value(self, events):
        """The value of the one document in the stream of events."""
        yaml, open_nodes, documents = self.yaml, [_Open("document", None)], 0
        for event in events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise FileFormatError(f"{self.label} has more than one document.")
            elif isinstance(event, (yaml.SequenceStartEvent, yaml.MappingStartEvent)):
                open_nodes.append(self.opened(event))
                if len(open_nodes) > MAX_DEPTH:
                    raise FileFormatError(f"{self.label} is nested more than {MAX_DEPTH} levels deep.")
            elif isinstance(event, (yaml.SequenceEndEvent, yaml.MappingEndEvent)):
                node = open_nodes.pop()
                self.add(open_nodes[-1], self.closed(node), node.count, node.anchor)
            elif isinstance(event, yaml.ScalarEvent):
                self.add(open_nodes[-1], self.scalar(event), 1, event.anchor)
            elif isinstance(event, yaml.AliasEvent):
                if event.anchor not in self.anchors:
                    raise FileFormatError(
                        f"{self.label}: the alias {event.anchor!r} names nothing that is complete."
                    )
                self.add(open_nodes[-1], *self.anchors[event.anchor], None)
        return open_nodes[0].items[0] if open_nodes[0].items else None

    def add(self, node, value, count, anchor):
        self.count += count
        if self.count > MAX_YAML_VALUES:
            raise FileFormatError(
                f"{self.label}: more than {MAX_YAML_VALUES} values, with what aliases repeat."
            )
        node.items.append(value)
        node.count += count
        if anchor:
            self.anchors[anchor] = (value, count)

    def opened(self, event):
        if isinstance(event, self.yaml.MappingStartEvent):
            if event.tag in _DICTS:
                return _Open("map", event.anchor)
        elif event.tag in _TUPLES:
            return _Open("tuple", event.anchor)
        elif event.tag in _LISTS:
            return _Open("list", event.anchor)
        raise self.foreign(event.tag)

    def closed(self, node):
        if node.kind == "map":
            keys = node.items[::2]
            if any(isinstance(key, (list, dict)) for key in keys):
                raise FileFormatError(f"{self.label}: the key of a map must be a plain value.")
            return dict(zip(keys, node.items[1::2], strict=True))
        return tuple(node.items) if node.kind == "tuple" else node.items

    def scalar(self, event):
        tag = event.tag
        if tag is None or tag == "!":
            tag = self.scalars.resolve(self.yaml.ScalarNode, event.value, event.implicit)
        if tag in _STRINGS:
            return event.value
        if tag == _YAML + "python/long":  # Python 2
            tag = _YAML + "int"
        if tag not in _SCALARS:
            raise self.foreign(tag)
        if len(event.value) > 4000:
            raise FileFormatError(f"{self.label}: a number of {len(event.value)} digits.")
        return self.scalars.construct_object(self.yaml.ScalarNode(tag, event.value))

    def foreign(self, tag):
        return FileFormatError(
            f"{self.label} has a value of the YAML tag {tag!r}. Only plain values, lists, maps and tuples are read: "
            f"other tags can run code."
        )


class _Open:
    """A list or map whose end has not come yet."""

    __slots__ = ("anchor", "count", "items", "kind")

    def __init__(self, kind, anchor):
        self.kind, self.anchor, self.items, self.count = kind, anchor, [], 1
