"""Record how each layer of real Keras behaves, for packages/kx-layers/tests/test_layers_golden.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/layers.py packages/kx-layers/tests/golden/layers.npz

A case is one layer with its arguments and inputs. The file keeps, without pickle: the table itself (`cases`, a JSON
text), inputs, weights, outputs, the gradients of `sum(output * g) + losses` for a fixed random `g`, and the
weights that a call in training left different.
"""

import ast
import json
import sys

import jax
import keras
import numpy as np

POLICIES = ("float32", "float16", "bfloat16", "mixed_float16", "mixed_bfloat16")


def row(layer, kwargs, *shapes, symbolic=None, mask=None, call=None, training=False, gradients=True):
    """One case: `shapes` such as "2,3" or "2,3:int32<5"; several shapes make a list input."""
    return {
        "gradients": gradients,
        "layer": layer,
        "kwargs": repr(kwargs),
        "shapes": shapes,
        "symbolic": symbolic or [],
        "mask": mask,
        "call": call or {},
        "training": training,
    }


DENSE = [
    row("Dense", {"units": 4}, "2,3", symbolic=[(None, 3), (None, None, 3)]),
    row("Dense", {"units": 4, "activation": "relu"}, "5,3", symbolic=[(None, 3)]),
    row(
        "Dense", {"units": 4, "activation": "softmax", "use_bias": False}, "2,5,3", symbolic=[(None, None, 3)]
    ),
    row("Dense", {"units": 2, "activation": "gelu"}, "2,2,2,3", symbolic=[(None, None, 2, 3)]),
    row(
        "Dense",
        {
            "units": 4,
            "kernel_regularizer": "l2",
            "bias_regularizer": "l1",
            "kernel_constraint": "max_norm",
            "bias_constraint": "non_neg",
            "kernel_initializer": "he_normal",
            "bias_initializer": "ones",
        },
        "2,3",
    ),
    row("Dense", {"units": 3, "activity_regularizer": "l1l2", "activation": "tanh"}, "4,3"),
    row(
        "EinsumDense",
        {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "c"},
        "2,3",
        symbolic=[(None, 3)],
    ),
    row(
        "EinsumDense",
        {"equation": "abc,cd->abd", "output_shape": (None, 4), "bias_axes": "d", "activation": "relu"},
        "2,5,3",
        symbolic=[(None, None, 3), (None, 5, 3)],
    ),
    row(
        "EinsumDense",
        {"equation": "...x,xy->...y", "output_shape": 4, "bias_axes": "y"},
        "2,5,3",
        symbolic=[(None, 3), (None, None, 3)],
    ),
    row(
        "EinsumDense", {"equation": "abc,bcde->aed", "output_shape": (4, 2)}, "2,3,5", symbolic=[(None, 3, 5)]
    ),
    row(
        "EinsumDense",
        {"equation": "abcd,cde->abe", "output_shape": (None, 6), "bias_axes": "e"},
        "2,3,2,4",
        symbolic=[(None, None, 2, 4)],
    ),
    row("EinsumDense", {"equation": "ab...,bc->ac...", "output_shape": (4, None), "bias_axes": "c"}, "2,3,5"),
    row("Embedding", {"input_dim": 6, "output_dim": 3}, "2,4:int32<6", symbolic=[(None,), (None, None)]),
    row(
        "Embedding", {"input_dim": 6, "output_dim": 3, "mask_zero": True}, "3,5:int32<6", symbolic=[(None, 5)]
    ),
    row("Embedding", {"input_dim": 6, "output_dim": 2, "embeddings_regularizer": "l2"}, "2,2:float32<6"),
]

ACTIVATION = [
    *(
        row("Activation", {"activation": name}, "2,5", symbolic=[(None, None)])
        for name in ("relu", "softmax", "silu")
    ),
    row("Activation", {"activation": "linear", "activity_regularizer": "l2"}, "2,5", mask=True),
    row("ReLU", {}, "3,5", symbolic=[(None, None)]),
    row("ReLU", {"max_value": 1.0, "negative_slope": 0.1, "threshold": 0.5}, "3,5"),
    row("ReLU", {"max_value": 1}, "3,5", mask=True),
    row("LeakyReLU", {}, "3,5", symbolic=[(None, None)]),
    row("LeakyReLU", {"negative_slope": 0.1}, "3,5"),
    row("PReLU", {}, "3,5", symbolic=[(None, 5)]),
    row("PReLU", {"alpha_initializer": "ones", "shared_axes": (1,)}, "2,3,5", symbolic=[(None, None, 5)]),
    row("PReLU", {"shared_axes": 1, "alpha_regularizer": "l2", "alpha_constraint": "non_neg"}, "2,3,5"),
    row("ELU", {}, "3,5", symbolic=[(None, None)]),
    row("ELU", {"alpha": 0.5}, "3,5"),
    row("Softmax", {}, "3,5", symbolic=[(None, None)]),
    row("Softmax", {"axis": (1, 2)}, "2,3,4", symbolic=[(None, None, 4)]),
    row("Softmax", {"axis": 1}, "2,3,4"),
    row("Softmax", {}, "2,4", mask=True),
    row("Softmax", {"axis": [-1, -2]}, "2,3,4", mask=True),
]

