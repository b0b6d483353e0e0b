"""Connectionist temporal classification (Graves et al. 2006): the loss of labels whose places in time are not known."""

from types import SimpleNamespace

import numpy as np

from kx_tensor import rules
from kx_tensor.cases import case, fails
from kx_tensor.ops.activation import log_softmax
from kx_tensor.ops.arithmetic import logaddexp, negative
from kx_tensor.ops.casting import convert_to_tensor
from kx_tensor.ops.indexes import take_along_axis
from kx_tensor.ops.join import concatenate
from kx_tensor.ops.reduce import sum
from kx_tensor.ops.select import where
from kx_tensor.primitive import primitive
from kx_tensor.tensor import Tensor

_RARE = -1e5  # the logarithm of what can't be, as Keras has it with JAX: losses stay finite
_NEVER = -1e30  # the logarithm of what does not exist: a label before the first
_OPS = SimpleNamespace(concatenate=concatenate, logaddexp=logaddexp, where=where)


def _shape(shapes, params):
    target, output, *lengths = shapes
    if len(target) != 2 or len(output) != 3:
        raise ValueError(
            f"labels of shape (batch, labels) and scores of shape (batch, steps, classes) are expected, "
            f"got {tuple(target)} and {tuple(output)}."
        )
    batch = output[0]
    for shape in (target[:1], *lengths):
        if len(shape) != 1 or (None not in (batch, shape[0]) and batch != shape[0]):
            raise ValueError(f"labels, scores and both lengths must agree in the batch, got {shapes}.")
        batch = shape[0] if batch is None else batch
    return (batch,)


def _dtype(names, params):
    wide = rules.wide_float(rules.floating(names[1:2], params)[1])
    return [None, wide, None, None], wide


def _advance(lib, blanks, labels, fresh, of_blank, of_label, live):
    """The next logarithms of the probabilities of all ways to the blanks and labels, given those up to this step.

    `blanks` (batch, n + 1) and `labels` (batch, n); `fresh` is 0 where a label may follow the one before at once.
    Also returns that of being about to enter each label.
    """
    nothing = blanks[:, :1] * 0 + _NEVER
    enter = lib.logaddexp(blanks[:, :-1], lib.concatenate([nothing, labels[:, :-1]], axis=1) + fresh)
    after = lib.concatenate([nothing, labels], axis=1)
    new_blanks = lib.logaddexp(blanks, after) + of_blank
    new_labels = lib.logaddexp(enter, labels) + of_label
    return lib.where(live, new_blanks, blanks), lib.where(live, new_labels, labels), enter


def _start(xp, target, output, target_length, output_length, mask_index):
    """What the recursion begins with, as raw arrays: labels, penalties, which steps count, where each row ends."""
    used = xp.arange(target.shape[1]) < target_length[:, None]
    wrong = used & ((target < 0) | (target >= output.shape[-1]))
    if bool(wrong.any()):
        raise ValueError(
            f"ctc_loss: label {int(target[wrong][0])} is out of range for {output.shape[-1]} classes."
        )
    for what, lengths, most in (
        ("labels", target_length, target.shape[1]),
        ("steps", output_length, output.shape[1]),
    ):
        if bool((lengths > most).any()):
            raise ValueError(f"ctc_loss: a length of {int(lengths.max())} {what} in arrays of {most} {what}.")
    target = xp.where(used, target, mask_index).astype("int64")
    fresh = xp.zeros(target.shape, output.dtype)
    fresh[:, 1:] = xp.where(target[:, 1:] == target[:, :-1], _RARE, 0.0)
    live = xp.arange(output.shape[1]) < output_length[:, None]
    ends = xp.arange(target.shape[1] + 1) == target_length[:, None]
    blanks = xp.where(xp.arange(target.shape[1] + 1) == 0, 0.0, _RARE).astype(output.dtype)
    blanks = blanks + xp.zeros(ends.shape, output.dtype)
    return target, fresh, live, ends, blanks, xp.full(target.shape, _RARE, output.dtype)


def _twin(target, output, target_length, output_length, mask_index=0):
    given = target, output, target_length, output_length
    target, output, target_length, output_length = map(convert_to_tensor, given)
    xp, wrap = output.device.xp, lambda raw: Tensor(raw, None, output.device)
    raw = [target.data, output.data, target_length.data, output_length.data]
    places, fresh, live, ends, blanks, labels = map(wrap, _start(xp, *raw, mask_index))
    scores = log_softmax(output)
    steps = output.shape[1]
    index = xp.broadcast_to(places.data[:, None], (places.shape[0], steps, places.shape[1]))
    of_label = take_along_axis(scores, wrap(index), axis=2)
    for t in range(steps):
        of_blank = scores[:, t, mask_index][:, None]
        blanks, labels, _ = _advance(_OPS, blanks, labels, fresh, of_blank, of_label[:, t], live[:, t, None])
    after = concatenate([blanks[:, :1] * 0 + _NEVER, labels], axis=1)
    return negative(sum(where(ends, logaddexp(blanks, after), 0.0), axis=1))


