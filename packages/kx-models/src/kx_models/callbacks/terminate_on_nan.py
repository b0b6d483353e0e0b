"""Stop training when the loss is no longer a number."""

import math

from kx_models.callbacks.callback import Callback
from kx_models.messages import say


class TerminateOnNaN(Callback):
    """Stop `fit` at the first batch after which the loss is NaN or infinite, or raise RuntimeError.

    `raise_error` chooses the error.

    >>> import types
    >>> watch = TerminateOnNaN()
    >>> watch.set_model(types.SimpleNamespace(stop_training=False))
    >>> watch.on_train_batch_end(3, {"loss": float("nan")})
    Batch 3: Invalid loss, terminating training
    >>> watch.model.stop_training
    True
    """

    def __init__(self, raise_error: bool = False):
        super().__init__()
        self.raise_error = raise_error

    def on_train_batch_end(self, batch, logs=None):
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating training "
                "immediately."
            )
        say(f"Batch {batch}: Invalid loss, terminating training")
        self.model.stop_training = True
