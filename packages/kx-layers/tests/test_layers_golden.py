"""Every layer against what Keras 3.15.1 did with it: values, gradients, shapes, dtypes, configs, masks, counts."""

import ast
import json
import pathlib

import numpy as np
import pytest

import kx_layers
from kx_tensor import GradientTape, KerasTensor, grad, ops

FILES = ("layers", "conv", "norm", "pool", "image")  # what tools/record/<name>.py wrote
GOLDEN, CASES, FAILURES = {}, [], []
for file in FILES:
    with np.load(pathlib.Path(__file__).parent / "golden" / f"{file}.npz") as stored_file:
        start, arrays = len(CASES), dict(stored_file)
    FAILURES += json.loads(str(arrays.pop("failures")))
    for number, case in enumerate(json.loads(str(arrays.pop("cases")))):
        CASES.append({**case, "name": f"case_{number}"})
    for key, array in arrays.items():
        number, _, what = key.partition("/")
        GOLDEN[f"{start + int(number)}/{what}"] = array
NAMES = [f"{i}-{case['layer']}" for i, case in enumerate(CASES)]
every_case = pytest.mark.parametrize("index", range(len(CASES)), ids=NAMES)

# What Keras lets pass and kx does not, and the other way round.
STRICTER = {
    ("PReLU", "{'shared_axes': (0,)}"),
    ("ZeroPadding2D", "{'padding': -1}"),
    ("Resizing", "{'height': 0, 'width': 2}"),
}
LENIENT = {
    ("AveragePooling2D", "{}"),  # of Keras 1 and 2
    ("Dense", "{'units': 4, 'bias_constraint': 'nonneg'}"),
    ("MaxPooling2D", "{'pool_size': (2,)}"),
    ("AdaptiveAveragePooling2D", "{'output_size': (2,)}"),
}
# Keras cuts the result for integers down to integers.
OF_INTS_DIFFERS = {"RMSNormalization", "SpectralNormalization"}
# The exceptions whose type differs: Python's own for a bad keyword, ValueError for a bad value.
BAD_VALUES = [
    (f["layer"], f["kwargs"])
    for f in FAILURES
    if "'output_size'" in f["kwargs"] or ("'axis'" in f["kwargs"] and f["layer"].endswith("Normalization"))
]
TYPES = {
    **dict.fromkeys(BAD_VALUES, "ValueError"),
    ("MaxPooling2D", "{'strides': 0}"): "ValueError",
    ("Dropout", "{'rate': 'a'}"): "ValueError",
    ("RepeatVector", "{'n': 2.5}"): "ValueError",
    ("Dot", "{'axes': 0.5}"): "ValueError",
    ("Identity", "{'foo': 1}"): "TypeError",
    ("UpSampling1D", "{'size': 1.5}"): "ValueError",
    ("RandomRotation", "{'factor': 0.1, 'fill_mode': 'full'}"): "ValueError",
    ("Resizing", "{'height': 2.5, 'width': 2}"): "ValueError",
    ("Resizing", "{'height': 2, 'width': 2}"): "ValueError",
}


def make(index, **extra):
    case = CASES[index]
    return getattr(kx_layers, case["layer"])(name=case["name"], **ast.literal_eval(case["kwargs"]), **extra)


def stored(index, prefix):
    """The arrays prefix0, prefix1, ... of a case; None where one is not there."""
    count = max(len(CASES[index]["shapes"]), len(CASES[index]["weights"]))
    names = [f"{index}/{prefix}{i}" for i in range(count)]
    return [GOLDEN.get(name) for name in names]


def pack(index, items):
    return list(items) if len(CASES[index]["shapes"]) > 1 else items[0]


