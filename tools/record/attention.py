"""Record how the attention layers of real Keras behave, for packages/kx-layers/tests/test_attention_golden.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/attention.py packages/kx-layers/tests/golden/attention.npz

A case is one layer with its arguments, its inputs and the masks of a call. The file keeps, without pickle: all arrays in
one buffer of bytes `data`, and `table`, a JSON text with the cases, the failures, and {name: [dtype, shape, offset]} of
the arrays. These are inputs, masks, weights, outputs, and the gradients of `sum(output * g)`, over all outputs, for a
fixed random `g`.
"""

import ast
import json
import sys

import jax
import keras
import numpy as np
from layers import describe, draw, jsonable

POLICIES = ("float32", "mixed_float16", "mixed_bfloat16")


def row(layer, kwargs, *shapes, masks=None, implicit=(), symbolic=(), dead=False, **call):
    """One case: `masks` {argument: shape, or a list of shapes for one list argument}, `implicit` masks of inputs.

    With `dead` a query may be left without any key.
    """
    return {
        "layer": layer,
        "kwargs": repr(kwargs),
        "shapes": shapes,
        "masks": masks or {},
        "implicit": list(implicit),
        "symbolic": [list(s) for s in symbolic],
        "dead": dead,
        "call": call,
    }


HEADS = {"num_heads": 2, "key_dim": 3}
SCORES = {"return_attention_scores": True}
FREE = [
    [(None, None, 4), (None, None, 5)],
    [(2, 3, 4), (2, 3, 5)],
]  # Keras takes the keys to be as many as the queries
SINGLE = [[(None, None, 4), (None, None, 4)], [(2, 3, 4), (2, None, 4)]]
MULTI_HEAD = [
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,5", symbolic=FREE),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,5", symbolic=FREE, **SCORES),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,6", "2,5,5"),
    row("MultiHeadAttention", {**HEADS, "value_dim": 2, "output_shape": 5}, "2,3,4", "2,5,6", "2,5,5", **SCORES),
    row("MultiHeadAttention", {**HEADS, "use_bias": False, "output_shape": (2, 3)}, "2,3,4", "2,5,5"),
    row("MultiHeadAttention", {**HEADS, "use_gate": True, "bias_initializer": "ones"}, "2,3,4", "2,5,5"),
    row("MultiHeadAttention", {**HEADS, "use_gate": True}, "2,3,4", "2,5,5", **SCORES),
    row("MultiHeadAttention", {**HEADS, "dropout": 0.3, "seed": 3}, "2,3,4", "2,5,5", symbolic=FREE),
    row("MultiHeadAttention", HEADS, "2,5,4", "2,5,4", use_causal_mask=True),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", use_causal_mask=True, **SCORES),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", masks={"attention_mask": (2, 3, 5)}),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", masks={"attention_mask": (3, 5)}, **SCORES),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", masks={"attention_mask": (2, 2, 3, 5)}),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", masks={"attention_mask": (2, 3, 5)}, dead=True),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", masks={"attention_mask": (2, 3, 5)}, dead=True, **SCORES),
    row(
        "MultiHeadAttention",
        {**HEADS, "dropout": 0.2},
        "2,3,4",
        "2,5,4",
        masks={"attention_mask": (2, 3, 5)},
        dead=True,
    ),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", masks={"value_mask": (2, 5), "key_mask": (2, 5)}),
    row(
        "MultiHeadAttention",
        HEADS,
        "2,5,4",
        "2,5,4",
        masks={"attention_mask": (2, 5, 5), "value_mask": (2, 5)},
        use_causal_mask=True,
        **SCORES,
    ),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", implicit=(True, True)),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", implicit=(False, True)),
    row("MultiHeadAttention", HEADS, "2,3,4", "2,5,4", implicit=(True, False), **SCORES),
    row("MultiHeadAttention", {**HEADS, "sliding_window": 2}, "2,5,4", "2,5,4"),
    row("MultiHeadAttention", {**HEADS, "sliding_window": 2}, "2,5,4", "2,5,4", use_causal_mask=True, **SCORES),
    row("MultiHeadAttention", HEADS, "2,2,3,4", "2,4,1,5", **SCORES),
    row("MultiHeadAttention", {**HEADS, "attention_axes": (2,)}, "2,2,3,4", "2,2,4,5", **SCORES),
    row("MultiHeadAttention", {**HEADS, "attention_axes": (2,)}, "2,2,3,4", "2,2,4,5"),
    row("MultiHeadAttention", {**HEADS, "attention_axes": 1}, "2,3,2,4", "2,4,2,5", **SCORES),
    row(
        "MultiHeadAttention",
        {**HEADS, "attention_axes": (2,)},
        "2,2,3,4",
        "2,2,4,5",
        masks={"attention_mask": (2, 3, 4)},
        **SCORES,
    ),
    row(
        "MultiHeadAttention",
        {**HEADS, "attention_axes": (1, 2)},
        "2,2,2,4",
        "2,1,3,5",
        masks={"attention_mask": (2, 2, 2, 1, 3)},
        **SCORES,
    ),
    row(
        "MultiHeadAttention",
        {**HEADS, "kernel_regularizer": "l2", "bias_regularizer": "l1", "activity_regularizer": "l2",
         "kernel_constraint": "max_norm", "bias_constraint": "non_neg", "kernel_initializer": "he_normal"},
        "2,3,4",
        "2,3,4",
    ),
]  # fmt: skip

