"""All callbacks of a run as one, at no cost for hooks that nobody overrides."""

from kx_models.callbacks.callback import Callback
from kx_models.callbacks.history import History
from kx_models.callbacks.progbar_logger import ProgbarLogger
from kx_tensor import tree

_HOOKS = [
    name
    for name in vars(Callback)
    if name.startswith("on_") and name not in ("on_batch_begin", "on_batch_end")
]
_OLD_NAMES = {"on_train_batch_begin": "on_batch_begin", "on_train_batch_end": "on_batch_end"}


class CallbackList:
    """Calls every hook on all `callbacks` (one, a list, or nested lists) in order.

    `add_history` and `add_progbar` append a `History` and a `ProgbarLogger` where none is among them;
    `params` are "verbose", "epochs" and "steps".

    Which callbacks override which hook is looked up once, so that a training loop can leave out what nobody
    wants: `wants_train_batch_begin` tells whether to call that hook at all, `wants_train_batches` whether any
    callback follows training batches, and `train_batch_due(step)` whether the logs must be computed after
    this one (a progress bar that was just drawn does not need them); the same with `test` and `predict`.

    >>> callbacks = CallbackList(add_history=True)
    >>> callbacks.wants_train_batches
    False
    >>> callbacks.on_train_begin()
    >>> callbacks.on_epoch_end(0, {"loss": 0.5})
    >>> callbacks.history.history
    {'loss': [0.5]}
    """

    def __init__(self, callbacks=None, add_history=False, add_progbar=False, model=None, **params):
        self.callbacks = [] if callbacks is None else tree.flatten(callbacks)
        for callback in self.callbacks:
            _check(callback)
        self.history = self._find(History)
        self.progbar = self._find(ProgbarLogger)
        if self.history is None and add_history:
            self.history = History()
            self.callbacks.append(self.history)
        if self.progbar is None and add_progbar:
            self.progbar = ProgbarLogger()
            self.callbacks.append(self.progbar)
        self.model = model
        self.params = params
        self._index_hooks()
        if model is not None:
            self.set_model(model)
        if params:
            self.set_params(params)

    def append(self, callback):
        """Add one more callback at the end."""
        _check(callback)
        self.callbacks.append(callback)
        self._index_hooks()

    def set_params(self, params):
        """Give the dict of "verbose", "epochs" and "steps" to all callbacks."""
        self.params = params
        for callback in self.callbacks:
            callback.set_params(params)
        self._index_hooks()  # a progress bar told to be silent drops out

    def set_model(self, model):
        """Give the model to all callbacks."""
        self.model = model
        for callback in self.callbacks:
            callback.set_model(model)

    def _find(self, kind):
        return next((callback for callback in self.callbacks if isinstance(callback, kind)), None)

    def _index_hooks(self):
        """Note which methods each hook calls, and which kinds of batches more than the bar follows."""
        active = [c for c in self.callbacks if not (isinstance(c, ProgbarLogger) and c.silent)]
        active.sort(key=lambda c: getattr(c, "runs_last", False))
        self._hooks = {
            name: [hook for c in active if (hook := _hook(c, name)) is not None] for name in _HOOKS
        }
        watched = {}
        for kind in ("train", "test", "predict"):
            name = f"on_{kind}_batch_end"
            watched[kind] = any(_hook(c, name) for c in active if not isinstance(c, ProgbarLogger))
        self._watches_train, self._watches_test, self._watches_predict = watched.values()
        self._bar = self.progbar if self.progbar in active else None
        self.wants_train_batch_begin = bool(self._hooks["on_train_batch_begin"])
        self.wants_test_batch_begin = bool(self._hooks["on_test_batch_begin"])
        self.wants_predict_batch_begin = bool(self._hooks["on_predict_batch_begin"])
        self.wants_train_batches = bool(self._hooks["on_train_batch_end"])
        self.wants_test_batches = bool(self._hooks["on_test_batch_end"])
        self.wants_predict_batches = bool(self._hooks["on_predict_batch_end"])

    def train_batch_due(self, step):
        """Whether `on_train_batch_end` must be called, with logs, after batch `step`."""
        return self._watches_train or (self._bar is not None and self._bar.due(step))

    def test_batch_due(self, step):
        """Whether `on_test_batch_end` must be called, with logs, after batch `step`."""
        return self._watches_test or (self._bar is not None and self._bar.test_due(step))

    def predict_batch_due(self, step):
        """Whether `on_predict_batch_end` must be called, with outputs, after batch `step`."""
        return self._watches_predict or (self._bar is not None and self._bar.due(step))

    def _call(self, name, *args):
        for hook in self._hooks[name]:
            hook(*args)

    def on_batch_begin(self, batch, logs=None):
        self.on_train_batch_begin(batch, logs)

    def on_batch_end(self, batch, logs=None):
        self.on_train_batch_end(batch, logs)

    def on_epoch_begin(self, epoch, logs=None):
        self._call("on_epoch_begin", epoch, {} if logs is None else logs)

    def on_epoch_end(self, epoch, logs=None):
        self._call("on_epoch_end", epoch, {} if logs is None else logs)

    def on_train_batch_begin(self, batch, logs=None):
        self._call("on_train_batch_begin", batch, {} if logs is None else logs)

    def on_train_batch_end(self, batch, logs=None):
        self._call("on_train_batch_end", batch, {} if logs is None else logs)

    def on_test_batch_begin(self, batch, logs=None):
        self._call("on_test_batch_begin", batch, {} if logs is None else logs)

    def on_test_batch_end(self, batch, logs=None):
        self._call("on_test_batch_end", batch, {} if logs is None else logs)

    def on_predict_batch_begin(self, batch, logs=None):
        self._call("on_predict_batch_begin", batch, {} if logs is None else logs)

    def on_predict_batch_end(self, batch, logs=None):
        self._call("on_predict_batch_end", batch, {} if logs is None else logs)

    def on_train_begin(self, logs=None):
        self._call("on_train_begin", {} if logs is None else logs)

    def on_train_end(self, logs=None):
        self._call("on_train_end", {} if logs is None else logs)

    def on_test_begin(self, logs=None):
        self._call("on_test_begin", {} if logs is None else logs)

    def on_test_end(self, logs=None):
        self._call("on_test_end", {} if logs is None else logs)

    def on_predict_begin(self, logs=None):
        self._call("on_predict_begin", {} if logs is None else logs)

    def on_predict_end(self, logs=None):
        self._call("on_predict_end", {} if logs is None else logs)


def _check(callback):
    """Raise TypeError for what can't be a callback."""
    if isinstance(callback, type):
        raise TypeError(
            f"callbacks expects objects, got the class {callback.__name__}; write {callback.__name__}(...)."
        )
    if not (hasattr(callback, "set_model") and hasattr(callback, "set_params")):
        raise TypeError(
            f"callbacks expects Callback objects, got {callback!r} of type {type(callback).__name__}. Derive "
            "its class from Callback, or wrap a function: LambdaCallback(on_epoch_end=...)."
        )


def _hook(callback, name):
    """Return the bound method if the callback does something there, else None."""
    if _overrides(callback, name):
        return getattr(callback, name)
    old = _OLD_NAMES.get(name)
    return getattr(callback, old) if old and _overrides(callback, old) else None


def _overrides(callback, name):
    if name in getattr(callback, "__dict__", ()):
        return True
    method = getattr(type(callback), name, None)
    return method is not None and method is not getattr(Callback, name)
