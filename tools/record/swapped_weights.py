"""Record the weights that callbacks see beside Keras's SwapEMAWeights, for the tests of kx-models.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/swapped_weights.py packages/kx-models/tests/golden/swapped_weights.json

A case is [swap_on_epoch, whether there is validation, whether the loss is scaled, [hook, weights] as they come].
"""

import json
import sys

import keras
import numpy as np

X = np.arange(24, dtype="float32").reshape(8, 3) / 24
Y = np.ones((8, 1), "float32")


def play(swap_on_epoch, validated, scaled):
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, kernel_initializer="ones")])
    optimizer = keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.9)
    model.compile(keras.optimizers.LossScaleOptimizer(optimizer) if scaled else optimizer, "mse")
    seen = []

    def note(hook):
        return lambda *_: seen.append([hook, model.get_weights()[0].ravel().tolist()])

    hooks = ("on_epoch_begin", "on_epoch_end", "on_test_begin", "on_test_end", "on_train_end")
    watch = keras.callbacks.LambdaCallback(**{hook: note(hook) for hook in hooks})
    more = {"validation_data": (X, Y)} if validated else {}
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch)
    model.fit(X, Y, batch_size=4, epochs=2, shuffle=False, verbose=0, callbacks=[swap, watch], **more)
    note("after")()
    return seen


def main():
    cases = [[s, v, l, play(s, v, l)] for s in (False, True) for v in (False, True) for l in (False, True)]
    with open(sys.argv[1], "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main()
