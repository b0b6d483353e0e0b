"""The fully connected recurrence h = f(x W + h U + b), over a whole sequence as one node of the tape."""

import numpy as np

from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import add
from kx_tensor.ops.recurrence import (
    StepMasks,
    activate,
    activation_op,
    check_sizes,
    dtype_rule,
    float32_gradients,
    in_order,
    kernel_fits,
    narrowed,
    only_needed,
    out_of_order,
    output_gradients,
    outputs,
    plus,
    product,
    product_ddrop,
    product_dweights,
    product_dx,
    shape_rule,
    slope,
    widened,
)
from kx_tensor.ops.recurrent_loop import biased, gated_product, run_steps, zero_state
from kx_tensor.primitive import primitive


def simple_rnn_step(
    x, state, kernel, recurrent_kernel, bias, dropout_mask, recurrent_dropout_mask, activation
):
    """Return the next state of a simple recurrence, f(x W + h U + b), f the function `activation`.

    Shapes: x (batch, d), state (batch, units), kernel (d, units), recurrent_kernel (units, units), bias (units,); masks
    (1, batch, d) and (1, batch, units). Bias and masks may be None.

    >>> simple_rnn_step([[1.0]], [[2.0]], [[3.0]], [[4.0]], None, None, None, lambda x: x).numpy()
    array([[11.]], dtype=float32)
    """
    inner = biased(gated_product(x, kernel, dropout_mask), bias)
    return activation(add(inner, gated_product(state, recurrent_kernel, recurrent_dropout_mask)))


def _twin(
    x, kernel, recurrent_kernel, bias=None, initial_h=None, mask=None, dropout_mask=None,
    recurrent_dropout_mask=None, *, activation="tanh", return_sequences=False, go_backwards=False,
    zero_output_for_mask=False,
):  # fmt: skip
    weights = kernel, recurrent_kernel, bias, dropout_mask, recurrent_dropout_mask, activation_op(activation)

    def step(x_t, states):
        h = simple_rnn_step(x_t, states[0], *weights)
        return h, [h]

    states = [zero_state(x, recurrent_kernel.shape[0], initial_h)]
    out, states = run_steps(step, x, states, mask, return_sequences, go_backwards, zero_output_for_mask)
    return out, *states


@primitive(shape=shape_rule(1, 1), dtype=dtype_rule, like=_twin, outputs=2, saves=True)
def simple_rnn(
    xp, x, kernel, recurrent_kernel, bias=None, initial_h=None, mask=None, dropout_mask=None,
    recurrent_dropout_mask=None, *, activation="tanh", return_sequences=False, go_backwards=False,
    zero_output_for_mask=False, keep=False,
):  # fmt: skip
    """Return (output, last state h) of the recurrence h = f(x_t W + h U + b) over the steps t of a sequence.

    The output is the last state, or with `return_sequences` the state after every step, in the order of the recurrence.
    `activation` f is None, "relu", "sigmoid", "tanh", "hard_sigmoid" or "keras2_hard_sigmoid". Where `mask` is False a
    row keeps its state and shows its last output, or zeros: before its first output, and always with
    `zero_output_for_mask`. Dropout masks are constant over the steps and multiply x and h.

    Shapes: x (batch, steps, d), kernel (d, units), recurrent_kernel (units, units), bias (units,), initial_h (batch,
    units), mask (batch, steps), dropout_mask (1, batch, d), recurrent_dropout_mask (1, batch, units) -> (batch, units)
    or (batch, steps, units), and (batch, units).

    >>> simple_rnn([[[1.0], [1.0], [1.0]]], [[1.0]], [[2.0]], activation=None, return_sequences=True)[0].numpy().ravel()
    array([1., 3., 7.], dtype=float32)
    """
    check_sizes(
        x, recurrent_kernel.shape[0], 1, recurrent_kernel.shape[:1], bias, {"initial_h": initial_h}, mask,
        dropout_mask, recurrent_dropout_mask,
    )  # fmt: skip
    dtype = x.dtype
    x, w, u, b, h, d, r = widened(
        [x, kernel, recurrent_kernel, bias, initial_h, dropout_mask, recurrent_dropout_mask]
    )
    masks = StepMasks(xp, mask, go_backwards, zero_output_for_mask)
    inner = product(xp, in_order(xp, x, go_backwards), w, d)
    if b is not None:
        inner += b
    if h is None:
        h = xp.zeros(inner.shape[1:], inner.dtype)
    before, made, after = [], [], []
    for t in range(inner.shape[0]):
        new = activate(xp, activation, inner[t] + product(xp, h, u, r))
        before.append(h)
        made.append(new)
        h = masks.carry(t, new, h)
        after.append(h)
    out = outputs(xp, after, masks, return_sequences)
    return narrowed((out, h), dtype), (before, made) if keep else None


