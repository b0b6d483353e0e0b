"""The attention layers against what Keras 3.15.1 did with them; see tools/record/attention.py."""

import ast
import json
import pathlib

import numpy as np
import pytest

import kx_layers
from kx_tensor import GradientTape, KerasTensor, Variable, ops

with np.load(pathlib.Path(__file__).parent / "golden" / "attention.npz") as file:
    TABLE, DATA = json.loads(file["table"].tobytes()), file["data"].tobytes()
CASES, FAILURES = TABLE["cases"], TABLE["failures"]
LISTED = ("Attention", "AdditiveAttention")  # their inputs are one list
every_case = pytest.mark.parametrize(
    "index", range(len(CASES)), ids=[f"{i}-{case['layer']}" for i, case in enumerate(CASES)]
)


def stored(name):
    """A recorded array, or None."""
    if name not in TABLE["arrays"]:
        return None
    dtype, shape, offset = TABLE["arrays"][name]
    return np.frombuffer(DATA, dtype, int(np.prod(shape)), offset).reshape(shape).copy()


def make(index, **extra):
    case = CASES[index]
    arguments = ast.literal_eval(case["kwargs"])
    return getattr(kx_layers, case["layer"])(name=f"case_{index}", **arguments, **extra)


def inputs_of(index):
    return [stored(f"{index}/in{i}") for i in range(len(CASES[index]["shapes"]))]


def call(index, layer, xs):
    """The outputs of the recorded call, as a tuple."""
    case = CASES[index]
    arguments = dict(case["call"])
    for name, shapes in case["masks"].items():
        listed = isinstance(shapes[0], list) or None in shapes
        names = [f"{index}/mask/{name}/{i}" for i in range(len(shapes))] if listed else f"{index}/mask/{name}"
        arguments[name] = [stored(n) for n in names] if listed else stored(names)
    xs = [ops.convert_to_tensor(x) for x in xs]
    for i, x in enumerate(xs):
        mask = stored(f"{index}/implicit{i}")
        x._keras_mask = None if mask is None else ops.convert_to_tensor(mask)
    out = layer(xs, **arguments) if case["layer"] in LISTED else layer(*xs, **arguments)
    return out if isinstance(out, tuple) else (out,)


def built(index, **extra):
    layer = make(index, **extra)
    call(index, layer, inputs_of(index))
    layer.set_weights([stored(f"{index}/w{i}") for i in range(len(CASES[index]["weights"]))])
    return layer


@every_case
def test_values_and_masks(index):
    layer = built(index)
    outs = call(index, layer, inputs_of(index))
    for i, out in enumerate(outs):
        np.testing.assert_allclose(out.numpy(), stored(f"{index}/out{i}"), rtol=2e-5, atol=3e-6)
    assert stored(f"{index}/out{len(outs)}") is None
    np.testing.assert_allclose([float(v) for v in layer.losses], CASES[index]["losses"], rtol=1e-5)
    mask = stored(f"{index}/mask_out")
    assert (outs[0]._keras_mask is None) == (mask is None)
    if mask is not None:
        np.testing.assert_array_equal(outs[0]._keras_mask.numpy(), mask)


@every_case
def test_gradients(index):
    layer = built(index)
    xs = [Variable(x) for x in inputs_of(index)]
    with GradientTape() as tape:
        outs = call(index, layer, [x.value for x in xs])
        loss = sum((ops.sum(out * stored(f"{index}/g{i}")) for i, out in enumerate(outs)), 0.0)
        loss = loss + sum(layer.losses, 0.0)
    weights = layer.trainable_variables
    found = tape.gradient(loss, weights + xs)
    wanted = [stored(f"{index}/gw{i}") for i in range(len(weights))]
    wanted += [stored(f"{index}/gx{i}") for i in range(len(xs))]
    for g, expected in zip(found, wanted, strict=True):
        got = np.zeros_like(expected) if g is None else g.numpy()
        np.testing.assert_allclose(got, expected, rtol=2e-5, atol=1e-5)


@every_case
def test_weights_and_counts(index):
    case, layer = CASES[index], built(index)
    found = [[w.name, w.path, list(w.shape), w.dtype, w.trainable] for w in layer.weights]
    assert found == case["weights"]
    assert counts(layer) == case["counts"]
    assert layer.supports_masking == case["supports_masking"]


def counts(layer):
    kinds = ("weights", "trainable_weights", "non_trainable_weights")
    kinds += ("variables", "trainable_variables", "non_trainable_variables")
    return [*(len(getattr(layer, kind)) for kind in kinds), layer.count_params()]


@every_case
def test_symbolic_shapes(index):
    case = CASES[index]
    listed = case["layer"] in LISTED
    shapes = [x.shape for x in inputs_of(index)]
    found = make(index).compute_output_shape(shapes) if listed else make(index).compute_output_shape(*shapes)
    assert case["compute_output_shape"] in (None, list(found))
    for specs, wanted in zip(case["symbolic"], case["symbolic_out"]):
        symbols, layer = [KerasTensor(s) for s in specs], make(index)
        out = layer(symbols, **case["call"]) if listed else layer(*symbols, **case["call"])
        outs = out if isinstance(out, tuple) else (out,)
        assert [list(o.shape) for o in outs] == wanted["shapes"]
        assert {o.dtype for o in outs} == {wanted["dtype"]}
        assert counts(layer) == wanted["counts"]


@every_case
def test_policies(index):
    for policy, (outputs, variables) in CASES[index]["policies"].items():
        layer = make(index, dtype=policy)
        assert [o.dtype for o in call(index, layer, inputs_of(index))] == outputs, policy
        assert [v.dtype for v in layer.weights] == variables, policy


def plain(config):
    return json.loads(json.dumps(config))


@every_case
def test_configs(index):
    layer, wanted = make(index), CASES[index]["config"]
    config = plain(layer.get_config())
    assert_same_config(config, wanted)
    assert plain(type(layer).from_config(config).get_config()) == config
    assert_same_config(plain(type(layer).from_config(wanted).get_config()), wanted)


def assert_same_config(found, wanted):
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and found.keys() == wanted.keys()
        for key in wanted:
            assert_same_config(found[key], wanted[key])
    else:
        assert found == (pytest.approx(wanted) if isinstance(wanted, float) else wanted)


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f"{f['layer']}-{f['kwargs']}-{f['shapes']}")
def test_failures(failure):
    def run():
        layer = getattr(kx_layers, failure["layer"])(**ast.literal_eval(failure["kwargs"]))
        shapes = ast.literal_eval(failure["shapes"])
        if shapes is not None:
            xs = [np.zeros(s, "float32") for s in shapes]
            layer(xs) if failure["layer"] in LISTED else layer(*xs)

    assert failure["error"] is not None
    with pytest.raises(Exception) as caught:
        run()
    assert caught.type.__name__ == failure["error"]
    assert len(str(caught.value)) > 30
