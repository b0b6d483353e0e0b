"""Capturing a computation: the calls on raw arrays that it comes down to, written as straight-line Python.

While a `Recorder` is at work (`with recording(...)`), each op, each rule of a backward pass, each assignment to a
variable and each random draw tells it which function was called with what. The `Program` made of that runs the same
calls again: no tensors, no tape, no look-ups. What ran other than through these is refused rather than guessed at.
"""

import weakref

import numpy as np

from kx_tensor.row_sparse import RowSparse
from kx_tensor.tape import state

_LITERALS = (type(None), bool, int, float, str)
_ARRAYS = (np.ndarray, np.generic, RowSparse)


class CaptureRefused(Exception):
    """Why a computation can't be captured."""


class Recorder:
    """Writes down the calls that it is told of; `inputs` are the raw arrays that change from run to run.

    `variables` are arrays that live on between runs and are read and written in place. `why_not` says, if anything,
    why what was seen can't be run again.

    >>> x, w = np.array([1.0, 2.0]), np.array([3.0, 4.0])
    >>> recorder = Recorder([x], [w])
    >>> program = recorder.finish(recorder.call(np.add, recorder.call(np.multiply, x, w), 1.0))
    >>> program(np.array([10.0, 10.0]))
    array([31., 41.])
    >>> print(program.source)
    def program(x0):
        v0 = c1(x0, c0)
        x0 = None
        v1 = c2(v0, 1.0)
        v0 = None
        return v1
    """

    def __init__(self, inputs, variables):
        self.why_not = None
        self._held = []  # what `_names` knows by its id must not be freed and its id given to another
        self._names = {}
        self._constants = {}
        self._shared = {}
        self._results = 0  # how many have a name
        self._lines = []  # (names written, function, names read, text)
        self._inputs = [self._named(x, f"x{i}") for i, x in enumerate(inputs)]
        for array in variables:
            self.constant(array)

    def call(self, function, *args, **kwargs):
        """Return `function(*args, **kwargs)`, and note it."""
        result = function(*args, **kwargs)
        self.note(function, args, kwargs, result)
        return result

    def note(self, function, args, kwargs, result):
        """Write down that `function(*args, **kwargs)` gave `result`."""
        read = []
        parts = [self._text(a, read) for a in args]
        parts += [f"{key}={self._text(value, read)}" for key, value in kwargs.items()]
        written = []
        target = self._target(result, written)
        text = f"{self._constant(function)}({', '.join(parts)})"
        self._lines.append((written, read, f"{target} = {text}" if written else text))

    def note_casts(self, operands, arrays):
        """Write down how the raw arrays of `operands` became `arrays`, where they are others."""
        for operand, array in zip(operands, arrays):
            given = getattr(operand, "data", operand)
            if array is not given and hasattr(array, "dtype"):
                self.note(_as_dtype, (given, array.dtype), {}, array)

    def constant(self, array):
        """Take an array for one that is there in every run: the same values, or a variable's."""
        self._shared.setdefault(id(array))
        self._held.append(array)
        return array

    def finish(self, outputs):
        """Return the Program that computes `outputs`, nested raw arrays; CaptureRefused if there can't be one."""
        read = []
        returned = self._text(outputs, read)
        if self.why_not is not None:
            raise CaptureRefused(self.why_not)
        last_use = {}
        for number, (written, names, _) in enumerate(self._lines):
            last_use.update(dict.fromkeys([*written, *names], number))
        for name in read:
            last_use.pop(name, None)
        ends = {}
        for name, number in last_use.items():
            ends.setdefault(number, []).append(name)
        body = []
        for number, (_, _, text) in enumerate(self._lines):
            body.append(text)
            if number in ends:
                body.append(" = ".join([*ends[number], "None"]))
        source = "\n    ".join([f"def program({', '.join(self._inputs)}):", *body, f"return {returned}"])
        return Program(source, self._constants)

    # ---- names -----------------------------------------------------------------------------------------------

    def _named(self, value, name):
        key, names = id(value), self._names
        names[key] = name
        if isinstance(value, np.ndarray):  # may be freed as in any step, and then its id is another's
            self._held.append(weakref.ref(value, lambda _: names.pop(key, None)))
        else:
            self._held.append(value)
        return name

    def _text(self, value, read):
        """The expression for an argument; the names in it are added to `read`."""
        name = self._names.get(id(value))
        if name is not None:
            read.append(name)
            return name
        kind = type(value)
        if kind in _LITERALS and value == value and value not in (float("inf"), -float("inf")):
            return repr(value)
        if kind in (tuple, list, dict):
            inside = []
            items = list(value.values()) if kind is dict else value
            parts = [self._text(item, inside) for item in items]
            if not inside and not any(part.startswith("c") for part in parts):
                return repr(value)
            read += inside
            if kind is dict:
                return "{" + ", ".join(f"{key!r}: {part}" for key, part in zip(value, parts)) + "}"
            if kind is list:
                return f"[{', '.join(parts)}]"
            return f"({', '.join(parts)},)" if parts else "()"
        if isinstance(value, _ARRAYS) and id(value) not in self._shared:
            self.why_not = self.why_not or (
                f"an array of shape {value.shape} came from outside the ops, random draws and variables"
            )
        return self._constant(value)

    def _constant(self, value):
        name = self._shared.get(id(value))
        if name is None:
            name = f"c{len(self._constants)}"
            self._constants[name] = value
            self._shared[id(value)] = name
            self._held.append(value)
        return name

    def _target(self, result, written):
        """The assignment target that takes a result apart; the new names are added to `written`."""
        if isinstance(result, (tuple, list)) and any(_has_arrays(item) for item in result):
            return "(" + ", ".join([self._target(item, written) for item in result]) + ",)"
        if isinstance(result, _LITERALS):
            return "_"
        name = self._named(result, f"v{self._results}")
        self._results += 1
        written.append(name)
        return name


