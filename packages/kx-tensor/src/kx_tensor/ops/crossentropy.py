"""Cross-entropies, of probabilities or of logits, with Keras's clipping: each a loss in one node of the tape."""

import math

import numpy as np

from kx_tensor import config, dtypes, rules
from kx_tensor.bounds import check_indices
from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.activation import log_softmax, log_softmax_of, sigmoid_of, softplus, softplus_of
from kx_tensor.ops.arithmetic import multiply, negative, subtract, true_divide
from kx_tensor.ops.onehot import one_hot
from kx_tensor.ops.reduce import sum
from kx_tensor.ops.select import clip
from kx_tensor.ops.shape import reshape
from kx_tensor.ops.unary import log
from kx_tensor.precision import narrow, widen
from kx_tensor.primitive import primitive


def _as_output(names, params):
    """Both inputs are taken in the output's float dtype, which the result has, as in Keras."""
    result = dtypes.floating(dtypes.result_type({"int": int, "float": float}.get(names[1], names[1])))
    return result, result


def _same_shape(shapes, params):
    target, output = shapes
    if len(target) != len(output) or any(None not in (n, m) and n != m for n, m in zip(target, output)):
        raise ValueError(f"target and output must have the same shape, got {target} and {output}.")
    return output


def _check_same_shape(target, output):
    if target.shape != output.shape:
        raise ValueError(
            f"target and output must have the same shape, got {target.shape} and {output.shape}."
        )


def _clipped(xp, p):
    """Probabilities, in place, at least epsilon away from 0 and 1."""
    eps = config.epsilon()
    into = p if p.ndim else None
    p = xp.maximum(p, p.dtype.type(eps), out=into)
    return xp.minimum(p, p.dtype.type(1.0 - eps), out=into)


def _unclipped(p):
    """1 where a probability is left alone by the clipping, 0 elsewhere."""
    eps = config.epsilon()
    return ((p >= eps) & (p <= 1.0 - eps)).astype(p.dtype)


# ---- one distribution for each sample ------------------------------------------------------------------------


def _without_class_axis(shapes, params):
    shape = _same_shape(shapes, params)
    axis = rules.normalize_axis(params["axis"], len(shape))
    return shape[:axis] + shape[axis + 1 :]


def _log_probabilities(output, from_logits, axis):
    if from_logits:
        return log_softmax(output, axis=axis)
    eps = config.epsilon()
    return log(clip(true_divide(output, sum(output, axis=axis, keepdims=True)), eps, 1.0 - eps))


def _categorical_twin(target, output, from_logits=False, axis=-1):
    return negative(sum(multiply(target, _log_probabilities(output, from_logits, axis)), axis=axis))


@primitive(shape=_without_class_axis, dtype=_as_output, like=_categorical_twin)
def categorical_crossentropy(xp, target, output, *, from_logits=False, axis=-1):
    """Return -sum(target * log(p)) over the class axis.

    p is softmax(output) with `from_logits`, else output divided by its sum and clipped to [epsilon, 1 - epsilon].
    Shapes: target and output alike, (..., classes) -> (...).

    >>> categorical_crossentropy([[0.0, 1.0]], [[0.5, 0.5]]).numpy().round(4)
    array([0.6931], dtype=float32)
    """
    _check_same_shape(target, output)
    x = widen(output)
    if from_logits:
        t = log_softmax_of(xp, x, axis)
    else:
        t = _clipped(xp, x / x.sum(axis=axis, keepdims=True))
        t = xp.log(t, out=t)
    t *= widen(target)
    return narrow(-t.sum(axis=axis), output.dtype)


def _categorical_grads(xp, g, target, output, needs, from_logits, axis):
    t, x, g = widen(target), widen(output), xp.expand_dims(widen(g), axis)
    gtarget = goutput = None
    if from_logits:
        logp = log_softmax_of(xp, x, axis)
        if needs[0]:
            gtarget = -logp * g
        if needs[1]:
            goutput = xp.exp(logp, out=logp)
            goutput *= t.sum(axis=axis, keepdims=True)
            goutput -= t
            goutput *= g
        return gtarget, goutput
    total = x.sum(axis=axis, keepdims=True)
    p = x / total
    live = _unclipped(p) if needs[1] else None
    p = _clipped(xp, p)
    if needs[1]:  # with L = -sum(t log p), p = x / sum(x):  dL/dx = (sum(t) - t / p) / sum(x) over the live t
        live *= t
        sums = live.sum(axis=axis, keepdims=True)
        live /= p
        goutput = xp.subtract(sums, live, out=live)
        goutput *= g / total
    if needs[0]:
        gtarget = xp.log(p, out=p)
        gtarget *= -g
    return gtarget, goutput