@primitive(shape=_shape, dtype=_dtype, like=_twin, saves=True)
def ctc_loss(xp, target, output, target_length, output_length, *, mask_index=0, keep=False):
    """Return -log of the probability that the steps of `output` spell the labels of `target`.

    Each step takes one class with the probabilities softmax(output). What was taken spells what is left when runs of
    a class become one and the class `mask_index`, the blank, is taken out. Only the first `target_length` labels
    and the first `output_length` steps of a row count. Labels that do not fit into so few steps cost 1e5 or more.
    Graves et al. 2006, https://www.cs.toronto.edu/~graves/icml_2006.pdf

    Shapes: (batch, labels), (batch, steps, classes), (batch,), (batch,) -> (batch,). Raises ValueError for a
    label that is no class and for lengths beyond the arrays.

    >>> ctc_loss([[1]], [[[0.0, 0.0], [0.0, 0.0]]], [1], [2]).numpy().round(4)  # three of four ways spell it
    array([0.2877], dtype=float32)
    """
    places, fresh, live, ends, blanks, labels = _start(
        xp, target, output, target_length, output_length, mask_index
    )
    scores = output - output.max(axis=-1, keepdims=True)
    scores = scores - xp.log(xp.exp(scores).sum(axis=-1, keepdims=True))
    index = xp.broadcast_to(places[:, None], (len(places), output.shape[1], places.shape[1]))
    of_label = xp.take_along_axis(scores, index, axis=2)
    ways = [(blanks, labels, None)]
    for t in range(output.shape[1]):
        of_blank = scores[:, t, mask_index][:, None]
        step = _advance(xp, blanks, labels, fresh, of_blank, of_label[:, t], live[:, t, None])
        blanks, labels = step[:2]
        if keep:
            ways.append(step)
    after = xp.concatenate([blanks[:, :1] * 0 + _NEVER, labels], axis=1)
    total = xp.logaddexp(blanks, after)
    loss = -xp.where(ends, total, 0.0).sum(axis=1)
    return loss, (places, fresh, live, ends, total, scores, of_label, ways)


def _grads(xp, g, target, output, target_length, output_length, saved, needs, mask_index):
    places, fresh, live, ends, total, scores, of_label, ways = saved
    g = xp.where(ends, -g[:, None], 0.0)
    blanks, labels, _ = ways[-1]
    d_blanks = g * xp.exp(blanks - total)
    d_labels = (g[:, 1:]) * xp.exp(labels - total[:, 1:])
    d_of_blank, d_of_label = xp.zeros_like(scores[:, :, 0]), xp.zeros_like(of_label)
    for t in range(len(ways) - 2, -1, -1):
        new_blanks, new_labels, enter = ways[t + 1]
        blanks, labels, _ = ways[t]
        on = live[:, t, None]
        back_blanks, back_labels = xp.where(on, d_blanks, 0.0), xp.where(on, d_labels, 0.0)
        d_of_blank[:, t] = back_blanks.sum(axis=1)
        d_of_label[:, t] = back_labels
        d_blanks, d_labels = d_blanks - back_blanks, d_labels - back_labels  # of the rows that have ended
        before = new_blanks - scores[:, t, mask_index][:, None]
        d_blanks += back_blanks * xp.exp(xp.minimum(blanks - before, 0.0))
        d_labels += back_blanks[:, 1:] * xp.exp(xp.minimum(labels - before[:, 1:], 0.0))
        before = new_labels - of_label[:, t]
        d_labels += back_labels * xp.exp(xp.minimum(labels - before, 0.0))
        d_enter = back_labels * xp.exp(xp.minimum(enter - before, 0.0))
        d_blanks[:, :-1] += d_enter * xp.exp(xp.minimum(blanks[:, :-1] - enter, 0.0))
        jump = labels[:, :-1] + fresh[:, 1:] - enter[:, 1:]
        d_labels[:, :-1] += d_enter[:, 1:] * xp.exp(xp.minimum(jump, 0.0))
    classes = (places[:, :, None] == xp.arange(scores.shape[2])).astype(scores.dtype)
    d = xp.matmul(d_of_label, classes)
    d[:, :, mask_index] += d_of_blank
    return None, d - xp.exp(scores) * d.sum(axis=-1, keepdims=True), None, None


ctc_loss.vjp_joint(_grads)
_LABELS = np.array([[1, 2, 3], [1, 1, 2], [2, 0, 0]], "int32")
_LENGTHS = np.array([3, 3, 1], "int32"), np.array([6, 5, 3], "int32")
ctc_loss.cases = (
    case(_LABELS, "3,6,4", *_LENGTHS),
    case(np.array([[0, 0], [2, 1]]), "2,5,4", np.array([2, 0]), np.array([5, 4]), mask_index=3),
    fails("3:int32<4", "3,6,4", *_LENGTHS, match="shape"),
    fails(_LABELS, "2,6,4", *_LENGTHS, match="batch"),
    fails(_LABELS, "3,6,3", *_LENGTHS, match="label 3 is out of range"),
    fails(_LABELS, "3,4,4", *_LENGTHS, match="a length of 6 steps in arrays of 4"),
)
