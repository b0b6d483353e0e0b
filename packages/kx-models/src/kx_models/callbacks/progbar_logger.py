"""The progress bar of `fit`, `evaluate` and `predict`."""

from kx_models.callbacks.callback import Callback
from kx_models.progress import Progbar, standardize_verbose


class ProgbarLogger(Callback):
    """Shows the steps and metrics of each epoch with a `Progbar`; `fit` adds one unless `verbose=0`.

    `verbose` comes from the params: 0 is silent, 1 or "auto" a bar (one line per epoch in a log file), 2 one
    line per epoch. Give your own callback and `verbose=0` to replace it.

    >>> bar = ProgbarLogger()
    >>> bar.set_params({"verbose": 2, "epochs": 2, "steps": 10})
    >>> bar.on_epoch_begin(0)
    Epoch 1/2
    """

    def __init__(self):
        super().__init__()
        self.verbose = 1
        self.epochs = 1
        self.target = None
        self.progbar = None
        self.seen = 0
        self._in_fit = False

    @property
    def silent(self):
        """Whether nothing is shown."""
        return not self.verbose

    def set_params(self, params):
        super().set_params(params)
        self.verbose = standardize_verbose(params.get("verbose", 1))
        self.epochs = params.get("epochs") or 1
        self.target = params.get("steps")

    def due(self, step):
        """Note that batch `step` is done; return whether it is time to draw again."""
        self.seen = step + 1
        return self.progbar is not None and self.progbar.due(self.seen)

    def test_due(self, step):
        """The same for a batch of `evaluate`; a validation inside `fit` is not shown."""
        return not self._in_fit and self.due(step)

    def on_train_begin(self, logs=None):
        self._in_fit = True

    def on_train_end(self, logs=None):
        self._in_fit = False

    def on_epoch_begin(self, epoch, logs=None):
        title = f"Epoch {epoch + 1}/{self.epochs}" if self.epochs > 1 else ""
        self._start(title)

    def on_epoch_end(self, epoch, logs=None):
        self._finish(logs)

    def on_train_batch_end(self, batch, logs=None):
        self._update(batch, logs)

    def on_test_begin(self, logs=None):
        if not self._in_fit:
            self._start()

    def on_test_batch_end(self, batch, logs=None):
        if not self._in_fit:
            self._update(batch, logs)

    def on_test_end(self, logs=None):
        if not self._in_fit:
            self._finish(logs)

    def on_predict_begin(self, logs=None):
        self._start()

    def on_predict_batch_end(self, batch, logs=None):
        self._update(batch, None)  # the outputs are no metrics

    def on_predict_end(self, logs=None):
        self._finish(None)

    def _start(self, title=""):
        self.seen = 0
        if self.silent:
            self.progbar = None
            return
        # The logs are means over the epoch already, so nothing is averaged again; 10 redraws a second are
        # enough.
        self.progbar = Progbar(
            self.target, verbose=self.verbose, interval=0.1, stateless_metrics=(), title=title
        )

    def _update(self, batch, logs):
        self.seen = batch + 1
        if self.progbar is not None:
            self.progbar.update(self.seen, list((logs or {}).items()), finalize=False)

    def _finish(self, logs):
        if self.progbar is None:
            return
        if self.target is None:
            self.progbar.target = self.seen
        self.progbar.update(self.seen or self.target or 0, list((logs or {}).items()), finalize=True)
        self.progbar = None
