"""Every recurrent layer against what Keras 3.15.1 did with it: values, states, gradients, masks, shapes, configs."""

import json
import pathlib

import numpy as np
import pytest

import kx_layers
from kx_layers import set_dtype_policy
from kx_tensor import GradientTape, KerasTensor, ops, tree
from kx_tensor import device as devices
from kx_tensor.standin import standin

FILES = ("rnn", "conv_lstm")  # what tools/record/<name>.py wrote
CASES, ARRAYS, FAILURES = [], [], []


def arrays_of(case, data):
    """The arrays of a case by name, from the one that holds them all."""
    shapes = case["arrays"]
    ends = np.cumsum([np.prod(s, dtype=int) for s in shapes.values()])
    return {n: part.reshape(s) for (n, s), part in zip(shapes.items(), np.split(data, ends[:-1]))}


for file in FILES:
    with np.load(pathlib.Path(__file__).parent / "golden" / f"{file}.npz") as stored_file:
        FAILURES += json.loads(str(stored_file["failures"]))
        for number, stored_case in enumerate(json.loads(str(stored_file["cases"]))):
            CASES.append(stored_case)
            ARRAYS.append(arrays_of(stored_case, stored_file[str(number)]))
every_case = pytest.mark.parametrize("index", range(len(CASES)), ids=[c["make"] for c in CASES])

# Keras leaves these keys out of the config although its constructor takes them.
MORE_IN_CONFIG = {"SimpleRNN": {"seed"}}


@pytest.fixture(params=["numpy", "native", "standin"])
def backend(request):
    """The test runs on plain NumPy, with the kernels where there are any, and on the stand-in device."""
    kernels = devices.cpu.kernels
    if request.param == "native" and kernels is None:
        pytest.skip("no kernels")
    devices.cpu.kernels = "native" if request.param == "native" else None
    try:
        with devices.device(standin if request.param == "standin" else "cpu"):
            yield request.param
    finally:
        devices.cpu.kernels = kernels


def without_number(name):
    return name.rstrip("_0123456789")


def make(expression):
    return eval(expression, dict(vars(kx_layers)))


def stored(index, prefix):
    """The arrays prefix0, prefix1, ... of a case."""
    found = []
    while f"{prefix}{len(found)}" in ARRAYS[index]:
        found.append(ARRAYS[index][f"{prefix}{len(found)}"])
    return found


def arguments(index):
    """The input, and the keyword arguments of the call."""
    states = [ops.convert_to_tensor(s) for s in stored(index, "s")]
    call = {"initial_state": states} if states else {}
    if "mask" in ARRAYS[index]:
        call["mask"] = ops.convert_to_tensor(ARRAYS[index]["mask"].astype(bool))
    return ops.convert_to_tensor(ARRAYS[index]["x"]), call


def built(index):
    layer = make(CASES[index]["make"])
    x, call = arguments(index)
    layer(x, **call)
    layer.set_weights(stored(index, "w"))
    if hasattr(layer, "reset_state"):
        layer.reset_state()
    return layer


@every_case
def test_values_and_gradients(index, backend):
    case, layer = CASES[index], built(index)
    x, call = arguments(index)
    with GradientTape() as tape:
        states = call.get("initial_state", [])
        for source in (x, *states):
            tape.watch(source)
        for _ in range(case["calls"]):
            outs = tree.flatten(layer(x, **call))
        loss = sum((ops.sum(out * g) for out, g in zip(outs, stored(index, "g"), strict=True)), 0.0)
    for out, wanted in zip(outs, stored(index, "out"), strict=True):
        np.testing.assert_allclose(out.numpy(), wanted, rtol=2e-5, atol=3e-6)
    assert [out.dtype for out in outs] == case["dtypes"]
    np.testing.assert_allclose([float(v) for v in layer.losses], case["losses"], rtol=1e-5)
    if case["calls"] > 1:
        return
    found = tape.gradient(loss, [x, *states, *layer.trainable_variables])
    wanted = [ARRAYS[index]["gx"], *stored(index, "gs"), *stored(index, "gw")]
    for f, w in zip(found, wanted, strict=True):
        np.testing.assert_allclose(np.asarray(f), w, rtol=5e-5, atol=1e-5)


