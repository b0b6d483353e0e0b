"""The gated recurrent unit over a whole sequence as one node of the tape."""

import numpy as np

from kx_tensor.cases import case, fails
from kx_tensor.device import kx_kernels
from kx_tensor.ops.arithmetic import add, multiply, subtract
from kx_tensor.ops.indexes import get_item
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


def gru_step(
    x, h, kernel, recurrent_kernel, bias, dropout_mask, recurrent_dropout_mask, activation, recurrent_activation,
    reset_after,
):  # fmt: skip
    """Return the next state of a GRU; see `gru`. The activations are functions.

    Shapes: x (batch, d), h (batch, units), kernel (d, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units) or
    (3 units,); masks (1 or 3, batch, d) and (1 or 3, batch, units). Bias and masks may be None.

    >>> gru_step([[1.0]], [[8.0]], [[0.0] * 3], [[0.0] * 3], None, None, None, abs, lambda x: x + 0.5, True).numpy()
    array([[4.]], dtype=float32)
    """
    into, back = (get_item(bias, 0), get_item(bias, 1)) if reset_after and bias is not None else (bias, None)
    x_z, x_r, x_h = split(biased(gated_product(x, kernel, dropout_mask), into), 3, axis=-1)
    if reset_after:
        inner = biased(gated_product(h, recurrent_kernel, recurrent_dropout_mask), back)
        h_z, h_r, h_h = split(inner, 3, axis=-1)
    else:
        units = recurrent_kernel.shape[0]
        outer = get_item(recurrent_kernel, (slice(None), slice(2 * units)))
        inner = get_item(recurrent_kernel, (slice(None), slice(2 * units, None)))
        drop_outer, drop_inner = _drop_parts(recurrent_dropout_mask)
        h_z, h_r = split(gated_product(h, outer, drop_outer), 2, axis=-1)
    z, r = recurrent_activation(add(x_z, h_z)), recurrent_activation(add(x_r, h_r))
    h_h = multiply(r, h_h) if reset_after else gated_product(multiply(r, h), inner, drop_inner)
    return add(multiply(z, h), multiply(subtract(1.0, z), activation(add(x_h, h_h))))


def _drop_parts(drop):
    """The dropout masks of the update and reset gates, and that of the new state."""
    if drop is None or drop.shape[0] == 1:
        return drop, drop
    return drop[:2], drop[2:]


def _twin(
    x, kernel, recurrent_kernel, bias=None, initial_h=None, mask=None, dropout_mask=None,
    recurrent_dropout_mask=None, *, activation="tanh", recurrent_activation="sigmoid", reset_after=True,
    return_sequences=False, go_backwards=False, zero_output_for_mask=False,
):  # fmt: skip
    weights = kernel, recurrent_kernel, bias, dropout_mask, recurrent_dropout_mask
    functions = activation_op(activation), activation_op(recurrent_activation)

    def step(x_t, states):
        h = gru_step(x_t, states[0], *weights, *functions, reset_after)
        return h, [h]

    states = [zero_state(x, recurrent_kernel.shape[0], initial_h)]
    out, states = run_steps(step, x, states, mask, return_sequences, go_backwards, zero_output_for_mask)
    return out, *states


