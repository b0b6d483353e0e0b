"""What models of Keras 1 and 2 did under other names, and losses made of symbolic tensors."""

import warnings

import numpy as np
import pytest

from kx_datasets.pydataset import PyDataset
from kx_layers import Dense, Dropout, Input, Lambda, Merge
from kx_losses import losses
from kx_models import Model, Sequential
from kx_tensor import ops

X = np.random.default_rng(0).normal(size=(40, 3)).astype("float32")
Y = X.sum(axis=1, keepdims=True)


def small(outputs=1, activation=None):
    model = Sequential([Input((3,)), Dense(outputs, activation)])
    model.compile("sgd", "mse")
    return model


def batches(size):
    while True:
        for start in range(0, len(X), size):
            yield X[start : start + size], Y[start : start + size]


@pytest.mark.parametrize(
    ("arguments", "steps"),
    [
        (dict(steps_per_epoch=4, epochs=3), 12),
        (dict(samples_per_epoch=40, nb_epoch=2, max_q_size=5, nb_worker=1, pickle_safe=False), 10),
        (dict(samples_per_epoch=36, nb_epoch=1), 5),  # of 8 samples each
    ],
)
def test_fit_generator_counts_batches_or_samples(arguments, steps):
    model = small()
    with pytest.warns(FutureWarning, match=r"write model.fit\(generator"):
        history = model.fit_generator(batches(8), verbose=0, **arguments)
    assert int(model.optimizer.iterations) == steps
    assert len(history.history["loss"]) == arguments.get("epochs", arguments.get("nb_epoch"))


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_generators_of_validation_evaluation_prediction():
    model = small()
    history = model.fit_generator(
        batches(10),
        samples_per_epoch=40,
        nb_epoch=2,
        validation_data=batches(10),
        nb_val_samples=20,
        verbose=0,
    )
    assert len(history.history["val_loss"]) == 2
    assert model.evaluate_generator(batches(10), val_samples=40) == pytest.approx(
        model.evaluate(X, Y, verbose=0)
    )
    np.testing.assert_allclose(
        model.predict_generator((x for x, _ in batches(10)), steps=4), model.predict(X, verbose=0), rtol=1e-6
    )
    with pytest.raises(TypeError, match="nb_epcoh"):
        model.fit_generator(batches(8), nb_epcoh=3)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_workers_go_to_a_dataset():
    class Numbers(PyDataset):
        def __len__(self):
            return 2

        def __getitem__(self, index):
            return X[:4], Y[:4]

    data = Numbers()
    small().fit_generator(data, workers=2, max_queue_size=3, verbose=0)
    assert (data.workers, data.max_queue_size) == (2, 3)


@pytest.mark.filterwarnings("ignore::FutureWarning")
def test_predicted_classes_and_probabilities():
    several, one = small(4, "softmax"), small(1, "sigmoid")
    np.testing.assert_array_equal(several.predict_classes(X), several.predict(X, verbose=0).argmax(-1))
    np.testing.assert_array_equal(one.predict_classes(X), one.predict(X, verbose=0) > 0.5)
    np.testing.assert_array_equal(one.predict_proba(X), one.predict(X, verbose=0))


def test_old_arguments_of_the_methods_of_today():
    model = small()
    with pytest.warns(FutureWarning, match=r"write Model.fit\(epochs=...\)"):
        assert len(model.fit(X, Y, nb_epoch=2, verbose=0).epoch) == 2
    with pytest.warns(FutureWarning, match="workers"):
        model.evaluate(X, Y, workers=2, use_multiprocessing=True, verbose=0)
    with pytest.warns(FutureWarning, match="no Theano|sample_weight_mode"):
        model.compile("sgd", "mse", sample_weight_mode="temporal")
    with pytest.raises(ValueError, match="target_tensors"):
        model.compile("sgd", "mse", target_tensors=[1])
    with pytest.raises(TypeError, match="Did you mean 'epochs'"):
        model.fit(X, Y, apochs=2)
    with pytest.raises(TypeError, match="nonsense"):
        model.predict(X, nonsense=1)


def test_models_from_input_and_output():
    x = Input((3,))
    y = Dense(2)(x)
    with pytest.warns(FutureWarning, match="inputs=..., outputs=..."):
        model = Model(input=x, output=y)
    assert model.output_shape == (None, 2)
    with pytest.warns(FutureWarning):
        assert Model(input=[x], output=[y]).output_shape == (None, 2)


def test_questions_about_layers():
    x = Input((3,))
    layer = Dense(2)
    first, second = layer(x), layer(Input((3,)))
    assert layer.input_shape == (None, 3) and layer.output_shape == (None, 2)
    assert layer.get_output_at(0).key == first.key and layer.get_output_at(1).key == second.key
    assert layer.get_input_shape_at(1) == (None, 3) and layer.get_output_shape_at(0) == (None, 2)
    with pytest.raises(ValueError, match="no call number 2"):
        layer.get_output_at(2)
    assert layer.updates == [] and layer.get_updates_for(None) == []
    model = Sequential([Input((3,)), Dropout(0.5)])
    assert model.uses_learning_phase and not small().uses_learning_phase


