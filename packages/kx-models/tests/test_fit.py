"""The loops of `fit`, `evaluate`, `predict`: epochs, batches, callbacks' indices, sources, validation, stopping."""

import numpy as np
import pytest

from kx_datasets.pydataset import PyDataset
from kx_layers import Dense, Input
from kx_models import Model, Sequential
from kx_models.callbacks import Callback

random = np.random.RandomState(0)
X = random.standard_normal((10, 3)).astype("float32")
Y = random.standard_normal((10, 2)).astype("float32")


def mlp(**compiled):
    model = Sequential([Input((3,)), Dense(4, activation="tanh"), Dense(2)])
    start = np.random.RandomState(1)
    model.set_weights([start.standard_normal(w.shape) * 0.5 for w in model.get_weights()])
    model.compile(**{"optimizer": "sgd", "loss": "mse", **compiled})
    return model


class Diary(Callback):
    """Notes each hook with its index and, for the ends, the names in the logs."""

    def __init__(self):
        super().__init__()
        self.seen = []

    def hooks(self, kind):
        return [entry[1:] for entry in self.seen if entry[0] == kind]


def _noting(name):
    def hook(self, *args):
        logs = args[-1] if args and isinstance(args[-1], dict) else {}
        rest = [a for a in args if not isinstance(a, dict)]
        self.seen.append((name, *rest, *([sorted(logs)] if logs else [])))

    return hook


for _hook in [
    n for n in dir(Callback) if n.startswith("on_") and n not in ("on_batch_begin", "on_batch_end")
]:
    setattr(Diary, _hook, _noting(_hook))


def test_the_hooks_of_a_run_come_in_order():
    diary = Diary()
    mlp(metrics=["mae"]).fit(X, Y, batch_size=4, epochs=1, validation_split=0.2, verbose=0, callbacks=[diary])
    train, validation = ["loss", "mae"], ["loss", "mae", "val_loss", "val_mae"]
    assert diary.seen == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0, train),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1, train),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0, train),
        ("on_test_end", train),
        ("on_epoch_end", 0, validation),
        ("on_train_end", validation),
    ]


def test_steps_per_execution_groups_the_batches_for_callbacks():
    diary = Diary()
    model = mlp(steps_per_execution=2)
    model.fit(X, Y, batch_size=2, verbose=0, callbacks=[diary])
    assert diary.hooks("on_train_batch_begin") == [(0,), (2,), (4,)]
    assert diary.hooks("on_train_batch_end") == [(1, ["loss"]), (3, ["loss"]), (5, ["loss"])]
    model.evaluate(X, Y, batch_size=2, verbose=0, callbacks=[diary])
    assert diary.hooks("on_test_batch_begin") == [(0,), (2,), (4,)]
    assert diary.hooks("on_test_batch_end") == [(1, ["loss"]), (3, ["loss"]), (5, ["loss"])]
    sizes = []

    class Sizes(Callback):
        def on_predict_batch_end(self, batch, logs=None):
            sizes.append((batch, logs["outputs"].shape))

    assert model.predict(X, batch_size=2, verbose=0, callbacks=[Sizes()]).shape == (10, 2)
    assert sizes == [(1, (4, 2)), (3, (4, 2)), (5, (2, 2))]


def test_grouped_batches_train_alike():
    one, two = mlp(), mlp(steps_per_execution=3)
    for model in (one, two):
        model.fit(X, Y, batch_size=2, epochs=2, shuffle=False, verbose=0)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_initial_epoch():
    diary = Diary()
    history = mlp().fit(X, Y, epochs=5, initial_epoch=3, verbose=0, callbacks=[diary])
    assert history.epoch == [3, 4]
    assert diary.hooks("on_epoch_begin") == [(3,), (4,)]
    assert len(history.history["loss"]) == 2


@pytest.mark.parametrize(("frequency", "times"), [(1, 4), (2, 2), (3, 1), ([1, 4], 2), ({2}, 1)])
def test_validation_freq(frequency, times):
    history = mlp().fit(X, Y, epochs=4, validation_data=(X, Y), validation_freq=frequency, verbose=0).history
    assert len(history["loss"]) == 4
    assert len(history["val_loss"]) == times


