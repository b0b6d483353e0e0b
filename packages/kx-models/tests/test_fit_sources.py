"""`fit`, `evaluate` and `predict` on pipelines, tables, loaders; whatever ends them, no worker is left."""

import threading

import numpy as np
import pandas as pd
import pytest

from kx_datasets.pipeline.dataset import Dataset
from kx_datasets.pydataset import PyDataset
from kx_layers import Concatenate, Dense, Input, StringLookup
from kx_models import Model, Sequential
from kx_models.callbacks import Callback

random = np.random.RandomState(0)
X = random.standard_normal((10, 3)).astype("float32")
Y = np.arange(10) % 2
ROWS = Dataset.from_tensor_slices((X, Y))


@pytest.fixture(autouse=True)
def nothing_left_running():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def classifier(**compiled):
    model = Sequential([Input((3,)), Dense(2)])
    model.set_weights([np.eye(3, 2), np.zeros(2)])
    model.compile("sgd", "sparse_categorical_crossentropy", **compiled)
    return model


class Steps(Callback):
    def __init__(self, stop_at=None, error=None):
        super().__init__()
        self.batches, self.stop_at, self.error, self.running = 0, stop_at, error, 0

    def on_train_batch_end(self, batch, logs=None):
        self.batches += 1
        self.running = max(self.running, threading.active_count())
        if self.error is not None:
            raise self.error
        self.model.stop_training = self.batches == self.stop_at

    def on_test_batch_end(self, batch, logs=None):
        if self.error is not None:
            raise self.error

    on_predict_batch_end = on_test_batch_end


def losses(*args, **kwargs):
    return classifier().fit(*args, verbose=0, **kwargs).history["loss"]


EXPECTED = losses(X, Y, batch_size=4, shuffle=False, epochs=2)


@pytest.mark.parametrize(
    "data",
    [
        ROWS.batch(4),
        ROWS.batch(4).prefetch(2),
        ROWS.map(lambda x, y: (x, y), num_parallel_calls=2).batch(4),
        ROWS.batch(4).cache(),
        ROWS.filter(lambda x, y: True).batch(4),
        [(X[:4], Y[:4]), (X[4:8], Y[4:8]), (X[8:], Y[8:])].__iter__,
    ],
)
def test_the_same_losses_as_with_arrays(data):
    if callable(data):
        data = Dataset.from_generator(data)
    assert losses(data, epochs=2) == pytest.approx(EXPECTED)
    model = classifier()
    assert model.evaluate(data, verbose=0) == pytest.approx(model.evaluate(X, Y, verbose=0))
    np.testing.assert_allclose(model.predict(data, verbose=0), model.predict(X, verbose=0), rtol=1e-6)


def test_the_length_gives_the_steps():
    steps = Steps()
    classifier().fit(ROWS.batch(4), epochs=2, verbose=0, callbacks=[steps])
    assert (steps.params["steps"], steps.batches) == (3, 6)
    unknown = Steps()
    classifier().fit(ROWS.filter(lambda x, y: y == 1).batch(2), verbose=0, callbacks=[unknown])
    assert (unknown.params["steps"], unknown.batches) == (None, 3)


def test_steps_of_an_endless_pipeline():
    steps = Steps()
    model = classifier()
    history = model.fit(ROWS.batch(4).repeat(), steps_per_epoch=2, epochs=3, verbose=0, callbacks=[steps])
    assert (len(history.history["loss"]), steps.batches) == (3, 6)
    assert model.predict(ROWS.batch(4).repeat(), steps=5, verbose=0).shape == (18, 2)
    assert np.isfinite(model.evaluate(ROWS.batch(4).prefetch(1).repeat(), steps=2, verbose=0))
    stopped = Steps(stop_at=5)
    model.fit(ROWS.batch(4).repeat(), verbose=0, callbacks=[stopped])
    assert stopped.batches == 5


def test_data_without_end():
    class Endless(Threaded):
        num_batches = None

    model = classifier()
    for data in (ROWS.batch(4).repeat(), ROWS.repeat().batch(4).prefetch(1), Endless()):
        for run in (model.evaluate, model.predict):
            with pytest.raises(ValueError, match="must specify how many batches to draw: expected `steps`"):
                run(data, verbose=0)
            run(data, steps=2, verbose=0)
        with pytest.raises(ValueError, match="expected `validation_steps`"):
            model.fit(X, Y, validation_data=data, verbose=0)


