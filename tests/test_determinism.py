"""The same seed gives the same bits: initial weights, shuffling, dropout, three epochs of training."""

import numpy as np
import pytest

import kx
from kx import layers


def data(n=50):
    random = np.random.RandomState(0)
    return random.standard_normal((n, 6)).astype("float32"), random.randint(0, 3, n)


def train(seed, optimizer="adam", **arguments):
    kx.utils.set_random_seed(seed)
    model = kx.Sequential(
        [
            kx.Input((6,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.4),
            layers.GaussianNoise(0.1),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(optimizer, "sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(*data(), batch_size=8, epochs=3, verbose=0, **arguments).history
    return model, history


def bits(model):
    return [w.tobytes() for w in model.get_weights()]


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "rmsprop"])
@pytest.mark.parametrize("arguments", [{}, {"validation_split": 0.2}, {"shuffle": "batch"}], ids=str)
def test_training_twice_gives_the_same_bits(optimizer, arguments):
    (one, history), (two, again) = train(7, optimizer, **arguments), train(7, optimizer, **arguments)
    assert bits(one) == bits(two)
    assert history == again
    x = data()[0]
    assert one.predict(x, verbose=0).tobytes() == two.predict(x, verbose=0).tobytes()


def test_another_seed_gives_other_numbers():
    assert bits(train(7)[0]) != bits(train(8)[0])


def test_dropout_draws_anew_each_time():
    kx.utils.set_random_seed(3)
    dropout, x = layers.Dropout(0.5), np.ones((1, 200), "float32")
    assert dropout(x, training=True).numpy().tobytes() != dropout(x, training=True).numpy().tobytes()


def test_shuffling_draws_a_new_order_each_epoch():
    seen = []

    class Watch(layers.Layer):
        def call(self, x):
            if not isinstance(x, kx.KerasTensor):
                seen.append(x.numpy().ravel().tolist())
            return x

    kx.utils.set_random_seed(5)
    model = kx.Sequential([kx.Input((1,)), Watch(), layers.Dense(1)])
    model.compile("sgd", "mse")
    x = np.arange(20, dtype="float32")[:, None]
    model.fit(x, x, batch_size=20, epochs=3, verbose=0)
    assert all(sorted(order) == x.ravel().tolist() for order in seen)
    assert len({tuple(order) for order in seen}) == 3
    seen.clear()
    model.fit(x, x, batch_size=20, epochs=1, verbose=0, shuffle=False)
    assert seen == [x.ravel().tolist()]


def test_an_integer_seed_gives_a_layer_the_same_draws_in_every_program():
    kx.utils.set_random_seed(1)
    one = layers.Dropout(0.5, seed=11)(np.ones((4, 4), "float32"), training=True).numpy()
    kx.utils.set_random_seed(2)
    two = layers.Dropout(0.5, seed=11)(np.ones((4, 4), "float32"), training=True).numpy()
    np.testing.assert_array_equal(one, two)
