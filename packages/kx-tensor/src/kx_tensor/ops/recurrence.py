"""What the recurrent primitives share on raw arrays: activations, dropout per gate, masks, the order of the steps.

Raw sequences run as (steps, batch, features) in the order of the recurrence, whatever `go_backwards` says.
"""

import functools

import numpy as np

from kx_tensor import rules
from kx_tensor.ops.activation import relu, sigmoid, sigmoid_of, tanh
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.composed_activation import hard_sigmoid
from kx_tensor.ops.select import clip
from kx_tensor.precision import ZEROS, narrow, widen

# ---- activations ---------------------------------------------------------------------------------------------

# Name -> (op, the same on raw arrays, its slope by its result).
_ACTIVATIONS = {
    None: (lambda x: x, lambda xp, x: x, lambda xp, y: xp.ones_like(y)),
    "relu": (relu, lambda xp, x: xp.maximum(x, ZEROS[x.dtype]), lambda xp, y: (y > 0).astype(y.dtype)),
    "sigmoid": (sigmoid, sigmoid_of, lambda xp, y: y * (1.0 - y)),
    "tanh": (tanh, lambda xp, x: xp.tanh(x), lambda xp, y: 1.0 - y * y),
    "hard_sigmoid": (
        hard_sigmoid,
        lambda xp, x: xp.clip(x + 3.0, 0.0, 6.0) / 6.0,
        lambda xp, y: ((y > 0) & (y < 1)).astype(y.dtype) / 6.0,
    ),
    "keras2_hard_sigmoid": (  # that of Keras 1 and 2, which models from their files keep
        lambda x: clip(add(multiply(0.2, x), 0.5), 0.0, 1.0),
        lambda xp, x: xp.clip(0.2 * x + 0.5, 0.0, 1.0),
        lambda xp, y: ((y > 0) & (y < 1)).astype(y.dtype) * 0.2,
    ),
}


def _activation(name):
    if name not in _ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(map(str, _ACTIVATIONS))}, got {name!r}.")
    return _ACTIVATIONS[name]


def activation_op(name):
    """Return the activation op that a recurrent primitive calls `name`."""
    return _activation(name)[0]


def activate(xp, name, x):
    """Return the activation of a raw float32 or float64 array."""
    return _activation(name)[1](xp, x)


def slope(xp, name, y):
    """Return the slope of an activation where its result is y."""
    return _activation(name)[2](xp, y)


# ---- rules ---------------------------------------------------------------------------------------------------


def dtype_rule(names, params):
    """Masks stay bool; everything else takes the common float dtype, which the results have."""
    common = rules.floating([name for name in names if name != "bool"], params)[1]
    return [None if name == "bool" else common for name in names], common


def shape_rule(gates, states):
    """Return the shape rule of a recurrence with so many gates and states."""

    def rule(shapes, params):
        x, kernel, recurrent = shapes[:3]
        if len(x) != 3 or x[1] == 0:
            raise ValueError(f"expected x of shape (batch, steps, features) with 1 or more steps, got {x}.")
        if len(kernel) != 2 or len(recurrent) != 2:
            raise ValueError(f"expected kernels with 2 axes, got shapes {kernel} and {recurrent}.")
        if None not in (x[2], kernel[0]) and x[2] != kernel[0]:
            raise ValueError(f"x has {x[2]} features, the kernel takes {kernel[0]}.")
        units = recurrent[0]
        for width in (kernel[1], recurrent[1]):
            if None not in (units, width) and width != gates * units:
                raise ValueError(
                    f"for {gates} gates of {units} units kernels need {gates * units} columns, got shapes {kernel} "
                    f"and {recurrent}."
                )
        _activation(params["activation"])
        _activation(params.get("recurrent_activation"))
        out = (*x[:2], units) if params["return_sequences"] else (x[0], units)
        return out, *[(x[0], units)] * states

    return rule


def check_sizes(x, units, gates, bias_shape, bias, initial, mask, drop, recurrent_drop):
    """Raise ValueError unless the optional arrays fit; `initial` is {name: array} of the initial states."""
    batch, steps, features = x.shape
    wanted = [("bias", bias, [bias_shape]), ("mask", mask, [(batch, steps)])]
    wanted += [(name, state, [(batch, units)]) for name, state in initial.items()]
    wanted += [("dropout_mask", drop, [(n, batch, features) for n in (1, gates)])]
    wanted += [("recurrent_dropout_mask", recurrent_drop, [(n, batch, units) for n in (1, gates)])]
    for name, array, shapes in wanted:
        if array is not None and array.shape not in shapes:
            raise ValueError(f"expected {name} of shape {' or '.join(map(str, shapes))}, got {array.shape}.")


# ---- products of raw arrays ----------------------------------------------------------------------------------


def _pairs(array, count):
    """The `count` equal parts of the last axis, one per dropout mask."""
    size = array.shape[-1] // count
    return [array[..., i * size : (i + 1) * size] for i in range(count)]


def product(xp, x, weights, drop):
    """Return x @ weights, x times its mask; with several masks each is for one gate, a part of the columns.

    Shapes: x (..., batch, n), weights (n, gates * units), drop (masks, batch, n) or None.
    """
    if drop is None:
        return xp.matmul(x, weights)
    parts = [xp.matmul(x * drop[i], w) for i, w in enumerate(_pairs(weights, drop.shape[0]))]
    return parts[0] if len(parts) == 1 else xp.concatenate(parts, axis=-1)


