"""Callbacks made of plain functions."""

import difflib

from kx_models.callbacks.callback import Callback

_HOOKS = [name for name in vars(Callback) if name.startswith("on_")]


class LambdaCallback(Callback):
    """A callback from functions, one for each hook that matters.

    Epoch hooks get `(epoch, logs)`, batch hooks `(batch, logs)`, the others `(logs)`. Hooks of testing and
    predicting are keywords too. A name that is no hook raises TypeError.

    >>> show = LambdaCallback(on_epoch_end=lambda epoch, logs: print(epoch, logs))
    >>> show.on_epoch_end(0, {"loss": 0.5})
    0 {'loss': 0.5}
    """

    def __init__(
        self,
        on_epoch_begin=None,
        on_epoch_end=None,
        on_train_begin=None,
        on_train_end=None,
        on_train_batch_begin=None,
        on_train_batch_end=None,
        **kwargs,
    ):
        super().__init__()
        hooks = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, hook in hooks.items():
            if name not in _HOOKS:
                near = difflib.get_close_matches(name, _HOOKS, n=1)
                hint = f" Did you mean {near[0]!r}?" if near else f" The hooks are: {', '.join(_HOOKS)}."
                raise TypeError(f"LambdaCallback has no hook {name!r}.{hint}")
            if hook is None:
                continue
            if not callable(hook):
                raise TypeError(f"LambdaCallback({name}=...) expects a function, got {hook!r}.")
            setattr(self, name, hook)
