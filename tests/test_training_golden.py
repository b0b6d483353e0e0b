"""Two epochs of training against what Keras 3.15 recorded (tools/record/training.py): each optimizer, loss, option."""

import json
import pathlib

import numpy as np
import pytest

import kx
from kx import tree

DATA = np.load(pathlib.Path(__file__).parent / "golden/training.npz")
MODELS = json.loads(str(DATA["models"]))
CASES = [json.loads(line) for line in str(DATA["cases"]).split("\n")]


def label(case):
    compiled = dict(case["compile"])
    parts = [
        case["model"],
        *(_short(compiled[name]) for name in ("optimizer", "loss")),
        *sorted(compiled)[3:],
    ]
    return "-".join([*parts, *case["fit"]])


def _short(value):
    if not isinstance(value, dict) or "class_name" not in value:
        return str(value)
    return value["class_name"] + "".join(f",{k}" for k in value["config"] if k != "learning_rate")


@pytest.fixture(params=range(len(CASES)), ids=[f"{i}-{label(case)}" for i, case in enumerate(CASES)])
def case(request):
    return {"number": request.param, **CASES[request.param]}


def recorded(case, name):
    return DATA[f"{case['number']}.{name}"]


def arrays(names):
    return tree.map_structure(lambda n: DATA[f"data.{n}"] if isinstance(n, str) else n, names)


def flat(values):
    return np.concatenate([np.asarray(v, "float32").ravel() for v in values])


def made(kind, value):
    """The object that a config stands for; inside its config, that of a schedule."""
    if isinstance(value, dict) and "class_name" in value:
        config = {k: made(kx.optimizers.schedules, v) for k, v in value["config"].items()}
        return getattr(kind, value["class_name"])(**config)
    return value


def compiled_model(case):
    arguments = dict(case["compile"])
    arguments["optimizer"] = made(kx.optimizers, arguments["optimizer"])
    if not isinstance(arguments["loss"], list):
        arguments["loss"] = made(kx.losses, arguments["loss"])
    if isinstance(arguments.get("metrics"), list):
        arguments["metrics"] = [made(kx.metrics, m) for m in arguments["metrics"]]
    model = kx.saving.deserialize_keras_object(MODELS[case["model"]])
    random = np.random.RandomState(3)
    model.set_weights(
        [(0.7 * random.standard_normal(w.shape)).astype("float32") for w in model.get_weights()]
    )
    model.compile(**arguments)
    return model


def fit_arguments(case):
    fit = dict(case["fit"])
    for name in ("sample_weight", "validation_data"):
        if name in fit:
            fit[name] = arrays(fit[name])
    if "class_weight" in fit:
        fit["class_weight"] = {int(k): v for k, v in fit["class_weight"].items()}
    return fit


def test_gradients(case):
    model, x, y = compiled_model(case), arrays(case["x"]), arrays(case["y"])
    x, y = (tree.map_structure(kx.ops.convert_to_tensor, part) for part in (x, y))
    with kx.GradientTape() as tape:
        loss = model.compute_loss(x, y, model(x), None)
    found = tape.gradient(loss, model.trainable_variables)
    found = [np.zeros(v.shape) if g is None else g for g, v in zip(found, model.trainable_variables)]
    np.testing.assert_allclose(flat(found), recorded(case, "gradients"), rtol=1e-4, atol=2e-6)


def test_training(case):
    model, x, y, fit = compiled_model(case), arrays(case["x"]), arrays(case["y"]), fit_arguments(case)
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, **fit).history
    assert list(history) == list(case["history"])
    for name, values in case["history"].items():
        if values is not None:
            np.testing.assert_allclose(history[name], values, rtol=1e-4, atol=1e-6, err_msg=name)
    assert [w.path for w in model.weights] == case["weight_paths"]
    np.testing.assert_allclose(flat(model.get_weights()), recorded(case, "weights"), rtol=1e-4, atol=2e-6)
    predictions = model.predict(x, batch_size=4, verbose=0)
    np.testing.assert_allclose(
        flat(tree.flatten(predictions)), recorded(case, "predictions"), rtol=2e-4, atol=5e-6
    )
    arguments = {"batch_size": 4, "sample_weight": fit.get("sample_weight"), "verbose": 0}
    by_name = model.evaluate(x, y, return_dict=True, **arguments)
    assert sorted(by_name) == sorted(case["evaluate"])
    for name, value in case["evaluate"].items():
        np.testing.assert_allclose(by_name[name], value, rtol=2e-4, atol=2e-6, err_msg=name)
    if case["listed"] is not None:
        listed = np.ravel(model.evaluate(x, y, **arguments))
        np.testing.assert_allclose(listed, case["listed"], rtol=2e-4, atol=2e-6)
