"""The check of indices on the host, where an error can name the bad one at the cost of one pass over them."""

import numpy as np

_UNSIGNED = {np.dtype(f"int{bits}"): np.dtype(f"uint{bits}") for bits in (8, 16, 32, 64)}


def check_indices(indices, size, explain):
    """Raise ValueError(explain(first bad index)) unless all of a NumPy integer array is in [0, size).

    >>> check_indices(np.array([0, 3]), 3, lambda i: f"{i} is out of range.")
    Traceback (most recent call last):
    ValueError: 3 is out of range.
    """
    # Read as unsigned, a negative index is a huge one, so one maximum finds both kinds.
    if indices.size and indices.view(_UNSIGNED.get(indices.dtype, indices.dtype)).max() >= size:
        bad = indices[(indices < 0) | (indices >= size)]
        raise ValueError(explain(bad.flat[0]))
