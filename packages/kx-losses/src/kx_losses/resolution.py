"""What "accuracy" and "crossentropy" mean for a model: chosen by the shapes of targets and outputs, as in `compile`."""

from kx_io import registry
from kx_losses import accuracy, classification
from kx_losses.loss import FunctionLoss, Loss, LossFunctionWrapper
from kx_losses.metric import MeanMetricWrapper, Metric

_ACCURACY = {
    "binary": accuracy.BinaryAccuracy,
    "sparse": accuracy.SparseCategoricalAccuracy,
    "categorical": accuracy.CategoricalAccuracy,
}
_CROSSENTROPY = {
    "binary": classification.binary_crossentropy.metric_class,
    "sparse": classification.sparse_categorical_crossentropy.metric_class,
    "categorical": classification.categorical_crossentropy.metric_class,
}
_CROSSENTROPY_LOSS = {
    "binary": classification.binary_crossentropy,
    "sparse": classification.sparse_categorical_crossentropy,
    "categorical": classification.categorical_crossentropy,
}
_BY_SHAPE = {"accuracy": _ACCURACY, "acc": _ACCURACY, "crossentropy": _CROSSENTROPY, "ce": _CROSSENTROPY}


def resolve_metric(identifier, y_true_shape, y_pred_shape, loss=None):
    """Return the `Metric` that an entry of `compile(metrics=[...])` stands for; None stays None.

    "accuracy" ("acc") and "crossentropy" ("ce") are binary for outputs of one unit, sparse for integer targets, else
    categorical. Where the targets' shape is not known yet (None), the name of `loss` decides. A string names the
    metric; functions and losses are wrapped. Raises ValueError for an unknown name.

    >>> resolve_metric("acc", (32,), (32, 10))
    <SparseCategoricalAccuracy name=acc>
    >>> resolve_metric("mse", (32, 1), (32, 1))
    <MeanSquaredError name=mse>
    """
    if identifier is None:
        return None
    by_kind = _BY_SHAPE.get(str(identifier).lower()) if isinstance(identifier, str) else None
    if by_kind is not None:
        return by_kind[_kind(y_true_shape, y_pred_shape, loss)](name=identifier)
    metric = registry("metrics").get(identifier)
    if isinstance(metric, Metric):
        if isinstance(identifier, str):
            metric.name = identifier
        return metric
    return MeanMetricWrapper(metric, name=identifier if isinstance(identifier, str) else _name(metric))


def resolve_loss(identifier, y_true_shape, y_pred_shape):
    """Return the `Loss` that `compile(loss=...)` stands for; None stays None. "crossentropy" goes by the shapes.

    >>> resolve_loss("crossentropy", (32,), (32, 10)).name
    'crossentropy'
    """
    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in ("crossentropy", "ce"):
        function = _CROSSENTROPY_LOSS[_kind(y_true_shape, y_pred_shape, None)]
    else:
        function = registry("losses").get(identifier)
    if isinstance(function, Loss):
        return function
    name = identifier if isinstance(identifier, str) else _name(function)
    declared = getattr(function, "loss_class", None)
    return declared(name=name) if declared is not None else LossFunctionWrapper(function, name=name)


def _kind(y_true_shape, y_pred_shape, loss):
    if not y_pred_shape or y_pred_shape[-1] == 1:
        return "binary"
    if y_true_shape is None:
        return "sparse" if _name(loss).startswith("sparse_") else "categorical"
    if len(y_true_shape) < len(y_pred_shape) or (
        len(y_true_shape) == len(y_pred_shape) and y_true_shape[-1] == 1
    ):
        return "sparse"
    return "categorical"


def _name(function):
    """What a loss or metric function is called: its own name, or its class's in lower case."""
    if isinstance(function, str):
        return function
    if isinstance(function, FunctionLoss):
        return function.function.__name__
    name = getattr(function, "name", None) or getattr(function, "__name__", None) or type(function).__name__
    return "lambda" if name == "<lambda>" else name
