"""A device without a GPU that refuses what CuPy refuses, so that the tests catch code that would fail on one.

Its arrays wrap NumPy's but don't turn into them implicitly, don't mix with them, and can't be iterated in Python;
results of reductions are 0-d arrays, not NumPy scalars.
"""

import operator

import numpy as np

from kx_tensor import device as devices

_HOST_CONSTRUCTORS = ("asarray", "array", "ascontiguousarray")


class StandinArray:
    """An array that behaves as a CuPy array does towards Python and NumPy."""

    __slots__ = ("_host",)
    __array_ufunc__ = None
    __array_priority__ = 1000
    __hash__ = None

    def __init__(self, host):
        self._host = host

    shape = property(lambda self: self._host.shape)
    dtype = property(lambda self: self._host.dtype)
    ndim = property(lambda self: self._host.ndim)
    size = property(lambda self: self._host.size)
    itemsize = property(lambda self: self._host.itemsize)
    nbytes = property(lambda self: self._host.nbytes)
    strides = property(lambda self: self._host.strides)
    flags = property(lambda self: self._host.flags)
    T = property(lambda self: StandinArray(self._host.T))
    real = property(lambda self: StandinArray(self._host.real))
    imag = property(lambda self: StandinArray(self._host.imag))

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed; use `xp.asnumpy(array)`.")

    def __iter__(self):
        raise TypeError("Iterating over the elements of a device array in Python is not allowed.")

    def __len__(self):
        return len(self._host)

    def get(self):
        """Return a NumPy copy."""
        return self._host.copy()

    def item(self):
        """Return the only element as a Python number."""
        return self._host.item()

    def __getitem__(self, key):
        return _wrap(self._host[_unwrap(key)])

    def __setitem__(self, key, value):
        self._host[_unwrap(key)] = _unwrap(value)

    def __bool__(self):
        return bool(self._host)

    def __float__(self):
        return float(self._host)

    def __int__(self):
        return int(self._host)

    def __index__(self):
        return operator.index(self._host)

    def __repr__(self):
        return f"standin{self._host!r}"


def _binary(function):
    def forward(self, other):
        return _wrap(function(self._host, _unwrap(other)))

    def reflected(self, other):
        return _wrap(function(_unwrap(other), self._host))

    def inplace(self, other):
        self._host[...] = function(self._host, _unwrap(other))
        return self

    return forward, reflected, inplace


for _name in (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
):
    _function = getattr(operator, _name + "_" if _name in ("and", "or") else _name)
    for _prefix, _method in zip(("", "r", "i"), _binary(_function), strict=True):
        setattr(StandinArray, f"__{_prefix}{_name}__", _method)
for _name in ("eq", "ne", "lt", "le", "gt", "ge"):
    setattr(StandinArray, f"__{_name}__", _binary(getattr(operator, _name))[0])


def _unary(function):
    return lambda self: _wrap(function(self._host))


for _name in ("neg", "abs", "invert", "pos"):
    setattr(StandinArray, f"__{_name}__", _unary(getattr(operator, _name)))


def _array_method(name):
    def method(self, *args, **kwargs):
        return _call(getattr(self._host, name), args, kwargs)

    return method


for _name in (
    "sum", "mean", "max", "min", "prod", "std", "var", "any", "all", "argmax", "argmin", "reshape", "astype", "ravel",
    "transpose", "squeeze", "take", "copy", "view", "dot", "cumsum", "cumprod", "fill", "flatten", "swapaxes", "clip",
    "round", "repeat", "sort", "argsort", "nonzero", "diagonal", "trace", "conj", "put", "choose", "ptp",
    "searchsorted",
):  # fmt: skip
    setattr(StandinArray, _name, _array_method(_name))


class _Function:
    """A NumPy function or ufunc that takes and gives stand-in arrays."""

    def __init__(self, function, host_ok=False):
        self._function = function
        self._host_ok = host_ok

    def __call__(self, *args, **kwargs):
        return _call(self._function, args, kwargs, self._host_ok)

    def __getattr__(self, name):
        return _Function(getattr(self._function, name))


class _Module:
    """The `xp` of the stand-in: NumPy's (or a submodule's) functions over stand-in arrays."""

    ndarray = StandinArray

    def __init__(self, module):
        self._module = module

    def __getattr__(self, name):
        value = getattr(self._module, name)
        if callable(value) and not isinstance(value, type):
            value = _Function(value, name in _HOST_CONSTRUCTORS)
        elif type(value) is type(np):
            value = _Module(value)
        setattr(self, name, value)
        return value

    @staticmethod
    def asnumpy(array):
        """Return a NumPy copy of a stand-in array."""
        return _unwrap(array, host_ok=True)


def _call(function, args, kwargs, host_ok=False):
    return _wrap(function(*_unwrap(args, host_ok), **_unwrap(kwargs, host_ok)))


def _unwrap(value, host_ok=False):
    if isinstance(value, StandinArray):
        return value._host
    if isinstance(value, np.ndarray) and not host_ok:
        raise TypeError("A device array can't be mixed with a NumPy array; move it with `xp.asarray`.")
    if isinstance(value, (tuple, list)):
        return type(value)(_unwrap(v, host_ok) for v in value)
    if isinstance(value, dict):
        return {k: _unwrap(v, host_ok) for k, v in value.items()}
    return value


def _wrap(value):
    if isinstance(value, (np.ndarray, np.generic)):
        return StandinArray(np.asarray(value))
    if isinstance(value, (tuple, list)):
        return (
            type(value)(*map(_wrap, value)) if hasattr(value, "_fields") else type(value)(map(_wrap, value))
        )
    return value


standin = devices.add(devices.Device("standin", _Module(np)))
