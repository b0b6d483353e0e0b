"""Each callback by itself, against what Keras 3.15 did with the same logs."""

import csv
import json
import math
import pathlib
import types
import warnings
import weakref

import numpy as np
import pytest

from kx_losses import metrics
from kx_models import callbacks

RECORD = json.loads((pathlib.Path(__file__).parent / "golden/callbacks.json").read_text())


class Model:
    """What a callback sees of a model."""

    def __init__(self, metrics=()):
        self.metrics = list(metrics)
        self.stop_training = False
        self.optimizer = types.SimpleNamespace(learning_rate=0.1)
        self.epoch = 0

    def get_weights(self):
        return [np.array(self.epoch)]

    def set_weights(self, weights):
        self.epoch = int(weights[0])


def play(callback, series, fits=1, key="val_loss"):
    model, rows = Model(), []
    callback.set_model(model)
    for _ in range(fits):
        model.stop_training = False
        callback.on_train_begin()
        for epoch, value in enumerate(series):
            model.epoch = epoch + 1
            callback.on_epoch_begin(epoch)
            callback.on_epoch_end(epoch, {} if value is None else {key: value})
            rows.append([round(model.optimizer.learning_rate, 9), callback.wait])
            if model.stop_training:
                break
        callback.on_train_end()
        rows.append(["end", model.epoch])
    return rows


def case_name(case):
    return f"{case['callback']}-{case['kwargs']}"


@pytest.mark.parametrize("case", RECORD["callbacks"], ids=case_name)
def test_does_what_keras_did(case, capsys):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        error, rows = None, []
        try:
            callback = getattr(callbacks, case["callback"])(verbose=1, **case["kwargs"])
            rows = play(callback, case["series"], case["fits"])
        except ValueError as exception:
            error = str(exception)
    assert error == case["error"]
    assert rows == case["rows"]
    assert capsys.readouterr().out == case["printed"]
    assert [str(w.message) for w in caught] == case["warnings"]


def test_a_metric_says_which_way_is_better():
    for direction, series in (("up", [0.1, 0.2, 0.1]), ("down", [0.2, 0.1, 0.2])):
        stop = callbacks.EarlyStopping("val_score", patience=1)
        inner = types.SimpleNamespace(name="score", _direction=direction)
        container = types.SimpleNamespace(name="compiled", metrics=[inner])
        model = Model([container])
        stop.set_model(model)
        stop.on_train_begin()
        for epoch, value in enumerate(series):
            stop.on_epoch_end(epoch, {"val_score": value})
        assert (stop.best, stop.best_epoch, model.stop_training) == (series[1], 1, True)


@pytest.mark.parametrize(
    ("name", "sign"),
    [
        ("BinaryAccuracy", 1),
        ("AUC", 1),
        ("CosineSimilarity", 1),
        ("MeanSquaredError", -1),
        ("KLDivergence", -1),
    ],
)
def test_metrics_of_kx_say_which_way_is_better(name, sign):
    metric = getattr(metrics, name)(name="score")
    stop = callbacks.EarlyStopping("val_score")
    stop.set_model(Model([metric]))
    stop.resolve_direction()
    assert stop.sign == sign


def test_missing_monitor_names_what_there_is():
    stop = callbacks.EarlyStopping()
    stop.set_model(Model())
    with pytest.warns(
        UserWarning, match=r"metric `val_loss` which is not available. Available metrics are: loss,mae"
    ):
        stop.on_epoch_end(0, {"loss": 1.0, "mae": 2.0})
    plateau = callbacks.ReduceLROnPlateau()
    plateau.set_model(Model())
    with pytest.warns(
        UserWarning, match="Learning rate reduction is conditioned on metric `val_loss` which is not"
    ):
        plateau.on_epoch_end(0, {"loss": 1.0})


def test_plateau_accepts_the_old_name_of_min_delta():
    assert callbacks.ReduceLROnPlateau(epsilon=0.5).min_delta == 0.5
    with pytest.raises(TypeError, match="unexpected keyword argument 'patiense'"):
        callbacks.ReduceLROnPlateau(patiense=3)


def test_schedule_of_epoch_and_rate(capsys):
    model = Model()
    halve = callbacks.LearningRateScheduler(lambda epoch, lr: lr * 0.5, verbose=1)
    halve.set_model(model)
    logs = {}
    halve.on_epoch_begin(1)
    halve.on_epoch_end(1, logs)
    assert logs == {"learning_rate": 0.05}
    assert capsys.readouterr().out == "\nEpoch 2: LearningRateScheduler setting learning rate to 0.05.\n"


@pytest.mark.parametrize("rate", [0.25, np.float32(0.25), np.array(0.25)])
def test_schedule_of_epoch_alone(rate):
    model = Model()
    fixed = callbacks.LearningRateScheduler(lambda epoch: rate)
    fixed.set_model(model)
    fixed.on_epoch_begin(0)
    assert model.optimizer.learning_rate == 0.25