@primitive(shape=shape_rule(3, 1), dtype=dtype_rule, like=_twin, outputs=2, saves=True)
def gru(
    xp, x, kernel, recurrent_kernel, bias=None, initial_h=None, mask=None, dropout_mask=None,
    recurrent_dropout_mask=None, *, activation="tanh", recurrent_activation="sigmoid", reset_after=True,
    return_sequences=False, go_backwards=False, zero_output_for_mask=False, keep=False,
):  # fmt: skip
    """Return (output, last state h) of a gated recurrent unit over the steps t of a sequence.

    With q the recurrent activation and a the activation (each None, "relu", "sigmoid", "tanh", "hard_sigmoid" or
    "keras2_hard_sigmoid"), and kernels and biases in parts z, r, h:

        z = q(x_t W_z + h U_z + b_z),    r = q(x_t W_r + h U_r + b_r)
        n = a(x_t W_h + b_h + r (h U_h + b'_h))  with `reset_after`,  else  a(x_t W_h + b_h + (r h) U_h)
        h = z h + (1 - z) n

    `reset_after` has a second bias b' for the products with h. The output is the last h, or with `return_sequences`
    that of every step, in the order of the recurrence. Where `mask` is False a row keeps its state and shows its
    last output, or zeros: before its first output, and always with `zero_output_for_mask`. Dropout masks are
    constant over the steps and multiply x and h; there is one, or one for each of z, r, h.
    Cho et al. 2014, https://arxiv.org/abs/1406.1078

    Shapes: x (batch, steps, d), kernel (d, 3 units), recurrent_kernel (units, 3 units), bias (2, 3 units), or
    (3 units,) without `reset_after`, initial_h (batch, units), mask (batch, steps), dropout_mask (1 or 3, batch,
    d), recurrent_dropout_mask (1 or 3, batch, units) -> (batch, units) or (batch, steps, units), and
    (batch, units).

    >>> gru([[[1.0], [2.0]]], [[0.0, 0.0, 1.0]], [[0.0] * 3], activation=None)[0].numpy()  # each gate is 1 / 2
    array([[1.25]], dtype=float32)
    """
    units = recurrent_kernel.shape[0]
    bias_shape = (2, 3 * units) if reset_after else (3 * units,)
    initial = {"initial_h": initial_h}
    check_sizes(x, units, 3, bias_shape, bias, initial, mask, dropout_mask, recurrent_dropout_mask)
    dtype = x.dtype
    x, w, u, b, h, d, r = widened(
        [x, kernel, recurrent_kernel, bias, initial_h, dropout_mask, recurrent_dropout_mask]
    )
    masks = StepMasks(xp, mask, go_backwards, zero_output_for_mask)
    gates = product(xp, in_order(xp, x, go_backwards), w, d)
    if b is not None:
        gates += b[0] if reset_after else b
    if h is None:
        h = xp.zeros((x.shape[0], units), gates.dtype)
    run = _forward_reset_after if reset_after else _forward_reset_before
    before, inner, after = [], [], []
    for t in range(gates.shape[0]):
        before.append(h)
        inner.append(run(xp, gates[t], h, u, b, r, activation, recurrent_activation))
        z, _, n = _parts(gates[t])
        h = masks.carry(t, n + z * (h - n), h)
        after.append(h)
    out = outputs(xp, after, masks, return_sequences)
    return narrowed((out, h), dtype), (gates, before, inner) if keep else None


def _parts(gates):
    units = gates.shape[-1] // 3
    return [gates[..., k * units : (k + 1) * units] for k in range(3)]


# What follows activates the gates of one step in place and returns what r multiplied, or what it gave.


def _forward_reset_after(xp, gates, h, u, b, drop, activation, recurrent_activation):
    back = product(xp, h, u, drop)
    if b is not None:
        back += b[1]
    units = h.shape[1]
    gates[:, : 2 * units] = activate(xp, recurrent_activation, gates[:, : 2 * units] + back[:, : 2 * units])
    _, r, n = _parts(gates)
    back = back[:, 2 * units :]
    n[:] = activate(xp, activation, n + r * back)
    return back


def _forward_reset_before(xp, gates, h, u, b, drop, activation, recurrent_activation):
    units = h.shape[1]
    drop_outer, drop_inner = _drop_parts(drop)
    outer = product(xp, h, u[:, : 2 * units], drop_outer)
    gates[:, : 2 * units] = activate(xp, recurrent_activation, gates[:, : 2 * units] + outer)
    _, r, n = _parts(gates)
    reset = r * h
    n[:] = activate(xp, activation, n + product(xp, reset, u[:, 2 * units :], drop_inner))
    return reset


