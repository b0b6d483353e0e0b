"""Shuffling with a seed and splitting off a test set, in the way that fixes Keras's published splits."""

import numpy as np


def shuffled(seed, *sizes):
    """A permutation of `range(size)` for each size, drawn one after the other from one generator.

    `numpy.random.RandomState` is frozen by NumPy, so a seed gives the same split everywhere.

    >>> [each.tolist() for each in shuffled(113, 4)]
    [[3, 2, 0, 1]]
    """
    generator = np.random.RandomState(seed)
    orders = [np.arange(size) for size in sizes]
    for order in orders:
        generator.shuffle(order)
    return orders


def check_test_split(test_split):
    """Raise `ValueError` unless `0 <= test_split < 1`."""
    if not 0 <= test_split < 1:
        raise ValueError(
            f"Invalid `test_split` argument: {test_split}. It must be between 0 and 1 (exclusive of 1)."
        )


def shuffle_and_split(x, y, test_split, seed):
    """`(x_train, y_train), (x_test, y_test)`: rows in an order drawn from the seed, the last ones to test."""
    (order,) = shuffled(seed, len(x))
    train = int(len(x) * (1 - test_split))
    x, y = x[order], y[order]
    return (x[:train].copy(), y[:train].copy()), (x[train:].copy(), y[train:].copy())