GROUPS = {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2}
GROUPED = [
    row("GroupQueryAttention", GROUPS, "2,3,4", "2,5,4", symbolic=SINGLE),
    row("GroupQueryAttention", GROUPS, "2,3,4", "2,5,5"),
    row("GroupQueryAttention", GROUPS, "2,3,4", "2,5,6", "2,5,5", **SCORES),
    row("GroupQueryAttention", {**GROUPS, "num_key_value_heads": 1, "use_bias": False}, "2,3,4", "2,5,5"),
    row("GroupQueryAttention", {**GROUPS, "use_gate": True, "dropout": 0.1}, "2,3,4", "2,5,5", **SCORES),
    row("GroupQueryAttention", GROUPS, "2,5,4", "2,5,4", use_causal_mask=True),
    row("GroupQueryAttention", GROUPS, "2,3,4", "2,5,4", masks={"attention_mask": (2, 3, 5)}, dead=True),
    row("GroupQueryAttention", GROUPS, "2,3,4", "2,5,4", masks={"attention_mask": (2, 4, 3, 5)}, **SCORES),
    row(
        "GroupQueryAttention",
        GROUPS,
        "2,3,4",
        "2,5,4",
        masks={"query_mask": (2, 3), "value_mask": (2, 5), "key_mask": (2, 5)},
        **SCORES,
    ),
    row("GroupQueryAttention", GROUPS, "2,3,4", "2,5,4", implicit=(True, True)),
    row(
        "GroupQueryAttention",
        {**GROUPS, "sliding_window": 2},
        "2,5,4",
        "2,5,4",
        use_causal_mask=True,
        **SCORES,
    ),
    row("GroupQueryAttention", {**GROUPS, "activity_regularizer": "l2"}, "2,3,4", "2,5,4"),
]

PLAIN = [
    *(
        item
        for layer in ("Attention", "AdditiveAttention")
        for item in (
            row(layer, {}, "2,3,4", "2,5,4", symbolic=SINGLE),
            row(layer, {}, "2,3,4", "2,5,6", "2,5,4", symbolic=[], **SCORES),
            row(layer, {"dropout": 0.3, "seed": 1}, "2,3,4", "2,5,4"),
            row(layer, {}, "2,4,4", "2,4,4", use_causal_mask=True),
            row(layer, {}, "2,3,4", "2,5,4", masks={"mask": [(2, 3), (2, 5)]}, **SCORES),
            row(layer, {}, "2,3,4", "2,5,4", "2,5,4", masks={"mask": [None, (2, 5), None]}),
            row(layer, {}, "2,3,4", "2,5,4", masks={"mask": [(2, 3), None]}),
            row(layer, {}, "2,3,4", "2,5,4", masks={"mask": [None, (2, 5)]}, use_causal_mask=True, **SCORES),
            row(layer, {}, "2,3,4", "2,5,4", implicit=(True, True)),
            row(layer, {}, "2,3,4", "2,5,4", implicit=(False, True), **SCORES),
            row(layer, {}, "2,2,3,4", "2,2,5,4"),
            row(layer, {}, "3,4", "5,4", **SCORES),
        )
    ),
    row("Attention", {"use_scale": True}, "2,3,4", "2,5,4"),
    row("Attention", {"use_scale": True, "score_mode": "concat"}, "2,3,4", "2,5,4", **SCORES),
    row(
        "Attention",
        {"score_mode": "concat", "dropout": 0.5},
        "2,3,4",
        "2,5,4",
        masks={"mask": [None, (2, 5)]},
    ),
    row("AdditiveAttention", {"use_scale": False}, "2,3,4", "2,5,4"),
]