class Program:
    """A captured computation: call it with new inputs. `source` is the Python that it runs."""

    def __init__(self, source, constants):
        self.source = source
        self.constants = constants
        namespace = dict(constants)
        exec(compile(source, "<captured computation>", "exec"), namespace)
        self.run = namespace["program"]

    def __call__(self, *inputs):
        return self.run(*inputs)

    def same_as(self, other):
        """Whether two captures of one computation came out alike: nothing in it depends on what was computed.

        Where they differ, a number that Python read from an array, or a state that nobody told of, went into a call.
        """
        return self.source == other.source and all(
            _same(value, other.constants[name]) for name, value in self.constants.items()
        )


class recording:
    """Let `recorder` note everything in the `with` block, on this thread."""

    def __init__(self, recorder):
        self.recorder = recorder

    def __enter__(self):
        self.previous = state.recorder
        state.recorder = self.recorder
        return self.recorder

    def __exit__(self, *exc):
        state.recorder = self.previous


def constant(array):
    """Return a new raw array whose values follow from Python numbers alone, known as such to a Recorder at work."""
    return array if state.recorder is None else state.recorder.constant(array)


def effect(function, target, *args):
    """Run `function(target, *args)`, which changes the array of a variable in place, so that a Recorder sees it.

    >>> total = np.zeros(2)
    >>> effect(np.copyto, total, [1.0, 2.0])
    >>> total
    array([1., 2.])
    """
    if state.recorder is None:
        return function(target, *args)
    return state.recorder.call(function, state.recorder.constant(target), *args)


def _as_dtype(array, dtype):
    return np.asarray(array).astype(dtype)


def _has_arrays(value):
    if isinstance(value, (tuple, list)):
        return any(_has_arrays(item) for item in value)
    return isinstance(value, _ARRAYS)


def _same(a, b):
    if a is b:
        return True
    if isinstance(a, np.ndarray):
        return type(b) is type(a) and (a.shape, a.dtype) == (b.shape, b.dtype) and a.tobytes() == b.tobytes()
    return type(a) is type(b) and bool(a == b)
