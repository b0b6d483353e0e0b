"""Configs of Keras 1 and 2: what each spelling of the time means, and what is refused."""

import json
import warnings

import h5py
import numpy as np
import pytest

from kx_io import CustomObjectScope
from kx_layers import Dense, Input
from kx_layers.layer import Layer
from kx_models import Model, Sequential
from kx_models.saving.model_of_config import model_of
from kx_models.saving.old_eras import Era
from kx_models.saving.old_optimizers import modern_optimizer
from kx_models.saving.whole_hdf5 import read_whole_model, write_whole_model
from kx_tensor import ops


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, **config}}


def sequential(*layers, version="2.2.4"):
    return {
        "class_name": "Sequential",
        "config": {"name": "model", "layers": list(layers)},
        "keras_version": version,
    }


def functional(*entries, inputs=("x",), outputs=(("y", 0, 0),)):
    """A Keras 2 config; each entry is (layer, calls)."""
    layers = [
        {
            **layer("InputLayer", name, batch_input_shape=[None, 4], dtype="float32", sparse=False),
            "name": name,
            "inbound_nodes": [],
        }
        for name in inputs
    ]
    layers += [{**entry, "name": entry["config"]["name"], "inbound_nodes": calls} for entry, calls in entries]
    config = {"name": "m", "layers": layers, "input_layers": [[n, 0, 0] for n in inputs]}
    return {
        "class_name": "Model",
        "config": config | {"output_layers": [list(o) for o in outputs]},
        "keras_version": "2.4.0",
    }


def made(config, **custom):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return model_of(config, "the file", custom)


def only_layer(*args, version="2.2.4", **config):
    return made(
        sequential(layer(*args, "l", batch_input_shape=[None, 4, 4], **config), version=version)
    ).layers[0]


# ---- layers


@pytest.mark.parametrize(
    ("version", "expected"),
    [("1.2.2", "keras2_hard_sigmoid"), ("2.2.4", "keras2_hard_sigmoid"), ("2.4.0", "sigmoid")],
)
def test_the_default_recurrent_activation_is_that_of_the_time(version, expected):
    assert only_layer("LSTM", version=version, units=2).recurrent_activation.__name__ == expected


def test_a_gru_without_reset_after_resets_before():
    assert only_layer("GRU", units=2).reset_after is False
    assert only_layer("CuDNNGRU", units=2).reset_after is True


def test_policies_regularizers_and_initializers_of_each_time():
    found = only_layer(
        "Dense",
        units=2,
        dtype={
            "class_name": "Policy",
            "config": {"name": "mixed_float16", "loss_scale": {"class_name": "X", "config": {}}},
        },
        kernel_initializer={
            "class_name": "VarianceScaling",
            "config": {
                "scale": 1.0,
                "mode": "fan_in",
                "distribution": "normal",
                "seed": None,
                "dtype": "float32",
            },
        },
        bias_initializer={"class_name": "Zeros", "config": {"dtype": "float32"}},
        kernel_regularizer={"name": "WeightRegularizer", "l1": 0.5, "l2": 0.25},
        kernel_constraint={"class_name": "MaxNorm", "config": {"max_value": 2, "axis": 0}},
    )
    assert found.dtype_policy.name == "mixed_float16"
    assert found.kernel_initializer.distribution == "truncated_normal"
    assert (float(found.kernel_regularizer.l1), float(found.kernel_regularizer.l2)) == (0.5, 0.25)
    assert found.kernel_constraint.max_value == 2


@pytest.mark.parametrize(
    ("class_name", "config", "match"),
    [
        ("BatchNormalization", {"mode": 1}, "mode=1"),
        ("LSTM", {"units": 2, "time_major": True}, "time_major=True"),
        (
            "Lambda",
            {"function": ["4wEAAAA=", None, None], "function_type": "lambda"},
            r"custom_objects=\{'l': my_function\}",
        ),
        ("Lambda", {"function": "def f(x): return x", "function_type": "lambda"}, "never run from a file"),
    ],
)
def test_what_no_longer_exists_and_code_are_refused(class_name, config, match):
    with pytest.raises(ValueError, match=match):
        only_layer(class_name, **config)


def test_a_lambda_by_the_name_of_a_function_or_of_its_layer():
    named = layer(
        "Lambda",
        "l",
        batch_input_shape=[None, 4],
        function="twice",
        function_type="function",
        output_shape=[4],
    )
    with pytest.raises(TypeError, match=r"custom_objects=\{'twice': twice\}"):
        made(sequential(named))
    coded = layer(
        "Lambda", "l", batch_input_shape=[None, 4], function=["4wEA", None, None], function_type="lambda"
    )
    for config, name in ((named, "twice"), (coded, "l")):
        model = made(sequential(config), **{name: lambda x: 2 * x})
        np.testing.assert_array_equal(model(np.ones((1, 4), "float32")), np.full((1, 4), 2.0))


