"""`declare`: a loss function written once gives its `Loss` class, its `Metric` class, its names and its config."""

from kx_io import field, register
from kx_losses.loss import FunctionLoss
from kx_losses.metric import FunctionMetric

_PUBLIC_LOSSES, _PUBLIC_METRICS = "keras.losses", "keras.metrics"


def declare(
    *aliases,
    loss=None,
    loss_name=None,
    metric=None,
    metric_name=None,
    fields=None,
    order=None,
    integer_labels=False,
    averaged=None,
):
    """Declare the decorated `function(y_true, y_pred, *, ...)` as a loss (and a metric).

    - `aliases`: further names ("mse") for the function among the losses and the class among the metrics.
    - `loss`, `metric`: class names; the loss class is the function's name in camel case unless given. With metric=None
      the function itself answers among the metrics, with False nothing does (`metric_class` makes an irregular one).
    - `loss_name`, `metric_name`: default `name` of instances (the function's name).
    - `fields`: the loss class's own arguments, where they are not the function's keyword parameters and their defaults.
    - `order`: the loss class's positional arguments, where they are not (its own..., reduction, name, dtype).
    - `integer_labels`: integer targets are not cast to the loss's dtype.
    - `averaged`: `averaged(y_true, y_pred)` gives the mean over the batch in one op, where there is such an op.

    The classes are `function.loss_class` and `function.metric_class`.

    >>> from kx_losses.regression import huber
    >>> huber.loss_class(2.0).get_config()
    {'delta': 2.0, 'reduction': 'sum_over_batch_size', 'name': 'huber_loss'}
    """

    def decorate(function):
        own = keyword_defaults(function) if fields is None else fields
        function.loss_class = _loss_class(function, loss, loss_name, own, order, integer_labels, averaged)
        register("losses", *aliases, module=_PUBLIC_LOSSES)(function)
        if metric is None:
            register("metrics", module=_PUBLIC_METRICS)(function)
        elif metric:
            function.metric_class = metric_class(function, metric, metric_name, aliases=aliases)
        return function

    return decorate


def keyword_defaults(function):
    """Return {parameter: default} of a function's parameters with defaults, in order.

    >>> keyword_defaults(lambda y_true, y_pred, axis=-1: None)
    {'axis': -1}
    """
    code, defaults = function.__code__, function.__defaults__ or ()
    arguments = code.co_varnames[: code.co_argcount]
    return dict(zip(arguments[len(arguments) - len(defaults) :], defaults))


def _loss_class(function, class_name, name, own, order, integer_labels, averaged):
    class_name = class_name or "".join(part.capitalize() for part in function.__name__.split("_"))
    body = {
        "__doc__": _summary(function, "Loss"),
        "__module__": function.__module__,
        "function": staticmethod(function),
        "parameters": tuple(own),
        "integer_labels": integer_labels,
        "averaged": averaged and staticmethod(averaged),
        "name": field(name or function.__name__),
        "field_order": order or (*own, "reduction", "name", "dtype"),
        **{key: field(default) for key, default in own.items()},
    }
    return register("losses", module=_PUBLIC_LOSSES)(type(FunctionLoss)(class_name, (FunctionLoss,), body))


def metric_class(function, class_name, name=None, own=None, order=None, aliases=(), direction="down"):
    """Return the registered metric class `class_name`: the mean of `function` over all samples seen.

    Its arguments are (name, dtype, the function's keyword parameters...) unless `order` says otherwise. `direction`
    is "down" for an error, "up" where higher is better.

    >>> from kx_losses.accuracy import BinaryAccuracy
    >>> BinaryAccuracy(threshold=0.3).get_config()
    {'name': 'binary_accuracy', 'dtype': 'float32', 'threshold': 0.3}
    """
    own = keyword_defaults(function) if own is None else own
    body = {
        "__doc__": _summary(function, "Metric"),
        "__module__": "kx_losses.metrics",  # where it is; a loss may have its name beside the function
        "function": staticmethod(function),
        "parameters": tuple(own),
        "_direction": direction,
        "name": field(name or function.__name__),
        "field_order": order or ("name", "dtype", *own),
        **{key: field(default) for key, default in own.items()},
    }
    made = type(FunctionMetric)(class_name, (FunctionMetric,), body)
    return register("metrics", *aliases, module=_PUBLIC_METRICS)(made)


def _summary(function, kind):
    """The class's docstring: the function's first paragraph, and where the rest stands."""
    first = (function.__doc__ or f"{function.__name__}.").split("\n\n")[0].strip()
    return f"{first}\n\n    `{kind}` of the function `{function.__name__}`, which see."
