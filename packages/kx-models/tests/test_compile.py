"""What `compile` takes, and how losses and metrics are named, ordered and weighted for one and for several outputs."""

import numpy as np
import pytest

from kx_layers import Dense, Input
from kx_losses.losses import Huber, MeanSquaredError, mean_absolute_error
from kx_losses.metrics import AUC, MeanAbsoluteError
from kx_models import Model, Sequential
from kx_optimizers import SGD, Adam
from kx_tensor import ops

random = np.random.RandomState(0)
X = random.rand(8, 3).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1])
ONE_HOT = np.eye(3, dtype="float32")[LABELS]
BITS = (LABELS > 0).astype("float32")
Y = random.rand(8, 1).astype("float32")


def single(units=3, activation="softmax", **compiled):
    model = Sequential([Input((3,)), Dense(units, activation=activation, name="o")])
    model.compile(**{"optimizer": "sgd", **compiled})
    return model


def logs(model, y, **kwargs):
    found = model.evaluate(X, y, verbose=0, return_dict=True, **kwargs)
    assert list(model.fit(X, y, verbose=0, **kwargs).history) == sorted(found)
    return found


@pytest.mark.parametrize(
    ("units", "loss", "y", "kind"),
    [
        (3, "sparse_categorical_crossentropy", LABELS, "SparseCategorical"),
        (3, "sparse_categorical_crossentropy", LABELS[:, None], "SparseCategorical"),
        (3, "categorical_crossentropy", ONE_HOT, "Categorical"),
        (1, "binary_crossentropy", BITS, "Binary"),
        (1, "binary_crossentropy", BITS[:, None], "Binary"),
    ],
)
def test_accuracy_and_crossentropy_go_by_shape_and_loss(units, loss, y, kind):
    activation = "sigmoid" if units == 1 else "softmax"
    model = single(units, activation, loss=loss, metrics=["accuracy", "acc", "crossentropy", "ce"])
    found = logs(model, y)
    assert sorted(found) == ["acc", "accuracy", "ce", "crossentropy", "loss"]
    kinds = [type(m).__name__ for m in model.metrics[1].metrics]
    assert kinds == [f"{kind}Accuracy"] * 2 + [f"{kind}Crossentropy"] * 2
    assert found["acc"] == found["accuracy"]
    assert found["ce"] == pytest.approx(found["loss"], rel=1e-5)


def test_a_metric_keeps_the_name_it_was_given_by():
    names = ["mse", "MSE", "mean_squared_error", "mae"]
    found = logs(single(1, None, loss="mse", metrics=names), Y)
    assert sorted(found) == ["MSE", "loss", "mae", "mean_squared_error", "mse"]
    assert found["mse"] == found["MSE"] == found["mean_squared_error"] == pytest.approx(found["loss"])


def test_functions_and_objects_as_metrics():
    def gap(y_true, y_pred):
        return ops.mean(y_true - y_pred)

    model = single(
        1, "sigmoid", loss="binary_crossentropy", metrics=[gap, AUC(name="area"), mean_absolute_error]
    )
    assert sorted(logs(model, BITS[:, None])) == ["area", "gap", "loss", "mean_absolute_error"]


def test_metrics_of_one_name():
    metrics = ["mae", MeanAbsoluteError(name="mae")]
    model = single(1, None, loss="mse", metrics=metrics, weighted_metrics=["mae", "mse"])
    weights = np.arange(8, dtype="float32")
    found = logs(model, Y, sample_weight=weights)
    assert sorted(found) == ["loss", "mae", "mae_1", "mse", "weighted_mae"]
    assert found["mae"] == found["mae_1"] != found["weighted_mae"]


def test_only_weighted_metrics_take_the_sample_weights():
    model = single(
        1, None, loss="mse", metrics=["mae"], weighted_metrics=[MeanAbsoluteError(name="weighted")]
    )
    weights = np.r_[np.ones(4), np.zeros(4)].astype("float32")
    found = model.evaluate(X, Y, sample_weight=weights, verbose=0, return_dict=True)
    gaps = np.abs(model.predict(X, verbose=0) - Y)
    assert found["mae"] == pytest.approx(gaps.mean(), rel=1e-5)
    assert found["weighted"] == pytest.approx(gaps[:4].mean(), rel=1e-5)
    assert found["loss"] == pytest.approx((gaps[:4] ** 2).sum() / 8, rel=1e-5)


