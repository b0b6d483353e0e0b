"""Watching one number of the logs: which way is better, and whether it improved."""

import warnings

from kx_models.callbacks.callback import Callback


class MonitorCallback(Callback):
    """Base of the callbacks that compare one entry of the logs with the best one so far.

    `mode` is "min", "max" or "auto". "auto" takes "loss" and "val_loss" as lower is better, and for a metric
    of the model the direction which the metric declares (`_direction`); without one it raises ValueError. A
    change smaller than `min_delta` is no improvement.

    >>> watch = MonitorCallback("val_loss", min_delta=0.1)
    >>> watch.resolve_direction()
    >>> watch.improves(0.5, 0.7), watch.improves(0.65, 0.7)
    (True, False)
    """

    def __init__(self, monitor="val_loss", mode="auto", best=None, min_delta=0):
        super().__init__()
        if mode not in ("auto", "min", "max"):
            warnings.warn(
                f"{type(self).__name__} mode '{mode}' is unknown, fallback to auto mode.", stacklevel=3
            )
            mode = "auto"
        self.monitor = monitor
        self.mode = mode
        self.best = best
        self.min_delta = abs(min_delta)
        self.sign = None  # +1: higher is better, -1: lower is better, None: not known yet

    def resolve_direction(self):
        """Find out whether higher or lower is better; metrics are known only once the model has seen data."""
        if self.sign is not None:
            return
        self._take_new_name()
        if self.mode != "auto":
            self.sign = 1 if self.mode == "max" else -1
            return
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            self.sign = -1
            return
        for metric in _flat_metrics(getattr(self.model, "metrics", ())):
            direction = getattr(metric, "_direction", None)
            if metric.name == name and direction is not None:
                self.sign = 1 if direction == "up" else -1
                return
        raise ValueError(
            f"{type(self).__name__} callback received monitor={self.monitor}, but Keras isn't able to "
            "automatically determine whether that metric should be maximized or minimized. Pass `mode='max'` "
            "in order to monitor based on the highest metric value, or pass `mode='min'` in order to use the "
            "lowest value."
        )

    def _take_new_name(self):
        """Watch what the logs call it today: in Keras 2.2 the entry of "accuracy" was "acc"."""
        if self.monitor.removeprefix("val_") == "acc":
            from kx_io.spellings import modern_log  # new code watches new names

            names = [metric.name for metric in _flat_metrics(getattr(self.model, "metrics", ()))]
            self.monitor = modern_log(self.monitor, [*names, *(f"val_{name}" for name in names)])

    def improves(self, value, reference):
        """Whether `value` beats `reference` by more than `min_delta`; anything beats None."""
        if reference is None:
            return True
        if self.sign == 1:
            return value - self.min_delta > reference
        return value + self.min_delta < reference


def _flat_metrics(metrics):
    """Yield metrics and, below a container of metrics, its parts."""
    for metric in metrics:
        yield metric
        yield from _flat_metrics(getattr(metric, "metrics", ()))
