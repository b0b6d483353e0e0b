"""Evaluation with the moving averages of the weights."""

from kx_models.callbacks.callback import Callback


class SwapEMAWeights(Callback):
    """Evaluate and predict with the averages that an optimizer with `use_ema=True` keeps, train with the weights.

    With `swap_on_epoch` the averages are also what the callbacks after this one find at the end of an epoch, for a
    `ModelCheckpoint` to save. After `fit` the model has the averages, with or without this callback.

    >>> from kx_layers.dense import Dense
    >>> from kx_models.sequential import Sequential
    >>> model = Sequential([Dense(1)])
    >>> model.compile("sgd", "mse")
    >>> model.evaluate([[1.0]], [1.0], callbacks=[SwapEMAWeights()], verbose=0)
    Traceback (most recent call last):
    ValueError: SwapEMAWeights must be used when `use_ema=True` is set on the optimizer. Received: use_ema=False
    """

    def __init__(self, swap_on_epoch=False):
        super().__init__()
        self.swap_on_epoch = swap_on_epoch
        self._trained = None  # the weights to go on with, while the model has the averages

    def on_epoch_begin(self, epoch, logs=None):
        self._restore()

    def on_epoch_end(self, epoch, logs=None):
        if self.swap_on_epoch:
            self._average()

    def on_test_begin(self, logs=None):
        self._average()

    def on_test_end(self, logs=None):
        self._restore()

    def on_predict_begin(self, logs=None):
        self._average()

    def on_predict_end(self, logs=None):
        self._restore()

    def on_train_end(self, logs=None):
        self._trained = None

    def _average(self):
        optimizer = self.model.optimizer
        inner = getattr(optimizer, "inner_optimizer", optimizer)
        if not getattr(inner, "use_ema", False):
            raise ValueError(
                "SwapEMAWeights must be used when `use_ema=True` is set on the optimizer. Received: "
                f"use_ema={getattr(inner, 'use_ema', None)}"
            )
        if self._trained is None and inner.built:  # before the first step there is no average
            variables = self.model.trainable_variables
            self._trained = [v.device.to_numpy(v.data).copy() for v in variables]
            inner.finalize_variable_values(variables)

    def _restore(self):
        if self._trained is not None:
            for variable, value in zip(self.model.trainable_variables, self._trained):
                variable.assign(value)
            self._trained = None