SHAPE = [
    row("Flatten", {}, "2,3,4", symbolic=[(None, 3, 4), (None, None, 4), (None,), (None, 3)], mask=True),
    row("Flatten", {"data_format": "channels_first"}, "2,3,2,2", symbolic=[(None, 3, 2, 2), (None, 3, None)]),
    row("Flatten", {}, "3"),
    row("Reshape", {"target_shape": (3, 4)}, "2,12", symbolic=[(None, 12), (None, None)]),
    row("Reshape", {"target_shape": (-1, 4)}, "2,12", symbolic=[(None, 12), (None, None), (None, 3, None)]),
    row("Reshape", {"target_shape": (2, -1, 3)}, "2,2,6", symbolic=[(None, 2, 6), (None, None, 6)]),
    row("Reshape", {"target_shape": [6]}, "2,2,3", mask=True),
    row("Reshape", {"target_shape": ()}, "2,1"),
    row("Permute", {"dims": (2, 1)}, "2,3,4", symbolic=[(None, None, 4)]),
    row("Permute", {"dims": (3, 1, 2)}, "2,3,4,5", symbolic=[(None, 3, None, 5)]),
    row("RepeatVector", {"n": 3}, "2,4", symbolic=[(None, 4), (None, None)]),
    row("Identity", {}, "2,3", symbolic=[(None, None)], mask=True),
    row("ActivityRegularization", {"l1": 0.1, "l2": 0.2}, "3,4", symbolic=[(None, None)], mask=True),
    row("Masking", {}, "zeros:2,3,4", symbolic=[(None, None, 4)]),
    row("Masking", {"mask_value": 2.0}, "2,3,4"),
]

PAIR = [[(None, 3), (None, 3)], [(None, None), (None, 3)], [(2, 3), (None, 1)]]
MERGE = [
    *(
        row(name, {}, "2,3", "2,3", symbolic=PAIR)
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum")
    ),
    *(row(name, {}, "2,3", "2,3", "2,3") for name in ("Add", "Multiply", "Average", "Maximum", "Minimum")),
    *(
        row(name, {}, "2,1,3", "2,4,1", symbolic=[[(None, 1, 3), (None, None, 1)]])
        for name in ("Add", "Multiply", "Maximum")
    ),
    *(row(name, {}, "2,4,3", "2,3") for name in ("Add", "Subtract", "Multiply")),
    *(
        row(name, {}, "2,4,3", "2,4,3", mask=[True, True])
        for name in ("Add", "Subtract", "Multiply", "Average", "Maximum")
    ),
    *(
        row(name, {}, "2,4,3", "2,4,3", mask=[True, False])
        for name in ("Add", "Subtract", "Multiply", "Average", "Minimum")
    ),
    *(
        row(name, {}, "2,4,3", "2,4,3", "2,4,3", mask=[True, True, True])
        for name in ("Add", "Multiply", "Average", "Minimum")
    ),
    row("Concatenate", {}, "2,3", "2,4", symbolic=[[(None, 3), (None, 4)], [(None, None), (None, 4)]]),
    row(
        "Concatenate",
        {"axis": 1},
        "2,3,4",
        "2,1,4",
        "2,2,4",
        symbolic=[[(None, None, 4), (None, 2, 4), (None, 1, 4)], [(None, 3, 4)] * 3],
    ),
    row("Concatenate", {"axis": 1}, "2,3,4", "2,2,4", mask=[True, True]),
    row("Concatenate", {"axis": 1}, "2,3,4", "2,2,4", mask=[True, False]),
    row("Concatenate", {"axis": -1}, "2,3,4", "2,3,2", mask=[True, True]),
    row("Concatenate", {"axis": 0}, "2,3", "1,3"),
    row("Dot", {"axes": 1}, "2,4", "2,4", symbolic=[[(None, 4), (None, 4)]]),
    row("Dot", {"axes": (2, 1)}, "2,3,4", "2,4,5", symbolic=[[(None, None, 4), (None, 4, 5)]]),
    row("Dot", {"axes": (1, 2)}, "2,4,3", "2,5,4"),
    row("Dot", {"axes": -1, "normalize": True}, "2,3,4", "2,5,4"),
    row("Dot", {"axes": 2}, "2,3,4", "2,3,4"),
    row("Dot", {"axes": (1, 1)}, "2,4", "2,4,3"),
    row("Dot", {"axes": (2, 1)}, "2,3,4", "2,4", mask=[True, True]),
]

