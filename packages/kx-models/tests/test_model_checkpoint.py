"""ModelCheckpoint: what it prints, warns of, raises and leaves on the disk, against Keras 3.15."""

import json
import pathlib
import warnings

import numpy as np
import pytest

from kx_layers.dense import Dense
from kx_layers.input_layer import Input
from kx_models.callbacks import ModelCheckpoint
from kx_models.saving.api import load_model
from kx_models.sequential import Sequential

RECORD = json.loads((pathlib.Path(__file__).parent / "golden/checkpoints.json").read_text())
OLD_FORMATS = ("a.h5", "a.weights.h5")  # kx writes weights of Keras 1 and 2, too


def model():
    made = Sequential([Input((3,)), Dense(1, name="out")], name="model")
    made.compile("sgd", "mse")
    return made


def play(path, kwargs, logs, batches):
    error, files = None, []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            callback = ModelCheckpoint(path, verbose=1, **kwargs)
            callback.set_model(model())
            callback.on_train_begin()
            for epoch, entry in enumerate(logs):
                entry = {key: np.array(v) if isinstance(v, list) else v for key, v in entry.items()}
                callback.on_epoch_begin(epoch)
                for batch in range(batches):
                    callback.on_train_batch_end(batch, dict(entry))
                callback.on_epoch_end(epoch, dict(entry))
                files.append(sorted(str(p) for p in pathlib.Path().rglob("*") if p.is_file()))
        except (ValueError, OSError, KeyError) as exception:
            error = f"{type(exception).__name__}: {exception}".replace("IsADirectoryError", "OSError")
    return {"files": files, "error": error, "warnings": [str(w.message) for w in caught]}


@pytest.mark.parametrize(
    "case",
    [case for case in RECORD if case["path"] not in OLD_FORMATS],
    ids=lambda case: f"{case['path']}-{case['kwargs']}",
)
def test_does_what_keras_does(case, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.keras").mkdir()
    given = [case[key] for key in ("path", "kwargs", "logs", "batches")]
    found = play(*given)
    assert capsys.readouterr().out == case["printed"]
    assert found == {key: case[key] for key in found}


def test_in_fit(tmp_path):
    trainee = model()
    x, y = np.ones((8, 3), "float32"), np.ones((8, 1), "float32")
    best = ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True)
    each = ModelCheckpoint(tmp_path / "{epoch}-{loss:.3f}.weights.h5", save_weights_only=True)
    history = trainee.fit(x, y, epochs=3, verbose=0, callbacks=[best, each])
    names = {f"{i + 1}-{loss:.3f}.weights.h5" for i, loss in enumerate(history.history["loss"])}
    assert {path.name for path in tmp_path.iterdir()} == {"best.keras", *names}
    assert best.best == min(history.history["loss"])
    loaded = load_model(tmp_path / "best.keras")
    np.testing.assert_array_equal(loaded.predict(x, verbose=0), trainee.predict(x, verbose=0))
    fresh = model()
    fresh.load_weights(tmp_path / sorted(names)[-1])
    np.testing.assert_array_equal(fresh.predict(x, verbose=0), trainee.predict(x, verbose=0))


def test_batches_count_in_one_execution(tmp_path):
    trainee = model()
    trainee.compile("sgd", "mse", steps_per_execution=2)
    saver = ModelCheckpoint(tmp_path / "{epoch}-{batch}.keras", save_freq=3)
    trainee.fit(np.ones((8, 3)), np.ones(8), batch_size=1, epochs=1, verbose=0, callbacks=[saver])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["1-4.keras", "1-8.keras"]


def test_every_other_epoch_as_in_keras_2(tmp_path):
    saver = ModelCheckpoint(tmp_path / "{epoch}.keras", period=2)
    model().fit(np.ones((8, 3)), np.ones(8), epochs=5, verbose=0, callbacks=[saver])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["2.keras", "4.keras"]
    with pytest.raises(TypeError, match="unexpected keyword argument 'perod'"):
        ModelCheckpoint("a.keras", perod=2)
