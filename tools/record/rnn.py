"""Record how the recurrent layers of real Keras behave, for packages/kx-layers/tests/test_rnn_golden.py.

Run it where Keras 3.15.1, PyTorch and JAX are installed:

    KERAS_BACKEND=torch python tools/record/rnn.py packages/kx-layers/tests/golden/rnn.npz

PyTorch, since Keras on JAX shows another output for rows that have had none yet than on its two other backends. A case is
an expression that makes a layer, evaluated with the names of `keras.layers`, and the shape of its input. The file
keeps, without pickle: the table itself (`cases`, a JSON text), and of each case, one after the other in one array, its
input, mask, initial states, weights, all outputs in a flat list, and the gradients of the sum of `output * g` for fixed
random `g`.
"""

import json
import sys

import keras
import numpy as np
import torch
from layers import describe, jsonable


def row(make, shape="3,4,2", symbolic=(None, None), mask=None, states=(), calls=1):
    """One case: the axes of `symbolic` that come before the features, the kind of mask, sizes of initial states."""
    return {
        "make": make,
        "shape": [int(n) for n in shape.split(",")],
        "symbolic": list(symbolic),
        "mask": mask,
        "states": list(states),
        "calls": calls,
    }


ALL = "return_sequences=True, return_state=True"
GATED = [
    case
    for layer, states in (("LSTM", 2), ("GRU", 1))
    for case in (
        row(f"{layer}(3, {ALL}, use_bias=False)"),
        row(f"{layer}(2, activation='relu', recurrent_activation='hard_sigmoid')", "2,3,3"),
        row(
            f"{layer}(2, activation='softsign', recurrent_activation='linear', return_sequences=True)",
            "2,3,3",
        ),
        row(f"{layer}(3, {ALL})", states=[3] * states, mask="right"),
        row(f"{layer}(3, recurrent_activation='hard_sigmoid', {ALL})", states=[3] * states, mask="random"),
        row(
            f"{layer}(3, go_backwards=True, {ALL}, zero_output_for_mask=True)",
            states=[3] * states,
            mask="random",
        ),
        row(f"{layer}(2, go_backwards=True, return_sequences=True)", mask="left"),
        row(f"{layer}(2, return_state=True, unroll=True)", mask="random", states=[2] * states),
        row(f"{layer}(2, stateful=True, {ALL})", "2,3,2", symbolic=(2, None), calls=3),
    )
]
PLAIN = [
    row("LSTM(3)", "2,5,4", symbolic=(None, 5)),
    row("LSTM(2, unit_forget_bias=False, kernel_regularizer='l2', bias_constraint='non_neg')", "2,3,3"),
    row("GRU(3)", "2,5,4", symbolic=(None, 5)),
    row(f"GRU(3, reset_after=False, {ALL})", states=[3], mask="random"),
    row("GRU(2, reset_after=False, use_bias=False, go_backwards=True)", "2,3,3"),
    row(f"GRU(3, reset_after=False, recurrent_activation='hard_sigmoid', {ALL})", states=[3], mask="left"),
    row("GRU(2, activity_regularizer='l2')", "2,3,3"),
    row("GRU(2, reset_after=True, dropout=0.3, recurrent_dropout=0.2, seed=3)", "2,3,3"),
    row("SimpleRNN(3)", "2,5,4", symbolic=(None, 5)),
    row(f"SimpleRNN(3, {ALL})", states=[3], mask="right"),
    row(f"SimpleRNN(3, activation='relu', go_backwards=True, {ALL})", mask="left"),
    row(
        "SimpleRNN(2, use_bias=False, return_state=True, zero_output_for_mask=True)",
        mask="random",
        states=[2],
    ),
    row("SimpleRNN(2, stateful=True)", "2,3,2", symbolic=(2, 3), calls=2),
    row("SimpleRNN(2, activation='softsign', return_sequences=True)", mask="random"),
]
CELLS = [
    row(f"RNN(LSTMCell(3, name='c'), {ALL})", mask="random", states=[3, 3]),
    row(
        "RNN(GRUCell(3, name='c', reset_after=False), go_backwards=True, return_sequences=True)", mask="left"
    ),
    row("RNN(SimpleRNNCell(3, name='c'), return_state=True)", mask="right"),
    row(
        "RNN([LSTMCell(2, name='a'), GRUCell(3, name='b'), SimpleRNNCell(2, name='c')], return_sequences=True)"
    ),
    row("RNN(StackedRNNCells([GRUCell(2, name='a'), LSTMCell(3, name='b')]))", mask="random"),
]
BOTH = [
    *(
        row(f"Bidirectional(LSTM(2, name='a', {options}), merge_mode={mode!r})", mask=mask)
        for mode in ("sum", "mul", "ave", "concat", None)
        for options, mask in (("return_sequences=True", "random"), ("return_state=True", "right"))
    ),
    row(f"Bidirectional(GRU(2, name='a', {ALL}))", states=[2, 2]),
    row("Bidirectional(SimpleRNN(2, name='a'), backward_layer=GRU(3, name='b', go_backwards=True))"),
    row("Bidirectional(GRU(2, name='a', stateful=True))", "2,3,2", symbolic=(2, 3), calls=2),
]
EACH = [
    row("TimeDistributed(Dense(3, name='a', activation='tanh'))", mask="random"),
    row("TimeDistributed(Flatten())", "2,3,2,2", symbolic=(None, 3)),
    row("TimeDistributed(LSTM(2, name='a'))", "2,3,2,2", symbolic=(None, None)),
    row("TimeDistributed(TimeDistributed(Dense(2, name='a')))", "2,3,2,2", symbolic=(None, 3)),
]
CASES = GATED + PLAIN + CELLS + BOTH + EACH

