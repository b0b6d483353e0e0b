"""What a person reads who makes a usual mistake: what was expected, what came, and what to do."""

import numpy as np
import pytest

import kx
from kx import layers

X = np.linspace(-1, 1, 40).reshape(10, 4).astype("float32")
LABELS = np.array([0, 1, 2, 0, 1, 2, 0, 1, 2, 0])


def classifier(**compiled):
    model = kx.Sequential(
        [kx.Input((4,), name="features"), layers.Dense(3, activation="softmax", name="out")], name="net"
    )
    model.compile(**{"optimizer": "sgd", "loss": "sparse_categorical_crossentropy", **compiled})
    return model


def text(error, function, *args, **kwargs):
    """The message of the `error` that the call raises."""
    with pytest.raises(error) as raised:
        function(*args, **kwargs)
    return str(raised.value)


def test_misspelt_loss():
    message = text(ValueError, classifier, loss="catgorical_crossentropy")
    assert message.startswith(
        "Unknown loss 'catgorical_crossentropy'. Did you mean 'categorical_crossentropy'?"
    )


def test_misspelt_optimizer_and_metric():
    assert "Unknown optimizer 'adan'. Did you mean 'adam'?" in text(ValueError, classifier, optimizer="adan")
    message = text(ValueError, classifier, metrics=["acuracy"])
    assert "Unknown metric 'acuracy'. Did you mean 'accuracy'?" in message


def test_misspelt_argument_of_compile():
    message = text(TypeError, classifier, metric=["accuracy"])
    assert message.startswith(
        "compile() got an unexpected keyword argument 'metric'. Did you mean 'metrics'?"
    )
    assert "It takes: optimizer, loss, loss_weights, metrics, " in message


def test_misspelt_argument_of_fit():
    message = text(TypeError, classifier().fit, X, LABELS, apochs=10)
    assert message.startswith("fit() got an unexpected keyword argument 'apochs'. Did you mean 'epochs'?")


def test_misspelt_argument_of_a_layer():
    message = text(TypeError, layers.Dense, 3, activaton="relu")
    assert message.startswith(
        "Dense got an unexpected keyword argument 'activaton'. Did you mean 'activation'?"
    )


def test_wrong_input_shape():
    message = text(ValueError, classifier().fit, X[:, :3], LABELS, verbose=0)
    assert 'Input 0 of layer "net" is incompatible with the layer' in message
    assert "expected shape=(None, 4), found shape=(10, 3)" in message
    assert "One sample should be (4,), it is (3,)" in message
    assert 'change the shape of Input "features"' in message


def test_one_sample_without_its_batch_axis():
    message = text(ValueError, layers.Dense(2, name="head"), X[0])
    assert 'Input 0 of layer "head"' in message
    assert "expected min_ndim=2, found ndim=1" in message
    assert "One sample x is `x[None]`" in message


def test_layer_built_for_another_size():
    layer = layers.Dense(2, name="head")
    layer(X)
    message = text(ValueError, layer, X[:, :2])
    assert "expected axis -1 of input shape to have value 4, found 2" in message
    assert "Full shape received: (10, 2)" in message


def test_wrong_target_shape():
    model = classifier(loss="mse")
    message = text(ValueError, model.fit, X, np.ones((10, 5), "float32"), verbose=0)
    assert "y_true of shape (10, 5) does not fit y_pred of shape (10, 3)" in message
    assert "the targets have 5: its last layer needs 5" in message
    message = text(ValueError, classifier(loss="categorical_crossentropy").fit, X, LABELS, verbose=0)
    assert "look like integer labels: use 'sparse_categorical_crossentropy', or one-hot targets" in message


def test_label_out_of_range():
    labels = LABELS.copy()
    labels[4] = 3
    message = text(ValueError, classifier().fit, X, labels, verbose=0)
    assert "label 3 is out of range: the output has 3 classes, so labels go from 0 to 2" in message


def test_nan_in_the_input_stops_training(capsys):
    x = X.copy()
    x[5, 1] = np.nan
    history = classifier().fit(
        x, LABELS, batch_size=2, epochs=3, shuffle=False, verbose=0, callbacks=[kx.callbacks.TerminateOnNaN()]
    )
    assert capsys.readouterr().out == "Batch 2: Invalid loss, terminating training\n"
    assert len(history.history["loss"]) == 1
    message = text(
        RuntimeError, classifier().fit, x, LABELS, batch_size=2, shuffle=False, verbose=0,
        callbacks=[kx.callbacks.TerminateOnNaN(raise_error=True)],
    )  # fmt: skip
    assert "NaN or Inf loss encountered at batch 2. Loss value: nan" in message


