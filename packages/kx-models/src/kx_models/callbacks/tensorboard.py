"""Logs for TensorBoard."""

import json
import os
import time
import warnings

import numpy as np

from kx_layers.embedding import Embedding
from kx_models.arguments import without_old_arguments
from kx_models.callbacks.callback import Callback
from kx_models.event_files import EventFile, weight_images
from kx_models.host_trace import HostTrace


class TensorBoard(Callback):
    """Write what `tensorboard --logdir log_dir` shows: metrics, histograms of the weights, images, the graph.

    - Metrics of each epoch as "epoch_loss", ..., in the runs "train" and "validation"; with `update_freq="batch"`
      or every so many batches also "batch_loss", ...; after each `evaluate` "evaluation_loss_vs_iterations", ...
    - `histogram_freq`: every so many epochs a histogram of each weight, and with `write_images` a picture.
    - `write_graph`: the layers as a graph. `write_steps_per_second`: speeds of epochs, and of batches.
    - `profile_batch`: a batch or a pair, first and last, of which the calls of kx's functions are timed; shown by
      the plugin `tensorboard-plugin-profile`, or by https://ui.perfetto.dev. Slows these batches down.
    - `embeddings_freq`: every so many epochs the tables of Embedding layers for the projector, with
      `embeddings_metadata` a file of labels, one a line, or a dict from layers' names to such files.

    ImportError without the package tensorboard.

    >>> TensorBoard("logs", update_freq="batch").update_freq
    1
    """

    def __init__(
        self,
        log_dir="logs",
        histogram_freq=0,
        write_graph=True,
        write_images=False,
        write_steps_per_second=False,
        update_freq="epoch",
        profile_batch=0,
        embeddings_freq=0,
        embeddings_metadata=None,
        **kwargs,
    ):
        without_old_arguments("TensorBoard", kwargs, TensorBoard)
        super().__init__()
        self.log_dir = os.fspath(log_dir)
        self.histogram_freq = histogram_freq
        self.write_graph = write_graph
        self.write_images = write_images
        self.write_steps_per_second = write_steps_per_second
        self.update_freq = 1 if update_freq == "batch" else update_freq
        if self.update_freq != "epoch" and (not isinstance(self.update_freq, int) or self.update_freq < 1):
            raise ValueError(
                f"update_freq must be 'epoch', 'batch' or a number of batches. Received: {update_freq!r}"
            )
        self.embeddings_freq = embeddings_freq
        self.embeddings_metadata = embeddings_metadata
        self._first_profiled, self._last_profiled = _batches(profile_batch)
        self._runs = {}  # {"train" or "validation": its EventFile}
        self._step = 0  # batches trained, over all epochs
        self._in_fit = False
        self._epoch_start = self._batch_start = (0.0, 0)
        self._trace = None
        # As attributes of the object, so that a run that needs nothing of each batch is not slowed down.
        if self.update_freq != "epoch" or self._last_profiled:
            self.on_train_batch_begin = self._begin_batch
        if self.update_freq != "epoch" or self._last_profiled or write_steps_per_second:
            self.on_train_batch_end = self._end_batch

    def set_model(self, model):
        super().set_model(model)
        if self.embeddings_freq:
            self._configure_projector()

    def on_train_begin(self, logs=None):
        self._in_fit = True
        self._step = self._iterations()
        train = self._run("train")
        if self.write_graph and self.model.built:
            self._write_model(train)

    def on_train_end(self, logs=None):
        self._in_fit = False
        self._end_trace()
        self._close()

    def on_test_begin(self, logs=None):
        self._run("validation")

    def on_test_end(self, logs=None):
        run, step = self._run("validation"), self._iterations()
        for name, value in (logs or {}).items():
            run.scalar(f"evaluation_{name}_vs_iterations", value, step)
        if not self._in_fit:
            self._close()

    def on_epoch_begin(self, epoch, logs=None):
        self._epoch_start = (time.perf_counter(), self._step)

    def on_epoch_end(self, epoch, logs=None):
        logs = logs or {}
        train = self._run("train")
        for name, value in logs.items():
            if not name.startswith("val_"):
                train.scalar(f"epoch_{name}", value, epoch)
        rate = getattr(self.model.optimizer, "learning_rate", None)
        if rate is not None and "learning_rate" not in logs:
            train.scalar("epoch_learning_rate", float(rate), epoch)
        if self.write_steps_per_second:
            train.scalar("epoch_steps_per_second", self._speed(self._epoch_start), epoch)
        for name, value in logs.items():
            if name.startswith("val_"):
                self._run("validation").scalar(f"epoch_{name.removeprefix('val_')}", value, epoch)
        if self.histogram_freq and epoch % self.histogram_freq == 0:
            self._write_weights(train, epoch)
        if self.embeddings_freq and epoch % self.embeddings_freq == 0:
            self._write_embeddings()
        for run in self._runs.values():
            run.flush()

    def _begin_batch(self, batch, logs=None):
        self._batch_start = (time.perf_counter(), self._step)
        if self._last_profiled and self._step + 1 == self._first_profiled:
            self._trace = HostTrace()
            self._trace.start()

    def _end_batch(self, batch, logs=None):
        self._step += 1
        if self._trace is not None and self._step >= self._last_profiled:
            self._end_trace()
        if self.update_freq == "epoch" or self._step % self.update_freq:
            return
        train = self._run("train")
        if self.write_steps_per_second:
            train.scalar("batch_steps_per_second", self._speed(self._batch_start), self._step)
        for name, value in (logs or {}).items():
            train.scalar(f"batch_{name}", value, self._step)

    def _run(self, name):
        if name not in self._runs:
            self._runs[name] = EventFile(os.path.join(self.log_dir, name))
        return self._runs[name]

    def _close(self):
        for run in self._runs.values():
            run.close()
        self._runs = {}

    def _iterations(self):
        """How many batches the model was trained on, as its optimizer counts them."""
        iterations = getattr(self.model.optimizer, "iterations", None)
        return self._step if iterations is None else int(iterations)

    def _speed(self, start):
        began, step = start
        return (self._step - step) / max(time.perf_counter() - began, 1e-9)

    def _write_model(self, run):
        try:
            run.model(self.model)
        except (NotImplementedError, TypeError, ValueError) as error:
            warnings.warn(f"Model failed to serialize as JSON. Ignoring... {error}", stacklevel=2)

    def _write_weights(self, run, epoch):
        for layer in self.model.layers:
            for weight in layer.weights:
                tag = weight.path.replace(":", "_")
                values = weight.numpy()
                run.histogram(f"{tag}/histogram", values, epoch)
                images = weight_images(values) if self.write_images else None
                if images is not None:
                    run.images(f"{tag}/image", images, epoch)

    def _embeddings(self):
        return [layer for layer in self.model.layers if isinstance(layer, Embedding)]

    def _configure_projector(self):
        """Write which table is in which file, as the projector wants to be told."""
        labels = self.embeddings_metadata
        layers = self._embeddings()
        names = {layer.name for layer in layers}
        if isinstance(labels, dict) and labels.keys() - names:
            raise ValueError(
                "Unrecognized `Embedding` layer names passed to `keras.callbacks.TensorBoard` "
                f"`embeddings_metadata` argument: {sorted(labels.keys() - names)}. The model has: {sorted(names)}."
            )
        entries = []
        for layer in layers:
            entry = {"tensor_name": layer.name, "tensor_path": _table_name(layer)}
            path = labels.get(layer.name) if isinstance(labels, dict) else labels
            if path is not None:
                entry["metadata_path"] = os.fspath(path)
            lines = "".join(f"  {key}: {json.dumps(value)}\n" for key, value in entry.items())
            entries.append(f"embeddings {{\n{lines}}}\n")
        os.makedirs(self.log_dir, exist_ok=True)
        with open(os.path.join(self.log_dir, "projector_config.pbtxt"), "w", encoding="utf-8") as file:
            file.write("".join(entries))

    def _write_embeddings(self):
        for layer in self._embeddings():
            path = os.path.join(self.log_dir, _table_name(layer))
            np.savetxt(path, layer.embeddings.numpy(), fmt="%.7g", delimiter="\t")

    def _end_trace(self):
        if self._trace is not None:
            self._trace.stop()
            folder = os.path.join(self.log_dir, "train", "plugins", "profile")
            self._trace.save(os.path.join(folder, time.strftime("%Y_%m_%d_%H_%M_%S")))
            self._trace = None


def _table_name(layer):
    return f"{layer.name}.tsv"


def _batches(profile_batch):
    """Return the first and the last batch to profile, counted from 1; (0, 0) for none."""
    given = profile_batch.split(",") if isinstance(profile_batch, str) else profile_batch
    pair = list(given) if isinstance(given, (list, tuple)) else [given, given]
    numbers = [int(n) if isinstance(n, str) and n.strip().isdigit() else n for n in pair]
    if (
        len(numbers) != 2
        or not all(isinstance(n, int) for n in numbers)
        or numbers[0] < 0
        or numbers[1] < numbers[0]
        or (numbers[0] == 0) != (numbers[1] == 0)
    ):
        raise ValueError(
            "profile_batch must be a non-negative integer or 2-tuple of positive integers. A pair of positive "
            f"integers signifies a range of batches to profile. Found: {profile_batch}"
        )
    return numbers
