"""Whole recurrences in ONNX; those with masks or dropout are left to the ops of their twins, step by step."""

import numpy as np

from kx_models.export.onnx_graph import converts
from kx_tensor.symbolic import KerasTensor

_ACTIVATIONS = {
    None: ("Affine", 1.0, 0.0),
    "relu": ("Relu", None, None),
    "sigmoid": ("Sigmoid", None, None),
    "tanh": ("Tanh", None, None),
    "hard_sigmoid": ("HardSigmoid", 1 / 6, 0.5),
}


def _is_plain(x, kernel, recurrent_kernel, bias, *rest):
    """Whether the weights are constants and nothing but initial states comes with them."""
    computed = any(isinstance(w, KerasTensor) for w in (kernel, recurrent_kernel, bias))
    return not computed and tuple(rest[-3:]) == (None, None, None)


@converts("lstm", when=_is_plain)
def lstm(
    g, call, x, kernel, recurrent_kernel, bias, initial_h, initial_c, mask, drop, recurrent_drop, activation="tanh",
    recurrent_activation="sigmoid", return_sequences=False, go_backwards=False, zero_output_for_mask=False,
):  # fmt: skip
    units = recurrent_kernel.shape[0]
    weights = _weights(kernel, recurrent_kernel, bias, (0, 3, 1, 2))  # i, o, f, c
    functions = [recurrent_activation, activation, activation]
    return _recurrence(
        g, call, "LSTM", x, weights, [initial_h, initial_c], functions, units, return_sequences, go_backwards
    )


@converts("gru", when=_is_plain)
def gru(
    g, call, x, kernel, recurrent_kernel, bias, initial_h, mask, drop, recurrent_drop, activation="tanh",
    recurrent_activation="sigmoid", reset_after=True, return_sequences=False, go_backwards=False,
    zero_output_for_mask=False,
):  # fmt: skip
    units = recurrent_kernel.shape[0]
    weights = _weights(kernel, recurrent_kernel, bias, (0, 1, 2))
    functions = [recurrent_activation, activation]
    return _recurrence(
        g, call, "GRU", x, weights, [initial_h], functions, units, return_sequences, go_backwards,
        linear_before_reset=int(reset_after),
    )  # fmt: skip


@converts("simple_rnn", when=_is_plain)
def simple_rnn(
    g, call, x, kernel, recurrent_kernel, bias, initial_h, mask, drop, recurrent_drop, activation="tanh",
    return_sequences=False, go_backwards=False, zero_output_for_mask=False,
):  # fmt: skip
    units = recurrent_kernel.shape[0]
    weights = _weights(kernel, recurrent_kernel, bias, (0,))
    return _recurrence(
        g, call, "RNN", x, weights, [initial_h], [activation], units, return_sequences, go_backwards
    )


def _weights(kernel, recurrent_kernel, bias, order):
    units = recurrent_kernel.shape[0]
    kernels = [_gates(w.array, units, order) for w in (kernel, recurrent_kernel)]
    return [*kernels, _biases(bias, kernel.array, units, order)]


def _gates(weights, units, order):
    """Weights (n, gates * units) as (gates * units, n), the gates in ONNX's order."""
    parts = [weights[:, i * units : (i + 1) * units] for i in order]
    return np.concatenate(parts, axis=1).T


def _biases(bias, like, units, order):
    """The biases of the inputs and of the states in one vector, the gates in ONNX's order."""
    bias = np.zeros((2, len(order) * units), like.dtype) if bias is None else bias.array
    if bias.ndim == 1:  # one bias serves for both
        bias = np.stack([bias, np.zeros_like(bias)])
    return _gates(bias, units, order).T.reshape(-1)


def _recurrence(
    g, call, operator, x, weights, states, functions, units, return_sequences, go_backwards, **attributes
):
    kernel, recurrent_kernel, bias = weights
    names, alphas, betas = zip(*[_ACTIVATIONS[f] for f in functions])
    batch, count, _ = x.shape
    x = g.transpose(x, (1, 0, 2))
    if go_backwards:
        x = g.slice(x, [-1], [-(2**62)], [0], [-1])
    first = [None if s is None else g.unsqueeze(s, [0], (1, batch, units)) for s in states]
    inputs = [x, *[g.constant(w[None]) for w in (kernel, recurrent_kernel, bias)], None, *first]
    while inputs[-1] is None:
        inputs.pop()
    specs = [((count, 1, batch, units), call.dtype), *[((1, batch, units), call.dtype)] * len(states)]
    scales = {
        "activation_alpha": [a for a in alphas if a is not None],
        "activation_beta": [b for b in betas if b is not None],
    }
    steps, *last = g.emit_several(
        operator, inputs, specs, hidden_size=units, activations=list(names),
        **{k: v for k, v in scales.items() if v}, **attributes,
    )  # fmt: skip
    last = [g.squeeze(s, [0], (batch, units)) for s in last]
    if not return_sequences:
        return [last[0], *last]
    steps = g.squeeze(steps, [1], (count, batch, units))
    return [g.transpose(steps, (1, 0, 2)), *last]
