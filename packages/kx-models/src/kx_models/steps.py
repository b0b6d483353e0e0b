"""`compile`, and one step of training, evaluation or prediction.

A step is eager: forward, loss, one walk back over the tape, one optimizer call for all parameters, metrics. Where a
step comes again and again in the same shapes, `kx_models.steady` replays it.
"""

import inspect
import warnings

import numpy as np

import kx_optimizers
from kx_io import registry
from kx_losses.metric import Mean, Metric
from kx_models.arguments import takes_old, unknown_arguments
from kx_models.batches import as_batch, ones_like_scalar, samples_in, unpack_x_y_sample_weight
from kx_models.compile import CompiledLoss, CompiledMetrics
from kx_models.steady import SteadyForward, SteadyStep
from kx_optimizers.loss_scale import LossScaleOptimizer
from kx_tensor import ops, tape
from kx_tensor.backward import backward
from kx_tensor.symbolic import KerasTensor


class Steps:
    """The training side of a Model. Override `train_step`, `test_step`, `predict_step` or `compute_loss` to change
    it.
    """

    def _start(self):
        """Set the attributes that training keeps on a model; none of them is part of the model's own state."""
        for name in (
            "optimizer",
            "history",
            "run",
            "_compiled_loss",
            "_compiled_metrics",
            "_loss_tracker",
            "_part_trackers",
        ):
            self.untracked(name, None)
        self.untracked("compiled", False)
        self.untracked("stop_training", False)
        self.untracked("steps_per_execution", 1)
        self.untracked("_compile_config", None)
        self.untracked("run_eagerly", False)
        self.untracked("jit_compile", None)
        self.untracked("_steady", SteadyStep())
        self.untracked("_steady_forward", SteadyForward())

    # ---- compiling -------------------------------------------------------------------------------------------

    @takes_old
    def compile(
        self,
        optimizer="rmsprop",
        loss=None,
        loss_weights=None,
        metrics=None,
        weighted_metrics=None,
        run_eagerly=False,
        steps_per_execution=1,
        jit_compile="auto",
        auto_scale_loss=True,
        **kwargs,
    ):
        """Say how to train: the optimizer, the loss(es), their weights, the metrics.

        Each is a name, an object, a function, or a list or dict of those per output. With `run_eagerly` every step
        runs layer by layer; otherwise kx replays one whose shapes repeat (`kx_models.steady`), which gives the
        same numbers sooner. `jit_compile` is taken for Keras's sake: kx compiles nothing.
        """
        if kwargs:
            raise unknown_arguments("compile", kwargs, Steps.compile)
        if not isinstance(steps_per_execution, int) or steps_per_execution < 1:
            raise ValueError(f"steps_per_execution must be a positive integer, got {steps_per_execution!r}.")
        given = {
            "optimizer": optimizer, "loss": loss, "loss_weights": loss_weights, "metrics": metrics,
            "weighted_metrics": weighted_metrics, "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution, "jit_compile": jit_compile,
        }  # fmt: skip
        self.untracked("_compile_config", given)
        optimizer = kx_optimizers.get(optimizer)
        mixed = self.dtype_policy is not None and self.dtype_policy.name == "mixed_float16"
        if auto_scale_loss and mixed and not isinstance(optimizer, LossScaleOptimizer):
            optimizer = LossScaleOptimizer(optimizer)
        names = getattr(self, "output_names", None) if self.built else None
        self.untracked("optimizer", optimizer)
        self.untracked("_compiled_loss", None if loss is None else CompiledLoss(loss, loss_weights, names))
        if self._compiled_loss is not None:
            self._compiled_loss.check()
        compiled = CompiledMetrics(metrics, weighted_metrics, names, self._compiled_loss)
        self.untracked("_compiled_metrics", compiled)
        self._compiled_metrics.check()
        self.untracked("_loss_tracker", Mean(name="loss"))
        self.untracked("_part_trackers", [])
        self.untracked("steps_per_execution", steps_per_execution)
        self.untracked("run_eagerly", bool(run_eagerly))
        self.untracked("jit_compile", jit_compile)
        self.untracked("stop_training", False)
        self.untracked("_steady", SteadyStep())
        self.untracked("_steady_forward", SteadyForward())
        self.untracked("compiled", True)

    def _needs_compile(self, what):
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before calling `{what}()`.")

    @property
    def loss(self):
        """The loss as given to `compile`."""
        return self._compile_config["loss"] if self._compile_config else None

    @property
    def metrics(self):
        """The loss tracker, metrics that layers or the model hold as attributes, the compiled metrics as one."""
        found = [] if self._loss_tracker is None else [self._loss_tracker]
        found += self._own_metrics()
        if self._compiled_metrics is not None:
            compiled = [self._compiled_metrics] if self._compiled_metrics.any else []
            found += [*compiled, *self._part_trackers]
        return list({id(m): m for m in found}.values())

    @property
    def metrics_names(self):
        """The names of `metrics`."""
        return [m.name for m in self.metrics]

    @property
    def metrics_variables(self):
        """The variables of all metrics."""
        return [v for m in self.metrics for v in m.variables]

    def reset_metrics(self):
        """Set all metrics back to their start."""
        variables, others = self._kept("reset", self._find_what_to_reset)
        for variable in variables:
            variable.data.fill(0)
        for metric in others:
            metric.reset_state()

    def _find_what_to_reset(self):
        """The variables of metrics that are reset by setting these to zero, and the other metrics."""
        metrics = self._flat_metrics()
        plain = [m for m in metrics if type(m).reset_state is Metric.reset_state]
        return [v for m in plain for v in m.variables], [m for m in metrics if m not in plain]

    def _flat_metrics(self):
        """`metrics` with the compiled ones one by one."""
        return [one for m in self.metrics for one in (m.metrics if isinstance(m, CompiledMetrics) else [m])]

    def get_compile_config(self):
        """Return what `compile` was given, serialized; an empty dict before that."""
        if not self._compile_config:
            return {}
        config = dict(self._compile_config)
        config["optimizer"] = registry("optimizers").serialize(self.optimizer)
        return {k: _serialized(v) for k, v in config.items()}

    def compile_from_config(self, config):
        """Compile with what `get_compile_config` returned."""
        config = {k: v for k, v in config.items() if k in inspect.signature(Steps.compile).parameters}
        self.compile(**config)
        if self.built:
            self.optimizer.build(self.trainable_variables)

    # ---- one step --------------------------------------------------------------------------------------------

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        """Return the scalar to minimize: the compiled loss plus what layers added and regularizers ask for."""
        losses = []
        if self._compiled_loss is not None:
            loss = self._compiled_loss(y, y_pred, sample_weight)
            if loss is not None:
                losses.append(self._value_of(loss, x) if loss.__class__ is KerasTensor else loss)
        if self._losses or self._loss_layers or self._kept("regularized", self._find_regularized):
            losses += self._extra_losses()
        if not losses:
            if not training:
                return ops.zeros(())
            raise ValueError(
                "No loss to compute: compile the model with a loss, or call `add_loss` in a layer, or override "
                "`compute_loss`."
            )
        total = losses[0]
        for loss in losses[1:]:
            total = total + loss
        return total

    def _extra_losses(self):
        """The losses added by layers in this call, and those of the regularizers."""
        added = list(self._losses)
        for layer in self._loss_layers.values():
            added += layer._losses
        for variable in self._kept("regularized", self._find_regularized):
            added.append(variable.regularizer(variable))
        return added

    def _find_regularized(self):
        return [v for v in self.trainable_variables if v.regularizer is not None]

    def compute_metrics(self, x, y, y_pred, sample_weight=None):
        """Update the compiled metrics with a batch and return all results."""
        self._compiled_metrics.update_state(y, y_pred, sample_weight)
        return self.get_metrics_result()

    def get_metrics_result(self):
        """Return {name: value} of the loss and the metrics."""
        results = {"loss": self._loss_tracker.result()}
        if self._part_trackers:
            results.update({m.name: m.result() for m in self._part_trackers})
        results.update(self._compiled_metrics.result())
        for metric in self._own_metrics():
            value = metric.result()
            results.update(value if isinstance(value, dict) else {metric.name: value})
        return results

    def _own_metrics(self):
        """Metrics that the model or its layers hold as attributes."""
        return self._kept("metrics", self._find_metrics)

    def train_step(self, data):
        """Train on one batch `(x,)`, `(x, y)` or `(x, y, sample_weight)` and return the metrics so far."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        logs = self._train(x, y, sample_weight)
        return self.get_metrics_result() if logs is None else logs

    def _train(self, x, y, sample_weight):
        loss, y_pred, grads = self._steady.run(self, self._gradients, x, y, sample_weight)
        if grads is not None:
            self.optimizer.apply(grads, self._kept("trainable", self._find_trainable))
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self._track(x, y, y_pred, sample_weight, loss)

    def _gradients(self, x, y, sample_weight):
        """The loss and outputs for a batch, and the raw gradients of the trainable variables (None: there are none)."""
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
        if loss.node is None:
            return loss, y_pred, None
        scaled = self.optimizer.scale_loss(loss)
        found = backward([scaled.node], [ones_like_scalar(scaled)])
        return loss, y_pred, [found.get(v.node) for v in self._kept("trainable", self._find_trainable)]

    def _track(self, x, y, y_pred, sample_weight, loss):
        """Update the loss tracker and the metrics with a batch; return the logs if `compute_metrics` is overridden."""
        with tape.no_grad():
            size = samples_in(x)
            self._loss_tracker.update_state(loss, size)
            parts = self._compiled_loss.parts if self._compiled_loss is not None else ()
            if len(parts) > 1:
                self._track_parts(parts, size)
            if type(self).compute_metrics is not Steps.compute_metrics:
                return self.compute_metrics(x, y, y_pred, sample_weight)
            metrics = self._compiled_metrics
            if metrics.rows or not metrics.built:
                metrics.update_state(y, y_pred, sample_weight)
            return None

    def _track_parts(self, parts, size):
        """Update the trackers of the losses of several outputs."""
        if not self._part_trackers:
            names = [f"{n}_loss" for n in self._compiled_loss.part_names]
            self.untracked("_part_trackers", [Mean(name=n) for n in names])
        for tracker, part in zip(self._part_trackers, parts):
            tracker.update_state(part, size)

    def test_step(self, data):
        """Evaluate one batch and return the metrics so far."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        logs = self._test(x, y, sample_weight)
        return self.get_metrics_result() if logs is None else logs

    def _test(self, x, y, sample_weight):
        y_pred = self._forward(x)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        return self._track(x, y, y_pred, sample_weight, loss)

    def predict_step(self, data):
        """Return the outputs for one batch."""
        return self._forward(unpack_x_y_sample_weight(data)[0])

    def _forward(self, x, y=None, sample_weight=None):
        """The outputs for x at inference."""
        return self._steady_forward.run(self, self._infer, x)

    def _infer(self, x):
        return self(x, training=False)

    def _own_step(self, name, plain):
        """The step as a function of (x, y, sample_weight) and whether it returns its logs itself."""
        method = getattr(type(self), name)
        if method is getattr(Steps, name):
            own_logs = type(self).compute_metrics is not Steps.compute_metrics and name != "predict_step"
            step = plain
        else:
            own_logs = True
            step = lambda x, y, sample_weight: getattr(self, name)(as_batch(x, y, sample_weight))
        if isinstance(
            self.optimizer, LossScaleOptimizer
        ):  # it finds overflows itself and leaves their steps out
            step = np.errstate(over="ignore", invalid="ignore")(step)
        return step, own_logs


def _serialized(value):
    return registry("losses").serialize(value) if callable(value) or hasattr(value, "get_config") else value