categorical_crossentropy.vjp_joint(_categorical_grads)
categorical_crossentropy.cases = (
    case("3,4", "3,4", low=0.1, high=1.0), case("3,4", "3,4", from_logits=True),
    case("2,4,3", "2,4,3", axis=1, low=0.1),
    case("2,4,3", "2,4,3", axis=1, from_logits=True), case("4", "4", low=0.1),
    case("3,4:int32<2", "3,4", from_logits=True),
    case(np.eye(3, dtype="float32"), np.eye(3, dtype="float32"), grad=False),
    fails("3,4", "3,5", match="same shape"), fails("3,1", "3,4", match="same shape"), fails("", "", match="axis -1"),
)  # fmt: skip


# ---- one class for each sample -------------------------------------------------------------------------------


def _labels_and_output(names, params):
    """Labels stay integers (floats and booleans become int32); the result has the output's float dtype."""
    result = dtypes.floating(dtypes.result_type({"int": int, "float": float}.get(names[1], names[1])))
    return [None if names[0] in dtypes.INTS else "int32", result], result


def _without_classes(shapes, params):
    target, output = shapes
    axis = rules.normalize_axis(params["axis"], len(output))
    rest = output[:axis] + output[axis + 1 :]
    given = target[:-1] if len(target) == len(output) and target[-1] in (1, None) else target
    if len(given) != len(rest) or any(None not in (n, m) and n != m for n, m in zip(given, rest)):
        raise ValueError(
            f"expected one integer label for each distribution: target of shape {rest}, or {(*rest, 1)}, for output of "
            f"shape {output}; got target of shape {target}."
        )
    return rest


def _sparse_twin(target, output, from_logits=False, axis=-1):
    if len(target.shape) == len(output.shape):
        target = reshape(target, target.shape[:-1])
    target = one_hot(target, output.shape[axis], axis=axis, dtype=output.dtype)
    return negative(sum(multiply(target, _log_probabilities(output, from_logits, axis)), axis=axis))


def _flat_classes(xp, target, output, axis, check=True):
    """Return output as a float32 or float64 matrix (samples, classes), and the flat place of each label in it.

    On the host a label out of range is an error. On a device that would cost a synchronization: there the third
    result is 1 for good labels and NaN for bad ones (None on the host).
    """
    if axis != -1 and axis != output.ndim - 1:
        output = xp.moveaxis(output, axis, -1)
    *lead, classes = output.shape
    if target.shape != (*lead,) and target.shape != (*lead, 1):
        raise ValueError(f"target of shape {target.shape} does not fit output of shape {output.shape}.")
    matrix = widen(output).reshape(math.prod(lead), classes)
    labels = target.reshape(-1).astype("int64", copy=False)
    validity = None
    if xp is np and check:
        check_indices(labels, classes, lambda label: _out_of_range(label, classes))
    elif xp is not np:
        bad = (labels < 0) | (labels >= classes)
        labels = xp.where(bad, 0, labels)
        validity = xp.where(bad, matrix.dtype.type(np.nan), matrix.dtype.type(1))
    return matrix, xp.arange(0, matrix.shape[0] * classes, classes) + labels if classes else labels, validity


def _out_of_range(label, classes):
    return (
        f"sparse_categorical_crossentropy: label {label} is out of range: the output has {classes} classes, "
        f"so labels go from 0 to {classes - 1}."
    )


