"""`keras.backend`: random numbers."""

from kx.compat.backend_shapes import with_sizes
from kx_tensor import config, ops, random
from kx_tensor.variable import Variable

__all__ = [
    "random_normal", "random_uniform", "random_bernoulli", "random_binomial", "truncated_normal",
    "random_normal_variable", "random_uniform_variable",
]  # fmt: skip


def random_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return normally distributed numbers; a size may be a symbolic one from `keras.backend.shape`.

    >>> random_normal((2, 3), seed=1).shape
    (2, 3)
    """
    return with_sizes(_drawn(random.normal, mean, stddev, seed), shape, dtype=dtype or config.floatx())


def random_uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Return numbers spread evenly over [minval, maxval).

    >>> random_uniform((2, 3), seed=1).shape
    (2, 3)
    """
    return with_sizes(_drawn(random.uniform, minval, maxval, seed), shape, dtype=dtype or config.floatx())


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return normally distributed numbers, none of them two standard deviations or more from the mean.

    >>> truncated_normal((2, 3), seed=1).shape
    (2, 3)
    """
    return with_sizes(
        _drawn(random.truncated_normal, mean, stddev, seed), shape, dtype=dtype or config.floatx()
    )


def random_bernoulli(shape, p=0.0, dtype=None, seed=None):
    """Return ones with probability p, zeros else.

    >>> random_bernoulli((3,), p=1.0).numpy()
    array([1., 1., 1.], dtype=float32)
    """
    return with_sizes(_bernoulli(p, seed), shape, dtype=dtype or config.floatx())


random_binomial = random_bernoulli


def random_normal_variable(shape, mean, scale, dtype=None, name=None, seed=None):
    """Return a variable of normally distributed numbers.

    >>> random_normal_variable((2,), 0.0, 1.0).shape
    (2,)
    """
    return Variable(random.normal(shape, mean, scale, dtype or config.floatx(), seed), name=name)


def random_uniform_variable(shape, low, high, dtype=None, name=None, seed=None):
    """Return a variable of numbers spread evenly over [low, high).

    >>> random_uniform_variable((2,), 0.0, 1.0).shape
    (2,)
    """
    return Variable(random.uniform(shape, low, high, dtype or config.floatx(), seed), name=name)


def _drawn(draw, first, second, seed):
    def drawn(shape, dtype):
        return draw(shape, first, second, dtype, seed)

    drawn.__name__ = draw.__name__
    return drawn


def _bernoulli(p, seed):
    def bernoulli(shape, dtype):
        return ops.cast(random.uniform(shape, seed=seed) < p, dtype)

    return bernoulli
