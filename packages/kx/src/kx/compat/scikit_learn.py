"""`keras.wrappers.scikit_learn`: a function that builds a model as an estimator of scikit-learn."""

import copy
import inspect

import numpy as np

from kx import utils
from kx_models.sequential import Sequential


class _Estimator:
    """`build_fn(**arguments)` returns a compiled model; other arguments go to the model's `fit` and `predict`."""

    def __init__(self, build_fn=None, **sk_params):
        self.build_fn, self.sk_params = build_fn, sk_params

    def get_params(self, deep=True):
        """Return the arguments that make an estimator like this one."""
        return {**copy.copy(self.sk_params), "build_fn": self.build_fn}

    def set_params(self, **params):
        """Change arguments; returns the estimator."""
        self.build_fn = params.pop("build_fn", self.build_fn)
        self.sk_params.update(params)
        return self

    def filter_sk_params(self, function, override=None):
        """Return those of the arguments that a function takes."""
        takes = inspect.signature(function).parameters
        return {**{k: v for k, v in self.sk_params.items() if k in takes}, **(override or {})}

    def fit(self, x, y, **kwargs):
        """Build a model and train it; returns the history."""
        build = self.build_fn if self.build_fn is not None else self
        self.model = build(**self.filter_sk_params(build))
        loss = self.model.loss
        if getattr(loss, "__name__", loss) == "categorical_crossentropy" and np.ndim(y) != 2:
            y = utils.to_categorical(y)
        return self.model.fit(x, y, **self.filter_sk_params(Sequential.fit, kwargs))

    def _predicted(self, x, kwargs):
        return self.model.predict(x, **self.filter_sk_params(Sequential.predict, kwargs))

    def _evaluated(self, x, y, kwargs):
        return self.model.evaluate(
            x, y, return_dict=True, **self.filter_sk_params(Sequential.evaluate, kwargs)
        )


class KerasClassifier(_Estimator):
    """A classifier: `predict` gives classes, `predict_proba` probabilities, `score` the accuracy.

    >>> KerasClassifier(lambda units: None, units=3).get_params()["units"]
    3
    """

    def fit(self, x, y, **kwargs):
        """Build a model and train it on classes, or on rows with a 1 for the class; returns the history."""
        y = np.array(y)
        if y.ndim == 2 and y.shape[1] > 1:
            self.classes_ = np.arange(y.shape[1])
        else:
            self.classes_ = np.unique(y)
            y = np.searchsorted(self.classes_, y)
        return super().fit(x, y, **kwargs)

    def predict(self, x, **kwargs):
        """Return the classes."""
        p = self._predicted(x, kwargs)
        return self.classes_[p.argmax(axis=-1) if p.shape[-1] > 1 else (p > 0.5).astype("int32")]

    def predict_proba(self, x, **kwargs):
        """Return the probabilities of the classes, two columns for a single output."""
        p = self._predicted(x, kwargs)
        return np.hstack([1 - p, p]) if p.shape[-1] == 1 else p

    def score(self, x, y, **kwargs):
        """Return the accuracy; the model must be compiled with metrics=["accuracy"]."""
        y = np.searchsorted(self.classes_, y)
        loss = self.model.loss
        if getattr(loss, "__name__", loss) == "categorical_crossentropy" and y.ndim != 2:
            y = utils.to_categorical(y)
        results = self._evaluated(x, y, kwargs)
        for name in ("accuracy", "acc"):
            if name in results:
                return results[name]
        raise ValueError("score needs the accuracy: compile the model with metrics=['accuracy'] in build_fn.")


class KerasRegressor(_Estimator):
    """A regressor: `predict` gives numbers, `score` minus the loss.

    >>> KerasRegressor(lambda: None, epochs=2).set_params(epochs=3).get_params()["epochs"]
    3
    """

    def predict(self, x, **kwargs):
        """Return the outputs."""
        return np.squeeze(self._predicted(x, kwargs), -1)

    def score(self, x, y, **kwargs):
        """Return minus the loss: greater is better."""
        return -self._evaluated(x, y, kwargs)["loss"]