# In inference these pass their input on; their random half is tested by its statistics, not by values.
RANDOM = [
    row("Dropout", {"rate": 0.5, "seed": 1}, "2,3", symbolic=[(None, None)], mask=True),
    row("Dropout", {"rate": 0.5, "noise_shape": (None, 1, 3), "seed": 2}, "2,2,3"),
    row("Dropout", {"rate": 0}, "2,3", training=True),
    row("Dropout", {"rate": 1}, "2,3", training=True),
    row("SpatialDropout1D", {"rate": 0.2}, "2,3,4", symbolic=[(None, None, 4)]),
    row("SpatialDropout2D", {"rate": 0.2, "data_format": "channels_first"}, "2,3,4,2"),
    row("SpatialDropout3D", {"rate": 0.2}, "1,2,2,2,3"),
    row("GaussianNoise", {"stddev": 0.1}, "2,3", symbolic=[(None, None)], mask=True),
    row("GaussianNoise", {"stddev": 0}, "2,3", training=True),
    row("GaussianDropout", {"rate": 0.2, "seed": 3}, "2,3", symbolic=[(None, None)]),
    row("AlphaDropout", {"rate": 0.2, "noise_shape": (None, 1)}, "2,3", symbolic=[(None, None)]),
]

CASES = DENSE + ACTIVATION + SHAPE + MERGE + RANDOM

FAILURES = [
    ("Dense", {"units": 0}, None),
    ("Dense", {"units": -3}, None),
    ("Dense", {"units": 2.5}, None),
    ("Dense", {"units": 4, "activation": "rellu"}, None),
    ("Dense", {"units": 4, "kernel_initializer": "gloro_uniform"}, None),
    ("Dense", {"units": 4, "kernel_regularizer": "l3"}, None),
    ("Dense", {"units": 4, "bias_constraint": "nonneg"}, None),
    ("Dense", {"units": 4, "dtype": "float99"}, None),
    ("Dense", {"units": 4}, [(3,)]),
    ("Dense", {"units": 4}, [(2, 3), "then", (2, 4)]),
    ("EinsumDense", {"equation": "ab,bc-ac", "output_shape": 4}, [(2, 3)]),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 4, "bias_axes": "z"}, [(2, 3)]),
    ("EinsumDense", {"equation": "ab,bc->ad", "output_shape": 4}, [(2, 3)]),
    ("EinsumDense", {"equation": "ab,bc->ac", "output_shape": 4}, [(2, 3, 4)]),
    ("Dropout", {"rate": 1.5}, None),
    ("Dropout", {"rate": "a"}, None),
    ("Dropout", {"rate": 0.5, "noise_shape": "a"}, None),
    ("SpatialDropout1D", {"rate": 0.5}, [(2, 3)]),
    ("SpatialDropout2D", {"rate": 0.5, "data_format": "last"}, None),
    ("GaussianNoise", {"stddev": -1}, None),
    ("GaussianDropout", {"rate": -0.1}, None),
    ("AlphaDropout", {"rate": 2}, None),
    ("Reshape", {"target_shape": (5,)}, [(2, 12)]),
    ("Reshape", {"target_shape": (5, -1)}, [(2, 12)]),
    ("Reshape", {"target_shape": (-1, -1)}, [(2, 12)]),
    ("Permute", {"dims": (1, 3)}, None),
    ("Permute", {"dims": (0, 1)}, None),
    ("Permute", {"dims": (2, 1)}, [(2, 12)]),
    ("RepeatVector", {"n": 2.5}, None),
    ("RepeatVector", {"n": 2}, [(2, 3, 4)]),
    ("Flatten", {"data_format": "last"}, None),
    ("Softmax", {"axis": 5}, [(2, 3)]),
    ("ReLU", {"max_value": -1}, None),
    ("ReLU", {"negative_slope": -1}, None),
    ("ReLU", {"negative_slope": None}, None),
    ("ReLU", {"threshold": -1}, None),
    ("ReLU", {"threshold": None}, None),
    ("LeakyReLU", {"negative_slope": None}, None),
    ("LeakyReLU", {"negative_slope": -1}, None),
    ("PReLU", {"shared_axes": (0,)}, [(2, 3)]),
    ("PReLU", {}, [(2, 3), "then", (2, 4)]),
    ("Activation", {"activation": "nope"}, None),
    ("Add", {}, [(2, 3)]),
    ("Add", {}, [[(2, 3)]]),
    ("Add", {}, [[(2, 3), (2, 4)]]),
    ("Add", {}, [[(2, 3), (3, 3)]]),
    ("Subtract", {}, [[(2, 3), (2, 3), (2, 3)]]),
    ("Subtract", {}, [[(2, 3)]]),
    ("Concatenate", {}, [[(2, 3)]]),
    ("Concatenate", {}, [(2, 3)]),
    ("Concatenate", {"axis": 1}, [[(2, 3, 4), (2, 3, 5)]]),
    ("Concatenate", {}, [[(2, 3), (2, 3, 4)]]),
    ("Dot", {"axes": 0.5}, None),
    ("Dot", {"axes": (1, 2, 3)}, None),
    ("Dot", {"axes": (1, "a")}, None),
    ("Dot", {"axes": 1}, [[(2, 3), (2, 4)]]),
    ("Dot", {"axes": 1}, [[(2, 3), (2, 3), (2, 3)]]),
    ("Dot", {"axes": 0}, [[(2, 3), (2, 3)]]),
    ("Dot", {"axes": 1}, [(2, 3)]),
    ("Embedding", {"input_dim": 0, "output_dim": 3}, None),
    ("Embedding", {"input_dim": 3, "output_dim": -1}, None),
    ("Embedding", {"input_dim": 3}, None),
    ("Identity", {"foo": 1}, None),
]