@pytest.mark.parametrize(
    "loss", ["mse", "MSE", "mean_squared_error", MeanSquaredError, MeanSquaredError()], ids=str
)
def test_spellings_of_a_loss(loss):
    model = single(1, None, loss=loss)
    gaps = model.predict(X, verbose=0) - Y
    assert model.evaluate(X, Y, verbose=0) == pytest.approx((gaps**2).mean(), rel=1e-5)


@pytest.mark.parametrize(
    "optimizer", ["adam", "Adam", Adam, Adam(0.01), {"class_name": "Adam", "config": {}}], ids=str
)
def test_spellings_of_an_optimizer(optimizer):
    assert isinstance(single(optimizer=optimizer, loss="mse").optimizer, Adam)


def heads(outputs=list, **compiled):
    x = Input((3,), name="x")
    hidden = Dense(4, activation="tanh", name="h")(x)
    p, q = Dense(1, name="p")(hidden), Dense(3, activation="softmax", name="q")(hidden)
    model = Model(x, {"p": p, "q": q} if outputs is dict else [p, q])
    model.compile("sgd", **compiled)
    return model


BOTH = ["mse", "sparse_categorical_crossentropy"]


@pytest.mark.parametrize(
    ("outputs", "loss", "y"),
    [
        (list, BOTH, [Y, LABELS]),
        (list, dict(zip("pq", BOTH)), {"p": Y, "q": LABELS}),
        (list, dict(zip("pq", BOTH)), [Y, LABELS]),
        (dict, dict(zip("pq", BOTH)), {"q": LABELS, "p": Y}),
        (dict, dict(zip("qp", reversed(BOTH))), {"p": Y, "q": LABELS}),
    ],
)
def test_losses_of_two_outputs(outputs, loss, y):
    model = heads(outputs, loss=loss)
    found = logs(model, y)
    assert sorted(found) == ["loss", "p_loss", "q_loss"]
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(found["p_loss"] + found["q_loss"], rel=1e-6)
    p = model.predict(X, verbose=0)["p" if outputs is dict else 0]
    assert found["p_loss"] == pytest.approx(((p - Y) ** 2).mean(), rel=1e-5)


@pytest.mark.parametrize("weights", [[2.0, 0.5], {"p": 2.0, "q": 0.5}])
def test_loss_weights(weights):
    found = heads(loss=BOTH, loss_weights=weights).evaluate(X, [Y, LABELS], verbose=0, return_dict=True)
    assert found["loss"] == pytest.approx(2 * found["p_loss"] + 0.5 * found["q_loss"], rel=1e-6)


def test_an_output_without_a_loss():
    model = heads(loss=["mse", None], metrics=["mae", None])
    before = model.get_layer("q").get_weights()
    with pytest.warns(UserWarning, match="Gradients do not exist for variables"):
        assert sorted(logs(model, [Y, LABELS])) == ["loss", "p_mae"]
    np.testing.assert_array_equal(model.get_layer("q").get_weights()[0], before[0])


@pytest.mark.parametrize(
    "metrics", [[["mae"], ["accuracy"]], ["mae", "accuracy"], {"p": "mae", "q": ["accuracy"]}], ids=str
)
def test_metrics_of_two_outputs(metrics):
    found = logs(heads(loss=BOTH, metrics=metrics), [Y, LABELS])
    assert sorted(found) == ["loss", "p_loss", "p_mae", "q_accuracy", "q_loss"]


def test_the_list_of_evaluate():
    model = heads(dict, loss=dict(zip("pq", BOTH)), metrics={"q": "accuracy", "p": ["mae", "mse"]})
    y = {"p": Y, "q": LABELS}
    found = model.evaluate(X, y, verbose=0, return_dict=True)
    order = ["loss", "p_loss", "q_loss", "p_mae", "p_mse", "q_accuracy"]
    assert model.evaluate(X, y, verbose=0) == [found[name] for name in order]
    assert model.metrics_names == ["loss", "compile_metrics", "p_loss", "q_loss"]
    model = single(1, None, loss="mse")
    assert isinstance(model.evaluate(X, Y, verbose=0), float)
    assert model.metrics_names == ["loss"]