FAILURES = [
    ("LSTM(0)", []),
    ("GRU(-1)", []),
    ("SimpleRNN(2.5)", []),
    ("LSTM(3, activation='tahn')", []),
    ("LSTM(3, use_cudnn='maybe')", []),
    ("LSTM(3)", [(2, 3)]),
    ("LSTM(3)", [(2, 3, 4), (2, 3, 5)]),
    ("LSTM(3, stateful=True)", [(2, 3, 4), (3, 3, 4)]),
    ("RNN(3)", []),
    ("RNN(Dense(3))", []),
    ("StackedRNNCells([3])", []),
    ("StackedRNNCells([Dense(3)])", []),
    ("Bidirectional(3)", []),
    ("Bidirectional(Dense(3))", []),
    ("Bidirectional(LSTM(3), merge_mode='max')", []),
    ("Bidirectional(LSTM(3, go_backwards=True))", []),
    ("Bidirectional(LSTM(3), backward_layer=LSTM(3))", []),
    ("Bidirectional(LSTM(3), backward_layer=LSTM(3, go_backwards=True, return_sequences=True))", []),
    ("TimeDistributed(3)", []),
    ("TimeDistributed(Dense(3))", [(2, 3)]),
    ("Wrapper(3)", []),
]


def make(expression):
    return eval(expression, dict(vars(keras.layers)))


def draw_mask(kind, batch, steps, rng):
    """A mask whose last row is False throughout."""
    lengths = rng.integers(1, steps, batch)
    places = np.arange(steps)
    mask = {
        "right": places < lengths[:, None],
        "left": places >= lengths[:, None],
        "random": rng.random((batch, steps)) > 0.4,
    }[kind]
    mask[-1] = False
    return mask


def plain(tensor):
    return tensor.detach().cpu().numpy()


