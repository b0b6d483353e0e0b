"""Going on after a crash."""

import contextlib
import glob
import os

from kx_models.callbacks.callback import Callback
from kx_models.callbacks.save_frequency import SaveFrequency
from kx_models.resume import read_state, state_of, write_state

_LATEST, _PREVIOUS = "latest.safetensors", "previous.safetensors"


class BackupAndRestore(Callback):
    """Keep the state of `fit` in `backup_dir`, after each epoch or every `save_freq` batches; the next `fit` goes on.

    Run the same script again after it was killed: the weights then end up with the bits of an uninterrupted run. The
    state is one file, replaced atomically: weights, optimizer, metrics, epoch and batch, the order of the data, the
    random numbers of kx, NumPy and Python, the `History`, and what other callbacks count (`EarlyStopping`,
    `ReduceLROnPlateau`, `ModelCheckpoint`, and any that names `resumed_attributes`). Data from a generator is read
    again from its start and what was used is passed over. `double_checkpoint` keeps the state before the last, too;
    `delete_checkpoint=False` keeps the folder after training.

    ValueError if the folder holds the state of another model.

    >>> BackupAndRestore("backup", save_freq=100).save_freq
    100
    """

    runs_last = True  # so that what other callbacks changed at the end of an epoch is in the state

    def __init__(self, backup_dir, save_freq="epoch", double_checkpoint=False, delete_checkpoint=True):
        super().__init__()
        if not os.fspath(backup_dir):
            raise ValueError("Empty `backup_dir` argument passed")
        if not SaveFrequency.accepts(save_freq):
            raise ValueError(
                f"Invalid value for argument `save_freq`. Received: save_freq={save_freq}. Expected either "
                "'epoch' or an integer value."
            )
        self.backup_dir = os.fspath(backup_dir)
        self.save_freq = save_freq
        self.double_checkpoint = double_checkpoint
        self.delete_checkpoint = delete_checkpoint
        self._frequency = SaveFrequency(save_freq)
        self._epoch = 0
        if save_freq != "epoch":
            self.on_train_batch_end = self._end_batch

    def on_train_begin(self, logs=None):
        folder = glob.escape(self.backup_dir)
        for unfinished in glob.glob(
            os.path.join(folder, f".{_LATEST}.*.part")
        ):  # of a process that was killed
            os.unlink(unfinished)
        for name in (_LATEST, _PREVIOUS):
            path = self._file(name)
            if os.path.exists(path):
                self.model.run.begin_from(read_state(path))
                return

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch = epoch

    def on_epoch_end(self, epoch, logs=None):
        if self.save_freq == "epoch":
            self._save(epoch + 1, 0)

    def on_train_end(self, logs=None):
        if self.delete_checkpoint:
            for name in (_LATEST, _PREVIOUS):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(self._file(name))
            with contextlib.suppress(OSError):  # gone already, or other files are there
                os.rmdir(self.backup_dir)

    def _end_batch(self, batch, logs=None):
        if self._frequency.due(batch):
            self._save(self._epoch, batch + 1)

    def _save(self, epoch, batch):
        os.makedirs(self.backup_dir, exist_ok=True)
        latest = self._file(_LATEST)
        if self.double_checkpoint and os.path.exists(latest):
            os.replace(latest, self._file(_PREVIOUS))
        write_state(latest, state_of(self.model, epoch, batch))

    def _file(self, name):
        return os.path.join(self.backup_dir, name)