def _gradients(
    xp, grads, x, kernel, recurrent_kernel, bias, mask, dropout_mask, recurrent_dropout_mask, saved, needs,
    activation, recurrent_activation, reset_after, return_sequences, go_backwards, zero_output_for_mask,
):  # fmt: skip
    gates, before, inner = saved
    x, w, u, d, drop, g_out, dh = widened(
        [x, kernel, recurrent_kernel, dropout_mask, recurrent_dropout_mask, *grads]
    )
    masks = StepMasks(xp, mask, go_backwards, zero_output_for_mask)
    count, units = len(before), u.shape[0]
    g_out = output_gradients(xp, g_out, masks, count, return_sequences)
    # Gradients of what the gates were computed from: of x W + b, and of h U + b'.
    into, back = xp.empty_like(gates), xp.empty_like(gates)
    drop_outer, drop_inner = _drop_parts(drop)
    for t in reversed(range(count)):
        (z, r, n), h = _parts(gates[t]), before[t]
        dz, dr, dn = _parts(into[t])
        new, old = masks.split(t, plus(dh, g_out[t]))
        dz[:] = new * (h - n) * slope(xp, recurrent_activation, z)
        dn[:] = new * (1.0 - z) * slope(xp, activation, n)
        if reset_after:
            dr[:] = dn * inner[t] * slope(xp, recurrent_activation, r)
            back[t] = into[t]
            back[t, :, 2 * units :] *= r
            through = product_dx(xp, back[t], u, drop)
        else:
            reset = product_dx(xp, dn, u[:, 2 * units :], drop_inner)
            dr[:] = reset * h * slope(xp, recurrent_activation, r)
            outer = into[t, :, : 2 * units]
            through = reset * r + product_dx(xp, outer, u[:, : 2 * units], drop_outer)
        dh = plus(through + new * z, old)
    steps, before = in_order(xp, x, go_backwards), xp.stack(before)
    gbias = into.sum(axis=(0, 1)) if needs[3] else None
    if reset_after:
        gu = product_dweights(xp, back, before, drop) if needs[2] else None
        gdrop = product_ddrop(xp, back, before, u, drop) if needs[7] else None
        if needs[3]:
            gbias = xp.stack([gbias, back.sum(axis=(0, 1))])
    else:
        pairs = _reset_before_pairs(into, before, xp.stack(inner), u, drop)
        gu = [product_dweights(xp, g, h, m) for g, h, _, m in pairs] if needs[2] else None
        gu = gu and xp.concatenate(gu, axis=-1)
        gdrop = [product_ddrop(xp, *pair) for pair in pairs] if needs[7] else None
        if needs[7]:
            gdrop = gdrop[0] + gdrop[1] if drop.shape[0] == 1 else xp.concatenate(gdrop)
    return (
        out_of_order(xp, product_dx(xp, into, w, d), go_backwards) if needs[0] else None,
        product_dweights(xp, into, steps, d) if needs[1] else None,
        gu,
        gbias,
        dh if needs[4] else None,
        None,
        product_ddrop(xp, into, steps, w, d) if needs[6] else None,
        gdrop,
    )


def _reset_before_pairs(into, before, reset, u, drop):
    """(gradient, factor, weights, dropout masks) of the two products with the state."""
    units = u.shape[0]
    outer, inner = _drop_parts(drop)
    return (
        (into[..., : 2 * units], before, u[:, : 2 * units], outer),
        (into[..., 2 * units :], reset, u[:, 2 * units :], inner),
    )


