"""`Metric`: state that is updated batch by batch and gives a result; means and sums of values and of functions."""

import numpy as np

from kx_io import Fields, field, register, registry
from kx_losses.loss import compute_dtype
from kx_tensor import dtypes, naming
from kx_tensor.primitive import to_raw
from kx_tensor.state import Stateful
from kx_tensor.tape import no_grad
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

_INITIALIZERS = {"zeros": np.zeros, "ones": np.ones}


@register("metrics")
class Metric(Fields, Stateful):
    """A quantity measured over many batches: write `__init__` (make variables), `update_state` and `result`.

    Calling the metric updates it and returns the result so far. `dtype` (floatx) is that of the state.

    >>> class Largest(Metric):
    ...     def __init__(self, name="largest", **kwargs):
    ...         super().__init__(name=name, **kwargs)
    ...         self.largest = self.add_variable((), "zeros", name="largest")
    ...     def update_state(self, values):
    ...         self.largest.assign(max(float(self.largest), max(values)))
    ...     def result(self):
    ...         return self.largest.value
    >>> metric = Largest()
    >>> float(metric([1.0, 5.0])), float(metric([3.0]))
    (5.0, 5.0)
    """

    dtype = field(None)
    name: str = field(None)
    _direction = None  # "up" if higher is better, "down" if lower is: how callbacks tell an improvement

    @dtype.getter
    def dtype(self):
        return self._dtype

    @dtype.setter
    def dtype(self, value):
        self._dtype = compute_dtype(value)
        self._np_dtype = dtypes.as_numpy(self._dtype)
        self._added = []

    def __post_init__(self):
        if self.name is None:
            self.name = naming.auto_name(naming.to_snake_case(type(self).__name__))

    def __call__(self, *args, **kwargs):
        self.update_state(*args, **kwargs)
        return self.result()

    def update_state(self, *args, **kwargs):
        """Take a batch into account."""
        raise NotImplementedError(f"{type(self).__name__} needs a method update_state(self, ...).")

    def result(self):
        """Return the value so far: a scalar tensor, or a dict of them."""
        raise NotImplementedError(f"{type(self).__name__} needs a method result(self).")

    def reset_state(self):
        """Forget all batches: set every variable to zero."""
        for variable in self.variables:
            variable.data.fill(0)

    def reset_states(self):
        """Keras 2's name for `reset_state`."""
        self.reset_state()

    def add_variable(self, shape, initializer, dtype=None, aggregation="sum", name=None):
        """Return a new variable of the metric's state. `initializer`: "zeros", "ones", or a callable (shape, dtype)."""
        if isinstance(initializer, str) and initializer in _INITIALIZERS:
            initializer = _INITIALIZERS[initializer]
        else:
            initializer = registry("initializers").get(initializer)
        dtype = dtypes.standardize_dtype(dtype or self._dtype)
        variable = Variable(
            _on_host(initializer), tuple(shape), dtype, False, aggregation=aggregation, name=name
        )
        self._added.append(variable)
        return variable

    def add_weight(self, shape=(), initializer="zeros", dtype=None, name=None):
        """`add_variable` with Keras 2's argument order."""
        return self.add_variable(shape, initializer, dtype, name=name)

    # ---- the same without side effects

    def stateless_update_state(self, metric_variables, *args, **kwargs):
        """Return the state that follows from the state `metric_variables` and a batch; the metric itself is unchanged.

        >>> metric = Mean()
        >>> state = metric.stateless_update_state([0.0, 0.0], [2.0, 4.0])
        >>> [float(v) for v in state], float(metric.stateless_result(state)), float(metric.result())
        ([6.0, 2.0], 3.0, 0.0)
        """
        return self._with_state(metric_variables, lambda: self.update_state(*args, **kwargs))[1]

    def stateless_result(self, metric_variables):
        """Return the result for the state `metric_variables`."""
        return self._with_state(metric_variables, self.result)[0]

    def stateless_reset_state(self):
        """Return the state before the first batch."""
        return self._with_state([v.data for v in self.variables], self.reset_state)[1]

    def _with_state(self, values, run):
        variables = self.variables
        if len(values) != len(variables):
            raise ValueError(
                f"{self.name} has {len(variables)} variables, got {len(values)} values for them."
            )
        kept = [v.data for v in variables]
        for variable, value in zip(variables, values):
            variable.data = variable.device.xp.array(
                to_raw(value, variable.device), dtype=variable.data.dtype
            )
        try:
            out = run()
            return out, [Tensor(v.data, None, v.device) for v in variables]
        finally:
            for variable, data in zip(variables, kept):
                variable.data = data

    def __repr__(self):
        return f"<{type(self).__name__} name={self.name}>"