def test_all_missing_names_are_listed():
    config = sequential(layer("Mine", "a", batch_input_shape=[None, 4]), layer("Yours", "b"))
    with pytest.raises(TypeError, match=r"'Mine'.*'Yours'.*custom_objects="):
        made(config)


def test_layers_of_the_user_keep_their_arguments():
    class Scale(Layer):
        def __init__(self, output_dim, **kwargs):
            super().__init__(**kwargs)
            self.output_dim = output_dim

        def call(self, inputs):
            return inputs * self.output_dim

    model = made(
        sequential(
            layer("Dense", "d", units=2, batch_input_shape=[None, 4]), layer("Scale", "s", output_dim=3)
        ),
        Scale=Scale,
    )
    assert model.layers[1].output_dim == 3


# ---- graphs


def test_names_with_slashes():
    model = made(
        functional(
            (layer("Dense", "a/b", units=3), [[["x", 0, 0, {}]]]),
            (layer("Dense", "y", units=2), [[["a/b", 0, 0, {}]]]),
        )
    )
    assert [found.name for found in model.layers] == ["x", "a_b", "y"]


def test_keyword_arguments_hold_tensors():
    attention = layer("MultiHeadAttention", "y", num_heads=1, key_dim=2)
    steps = layer("Reshape", "s", target_shape=[2, 2])
    call = [[["s", 0, 0, {"value": ["s", 0, 0], "mask": None}]]]
    assert made(functional((steps, [[["x", 0, 0, {}]]]), (attention, call))).output_shape == (None, 2, 2)


def test_first_states_and_constants():
    entries = [
        (layer("Reshape", "s", target_shape=[2, 2]), [[["x", 0, 0, {}]]]),
        (layer("Dense", "h", units=3), [[["x", 0, 0, {}]]]),
    ]
    listed = (layer("LSTM", "y", units=3), [[["s", 0, 0, {}], ["h", 0, 0, {}], ["h", 0, 0, {}]]])
    keyword = (layer("LSTM", "y", units=3), [[["s", 0, 0, {"initial_state": [["h", 0, 0], ["h", 0, 0]]}]]])
    outs = []
    for last in (listed, keyword):
        model = made(functional(*entries, last))
        for weight in model.weights:
            weight.assign(np.full(weight.shape, 0.1))
        outs.append(model(np.ones((1, 4), "float32")).numpy())
    np.testing.assert_array_equal(*outs)


def test_a_model_in_a_model_counts_its_calls_from_one_or_from_none():
    inner = {
        "name": "inner",
        "layers": [layer("Dense", "d", units=4, batch_input_shape=[None, 4])],
    }
    for first in (0, 1):
        entry = {"class_name": "Sequential", "config": inner}
        model = made(
            functional(
                (entry, [[["x", 0, 0, {}]], [["inner", first, 0, {}]]]), outputs=[("inner", first + 1, 0)]
            )
        )
        kernel = np.eye(4) * 2
        model.get_layer("inner").layers[0].set_weights([kernel, np.zeros(4)])
        np.testing.assert_array_equal(model(np.ones((1, 4), "float32")), np.full((1, 4), 4.0))


def test_tensorflow_functions_are_an_allow_list():
    for function in ("io.read_file", "py_function", "math.add.__globals__", "raw_ops.ReadFile"):
        entry = layer("TFOpLambda", "y", function=function)
        with pytest.raises(ValueError, match=f"tf.{function}, for which kx has no op"):
            made(functional((entry, [["x", 0, 0, {}]])))
    entry = layer("TFOpLambda", "y", function="math.reduce_sum")
    with pytest.raises(ValueError, match="kx's op has no mystery"):
        made(functional((entry, [["x", 0, 0, {"mystery": 3}]])))


def node(op, constants=(), **attributes):
    config = {
        "node_def": json.dumps({"name": "n", "op": op, "input": [], "attr": attributes}),
        "constants": dict(constants),
    }
    return layer("TensorFlowOpLayer", "y", **config)