gru.vjp_joint(_gradients)
gru.cost = lambda x, kernel, recurrent_kernel, *rest: (
    2 * x.shape[0] * x.shape[1] * (kernel.size + recurrent_kernel.size)
)
gru.cases = (
    case("2,2,3", "3,6", "2,6"), case("2,3,3", "3,6", "2,6", "2,6", "2,2", return_sequences=True),
    case("2,3,3", "3,6", "2,6", "6", "2,2", return_sequences=True, reset_after=False),
    case("1,1,1", "1,3", "1,3", "2,3", activation="relu", return_sequences=True),
    case("3,4,2", "2,6", "2,6", "2,6", "3,2", "3,4:bool", return_sequences=True),
    case("3,3,2", "2,3", "1,3", "3", None, "3,3:bool", go_backwards=True, activation=None, reset_after=False),
    case("3,4,1", "1,3", "1,3", None, "3,1", "3,4:bool", return_sequences=True, zero_output_for_mask=True),
    case("2,3,2", "2,6", "2,6", "2,6", None, None, "1,2,2", "1,2,2", return_sequences=True),
    case("2,3,2", "2,6", "2,6", "2,6", None, None, "3,2,2", "3,2,2", recurrent_activation="hard_sigmoid"),
    case("2,3,2", "2,6", "2,6", "6", None, None, "3,2,2", "3,2,2", reset_after=False),
    case("2,2,2", "2,3", "1,3", "3", None, None, None, "1,2,1", reset_after=False),
    case("2,3,2", "2,6", "2,6", "6", "2,2", "2,3:bool", "3,2,2", "3,2,2", reset_after=False, return_sequences=True,
         recurrent_activation="hard_sigmoid"),
    case("2,3,2", "2,6", "2,6", "6", "2,2", "2,3:bool", "1,2,2", "1,2,2", reset_after=False, go_backwards=True,
         recurrent_activation="keras2_hard_sigmoid"),
    case("2,2,1", "1,3", "1,3", "2,3", go_backwards=True, return_sequences=True), case("0,2,2", "2,3", "1,3"),
    fails("2,3", "3,6", "2,6", match="batch, steps"), fails("2,3,4", "3,6", "2,6", match="4 features"),
    fails("2,3,4", "4,6", "2,4", match="6 columns"), fails("2,3,4", "4,6", "2,6", "6", match="bias"),
    fails("2,3,4", "4,6", "2,6", "2,6", reset_after=False, match="bias"),
    fails("2,3,4", "4,6", "2,6", "2,6", "2,3", match="initial_h"),
    fails("2,3,4", "4,6", "2,6", "2,6", None, None, "2,2,4", match="dropout_mask"),
    fails("2,3,4", "4,6", "2,6", activation="softsign", match="activation must be"),
)  # fmt: skip


# ---- kernels -------------------------------------------------------------------------------------------------


def _fits(
    x, kernel, recurrent_kernel, bias, initial_h, mask, dropout_mask, recurrent_dropout_mask, *,
    activation="tanh", recurrent_activation="sigmoid", **options,
):  # fmt: skip
    return gates_fit(activation, recurrent_activation) and kernel_fits(x, recurrent_kernel, mask)


def _kernel_forward(
    x, kernel, recurrent_kernel, bias, initial_h, mask, dropout_mask, recurrent_dropout_mask, *,
    activation="tanh", reset_after=True, **options,
):  # fmt: skip
    units, initial = recurrent_kernel.shape[0], {"initial_h": initial_h}
    bias_shape = (2, 3 * units) if reset_after else (3 * units,)
    check_sizes(x, units, 3, bias_shape, bias, initial, mask, dropout_mask, recurrent_dropout_mask)
    arrays = kernel, recurrent_kernel, bias, initial_h, mask, dropout_mask, recurrent_dropout_mask
    return kx_kernels.gru(x, *arrays, reset_after=reset_after, **options)


def _kernel_backward(grads, inputs, saved, needs, params):
    options = {**gru.statics, **params}
    x, kernel, recurrent_kernel, bias, _, *masks = inputs
    if needs[6] or needs[7]:  # the kernel takes dropout masks for constants
        _, saved = gru.forward(np, *inputs, keep=True, **options)
        return _gradients(np, grads, x, kernel, recurrent_kernel, bias, *masks, saved, needs, **options)
    del options["activation"]
    arrays = *float32_gradients(grads), x, kernel, recurrent_kernel, *masks
    found = kx_kernels.gru_grad(*arrays, saved=saved, need_x=needs[0], **options)
    return only_needed([*found, None, None, None], needs)


if kx_kernels is not None:
    gru.kernel("native", _kernel_forward, _kernel_backward, _fits)
