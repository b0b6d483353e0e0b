"""Files of the model while it trains."""

import os
import warnings

import numpy as np

from kx_models.arguments import without_old_arguments
from kx_models.callbacks.history import Records
from kx_models.callbacks.monitor import MonitorCallback
from kx_models.callbacks.save_frequency import SaveFrequency
from kx_models.messages import say

_WEIGHTS = (".weights.h5", ".weights.json", ".safetensors", ".h5", ".hdf5")
_MODELS = (".keras", ".h5", ".hdf5")


class ModelCheckpoint(MonitorCallback):
    """Save the model, or with `save_weights_only` its weights, after each epoch or every `save_freq` batches.

    `filepath` may name the epoch, the batch (both from 1) and entries of the logs: "{epoch:02d}-{val_loss:.2f}.keras".
    It ends in ".keras" for a model and in ".weights.h5" for weights; the formats of Keras 1 and 2 (".h5", ".hdf5")
    work too. With `save_best_only` only a model that improves `monitor` is saved; at first it must beat
    `initial_value_threshold`, if given. A file that is replaced stays whole until the new one is complete.
    `period=n`, of Keras 2, saves every n-th epoch.

    ValueError for a name of another kind; KeyError for a name in `filepath` that the logs do not have.

    >>> import types
    >>> saver = ModelCheckpoint("{epoch:02d}.keras", verbose=1)
    >>> saver.set_model(types.SimpleNamespace(save=lambda path, overwrite: None))
    >>> saver.on_epoch_end(0, {"loss": 0.5})
    <BLANKLINE>
    Epoch 1: saving model to 01.keras
    <BLANKLINE>
    Epoch 1: finished saving model to 01.keras
    """

    resumed_attributes = ("best",)

    def __init__(
        self,
        filepath,
        monitor="val_loss",
        verbose=0,
        save_best_only=False,
        save_weights_only=False,
        mode="auto",
        save_freq="epoch",
        initial_value_threshold=None,
        **kwargs,
    ):
        self.period = kwargs.pop("period", 1)
        without_old_arguments("ModelCheckpoint", kwargs, ModelCheckpoint)
        super().__init__(monitor, mode, best=initial_value_threshold)
        self.filepath = os.fspath(filepath)
        self.verbose = verbose
        self.save_best_only = save_best_only
        self.save_weights_only = save_weights_only
        self.save_freq = save_freq
        if not SaveFrequency.accepts(save_freq):
            raise ValueError(
                f"Unrecognized save_freq: {save_freq}. Expected save_freq are 'epoch' or integer values"
            )
        if save_weights_only and not self.filepath.endswith(_WEIGHTS):
            raise ValueError(
                "When using `save_weights_only=True` in `ModelCheckpoint`, the filepath provided must end in "
                f"`.weights.h5` (Keras weights format). Received: filepath={self.filepath}"
            )
        if not save_weights_only and not self.filepath.endswith(_MODELS):
            raise ValueError(
                "The filepath provided must end in `.keras` (Keras model format). Received: "
                f"filepath={self.filepath}"
            )
        self._frequency = SaveFrequency(save_freq)
        self._epoch = 0
        if save_freq != "epoch":
            self.on_train_batch_end = self._end_batch

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch" and (epoch + 1) % self.period == 0:
            self._save(epoch, None, logs or {})

    def _end_batch(self, batch, logs=None):
        if self._frequency.due(batch):
            self._save(self._epoch, batch, logs or {})

    def _save(self, epoch, batch, logs):
        path = self._path(epoch, batch, logs)
        if not self._wanted(epoch, path, logs):
            return
        if os.path.isdir(path):
            raise IsADirectoryError(
                "Please specify a non-directory filepath for ModelCheckpoint. Filepath used is an existing "
                f"directory: {path}"
            )
        os.makedirs(os.path.dirname(path) or ".", exist_ok=True)
        write = self.model.save_weights if self.save_weights_only else self.model.save
        write(path, overwrite=True)
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: finished saving model to {path}")

    def _path(self, epoch, batch, logs):
        names = {"epoch": epoch + 1, **logs}
        if batch is not None:
            names["batch"] = batch + 1
        try:
            return self.filepath.format_map(Records(names))
        except KeyError as error:
            raise KeyError(
                f'Failed to format this callback filepath: "{self.filepath}". Reason: {error}'
            ) from error

    def _wanted(self, epoch, path, logs):
        """Whether to save now, which is said; notes the best value."""
        if not self.save_best_only:
            self._say(epoch, f"saving model to {path}")
            return True
        self.resolve_direction()
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(f"Can save best model only with {self.monitor} available.", stacklevel=4)
            return True
        if np.ndim(current):
            warnings.warn(
                f"Can save best model only when `monitor` is a scalar value. Received: {current}. Falling back "
                "to `save_best_only=False`.",
                stacklevel=4,
            )
            return True
        best = "None" if self.best is None else f"{self.best:.5f}"
        if not self.improves(current, self.best):
            self._say(epoch, f"{self.monitor} did not improve from {best}")
            return False
        self._say(epoch, f"{self.monitor} improved from {best} to {current:.5f}, saving model to {path}")
        self.best = current
        return True

    def _say(self, epoch, what):
        if self.verbose > 0:
            say(f"\nEpoch {epoch + 1}: {what}")
