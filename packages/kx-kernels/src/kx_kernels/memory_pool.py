"""NumPy arrays from a pool: memory that was given back serves the next array of the same size."""

from kx_kernels.native import native


class pooled:
    """Take the memory of new NumPy arrays from the pool inside the `with` block, in this context (PEP 567).

    Large arrays otherwise come from the system anew each time, and the first touch of each page costs as much as most
    work done on it. It keeps at most twice what was in use at once; `trim_pool` gives it back. NEP 49.

    >>> import numpy as np
    >>> with pooled():
    ...     del_me = np.ones(100_000)
    ...     place = del_me.ctypes.data
    ...     del del_me
    ...     print(np.ones(100_000).ctypes.data == place)
    True
    """

    __slots__ = ("previous",)

    def __enter__(self):
        self.previous = native.use_allocator()

    def __exit__(self, *exc):
        native.use_allocator(self.previous)
