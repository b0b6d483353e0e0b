"""How much memory variables may take while a model is made from a file."""

import math

from kx_tensor import dtypes
from kx_tensor.tape import state


class Allowance:
    """Inside the block, the variables that are made may take `limit` bytes in all.

    A file shows how large its weights can be; one that asks for more is refused before memory is taken. `filled_later`
    says that the values of all weights are read next, so that nobody need draw them.

    >>> import numpy as np
    >>> from kx_tensor.variable import Variable
    >>> with Allowance(100):
    ...     Variable(lambda shape, dtype: np.ones(shape), (1000, 1000), name="kernel")
    Traceback (most recent call last):
    ValueError: Variable 'kernel' of shape (1000, 1000) takes 4000000 bytes, but only 100 of 100 are left.
    """

    def __init__(self, limit, filled_later=False):
        self.limit = self.left = limit
        self.filled_later = filled_later

    def __enter__(self):
        self.previous = state.allowance
        state.allowance = self
        return self

    def __exit__(self, *exc):
        state.allowance = self.previous

    def take(self, path, shape, dtype):
        """Count a variable that is to be made; ValueError if it needs more than is left."""
        needed = math.prod(shape) * dtypes.as_numpy(dtype).itemsize
        if needed > self.left:
            raise ValueError(
                f"Variable {path!r} of shape {shape} takes {needed} bytes, but only {self.left} of {self.limit} are "
                "left."
            )
        self.left -= needed
