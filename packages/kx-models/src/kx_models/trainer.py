"""`fit`, `evaluate`, `predict`: the one training loop. Nothing is computed for logs that no callback will read."""

import contextlib

import numpy as np

from kx_models.arguments import takes_old, unknown_arguments
from kx_models.batches import flat_logs, joined, to_device, unpack_validation
from kx_models.callbacks.callback_list import CallbackList
from kx_models.data import adapt, split_validation
from kx_models.limits import limited, limited_epochs
from kx_models.progress import standardize_verbose
from kx_models.resume import Run
from kx_models.steps import Steps
from kx_models.tracebacks import filtered, shorten
from kx_tensor import device as devices
from kx_tensor import tape, tree
from kx_tensor.tensor import Tensor


class Trainer(Steps):
    """The training side of a Model. Override `train_step`, `test_step`, `predict_step` or `compute_loss` to change
    it.
    """

    # ---- loops -----------------------------------------------------------------------------------------------

    @filtered
    @takes_old
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
        Dataset, a PyDataset, a PyTorch DataLoader. See Keras for the arguments: they are the same.
        """
        if kwargs:
            raise unknown_arguments("fit", kwargs, Trainer.fit)
        self._needs_compile("fit")
        _check_frequency(validation_freq)
        self.stop_training = False
        if validation_split and validation_data is None:
            (x, y, sample_weight), validation_data = split_validation(x, y, sample_weight, validation_split)
        source = limited(adapt(x, y, sample_weight, batch_size, shuffle, class_weight, steps_per_epoch))
        epochs = initial_epoch + limited_epochs(epochs - initial_epoch)
        callbacks = self._callback_list(callbacks, verbose, epochs, source.num_batches, add_history=True)
        step, own_logs = self._own_step("train_step", self._train)
        validation = None
        self.untracked("history", callbacks.history)
        run = Run(source, initial_epoch, callbacks.callbacks)
        self.untracked("run", run)
        callbacks.on_train_begin()
        logs = {}
        try:
            if run.pending and not run.batch:
                run.restore(self, not own_logs)
            for epoch in range(run.epoch, epochs):
                if not run.batch:
                    self.reset_metrics()
                callbacks.on_epoch_begin(epoch)
                source.on_epoch_begin()
                if run.pending:  # inside an epoch, after its callbacks
                    run.restore(self, not own_logs)
                with devices.pooled():
                    results = self._train_epoch(run, step, own_logs, callbacks)
                source.on_epoch_end()
                if results is None:  # the source had no batch left for this epoch, and has said so
                    break
                logs = results
                if validation_data is not None and _due(epoch, validation_freq):
                    if validation is None:
                        vx, vy, vw = unpack_validation(validation_data)
                        size = validation_batch_size or batch_size
                        validation = limited(adapt(vx, vy, vw, size, False, None, validation_steps))
                        validation.with_end("validation_steps")
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
        self.untracked("run", None)
        callbacks.on_train_end(logs)
        return self.history

    def _train_epoch(self, run, step, own_logs, callbacks):
        """One pass over the source; returns the epoch's logs as Python floats, None if the source had run out."""
        device, source = devices.current(), run.source
        per_call = self.steps_per_execution
        results = {}
        first_number, run.batch = run.batch, 0
        number = first_number - 1
        for number, (x, y, weight) in enumerate(source.epoch(), first_number):
            source.used += 1
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

    @filtered
    @takes_old
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
        source = limited(adapt(x, y, sample_weight, batch_size, False, None, steps)).with_end("steps")
        callbacks = self._callback_list(callbacks, verbose, 1, source.num_batches)
        with contextlib.closing(source):
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
        with tape.no_grad(), devices.pooled():
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

    @takes_old
    def predict(self, x, batch_size=None, verbose="auto", steps=None, callbacks=None):
        """Return the outputs for all of `x` as NumPy arrays."""
        step, own = self._own_step("predict_step", self._forward)
        if not (own or callbacks or batch_size or steps or standardize_verbose(verbose)) and _is_one_batch(x):
            try:
                return self._outputs_for(x, step)
            except Exception as error:
                shorten(error)
                raise
        return self._predict(x, step, batch_size, verbose, steps, callbacks)

    @filtered
    def _predict(self, x, step, batch_size, verbose, steps, callbacks):
        source = limited(adapt(x, None, None, batch_size, False, None, steps)).with_end("steps")
        callbacks = self._callback_list(callbacks, verbose, 1, source.num_batches)
        device, per_call = devices.current(), self.steps_per_execution
        batches, structure = None, None
        callbacks.on_predict_begin()
        with contextlib.closing(source), tape.no_grad(), devices.pooled():
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

    # ---- single batches --------------------------------------------------------------------------------------

    def train_on_batch(self, x, y=None, sample_weight=None, class_weight=None, return_dict=False):
        """Train on one batch and return its loss and metrics."""
        self._needs_compile("train_on_batch")
        self.reset_metrics()
        x, y, sample_weight = self._one_batch(x, y, sample_weight, class_weight)
        step, own_logs = self._own_step("train_step", self._train)
        with devices.pooled():
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
        return self._outputs_for(x, self._own_step("predict_step", self._forward)[0])

    def _outputs_for(self, x, step):
        """What `step` gives for one batch, as NumPy arrays."""
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


def _check_frequency(validation_freq):
    if not isinstance(validation_freq, (int, list, tuple, set)) or isinstance(validation_freq, bool):
        raise ValueError(f"validation_freq must be an integer or a list of epochs, got {validation_freq!r}.")


def _due(epoch, validation_freq):
    epoch += 1
    return epoch % validation_freq == 0 if isinstance(validation_freq, int) else epoch in validation_freq