def _on_host(initializer):
    """The initializer with its dtype as NumPy knows it, where it is NumPy's own."""
    if initializer in (np.zeros, np.ones):
        return lambda shape, dtype: initializer(shape, dtypes.as_numpy(dtype))
    return initializer


def ratio(xp, a, b):
    """Return a / b of raw arrays, 0 where b is 0.

    >>> ratio(np, np.array([1.0, 2.0]), np.array([4.0, 0.0]))
    array([0.25, 0.  ])
    """
    if xp is np and b.ndim == 0:
        return a / b if b else np.zeros_like(a)
    empty = b == 0
    return xp.where(empty, 0, a / xp.where(empty, 1, b)).astype(a.dtype)


# ---- means and sums ------------------------------------------------------------------------------------------


class Accumulator(Metric):
    """What `Mean` and `Sum` share: raw values and weights that fit each other."""

    def _raw(self, values, sample_weight):
        """(values, weights or None) as raw arrays of the metric's dtype; weights have trailing axes of size 1."""
        device = self.total.device
        v = values.data if type(values) is Tensor else to_raw(values, device)
        if v.dtype != self._np_dtype:
            v = v.astype(self._np_dtype)
        if sample_weight is None:
            return v, None
        w = to_raw(sample_weight, device, self._np_dtype)
        mask = getattr(values, "_keras_mask", None)
        if mask is not None:
            w = _masked(w, to_raw(mask, device, self._np_dtype))
        return v, fit_weights(w, v.shape)


def fit_weights(w, shape):
    """Return raw weights reshaped so that they broadcast to `shape` from the left: one weight a sample, or a step.

    >>> fit_weights(np.ones(4), (4, 3)).shape, fit_weights(np.ones((4, 1)), (4,)).shape
    ((4, 1), (4,))
    """
    if w.ndim == len(shape) + 1 and w.shape[-1] == 1:
        w = w.reshape(w.shape[:-1])
    elif w.ndim < len(shape):
        w = w.reshape(w.shape + (1,) * (len(shape) - w.ndim))
    if w.ndim > len(shape) or any(n not in (1, m) for n, m in zip(w.shape, shape)):
        given = tuple(w.shape)
        if not shape:
            raise ValueError(
                f"sample_weight of shape {given} does not fit a single value. A function that averages over the last "
                f"axis needs y_true and y_pred of shape (batch, 1), not (batch,)."
            )
        raise ValueError(
            f"sample_weight of shape {given} does not fit values of shape {tuple(shape)}: give one weight a sample, of "
            f"shape {tuple(shape[:1])}, or one a value."
        )
    return w


def _masked(w, mask):
    if mask.ndim == w.ndim + 1 and mask.shape[-1] == 1:
        mask = mask.reshape(mask.shape[:-1])
    elif mask.ndim > w.ndim:
        w = w.reshape(w.shape + (1,) * (mask.ndim - w.ndim))
    elif w.ndim > mask.ndim:
        mask = mask.reshape(mask.shape + (1,) * (w.ndim - mask.ndim))
    return w * mask


