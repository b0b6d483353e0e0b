"""What a running call knows: the outermost layer, and whether it trains. One per thread."""

import threading


class _Context(threading.local):
    root = None  # the outermost layer whose call is running
    training = None  # the `training` in force, None where nobody said


context = _Context()


class calling:
    """Run a block as the call of `layer` with `training` in force (None: as the surrounding call has it)."""

    __slots__ = ("layer", "training", "previous", "outermost")

    def __init__(self, layer, training):
        self.layer = layer
        self.training = training

    def __enter__(self):
        self.previous = context.training
        self.outermost = context.root is None
        if self.outermost:
            context.root = self.layer
        if self.training is not None:
            context.training = self.training
        return self

    def __exit__(self, *exc):
        context.training = self.previous
        if self.outermost:
            context.root = None
