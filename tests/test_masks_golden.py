"""What each layer does with masks against Keras 3.15.1 (tools/record/masks.py): outputs, their masks, the warnings."""

import json
import pathlib
import warnings

import numpy as np
import pytest

import kx
from kx import ops, tree

with np.load(pathlib.Path(__file__).parent / "golden" / "masks.npz") as stored:
    GOLDEN = dict(stored)
CASES = json.loads(str(GOLDEN.pop("cases")))
MASK = np.array([[1, 1, 1, 1], [1, 1, 1, 0], [0, 1, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]], dtype=bool)
# Keras warns of these too: of models, though their layers do carry the mask, and of a layer's own parts.
NOISE = ("(of type Sequential)", "Layer 'query'", "Layer 'key'", "Layer 'value'")


def make(case):
    return eval(case["make"], {**vars(kx.layers), "Sequential": kx.Sequential, "ops": ops})


def draw(case, number):
    """The inputs, as tools/record/masks.py draws them."""
    rng = np.random.default_rng(3000 + number)
    inputs = []
    for shape in case["shapes"]:
        if "Embedding" in case["make"]:
            inputs.append(rng.integers(0, 3, (5, *shape)).astype("int32"))
        else:
            inputs.append((rng.integers(-4, 5, (5, *shape)) / 4).astype("float32"))
            if "Masking" in case["make"]:
                inputs[-1][1, 2:] = 0
    return inputs


def call(layer, case, number):
    """The outputs, flat, of the layer called on inputs with their masks."""
    tensors = [ops.convert_to_tensor(x) for x in draw(case, number)]
    for tensor, shape, masked in zip(tensors, case["shapes"], case["masked"], strict=True):
        mask = MASK[:, : shape[0]]
        if case["spread"]:
            mask = np.broadcast_to(mask.reshape(mask.shape + (1,) * (len(shape) - 1)), (5, *shape)).copy()
        if masked:
            tensor._keras_mask = ops.convert_to_tensor(mask)
    given = tensors if len(tensors) == 1 or case["apart"] else [tensors]
    return tree.flatten(layer(*given, training=True) if case["training"] else layer(*given))


def as_recorded(message):
    """A warning without the number in the automatic name of its layer."""
    return [word.rstrip("_'0123456789,") for word in message.split()]


@pytest.mark.parametrize("number", range(len(CASES)), ids=[f"{c['make']}-{c['masked']}" for c in CASES])
def test_outputs_masks_and_warnings(number):
    case = CASES[number]
    layer = make(case)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        call(layer, case, number)
    found = [str(w.message) for w in caught if "mask" in str(w.message)]
    wanted = [m for m in case["warnings"] if not any(name in m for name in NOISE)]
    assert [as_recorded(m) for m in found] == [as_recorded(m) for m in wanted]
    rng = np.random.default_rng(4000 + number)
    weights = [
        rng.uniform(0.5, 1, w.shape) if "variance" in w.name else rng.uniform(-1, 1, w.shape)
        for w in layer.weights
    ]
    layer.set_weights([w.astype("float32") for w in weights])
    outs = call(layer, case, number)
    masks = [getattr(out, "_keras_mask", None) for out in outs]
    assert [m if m is None else m.numpy().astype(int).tolist() for m in masks] == case["masks"]
    for i, out in enumerate(outs):
        np.testing.assert_allclose(out.numpy(), GOLDEN[f"{number}/out{i}"], rtol=1e-5, atol=2e-6)
    if case["training"]:
        sums = [float(w.numpy().sum()) for w in layer.non_trainable_weights]
        np.testing.assert_allclose(sums, case["after"], rtol=1e-5)
