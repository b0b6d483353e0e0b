"""Making targets, predictions and weights fit each other, and saying what is wrong when they do not."""

from kx_tensor import dtypes, ops
from kx_tensor.symbolic import KerasTensor
from kx_tensor.tensor import Tensor

_FLOAT_KINDS = "fV"  # NumPy's letters for floats; V is bfloat16 and its kin


def paired(loss, y_true, y_pred, broadcast=True):
    """Return both as tensors of one rank, `y_pred` as a float; the target is cast by the op that takes both.

    A last axis of size 1 that only one of them has is dropped (kept, if the other has one axis). Axes of size 1 in the
    target broadcast where `broadcast` says so. Raises ValueError that names `loss`, both shapes and the likely fix.

    >>> t, p = paired("mean_squared_error", [1, 0], [[0.5], [0.5]])
    >>> t.shape, p.shape
    ((2, 1), (2, 1))
    """
    if type(y_true) is Tensor and type(y_pred) is Tensor:  # the usual case, at the least cost
        p = y_pred.data
        if y_true.data.shape == p.shape and p.dtype.kind in _FLOAT_KINDS:
            return y_true, y_pred
    y_pred = as_float(y_pred)
    if type(y_true) is not Tensor:
        y_true = ops.convert_to_tensor(y_true)
    if y_true.shape == y_pred.shape:
        return y_true, y_pred
    y_true, y_pred = same_rank(y_true, y_pred)
    if not _fits(y_true.shape, y_pred.shape, broadcast):
        raise ValueError(_mismatch(loss, y_true, y_pred))
    return y_true, y_pred


def as_float(x):
    """Return `x` as a tensor of a float dtype: its own, or floatx."""
    if type(x) is not Tensor:
        x = ops.convert_to_tensor(x)
    return x if dtypes.is_float_dtype(x.dtype) else ops.cast(x, dtypes.floatx())


def same_rank(x1, x2):
    """Drop or add a last axis of size 1 where the ranks differ by one.

    Rank 1 against (n, 1) gives two of shape (n, 1); otherwise the longer one loses its axis.
    """
    longer, shorter = len(x1.shape), len(x2.shape)
    if longer == shorter + 1 and x1.shape[-1] == 1:
        return (x1, ops.expand_dims(x2, -1)) if shorter == 1 else (without_last(x1), x2)
    if shorter == longer + 1 and x2.shape[-1] == 1:
        return (ops.expand_dims(x1, -1), x2) if longer == 1 else (x1, without_last(x2))
    return x1, x2


def without_last(x):
    """Return `x` without its last axis, whose size is 1."""
    if isinstance(x, KerasTensor):
        return x[..., 0]
    return ops.reshape(x, newshape=x.shape[:-1])


def _fits(target, prediction, broadcast):
    if len(target) != len(prediction):
        return False
    sizes = zip(target, prediction)
    return all(t == p or t is None or p is None or (broadcast and 1 in (t, p)) for t, p in sizes)


def labels_for(loss, y_true, y_pred, axis=-1):
    """Return integer labels without a last axis of size 1, and `y_pred` as a float.

    Shapes: y_true (...) or (..., 1), y_pred (..., classes). Raises ValueError for any other target.

    >>> labels_for("sparse_categorical_crossentropy", [[2], [0]], [[0.1, 0.1, 0.8], [0.5, 0.5, 0.0]])[0].shape
    (2,)
    """
    if type(y_pred) is not Tensor or y_pred.data.dtype.kind not in _FLOAT_KINDS:
        y_pred = as_float(y_pred)
    if type(y_true) is not Tensor:
        y_true = ops.convert_to_tensor(y_true)
    if axis == -1 and y_true.shape == y_pred.shape[:-1]:
        return y_true, y_pred
    rank = len(y_pred.shape)
    if rank and len(y_true.shape) == rank and y_true.shape[-1] == 1:
        y_true = without_last(y_true)
    if axis == -1:
        fits = rank and _fits(y_true.shape, y_pred.shape[:-1], False)
    else:
        axis %= rank
        fits = _fits(y_true.shape, y_pred.shape[:axis] + y_pred.shape[axis + 1 :], False)
    if not fits:
        raise ValueError(_mismatch(loss, y_true, y_pred))
    return y_true, y_pred


def check_weights(what, weights, values):
    """Raise ValueError unless weights broadcast to the shape of the values they multiply."""
    given, wanted = weights.shape, values.shape
    if not wanted or given == wanted:
        return
    if len(given) <= len(wanted) and all(
        None in (n, m) or n in (1, m) for n, m in zip(reversed(given), reversed(wanted))
    ):
        return
    hint = ""
    if len(given) < len(wanted) and given == wanted[: len(given)]:
        axes = ", ".join(["..."] + ["None"] * (len(wanted) - len(given)))
        hint = f" For one weight per sample, give the missing axes: {what}[{axes}]."
    elif len(given) > len(wanted):
        hint = " The loss has averaged over the last axis: weight samples, not single outputs."
    raise ValueError(f"{what} of shape {given} does not broadcast to the values' shape {wanted}.{hint}")


def _mismatch(loss, y_true, y_pred):
    t, p = tuple(y_true.shape), tuple(y_pred.shape)
    return f"{loss}: y_true of shape {t} does not fit y_pred of shape {p}.{_likely_fix(loss, t, p)}"


def _likely_fix(loss, t, p):
    if loss.startswith("sparse_"):
        if t == p:
            dense = loss.removeprefix("sparse_")
            return f" The targets look one-hot: use {dense!r}, or give integer labels, y_true.argmax(-1)."
        return f" Expected one integer label for each prediction: y_true of shape {p[:-1]}."
    if t == p[:-1] or t == (*p[:-1], 1):
        if loss.startswith("categorical_"):
            return f" The targets look like integer labels: use 'sparse_{loss}', or one-hot targets of shape {p}."
        return f" For one target a sample the model needs one output a sample (Dense(1)), not {p[-1]}."
    if len(t) != len(p):
        return f" Expected y_true with {len(p)} axes, got {len(t)}: does the model need a Flatten or a pooling layer?"
    if t[:1] != p[:1]:
        return f" The number of samples differs: {t[0]} and {p[0]}."
    if t[-1] != p[-1] and t[:-1] == p[:-1]:
        return f" The model puts out {p[-1]} values a sample, the targets have {t[-1]}: its last layer needs {t[-1]}."
    return ""
