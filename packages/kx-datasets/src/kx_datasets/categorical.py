"""Class numbers as one-hot rows, and rows scaled to length one."""

import numpy as np


def to_categorical(x, num_classes=None):
    """One-hot rows of class numbers: `out[..., c] = 1` where `x[...] == c`.

    Shapes: (...) or (..., 1) -> (..., num_classes), float64. Without `num_classes` it is the largest class
    plus one. Fractions are cut off; a negative class counts from the last one, as an index of NumPy.

    Errors: `IndexError` for a class that is not below `num_classes`; `ValueError` for no classes at all.

    >>> to_categorical([0, 2, 1]).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.0, 1.0], [0.0, 1.0, 0.0]]
    """
    x = np.array(x, dtype="int64")
    shape = x.shape[:-1] if x.ndim > 1 and x.shape[-1] == 1 else x.shape
    x = x.reshape(-1)
    if not num_classes:
        if not x.size:
            raise ValueError("Expected at least one class number, or `num_classes`; got an empty array.")
        num_classes = int(x.max()) + 1
    if x.size and not -num_classes <= x.min() <= x.max() < num_classes:
        wrong = int(x.max()) if x.max() >= num_classes else int(x.min())
        raise IndexError(
            f"Class {wrong} at position {int(np.argmax(x == wrong))} is out of range for "
            f"num_classes={num_classes}; "
            f"classes run from 0 to {num_classes - 1}."
        )
    out = np.zeros((x.size, num_classes))
    out[np.arange(x.size), x] = 1
    return out.reshape(*shape, num_classes)


def normalize(x, axis=-1, order=2):
    """`x` divided by its norm along `axis`; where the norm is zero, `x` as it is.

    Shapes: as `x`; one axis becomes (1, n). Args: `order` of the norm, as in `numpy.linalg.norm`; `axis=None`
    takes the norm of all of `x`.

    >>> normalize(np.array([[3.0, 4.0], [0.0, 0.0]])).tolist()
    [[0.6, 0.8], [0.0, 0.0]]
    """
    x = np.asarray(x)
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, -1 if axis is None else axis)
