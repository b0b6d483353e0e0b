"""The notation in which a primitive lists the inputs it is tested on.

`case("4,5", "5,3")` is two float arrays of these shapes; `"3,4:int32<5"` is an int array with values below 5; `""` is a
scalar; an array, a number, None or a list of shape strings stands for itself. `low` and `high` bound the
random floats, other keywords are static parameters.
"""

import re
from dataclasses import dataclass, field

import numpy as np

from kx_tensor.dtypes import as_numpy

_SPEC = re.compile(r"^(?P<shape>[\d,]*)(:(?P<dtype>\w+))?(<(?P<below>\d+))?$")


@dataclass(frozen=True)
class Case:
    """One set of arguments of a primitive, with what is to be checked on it."""

    inputs: tuple
    params: dict = field(default_factory=dict)
    low: float = -2.0
    high: float = 2.0
    dtype: str = "float32"
    tol: float | None = None
    grad: bool = True
    second: bool = True
    symbolic: bool = True
    match: str | None = None

    def arrays(self, seed=0, dtype=None):
        """Return the case's arguments as NumPy arrays (float ones of `dtype`), the same for the same seed."""
        rng = np.random.default_rng(seed)
        return tuple(self._array(i, rng, dtype or self.dtype) for i in self.inputs)

    def _array(self, spec, rng, dtype):
        if isinstance(spec, list):
            return [self._array(s, rng, dtype) for s in spec]
        if not isinstance(spec, str):
            return spec
        parts = _SPEC.match(spec)
        if parts is None:
            raise ValueError(f"Not a case input: {spec!r}; write like '3,4', '3:int32<5' or ''.")
        shape = tuple(int(n) for n in parts["shape"].split(",") if n)
        kind = parts["dtype"] or dtype
        if kind == "bool":
            return rng.random(shape) < 0.5
        if "int" in kind:
            below = int(parts["below"] or 5)
            low = 0 if kind.startswith("u") or parts["below"] else -4
            return rng.integers(low, below, shape).astype(kind)
        return rng.uniform(self.low, self.high, shape).astype(np.float32).astype(as_numpy(kind))

    def __str__(self):
        parts = [str(i) if not isinstance(i, np.ndarray) else f"array{i.shape}" for i in self.inputs]
        return " ".join(parts + [f"{k}={v}" for k, v in self.params.items()])


_OPTIONS = ("low", "high", "dtype", "tol", "grad", "second", "symbolic", "match")


def case(*inputs, **keywords):
    """Return a Case: inputs as positional arguments, static parameters and options as keywords.

    `grad=False`, `second=False` and `symbolic=False` leave out the derivatives, the second one, and sizes of None.
    `static={...}` gives static parameters whose names are also options, such as `dtype`.
    """
    options = {k: keywords.pop(k) for k in _OPTIONS if k in keywords}
    params = {**keywords.pop("static", {}), **keywords}
    return Case(inputs, params, **options)


def fails(*inputs, match, **keywords):
    """Return a Case that must raise ValueError with a message that matches the regular expression `match`."""
    return case(*inputs, match=match, **keywords)
