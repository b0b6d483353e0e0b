"""What a pipeline carries: nested tuples and dicts of NumPy arrays, and their description."""

import numpy as np


class TensorSpec:
    """Shape and dtype of one part of an element; None in a shape stands for sizes that differ.

    Text has the dtype "string".

    >>> TensorSpec((None, 3), "float32")
    TensorSpec(shape=(None, 3), dtype='float32')
    """

    def __init__(self, shape=None, dtype="float32", name=None):
        self.shape = None if shape is None else tuple(shape)
        self.dtype = dtype_name(dtype)
        self.name = name

    def __repr__(self):
        name = "" if self.name is None else f", name={self.name!r}"
        return f"TensorSpec(shape={self.shape}, dtype={self.dtype!r}{name})"

    def __eq__(self, other):
        return isinstance(other, TensorSpec) and (self.shape, self.dtype) == (other.shape, other.dtype)

    def __hash__(self):
        return hash((self.shape, self.dtype))

    def batched(self, size):
        """Return the description of a batch of such parts.

        >>> TensorSpec((3,), "int32").batched(None)
        TensorSpec(shape=(None, 3), dtype='int32')
        """
        return TensorSpec(None if self.shape is None else (size, *self.shape), self.dtype, self.name)

    def unbatched(self):
        """Return the description of one part of such a batch.

        >>> TensorSpec((None, 3), "int32").unbatched()
        TensorSpec(shape=(3,), dtype='int32')
        """
        return TensorSpec(None if self.shape is None else self.shape[1:], self.dtype, self.name)


def dtype_name(dtype):
    """Return the name of a dtype given as name, NumPy dtype or type; "string" for text.

    >>> dtype_name(np.float32), dtype_name(str), dtype_name("<U5")
    ('float32', 'string', 'string')
    """
    dtype = getattr(dtype, "as_numpy_dtype", dtype)
    if isinstance(dtype, str) and dtype in ("string", "bfloat16"):
        return dtype
    dtype = np.dtype(dtype)
    return "string" if dtype.kind in "OUS" else dtype.name


def is_branch(value):
    """Whether a value is a tuple or dict of parts."""
    return isinstance(value, (tuple, dict))


def map_parts(function, structure, *others):
    """Return the structure with `function(part, *other parts)` in place of each part; None stays.

    >>> map_parts(lambda a, b: a + b, (1, {"k": 2}), (10, {"k": 20}))
    (11, {'k': 22})
    """
    if structure is None:
        return None
    if not is_branch(structure):
        return function(structure, *others)
    for other in others:
        if not is_branch(other) or len(other) != len(structure):
            raise ValueError(f"Expected the structure of {structure!r}, got {other!r}.")
    if isinstance(structure, dict):
        for other in others:
            if not isinstance(other, dict) or other.keys() != structure.keys():
                raise ValueError(f"Expected a dict with the keys {list(structure)}, got {other!r}.")
        return {key: map_parts(function, part, *(o[key] for o in others)) for key, part in structure.items()}
    parts = [map_parts(function, *group) for group in zip(structure, *others, strict=True)]
    return type(structure)(*parts) if hasattr(structure, "_fields") else tuple(parts)


def parts_of(structure):
    """Return the parts of a structure, in order, without the Nones.

    >>> parts_of((1, {"k": 2}, None))
    [1, 2]
    """
    if not is_branch(structure):
        return [] if structure is None else [structure]
    branches = structure.values() if isinstance(structure, dict) else structure
    return [part for branch in branches for part in parts_of(branch)]


def as_part(value):
    """Return an array-like as NumPy array, or as NumPy scalar if it has no axes.

    As in tf.data, numbers of Python become int32 and float32, if they fit. Text is kept as text.

    >>> as_part([1, 2]).dtype, as_part(0.5).dtype, as_part("a")
    (dtype('int32'), dtype('float32'), np.str_('a'))
    """
    if isinstance(value, (np.ndarray, np.generic)) or hasattr(value, "element_spec"):
        return value[()] if value.__class__ is np.ndarray and not value.ndim else value
    if hasattr(value, "detach"):  # PyTorch
        value = value.detach().cpu().numpy()
    array = np.asarray(value)
    if array.dtype == object and all(isinstance(each, str) for each in array.flat):
        array = array.astype(str)
    elif _is_of_python(value):
        if array.dtype == "float64":
            array = array.astype("float32")
        elif array.dtype == "int64" and (array.astype("int32") == array).all():
            array = array.astype("int32")
    return array[()] if not array.ndim else array


def _is_of_python(value):
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return type(value) in (int, float)


def as_element(value):
    """Return what a function or generator of the user gave as an element; a list of parts counts as a tuple.

    >>> as_element({"x": [1, 2], "y": 3})
    {'x': array([1, 2], dtype=int32), 'y': np.int32(3)}
    """
    return map_parts(as_part, value)


def spec_of(element):
    """Return the description of an element.

    >>> spec_of((np.zeros((2, 3)), "a"))
    (TensorSpec(shape=(2, 3), dtype='float64'), TensorSpec(shape=(), dtype='string'))
    """
    return map_parts(_part_spec, element)


def _part_spec(part):
    if hasattr(part, "element_spec"):
        return part.element_spec
    return TensorSpec(np.shape(part), np.asarray(part).dtype)


def call(function, element):
    """Return `function(element)`, where the parts of a tuple are separate arguments.

    >>> call(lambda x, y: x + y, (1, 2))
    3
    """
    if isinstance(element, tuple) and not hasattr(element, "_fields"):
        return function(*element)
    return function(element)
