"""What models of Keras 1 and 2 could do under other names: `fit_generator`, `predict_classes`, and their kin."""

import itertools
import math

import numpy as np

from kx_datasets.pydataset import PyDataset
from kx_models.arguments import say, unknown_arguments

_QUEUE = {"max_q_size": "max_queue_size", "nb_worker": "workers", "pickle_safe": "use_multiprocessing"}


class OldMethods:
    """The methods of Keras 1 and 2 that Keras 3 no longer has. Each says what to write today."""

    def fit_generator(
        self, generator, steps_per_epoch=None, epochs=1, verbose=1, callbacks=None, validation_data=None,
        validation_steps=None, validation_freq=1, class_weight=None, max_queue_size=10, workers=1,
        use_multiprocessing=False, shuffle=True, initial_epoch=0, **old,
    ):  # fmt: skip
        """Train on batches from a generator: `fit` does that today.

        `samples_per_epoch` and `nb_val_samples` of Keras 1 count samples: the size of the first batch says how many
        batches that is. `workers`, `use_multiprocessing`, `max_queue_size` go to a PyDataset; a plain generator is
        read in this process.
        """
        say("model.fit_generator(generator, ...) is of Keras 1 and 2; write model.fit(generator, ...).")
        epochs = old.pop("nb_epoch", epochs)
        queue = _queue(old, max_queue_size, workers, use_multiprocessing)
        samples, validation_samples = old.pop("samples_per_epoch", None), old.pop("nb_val_samples", None)
        if old:
            raise unknown_arguments("fit_generator", old, OldMethods.fit_generator)
        generator, steps_per_epoch = _steps(generator, steps_per_epoch, samples)
        if hasattr(validation_data, "__next__") or isinstance(validation_data, PyDataset):
            validation_data, validation_steps = _steps(validation_data, validation_steps, validation_samples)
        return self.fit(
            _with_queue(generator, queue), epochs=epochs, verbose=verbose, callbacks=callbacks,
            validation_data=validation_data, validation_steps=validation_steps, validation_freq=validation_freq,
            class_weight=class_weight, shuffle=shuffle, initial_epoch=initial_epoch, steps_per_epoch=steps_per_epoch,
        )  # fmt: skip

    def evaluate_generator(
        self, generator, steps=None, callbacks=None, max_queue_size=10, workers=1, use_multiprocessing=False,
        verbose=0, **old,
    ):  # fmt: skip
        """Return the loss and metrics on batches from a generator: `evaluate` does that today."""
        queue = _queue(old, max_queue_size, workers, use_multiprocessing)
        generator, steps = _given_once("evaluate", generator, steps, queue, old)
        return self.evaluate(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_generator(
        self, generator, steps=None, callbacks=None, max_queue_size=10, workers=1, use_multiprocessing=False,
        verbose=0, **old,
    ):  # fmt: skip
        """Return the outputs for batches from a generator: `predict` does that today."""
        queue = _queue(old, max_queue_size, workers, use_multiprocessing)
        generator, steps = _given_once("predict", generator, steps, queue, old)
        return self.predict(generator, steps=steps, callbacks=callbacks, verbose=verbose)

    def predict_classes(self, x, batch_size=32, verbose=0):
        """Return the class of the largest output, or for a single output whether it is above 0.5."""
        say(
            "model.predict_classes(x) is of Keras 1 and 2; write model.predict(x).argmax(axis=-1), for a single "
            "output (model.predict(x) > 0.5).astype('int32')."
        )
        probabilities = self.predict(x, batch_size=batch_size, verbose=verbose)
        if probabilities.shape[-1] > 1:
            return probabilities.argmax(axis=-1)
        return (probabilities > 0.5).astype("int32")

    def predict_proba(self, x, batch_size=32, verbose=0):
        """Return the outputs: `predict` does that today."""
        say("model.predict_proba(x) is of Keras 1 and 2; write model.predict(x).")
        return self.predict(x, batch_size=batch_size, verbose=verbose)

    @property
    def uses_learning_phase(self):
        """Whether the model computes something else in training than in inference."""
        return any(layer._call_signature.training for layer in self.layers)


def _given_once(name, generator, steps, queue, old):
    """What `evaluate_generator` and `predict_generator` were given, as `evaluate` and `predict` (`name`) take it."""
    method = f"{name}_generator"
    say(f"model.{method}(generator, ...) is of Keras 1 and 2; write model.{name}(generator, ...).")
    samples = old.pop("val_samples", None)
    if old:
        raise unknown_arguments(method, old, getattr(OldMethods, method))
    generator, steps = _steps(generator, steps, samples)
    return _with_queue(generator, queue), steps


def _queue(old, max_queue_size, workers, use_multiprocessing):
    """How to read ahead, by the names of Keras 2; the names of Keras 1 are taken out of `old`."""
    queue = {
        "max_queue_size": max_queue_size, "workers": workers, "use_multiprocessing": use_multiprocessing,
    }  # fmt: skip
    return queue | {new: old.pop(name) for name, new in _QUEUE.items() if name in old}


def _with_queue(generator, queue):
    if isinstance(generator, PyDataset):
        for name, value in queue.items():
            setattr(generator, name, value)
    return generator


def _steps(generator, steps, samples):
    """The generator, and how many batches of it are wanted: `steps`, or those that `samples` samples are in.

    A number of steps with a fraction, as `len(x) / 32` is one, is rounded up, as Keras 2.2 did.
    """
    if samples is None or not hasattr(generator, "__next__"):
        return generator, steps if steps is None else math.ceil(steps)
    first = next(generator)
    part = first[0] if isinstance(first, tuple) else first
    while isinstance(part, (list, tuple, dict)):
        part = next(iter(part.values())) if isinstance(part, dict) else part[0]
    return itertools.chain([first], generator), math.ceil(samples / np.shape(part)[0])
