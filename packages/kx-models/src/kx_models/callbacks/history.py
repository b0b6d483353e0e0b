"""The record of a training run."""

from kx_models.callbacks.callback import Callback


class Records(dict):
    """The values of each entry of the logs, one per epoch; answers to the names that Keras 1 and 2 gave them, too."""

    def __missing__(self, name):
        from kx_io.spellings import modern_log  # new names are not missing

        modern = modern_log(name, self)
        if modern == name:
            raise KeyError(name)
        return self[modern]


class History(Callback):
    """Keeps the logs of every epoch; `fit` adds one and returns it.

    `history` maps each name in the logs to its values, one per epoch; `epoch` lists the epochs.

    >>> record = History()
    >>> record.on_train_begin()
    >>> record.on_epoch_end(0, {"loss": 0.5})
    >>> record.history
    {'loss': [0.5]}
    """

    resumed_attributes = ("epoch", "history")

    def __init__(self):
        super().__init__()
        self.epoch = []
        self.history = Records()

    def set_model(self, model):
        """Receive the model and become its `history`."""
        super().set_model(model)
        if model is not None:
            model.history = self

    def on_train_begin(self, logs=None):
        self.epoch = []
        self.history = Records()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)