def inputs_of(index, raw=None):
    """The input tensors of a case with their masks, and the arguments of the call besides them."""
    case = CASES[index]
    count = len(case["shapes"])
    tensors = [ops.convert_to_tensor(x) for x in (raw or stored(index, "in")[:count])]
    masks, call = stored(index, "mask")[:count], dict(case["call"])
    if case["training"]:
        call["training"] = True
    if case["layer"] == "Softmax":
        if masks[0] is not None:
            call["mask"] = ops.convert_to_tensor(masks[0])
        return tensors, call
    for tensor, mask in zip(tensors, masks):
        if mask is not None:
            tensor._keras_mask = ops.convert_to_tensor(mask)
    return tensors, call


def built(index, **extra):
    """The layer, called once and given the recorded weights."""
    layer = make(index, **extra)
    tensors, call = inputs_of(index)
    layer(pack(index, tensors), **call)
    layer.set_weights(stored(index, "w")[: len(CASES[index]["weights"])])
    return layer


@every_case
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_values_and_masks(index):
    layer = built(index)
    tensors, call = inputs_of(index)
    out = layer(pack(index, tensors), **call)
    np.testing.assert_allclose(out.numpy(), GOLDEN[f"{index}/out"], rtol=2e-6, atol=2e-6)
    assert out.dtype == CASES[index]["out_dtype"]
    np.testing.assert_allclose([float(v) for v in layer.losses], CASES[index]["losses"], rtol=1e-5)
    for weight, before, after in zip(layer.weights, stored(index, "w"), stored(index, "after")):
        np.testing.assert_allclose(weight.numpy(), before if after is None else after, rtol=1e-5, atol=1e-6)
    if f"{index}/mask_out" in GOLDEN:
        np.testing.assert_array_equal(out._keras_mask.numpy(), GOLDEN[f"{index}/mask_out"])
    else:
        assert out._keras_mask is None


@every_case
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_gradients(index):
    if not CASES[index].get("gradients", True):
        pytest.skip("Keras's gradient depends on its backend")
    layer = built(index)
    count = len(CASES[index]["shapes"])
    wanted_x = stored(index, "gx")[:count]
    places = [i for i, g in enumerate(wanted_x) if g is not None]

    def loss(*xs):
        layer.set_weights(
            stored(index, "w")[: len(layer.weights)]
        )  # which the last call in training may have moved
        raw = stored(index, "in")[:count]
        tensors, call = inputs_of(index, raw)
        for i, x in zip(places, xs):
            x._keras_mask = tensors[i]._keras_mask
            tensors[i] = x
        out = layer(pack(index, tensors), **call)
        return ops.sum(out * GOLDEN[f"{index}/g"]) + sum(layer.losses, 0.0)

    xs = [ops.convert_to_tensor(stored(index, "in")[i]) for i in places]
    if xs:
        found = grad(loss, argnums=tuple(range(len(xs))))(*xs)
        for i, g in zip(places, found):
            np.testing.assert_allclose(g.numpy(), wanted_x[i], rtol=2e-5, atol=2e-6)
    weights = layer.weights
    if weights:
        with GradientTape() as tape:
            value = loss(*xs)
        for weight, found, wanted in zip(weights, tape.gradient(value, weights), stored(index, "gw")):
            if weight.trainable:
                np.testing.assert_allclose(np.asarray(found), wanted, rtol=2e-5, atol=5e-6)
            else:
                assert found is wanted is None


@every_case
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_weights_and_counts(index):
    case, layer = CASES[index], built(index)
    found = [[w.name, w.path, list(w.shape), w.dtype, w.trainable] for w in layer.weights]
    assert found == case["weights"]
    assert counts(layer) == case["counts"]
    assert layer.supports_masking == case["supports_masking"]
    if case["built_at_birth"]:
        assert make(index).built


def counts(layer):
    kinds = ("weights", "trainable_weights", "non_trainable_weights")
    kinds += ("variables", "trainable_variables", "non_trainable_variables")
    return [*(len(getattr(layer, kind)) for kind in kinds), layer.count_params()]


def same_or_better(found, recorded):
    """Shapes agree, except that kx may know a size that Keras leaves None."""
    return len(found) == len(recorded) and all(r in (f, None) for f, r in zip(found, recorded))