def draw(text, rng):
    """The input array a shape text stands for; "zeros:2,3,4" zeroes the middle step, for Masking."""
    zeroed = text.startswith("zeros:")
    text = text.removeprefix("zeros:")
    dims, _, kind = text.partition(":")
    shape = tuple(int(d) for d in dims.split(","))
    if kind:
        dtype, _, below = kind.partition("<")
        return rng.integers(0, int(below), shape).astype(dtype)
    x = rng.uniform(-2, 2, shape).astype("float32")
    if zeroed:
        x[:, 1] = 0
    return x


def arguments(text):
    """The arguments written in `text`; a layer to be wrapped is written as its config."""
    kwargs = ast.literal_eval(text)
    if isinstance(kwargs.get("layer"), dict):
        kwargs["layer"] = keras.layers.deserialize(kwargs["layer"])
    return kwargs


def jsonable(value):
    return json.loads(json.dumps(value))


def describe(layer):
    return {
        "weights": [[w.name, w.path, list(w.shape), str(w.dtype), bool(w.trainable)] for w in layer.weights],
        "counts": [
            len(layer.weights),
            len(layer.trainable_weights),
            len(layer.non_trainable_weights),
            len(layer.variables),
            len(layer.trainable_variables),
            len(layer.non_trainable_variables),
            layer.count_params(),
        ],
    }


