"""The logs of every epoch in a file."""

import csv
import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from kx_models.callbacks.callback import Callback


class CSVLogger(Callback):
    """Write one row per epoch to `filename`: the epoch, then the logs in alphabetical order.

    `append=True` continues a file that is there. A number that the logs of an epoch lack is written as "NA";
    columns for validation are there from the start, as its first results may come later.

    >>> import tempfile, os
    >>> path = os.path.join(tempfile.mkdtemp(), "log.csv")
    >>> log = CSVLogger(path)
    >>> log.on_train_begin(); log.on_epoch_end(0, {"loss": 0.5, "val_loss": 0.6}); log.on_train_end()
    >>> print(open(path).read().strip())
    epoch,loss,val_loss
    0,0.5,0.6
    """

    def __init__(self, filename, separator=",", append=False):
        super().__init__()
        self.filename = os.fspath(filename)
        self.sep = separator
        self.append = append
        self.keys: list[str] = []
        self.append_header = True
        self.csv_file: Any = None
        self.writer: Any = None

    def on_train_begin(self, logs=None):
        self.writer = None
        self.append_header = True
        if self.append and os.path.exists(self.filename):
            with open(self.filename) as file:
                self.append_header = not file.readline()
        # open until training ends, as each row is written when its epoch is over
        self.csv_file = open(self.filename, "a" if self.append else "w", newline="")  # noqa: SIM115

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        if self.writer is None:
            self._open_table(logs)
        row = {"epoch": epoch}
        row.update((key, _cell(logs[key]) if key in logs else "NA") for key in self.keys)
        self.writer.writerow(row)
        self.csv_file.flush()

    def on_train_end(self, logs=None):
        self.csv_file.close()
        self.writer = None

    def _open_table(self, logs):
        self.keys = sorted(logs)
        if not any(key.startswith("val_") for key in self.keys):
            self.keys += ["val_" + key for key in self.keys]
        self.writer = csv.DictWriter(
            self.csv_file, fieldnames=["epoch", *self.keys], delimiter=self.sep, lineterminator="\n"
        )
        if self.append_header:
            self.writer.writeheader()


def _cell(value):
    """Return a number or text as it is, anything longer as a bracketed list."""
    if isinstance(value, str) or np.ndim(value) == 0 or not isinstance(value, Iterable):
        return value
    return f'"[{", ".join(map(str, value))}]"'
