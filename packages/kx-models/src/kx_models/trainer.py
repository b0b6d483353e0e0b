"""`compile`, `fit`, `evaluate`, `predict`: the one training loop.

A step is eager: forward, loss, one walk back over the tape, one optimizer call for all parameters, metrics. Nothing is
computed for logs that no callback will read.
"""

import warnings

import numpy as np

import kx_optimizers
from kx_io import registry
from kx_losses.metric import Mean, Metric
from kx_models.arguments import unknown_arguments
from kx_models.batches import (
    as_batch,
    flat_logs,
    joined,
    ones_like_scalar,
    samples_in,
    to_device,
    unpack_validation,
    unpack_x_y_sample_weight,
)
from kx_models.callbacks.callback_list import CallbackList
from kx_models.compile import CompiledLoss, CompiledMetrics
from kx_models.data import adapt, split
from kx_models.progress import standardize_verbose
from kx_optimizers.loss_scale import LossScaleOptimizer
from kx_tensor import device as devices
from kx_tensor import ops, tape, tree
from kx_tensor.backward import backward
from kx_tensor.tensor import Tensor


class Trainer:
    """The training side of a Model. Override `train_step`, `test_step`, `predict_step` or `compute_loss` to change
    it.
    """

    def _start(self):
        """Set the attributes that training keeps on a model; none of them is part of the model's own state."""
        for name in (
            "optimizer",
            "history",
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

    # ---- compiling -------------------------------------------------------------------------------------------

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

        Each is a name, an object, a function, or a list or dict of those per output. `run_eagerly` and `jit_compile`
        are taken for Keras's sake: kx always runs eagerly and compiles nothing.
        """
        if kwargs:
            raise unknown_arguments("compile", kwargs, Trainer.compile)
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
        config = {k: v for k, v in config.items() if k in Trainer.compile.__code__.co_varnames}
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
                losses.append(loss)
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
        y_pred = self(x, training=True)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=True)
        if loss.node is not None:
            optimizer, variables = self.optimizer, self._kept("trainable", self._find_trainable)
            scaled = optimizer.scale_loss(loss)
            found = backward([scaled.node], [ones_like_scalar(scaled)])
            optimizer.apply([found.get(v.node) for v in variables], variables)
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self._track(x, y, y_pred, sample_weight, loss)

    def _track(self, x, y, y_pred, sample_weight, loss):
        """Update the loss tracker and the metrics with a batch; return the logs if `compute_metrics` is overridden."""
        with tape.no_grad():
            size = samples_in(x)
            self._loss_tracker.update_state(loss, size)
            parts = self._compiled_loss.parts if self._compiled_loss is not None else ()
            if len(parts) > 1:
                self._track_parts(parts, size)
            if type(self).compute_metrics is not Trainer.compute_metrics:
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
        y_pred = self(x, training=False)
        loss = self.compute_loss(x, y, y_pred, sample_weight, training=False)
        return self._track(x, y, y_pred, sample_weight, loss)

    def predict_step(self, data):
        """Return the outputs for one batch."""
        x, _, _ = unpack_x_y_sample_weight(data)
        return self(x, training=False)

    def _own_step(self, name, plain):
        """The step as a function of (x, y, sample_weight) and whether it returns its logs itself."""
        method = getattr(type(self), name)
        if method is getattr(Trainer, name):
            own_logs = type(self).compute_metrics is not Trainer.compute_metrics and name != "predict_step"
            step = plain
        else:
            own_logs = True
            step = lambda x, y, sample_weight: getattr(self, name)(as_batch(x, y, sample_weight))
        if isinstance(
            self.optimizer, LossScaleOptimizer
        ):  # it finds overflows itself and leaves their steps out
            step = np.errstate(over="ignore", invalid="ignore")(step)
        return step, own_logs

    # ---- loops -----------------------------------------------------------------------------------------------

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        validation_split=0.0,
        validation_data=None,
        shuffle=True,
        class_weight=None,
        sample_weight=None,
        initial_epoch=0,
        steps_per_epoch=None,
        validation_steps=None,
        validation_batch_size=None,
        validation_freq=1,
        **kwargs,
    ):
        """Train for a number of epochs and return the History.

        `x` and `y` are arrays (nested for several inputs or outputs), or `x` is a generator, an iterable of batches, a
        PyDataset. See Keras for the arguments: they are the same.
        """
        if kwargs:
            raise unknown_arguments("fit", kwargs, Trainer.fit)
        self._needs_compile("fit")
        _check_frequency(validation_freq)
        self.stop_training = False
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split((x, y, sample_weight), validation_split)
        source = adapt(x, y, sample_weight, batch_size, shuffle, class_weight, steps_per_epoch)
        callbacks = self._callback_list(callbacks, verbose, epochs, source.num_batches, add_history=True)
        step, own_logs = self._own_step("train_step", self._train)
        validation = None
        self.untracked("history", callbacks.history)
        callbacks.on_train_begin()
        logs = {}
        try:
            for epoch in range(initial_epoch, epochs):
                self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                source.on_epoch_begin()
                results = self._train_epoch(source, step, own_logs, callbacks)
                source.on_epoch_end()
                if results is None:  # the source had no batch left for this epoch, and has said so
                    break
                logs = results
                if validation_data is not None and _due(epoch, validation_freq):
                    if validation is None:
                        vx, vy, vw = unpack_validation(validation_data)
                        size = validation_batch_size or batch_size
                        validation = adapt(vx, vy, vw, size, False, None, validation_steps)
                    validation.reset()
                    results = self._evaluate(validation, callbacks)
                    logs = {**logs, **{f"val_{k}": v for k, v in results.items()}}
                callbacks.on_epoch_end(epoch, logs)
                if self.stop_training or source.ran_out:
                    break
        finally:
            source.close()
            if validation is not None:
                validation.close()
        if self.optimizer is not None and epochs > initial_epoch:
            self.optimizer.finalize_variable_values(self.trainable_variables)
        callbacks.on_train_end(logs)
        return self.history

    def _train_epoch(self, source, step, own_logs, callbacks):
        """One pass over the source; returns the epoch's logs as Python floats, None if the source had run out."""
        device = devices.current()
        per_call = self.steps_per_execution
        results = {}
        number = -1
        for number, (x, y, weight) in enumerate(source.epoch()):
            first = number % per_call == 0
            if first and callbacks.wants_train_batch_begin:
                callbacks.on_train_batch_begin(number)
            weight = weight if weight is None else to_device(weight, device)
            results = step(to_device(x, device), to_device(y, device), weight)
            last = (number + 1) % per_call == 0 or number + 1 == source.num_batches
            if last and callbacks.wants_train_batches:
                end = (
                    number - number % per_call + per_call - 1
                )  # a short last execution counts as a whole one
                if callbacks.train_batch_due(end):
                    callbacks.on_train_batch_end(end, self._logs(results, own_logs))
            if self.stop_training:
                break
        if number < 0:
            if source.ran_out:
                return None
            raise ValueError(
                "fit got no data: the first batch never came. Check the generator or `steps_per_epoch`."
            )
        return self._logs(results, own_logs)

    def _logs(self, results, own_logs):
        """The metrics as a sorted dict of Python floats; what an overridden step returned takes precedence."""
        if not own_logs:
            results = self.get_metrics_result()
        elif not isinstance(results, dict):
            raise ValueError(f"train_step and test_step must return a dict of metrics, got {results!r}.")
        return dict(sorted(flat_logs(results).items()))

    def evaluate(
        self,
        x=None,
        y=None,
        batch_size=None,
        verbose="auto",
        sample_weight=None,
        steps=None,
        callbacks=None,
        return_dict=False,
        **kwargs,
    ):
        """Return the loss and the metrics on data, as a list, a number if there is just the loss, or a dict."""
        kwargs.pop("_use_cached_eval_dataset", None)
        if kwargs:
            raise unknown_arguments("evaluate", kwargs, Trainer.evaluate)
        self._needs_compile("evaluate")
        source = adapt(x, y, sample_weight, batch_size, False, None, steps)
        callbacks = self._callback_list(callbacks, verbose, 1, source.num_batches)
        results = self._evaluate(source, callbacks)
        if return_dict:
            return results
        own_logs = self._own_step("test_step", self._test)[1]
        return self._ordered(results, own_logs, return_dict)

    def _evaluate(self, source, callbacks):
        step, own_logs = self._own_step("test_step", self._test)
        device, per_call = devices.current(), self.steps_per_execution
        callbacks.on_test_begin()
        self.reset_metrics()
        results, number = {}, -1
        with tape.no_grad():
            for number, (x, y, weight) in enumerate(source.epoch()):
                if callbacks.wants_test_batch_begin and number % per_call == 0:
                    callbacks.on_test_batch_begin(number)
                results = step(to_device(x, device), to_device(y, device), to_device(weight, device))
                last = (number + 1) % per_call == 0 or number + 1 == source.num_batches
                if last and callbacks.wants_test_batches:
                    end = number - number % per_call + per_call - 1
                    if callbacks.test_batch_due(end):
                        callbacks.on_test_batch_end(end, self._logs(results, own_logs))
        if number < 0:
            raise ValueError("evaluate got no data: the first batch never came.")
        logs = self._logs(results, own_logs)
        callbacks.on_test_end(logs)
        return logs

    def _ordered(self, results, own_logs, return_dict):
        """The metrics as a dict, or as a list: those that carry a metric's name in the order of `metrics`, then the
        rest.
        """
        if not own_logs:
            results = self.get_metrics_result()
        values = flat_logs(results)
        if return_dict:
            return values
        if len(values) == 1:
            return next(iter(values.values()))
        keys = [name for name in dict.fromkeys(m.name for m in self._flat_metrics()) if name in values]
        return [values[k] for k in (*keys, *sorted(values.keys() - set(keys)))]

    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Return the outputs for all of `x` as NumPy arrays."""
        step, own = self._own_step("predict_step", self._forward)
        if not (own or callbacks or batch_size or steps or standardize_verbose(verbose)) and _is_one_batch(x):
            return self.predict_on_batch(x)
        source = adapt(x, None, None, batch_size, False, None, steps)
        callbacks = self._callback_list(callbacks, verbose, 1, source.num_batches)
        device, per_call = devices.current(), self.steps_per_execution
        batches, structure = None, None
        callbacks.on_predict_begin()
        with tape.no_grad():
            for number, (bx, by, bw) in enumerate(source.epoch()):
                if callbacks.wants_predict_batch_begin and number % per_call == 0:
                    callbacks.on_predict_batch_begin(number)
                outputs = step(to_device(bx, device), by, bw)
                structure = outputs
                flat = [o.numpy() if isinstance(o, Tensor) else np.asarray(o) for o in tree.flatten(outputs)]
                if batches is None:
                    batches = [[] for _ in flat]
                for parts, part in zip(batches, flat):
                    parts.append(part)
                last = (number + 1) % per_call == 0 or number + 1 == source.num_batches
                if last and callbacks.wants_predict_batches:
                    first = number - number % per_call
                    if callbacks.predict_batch_due(first + per_call - 1):
                        recent = [joined(parts[first:]) for parts in batches]
                        logs = {"outputs": tree.pack_sequence_as(outputs, recent)}
                        callbacks.on_predict_batch_end(first + per_call - 1, logs)
        callbacks.on_predict_end()
        if batches is None:
            raise ValueError("predict got no data: the first batch never came.")
        whole = [joined(parts) for parts in batches]
        return whole[0] if isinstance(structure, Tensor) else tree.pack_sequence_as(structure, whole)

    def _forward(self, x, y=None, sample_weight=None):
        return self(x, training=False)

    # ---- single batches --------------------------------------------------------------------------------------

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """Train on one batch and return its loss and metrics."""
        self._needs_compile("train_on_batch")
        self.reset_metrics()
        x, y, sample_weight = self._one_batch(x, y, sample_weight, class_weight)
        step, own_logs = self._own_step("train_step", self._train)
        results = step(x, y, sample_weight)
        return self._ordered(results, own_logs, return_dict)

    def test_on_batch(self, x, y=None, sample_weight=None, return_dict=False):
        """Evaluate one batch and return its loss and metrics."""
        self._needs_compile("test_on_batch")
        self.reset_metrics()
        x, y, sample_weight = self._one_batch(x, y, sample_weight, None)
        step, own_logs = self._own_step("test_step", self._test)
        with tape.no_grad():
            results = step(x, y, sample_weight)
        return self._ordered(results, own_logs, return_dict)

    def predict_on_batch(self, x):
        """Return the outputs for one batch as NumPy arrays."""
        step, _ = self._own_step("predict_step", self._forward)
        with tape.no_grad():
            outputs = step(to_device(x, devices.current()), None, None)
        if outputs.__class__ is Tensor:
            return outputs.numpy()
        return tree.map_structure(lambda o: o.numpy() if isinstance(o, Tensor) else o, outputs)

    def _one_batch(self, x, y, sample_weight, class_weight):
        if class_weight is not None:
            _, _, sample_weight = next(adapt(x, y, sample_weight, len(y), False, class_weight).epoch())
        device = devices.current()
        return to_device(x, device), to_device(y, device), to_device(sample_weight, device)

    def _callback_list(self, callbacks, verbose, epochs, steps, add_history=False):
        if isinstance(callbacks, CallbackList):
            return callbacks
        verbose = standardize_verbose(verbose)
        return CallbackList(
            callbacks,
            add_history=add_history,
            add_progbar=verbose != 0,
            model=self,
            verbose=verbose,
            epochs=epochs,
            steps=steps,
        )


def _is_one_batch(x):
    """Whether `predict` can hand x to the model as it is: one float32 array of at most the default batch size."""
    return x.__class__ is np.ndarray and x.dtype == np.float32 and x.ndim > 0 and 0 < len(x) <= 32


def _serialized(value):
    return registry("losses").serialize(value) if callable(value) or hasattr(value, "get_config") else value


def _check_frequency(validation_freq):
    if not isinstance(validation_freq, (int, list, tuple, set)) or isinstance(validation_freq, bool):
        raise ValueError(f"validation_freq must be an integer or a list of epochs, got {validation_freq!r}.")


def _due(epoch, validation_freq):
    epoch += 1
    return epoch % validation_freq == 0 if isinstance(validation_freq, int) else epoch in validation_freq
