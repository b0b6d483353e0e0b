"""`Stateful`: objects whose variables are found through their attributes (layers, metrics, optimizers)."""

from kx_tensor import dtypes
from kx_tensor.structure import structure
from kx_tensor.variable import Variable

_CONTAINERS = (list, dict, tuple)


class Stateful:
    """Keeps an ordered record of the attributes that hold variables, other stateful objects, or containers of them.

    Assigning to an attribute is all it takes. Containers are looked into when the state is asked for, so a list may
    grow after it was assigned.
    """

    def __setattr__(self, name, value):
        if isinstance(value, _TRACKED):
            self._record()[name] = value
            structure.version += 1
        elif name in self._record():
            del self._tracked[name]
            structure.version += 1
        object.__setattr__(self, name, value)

    def __delattr__(self, name):
        self._record().pop(name, None)
        structure.version += 1
        object.__delattr__(self, name)

    def _record(self):
        try:
            return self._tracked
        except AttributeError:
            object.__setattr__(self, "_tracked", {})
            return self._tracked

    def untracked(self, name, value):
        """Set an attribute that is not part of the object's state (a back reference, a cache)."""
        object.__setattr__(self, name, value)

    def _tracked_items(self):
        """(path, object) for the variables and stateful objects directly below, in order of assignment, once each."""
        seen = set()
        for name, value in list(self._record().items()):
            yield from _walk(name, value, seen)

    def _own_variables(self):
        return [v for _, v in self._tracked_items() if isinstance(v, Variable)]

    def _children(self, kind=None):
        """The stateful objects directly below, of class `kind` if given."""
        kind = kind or Stateful
        return [c for _, c in self._tracked_items() if isinstance(c, kind)]

    def _flatten(self, kind=None):
        """This object and all objects of class `kind` reached through such, depth first, each once."""
        kind = kind or Stateful
        found, stack, seen = [], [self], set()
        while stack:
            item = stack.pop()
            if id(item) in seen:
                continue
            seen.add(id(item))
            found.append(item)
            stack.extend(reversed(item._children(kind)))
        return found

    @property
    def variables(self):
        """All variables of the object and of what it holds, each once."""
        return list(self._kept("variables", self._find_variables))

    def _find_variables(self):
        return list({id(v): v for item in self._flatten() for v in item._own_variables()}.values())

    def _kept(self, name, find):
        """What `find()` returns, kept until some object's state changes its structure."""
        kept = self.__dict__.get("_found")
        if kept is None or kept["version"] != structure.version:
            kept = {"version": structure.version}
            self.untracked("_found", kept)
        if name not in kept:
            kept[name] = find()
        return kept[name]

    @property
    def trainable_variables(self):
        """The variables that training changes."""
        return [v for v in self.variables if v.trainable]

    @property
    def non_trainable_variables(self):
        """The variables that training leaves alone (or that the object updates itself)."""
        return [v for v in self.variables if not v.trainable]


_TRACKED = (Variable, Stateful, *_CONTAINERS)


def _walk(path, value, seen):
    if isinstance(value, (Variable, Stateful)):
        if id(value) not in seen:
            seen.add(id(value))
            yield path, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _walk(f"{path}/{key}", item, seen)
    elif isinstance(value, (list, tuple)):
        for i, item in enumerate(value):
            yield from _walk(f"{path}/{i}", item, seen)


def count_params(variables):
    """Return the number of elements in `variables`.

    >>> count_params([Variable([[1.0, 2.0]]), Variable(3.0)])
    3
    """
    return sum(v.size for v in variables)


def size_in_bytes(variables):
    """Return the memory that `variables` take.

    >>> size_in_bytes([Variable([1.0, 2.0])])
    8
    """
    return sum(v.size * dtypes.as_numpy(dtypes.name_of(v.data.dtype)).itemsize for v in variables)
