"""Arrays of texts: they stay on the host as NumPy arrays of Python strings until a layer makes numbers of them."""

import numpy as np

from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable


def is_text(array):
    """Whether a NumPy array holds strings, or Python objects that can only be such.

    >>> is_text(np.array(["a"])), is_text(np.array([1]))
    (True, False)
    """
    return array.dtype.kind in "OUST"


def as_texts(array, encoding="utf-8"):
    """`array` with Python strings as elements (dtype object); bytes are decoded.

    Strings of one size each, as in NumPy's `<U`, would take the memory of the longest for every one of them.

    Errors: TypeError for elements that are no strings.

    >>> as_texts(np.array([b"caf\\xc3\\xa9", "x"], dtype=object)).tolist()
    ['café', 'x']
    """
    if array.dtype.kind in "UT":
        return array.astype(object)
    flat = array.astype(object).ravel().tolist()
    out = np.empty(len(flat), dtype=object)
    for i, text in enumerate(flat):
        if isinstance(text, bytes):
            text = text.decode(encoding)
        elif not isinstance(text, str):
            raise TypeError(
                f"Expected strings, got {text!r} (of type {type(text).__name__}) among them. Fill "
                "missing values first, "
                "and give columns of numbers as arrays of numbers."
            )
        out[i] = text
    return out.reshape(array.shape)


def as_input(value):
    """An array-like (a list, one value, a table's column) as what layers take: a tensor or an array of it.

    >>> as_input(["a", "b"]).dtype, as_input([1, 2]).dtype
    (dtype('O'), dtype('int64'))
    """
    if isinstance(value, (Tensor, KerasTensor, Variable)):
        return value
    array = value if isinstance(value, np.ndarray) else _array(value)
    return as_texts(array) if is_text(array) else array


def _array(value):
    first = value
    while isinstance(first, (list, tuple)) and first:
        first = first[0]
    return np.asarray(value, dtype=object if isinstance(first, (str, bytes)) else None)