@every_case
def test_weights_and_counts(index):
    case, layer = CASES[index], built(index)
    found = [[w.name, list(w.shape), w.dtype, w.trainable] for w in layer.weights]
    assert found == [[name, *rest] for name, _, *rest in case["weights"]]
    for weight, (_, path, *_) in zip(layer.weights, case["weights"]):
        places = [[without_number(part) for part in p.split("/")] for p in (weight.path, path)]
        assert places[0] == places[1]
    assert counts(layer) == case["counts"]


def counts(layer):
    kinds = ("weights", "trainable_weights", "non_trainable_weights")
    kinds += ("variables", "trainable_variables", "non_trainable_variables")
    return [*(len(getattr(layer, kind)) for kind in kinds), layer.count_params()]


@every_case
def test_symbolic_shapes_and_dtypes(index):
    case = CASES[index]
    shape = (*case["symbolic"], *case["shape"][2:])
    wanted = case["symbolic_out"]
    if "backward_layer" in case["make"]:  # Keras gives twice the size of the forward layer
        wanted = [[None, ARRAYS[index]["out0"].shape[1]]]
    for policy, (dtype, weights) in case["policies_out"].items():
        set_dtype_policy(policy)
        try:
            layer = make(case["make"])
            outs = tree.flatten(layer(KerasTensor(shape)))
            assert outs[0].dtype == dtype, policy
            assert [w.dtype for w in layer.weights] == weights, policy
            x, call = arguments(index)
            reals = tree.flatten(layer(x, **call))
            assert [r.dtype for r in reals] == [o.dtype for o in outs]
        finally:
            set_dtype_policy("float32")
        assert [list(out.shape) for out in outs] == wanted
        assert counts(layer) == case["symbolic_counts"]
    rule = []
    tree.map_shape_structure(rule.append, make(case["make"]).compute_output_shape(shape))
    assert [list(s) for s in rule] == wanted


@every_case
def test_masks(index):
    case, layer = CASES[index], built(index)
    whole = ops.ones(case["shape"][:2], "bool")
    assert [m is not None for m in tree.flatten(layer.compute_mask(None, whole))] == case["shows_mask"]
    if not case["mask"]:
        return
    x, call = arguments(index)
    x._keras_mask = call["mask"]
    if not case["states"]:  # beside those a mask is used that is given only
        del call["mask"]
    outs = tree.flatten(layer(x, **call))
    np.testing.assert_allclose(outs[0].numpy(), ARRAYS[index]["out0"], rtol=2e-5, atol=3e-6)
    assert [out._keras_mask is not None for out in outs][: len(case["shows_mask"])] == case["shows_mask"]


@every_case
def test_configs(index):
    case, layer = CASES[index], make(CASES[index]["make"])
    config = json.loads(json.dumps(layer.get_config()))
    assert_same_config(config, case["config"], case["make"].partition("(")[0])
    again = type(layer).from_config(config)
    assert json.loads(json.dumps(again.get_config())) == config
    theirs = type(layer).from_config(case["config"])
    x, call = arguments(index)
    theirs(x, **call)
    theirs.set_weights(stored(index, "w"))
    if hasattr(theirs, "reset_state"):
        theirs.reset_state()
    for _ in range(case["calls"]):
        outs = tree.flatten(theirs(x, **call))
    np.testing.assert_allclose(outs[0].numpy(), ARRAYS[index]["out0"], rtol=2e-5, atol=3e-6)


def assert_same_config(found, wanted, name):
    """The configs agree, but for the numbers at the end of automatic names."""
    if isinstance(wanted, dict):
        more = MORE_IN_CONFIG.get(name, set())
        assert found.keys() - more == wanted.keys() - more
        for key in wanted:
            if key == "name":
                assert without_number(found[key]) == without_number(wanted[key])
            else:
                assert_same_config(found[key], wanted[key], wanted.get("class_name", name))
    elif isinstance(wanted, list):
        assert len(found) == len(wanted)
        for one, other in zip(found, wanted):
            assert_same_config(one, other, name)
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted)
    else:
        assert found == wanted


@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f"{f['make']}-{f['shapes']}")
def test_failures(failure):
    assert failure["error"] is not None
    with pytest.raises((ValueError, TypeError)) as caught:
        layer = make(failure["make"])
        for shape in failure["shapes"]:
            layer(np.zeros(shape, "float32"))
    assert len(str(caught.value)) > 40