def test_validation_freq_of_no_use():
    with pytest.raises(ValueError, match="validation_freq must be an integer or a list of epochs"):
        mlp().fit(X, Y, validation_data=(X, Y), validation_freq="often", verbose=0)


def test_validation_is_what_evaluate_says():
    model = mlp(metrics=["mae"])
    history = model.fit(X, Y, epochs=2, validation_data=(X[:4], Y[:4]), verbose=0).history
    loss, mae = model.evaluate(X[:4], Y[:4], verbose=0)
    assert history["val_loss"][-1] == loss
    assert history["val_mae"][-1] == mae


def test_validation_split_takes_the_last_samples_unshuffled():
    model = mlp()
    history = model.fit(X, Y, validation_split=0.3, verbose=0).history
    assert history["val_loss"][-1] == pytest.approx(model.evaluate(X[7:], Y[7:], verbose=0), rel=1e-6)


def test_validation_weights():
    weights = np.arange(10, dtype="float32")
    model = mlp()
    history = model.fit(X, Y, validation_data=(X, Y, weights), verbose=0).history
    assert history["val_loss"][-1] == model.evaluate(X, Y, sample_weight=weights, verbose=0)


def endless():
    while True:
        yield X[:4], Y[:4]


def short():
    for i in range(3):
        yield X[i : i + 4], Y[i : i + 4]


def test_an_endless_generator_needs_steps():
    diary = Diary()
    model = mlp()
    history = model.fit(
        endless(),
        steps_per_epoch=3,
        epochs=2,
        validation_data=endless(),
        validation_steps=2,
        verbose=0,
        callbacks=[diary],
    )
    assert history.params["steps"] == 3
    assert len(diary.hooks("on_train_batch_end")) == 6
    assert len(diary.hooks("on_test_batch_end")) == 4
    assert model.evaluate(endless(), steps=2, verbose=0) == history.history["val_loss"][-1]
    assert model.predict(endless(), steps=2, verbose=0).shape == (8, 2)


def test_a_generator_of_unknown_length():
    diary = Diary()
    history = mlp().fit(short(), verbose=0, callbacks=[diary])
    assert history.params["steps"] is None
    assert len(diary.hooks("on_train_batch_end")) == 3
    assert len(history.history["loss"]) == 1


def test_a_generator_that_runs_out():
    with pytest.warns(UserWarning, match="ran out of data"):
        history = mlp().fit(short(), steps_per_epoch=2, epochs=2, verbose=0)
    assert history.epoch == [0, 1]


def test_a_generator_without_a_batch():
    with pytest.raises(ValueError, match="must give at least one batch"):
        mlp().fit(iter([]), verbose=0)
    with pytest.raises(ValueError, match="must give at least one batch"):
        mlp().evaluate(iter([]), verbose=0)
    with pytest.raises(ValueError, match="must give at least one batch"):
        mlp().predict(iter([]), verbose=0)


class Batches(PyDataset):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.epochs = 0

    def __len__(self):
        return 3

    def __getitem__(self, i):
        return X[i : i + 4], Y[i : i + 4]

    def on_epoch_end(self):
        self.epochs += 1