NODES = {
    "constant first": (node("Sub", {"0": 1.0}), lambda x: 1 - x),
    "mean": (node("Mean", {"1": [1]}, keep_dims={"b": True}), lambda x: x.mean(axis=1, keepdims=True)),
    "reshape": (node("Reshape", {"1": [-1, 2, 2]}), lambda x: x.reshape(-1, 2, 2)),
    "concatenate": (node("ConcatV2", {"1": [[1.0] * 4], "2": 0}), lambda x: np.concatenate([x, np.ones((1, 4))])),
    "cast": (node("Cast", DstT={"type": "DT_INT32"}), lambda x: x.astype("int32")),
    "leaky relu": (node("LeakyRelu", alpha={"f": 0.5}), lambda x: np.where(x < 0, x / 2, x)),
    "slice": (
        node("StridedSlice", {"1": [0, 1], "2": [0, 3], "3": [1, 1]}, begin_mask={"i": "1"}, end_mask={"i": "1"}),
        lambda x: x[:, 1:3],
    ),
    "one place": (
        node("StridedSlice", {"1": [0, -1], "2": [0, 0], "3": [1, 1]}, begin_mask={"i": "1"}, end_mask={"i": "1"},
             shrink_axis_mask={"i": "2"}),
        lambda x: x[:, -1],
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NODES)
def test_nodes_of_tensorflow_graphs(name):
    entry, expected = NODES[name]
    model = made(functional((entry, [[["x", 0, 0, {}]]])))
    x = np.array([[-2.0, 1.0, 0.5, 3.0], [1.0, -1.0, 4.0, 0.0]], "float32")
    np.testing.assert_allclose(model(x), expected(x), rtol=1e-6)


def test_nodes_that_are_not_known_are_refused():
    with pytest.raises(ValueError, match="TensorFlow node 'ReadFile', for which kx has no op"):
        made(functional((node("ReadFile"), [[["x", 0, 0, {}]]])))


def test_slices_with_ellipsis_and_new_axes():
    entry = layer("SlicingOpLambda", "y", function="__operators__.getitem")
    spec = ["...", None, {"start": 1, "stop": None, "step": 2}]
    model = made(functional((entry, [["x", 0, 0, {"slice_spec": spec}]])))
    np.testing.assert_array_equal(model(np.arange(4.0, dtype="float32")[None]), [[[1.0, 3.0]]])


# ---- training state


def test_decay_and_clipping_of_each_time():
    old, new = Era.of("2.2.4"), Era.of("2.4.0")
    config = {
        "class_name": "SGD",
        "config": {"lr": 0.5, "decay": 0.25, "clipnorm": 1.0, "momentum": 0.9, "nesterov": True},
    }
    found, notes = modern_optimizer(config, old)
    assert (found["config"]["global_clipnorm"], notes) == (1.0, [])
    assert found["config"]["learning_rate"]["config"]["decay_rate"] == 0.25
    assert modern_optimizer(config, new)[0]["config"]["clipnorm"] == 1.0
    assert modern_optimizer({"class_name": "Nadam", "config": {"schedule_decay": 0.004}}, old)[1]


def test_one_warning_names_all_that_is_not_restored(tmp_path):
    model = Sequential([Input((4,)), Dense(1)])
    model.compile("adam", "mse", metrics=["mae"])
    model.fit(np.ones((2, 4)), np.ones((2, 1)), verbose=0)
    write_whole_model(model, tmp_path / "model.h5")
    with h5py.File(tmp_path / "model.h5", "r+") as file:
        text = file.attrs["training_config"]
        file.attrs["training_config"] = text.replace("mean_squared_error", "my_loss").replace(
            '"mae"', '"my_metric"'
        )
        iteration = f"optimizer_weights/{model.optimizer.name}/iteration"
        del file[iteration]
        file[iteration] = np.zeros(3)
    with pytest.warns(UserWarning) as caught:
        loaded = read_whole_model(tmp_path / "model.h5")
    assert len(caught) == 1
    for part in ("the loss", "my_loss", "the metrics", "my_metric", "the state of the optimizer"):
        assert part in str(caught[0].message)
    np.testing.assert_array_equal(
        loaded.predict(np.ones((2, 4)), verbose=0), model.predict(np.ones((2, 4)), verbose=0)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert not read_whole_model(tmp_path / "model.h5", compile=False).compiled


def test_functions_of_the_user_come_back(tmp_path):
    def gap(y_true, y_pred):
        return ops.abs(y_true - y_pred)

    model = Sequential([Input((4,)), Dense(1)])
    model.compile("sgd", gap, metrics=[gap])
    with CustomObjectScope({"gap": gap}):
        write_whole_model(model, tmp_path / "model.h5")
    loaded = read_whole_model(tmp_path / "model.h5", custom_objects={"gap": gap})
    assert loaded.evaluate(np.ones((2, 4)), np.ones((2, 1)), verbose=0) == model.evaluate(
        np.ones((2, 4)), np.ones((2, 1)), verbose=0
    )


def test_outputs_by_name_come_back(tmp_path):
    x = Input((4,))
    model = Model(x, [Dense(1, name="a")(x), Dense(2, name="b")(x)])
    model.compile("sgd", {"a": "mse", "b": "mae"}, metrics={"a": ["mae"]}, loss_weights={"a": 2.0, "b": 1.0})
    data = np.ones((2, 4)), [np.zeros((2, 1)), np.zeros((2, 2))]
    model.fit(*data, verbose=0)
    write_whole_model(model, tmp_path / "model.h5")
    assert read_whole_model(tmp_path / "model.h5").evaluate(*data, verbose=0) == model.evaluate(
        *data, verbose=0
    )
