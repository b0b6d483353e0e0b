"""`keras.backend` of Keras 2 against recorded results, and what it does with symbolic tensors."""

import json
from pathlib import Path

import numpy as np
import pytest

import kx
from kx import backend as K
from kx.layers import Dense, Dropout, Input, Lambda
from kx.models import Model, Sequential

GOLDEN = np.load(Path(__file__).parent / "golden/backend.npz")
FUNCTIONS = {"foldl": lambda a, x: a - 2 * x, "foldr": lambda a, x: a - 2 * x, "map_fn": lambda x: x * x}


def unpacked(value):
    if isinstance(value, dict):
        return GOLDEN[f"a{value['array']}"] if "array" in value else tuple(map(unpacked, value["tuple"]))
    return [unpacked(v) for v in value] if isinstance(value, list) else value


CASES = json.loads(str(GOLDEN["cases"]))


@pytest.mark.parametrize("case", CASES, ids=[f"{c['name']}{i}" for i, c in enumerate(CASES)])
def test_recorded_results(case):
    args = [unpacked(a) for a in case["args"]]
    if case["name"] in FUNCTIONS:
        args[0] = FUNCTIONS[case["name"]]
    kwargs = {k: unpacked(v) for k, v in case["kwargs"].items()}
    found, expected = getattr(K, case["name"])(*args, **kwargs), unpacked(case["out"])
    if case["name"] == "ctc_decode":
        paths, scores = found
        found = [np.stack([np.asarray(path) for path in paths]), scores]
    else:
        found, expected = [found], [expected]
    for out, wanted in zip(map(np.asarray, found), expected, strict=True):
        assert out.shape == wanted.shape
        assert (out.dtype.kind == wanted.dtype.kind) or {out.dtype.kind, wanted.dtype.kind} == {"i", "u"}
        np.testing.assert_allclose(out, wanted, rtol=2e-5, atol=2e-6)


def test_every_function_of_keras_2_is_there_or_says_why_not():
    listed = [
        "abs",
        "all",
        "any",
        "arange",
        "argmax",
        "argmin",
        "batch_dot",
        "batch_flatten",
        "batch_get_value",
        "batch_normalization",
        "batch_set_value",
        "bias_add",
        "binary_crossentropy",
        "binary_focal_crossentropy",
        "cast",
        "cast_to_floatx",
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        "clip",
        "concatenate",
        "constant",
        "conv1d",
        "conv2d",
        "conv2d_transpose",
        "conv3d",
        "cos",
        "count_params",
        "ctc_batch_cost",
        "ctc_decode",
        "ctc_label_dense_to_sparse",
        "cumprod",
        "cumsum",
        "depthwise_conv2d",
        "dot",
        "dropout",
        "dtype",
        "elu",
        "equal",
        "eval",
        "exp",
        "expand_dims",
        "eye",
        "flatten",
        "foldl",
        "foldr",
        "function",
        "gather",
        "get_value",
        "gradients",
        "greater",
        "greater_equal",
        "hard_sigmoid",
        "in_test_phase",
        "in_top_k",
        "in_train_phase",
        "int_shape",
        "is_sparse",
        "l2_normalize",
        "learning_phase",
        "learning_phase_scope",
        "less",
        "less_equal",
        "local_conv1d",
        "local_conv2d",
        "log",
        "map_fn",
        "max",
        "maximum",
        "mean",
        "min",
        "minimum",
        "moving_average_update",
        "name_scope",
        "ndim",
        "normalize_batch_in_training",
        "not_equal",
        "one_hot",
        "ones",
        "ones_like",
        "permute_dimensions",
        "placeholder",
        "pool2d",
        "pool3d",
        "pow",
        "print_tensor",
        "prod",
        "random_bernoulli",
        "random_binomial",
        "random_normal",
        "random_normal_variable",
        "random_uniform",
        "random_uniform_variable",
        "relu",
        "repeat",
        "repeat_elements",
        "reset_uids",
        "reshape",
        "resize_images",
        "resize_volumes",
        "reverse",
        "rnn",
        "round",
        "separable_conv2d",
        "set_learning_phase",
        "set_value",
        "shape",
        "sigmoid",
        "sign",
        "sin",
        "softmax",
        "softplus",
        "softsign",
        "sparse_categorical_crossentropy",
        "spatial_2d_padding",
        "spatial_3d_padding",
        "sqrt",
        "square",
        "squeeze",
        "stack",
        "std",
        "stop_gradient",
        "sum",
        "switch",
        "tanh",
        "temporal_padding",
        "tile",
        "to_dense",
        "transpose",
        "truncated_normal",
        "update",
        "update_add",
        "update_sub",
        "var",
        "variable",
        "zeros",
        "zeros_like",
        "clear_session",
        "epsilon",
        "floatx",
        "is_keras_tensor",
    ]
    missing = [name for name in listed if not callable(getattr(K, name, None))]
    assert not missing
    with pytest.raises(AttributeError, match="nonsense"):
        K.nonsense  # noqa: B018


# ---- symbolic ------------------------------------------------------------------------------------------------


