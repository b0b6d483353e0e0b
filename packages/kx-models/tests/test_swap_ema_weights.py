"""SwapEMAWeights: the weights that other callbacks see, against Keras 3.15."""

import json
import pathlib

import numpy as np
import pytest

from kx_layers.dense import Dense
from kx_layers.input_layer import Input
from kx_models.callbacks import LambdaCallback, SwapEMAWeights
from kx_models.sequential import Sequential
from kx_optimizers.loss_scale import LossScaleOptimizer
from kx_optimizers.sgd import SGD

RECORD = json.loads((pathlib.Path(__file__).parent / "golden/swapped_weights.json").read_text())
X = np.arange(24, dtype="float32").reshape(8, 3) / 24
Y = np.ones((8, 1), "float32")


def network(scaled=False):
    model = Sequential([Input((3,)), Dense(1, kernel_initializer="ones")])
    optimizer = SGD(0.1, use_ema=True, ema_momentum=0.9)
    model.compile(LossScaleOptimizer(optimizer) if scaled else optimizer, "mse")
    return model


@pytest.mark.parametrize("case", RECORD, ids=lambda case: str(case[:3]))
def test_others_see_what_they_see_in_keras(case):
    swap_on_epoch, validated, scaled, expected = case
    model, seen = network(scaled), []

    def note(hook):
        return lambda *_: seen.append([hook, model.get_weights()[0].ravel()])

    hooks = ("on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_end", "on_train_end")
    watch = LambdaCallback(**{hook: note(hook) for hook in hooks})
    more = {"validation_data": (X, Y)} if validated else {}
    swap = SwapEMAWeights(swap_on_epoch)
    model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[swap, watch], **more)
    note("after")()
    assert [hook for hook, _ in seen] == [hook for hook, _ in expected]
    for (hook, weights), (_, recorded) in zip(seen, expected):
        np.testing.assert_allclose(weights, recorded, rtol=2e-6, err_msg=hook)


def test_predict_and_evaluate_with_the_averages():
    model = network()
    model.train_on_batch(X, Y)
    model.train_on_batch(X, Y)
    trained = model.get_weights()
    average = model.predict(X, verbose=0, callbacks=[SwapEMAWeights()])
    assert not np.array_equal(average, model.predict(X, verbose=0))
    for before, after in zip(trained, model.get_weights()):
        np.testing.assert_array_equal(before, after)
    model.optimizer.finalize_variable_values(model.trainable_variables)
    np.testing.assert_array_equal(average, model.predict(X, verbose=0))
