"""The long short-term memory over a whole sequence as one node of the tape."""

import numpy as np

from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import add, multiply
from kx_tensor.ops.join import split
from kx_tensor.ops.recurrence import (
    StepMasks,
    activate,
    activation_op,
    check_sizes,
    dtype_rule,
    float32_gradients,
    gates_fit,
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


def lstm_step(
    x, h, c, kernel, recurrent_kernel, bias, dropout_mask, recurrent_dropout_mask, activation,
    recurrent_activation,
):  # fmt: skip
    """Return the next states (h, c) of an LSTM; see `lstm`. The activations are functions.

    Shapes: x (batch, d), h, c (batch, units), kernel (d, 4 units), recurrent_kernel (units, 4 units), bias (4 units,);
    masks (1 or 4, batch, d) and (1 or 4, batch, units). Bias and masks may be None.

    >>> h, c = lstm_step([[1.0]], [[0.0]], [[2.0]], [[1.0] * 4], [[1.0] * 4], None, None, None, abs, abs)
    >>> c.numpy()
    array([[3.]], dtype=float32)
    """
    inner = biased(gated_product(x, kernel, dropout_mask), bias)
    inner = add(inner, gated_product(h, recurrent_kernel, recurrent_dropout_mask))
    i, f, g, o = split(inner, 4, axis=-1)
    kept, new = multiply(recurrent_activation(f), c), multiply(recurrent_activation(i), activation(g))
    c = add(kept, new)
    return multiply(recurrent_activation(o), activation(c)), c


def _twin(
    x, kernel, recurrent_kernel, bias=None, initial_h=None, initial_c=None, mask=None, dropout_mask=None,
    recurrent_dropout_mask=None, *, activation="tanh", recurrent_activation="sigmoid", return_sequences=False,
    go_backwards=False, zero_output_for_mask=False,
):  # fmt: skip
    weights = kernel, recurrent_kernel, bias, dropout_mask, recurrent_dropout_mask
    functions = activation_op(activation), activation_op(recurrent_activation)

    def step(x_t, states):
        h, c = lstm_step(x_t, *states, *weights, *functions)
        return h, [h, c]

    states = [zero_state(x, recurrent_kernel.shape[0], state) for state in (initial_h, initial_c)]
    out, states = run_steps(step, x, states, mask, return_sequences, go_backwards, zero_output_for_mask)
    return out, *states


@primitive(shape=shape_rule(4, 2), dtype=dtype_rule, like=_twin, outputs=3, saves=True)
def lstm(
    xp, x, kernel, recurrent_kernel, bias=None, initial_h=None, initial_c=None, mask=None, dropout_mask=None,
    recurrent_dropout_mask=None, *, activation="tanh", recurrent_activation="sigmoid", return_sequences=False,
    go_backwards=False, zero_output_for_mask=False, keep=False,
):  # fmt: skip
    """Return (output, last h, last c) of a long short-term memory over the steps t of a sequence.

    With r the recurrent activation and a the activation (each None, "relu", "sigmoid", "tanh", "hard_sigmoid" or
    "keras2_hard_sigmoid"), the gates i, f, o = r(z_i), r(z_f), r(z_o) and g = a(z_g) are parts of z = x_t W + h U + b,
    in the order i, f, g, o:

        c = f c + i g,    h = o a(c)

    The output is the last h, or with `return_sequences` that of every step, in the order of the recurrence. Where
    `mask` is False a row keeps its states and shows its last output, or zeros: before its first output, and always
    with `zero_output_for_mask`. Dropout masks are constant over the steps and multiply x and h; there is one, or
    one for each gate. Hochreiter, Schmidhuber 1997, https://doi.org/10.1162/neco.1997.9.8.1735

    Shapes: x (batch, steps, d), kernel (d, 4 units), recurrent_kernel (units, 4 units), bias (4 units,), initial_h
    and initial_c (batch, units), mask (batch, steps), dropout_mask (1 or 4, batch, d), recurrent_dropout_mask
    (1 or 4, batch, units) -> (batch, units) or (batch, steps, units), and twice (batch, units).

    >>> out, h, c = lstm([[[1.0], [2.0]]], [[0.0, 0.0, 1.0, 0.0]], [[0.0] * 4], activation=None)
    >>> c.numpy()  # each gate is 1 / 2
    array([[1.25]], dtype=float32)
    """
    units = recurrent_kernel.shape[0]
    initial = {"initial_h": initial_h, "initial_c": initial_c}
    check_sizes(x, units, 4, (4 * units,), bias, initial, mask, dropout_mask, recurrent_dropout_mask)
    dtype = x.dtype
    x, w, u, b, h, c, d, r = widened(
        [x, kernel, recurrent_kernel, bias, initial_h, initial_c, dropout_mask, recurrent_dropout_mask]
    )
    masks = StepMasks(xp, mask, go_backwards, zero_output_for_mask)
    gates = product(xp, in_order(xp, x, go_backwards), w, d)
    if b is not None:
        gates += b
    if h is None:
        h = xp.zeros((x.shape[0], units), gates.dtype)
    if c is None:
        c = xp.zeros((x.shape[0], units), gates.dtype)
    before, cells, squashed, after = [], [], [], []
    for t in range(gates.shape[0]):
        before.append(h)
        cells.append(c)
        z = gates[t]
        z += product(xp, h, u, r)
        z[:, : 2 * units] = activate(xp, recurrent_activation, z[:, : 2 * units])
        z[:, 2 * units : 3 * units] = activate(xp, activation, z[:, 2 * units : 3 * units])
        z[:, 3 * units :] = activate(xp, recurrent_activation, z[:, 3 * units :])
        i, f, g, o = _parts(z)
        new = f * c + i * g
        squashed.append(activate(xp, activation, new))
        h = masks.carry(t, o * squashed[t], h)
        c = masks.carry(t, new, c)
        after.append(h)
    out = outputs(xp, after, masks, return_sequences)
    return narrowed((out, h, c), dtype), (gates, before, cells, squashed) if keep else None


def _parts(z):
    units = z.shape[-1] // 4
    return [z[..., k * units : (k + 1) * units] for k in range(4)]


def _gradients(
    xp, grads, x, kernel, recurrent_kernel, mask, dropout_mask, recurrent_dropout_mask, saved, needs, activation,
    recurrent_activation, return_sequences, go_backwards, zero_output_for_mask,
):  # fmt: skip
    gates, before, cells, squashed = saved
    x, w, u, d, r, g_out, dh, dc = widened(
        [x, kernel, recurrent_kernel, dropout_mask, recurrent_dropout_mask, *grads]
    )
    masks = StepMasks(xp, mask, go_backwards, zero_output_for_mask)
    count = len(before)
    g_out = output_gradients(xp, g_out, masks, count, return_sequences)
    inner = xp.empty_like(gates)
    for t in reversed(range(count)):
        i, f, g, o = _parts(gates[t])
        dz_i, dz_f, dz_g, dz_o = _parts(inner[t])
        dh = plus(dh, g_out[t])
        dh, old_h = (xp.zeros_like(i), None) if dh is None else masks.split(t, dh)
        dc, old_c = (None, None) if dc is None else masks.split(t, dc)
        new = plus(dc, dh * o * slope(xp, activation, squashed[t]))
        dz_i[:] = new * g * slope(xp, recurrent_activation, i)
        dz_f[:] = new * cells[t] * slope(xp, recurrent_activation, f)
        dz_g[:] = new * i * slope(xp, activation, g)
        dz_o[:] = dh * squashed[t] * slope(xp, recurrent_activation, o)
        dc = plus(new * f, old_c)
        dh = plus(product_dx(xp, inner[t], u, r), old_h)
    steps, before = in_order(xp, x, go_backwards), xp.stack(before)
    return (
        out_of_order(xp, product_dx(xp, inner, w, d), go_backwards) if needs[0] else None,
        product_dweights(xp, inner, steps, d) if needs[1] else None,
        product_dweights(xp, inner, before, r) if needs[2] else None,
        inner.sum(axis=(0, 1)) if needs[3] else None,
        dh if needs[4] else None,
        dc if needs[5] else None,
        None,
        product_ddrop(xp, inner, steps, w, d) if needs[7] else None,
        product_ddrop(xp, inner, before, u, r) if needs[8] else None,
    )


lstm.vjp_joint(_gradients)
lstm.cost = lambda x, kernel, recurrent_kernel, *rest: (
    2 * x.shape[0] * x.shape[1] * (kernel.size + recurrent_kernel.size)
)
lstm.cases = (
    case("2,2,3", "3,8", "2,8"), case("2,3,3", "3,8", "2,8", "8", "2,2", "2,2", return_sequences=True),
    case("1,1,1", "1,4", "1,4", "4", activation="relu", return_sequences=True),
    case("3,4,2", "2,8", "2,8", "8", "3,2", "3,2", "3,4:bool", return_sequences=True),
    case("3,3,2", "2,4", "1,4", "4", None, "3,1", "3,3:bool", go_backwards=True, activation=None),
    case("3,4,1", "1,4", "1,4", "4", "3,1", None, "3,4:bool", return_sequences=True, zero_output_for_mask=True),
    case("2,3,2", "2,8", "2,8", "8", None, None, None, "1,2,2", "1,2,2", return_sequences=True),
    case("2,3,2", "2,8", "2,8", "8", None, None, None, "4,2,2", "4,2,2", recurrent_activation="hard_sigmoid"),
    case("2,3,2", "2,8", "2,8", "8", "2,2", "2,2", "2,3:bool", recurrent_activation="keras2_hard_sigmoid"),
    case("2,2,1", "1,4", "1,4", "4", go_backwards=True, return_sequences=True), case("0,2,2", "2,4", "1,4", "4"),
    fails("2,3", "3,8", "2,8", match="batch, steps"), fails("2,3,4", "3,8", "2,8", match="4 features"),
    fails("2,3,4", "4,8", "2,6", match="8 columns"), fails("2,3,4", "4,8", "2,8", "2", match="bias"),
    fails("2,3,4", "4,8", "2,8", "8", "2,2", "2,3", match="initial_c"),
    fails("2,3,4", "4,8", "2,8", "8", None, None, "2,4:bool", match="mask"),
    fails("2,3,4", "4,8", "2,8", "8", None, None, None, "2,2,4", match="dropout_mask"),
    fails("2,3,4", "4,8", "2,8", "8", recurrent_activation="softsign", match="activation must be"),
)  # fmt: skip


# ---- kernels -------------------------------------------------------------------------------------------------


def _fits(
    x, kernel, recurrent_kernel, bias, initial_h, initial_c, mask, dropout_mask, recurrent_dropout_mask, *,
    activation="tanh", recurrent_activation="sigmoid", **options,
):  # fmt: skip
    return gates_fit(activation, recurrent_activation) and kernel_fits(x, recurrent_kernel, mask)


def _kernel_forward(
    x, kernel, recurrent_kernel, bias, initial_h, initial_c, mask, dropout_mask, recurrent_dropout_mask, *,
    activation="tanh", **options,
):  # fmt: skip
    units, initial = recurrent_kernel.shape[0], {"initial_h": initial_h, "initial_c": initial_c}
    check_sizes(x, units, 4, (4 * units,), bias, initial, mask, dropout_mask, recurrent_dropout_mask)
    arrays = kernel, recurrent_kernel, bias, initial_h, initial_c, mask, dropout_mask, recurrent_dropout_mask
    return kx_kernels.lstm(x, *arrays, **options)


def _kernel_backward(grads, inputs, saved, needs, params):
    options = {**lstm.statics, **params}
    x, kernel, recurrent_kernel, _, _, _, *masks = inputs
    if needs[7] or needs[8]:  # the kernel takes dropout masks for constants
        _, saved = lstm.forward(np, *inputs, keep=True, **options)
        return _gradients(np, grads, x, kernel, recurrent_kernel, *masks, saved, needs, **options)
    del options["activation"]
    arrays = *float32_gradients(grads), x, kernel, recurrent_kernel, *masks
    found = kx_kernels.lstm_grad(*arrays, saved=saved, need_x=needs[0], **options)
    return only_needed([*found, None, None, None], needs)


if kx_kernels is not None:
    lstm.kernel("native", _kernel_forward, _kernel_backward, _fits)
