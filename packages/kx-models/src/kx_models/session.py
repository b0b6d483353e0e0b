"""`clear_session`: what the process keeps beside its models, forgotten."""

import gc

from kx_layers.context import context
from kx_tensor import naming


def clear_session(free_memory=True):
    """Start the automatic names of layers afresh; with `free_memory`, collect garbage at once.

    kx keeps no graph of all that was built: a model that nobody refers to is gone.

    >>> from kx_layers.dense import Dense
    >>> clear_session()
    >>> Dense(1).name, Dense(1).name
    ('dense', 'dense_1')
    """
    naming.reset()
    context.training = None
    if free_memory:
        gc.collect()