CASES = MULTI_HEAD + GROUPED + PLAIN

FAILURES = [
    ("MultiHeadAttention", {"num_heads": 0, "key_dim": 2}, None),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": -1}, None),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 2, "value_dim": 0}, None),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 2, "sliding_window": 0}, None),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 2, "dropout": 0.1, "flash_attention": True}, None),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 2}, [(2, 3, 4), (2, 3, 4), (2, 5, 4)]),
    ("MultiHeadAttention", {"num_heads": 2, "key_dim": 2}, [(2, 3, 4)]),
    ("GroupQueryAttention", {"head_dim": 2, "num_query_heads": 4, "num_key_value_heads": 3}, None),
    ("GroupQueryAttention", {**GROUPS, "sliding_window": -1}, None),
    ("GroupQueryAttention", {**GROUPS, "dropout": 0.1, "flash_attention": True}, None),
    ("Attention", {"score_mode": "scaled"}, None),
    ("Attention", {}, [(2, 3, 4)]),
    ("Attention", {}, [(2, 3, 4)] * 4),
    ("AdditiveAttention", {}, [(2, 3, 4)]),
]


def draw_mask(shape, rng, dead):
    mask = rng.random(shape) > 0.4
    if not dead:
        mask[..., 0] = True
    return mask


def draw_masks(index, case, rng, arrays):
    """The masks as arguments of the call; they are also put into `arrays`."""
    given = {}
    for name, shapes in case["masks"].items():
        if isinstance(shapes, list):
            given[name] = [None if s is None else draw_mask(s, rng, False) for s in shapes]
            for i, mask in enumerate(given[name]):
                if mask is not None:
                    arrays[f"{index}/mask/{name}/{i}"] = mask
        else:
            given[name] = arrays[f"{index}/mask/{name}"] = draw_mask(shapes, rng, case["dead"])
    for i, there in enumerate(case["implicit"]):
        if there:
            arrays[f"{index}/implicit{i}"] = draw_mask(arrays[f"{index}/in{i}"].shape[:2], rng, False)
    return given


