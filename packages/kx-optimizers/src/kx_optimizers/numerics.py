"""What most optimizers share: moving averages in place, and the checks of their coefficients."""

from kx_io import Check
from kx_tensor import config

# The moving averages are divided by 1 - beta**t, so 1 itself is out.
below_one = Check(lambda x: 0 <= x < 1, "a {number} of at least 0 and below 1")


def moving_average(xp, m, g, kept, rest, scratch):
    """`m = kept * m + rest * g`, with `rest = 1 - kept`."""
    xp.multiply(m, kept, m)
    xp.multiply(g, rest, scratch)
    xp.add(m, scratch, m)


def moving_square(xp, v, g, kept, rest, scratch):
    """`v = kept * v + rest * g**2`, with `rest = 1 - kept`."""
    xp.multiply(v, kept, v)
    xp.multiply(g, g, scratch)
    xp.multiply(scratch, rest, scratch)
    xp.add(v, scratch, v)


def standard_epsilon(value):
    """Return `value`; None, as in the signatures of Keras 1 and 2, means `config.epsilon()`."""
    return config.epsilon() if value is None else value
