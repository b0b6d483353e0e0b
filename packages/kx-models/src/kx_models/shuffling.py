"""The order of the samples, reproducible by `set_random_seed`."""

import numpy as np

from kx_tensor.random import SeedGenerator


def new_generator():
    """Return a NumPy generator that depends only on the seed set by `set_random_seed`, if one was.

    >>> sorted(new_generator().permutation(3).tolist())
    [0, 1, 2]
    """
    return np.random.default_rng(SeedGenerator().state.numpy())