def build_case(index, case):
    """Fill in what Keras says of a case, and return its arrays."""
    arrays = {}
    rng = np.random.default_rng(2000 + index)
    layer = make(case["make"])
    case["config"] = jsonable(layer.get_config())
    x = torch.tensor(rng.uniform(-1, 1, case["shape"]).astype("float32"), requires_grad=True)
    sizes = [(case["shape"][0], *(n if isinstance(n, tuple) else (n,))) for n in case["states"]]
    states = [rng.uniform(-1, 1, size).astype("float32") for size in sizes]
    states = [torch.tensor(s, requires_grad=True) for s in states]
    call = {"initial_state": states} if states else {}
    arrays["x"] = plain(x)
    for i, s in enumerate(states):
        arrays[f"s{i}"] = plain(s)
    if case["mask"]:
        mask = arrays["mask"] = draw_mask(case["mask"], *case["shape"][:2], rng)
        call["mask"] = torch.tensor(mask)
    layer(x, **call)
    case.update(describe(layer))
    weights = [rng.uniform(-1, 1, w.shape).astype("float32") for w in layer.weights]
    for i, w in enumerate(weights):
        arrays[f"w{i}"] = w
    layer.set_weights(weights)
    if getattr(layer, "stateful", False):
        layer.reset_state()
    for _ in range(case["calls"]):
        outs = keras.tree.flatten(layer(x, **call))
    case["dtypes"] = [keras.backend.standardize_dtype(out.dtype) for out in outs]
    loss = 0.0
    for i, out in enumerate(outs):
        arrays[f"out{i}"] = plain(out)
        arrays[f"g{i}"] = g = rng.normal(size=tuple(out.shape)).astype("float32")
        loss = loss + (out * torch.tensor(g)).sum()
    case["losses"] = [v.item() for v in layer.losses]
    if case["calls"] == 1:  # PyTorch refuses where a stateful layer has overwritten its states
        parameters = [v.value for v in layer.trainable_variables]
        grads = torch.autograd.grad(loss, [x, *states, *parameters])
        names = ["gx", *(f"gs{i}" for i in range(len(states))), *(f"gw{i}" for i in range(len(parameters)))]
        for name, grad in zip(names, grads, strict=True):
            arrays[name] = plain(grad)
    whole = torch.ones(case["shape"][:2], dtype=torch.bool)
    masks = keras.tree.flatten(layer.compute_mask(x, whole))
    case["shows_mask"] = [m is not None for m in masks]
    record_symbolic(case)
    return arrays


def record_symbolic(case):
    shape = (*case["symbolic"], *case["shape"][2:])
    layer = make(case["make"])
    outs = keras.tree.flatten(layer(keras.KerasTensor(shape)))
    case["symbolic_out"] = [list(out.shape) for out in outs]
    case["symbolic_counts"] = describe(layer)["counts"]
    case["policies_out"] = {}
    for policy in ("float32", "float64", "mixed_bfloat16"):
        keras.config.set_dtype_policy(policy)
        layer = make(case["make"])
        out = keras.tree.flatten(layer(keras.KerasTensor(shape)))[0]
        case["policies_out"][policy] = [out.dtype, [str(w.dtype) for w in layer.weights]]
    keras.config.set_dtype_policy("float32")


def record_failure(expression, shapes):
    entry = {"make": expression, "shapes": shapes, "error": None, "text": ""}
    try:
        layer = make(expression)
        for shape in shapes:
            layer(np.zeros(shape, "float32"))
    except Exception as error:
        entry.update(error=type(error).__name__, text=str(error)[:200])
    return entry


def record(path, cases, failures):
    """Write the file of these cases and failures."""
    arrays = {}
    for index, case in enumerate(cases):
        keras.backend.clear_session()
        try:
            own = build_case(index, case)
        except Exception as error:
            raise RuntimeError(f"case {index}: {case['make']} {case['shape']}") from error
        case["arrays"] = {name: list(array.shape) for name, array in own.items()}
        arrays[str(index)] = np.concatenate([array.ravel().astype("float32") for array in own.values()])
    arrays["cases"] = np.array(json.dumps(cases))
    arrays["failures"] = np.array(json.dumps([record_failure(*f) for f in failures]))
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
