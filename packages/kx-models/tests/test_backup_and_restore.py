"""A training that was killed goes on to the same bits."""

import os
import signal
import subprocess
import sys
import textwrap

import numpy as np
import pytest

from kx_datasets.pydataset import PyDataset
from kx_io.errors import FileFormatError
from kx_io.safetensors import write_safetensors
from kx_layers import BatchNormalization, Dense, Dropout
from kx_layers.input_layer import Input
from kx_models.callbacks import (
    BackupAndRestore,
    Callback,
    EarlyStopping,
    LearningRateScheduler,
    ModelCheckpoint,
    ReduceLROnPlateau,
)
from kx_models.model import Model
from kx_models.resume import read_state
from kx_models.sequential import Sequential
from kx_tensor import random

SCRIPT = """
import os, signal, sys
import numpy as np
from kx_layers import BatchNormalization, Dense, Dropout
from kx_layers.input_layer import Input
from kx_models.callbacks import BackupAndRestore, Callback
from kx_models.sequential import Sequential
from kx_tensor import random

folder, save_freq, moment, number, result = sys.argv[1:]
random.set_random_seed(5)
rng = np.random.default_rng(0)
x, y = rng.normal(size=(70, 5)).astype("float32"), rng.normal(size=(70, 1)).astype("float32")
model = Sequential(
    [Input((5,)), Dense(16, activation="relu"), Dropout(0.3), BatchNormalization(), Dense(1)]
)
model.compile("adam", "mse", metrics=["mae"])
count = 0

def passed():
    global count
    count += 1
    if count == int(number):
        os.kill(os.getpid(), signal.SIGKILL)

begun = []

class Batches(Callback):
    def on_epoch_begin(self, epoch, logs=None):
        begun.append(epoch)

    def on_train_batch_begin(self, batch, logs=None):
        if moment == "batch":
            passed()

replace = os.replace
def replaced(*paths):
    if moment == "write":
        passed()
    replace(*paths)
os.replace = replaced

freq = save_freq if save_freq == "epoch" else int(save_freq)
callbacks = [BackupAndRestore(folder, save_freq=freq), Batches()] if folder else []
history = model.fit(x, y, batch_size=10, epochs=4, verbose=0, callbacks=callbacks)
values = [v.numpy() for v in (*model.variables, *model.optimizer.variables)]
np.savez(result, *values, loss=history.history["loss"], first=begun[0] if begun else 0)
"""


@pytest.fixture(scope="module")
def script(tmp_path_factory):
    folder = tmp_path_factory.mktemp("killed")
    (folder / "train.py").write_text(textwrap.dedent(SCRIPT))

    def run(backup, save_freq, moment, number):
        result = folder / f"{moment}.npz"
        command = [sys.executable, folder / "train.py", backup, save_freq, moment, str(number), result]
        code = subprocess.run(list(map(str, command)), timeout=120).returncode
        return code, dict(np.load(result)) if code == 0 else None

    code, whole = run("", "epoch", "never", 0)
    assert code == 0
    return run, whole


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
@pytest.mark.parametrize(
    ("save_freq", "moment", "number", "first"),
    [
        ("epoch", "batch", 10, 1),
        ("epoch", "write", 2, 1),
        (3, "batch", 6, 0),
        (4, "write", 4, 1),
        (7, "batch", 15, 1),
    ],
)
def test_killed_in_the_middle(tmp_path, script, save_freq, moment, number, first):
    run, whole = script
    backup = tmp_path / "backup"
    code, _ = run(backup, save_freq, moment, number)
    assert code == -signal.SIGKILL
    code, resumed = run(backup, save_freq, "never", 0)
    assert code == 0
    assert resumed.pop("first") == first
    for name, value in resumed.items():
        np.testing.assert_array_equal(value, whole[name], err_msg=name)
    assert not backup.exists()


class Stop(Callback):
    """Interrupts `fit` before a batch."""

    def __init__(self, at):
        super().__init__()
        self.left = at

    def on_train_batch_begin(self, batch, logs=None):
        self.left -= 1
        if self.left < 0:
            raise KeyboardInterrupt


RANDOM = np.random.default_rng(0)
X, Y = RANDOM.normal(size=(70, 5)).astype("float32"), RANDOM.normal(size=(70, 1)).astype("float32")


