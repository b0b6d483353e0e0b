"""Means of the logs of an epoch's batches."""

from kx_models.callbacks.callback import Callback


class BaseLogger(Callback):
    """Put the means over an epoch's batches into the logs of the epoch; those named in `stateful_metrics` as they are.

    Of Keras 1 and 2, whose batches told their own losses: today's logs are means over the epoch already, which this
    leaves as they are, so it is for training loops of one's own.

    >>> logger = BaseLogger()
    >>> logger.on_epoch_begin(0)
    >>> logger.on_train_batch_end(0, {"size": 3, "loss": 1.0}); logger.on_train_batch_end(1, {"size": 1, "loss": 3.0})
    >>> logs = {}
    >>> logger.on_epoch_end(0, logs); logs
    {'loss': 1.5}
    """

    def __init__(self, stateful_metrics=None):
        super().__init__()
        self.stateful_metrics = set(stateful_metrics or ())
        self.seen = 0
        self.totals = {}

    def on_epoch_begin(self, epoch, logs=None):
        self.seen = 0
        self.totals = {}

    def on_train_batch_end(self, batch, logs=None):
        logs = logs or {}
        size = logs.get("size", 0)
        self.seen += size
        for name, value in logs.items():
            if name in self.stateful_metrics:
                self.totals[name] = value
            elif name != "size":
                self.totals[name] = self.totals.get(name, 0) + value * size

    def on_epoch_end(self, epoch, logs=None):
        if logs is None or not self.seen:
            return
        for name, total in self.totals.items():
            logs[name] = total if name in self.stateful_metrics else total / self.seen