def build_case(index, case, arrays):
    rng = np.random.default_rng(2000 + index)
    kwargs = ast.literal_eval(case["kwargs"])
    listed = case["layer"] in ("Attention", "AdditiveAttention")
    make = lambda **extra: getattr(keras.layers, case["layer"])(name=f"case_{index}", **kwargs, **extra)
    inputs = [draw(s, rng) for s in case["shapes"]]
    for i, x in enumerate(inputs):
        arrays[f"{index}/in{i}"] = x
    call = {**draw_masks(index, case, rng, arrays), **case["call"]}
    layer = make()
    case["config"] = jsonable(layer.get_config())
    case["supports_masking"] = bool(layer.supports_masking)

    def run(layer, xs, **more):
        for i, x in enumerate(xs):
            if f"{index}/implicit{i}" in arrays:
                keras.src.backend.set_keras_mask(
                    x, keras.ops.convert_to_tensor(arrays[f"{index}/implicit{i}"])
                )
        out = layer(list(xs), **call, **more) if listed else layer(*xs, **call, **more)
        return out if isinstance(out, tuple) else (out,)

    tensors = [keras.ops.convert_to_tensor(x) for x in inputs]
    outs = run(layer, tensors)
    case.update(describe(layer))
    mask_out = getattr(outs[0], "_keras_mask", None)
    if mask_out is not None:
        arrays[f"{index}/mask_out"] = np.asarray(mask_out)
    weights = [rng.uniform(-1, 1, w.shape).astype("float32") for w in layer.weights]
    for i, w in enumerate(weights):
        arrays[f"{index}/w{i}"] = w
    layer.set_weights(weights)
    outs = [np.asarray(out) for out in run(layer, tensors)]
    gs = [rng.normal(size=out.shape).astype("float32") for out in outs]
    for i, (out, g) in enumerate(zip(outs, gs, strict=True)):
        arrays[f"{index}/out{i}"], arrays[f"{index}/g{i}"] = out, g
    case["losses"] = [float(v) for v in layer.losses]

    def loss(weights, xs):
        state = list(zip(layer.trainable_variables, weights, strict=True))
        with keras.StatelessScope(state_mapping=state, collect_losses=True):
            found = run(layer, xs)
            return sum((y * g).sum() for y, g in zip(found, gs, strict=True)) + sum(layer.losses, 0.0)

    gw, gx = jax.grad(loss, argnums=(0, 1))([jax.numpy.asarray(w) for w in weights], tensors)
    for i, v in enumerate(gw):
        arrays[f"{index}/gw{i}"] = np.asarray(v)
    for i, v in enumerate(gx):
        arrays[f"{index}/gx{i}"] = np.asarray(v)
    shapes = [x.shape for x in inputs]
    try:
        rule = make().compute_output_shape(shapes) if listed else make().compute_output_shape(*shapes)
        case["compute_output_shape"] = list(rule)
    except ValueError:  # GroupQueryAttention's rule wants sizes to be equal that its call lets differ
        case["compute_output_shape"] = None
    case["symbolic_out"] = []
    for specs in case["symbolic"] if case["compute_output_shape"] else ():
        symbols = [keras.KerasTensor(s) for s in specs]
        fresh = make()
        found = fresh(symbols, **case["call"]) if listed else fresh(*symbols, **case["call"])
        found = found if isinstance(found, tuple) else (found,)
        entry = {"shapes": [list(y.shape) for y in found], "dtype": found[0].dtype}
        case["symbolic_out"].append({**entry, "counts": describe(fresh)["counts"]})
    case["policies"] = {}
    for policy in POLICIES:
        fresh = make(dtype=policy)
        found = run(fresh, tensors)
        case["policies"][policy] = [[str(y.dtype) for y in found], [str(v.dtype) for v in fresh.weights]]


def record_failure(layer, kwargs, shapes):
    entry = {"layer": layer, "kwargs": repr(kwargs), "shapes": repr(shapes), "error": None, "text": ""}
    try:
        instance = getattr(keras.layers, layer)(**kwargs)
        if shapes is not None:
            xs = [np.zeros(s, "float32") for s in shapes]
            instance(xs) if layer in ("Attention", "AdditiveAttention") else instance(*xs)
    except Exception as error:
        entry.update(error=type(error).__name__, text=str(error)[:400])
    return entry


def main(path):
    arrays = {}
    for index, case in enumerate(CASES):
        try:
            build_case(index, case, arrays)
        except Exception as error:
            raise RuntimeError(f"case {index}: {case['layer']} {case['kwargs']} {case['shapes']}") from error
    table = {"cases": CASES, "failures": [record_failure(*failure) for failure in FAILURES], "arrays": {}}
    data = bytearray()  # all arrays in one: thousands of entries in a zip file weigh more than their numbers
    for name, array in arrays.items():
        table["arrays"][name] = [array.dtype.name, array.shape, len(data)]
        data += np.ascontiguousarray(array).tobytes()
    text = json.dumps(table, separators=(",", ":")).encode()
    np.savez_compressed(path, table=np.frombuffer(text, np.uint8), data=np.frombuffer(bytes(data), np.uint8))


if __name__ == "__main__":
    main(sys.argv[1])