def test_schedule_errors():
    bad = callbacks.LearningRateScheduler(lambda epoch: "fast")
    bad.set_model(Model())
    with pytest.raises(ValueError, match="output of the `schedule` function should be a float. Got: fast"):
        bad.on_epoch_begin(0)

    def broken(epoch, lr):
        return lr + "1"  # a TypeError of the user's own must not be mistaken for a schedule of one argument

    bad = callbacks.LearningRateScheduler(broken)
    bad.set_model(Model())
    with pytest.raises(TypeError, match="unsupported operand"):
        bad.on_epoch_begin(0)
    bad.model.optimizer = object()
    with pytest.raises(ValueError, match='Optimizer must have a "learning_rate" attribute'):
        bad.on_epoch_begin(0)


def log_epochs(logger, epochs):
    logger.on_train_begin()
    for epoch, logs in enumerate(epochs):
        logger.on_epoch_end(epoch, logs)
    logger.on_train_end()


def test_csv_has_columns_for_validation_from_the_start(tmp_path):
    path = tmp_path / "log.csv"
    log_epochs(
        callbacks.CSVLogger(path, separator=";"), [{"loss": 0.5, "acc": 1}, {"acc": 2, "val_loss": 0.25}]
    )
    assert path.read_text() == "epoch;acc;loss;val_acc;val_loss\n0;1;0.5;NA;NA\n1;2;NA;NA;0.25\n"


def test_csv_appends_without_a_second_header(tmp_path):
    path = tmp_path / "log.csv"
    logger = callbacks.CSVLogger(path, append=True)
    log_epochs(logger, [{"loss": 1, "val_loss": 2}])
    log_epochs(logger, [{"loss": 3, "val_loss": 4}])
    log_epochs(callbacks.CSVLogger(path, append=True), [{"loss": 5, "val_loss": 6}])
    assert path.read_text() == "epoch,loss,val_loss\n0,1,2\n0,3,4\n0,5,6\n"
    log_epochs(callbacks.CSVLogger(path), [{"loss": 7, "val_loss": 8}])
    assert path.read_text() == "epoch,loss,val_loss\n0,7,8\n"


def test_csv_writes_what_keras_writes_for_other_values(tmp_path):
    path = tmp_path / "log.csv"
    values = {"arr": np.arange(3), "zero": np.array(1.5), "val_text": "st", "tab": [1, 2]}
    log_epochs(callbacks.CSVLogger(path), [values])
    lines = path.read_text().splitlines()
    assert lines[1] == '0,"""[0, 1, 2]""","""[1, 2]""",st,1.5'
    assert next(csv.DictReader(lines))["arr"] == '"[0, 1, 2]"'


def test_terminate_on_nan(capsys):
    watch = callbacks.TerminateOnNaN()
    watch.set_model(Model())
    for batch, logs in enumerate(({"loss": 1.0}, {}, None, {"loss": math.inf})):
        assert not watch.model.stop_training
        watch.on_train_batch_end(batch, logs)
    assert watch.model.stop_training
    assert capsys.readouterr().out == "Batch 3: Invalid loss, terminating training\n"
    with pytest.raises(
        RuntimeError, match="NaN or Inf loss encountered at batch 7. Loss value: nan. Terminating"
    ):
        callbacks.TerminateOnNaN(raise_error=True).on_train_batch_end(7, {"loss": math.nan})


def test_lambda_callback_takes_every_hook_and_no_other_name():
    seen = []
    hooks = {"on_test_end": seen.append, "on_batch_end": lambda batch, logs: seen.append(batch)}
    callback = callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.append(epoch), **hooks)
    listed = callbacks.CallbackList([callback])
    listed.on_epoch_begin(3)
    listed.on_train_batch_end(4, {})
    listed.on_test_end({"loss": 1})
    assert seen == [3, 4, {"loss": 1}]
    with pytest.raises(TypeError, match="no hook 'on_epoch_ends'. Did you mean 'on_epoch_end'"):
        callbacks.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="expects a function, got 3"):
        callbacks.LambdaCallback(on_epoch_end=3)


def test_history_belongs_to_the_last_fit():
    record, model = callbacks.History(), Model()
    record.set_model(model)
    for _ in range(2):
        record.on_train_begin()
        for epoch in (4, 5):
            record.on_epoch_end(epoch, {"loss": epoch})
    assert model.history is record
    assert (record.epoch, record.history) == ([4, 5], {"loss": [4, 5]})


def test_best_weights_are_given_back():
    model = Model()
    stop = callbacks.EarlyStopping("loss", restore_best_weights=True)
    stop.set_model(model)
    stop.on_train_begin()
    stop.on_epoch_end(0, {"loss": 1.0})
    kept = weakref.ref(stop.best_weights[0])
    stop.on_train_begin()
    assert kept() is None


def test_base_logger_means_and_leaves_plain_logs_alone():
    logger = callbacks.BaseLogger(stateful_metrics=["auc"])
    logger.on_epoch_begin(0)
    for size, loss, auc in ((2, 1.0, 0.1), (2, 2.0, 0.2)):
        logger.on_train_batch_end(0, {"size": size, "loss": loss, "auc": auc})
    logs = {"loss": 9.0}
    logger.on_epoch_end(0, logs)
    assert logs == {"loss": 1.5, "auc": 0.2}
    logger.on_epoch_begin(1)
    logger.on_train_batch_end(0, {"loss": 1.0})  # without a size, as in `fit` of today
    logs = {"loss": 0.5}
    logger.on_epoch_end(1, logs)
    assert logs == {"loss": 0.5}
