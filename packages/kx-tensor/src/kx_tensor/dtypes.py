"""The one dtype table: names, Keras's promotion lattice with weak Python scalars, conversions to NumPy dtypes."""

import functools

import numpy as np

from kx_tensor import config
from kx_tensor.config import floatx as floatx
from kx_tensor.config import set_floatx as set_floatx

FLOATS = ("bfloat16", "float16", "float32", "float64", "float8_e4m3fn", "float8_e5m2")
INTS = ("int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64")
ALLOWED = (*FLOATS, *INTS, "bool", "string", "complex64", "complex128")
_ML_DTYPES = ("bfloat16", "float8_e4m3fn", "float8_e5m2")

# Each type's direct successors; the join of two types is the smallest type above both. "int" and "float" are
# Python scalars: weak, they take the width of whatever they meet.
_ABOVE = {
    "bool": ("int",),
    "int": ("uint8", "int8"),
    "uint8": ("int16", "uint16"),
    "uint16": ("int32", "uint32"),
    "uint32": ("int64", "uint64"),
    "uint64": ("float",),
    "int8": ("int16",),
    "int16": ("int32",),
    "int32": ("int64",),
    "int64": ("float",),
    "float": ("bfloat16", "float16"),
    "bfloat16": ("float32",),
    "float16": ("float32",),
    "float32": ("float64", "complex64"),
    "float64": ("complex128",),
    "complex64": ("complex128",),
    "complex128": (),
}
_PYTHON_TYPES = {bool: "bool", int: "int", float: "float", str: "string", complex: "complex64"}
_names = {}  # numpy dtype -> name


def _all_above(name):
    found, queue = {name}, [name]
    while queue:
        for successor in _ABOVE[queue.pop()]:
            if successor not in found:
                found.add(successor)
                queue.append(successor)
    return found


@functools.cache
def _join(a, b):
    both = _all_above(a) & _all_above(b)
    return next(name for name in both if both <= _all_above(name))


@functools.cache
def _result_type(names, default_float):
    for name in names:
        if name not in _ABOVE:
            raise ValueError(
                f"No promotion rule for dtype {name!r}; it promotes with no other. Cast it first."
            )
    joined = functools.reduce(_join, names)
    return {"int": "int32", "float": default_float}.get(joined, joined)


def result_type(*dtypes):
    """Return the dtype that operands of these dtypes (or Python types, which are weak) are computed in.

    >>> result_type("int64", "float32"), result_type("uint8", "int8"), result_type("float16", float), result_type(int)
    ('float32', 'int16', 'float16', 'int32')
    """
    if not dtypes:
        return floatx()
    names = tuple(_weak_name(d) for d in dtypes)
    if len(set(names)) == 1 and names[0] not in ("int", "float"):
        return names[0]
    return _result_type(names, floatx())


def _weak_name(dtype):
    if isinstance(dtype, str) and (dtype in _ABOVE):
        return dtype
    if isinstance(dtype, type) and dtype in _PYTHON_TYPES:
        return _PYTHON_TYPES[dtype]
    return standardize_dtype(dtype)


def standardize_dtype(dtype):
    """Return the name of a dtype given as a name, a NumPy or ml_dtypes dtype, a Python type, or None for floatx.

    >>> standardize_dtype(np.int8), standardize_dtype(None), standardize_dtype("half")
    ('int8', 'float32', 'float16')
    """
    if dtype is None:
        return floatx()
    if isinstance(dtype, str) and dtype in ALLOWED:
        return dtype
    if isinstance(dtype, type) and dtype in _PYTHON_TYPES:
        return {"int": "int32", "float": floatx()}.get(_PYTHON_TYPES[dtype], _PYTHON_TYPES[dtype])
    if isinstance(dtype, np.dtype):
        return name_of(dtype)
    name = getattr(dtype, "name", None)
    if not isinstance(name, str):
        name = str(dtype).removeprefix("torch.").removeprefix("jax.numpy.")
        try:
            name = np.dtype(dtype).name
        except TypeError:
            pass
    if name.startswith("str") or name.startswith("<U"):
        name = "string"
    if name not in ALLOWED:
        raise ValueError(f"Unknown dtype {dtype!r}. Expected one of {', '.join(ALLOWED)}.")
    return name


def name_of(dtype):
    """Return the name of a NumPy dtype (a dictionary lookup; `np.dtype.name` itself costs microseconds)."""
    name = _names.get(dtype)
    if name is None:
        name = _names[dtype] = "string" if dtype.kind in "US" else dtype.name
    return name


@functools.cache
def as_numpy(name):
    """Return the NumPy dtype of a dtype's name; ml_dtypes is imported for the types that NumPy lacks."""
    if name in _ML_DTYPES:
        import ml_dtypes

        return np.dtype(getattr(ml_dtypes, name))
    if name == "string":
        return np.dtype(object)
    return np.dtype(name)


def is_float_dtype(dtype):
    """Tell whether a dtype is a floating one.

    >>> is_float_dtype("bfloat16"), is_float_dtype("int8")
    (True, False)
    """
    return standardize_dtype(dtype) in FLOATS


def is_int_dtype(dtype):
    """Tell whether a dtype is a signed or unsigned integer (bool is not).

    >>> is_int_dtype("uint8"), is_int_dtype("bool")
    (True, False)
    """
    return standardize_dtype(dtype) in INTS


@functools.cache
def _floating(name, default_float):
    if name in FLOATS or name.startswith("complex"):
        return name
    return _result_type((name, "float"), default_float)


def floating(name):
    """Return the float dtype in which a function of the reals computes for inputs of dtype `name`.

    >>> floating("int64"), floating("float16")
    ('float32', 'float16')
    """
    return _floating(name, config.floatx())


def finfo(dtype):
    """Return the limits of a float dtype, given as a NumPy dtype (ml_dtypes knows those that NumPy lacks)."""
    if name_of(dtype) in _ML_DTYPES:
        import ml_dtypes

        return ml_dtypes.finfo(dtype)
    return np.finfo(dtype)


def int_limits(dtype):
    """Return the smallest and largest number of an integer dtype.

    >>> int_limits("int8")
    (-128, 127)
    """
    limits = np.iinfo(as_numpy(standardize_dtype(dtype)))
    return int(limits.min), int(limits.max)