def build_case(index, case, arrays):
    rng = np.random.default_rng(1000 + index)
    make = lambda **extra: getattr(keras.layers, case["layer"])(
        name=f"case_{index}", **arguments(case["kwargs"]), **extra
    )
    inputs = [draw(s, rng) for s in case["shapes"]]
    layer = make()
    case["config"] = jsonable(layer.get_config())
    case["supports_masking"] = bool(layer.supports_masking)
    case["built_at_birth"] = bool(layer.built)
    single = len(inputs) == 1
    pack = (lambda xs: xs[0]) if single else list
    tensors = [keras.ops.convert_to_tensor(x) for x in inputs]
    masks = case["mask"]
    if masks is not None:
        masks = [masks] if single else masks
        for i, (x, flag) in enumerate(zip(inputs, masks, strict=True)):
            if flag:
                mask_shape = x.shape if case["layer"] == "Softmax" else x.shape[:2]
                arrays[f"{index}/mask{i}"] = rng.random(mask_shape) > 0.4
    for i, x in enumerate(inputs):
        arrays[f"{index}/in{i}"] = x
        if f"{index}/mask{i}" in arrays and case["layer"] != "Softmax":
            keras.src.backend.set_keras_mask(
                tensors[i], keras.ops.convert_to_tensor(arrays[f"{index}/mask{i}"])
            )
    call = dict(case["call"])
    if case["layer"] == "Softmax" and f"{index}/mask0" in arrays:
        call["mask"] = arrays[f"{index}/mask0"]
    if case["training"]:
        call["training"] = True
    out = layer(pack(tensors), **call)
    case.update(describe(layer))
    case["out_dtype"] = str(out.dtype)
    case["compute_output_shape"] = list(layer.compute_output_shape(pack([x.shape for x in inputs])))
    mask_out = getattr(out, "_keras_mask", None)
    if mask_out is not None:
        arrays[f"{index}/mask_out"] = np.asarray(mask_out)
    weights = [rng.uniform(-1, 1, w.shape).astype("float32") for w in layer.weights]
    for i, w in enumerate(layer.weights):
        if w.name.endswith(("variance", "stddev")):
            weights[i] = abs(weights[i]) + 0.5
    for i, w in enumerate(weights):
        arrays[f"{index}/w{i}"] = w
    layer.set_weights(weights)
    out = np.asarray(layer(pack(tensors), **call))
    arrays[f"{index}/out"] = out
    arrays[f"{index}/g"] = g = rng.normal(size=out.shape).astype("float32")
    case["losses"] = [float(v) for v in layer.losses]
    for i, (before, w) in enumerate(zip(weights, layer.weights, strict=True)):
        if not np.array_equal(before, np.asarray(w)):
            arrays[f"{index}/after{i}"] = np.asarray(w)
    layer.set_weights(weights)
    differentiable = [i for i, x in enumerate(inputs) if case["layer"] != "Embedding"]
    trains = [i for i, w in enumerate(layer.weights) if w.trainable]

    def loss(weights, xs):
        full = list(tensors)
        for i, x in zip(differentiable, xs, strict=True):
            full[i] = x
        for i in range(len(full)):
            if f"{index}/mask{i}" in arrays and case["layer"] != "Softmax":
                keras.src.backend.set_keras_mask(full[i], arrays[f"{index}/mask{i}"])
        state = list(zip(layer.trainable_variables, weights, strict=True))
        with keras.StatelessScope(state_mapping=state, collect_losses=True):
            y = layer(pack(full), **call)
            return (y * g).sum() + sum(layer.losses, 0.0)

    if case["gradients"]:
        gw, gx = jax.grad(loss, argnums=(0, 1))(
            [jax.numpy.asarray(weights[i]) for i in trains], [tensors[i] for i in differentiable]
        )
        for i, v in zip(trains, gw, strict=True):
            arrays[f"{index}/gw{i}"] = np.asarray(v)
        for i, v in zip(differentiable, gx, strict=True):
            arrays[f"{index}/gx{i}"] = np.asarray(v)
    case["symbolic_out"] = []
    for shapes in case["symbolic"]:
        specs = [shapes] if single else shapes
        fresh = make()
        y = fresh(
            pack([keras.KerasTensor(s, dtype=x.dtype.name) for s, x in zip(specs, inputs, strict=True)])
        )
        entry = {"shape": list(y.shape), "dtype": y.dtype, "counts": describe(fresh)["counts"]}
        entry["rule"] = list(make().compute_output_shape(pack([tuple(s) for s in specs])))
        case["symbolic_out"].append(entry)
    case["policies"] = {}
    for policy in POLICIES:
        fresh = make(dtype=policy)
        y = fresh(pack(tensors), **call)
        z = make(dtype=policy)(pack([keras.KerasTensor(x.shape, dtype=x.dtype.name) for x in inputs]))
        try:
            ints = str(make(dtype=policy)(pack([keras.ops.cast(x, "int32") for x in tensors]), **call).dtype)
        except (TypeError, ValueError):  # JAX refuses integers in some activations
            ints = None
        case["policies"][policy] = [str(y.dtype), z.dtype, [str(v.dtype) for v in fresh.weights], ints]


def record_failure(layer, kwargs, shapes):
    entry = {"layer": layer, "kwargs": repr(kwargs), "shapes": repr(shapes), "error": None, "text": ""}
    try:
        instance = getattr(keras.layers, layer)(**arguments(repr(kwargs)))
        for shape in shapes or ():
            if shape != "then":
                zeros = (
                    [np.zeros(s, "float32") for s in shape]
                    if isinstance(shape, list)
                    else np.zeros(shape, "float32")
                )
                instance(zeros)
    except Exception as error:
        entry.update(error=type(error).__name__, text=str(error)[:400])
    return entry


def record(path, cases, failures):
    """Write the file of these cases and failures."""
    arrays = {}
    for index, case in enumerate(cases):
        try:
            build_case(index, case, arrays)
        except Exception as error:
            raise RuntimeError(f"case {index}: {case['layer']} {case['kwargs']} {case['shapes']}") from error
    keras.backend.clear_session()
    arrays["cases"] = np.array(json.dumps(cases))
    arrays["failures"] = np.array(json.dumps([record_failure(*f) for f in failures]))
    np.savez_compressed(path, **arrays)


if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
