"""A recurrence as a plain loop over ops: for any cell, and for the composite twins of the fused ones."""

from kx_tensor import tree
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.creation import zeros, zeros_like
from kx_tensor.ops.indexes import get_item
from kx_tensor.ops.join import concatenate, split, stack
from kx_tensor.ops.matrix import matmul
from kx_tensor.ops.select import where
from kx_tensor.ops.shape import expand_dims


def run_steps(
    step, x, states, mask=None, return_sequences=False, go_backwards=False, zero_output_for_mask=False
):
    """Carry states along the steps of x: `step(x_t, states) -> (output, states)`; return (output, states).

    The output is that of the last step, or with `return_sequences` all of them, stacked in the order of the
    recurrence. Where `mask` is False a row keeps its states and shows its last output, or zeros: before its first
    output, and always with `zero_output_for_mask`.

    Shapes: x (batch, steps, ...), states (batch, ...) nested in any way, mask (batch, steps).

    >>> run_steps(lambda x, s: (x + s[0], [x + s[0]]), add([[[1.0], [2.0], [3.0]]], 0.0), [zeros((1, 1))])[0].numpy()
    array([[6.]], dtype=float32)
    """
    count = x.shape[1]
    shown, outs = None, []
    for t in range(count - 1, -1, -1) if go_backwards else range(count):
        out, new = step(get_item(x, (slice(None), t)), states)
        if mask is None:
            states = new
            outs.append(out)
            continue
        here = get_item(mask, (slice(None), t))
        states = tree.map_structure(lambda a, b, here=here: _choose(here, a, b), new, states)
        blank = tree.map_structure(zeros_like, out) if zero_output_for_mask or shown is None else shown
        shown = tree.map_structure(lambda a, b, here=here: _choose(here, a, b), out, blank)
        outs.append(shown)
    if return_sequences:
        return tree.map_structure(lambda *parts: stack(parts, axis=1), *outs), states
    return outs[-1], states


def _choose(here, a, b):
    """a in the rows where `here` is true, b in the others."""
    return where(expand_dims(here, tuple(range(1, len(a.shape)))), a, b)


def zero_state(x, units, state):
    """Return `state`, or zeros of shape (batch, units) in the dtype of x for None."""
    if state is not None:
        return state
    if x.shape[0] is None:  # a symbolic batch: as many rows as x turns out to have
        return add(zeros_like(get_item(x, (slice(None), 0, slice(0, 1)))), zeros((units,), x.dtype))
    return zeros((x.shape[0], units), x.dtype)


def gated_product(x, weights, drop):
    """Return x @ weights, x times its dropout mask; with several masks each is for one gate, a part of the columns.

    Shapes: x (batch, n), weights (n, gates * units), drop (masks, batch, n) or None.

    >>> gated_product([[1.0, 2.0]], [[1.0], [1.0]], [[[0.0, 2.0]]]).numpy()
    array([[4.]], dtype=float32)
    """
    if drop is None:
        return matmul(x, weights)
    count = len(drop) if isinstance(drop, (list, tuple)) else drop.shape[0]
    if count == 1:
        return matmul(multiply(x, get_item(drop, 0)), weights)
    parts = split(weights, count, axis=-1)
    return concatenate([matmul(multiply(x, get_item(drop, i)), w) for i, w in enumerate(parts)], axis=-1)


def biased(x, bias):
    """Return x + bias; a bias of None is zero.

    >>> biased(add([1.0], 2.0), None).numpy()
    array([3.], dtype=float32)
    """
    return x if bias is None else add(x, bias)
