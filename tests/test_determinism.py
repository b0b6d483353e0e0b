"""The same seed gives the same bits."""

import numpy as np

import kx
from kx import layers


def train(seed):
    """Weights, history and predictions of 3 epochs with shuffling and dropout."""
    kx.utils.set_random_seed(seed)
    rng = np.random.default_rng(1)
    x = rng.random((200, 12), "float32")
    y = np.eye(3, dtype="float32")[rng.integers(0, 3, 200)]
    model = kx.Sequential(
        [
            kx.Input((12,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, batch_size=32, epochs=3, validation_split=0.1, verbose=0)
    return model.get_weights(), history.history, model.predict(x, verbose=0)


def test_three_epochs_twice_give_the_same_bits():
    weights, history, predictions = train(7)
    again, history_again, predictions_again = train(7)
    assert all(np.array_equal(a, b) for a, b in zip(weights, again, strict=True))
    assert history == history_again
    assert np.array_equal(predictions, predictions_again)


def test_another_seed_gives_other_weights():
    assert not np.array_equal(train(7)[0][0], train(8)[0][0])