def test_a_pydataset():
    data, expected = Batches(), mlp()
    model = mlp()
    model.fit(data, epochs=2, shuffle=False, validation_data=Batches(), verbose=0)
    assert data.epochs == 2
    for _ in range(2):
        expected.fit(short(), verbose=0)
    for a, b in zip(model.get_weights(), expected.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert model.predict(data, verbose=0).shape == (12, 2)


def test_workers_give_the_same_batches_in_the_same_order():
    one, two = mlp(), mlp()
    one.fit(Batches(), epochs=3, shuffle=False, verbose=0)
    two.fit(Batches(workers=2, max_queue_size=4), epochs=3, shuffle=False, verbose=0)
    for a, b in zip(one.get_weights(), two.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


class Stop(Callback):
    def __init__(self, when):
        super().__init__()
        self.when = when

    def on_train_batch_end(self, batch, logs=None):
        if batch == self.when:
            self.model.stop_training = True


def test_stopping_in_an_epoch():
    diary, model = Diary(), mlp()
    history = model.fit(X, Y, batch_size=2, epochs=3, verbose=0, callbacks=[Stop(1), diary])
    assert len(diary.hooks("on_train_batch_end")) == 2
    assert history.epoch == [0]
    assert model.stop_training
    model.fit(X, Y, epochs=1, verbose=0)
    assert not model.stop_training


def test_single_batches_report_that_batch_alone():
    model = mlp(metrics=["mae"])
    first, again = model.test_on_batch(X, Y), model.test_on_batch(X, Y)
    assert first == again
    assert model.test_on_batch(X + 1, Y) != first
    assert model.test_on_batch(X, Y, return_dict=True) == dict(zip(("loss", "mae"), first))
    assert model.train_on_batch(X, Y) == pytest.approx(first, rel=1e-6)
    assert model.train_on_batch(X, Y)[0] < first[0]
    np.testing.assert_array_equal(model.predict_on_batch(X), model.predict(X, verbose=0))


def test_a_single_batch_with_class_weights():
    model = Sequential([Input((3,)), Dense(3, activation="softmax")])
    model.compile("sgd", "sparse_categorical_crossentropy")
    labels = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
    weights = np.where(labels == 1, 3.0, 1.0)
    expected = model.test_on_batch(X, labels, sample_weight=weights)
    assert model.train_on_batch(X, labels, class_weight={1: 3.0}) == pytest.approx(expected, rel=1e-6)


def test_a_partial_last_batch_counts_by_its_size():
    model = mlp(metrics=["mae"])
    whole = model.evaluate(X, Y, batch_size=10, verbose=0)
    assert model.evaluate(X, Y, batch_size=4, verbose=0) == pytest.approx(whole, rel=1e-6)
    np.testing.assert_allclose(
        model.predict(X, batch_size=4, verbose=0), model.predict(X, verbose=0), rtol=1e-5
    )


def test_integer_and_list_data():
    model = mlp()
    assert model.predict([[1, 2, 3], [4, 5, 6]], verbose=0).shape == (2, 2)
    model.fit(X.tolist(), Y.tolist(), verbose=0)
    model.fit(X.astype("float64"), Y.astype("float64"), verbose=0)
    assert all(w.dtype == "float32" for w in model.get_weights())


def test_data_by_input_name():
    a, b = Input((3,), name="a"), Input((2,), name="b")
    model = Model([a, b], Dense(1, name="p")(a) + Dense(1, name="q")(b))
    model.compile("sgd", "mse")
    data = {"b": Y, "a": X}
    model.fit(data, Y[:, :1], epochs=2, verbose=0, validation_split=0.2)
    np.testing.assert_allclose(model.predict(data, verbose=0), model.predict([X, Y], verbose=0), rtol=1e-6)


def test_a_model_without_trainable_weights_warns():
    model = mlp()
    model.trainable = False
    before = model.get_weights()
    with pytest.warns(UserWarning, match="does not have any trainable weights"):
        model.fit(X, Y, verbose=0)
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_freezing_a_layer_between_two_fits():
    model = mlp(optimizer="adam")
    model.fit(X, Y, verbose=0)
    first, last = model.layers
    first.trainable = False
    frozen, free = first.get_weights(), last.get_weights()
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    np.testing.assert_array_equal(first.get_weights()[0], frozen[0])
    assert (last.get_weights()[0] != free[0]).any()
    first.trainable = True
    model.compile("adam", "mse")
    model.fit(X, Y, verbose=0)
    assert (first.get_weights()[0] != frozen[0]).any()


def test_nested_lists_of_numbers_are_one_batch():
    model = Sequential([Input((2,)), Dense(1, kernel_initializer="ones")])
    assert model.predict_on_batch([[1.0, 2.0], [3.0, 4.0]]).tolist() == [[3.0], [7.0]]