@primitive(shape=_without_classes, dtype=_labels_and_output, like=_sparse_twin)
def sparse_categorical_crossentropy(xp, target, output, *, from_logits=False, axis=-1):
    """Return -log(p[target]), the cross-entropy against integer labels.

    p is softmax(output) with `from_logits`, else output divided by its sum and clipped to [epsilon, 1 - epsilon].
    Shapes: target (...) or (..., 1), output (..., classes) -> (...). A label out of range raises ValueError on the CPU
    and gives NaN on a GPU.

    >>> sparse_categorical_crossentropy([1], [[0.75, 0.25]]).numpy().round(4)
    array([1.3863], dtype=float32)
    """
    x, places, validity = _flat_classes(xp, target, output, axis)
    if from_logits:
        shifted = x - x.max(axis=-1, keepdims=True)
        picked = shifted.reshape(-1).take(places)
        loss = xp.log(xp.exp(shifted, out=shifted).sum(axis=-1))
        loss -= picked
    else:
        loss = x.reshape(-1).take(places)
        loss /= x.sum(axis=-1)
        loss = _clipped(xp, loss)
        loss = xp.log(loss, out=loss)
        loss *= -1.0
    if validity is not None:
        loss *= validity
    shape = (
        output.shape[:-1] if axis == -1 else _without_classes((target.shape, output.shape), {"axis": axis})
    )
    return narrow(loss.reshape(shape), output.dtype)


def _sparse_grads(xp, g, target, output, needs, from_logits, axis):
    x, places, validity = _flat_classes(xp, target, output, axis, check=False)  # the forward did
    g = widen(g).reshape(-1)
    if validity is not None:
        g = g * validity
    if from_logits:
        t = x - x.max(axis=-1, keepdims=True)
        t = xp.exp(t, out=t)
        t *= (g / t.sum(axis=-1))[:, None]
        t.reshape(-1)[places] -= g
    else:  # L = log(sum(x)) - log(x[target]) where the probability isn't clipped
        total = x.sum(axis=-1)
        p = x.reshape(-1).take(places)
        p /= total
        g = _unclipped(p) * g / total
        t = xp.empty_like(x)
        t[...] = g[:, None]
        t.reshape(-1)[places] -= g / _clipped(xp, p)
    if axis != -1 and axis != output.ndim - 1:
        moved = output.shape[: axis % output.ndim] + output.shape[axis % output.ndim + 1 :] + (x.shape[-1],)
        return None, xp.moveaxis(t.reshape(moved), -1, axis)
    return None, t.reshape(output.shape)


sparse_categorical_crossentropy.vjp_joint(_sparse_grads)
sparse_categorical_crossentropy.cases = (
    case("3:int32<4", "3,4", low=0.1), case("3:int32<4", "3,4", from_logits=True), case("3,1:int64<4", "3,4", low=0.1),
    case("2,3:uint8<4", "2,3,4", low=0.1), case("2,3:int32<4", "2,4,3", axis=1, low=0.1),
    case("2,3:int32<4", "2,4,3", axis=1, from_logits=True), case("2,3:int32<4", "2,4,3", axis=-2, from_logits=True),
    case(np.array(2, "int32"), "4", low=0.1),
    fails("3:int32<4", "4,4", match="one integer label"), fails("4,4:int32<4", "4,4", match="one integer label"),
    fails(np.array([1, 7], "int32"), "2,4", match="label 7 is out of range"),
    fails(np.array([1, -1], "int64"), "2,4", match="label -1 is out of range"),
)  # fmt: skip


# ---- one probability for each element ------------------------------------------------------------------------


def _binary_twin(target, output, from_logits=False):
    if from_logits:
        return subtract(softplus(output), multiply(target, output))
    eps = config.epsilon()
    p = clip(output, eps, 1.0 - eps)
    return negative(multiply(target, log(p)) + multiply(1.0 - target, log(1.0 - p)))


@primitive(shape=_same_shape, dtype=_as_output, like=_binary_twin)
def binary_crossentropy(xp, target, output, *, from_logits=False):
    """Return -target log(p) - (1 - target) log(1 - p), element by element.

    p is sigmoid(output) with `from_logits`, else output clipped to [epsilon, 1 - epsilon].

    >>> binary_crossentropy([1.0, 0.0], [0.5, 0.5]).numpy().round(4)
    array([0.6931, 0.6931], dtype=float32)
    """
    _check_same_shape(target, output)
    t, x = widen(target), widen(output)
    if from_logits:
        loss = softplus_of(xp, x)
        loss -= t * x
        return narrow(loss, output.dtype)
    p = _clipped(xp, +x)
    q = 1.0 - p
    into = (p, q) if p.ndim else (None, None)
    p, q = xp.log(p, out=into[0]), xp.log(q, out=into[1])
    p -= q
    p *= t
    p += q
    p *= -1.0
    return narrow(p, output.dtype)