def test_numbers_of_samples_differ():
    message = text(ValueError, classifier().fit, X, LABELS[:7], verbose=0)
    assert message.startswith("Data cardinality is ambiguous.")
    assert "'x' sizes: 10\n'y' sizes: 7" in message


def test_not_compiled():
    model = kx.Sequential([kx.Input((4,)), layers.Dense(1)])
    assert text(ValueError, model.fit, X, LABELS) == "You must call `compile()` before calling `fit()`."
    assert "before calling `evaluate()`" in text(ValueError, model.evaluate, X, LABELS)


def test_no_targets():
    message = text(ValueError, classifier().fit, X, verbose=0)
    assert "needs targets, but y is None: pass y to fit" in message


def test_no_loss():
    model = kx.Sequential([kx.Input((4,)), layers.Dense(1)])
    model.compile("sgd")
    assert "compile the model with a loss" in text(ValueError, model.fit, X, verbose=0)


def test_wrong_names_of_outputs_and_inputs():
    a, b = kx.Input((4,), name="a"), kx.Input((2,), name="b")
    outputs = [layers.Dense(1, name="p")(a), layers.Dense(1, name="q")(b)]
    model = kx.Model([a, b], outputs, name="pair")
    model.compile("sgd", {"p": "mse", "z": "mse"})
    y = np.ones((10, 1))
    message = text(ValueError, model.fit, [X, X[:, :2]], [y, y], verbose=0)
    assert "key 'z' does not correspond to any model output. Outputs are: ['p', 'q']" in message
    assert "no data for the input(s) ['b']; the dict has ['a']" in text(ValueError, model, {"a": X})
    assert "expects 2 input(s), but it received 1 input tensors" in text(ValueError, model, [X])
    assert "The input 'b' of model 'pair' is not optional" in text(ValueError, model, [X, None])
    model.compile("sgd", "mse")
    message = text(ValueError, model.fit, [X, X[:, :2]], y, verbose=0)
    assert "The model has 2 outputs (['p', 'q']), but `y` is a single array." in message


def test_outputs_that_the_inputs_do_not_reach():
    a, b = kx.Input((4,), name="a"), kx.Input((4,), name="b")
    message = text(ValueError, kx.Model, a, layers.Dense(1)(layers.Add()([a, b])))
    assert "name=b" in message
    assert "neither an input nor made of the inputs ['a']" in message


def test_two_layers_of_one_name():
    x = kx.Input((4,))
    message = text(ValueError, kx.Model, x, layers.Dense(1, name="d")(layers.Dense(2, name="d")(x)))
    assert message.startswith('The name "d" is used 2 times in the model.')
    message = text(ValueError, kx.Sequential, [layers.Dense(1, name="d"), layers.Dense(1, name="d")])
    assert "Name 'd' is already the name of a layer in this model" in message


def test_a_numpy_function_on_a_symbolic_tensor():
    message = text(TypeError, np.exp, kx.Input((4,)))
    assert "Use `kx.ops` functions" in message


def test_something_else_than_an_array_for_a_layer():
    message = text(ValueError, layers.Dense(2, name="head"), "text")
    assert "Only input tensors may be passed as positional arguments" in message
    assert "Received: 'text' (of type str) for 'inputs' of layer 'head'" in message
    assert "misses the argument 'inputs'" in text(TypeError, layers.Dense(2))


def test_weights_that_do_not_fit():
    model = classifier()
    kernel, bias = model.get_weights()
    message = text(ValueError, model.set_weights, [kernel])
    assert (
        "weight list of length 1, but the layer was expecting 2 weights: ['net/out/kernel', 'net/out/bias']"
        in message
    )
    message = text(ValueError, model.set_weights, [kernel.T, bias])
    assert "weight 'net/out/kernel' has shape (4, 3), the given array has shape (3, 4)" in message


def test_layer_that_the_model_lacks():
    message = text(ValueError, classifier().get_layer, "dense")
    assert message == "No such layer: dense. Existing layers are: ['out']."


def test_a_layer_whose_constructor_forgets_super():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.size = 3

        def call(self, x):
            return x

    message = text(RuntimeError, Forgetful(), X)
    assert "call `super().__init__()` first in `__init__`" in message


def test_generators_and_targets_apart():
    def batches():
        yield X, LABELS

    message = text(ValueError, classifier().fit, batches(), LABELS, verbose=0)
    assert (
        "`y` should not be passed. Instead, the targets should be included as part of the generator"
        in message
    )
    assert "found" in text(ValueError, classifier().fit, ([X, X, X, X] for _ in range(2)), verbose=0)
