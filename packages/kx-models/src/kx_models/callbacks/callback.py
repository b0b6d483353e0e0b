"""The base of callbacks: the hooks that `fit`, `evaluate` and `predict` call."""

from typing import Any


class Callback:
    """Something told about the progress of `fit`, `evaluate` and `predict`; override the hooks you need.

    `self.model` is the model and `self.params` a dict with "verbose", "epochs" and "steps". Every hook gets
    `logs`, a dict of numbers that it may change; setting `self.model.stop_training = True` ends `fit` after
    the batch. `on_batch_begin` and `on_batch_end` are the old names of the training batch hooks.
    `resumed_attributes` names attributes (numbers, texts, lists or dicts of them, lists of arrays) that
    `BackupAndRestore` keeps, for callbacks that count something over the epochs.

    >>> class Losses(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         print(epoch, logs["loss"])
    >>> Losses().on_epoch_end(0, {"loss": 0.5})
    0 0.5
    """

    resumed_attributes: tuple[str, ...] = ()

    def __init__(self):
        self.params = None
        self.model: Any = None

    def set_params(self, params):
        """Receive the dict of "verbose", "epochs" and "steps"."""
        self.params = params

    def set_model(self, model):
        """Receive the model."""
        self.model = model

    def on_batch_begin(self, batch, logs=None):
        """Old name of `on_train_batch_begin`."""

    def on_batch_end(self, batch, logs=None):
        """Old name of `on_train_batch_end`."""

    def on_epoch_begin(self, epoch, logs=None):
        """Called before each epoch of `fit`; epochs count from 0."""

    def on_epoch_end(self, epoch, logs=None):
        """Called after each epoch and its validation, whose metrics are named "val_..." in the logs."""

    def on_train_batch_begin(self, batch, logs=None):
        """Called before each training batch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch, logs=None):
        """Called after each training batch with the metrics of the epoch so far."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch, logs=None):
        """Called before each batch of `evaluate` and of the validation inside `fit`."""

    def on_test_batch_end(self, batch, logs=None):
        """Called after each batch of `evaluate` and of the validation inside `fit`."""

    def on_predict_batch_begin(self, batch, logs=None):
        """Called before each batch of `predict`."""

    def on_predict_batch_end(self, batch, logs=None):
        """Called after each batch of `predict`; `logs["outputs"]` is what the model returned."""

    def on_train_begin(self, logs=None):
        """Called once when `fit` starts."""

    def on_train_end(self, logs=None):
        """Called once when `fit` ends, with the logs of the last epoch."""

    def on_test_begin(self, logs=None):
        """Called when `evaluate` or a validation starts."""

    def on_test_end(self, logs=None):
        """Called when `evaluate` or a validation ends, with its metrics."""

    def on_predict_begin(self, logs=None):
        """Called when `predict` starts."""

    def on_predict_end(self, logs=None):
        """Called when `predict` ends."""