# ---- Merge ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("mode", "expected"),
    [
        ("sum", lambda a, b: a + b), ("mul", lambda a, b: a * b), ("ave", lambda a, b: (a + b) / 2),
        ("max", np.maximum), ("concat", lambda a, b: np.concatenate([a, b], -1)),
        ("dot", lambda a, b: (a * b).sum(-1, keepdims=True)),
        ("cos", lambda a, b: (a * b).sum(-1, keepdims=True) / np.linalg.norm(a, axis=-1, keepdims=True) / np.linalg.norm(b, axis=-1, keepdims=True)),
        (lambda inputs: inputs[0] - inputs[1], lambda a, b: a - b),
    ],
)  # fmt: skip
def test_modes_of_merge(mode, expected):
    a, b = X[:5], X[5:10]
    np.testing.assert_allclose(Merge(mode=mode)([a, b]).numpy(), expected(a, b), rtol=1e-5)


def test_a_sequential_model_may_start_with_a_merge():
    left, right = Sequential([Input((3,)), Dense(4)]), Sequential([Input((2,)), Dense(5)])
    model = Sequential()
    model.add(Merge([left, right], mode="concat"))
    model.add(Dense(1))
    model.compile("sgd", "mse")
    before = left.get_weights()[0].copy()
    model.fit([X, X[:, :2]], Y, epochs=1, verbose=0)
    assert model.predict([X, X[:, :2]], verbose=0).shape == (40, 1)
    assert model.output_shape == (None, 1) and len(model.trainable_weights) == 6
    assert not np.array_equal(before, left.get_weights()[0])
    with pytest.raises(ValueError, match="a function or one of sum"):
        Merge(mode="join")


# ---- losses made of symbolic tensors -------------------------------------------------------------------------


def autoencoder():
    x = Input((3,))
    code = Dense(2, activation="tanh", kernel_initializer="ones", name="code")(x)
    return x, code, Dense(3, kernel_initializer="ones", name="out")(code)


def test_a_symbolic_loss_trains_as_the_same_loss_compiled():
    x, _, out = autoencoder()
    added = Model(x, out)
    added.add_loss(ops.mean(losses.mean_squared_error(x, out)))
    added.compile("sgd")
    x, _, out = autoencoder()
    compiled = Model(x, out)
    compiled.compile("sgd", "mse")
    one = added.fit(X, epochs=3, shuffle=False, verbose=0, validation_data=(X, None)).history
    two = compiled.fit(X, X, epochs=3, shuffle=False, verbose=0, validation_data=(X, X)).history
    np.testing.assert_allclose(one["loss"], two["loss"], rtol=1e-5)
    np.testing.assert_allclose(one["val_loss"], two["val_loss"], rtol=1e-5)
    for a, b in zip(added.get_weights(), compiled.get_weights()):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-6)
    assert added.predict(X, verbose=0).shape == (40, 3)


def test_a_loss_beside_the_compiled_one_and_a_metric():
    x, code, out = autoencoder()
    model = Model(x, out)
    model.add_loss(0.5 * ops.sum(ops.square(code), axis=-1))  # one value a sample: averaged
    model.add_metric(ops.mean(ops.square(code)), name="size", aggregation="mean")
    model.compile("sgd", "mse")
    logs = model.evaluate(X, X, batch_size=len(X), verbose=0, return_dict=True)
    h = np.tanh(X.sum(1, keepdims=True)).repeat(2, 1)
    expected = np.mean((h.sum(1, keepdims=True) - X) ** 2) + 0.5 * np.mean((h**2).sum(1))
    assert logs["loss"] == pytest.approx(expected, rel=1e-4)
    assert logs["size"] == pytest.approx(np.mean(h**2), rel=1e-4)
    with pytest.raises(ValueError, match="aggregation"):
        model.add_metric(code, aggregation="sum")


def test_a_loss_function_may_use_symbolic_tensors_of_the_model():
    x, code, out = autoencoder()
    model = Model(x, out)

    def loss(y_true, y_pred):
        return ops.mean(ops.square(y_true - y_pred), axis=-1) + 0.5 * ops.sum(ops.square(code), axis=-1)

    model.compile("sgd", loss)
    h = np.tanh(X.sum(1, keepdims=True)).repeat(2, 1)
    expected = np.mean((h.sum(1, keepdims=True) - X) ** 2) + 0.5 * np.mean((h**2).sum(1))
    assert model.evaluate(X, X, verbose=0) == pytest.approx(expected, rel=1e-4)
    history = model.fit(X, X, epochs=5, verbose=0).history["loss"]
    assert history[-1] < history[0]


def test_layers_that_only_a_loss_uses_are_trained():
    x, code, out = autoencoder()
    head = Dense(1, name="head")
    model = Model(x, out)
    model.add_loss(ops.mean(ops.square(head(code) - 1.0)))
    model.compile("sgd", "mse")
    before = head.get_weights()[0].copy()
    model.fit(X, X, verbose=0)
    assert not np.array_equal(before, head.get_weights()[0])


def test_new_code_hears_no_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", FutureWarning)
        x = Input((3,))
        model = Model(x, Lambda(lambda t: t * 2.0)(x))
        model.compile("sgd", "mse")
        model.predict(X, verbose=0)