def test_function_takes_the_learning_phase_among_its_inputs():
    model = Sequential([Input((50,)), Dropout(0.5), Dense(2, kernel_initializer="ones")])
    run = K.function([model.layers[0].input, K.learning_phase()], [model.output])
    x = np.ones((3, 50), "float32")
    np.testing.assert_allclose(run([x, 0])[0], model.predict(x, verbose=0))
    assert np.abs(run([x, 1])[0] - 50).max() > 0
    with pytest.raises(ValueError, match="takes 2 inputs"):
        run([x])


def test_function_makes_updates_and_returns_variables():
    x, total = K.placeholder((None,)), K.variable(1.0)
    run = K.function([x], [K.sum(x), total], updates=[K.update_add(total, K.sum(x))])
    first, before = run([[1.0, 2.0]])
    assert (first, before, float(total)) == (3.0, 1.0, 4.0)


def test_gradients_of_inputs_of_tensors_between_and_of_weights():
    inputs = Input((3,))
    hidden = Dense(4, activation="tanh", name="hidden")(inputs)
    model = Model(inputs, Dense(2)(hidden))
    loss = K.sum(K.square(model.output))
    layer = model.layers[-1]
    found = K.gradients(loss, [inputs, hidden, layer.kernel])
    run = K.function([inputs], [*found, hidden])
    x = np.random.default_rng(0).normal(size=(5, 3)).astype("float32")
    for_input, for_hidden, for_kernel, h = run([x])
    out = h @ layer.kernel.numpy() + layer.bias.numpy()
    np.testing.assert_allclose(for_hidden, 2 * out @ layer.kernel.numpy().T, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(for_kernel, h.T @ (2 * out), rtol=1e-4, atol=1e-6)
    expected = (for_hidden * (1 - h * h)) @ model.get_layer("hidden").kernel.numpy().T
    np.testing.assert_allclose(for_input, expected, rtol=1e-4, atol=1e-6)
    with pytest.raises(ValueError, match="GradientTape"):
        K.gradients(K.sum(kx.ops.ones((2,))), [inputs])


def test_sizes_not_known_yet_are_symbolic():
    inputs = Input((3,))
    noise = K.random_normal((K.shape(inputs)[0], 2))
    assert noise.shape == (None, 2)
    model = Model(inputs, K.concatenate([inputs, noise]))
    assert model.predict(np.ones((7, 3)), verbose=0).shape == (7, 5)
    turned = Model(inputs, K.reshape(inputs, (K.shape(inputs)[0] * 3, 1)))
    assert turned(np.ones((4, 3), "float32")).shape == (12, 1)


def test_in_train_phase_asks_when_the_model_runs():
    inputs = Input((2,))
    model = Model(inputs, Lambda(lambda x: K.in_train_phase(x * 2.0, x))(inputs))
    x = np.ones((1, 2), "float32")
    assert model(x, training=True).numpy().max() == 2 and model(x).numpy().max() == 1
    bare = Model(inputs, K.in_train_phase(inputs * 2.0, inputs))
    assert bare(x, training=True).numpy().max() == 2 and bare(x).numpy().max() == 1
    with K.learning_phase_scope(1):
        assert K.learning_phase() == 1
    assert K.learning_phase() == 0


def test_rnn_with_mask_constants_and_unknown_length():
    def step(x, states):
        new = x + states[0] * states[1]
        return new, [new]

    x = np.arange(12, dtype="float32").reshape(2, 3, 2)
    mask = np.array([[1, 1, 0], [1, 0, 0]], bool)
    last, outputs, states = K.rnn(step, x, [kx.ops.zeros((2, 2))], mask=mask, constants=[0.5])
    np.testing.assert_allclose(last.numpy(), [[2.0, 3.5], [6.0, 7.0]])
    np.testing.assert_allclose(states[0].numpy(), last.numpy())
    assert outputs.shape == (2, 3, 2)
    inputs = Input((None, 2))
    last, outputs, _ = K.rnn(step, inputs, [K.zeros_like(inputs[:, 0])], constants=[0.5])
    assert last.shape == (None, 2) and outputs.shape == (None, None, 2)
    model = Model(inputs, last)
    whole = K.rnn(step, x, [kx.ops.zeros((2, 2))], constants=[0.5])[0].numpy()
    np.testing.assert_allclose(model.predict(x, verbose=0), whole)


def test_a_print_in_a_loss_prints_at_every_step(capsys):
    model = Sequential([Input((1,)), Dense(1)])
    model.compile("sgd", lambda y, p: K.print_tensor(K.mean(K.square(y - p), axis=-1), "loss"))
    model.fit(np.ones((4, 1)), np.ones((4, 1)), batch_size=1, verbose=0)
    assert capsys.readouterr().out.count("loss") == 4


def test_variables():
    v = K.variable(np.ones((2, 2)))
    assert v.dtype == "float32" and K.count_params(v) == 4 and K.int_shape(v) == (2, 2)
    K.set_value(v, np.zeros((2, 2)))
    assert K.get_value(v).sum() == 0 and K.eval(K.ones((2,))).tolist() == [1, 1]
    K.batch_set_value([(v, np.ones((2, 2)))])
    assert K.batch_get_value([v])[0].sum() == 4
    optimizer = kx.optimizers.SGD(0.1)
    K.set_value(optimizer.lr, 0.5)
    assert float(K.get_value(optimizer.lr)) == 0.5
    with pytest.raises(ValueError, match="K.function"):
        K.eval(Input((2,)))