def test_sample_weights_per_output():
    model = heads(loss=BOTH)
    weights = [np.zeros(8, "float32"), np.ones(8, "float32")]
    found = model.evaluate(X, [Y, LABELS], sample_weight=weights, verbose=0, return_dict=True)
    assert found["p_loss"] == 0
    assert found["loss"] == found["q_loss"] > 0
    shared = model.evaluate(X, [Y, LABELS], sample_weight=np.ones(8), verbose=0, return_dict=True)
    assert shared["q_loss"] == found["q_loss"]


@pytest.mark.parametrize(
    ("compiled", "y", "message"),
    [
        ({"loss": BOTH}, [Y], r"has 2 output\(s\) \(\['p', 'q'\]\), but `y` has 1 array"),
        ({"loss": BOTH}, Y, "but `y` is a single array"),
        ({"loss": BOTH}, {"p": Y, "z": Y}, "`y` has the key 'z', but the model's outputs are"),
        ({"loss": {"z": "mse"}}, [Y, LABELS], "key 'z' does not correspond to any model output"),
        ({"loss": [None, None]}, [Y, LABELS], "at least one loss that is not None"),
        ({"loss": BOTH, "metrics": ["mae"]}, [Y, LABELS], "as a dict or as a list of lists"),
        ({"loss": BOTH, "metrics": [["mae"]]}, [Y, LABELS], "a list of 1 lists, but the model has 2"),
        ({"loss": BOTH, "loss_weights": [1.0, 2.0, 3.0]}, [Y, LABELS], "`loss_weights` is a list of 3"),
    ],
)
def test_what_does_not_fit_the_outputs(compiled, y, message):
    with pytest.raises(ValueError, match=message):
        heads(**compiled).fit(X, y, verbose=0)


def test_names_are_checked_at_once():
    for arguments in ({"loss": "mze"}, {"optimizer": "adom"}, {"metrics": ["aucc"]}, {"loss": {"p": "mze"}}):
        with pytest.raises(ValueError, match="Unknown (loss|optimizer|metric)"):
            single(**arguments)
    with pytest.raises(ValueError, match="steps_per_execution must be a positive integer"):
        single(loss="mse", steps_per_execution=0)


def test_compile_config_round_trip():
    model = single(1, None, optimizer=Adam(0.01), loss=Huber(0.5), metrics=["mae", AUC(name="area")])
    config = model.get_compile_config()
    assert config["loss"]["config"]["delta"] == 0.5
    assert config["metrics"][0] == "mae"
    again = Sequential.from_config(model.get_config())
    assert not again.compiled
    assert again.get_compile_config() == {}
    again.compile_from_config(config)
    assert isinstance(again.optimizer, Adam)
    assert again.optimizer.built
    assert float(again.optimizer.learning_rate) == pytest.approx(0.01)
    again.set_weights(model.get_weights())
    bits = BITS[:, None]
    assert again.evaluate(X, bits, verbose=0) == model.evaluate(X, bits, verbose=0)


def test_attributes_of_a_compiled_model():
    model = Sequential([Input((3,)), Dense(1)])
    assert (model.compiled, model.optimizer, model.loss, model.metrics_names) == (False, None, None, [])
    model.compile(SGD(0.1), "mse", run_eagerly=True)
    assert (model.compiled, model.loss, model.run_eagerly, model.stop_training) == (True, "mse", True, False)


def test_compiling_anew_forgets_the_old_metrics():
    model = single(1, None, loss="mse", metrics=["mae"])
    model.evaluate(X, Y, verbose=0)
    model.compile("sgd", "mae")
    assert list(model.evaluate(X, Y, verbose=0, return_dict=True)) == ["loss"]


def test_compiling_holds_no_part_of_the_models_state():
    model = single(1, None, optimizer="adam", loss="mse", metrics=[MeanAbsoluteError()])
    model.fit(X, Y, verbose=0)
    assert len(model.variables) == 2
    assert model.layers == [model.get_layer("o")]
    assert [m.name for m in model.metrics] == ["loss", "compile_metrics"]