def network(first=(), kind=Sequential):
    random.set_random_seed(5)
    model = kind([*first, Dense(8, activation="relu"), Dropout(0.3), BatchNormalization(), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    return model


def state(model):
    return [v.numpy() for v in (*model.variables, *model.optimizer.variables)]


def interrupted(make, backup, at, data=lambda: (X, Y), callbacks=list, epochs=3, save_freq=3, **kwargs):
    """The states after a training, and after one that was interrupted and went on; the second's history."""
    whole = make()
    whole.fit(*data(), batch_size=10, epochs=epochs, verbose=0, callbacks=callbacks(), **kwargs)
    resumed = make()
    with pytest.raises(KeyboardInterrupt):
        watch = [BackupAndRestore(backup, save_freq=save_freq), *callbacks(), Stop(at)]
        resumed.fit(*data(), batch_size=10, epochs=epochs, verbose=0, callbacks=watch, **kwargs)
    resumed = make()
    watch = [BackupAndRestore(backup, save_freq=save_freq), *callbacks()]
    resumed.fit(*data(), batch_size=10, epochs=epochs, verbose=0, callbacks=watch, **kwargs)
    assert resumed.history.history["loss"] == whole.history.history["loss"]
    return state(whole), state(resumed), resumed.history


def assert_same(first, second):
    assert len(first) == len(second)
    for one, other in zip(first, second):
        np.testing.assert_array_equal(one, other)


@pytest.mark.filterwarnings("ignore:Your input ran out of data")
@pytest.mark.parametrize("save_freq", ["epoch", 3, 7])
@pytest.mark.parametrize("steps", [None, 4])
@pytest.mark.parametrize("at", [5, 9])
@pytest.mark.parametrize("first", [[Input((5,))], []], ids=["built", "built by data"])
def test_resumes_to_the_same_bits(tmp_path, save_freq, steps, at, first):
    whole, resumed, _ = interrupted(
        lambda: network(first), tmp_path / "b", at, save_freq=save_freq, steps_per_epoch=steps
    )
    assert_same(whole, resumed)


def test_a_generator_is_read_again(tmp_path):
    def batches():
        return ((X[i : i + 10], Y[i : i + 10]) for _ in range(9) for i in range(0, 70, 10)), None

    whole, resumed, _ = interrupted(network, tmp_path / "b", 9, batches, steps_per_epoch=4)
    assert_same(whole, resumed)


@pytest.mark.filterwarnings("ignore:.*batch_size.*")
def test_a_pydataset(tmp_path):
    class Data(PyDataset):
        def __len__(self):
            return 7

        def __getitem__(self, i):
            return X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10]

    whole, resumed, _ = interrupted(network, tmp_path / "b", 9, lambda: (Data(), None))
    assert_same(whole, resumed)


@pytest.mark.parametrize("save_freq", ["epoch", 3])
def test_the_rate_of_a_scheduler_is_not_applied_twice(tmp_path, save_freq):
    def halving():
        return [LearningRateScheduler(lambda epoch, rate: rate * 0.5)]

    whole, resumed, history = interrupted(network, tmp_path / "b", 11, callbacks=halving, save_freq=save_freq)
    assert_same(whole, resumed)
    if save_freq == "epoch":
        assert history.history["learning_rate"] == [np.float32(0.001 / 2**i) for i in range(1, 4)]


@pytest.mark.parametrize("save_freq", ["epoch", 5])
def test_what_callbacks_count_goes_on(tmp_path, save_freq):
    made = []

    class Counts(Callback):
        resumed_attributes = ("epochs",)

        def __init__(self):
            super().__init__()
            self.epochs = []

        def on_epoch_end(self, epoch, logs=None):
            self.epochs.append(np.float32(logs["loss"]))

    def counting():
        plateau = ReduceLROnPlateau("loss", patience=2, factor=0.5, min_delta=10.0)
        stop = EarlyStopping("loss", patience=4, min_delta=10.0, restore_best_weights=True)
        made.append(
            (plateau, stop, ModelCheckpoint(str(tmp_path / "m.keras"), "loss", save_best_only=True), Counts())
        )
        return list(made[-1])

    whole, resumed, history = interrupted(
        network, tmp_path / "b", 24, callbacks=counting, epochs=9, save_freq=save_freq
    )
    assert_same(whole, resumed)
    assert history.epoch == [0, 1, 2, 3, 4]
    for one, _, other in zip(*made):
        for name in set(one.resumed_attributes) - {"best_weights"}:
            assert getattr(one, name) == getattr(other, name), name
    assert len(made[0][3].epochs) == 5


def test_a_custom_step(tmp_path):
    class Own(Sequential):
        def train_step(self, data):
            return super().train_step(data)

    whole, resumed, _ = interrupted(lambda: network(kind=Own), tmp_path / "b", 9)
    assert_same(whole, resumed)


def test_a_subclassed_model_with_metrics_of_two_outputs(tmp_path):
    class Two(Model):
        def __init__(self):
            super().__init__()
            self.first, self.drop, self.second = Dense(3), Dropout(0.5), Dense(1)

        def call(self, x):
            h = self.drop(self.first(x))
            return self.second(h), h

    def make():
        random.set_random_seed(1)
        model = Two()
        model.compile("rmsprop", ["mse", "mae"], metrics=[["mae"], ["mse"]])
        return model

    whole, resumed, _ = interrupted(make, tmp_path / "b", 9, lambda: (X, (Y, X[:, :3])))
    assert_same(whole, resumed)


def test_files_and_folders(tmp_path):
    folder = tmp_path / "deep/backup"
    seen = []

    class Look(Callback):
        def on_epoch_begin(self, epoch, logs=None):
            seen.append(sorted(os.listdir(folder)) if folder.exists() else None)

    network().fit(
        X, Y, epochs=3, verbose=0, callbacks=[BackupAndRestore(folder, double_checkpoint=True), Look()]
    )
    assert seen == [None, ["latest.safetensors"], ["latest.safetensors", "previous.safetensors"]]
    assert not folder.exists()
    keeper = BackupAndRestore(folder, delete_checkpoint=False)
    network().fit(X, Y, epochs=2, verbose=0, callbacks=[keeper])
    facts = read_state(folder / "latest.safetensors").facts
    assert (facts["epoch"], facts["batch"]) == (2, 0)
    history = network().fit(X, Y, epochs=2, verbose=0, callbacks=[keeper])
    assert history.epoch == [0, 1] and len(history.history["loss"]) == 2
    history = network().fit(X, Y, epochs=3, verbose=0, callbacks=[keeper])
    assert history.epoch == [0, 1, 2]


def test_the_state_of_another_model_is_refused(tmp_path):
    keeper = BackupAndRestore(tmp_path, delete_checkpoint=False)
    network().fit(X, Y, epochs=1, verbose=0, callbacks=[keeper])
    other = Sequential([Input((5,)), Dense(2), Dense(1)])
    other.compile("adam", "mse")
    with pytest.raises(
        ValueError, match=r"(?s)does not fit the model.*model/0, .*kernel, expects shape \(5, 2\)"
    ):
        other.fit(X, Y, epochs=2, verbose=0, callbacks=[keeper])


@pytest.mark.parametrize("content", [b"", b"12345678", b"\x10\0\0\0\0\0\0\0" + b"{}" + b" " * 14])
def test_a_damaged_file(tmp_path, content):
    (tmp_path / "latest.safetensors").write_bytes(content)
    with pytest.raises(FileFormatError, match="damaged"):
        network().fit(X, Y, epochs=1, verbose=0, callbacks=[BackupAndRestore(tmp_path)])


@pytest.mark.parametrize(
    "facts", ["[1]", "{", '{"epoch": 1}', '{"epoch": -1, "batch": 0, "data": {"used": 0}}']
)
def test_a_file_of_something_else(tmp_path, facts):
    write_safetensors(tmp_path / "latest.safetensors", {"a": np.ones(2)}, {"kx.fit": facts})
    with pytest.raises(FileFormatError, match="no state of a training, or a damaged one"):
        read_state(tmp_path / "latest.safetensors")
    good = '{"epoch": 1, "batch": 0, "data": {"used": 0, "order": null}}'
    write_safetensors(tmp_path / "latest.safetensors", {"a": np.ones(2)}, {"kx.fit": good})
    with pytest.raises(FileFormatError, match="random numbers are missing"):
        read_state(tmp_path / "latest.safetensors")


@pytest.mark.parametrize("save_freq", ["foo", 1.5, 0, True])
def test_wrong_arguments(save_freq):
    with pytest.raises(ValueError, match="Invalid value for argument `save_freq`. Received: save_freq="):
        BackupAndRestore("backup", save_freq)
    with pytest.raises(ValueError, match="Empty `backup_dir` argument passed"):
        BackupAndRestore("")


def test_random_numbers_of_python_and_numpy_go_on():
    import random as python_random

    random.set_random_seed(3)
    python_random.gauss(0, 1), np.random.normal()
    saved = random.get_state()
    first = python_random.gauss(0, 1), np.random.normal(), python_random.random(), np.random.random()
    random.set_random_seed(4)
    random.set_state(saved)
    assert (
        python_random.gauss(0, 1),
        np.random.normal(),
        python_random.random(),
        np.random.random(),
    ) == first