def _binary_grads(xp, g, target, output, needs, from_logits):
    t, x, g = widen(target), widen(output), widen(g)
    gtarget = goutput = None
    if from_logits:
        if needs[1]:
            goutput = sigmoid_of(xp, x)
            goutput -= t
            goutput *= g
        return -x * g if needs[0] else None, goutput
    p = _clipped(xp, +x)
    q = 1.0 - p
    if needs[0]:
        gtarget = (xp.log(q) - xp.log(p)) * g
    if needs[1]:
        goutput = p - t
        q *= p
        goutput /= q
        goutput *= _unclipped(x)
        goutput *= g
    return gtarget, goutput


binary_crossentropy.vjp_joint(_binary_grads)
binary_crossentropy.cases = (
    case("3,4", "3,4", low=0.1, high=0.9), case("3,4", "3,4", from_logits=True),
    case("3:int32<2", "3", low=0.1, high=0.9),
    case("", "", low=0.1, high=0.9), case("3,4", "3,4", from_logits=True, low=-200, high=200, second=False),
    case(np.array([0.0, 1.0], "float32"), np.array([0.0, 1.0], "float32"), grad=False),
    fails("3,4", "3,1", match="same shape"),
)  # fmt: skip


# ---- kernels ---------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")
_LABELS = (np.dtype("int32"), np.dtype("int64"))
_LEAST = 1e-30  # the kernels' logarithm is that of normal numbers


def _pair_fits(target, output, from_logits=False, axis=-1):
    """Whether target and output are float32 arrays of one shape, and the classes on the last axis."""
    return (
        getattr(target, "dtype", None) is _FLOAT32 is output.dtype
        and target.shape == output.shape != ()
        and (axis == -1 or axis == output.ndim - 1)
        and config.epsilon() > _LEAST
    )


def _sparse_fits(target, output, from_logits=False, axis=-1):
    return (
        output.dtype is _FLOAT32
        and getattr(target, "dtype", None) in _LABELS
        and (axis == -1 or axis == output.ndim - 1)
        and (target.shape == output.shape[:-1] or target.shape == (*output.shape[:-1], 1))
        and output.size > 0
        and config.epsilon() > _LEAST
    )


def _forward_of(kernel):
    def forward(target, output, from_logits=False, axis=-1):
        return kernel(target, output, from_logits, config.epsilon())

    return forward


def _backward_of(kernel, rule):
    """The kernel's gradient of the output; that of the target, which is seldom asked for, by the rule."""

    def backward(g, inputs, out, needs, params):
        if needs[0]:
            return rule(np, g, *inputs, needs, **{"from_logits": False, **params})
        target, output = inputs
        given = np.asarray(g, _FLOAT32)
        return None, kernel(given, target, output, params.get("from_logits", False), config.epsilon())

    return backward


def _categorical_rule(xp, g, target, output, needs, from_logits, axis=-1):
    return _categorical_grads(xp, g, target, output, needs, from_logits, axis)


if kx_kernels is not None:
    categorical_crossentropy.kernel(
        "native",
        _forward_of(kx_kernels.categorical_crossentropy),
        _backward_of(kx_kernels.categorical_crossentropy_grad, _categorical_rule),
        _pair_fits,
    )
    sparse_categorical_crossentropy.kernel(
        "native",
        _forward_of(kx_kernels.sparse_categorical_crossentropy),
        _backward_of(kx_kernels.sparse_categorical_crossentropy_grad, None),
        _sparse_fits,
    )
    binary_crossentropy.kernel(
        "native",
        _forward_of(kx_kernels.binary_crossentropy),
        _backward_of(kx_kernels.binary_crossentropy_grad, _binary_grads),
        _pair_fits,
    )
