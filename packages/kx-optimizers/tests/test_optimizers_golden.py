"""Every optimizer and option against five steps recorded from Keras 3.15 (tools/record/optimizers.py)."""

import json
import pathlib
import warnings

import numpy as np
import pytest

import kx_optimizers as optimizers
from kx_tensor import Variable, dtypes, naming, ops

DATA = np.load(pathlib.Path(__file__).parent / "golden/optimizers.npz")
CASES = [json.loads(line) for line in str(DATA["cases"]).split("\n")]
TEXTS = json.loads(str(DATA["texts"]))
SCHEDULES = [json.loads(line) for line in str(DATA["schedules"]).split("\n")]
STARTS = {kind: np.cumsum([0, *DATA[f"{kind}_sizes"]]) for kind in "ws"}
SIZE = 16  # a kernel of (3, 4) and a bias of 4
# In bfloat16 Keras's 1 - beta_2**t is 0, because 0.999 rounds to 1: these stand still there, or become NaN.
BROKEN_THERE = [("Adam", "bfloat16"), ("AdamW", "bfloat16"), ("Nadam", "bfloat16"), ("Lamb", "bfloat16"),
                ("ScheduleFreeAdamW", "bfloat16"), ("Muon", "bfloat16")]  # fmt: skip
USABLE = [i for i, c in enumerate(CASES) if (c["class"], c["spec"].get("dtype")) not in BROKEN_THERE]
# Keras rounds after every operation of a 16-bit step, kx once; (relative, absolute)
TOLERANCE = {"float32": (2e-5, 1e-6), "float16": (1e-2, 1.2e-2), "bfloat16": (8e-2, 4e-2)}


def recorded(kind, i):
    return DATA[kind][STARTS[kind][i] : STARTS[kind][i + 1]]


def label(case):
    return f"{case['class']}-" + ",".join(
        f"{k}={v}" for k, v in case["spec"].items() if not isinstance(v, dict)
    )


def make_optimizer(case):
    arguments = dict(case["arguments"])
    if case["class"] == "LossScaleOptimizer":
        inner = optimizers.SGD(learning_rate=0.1, momentum=0.9, name="sgd")
        return optimizers.LossScaleOptimizer(inner, name="scaled", **arguments)
    rate = arguments["learning_rate"]
    if isinstance(rate, dict):
        arguments["learning_rate"] = getattr(optimizers.schedules, rate["schedule"])(**rate["args"])
    return getattr(optimizers, case["class"])(**arguments, name=case["class"].lower())


def make_variables(spec):
    dtype = spec.get("dtype", "float32")
    with naming.name_scope("dense"):
        kernel = Variable(DATA["kernel"], dtype=dtype, name="kernel")
        bias = Variable(DATA["bias"], dtype=dtype, name="bias")
    if spec.get("constraint"):
        kernel.constraint = lambda w: ops.maximum(w, -0.5)
    bias.overwrite_with_gradient = bool(spec.get("overwrite"))
    return [kernel, bias]


def joined(variables):
    return np.concatenate([v.numpy().astype("float32").ravel() for v in variables])


def train(optimizer, spec, variables):
    if spec.get("exclude"):
        optimizer.exclude_from_weight_decay(var_names=spec["exclude"])
    seen = []
    for step, flat in enumerate(DATA["gradients"]):
        gradients = [
            g.astype(dtypes.as_numpy(v.dtype))
            for g, v in zip((flat[:12].reshape(3, 4), flat[12:]), variables, strict=True)
        ]
        if step in spec.get("inf", ()):
            gradients[1] = gradients[1] * np.float32("inf")
        if "none" in spec:
            gradients[spec["none"]] = None
        if str(step) in spec.get("assign", {}):
            optimizer.learning_rate = spec["assign"][str(step)]
        optimizer.apply(gradients, variables)
        seen.append(joined(variables))
    return seen


@pytest.mark.parametrize("i", USABLE, ids=[label(CASES[i]) for i in USABLE])
def test_steps_agree_with_keras(i, backend):
    case = CASES[i]
    spec = case["spec"]
    optimizer, variables = make_optimizer(case), make_variables(spec)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        seen = train(optimizer, spec, variables)
    assert sorted({str(w.message) for w in caught}) == case["warnings"]
    state = np.concatenate([v.numpy().astype("float32").ravel() for v in optimizer.variables])
    store = {}
    optimizer.save_own_variables(store)
    if spec.get("use_ema"):
        optimizer.finalize_variable_values(variables)
        seen.append(joined(variables))
    rtol, atol = TOLERANCE[spec.get("dtype", "float32")]
    np.testing.assert_allclose(np.stack(seen), recorded("w", i).reshape(-1, SIZE), rtol=rtol, atol=atol)
    np.testing.assert_allclose(state, recorded("s", i), rtol=rtol, atol=atol)
    automatic = [
        n for n in case["names"] if n.startswith("variable")
    ]  # Nadam's product has an automatic name
    known = len(case["names"]) - len(automatic)
    assert [v.name for v in optimizer.variables][:known] == case["names"][:known]
    assert [v.path for v in optimizer.variables][:known] == case["paths"][:known]
    assert [list(v.shape) for v in optimizer.variables] == case["shapes"]
    assert [v.dtype for v in optimizer.variables] == case["dtypes"]
    assert list(store) == case["saved"]
    assert json.loads(json.dumps(optimizer.get_config())) == case["config"]
    assert float(optimizer.learning_rate) == pytest.approx(case["learning_rate"], rel=1e-6)
    assert int(optimizer.iterations) == case["iterations"]


@pytest.mark.parametrize("name", TEXTS["defaults"])
def test_default_config_is_that_of_keras(name):
    assert getattr(optimizers, name)(name="x").get_config() == TEXTS["defaults"][name]


@pytest.mark.parametrize(
    "i", range(len(SCHEDULES)), ids=[f"{i}-{s['class']}" for i, s in enumerate(SCHEDULES)]
)
def test_schedule_agrees_with_keras(i):
    case = SCHEDULES[i]
    schedule = getattr(optimizers.schedules, case["class"])(**case["arguments"])
    np.testing.assert_allclose(
        schedule(DATA["steps"]).numpy(), DATA["schedule_values"][i], rtol=3e-5, atol=1e-8
    )
    assert schedule.get_config() == case["config"]
    assert optimizers.schedules.serialize(schedule) == case["serialized"]
    again = optimizers.schedules.deserialize(case["serialized"])
    assert again.get_config() == case["config"]


@pytest.mark.parametrize("name", ["plain", "schedule", "scaled"])
def test_serialized_form_is_that_of_keras_and_reads_back(name):
    wanted = TEXTS["serialized"][name]
    optimizer = optimizers.deserialize(wanted)
    assert json.loads(json.dumps(optimizers.serialize(optimizer))) == wanted


def test_names_that_get_knows():
    names = ("sgd", "adam", "RMSprop", "ADAMW", "Nadam")
    assert [type(optimizers.get(n)).__name__ for n in names] == TEXTS["serialized"]["names"]
    automatic = [optimizers.get(n).name for n in ("sgd", "rmsprop", "adamw", "ScheduleFreeAdamW")]
    stems = [name.rstrip("_0123456789") for name in TEXTS["serialized"]["automatic_names"]]
    assert [name.rstrip("_0123456789") for name in automatic] == stems