def _gradients(
    xp, g, x, kernel, recurrent_kernel, mask, dropout_mask, recurrent_dropout_mask, saved, needs, activation,
    return_sequences, go_backwards, zero_output_for_mask,
):  # fmt: skip
    before, made = saved
    x, w, u, d, r, g_out, dh = widened(
        [x, kernel, recurrent_kernel, dropout_mask, recurrent_dropout_mask, *g]
    )
    masks = StepMasks(xp, mask, go_backwards, zero_output_for_mask)
    g_out = output_gradients(xp, g_out, masks, len(made), return_sequences)
    inner = [None] * len(made)
    for t in reversed(range(len(made))):
        new, old = masks.split(t, plus(dh, g_out[t]))
        inner[t] = new * slope(xp, activation, made[t])
        dh = plus(product_dx(xp, inner[t], u, r), old)
    inner, before = xp.stack(inner), xp.stack(before)
    steps = in_order(xp, x, go_backwards)
    return (
        out_of_order(xp, product_dx(xp, inner, w, d), go_backwards) if needs[0] else None,
        product_dweights(xp, inner, steps, d) if needs[1] else None,
        product_dweights(xp, inner, before, r) if needs[2] else None,
        inner.sum(axis=(0, 1)) if needs[3] else None,
        dh if needs[4] else None,
        None,
        product_ddrop(xp, inner, steps, w, d) if needs[6] else None,
        product_ddrop(xp, inner, before, u, r) if needs[7] else None,
    )


simple_rnn.vjp_joint(_gradients)
simple_rnn.cost = lambda x, kernel, recurrent_kernel, *rest: (
    2 * x.shape[0] * x.shape[1] * (kernel.size + recurrent_kernel.size)
)
simple_rnn.cases = (
    case("2,3,4", "4,3", "3,3"), case("2,3,4", "4,3", "3,3", "3", "2,3", return_sequences=True),
    case("1,1,1", "1,1", "1,1", "1", activation="relu", return_sequences=True),
    case("3,4,2", "2,3", "3,3", "3", "3,3", "3,4:bool", activation="sigmoid", return_sequences=True),
    case("3,4,2", "2,3", "3,3", "3", None, "3,4:bool", go_backwards=True),
    case("3,4,2", "2,1", "1,1", None, "3,1", "3,4:bool", return_sequences=True, zero_output_for_mask=True),
    case("2,3,2", "2,3", "3,3", "3", None, None, "1,2,2", "1,2,3", activation=None),
    case("2,3,2", "2,3", "3,3", "3", activation="hard_sigmoid", go_backwards=True, return_sequences=True),
    case("0,3,2", "2,3", "3,3", "3", return_sequences=True),
    fails("2,3", "3,3", "3,3", match="batch, steps"), fails("2,0,3", "3,3", "3,3", match="1 or more steps"),
    fails("2,3,4", "3,3", "3,3", match="4 features"), fails("2,3,4", "4,3", "3,4", match="3 columns"),
    fails("2,3,4", "4,3", "3,3", "4", match="bias"), fails("2,3,4", "4,3", "3,3", "3", "2,4", match="initial_h"),
    fails("2,3,4", "4,3", "3,3", activation="softsign", match="activation must be"),
)  # fmt: skip


# ---- kernels -------------------------------------------------------------------------------------------------

_KERNEL_ACTIVATIONS = None, "relu", "sigmoid", "tanh"


def _fits(
    x, kernel, recurrent_kernel, bias, initial_h, mask, dropout_mask, recurrent_dropout_mask, *,
    activation="tanh", **options,
):  # fmt: skip
    return activation in _KERNEL_ACTIVATIONS and kernel_fits(x, recurrent_kernel, mask)


def _kernel_forward(
    x, kernel, recurrent_kernel, bias, initial_h, mask, dropout_mask, recurrent_dropout_mask, **options
):
    units, initial = recurrent_kernel.shape[0], {"initial_h": initial_h}
    check_sizes(x, units, 1, (units,), bias, initial, mask, dropout_mask, recurrent_dropout_mask)
    arrays = kernel, recurrent_kernel, bias, initial_h, mask, dropout_mask, recurrent_dropout_mask
    return kx_kernels.simple_rnn(x, *arrays, **options)


def _kernel_backward(grads, inputs, saved, needs, params):
    options = {**simple_rnn.statics, **params}
    x, kernel, recurrent_kernel, _, _, *masks = inputs
    if needs[6] or needs[7]:  # the kernel takes dropout masks for constants
        _, saved = simple_rnn.forward(np, *inputs, keep=True, **options)
        return _gradients(np, grads, x, kernel, recurrent_kernel, *masks, saved, needs, **options)
    arrays = *float32_gradients(grads), x, kernel, recurrent_kernel, *masks
    found = kx_kernels.simple_rnn_grad(*arrays, saved=saved, need_x=needs[0], **options)
    return only_needed([*found, None, None, None], needs)


if kx_kernels is not None:
    simple_rnn.kernel("native", _kernel_forward, _kernel_backward, _fits)