def test_fewer_batches_than_steps():
    with pytest.warns(UserWarning, match="Your input ran out of data"):
        classifier().fit(ROWS.batch(4).prefetch(1), steps_per_epoch=4, verbose=0)


def test_validation_weights_and_refusals():
    data = ROWS.batch(4).prefetch(1)
    history = classifier().fit(data, validation_data=ROWS.batch(3).prefetch(1), epochs=2, verbose=0).history
    assert len(history["val_loss"]) == 2
    weighted = losses(X, Y, batch_size=4, shuffle=False, class_weight={0: 1.0, 1: 5.0})
    assert losses(data, class_weight={0: 1.0, 1: 5.0}) == pytest.approx(weighted)
    with pytest.raises(ValueError, match="`validation_split` is only supported for tensors"):
        classifier().fit(data, validation_split=0.2, verbose=0)
    with pytest.raises(ValueError, match="`x` as a Dataset, `y` should not be passed"):
        classifier().fit(data, Y, verbose=0)
    with pytest.raises(ValueError, match="at least one batch; this Dataset gave none"):
        classifier().fit(data.take(0), verbose=0)


def test_tables():
    frame = pd.DataFrame(X, columns=list("abc"))
    series = pd.Series(Y)
    expected = losses(X, Y, batch_size=4, shuffle=False)
    assert losses(frame, series, batch_size=4, shuffle=False) == pytest.approx(expected)
    validated = classifier().fit(frame, series, validation_data=(frame, series), verbose=0).history
    assert "val_loss" in validated
    pieces = [(frame[at : at + 4], series[at : at + 4]) for at in range(0, 10, 4)]
    assert losses(Dataset.from_generator(lambda: iter(pieces))) == pytest.approx(expected)
    assert losses(pieces.__class__(pieces).__iter__()) == pytest.approx(expected)


def test_arrays_in_a_file(tmp_path):
    stored = np.memmap(tmp_path / "x.bin", "float32", "w+", shape=X.shape)
    stored[:] = X
    model = classifier()
    model.fit(stored, Y, verbose=0)
    np.testing.assert_array_equal(model.predict(stored, verbose=0), model.predict(X, verbose=0))
    model.evaluate(stored, Y, verbose=0)
    model.train_on_batch(stored, Y)


def test_polars():
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame(X, schema=list("abc"))
    expected = losses(X, Y, batch_size=4, shuffle=False)
    assert losses(frame, polars.Series(Y), batch_size=4, shuffle=False) == pytest.approx(expected)


def test_tables_of_several_kinds_of_numbers():
    frame = pd.DataFrame({"a": X[:, 0], "b": Y, "c": Y == 1})
    expected = losses(frame.to_numpy("float32"), Y, batch_size=4, shuffle=False)
    assert losses(frame, pd.Series(Y), batch_size=4, shuffle=False) == pytest.approx(expected)
    model = classifier()
    missing = pd.DataFrame(
        {"a": X[:2, 0], "b": pd.array([1, None], "Int64"), "c": pd.array([True, False], "boolean")}
    )
    np.testing.assert_array_equal(np.isnan(model.predict(missing, verbose=0)).any(axis=1), [False, True])
    assert np.isfinite(model.evaluate(frame, pd.Series(Y, dtype="Int64"), verbose=0))
    with pytest.raises(ValueError, match="or a table with text columns"):
        model.predict(pd.DataFrame({"a": [1.0], "b": [2], "c": ["text"]}), verbose=0)


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_each_method_takes_tables(library):
    table = pytest.importorskip(library)
    frame = table.DataFrame({name: X[:, i] for i, name in enumerate("abc")} | {"y": Y, "w": np.ones(10)})
    x, y, w = frame[list("abc")], frame["y"], frame["w"]
    model = classifier(metrics=["accuracy"])
    expected = model.evaluate(X, Y, verbose=0)
    assert model.evaluate(x, y, verbose=0) == pytest.approx(expected)
    assert model.evaluate(x, y, sample_weight=w, verbose=0) == pytest.approx(expected)
    np.testing.assert_array_equal(model.predict(x, verbose=0), model.predict(X, verbose=0))
    assert model.test_on_batch(x, y) == pytest.approx(expected)
    history = model.fit(x, y, sample_weight=w, validation_split=0.3, class_weight=None, verbose=0).history
    assert "val_accuracy" in history