@every_case
def test_symbolic_shapes(index):
    case = CASES[index]
    single = len(case["shapes"]) == 1
    shapes = [tuple(x.shape) for x in stored(index, "in")[: len(case["shapes"])]]
    if "ab...," not in case["kwargs"]:  # Keras's shape rule counts the elided axes of EinsumDense twice
        found = make(index).compute_output_shape(pack(index, shapes))
        assert same_or_better(found, case["compute_output_shape"])
    dtypes = [x.dtype.name for x in stored(index, "in")[: len(case["shapes"])]]
    for specs, wanted in zip(case["symbolic"], case["symbolic_out"]):
        specs = [specs] if single else specs
        layer = make(index)
        out = layer(pack(index, [KerasTensor(s, d) for s, d in zip(specs, dtypes)]))
        assert same_or_better(out.shape, wanted["shape"])
        assert out.dtype == wanted["dtype"]
        assert counts(layer) == wanted["counts"]
        rule = make(index).compute_output_shape(pack(index, [tuple(s) for s in specs]))
        assert same_or_better(rule, wanted["rule"])


@every_case
@pytest.mark.filterwarnings("ignore:Layer .* does not support masking")
def test_dtype_policies(index):
    for policy, (dtype, symbolic, variables, of_ints) in CASES[index]["policies"].items():
        layer = make(index, dtype=policy)
        tensors, call = inputs_of(index)
        assert layer(pack(index, tensors), **call).dtype == dtype, policy
        assert [v.dtype for v in layer.weights] == variables, policy
        specs = [KerasTensor(x.shape, x.dtype) for x in tensors]
        assert make(index, dtype=policy)(pack(index, specs)).dtype == symbolic, policy
        checked = of_ints is not None and CASES[index]["layer"] not in OF_INTS_DIFFERS
        if checked and not CASES[index]["training"]:  # kx's dropout of integers gives floats
            ints = [ops.cast(x, "int32") for x in tensors]
            assert make(index, dtype=policy)(pack(index, ints), **call).dtype == of_ints, policy


def plain(config):
    """A config as JSON has it; numbers as floats, so that 0.01 as float32 and as float64 are near each other."""
    return json.loads(json.dumps(config))


@every_case
def test_configs(index):
    layer = make(index)
    config = plain(layer.get_config())
    wanted = CASES[index]["config"]
    assert_same_config(config, wanted)
    again = type(layer).from_config(config)
    assert plain(again.get_config()) == config
    theirs = type(layer).from_config(wanted)
    assert_same_config(plain(theirs.get_config()), config)


def assert_same_config(found, wanted):
    if isinstance(wanted, dict):
        assert isinstance(found, dict) and found.keys() == wanted.keys()
        for key in wanted:
            assert_same_config(found[key], wanted[key])
    elif isinstance(wanted, float):
        assert found == pytest.approx(wanted)
    else:
        assert found == wanted


@pytest.mark.filterwarnings("ignore:LayerNormalization")
@pytest.mark.parametrize("failure", FAILURES, ids=lambda f: f"{f['layer']}-{f['kwargs']}-{f['shapes']}")
def test_failures(failure):
    name, kwargs = failure["layer"], ast.literal_eval(failure["kwargs"])
    shapes = ast.literal_eval(failure["shapes"]) or ()

    def run():
        layer = getattr(kx_layers, name)(**kwargs)
        for shape in shapes:
            if isinstance(shape, list):
                layer([np.zeros(s, "float32") for s in shape])
            elif shape != "then":
                layer(np.zeros(shape, "float32"))

    key = (name, failure["kwargs"])
    if key in LENIENT or (failure["error"] is None and key not in STRICTER):
        run()
        return
    wanted = TYPES.get(key, failure["error"] or "ValueError")
    with pytest.raises(Exception) as caught:
        run()
    assert caught.type.__name__ == wanted
    assert len(str(caught.value)) > 30