def product_dx(xp, g, weights, drop):
    """Return the gradient of x in `product` from that of its result."""
    if drop is None:
        return xp.matmul(g, weights.T)
    count = drop.shape[0]
    parts = zip(_pairs(g, count), _pairs(weights, count))
    return functools.reduce(
        lambda a, b: a + b, [drop[i] * xp.matmul(p, w.T) for i, (p, w) in enumerate(parts)]
    )


def product_dweights(xp, g, x, drop):
    """Return the gradient of the weights in `product` for (steps, batch, ...) arrays."""
    count = 1 if drop is None else drop.shape[0]
    parts = []
    for i, part in enumerate(_pairs(g, count)):
        masked = x if drop is None else x * drop[i]
        parts.append(xp.matmul(masked.reshape(-1, x.shape[-1]).T, part.reshape(-1, part.shape[-1])))
    return parts[0] if count == 1 else xp.concatenate(parts, axis=-1)


def product_ddrop(xp, g, x, weights, drop):
    """Return the gradient of the masks in `product` for (steps, batch, ...) arrays."""
    count = drop.shape[0]
    parts = zip(_pairs(g, count), _pairs(weights, count))
    return xp.stack([(x * xp.matmul(p, w.T)).sum(axis=0) for p, w in parts])


# ---- steps of raw arrays -------------------------------------------------------------------------------------


def in_order(xp, x, go_backwards):
    """Return (batch, steps, ...) as (steps, batch, ...) in the order of the recurrence."""
    steps = xp.swapaxes(x, 0, 1)
    return steps[::-1] if go_backwards else steps


def out_of_order(xp, steps, go_backwards):
    """Undo `in_order`, into a contiguous array."""
    return xp.ascontiguousarray(xp.swapaxes(steps[::-1] if go_backwards else steps, 0, 1))


class StepMasks:
    """Which rows take part in each step, and whose output shows.

    At a masked step a row keeps its state, and shows its last output, or zeros: before its first output, and
    always with `zero_output`.
    """

    def __init__(self, xp, mask, go_backwards, zero_output):
        self.xp = xp
        self.active = self.shown = None
        if mask is not None:
            self.active = in_order(xp, mask, go_backwards)[..., None]
            self.shown = self.active if zero_output else xp.cumsum(self.active, axis=0) > 0

    def carry(self, t, new, old):
        """The state after step t."""
        return new if self.active is None else self.xp.where(self.active[t], new, old)

    def show(self, t, output):
        """The output of step t, or its gradient; `slice(None)` for all steps."""
        return output if self.shown is None else self.xp.where(self.shown[t], output, ZEROS[output.dtype])

    def split(self, t, g):
        """A gradient of the state after step t as those of the new and of the old state; None for zeros."""
        if self.active is None:
            return g, None
        zero = ZEROS[g.dtype]
        return self.xp.where(self.active[t], g, zero), self.xp.where(self.active[t], zero, g)


def outputs(xp, hidden, masks, return_sequences):
    """Return the output of a layer from its states after each step."""
    if return_sequences:
        return out_of_order(xp, masks.show(slice(None), xp.stack(hidden)), False)
    return masks.show(-1, hidden[-1])


def output_gradients(xp, g, masks, count, return_sequences):
    """Return what a layer's output gradient `g` (or None) adds to the state after each of `count` steps."""
    if g is None:
        return [None] * count
    if not return_sequences:
        return [*[None] * (count - 1), masks.show(-1, g)]
    steps = masks.show(slice(None), in_order(xp, g, False))
    return [steps[t] for t in range(count)]


def plus(a, b):
    """Return a + b, where None is zero."""
    if a is None or b is None:
        return b if a is None else a
    return a + b


def widened(arrays):
    """Return half-precision arrays as float32 ones; None stays None."""
    return [a if a is None else widen(a) for a in arrays]


def narrowed(arrays, dtype):
    """Return arrays in the dtype that results have."""
    return tuple([a if a is None else narrow(a, dtype) for a in arrays])


# ---- kernels -------------------------------------------------------------------------------------------------

_FLOAT32 = np.dtype("float32")
_GATES = "sigmoid", "hard_sigmoid", "keras2_hard_sigmoid"


def gates_fit(activation, recurrent_activation):
    """Whether the native kernels of the LSTM and the GRU have these activations."""
    return activation == "tanh" and recurrent_activation in _GATES


def kernel_fits(x, recurrent, mask):
    """Whether the native kernels can compute with these arrays: float32, none of them empty."""
    return (
        recurrent.dtype is _FLOAT32 and x.ndim == 3 and x.size > 0 and recurrent.size > 0
        and (mask is None or mask.dtype.kind == "b")
    )  # fmt: skip


def float32_gradients(grads):
    """Gradients as the kernels take them: float32 arrays, or None."""
    return [g if g is None or g.dtype is _FLOAT32 else g.astype(_FLOAT32) for g in grads]


def only_needed(grads, needs):
    """Return the gradients that are needed, and None for the others."""
    return [g if needed else None for g, needed in zip(grads, needs)]