@pytest.mark.parametrize("library", ["pandas", "polars"])
def test_columns_of_text_beside_numbers(library):
    table = pytest.importorskip(library)
    inputs = {"size": Input((1,), name="size"), "kind": Input((1,), name="kind", dtype="string")}
    kinds = StringLookup(vocabulary=["cat", "dog"], output_mode="one_hot")(inputs["kind"])
    model = Model(inputs, Dense(1)(Concatenate()([inputs["size"], kinds])))
    model.compile("sgd", "mse")
    frame = table.DataFrame(
        {"size": np.arange(4.0), "kind": ["cat", "dog", "bird", "cat"], "y": [0, 1, 0, 1]}
    )
    columns = {name: frame[name] for name in ("size", "kind")}
    found = model.predict(columns, verbose=0)
    kernel, bias = model.get_weights()
    one_hot = np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0], [0, 1, 0]])
    np.testing.assert_allclose(found, np.c_[np.arange(4.0), one_hot] @ kernel + bias, rtol=1e-5, atol=1e-6)
    model.fit(columns, frame["y"], verbose=0)
    assert np.isfinite(model.evaluate(columns, frame["y"], verbose=0))


def test_columns_by_name():
    inputs = {name: Input((1,), name=name) for name in "ab"}
    model = Model(inputs, Dense(1)(inputs["a"]))
    model.compile("sgd", "mse")
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], "y": Y})
    columns = {name: frame[name] for name in "ab"}
    model.fit(columns, frame["y"], verbose=0)
    model.fit(Dataset.from_tensor_slices((columns, frame["y"])).batch(4), verbose=0)
    assert model.predict(columns, verbose=0).shape == (10, 1)


class Threaded(PyDataset):
    def __init__(self):
        super().__init__(workers=2)

    def __len__(self):
        return 5

    def __getitem__(self, index):
        return X[:2], Y[:2]


SOURCES = {
    "prefetch": lambda: ROWS.batch(2).prefetch(2),
    "map": lambda: ROWS.map(lambda x, y: (x, y), num_parallel_calls=2).batch(2).repeat(),
    "PyDataset": Threaded,
}


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("error", [KeyboardInterrupt(), ZeroDivisionError()])
@pytest.mark.parametrize("steps", [None, 3])
def test_an_error_in_a_callback_leaves_no_worker(name, error, steps):
    if steps is None and name == "map":
        return  # without an end
    before = threading.active_count()
    model, steps_seen = classifier(), Steps(error=error)
    keywords = {"verbose": 0, "callbacks": [steps_seen]}
    for run, steps_name in (
        (model.fit, "steps_per_epoch"),
        (model.evaluate, "steps"),
        (model.predict, "steps"),
    ):
        with pytest.raises(type(error)) as caught:
            run(SOURCES[name](), **{steps_name: steps}, **keywords)
        assert caught.value.__traceback__ is not None and threading.active_count() == before
    assert steps_seen.running > before


@pytest.mark.parametrize("name", SOURCES)
def test_an_error_in_a_step_or_in_the_validation_leaves_no_worker(name):
    class Broken(Sequential):
        def test_step(self, data):
            raise ZeroDivisionError

    model = Broken([Input((3,)), Dense(2)])
    model.compile("sgd", "sparse_categorical_crossentropy")
    before = threading.active_count()
    with pytest.raises(ZeroDivisionError) as caught:
        model.fit(
            SOURCES[name](), steps_per_epoch=2, validation_data=SOURCES[name](), validation_steps=2, verbose=0
        )
    assert caught.value.__traceback__ is not None and threading.active_count() == before


def test_an_error_in_the_data_comes_with_its_traceback():
    def failing(x, y):
        raise LookupError("no such picture")

    before = threading.active_count()
    for data in (ROWS.map(failing, 2).batch(2).prefetch(1), ROWS.prefetch(2).map(failing).batch(4)):
        with pytest.raises(LookupError, match="no such picture") as caught:
            classifier().fit(data, verbose=0)
        assert any(entry.name == "failing" for entry in caught.traceback)
        assert threading.active_count() == before


def test_a_bad_batch_leaves_no_worker():
    before = threading.active_count()
    with pytest.raises(ValueError, match="Data is expected to be in format") as caught:
        classifier().fit(Dataset.zip((ROWS, ROWS, ROWS, ROWS)).batch(2).prefetch(2), verbose=0)
    assert caught.value.__traceback__ is not None and threading.active_count() == before


def test_layers_inside_of_map():
    layer = Dense(3, kernel_initializer="identity")
    assert losses(ROWS.batch(4).map(lambda x, y: (layer(x), y)), epochs=2) == pytest.approx(EXPECTED)
