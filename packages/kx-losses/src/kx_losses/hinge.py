"""Maximum-margin losses, of targets -1 and 1 (0 and 1 are converted) or of one-hot classes."""

from kx_losses.declare import declare
from kx_losses.regression import as_one_dtype
from kx_tensor import ops


def signed_labels(y_true):
    """Return targets that are all 0 or 1 as -1 and 1; any others as they are.

    >>> [signed_labels(ops.convert_to_tensor(y)).tolist() for y in ([0.0, 1.0], [-1.0, 0.0])]
    [[-1.0, 1.0], [-1.0, 0.0]]
    """
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0), ops.equal(y_true, 1)))
    return ops.where(binary, 2 * y_true - 1, y_true)


@declare(metric="Hinge")
def hinge(y_true, y_pred):
    """Mean of max(1 - y_true y_pred, 0) over the last axis. Shapes: (..., d), (..., d) -> (...).

    >>> hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
    array([1.], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("hinge", y_true, y_pred)
    return ops.mean(ops.maximum(1.0 - signed_labels(y_true) * y_pred, 0.0), axis=-1)


@declare(metric="SquaredHinge")
def squared_hinge(y_true, y_pred):
    """Mean of max(1 - y_true y_pred, 0)^2 over the last axis. Shapes: (..., d), (..., d) -> (...).

    >>> squared_hinge([[-1.0, 1.0]], [[0.5, 0.5]]).numpy()
    array([1.25], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("squared_hinge", y_true, y_pred)
    return ops.mean(ops.square(ops.maximum(1.0 - signed_labels(y_true) * y_pred, 0.0)), axis=-1)


@declare(metric="CategoricalHinge")
def categorical_hinge(y_true, y_pred):
    """max(1 + the highest score of a wrong class - the score of the true class, 0), for one-hot targets.

    Shapes: (..., classes), (..., classes) -> (...).

    >>> categorical_hinge([[0.0, 1.0]], [[0.75, 0.5]]).numpy()
    array([1.25], dtype=float32)
    """
    y_true, y_pred = as_one_dtype("categorical_hinge", y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.maximum(wrong - right + 1.0, 0.0)


# ---- the classes ---------------------------------------------------------------------------------------------

Hinge, SquaredHinge, CategoricalHinge = (
    hinge.loss_class,
    squared_hinge.loss_class,
    categorical_hinge.loss_class,
)
