"""Training on pictures that Keras 2's `ImageDataGenerator` changes while they are read."""

import threading
import warnings

import numpy as np
import pytest

from kx_datasets import ImageDataGenerator
from kx_layers import Dense, Flatten, Input
from kx_models import Sequential

X = np.arange(10.0).reshape(10, 1, 1, 1)
Y = np.arange(10) % 2


class Seen(ImageDataGenerator):
    """Keeps which samples it was asked for."""

    def __init__(self, **settings):
        super().__init__(**settings)
        self.samples = []

    def standardize(self, x):
        self.samples.append(int(x[0, 0, 0]))
        return x


def model():
    made = Sequential([Input((1, 1, 1)), Flatten(), Dense(1)])
    made.compile("sgd", "mse", metrics=["mae"])
    return made


@pytest.fixture(autouse=True)
def quiet_and_nothing_left_running():
    before = set(threading.enumerate())
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "model.fit_generator")
        yield
    assert set(threading.enumerate()) <= before


@pytest.mark.parametrize("workers", [1, 3])
def test_each_picture_once_in_an_epoch(workers):
    generator = Seen()
    flow = generator.flow(X, Y, batch_size=4)
    flow.workers = workers
    made = model()
    made.build((None, 1, 1, 1))
    made.fit(flow, epochs=2, verbose=0)
    assert int(made.optimizer.iterations) == 6
    assert sorted(generator.samples) == sorted([*range(10)] * 2)
    assert sorted(generator.samples[:10]) == list(range(10))


@pytest.mark.parametrize(
    ("steps", "epochs", "expected"),
    [
        (2, 3, [*range(10), *range(10)]),  # goes on where an epoch stopped, and starts over
        (4, 1, [*range(10), *range(4)]),
        (2.5, 1, range(10)),  # len(x) / 4, as in scripts of Python 2
    ],
)
def test_steps_are_not_bound_to_epochs_of_the_data(steps, epochs, expected):
    generator = Seen()
    made = model()
    made.fit_generator(
        generator.flow(X, Y, batch_size=4, shuffle=False), steps, epochs, verbose=0, shuffle=False
    )
    assert generator.samples == list(expected)
    assert int(made.optimizer.iterations) == -(-steps // 1) * epochs


def test_evaluate_and_predict():
    flow = ImageDataGenerator().flow(X, Y, batch_size=4, shuffle=False)
    made = model()
    expected = made.evaluate(X.astype("float32"), Y, verbose=0)
    assert made.evaluate(flow, verbose=0) == pytest.approx(expected)
    assert made.evaluate(flow, verbose=0, steps=3) == pytest.approx(expected)
    found = made.predict(ImageDataGenerator().flow(X, batch_size=4, shuffle=False), verbose=0)
    np.testing.assert_allclose(found, made.predict(X, verbose=0), rtol=1e-6)
    history = made.fit(flow, validation_data=flow, validation_steps=2, verbose=0).history
    assert set(history) == {"loss", "mae", "val_loss", "val_mae"}


def test_class_and_sample_weights():
    weighted = ImageDataGenerator().flow(X, Y, sample_weight=np.where(Y, 0.5, 2), batch_size=5, shuffle=False)
    plain = ImageDataGenerator().flow(X, Y, batch_size=5, shuffle=False)
    first, second = model(), model()
    second.set_weights(first.get_weights())
    first.fit(weighted, verbose=0, shuffle=False)
    second.fit(plain, class_weight={0: 2.0, 1: 0.5}, verbose=0, shuffle=False)
    np.testing.assert_array_equal(first.get_weights()[0], second.get_weights()[0])