@register("metrics")
class Mean(Accumulator):
    """The weighted mean of all values seen: sum(w v) / sum(w).

    Shapes: values (batch, ...), weights () or (batch,) or (batch, ...); values of one sample are averaged first.

    >>> metric = Mean()
    >>> metric.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1.0, 1.0, 0.0, 0.0])
    >>> float(metric.result())
    2.0
    """

    name: str = field("mean")
    field_order = ("name", "dtype")

    def __post_init__(self):
        super().__post_init__()
        self.total = self.add_variable((), "zeros", name="total")
        self.count = self.add_variable((), "zeros", name="count")

    def update_state(self, values, sample_weight=None):
        """Add the values of a batch."""
        if sample_weight.__class__ is int and values.__class__ is Tensor and values.data.ndim == 0:
            total, count = self.total.data, self.count.data  # the loss of a batch, weighted by its size
            total += values.data * sample_weight
            count += sample_weight
            return
        v, w = self._raw(values, sample_weight)
        xp, total, count = self.total.device.xp, self.total.data, self.count.data
        if v.ndim == 0:
            amount = 1
        elif v.ndim == 1:
            amount = v.shape[0]
        else:  # the mean over a sample's values, then the sum over samples
            amount = v.shape[0]
            scale = amount / v.size if v.size else 0.0
            if w is None:
                v = v.sum() * v.dtype.type(scale)
            else:
                v, w = v * w, xp.broadcast_to(w, v.shape)
                xp.add(total, v.sum() * v.dtype.type(scale), out=total)
                xp.add(count, w.sum() * v.dtype.type(scale), out=count)
                return
        if w is not None:
            v = v * w
            amount = w.sum() if w.shape == v.shape else xp.broadcast_to(w, v.shape).sum()
        xp.add(total, v.sum() if v.ndim else v, out=total)
        xp.add(count, amount, out=count)

    def result(self):
        """Return total / count, 0 before the first value."""
        device = self.total.device
        return Tensor(ratio(device.xp, self.total.data, self.count.data), None, device)


@register("metrics")
class Sum(Accumulator):
    """The weighted sum of all values seen: sum(w v).

    >>> metric = Sum()
    >>> metric.update_state([1.0, 3.0, 5.0, 7.0], sample_weight=[1.0, 1.0, 0.0, 0.0])
    >>> float(metric.result())
    4.0
    """

    name: str = field("sum")
    field_order = ("name", "dtype")

    def __post_init__(self):
        super().__post_init__()
        self.total = self.add_variable((), "zeros", name="total")

    def update_state(self, values, sample_weight=None):
        """Add the values of a batch."""
        v, w = self._raw(values, sample_weight)
        total = self.total.data
        self.total.device.xp.add(total, (v if w is None else v * w).sum(), out=total)

    def result(self):
        """Return the sum so far."""
        return Tensor(self.total.data.copy(), None, self.total.device)


# ---- means of functions --------------------------------------------------------------------------------------


class FunctionMetric(Mean):
    """Base of the metrics that are the mean of `function(y_true, y_pred, **parameters)` over all samples."""

    function = None
    parameters = ()

    def update_state(self, y_true, y_pred, sample_weight=None):
        """Add the function's values for a batch; a mask of y_pred multiplies the weights."""
        with no_grad():
            values = self._values(y_true, y_pred)
        mask = getattr(y_pred, "_keras_mask", None)
        if mask is not None:
            device = self.total.device
            mask = to_raw(mask, device, self._np_dtype)
            if sample_weight is not None:
                mask = _masked(to_raw(sample_weight, device, self._np_dtype), mask)
            sample_weight = mask
        super().update_state(values, sample_weight)

    def _values(self, y_true, y_pred):
        if not self.parameters:
            return self.function(y_true, y_pred)
        return self.function(y_true, y_pred, **{name: getattr(self, name) for name in self.parameters})


@register("metrics")
class MeanMetricWrapper(FunctionMetric):
    """The mean over all samples of any function `fn(y_true, y_pred, **kwargs)` that returns one value a sample.

    >>> metric = MeanMetricWrapper(lambda y_true, y_pred: abs(y_true - y_pred), name="gap")
    >>> metric.update_state(np.array([1.0, 2.0]), np.array([1.5, 2.5]))
    >>> float(metric.result())
    0.5
    """

    fn = field()
    name: str = field(None)
    field_order = ("fn", "name", "dtype")

    kwargs = {}

    def _accept_extra(self, extra):
        self.untracked("kwargs", extra)
        return {}

    def __post_init__(self):
        if self.name is None:
            self.name = getattr(self.fn, "__name__", None) or naming.to_snake_case(type(self.fn).__name__)
        super().__post_init__()

    def _values(self, y_true, y_pred):
        return self.fn(y_true, y_pred, **self.kwargs)

    def get_config(self):
        """The constructor's arguments, those for `fn` among them."""
        return {**super().get_config(), **self.kwargs}
