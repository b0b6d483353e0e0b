"""Write HDF5 files in the formats of Keras 1.2 and 2.0 to 2.2, and what their models must predict and how they train.

Those versions run nowhere any more, so the files are written by hand to their formats, and the expected numbers are
computed by the layers' formulas in plain NumPy. Needs numpy and h5py.

    python tools/record/keras1_files.py
"""

import io
import json
import os
import tempfile
import zipfile
from pathlib import Path

import h5py
import numpy as np

TARGET = Path(__file__).parents[2] / "packages" / "kx-models" / "tests" / "golden" / "keras1_files.zip"
rng = np.random.default_rng(11)
recorded = {}


def values(*shape):
    return rng.normal(scale=0.5, size=shape).astype("float32")


# ---- files


def write(folder, name, config, layers, version="1.2.2", backend=None, training=None, slots=()):
    """`layers`: [(layer, [(weight name, array)])]; `slots`: [(name, array)]."""
    with h5py.File(os.path.join(folder, f"{name}.h5"), "w") as f:
        if version:
            f.attrs["keras_version"] = version.encode()
        if backend:
            f.attrs["backend"] = backend.encode()
        f.attrs["model_config"] = json.dumps(config).encode()
        weights = f.create_group("model_weights")
        write_layers(weights, layers)
        if version:
            weights.attrs["keras_version"] = version.encode()
        if backend:
            weights.attrs["backend"] = backend.encode()
        if training:
            f.attrs["training_config"] = json.dumps(training).encode()
            group = f.create_group("optimizer_weights")
            group.attrs["weight_names"] = [slot.encode() for slot, _ in slots]
            for slot, array in slots:
                group.create_dataset(slot, data=array)


def write_layers(root, layers):
    root.attrs["layer_names"] = [layer.encode() for layer, _ in layers]
    for layer, weights in layers:
        group = root.create_group(layer)
        group.attrs["weight_names"] = [weight.encode() for weight, _ in weights]
        for weight, array in weights:
            group.create_dataset(weight, data=array)


def expect(name, inputs, predictions, **more):
    inputs = inputs if isinstance(inputs, list) else [inputs]
    recorded.update({f"{name}/x{i}": x for i, x in enumerate(inputs)})
    recorded[f"{name}/p0"] = predictions.astype("float32")
    recorded.update({f"{name}/{key}": np.asarray(value) for key, value in more.items()})


def layer(class_name, name, **config):
    return {"class_name": class_name, "config": {"name": name, "trainable": True, **config}}


def sequential(*layers, version="1.2.2"):
    return {"class_name": "Sequential", "config": list(layers), "keras_version": version}


# ---- formulas


def hard_sigmoid(x):
    return np.clip(0.2 * x + 0.5, 0, 1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


def lstm(x, kernel, recurrent, bias, inner=hard_sigmoid):
    """Gates i, f, c, o side by side."""
    n = recurrent.shape[0]
    h, c = np.zeros((len(x), n)), np.zeros((len(x), n))
    for t in range(x.shape[1]):
        z = x[:, t] @ kernel + h @ recurrent + bias
        i, f, o = (inner(z[:, k * n : (k + 1) * n]) for k in (0, 1, 3))
        c = f * c + i * np.tanh(z[:, 2 * n : 3 * n])
        h = o * np.tanh(c)
    return h


def gru(x, kernel, recurrent, bias, inner=hard_sigmoid, sequences=False):
    """Gates z, r, h side by side; the reset gate before the product, or after it if there are two biases."""
    n, h, out = recurrent.shape[0], np.zeros((len(x), recurrent.shape[0])), []
    bias, back = bias if bias.ndim == 2 else (bias, None)
    for t in range(x.shape[1]):
        a = x[:, t] @ kernel + bias
        b = h @ recurrent + (0 if back is None else back)
        z, r = inner(a[:, :n] + b[:, :n]), inner(a[:, n : 2 * n] + b[:, n : 2 * n])
        if back is None:
            new = np.tanh(a[:, 2 * n :] + (r * h) @ recurrent[:, 2 * n :])
        else:
            new = np.tanh(a[:, 2 * n :] + r * b[:, 2 * n :])
        h = z * h + (1 - z) * new
        out.append(h)
    return np.stack(out, axis=1) if sequences else h


def correlate(x, kernel, stride=1, dilation=1):
    """A "valid" convolution without a flip; x (batch, rows, columns, channels), kernel (rows, columns, in, out)."""
    rows, columns = (dilation * (n - 1) + 1 for n in kernel.shape[:2])
    out = []
    for i in range(0, x.shape[1] - rows + 1, stride):
        line = []
        for j in range(0, x.shape[2] - columns + 1, stride):
            window = x[:, i : i + rows : dilation, j : j + columns : dilation]
            line.append(np.einsum("brci,rcio->bo", window, kernel))
        out.append(np.stack(line, axis=1))
    return np.stack(out, axis=1)


def spread(x, kernel, stride):
    """A transposed "valid" convolution; kernel (rows, columns, out, in)."""
    rows, columns = kernel.shape[:2]
    out = np.zeros(
        (len(x), (x.shape[1] - 1) * stride + rows, (x.shape[2] - 1) * stride + columns, kernel.shape[2])
    )
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            part = np.einsum("bi,rcoi->brco", x[:, i, j], kernel)
            out[:, i * stride : i * stride + rows, j * stride : j * stride + columns] += part
    return out


def gate_arrays(prefix, order, kernel, recurrent, bias):
    """Keras 1's arrays, three for each gate, gates in the order of the letters `order` out of the kernels' "ifco"."""
    n, letters = recurrent.shape[0], "ifco" if len(order) == 4 else "zrh"
    out = []
    for gate in order:
        part = slice(letters.index(gate) * n, (letters.index(gate) + 1) * n)
        named = (("W", kernel[:, part]), ("U", recurrent[:, part]), ("b", bias[part]))
        out += [(f"{prefix}_{letter}_{gate}", array) for letter, array in named]
    return out


# ---- files of Keras 1.2


def dense_model(folder):
    w1, b1, w2, b2 = values(3, 4), values(4), values(4, 2), values(2)
    gamma, beta, mean, variance = values(4), values(4), values(4), np.abs(values(4)) + 0.1
    regularizer = {"name": "WeightRegularizer", "l1": 0.0, "l2": 0.01}
    config = sequential(
        layer("Dense", "dense_1", batch_input_shape=[None, 3], input_dtype="float32", output_dim=4,
              init="glorot_uniform", activation="relu", W_regularizer=regularizer, b_regularizer=None, activity_regularizer=None,
              W_constraint={"name": "MaxNorm", "m": 2, "axis": 0}, b_constraint=None, bias=True, input_dim=3),
        layer("Dropout", "dropout_1", p=0.5),
        layer("BatchNormalization", "batchnormalization_1", epsilon=1e-3, mode=0, axis=-1, momentum=0.99,
              gamma_regularizer=None, beta_regularizer=None),
        layer("Dense", "dense_2", output_dim=2, init="uniform", activation="softmax", W_regularizer=None,
              b_regularizer=None, activity_regularizer=None, W_constraint=None, b_constraint=None, bias=True,
              input_dim=None),
    )  # fmt: skip
    write(folder, "dense", config, [
        ("dense_1", [("dense_1_W", w1), ("dense_1_b", b1)]), ("dropout_1", []),
        ("batchnormalization_1", [("b_gamma", gamma), ("b_beta", beta), ("b_running_mean", mean),
                                  ("b_running_std", variance)]),
        ("dense_2", [("dense_2_W", w2), ("dense_2_b", b2)]),
    ])  # fmt: skip
    x = values(4, 3)
    h = np.maximum(x @ w1 + b1, 0)
    h = (h - mean) / np.sqrt(variance + 1e-3) * gamma + beta
    expect("dense", x, softmax(h @ w2 + b2))


def recurrent_arguments(units):
    return dict(output_dim=units, init="glorot_uniform", inner_init="orthogonal", activation="tanh",
                inner_activation="hard_sigmoid", W_regularizer=None, U_regularizer=None, b_regularizer=None,
                dropout_W=0.0, dropout_U=0.0, return_sequences=False, go_backwards=False, stateful=False, unroll=False,
                consume_less="cpu", input_dim=3, input_length=None)  # fmt: skip


def lstm_model(folder):
    table, kernel, recurrent, bias = values(7, 3), values(3, 8), values(2, 8), values(8)
    config = sequential(
        layer("Embedding", "embedding_1", batch_input_shape=[None, 5], input_dtype="int32", input_dim=7, output_dim=3,
              init="uniform", input_length=5, mask_zero=False, activity_regularizer=None, W_regularizer=None,
              W_constraint=None, dropout=0.0),
        layer("LSTM", "lstm_1", forget_bias_init="one", **recurrent_arguments(2)),
    )  # fmt: skip
    x = rng.integers(0, 7, (4, 5)).astype("int32")
    write(folder, "lstm", config, [
        ("embedding_1", [("embedding_1_W", table)]),
        ("lstm_1", gate_arrays("lstm_1", "icfo", kernel, recurrent, bias)),
    ])  # fmt: skip
    expect("lstm", x, lstm(table[x], kernel, recurrent, bias))


def bidirectional_model(folder):
    sets = [(values(3, 6), values(2, 6), values(6)) for _ in range(2)]
    inner = layer("GRU", "gru_1", **recurrent_arguments(2))
    wrapper = layer(
        "Bidirectional", "bidirectional_1", batch_input_shape=[None, 4, 3], layer=inner, merge_mode="concat"
    )
    arrays = [pair for k, one in enumerate(sets) for pair in gate_arrays(f"gru_{k}", "zrh", *one)]
    write(folder, "bidirectional", sequential(wrapper), [("bidirectional_1", arrays)])
    x = values(4, 4, 3)
    expect("bidirectional", x, np.concatenate([gru(x, *sets[0]), gru(x[:, ::-1], *sets[1])], axis=-1))


CONV = dict(init="glorot_uniform", W_regularizer=None, b_regularizer=None, activity_regularizer=None, W_constraint=None,
            b_constraint=None, bias=True, activation="linear")  # fmt: skip


def conv_lstm_model(folder):
    """Gates with kernels in Theano's order of axes: (filters, channels, rows, columns)."""
    kernels, recurrent, biases = values(4, 2, 1, 3, 3), values(4, 2, 2, 3, 3), values(4, 2)
    config = sequential(
        layer("ConvLSTM2D", "convlstm2d_1", batch_input_shape=[None, 3, 1, 5, 6], input_dtype="float32", nb_filter=2,
              nb_row=3, nb_col=3, init="glorot_uniform", inner_init="orthogonal", forget_bias_init="one",
              activation="tanh", inner_activation="hard_sigmoid", dim_ordering="th", border_mode="valid",
              subsample=[1, 1], return_sequences=False, go_backwards=False, stateful=False),
    )  # fmt: skip
    arrays = []
    for gate in "icfo":
        k = "ifco".index(gate)
        arrays += [(f"W_{gate}", kernels[k]), (f"U_{gate}", recurrent[k]), (f"b_{gate}", biases[k])]
    write(folder, "conv_lstm", config, [("convlstm2d_1", arrays)])
    x = values(2, 3, 1, 5, 6)
    h, c = np.zeros((2, 3, 4, 2)), np.zeros((2, 3, 4, 2))
    for t in range(3):
        frame, padded = x[:, t].transpose(0, 2, 3, 1), np.pad(h, ((0, 0), (1, 1), (1, 1), (0, 0)))
        i, f, new, o = (
            correlate(frame, kernels[k].transpose(2, 3, 1, 0))
            + biases[k]
            + correlate(padded, recurrent[k].transpose(2, 3, 1, 0))
            for k in range(4)
        )
        c = hard_sigmoid(f) * c + hard_sigmoid(i) * np.tanh(new)
        h = hard_sigmoid(o) * np.tanh(c)
    expect("conv_lstm", x, h.transpose(0, 3, 1, 2))


def theano_images(folder):
    """Axes in Theano's order, and kernels that Theano flips."""
    stored, bias, w, b = (
        values(3, 2, 3, 2),
        values(3),
        values(27, 2),
        values(2),
    )  # stored: (filters, channels, ...)
    config = sequential(
        layer("Convolution2D", "convolution2d_1", batch_input_shape=[None, 2, 8, 7], input_dtype="float32", nb_filter=3,
              nb_row=3, nb_col=2, border_mode="valid", subsample=[1, 1], dim_ordering="th", **CONV),
        layer("MaxPooling2D", "maxpooling2d_1", pool_size=[2, 2], strides=[2, 2], border_mode="valid",
              dim_ordering="th"),
        layer("Flatten", "flatten_1"),
        layer("Dense", "dense_1", output_dim=2, activation="linear", bias=True, init="normal", input_dim=27),
    )  # fmt: skip
    write(folder, "theano_images", config, [
        ("convolution2d_1", [("convolution2d_1_W", stored), ("convolution2d_1_b", bias)]), ("maxpooling2d_1", []),
        ("flatten_1", []), ("dense_1", [("dense_1_W", w), ("dense_1_b", b)]),
    ], backend="theano")  # fmt: skip
    x = values(3, 2, 8, 7)
    y = correlate(x.transpose(0, 2, 3, 1), stored.transpose(2, 3, 1, 0)[::-1, ::-1]) + bias
    y = y.reshape(3, 3, 2, 3, 2, 3).max(axis=(2, 4)).transpose(0, 3, 1, 2).reshape(3, -1)
    expect("theano_images", x, y @ w + b)


def tensorflow_images(folder):
    k1, b1, k2, b2 = values(3, 3, 2, 4), values(4), values(2, 2, 4, 3), values(3)
    k3, b3 = values(3, 3, 3, 2), values(2)  # of the deconvolution: (rows, columns, inputs, filters)
    config = sequential(
        layer("Convolution2D", "c1", batch_input_shape=[None, 9, 9, 2], input_dtype="float32", nb_filter=4, nb_row=3,
              nb_col=3, border_mode="valid", subsample=[2, 2], dim_ordering="tf", **CONV),
        layer("AtrousConvolution2D", "c2", nb_filter=3, nb_row=2, nb_col=2, border_mode="valid", subsample=[1, 1],
              atrous_rate=[2, 2], dim_ordering="tf", **CONV),
        layer("Deconvolution2D", "c3", nb_filter=2, nb_row=3, nb_col=3, output_shape=[None, 5, 5, 2],
              border_mode="valid", subsample=[2, 2], dim_ordering="tf", **CONV),
    )  # fmt: skip
    write(folder, "tensorflow_images", config, [
        ("c1", [("c1_W", k1), ("c1_b", b1)]), ("c2", [("c2_W", k2), ("c2_b", b2)]),
        ("c3", [("c3_W", k3), ("c3_b", b3)]),
    ])  # fmt: skip
    x = values(2, 9, 9, 2)
    y = correlate(correlate(x, k1, stride=2) + b1, k2, dilation=2) + b2
    expect("tensorflow_images", x, spread(y, k3.transpose(0, 1, 3, 2), 2) + b3)


def sequence_convolutions(folder):
    k, b = values(3, 1, 2, 4), values(4)  # (length, 1, inputs, filters)
    config = sequential(
        layer("Convolution1D", "convolution1d_1", batch_input_shape=[None, 6, 2], input_dtype="float32", nb_filter=4,
              filter_length=3, border_mode="valid", subsample_length=1, input_dim=2, input_length=6, **CONV),
        layer("MaxPooling1D", "maxpooling1d_1", pool_length=2, stride=2, border_mode="valid"),
        layer("Permute", "permute_1", dims=[2, 1]),
        layer("Reshape", "reshape_1", target_shape=[8]),
    )  # fmt: skip
    write(folder, "sequence", config, [("convolution1d_1", [("W", k), ("b", b)])])
    x = values(2, 6, 2)
    y = (correlate(x[:, :, None], k) + b)[:, :, 0].reshape(2, 2, 2, 4).max(axis=2)
    expect("sequence", x, y.transpose(0, 2, 1).reshape(2, 8))


def merged_branches(folder):
    """A Sequential model whose first layer merges two others: the file lists the layers of the branches."""
    wa, ba, wb, bb, w, b = values(3, 2), values(2), values(4, 3), values(3), values(5, 2), values(2)

    def branch(name, units, size):
        return sequential(layer("Dense", name, batch_input_shape=[None, size], input_dtype="float32", output_dim=units,
                                activation="tanh", init="uniform", bias=True, input_dim=size))  # fmt: skip

    merge = layer("Merge", "merge_1", layers=[branch("da", 2, 3), branch("db", 3, 4)], mode="concat", concat_axis=-1,
                  dot_axes=-1, mode_type="raw", output_shape=None, output_shape_type="raw", output_mask=None,
                  output_mask_type="raw", arguments={})  # fmt: skip
    out = layer("Dense", "dc", output_dim=2, activation="linear", init="uniform", bias=True, input_dim=5)
    write(folder, "merged", sequential(merge, out), [
        ("da", [("da_W", wa), ("da_b", ba)]), ("db", [("db_W", wb), ("db_b", bb)]), ("merge_1", []),
        ("dc", [("dc_W", w), ("dc_b", b)]),
    ])  # fmt: skip
    x, y = values(3, 3), values(3, 4)
    expect("merged", [x, y], np.concatenate([np.tanh(x @ wa + ba), np.tanh(y @ wb + bb)], axis=-1) @ w + b)


def functional_model(folder):
    """A shared layer, a model in a model with an LSTM in it, a Merge between tensors."""
    w, b = values(3, 3), values(3)
    kernel, recurrent, bias, w2, b2 = values(1, 8), values(2, 8), values(8), values(2, 2), values(2)

    def node(entry, *references):
        return {
            **entry,
            "name": entry["config"]["name"],
            "inbound_nodes": [[list(r) for r in call] for call in references],
        }

    def given(name, shape):
        return node(
            layer("InputLayer", name, batch_input_shape=[None, *shape], input_dtype="float32", sparse=False)
        )

    inner = {
        "name": "inner",
        "layers": [
            given("inner_in", [3]),
            node(layer("Reshape", "steps", target_shape=[3, 1]), [("inner_in", 0, 0)]),
            node(
                layer("LSTM", "lstm", forget_bias_init="one", **{**recurrent_arguments(2), "input_dim": 1}),
                [("steps", 0, 0)],
            ),
            node(
                layer("Dense", "last", output_dim=2, activation="linear", init="uniform", bias=True),
                [("lstm", 0, 0)],
            ),
        ],
        "input_layers": [["inner_in", 0, 0]],
        "output_layers": [["last", 0, 0]],
    }
    merge = layer("Merge", "merge", layers=[], mode="sum", concat_axis=-1, dot_axes=-1, mode_type="raw")
    config = {
        "name": "outer",
        "layers": [
            given("a", [3]),
            given("b", [3]),
            node(layer("Dense", "shared", output_dim=3, activation="linear", init="uniform", bias=True),
                 [("a", 0, 0)], [("b", 0, 0)]),
            {"class_name": "Model", "name": "inner", "config": inner,
             "inbound_nodes": [[["shared", 0, 0]], [["shared", 1, 0]]]},
            node(merge, [("inner", 1, 0), ("inner", 2, 0)]),
        ],
        "input_layers": [["a", 0, 0], ["b", 0, 0]],
        "output_layers": [["merge", 0, 0]],
    }  # fmt: skip
    arrays = gate_arrays("lstm", "icfo", kernel, recurrent, bias) + [("last_W", w2), ("last_b", b2)]
    layers = [("a", []), ("b", []), ("shared", [("W", w), ("b", b)]), ("inner", arrays), ("merge", [])]
    write(folder, "functional", {"class_name": "Model", "config": config, "keras_version": "1.2.2"}, layers)
    xs = [values(2, 3), values(2, 3)]
    outs = [lstm((x @ w + b)[:, :, None], kernel, recurrent, bias) @ w2 + b2 for x in xs]
    expect("functional", xs, outs[0] + outs[1])


# ---- files of Keras 2.0 to 2.2


def cudnn_model(folder):
    """CuDNN's layout: kernels transposed gate by gate, two biases."""
    units, kernel, recurrent = 2, values(3, 8), values(2, 8)
    biases, gru_kernel, gru_recurrent, gru_biases = values(2, 8), values(3, 6), values(2, 6), values(2, 6)

    def stored(kernel, recurrent, gates):
        parts = np.split(kernel, gates, axis=1), np.split(recurrent, gates, axis=1)
        return (np.concatenate([k.T.reshape(k.shape) for k in parts[0]], axis=1),
                np.concatenate([k.T for k in parts[1]], axis=1))  # fmt: skip

    def node(entry, *references):
        return {
            **entry,
            "name": entry["config"]["name"],
            "inbound_nodes": [[[*r, {}] for r in call] for call in references],
        }

    arguments = dict(units=units, return_sequences=False, return_state=False, go_backwards=False, stateful=False,
                     kernel_initializer={"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg",
                                         "distribution": "normal", "seed": None}}, kernel_regularizer=None)  # fmt: skip
    config = {
        "name": "model_1",
        "layers": [
            node(layer("InputLayer", "x", batch_input_shape=[None, 4, 3], dtype="float32", sparse=False)),
            node(layer("CuDNNLSTM", "cu_dnnlstm_1", unit_forget_bias=True, **arguments), [("x", 0, 0)]),
            node(layer("CuDNNGRU", "cu_dnngru_1", **arguments), [("x", 0, 0)]),
            node(
                layer("Concatenate", "concatenate_1", axis=-1),
                [("cu_dnnlstm_1", 0, 0), ("cu_dnngru_1", 0, 0)],
            ),
        ],
        "input_layers": [["x", 0, 0]],
        "output_layers": [["concatenate_1", 0, 0]],
    }
    names = ("kernel:0", "recurrent_kernel:0", "bias:0")
    first = [*stored(kernel, recurrent, 4), biases.ravel()]
    second = [*stored(gru_kernel, gru_recurrent, 3), gru_biases.ravel()]
    layers = [
        ("x", []),
        ("cu_dnnlstm_1", [(f"cu_dnnlstm_1/{n}", a) for n, a in zip(names, first, strict=True)]),
        ("cu_dnngru_1", [(f"cu_dnngru_1/{n}", a) for n, a in zip(names, second, strict=True)]),
        ("concatenate_1", []),
    ]
    config = {"class_name": "Model", "config": config, "keras_version": "2.2.4", "backend": "tensorflow"}
    write(folder, "cudnn", config, layers, "2.2.4", "tensorflow")
    x = values(3, 4, 3)
    one = lstm(x, kernel, recurrent, biases.sum(axis=0), sigmoid)
    expect("cudnn", x, np.concatenate([one, gru(x, gru_kernel, gru_recurrent, gru_biases, sigmoid)], axis=-1))


def keras_2_model(folder):
    """Kernels side by side, names with ":0", Theano's flip said by the backend alone."""
    k, b, kernel, recurrent, bias = values(3, 2, 4), values(4), values(4, 6), values(2, 6), values(6)
    config = sequential(
        layer("Conv1D", "conv1d_1", batch_input_shape=[None, 7, 2], dtype="float32", filters=4, kernel_size=[3],
              strides=[1], padding="valid", dilation_rate=[1], activation="relu", use_bias=True,
              kernel_initializer={"class_name": "VarianceScaling", "config": {"scale": 1.0, "mode": "fan_avg",
                                  "distribution": "uniform", "seed": None}},
              bias_initializer={"class_name": "Zeros", "config": {}}, kernel_regularizer=None, bias_regularizer=None,
              activity_regularizer=None, kernel_constraint=None, bias_constraint=None),
        layer("GRU", "gru_1", units=2, activation="tanh", recurrent_activation="hard_sigmoid", use_bias=True,
              return_sequences=False, go_backwards=False, stateful=False, unroll=False, implementation=0, dropout=0.0,
              recurrent_dropout=0.0),
        version="2.0.8",
    )  # fmt: skip
    layers = [
        ("conv1d_1", [("conv1d_1/kernel:0", k), ("conv1d_1/bias:0", b)]),
        (
            "gru_1",
            [("gru_1/kernel:0", kernel), ("gru_1/recurrent_kernel:0", recurrent), ("gru_1/bias:0", bias)],
        ),
    ]
    write(folder, "keras2_theano", config, layers, "2.0.8", "theano")
    x = values(2, 7, 2)
    y = np.maximum((correlate(x[:, :, None], k[::-1, None]) + b)[:, :, 0], 0)
    expect("keras2_theano", x, gru(y, kernel, recurrent, bias))


# ---- optimizers of Keras 1 and 2, in the middle of training


def sgd(state, p, g, t, lr=0.1, momentum=0.9):
    state["m"] = momentum * state["m"] - lr / (1 + 0.5 * t) * g
    return p + momentum * state["m"] - lr / (1 + 0.5 * t) * g  # nesterov


def rmsprop(state, p, g, t):
    state["a"] = 0.9 * state["a"] + 0.1 * g**2
    return p - 0.01 * g / (np.sqrt(state["a"]) + 1e-8)


def adagrad(state, p, g, t):
    state["a"] = state["a"] + g**2
    return p - 0.1 * g / (np.sqrt(state["a"]) + 1e-8)


def adadelta(state, p, g, t):
    state["a"] = 0.95 * state["a"] + 0.05 * g**2
    step = g * np.sqrt(state["d"] + 1e-6) / np.sqrt(state["a"] + 1e-6)
    state["d"] = 0.95 * state["d"] + 0.05 * step**2
    return p - step


def adam(state, p, g, t, lr=0.05):
    state["m"], state["v"] = 0.9 * state["m"] + 0.1 * g, 0.999 * state["v"] + 0.001 * g**2
    rate = lr / (1 + 0.25 * t) * np.sqrt(1 - 0.999 ** (t + 1)) / (1 - 0.9 ** (t + 1))
    return p - rate * state["m"] / (np.sqrt(state["v"]) + 1e-8)


def adamax(state, p, g, t):
    state["m"], state["u"] = 0.9 * state["m"] + 0.1 * g, np.maximum(0.999 * state["u"], np.abs(g))
    return p - 0.05 / (1 - 0.9 ** (t + 1)) * state["m"] / (state["u"] + 1e-8)


BETAS = dict(beta_1=0.9, beta_2=0.999, epsilon=1e-8)
# class, arguments, formula, slots in the order of the file, whether the step count is in the file
OPTIMIZERS = {
    "sgd": ("SGD", dict(lr=0.1, momentum=0.9, decay=0.5, nesterov=True), sgd, "m", True),
    "rmsprop": ("RMSprop", dict(lr=0.01, rho=0.9, epsilon=1e-8), rmsprop, "a", False),
    "adagrad": ("Adagrad", dict(lr=0.1, epsilon=1e-8), adagrad, "a", False),
    "adadelta": ("Adadelta", dict(lr=1.0, rho=0.95, epsilon=1e-6), adadelta, "ad", False),
    "adam": ("Adam", dict(lr=0.05, decay=0.25, clipnorm=0.3, **BETAS), adam, "mv", True),
    "adamax": ("Adamax", dict(lr=0.05, **BETAS), adamax, "mu", True),
}


def optimizer_model(folder, name):
    class_name, arguments, update, slots, counted = OPTIMIZERS[name]
    x, y = values(6, 3).astype("float64"), values(6, 2).astype("float64")
    parameters = [values(3, 2).astype("float64"), values(2).astype("float64")]
    states = [{slot: np.zeros_like(p) for slot in slots} for p in parameters]

    def step(t):
        error = x @ parameters[0] + parameters[1] - y
        g = 2 * error / error.size
        gradients = [x.T @ g, g.sum(axis=0)]
        norm = np.sqrt(sum((g**2).sum() for g in gradients))
        if norm > arguments.get(
            "clipnorm", np.inf
        ):  # Keras 1 and 2 clipped all gradients by their common norm
            gradients = [g * arguments["clipnorm"] / norm for g in gradients]
        for i, g in enumerate(gradients):
            parameters[i] = update(states[i], parameters[i], g, t)
        return (error**2).mean()

    for t in range(4):
        step(t)
    dense = layer("Dense", "dense_1", batch_input_shape=[None, 3], input_dtype="float32", output_dim=2, init="uniform",
                  activation="linear", bias=True, input_dim=3)  # fmt: skip
    arrays = [("Variable:0", np.float32(4))] if counted else []
    for slot in slots:
        for state in states:
            arrays.append((f"Variable_{len(arrays) + 1}:0", state[slot].astype("float32")))
    training = {
        "optimizer_config": {"class_name": class_name, "config": arguments}, "loss": "mse", "metrics": ["mae"],
        "sample_weight_mode": None, "loss_weights": None,
    }  # fmt: skip
    weights = [("dense_1_W", parameters[0].astype("float32")), ("dense_1_b", parameters[1].astype("float32"))]
    write(
        folder,
        f"optimizer_{name}",
        sequential(dense),
        [("dense_1", weights)],
        training=training,
        slots=arrays,
    )
    prediction = x @ parameters[0] + parameters[1]
    losses = [step(t) for t in range(4, 8)]
    expect(f"optimizer_{name}", x.astype("float32"), prediction, y0=y.astype("float32"), loss=losses)


MODELS = (
    dense_model,
    lstm_model,
    bidirectional_model,
    conv_lstm_model,
    theano_images,
    tensorflow_images,
    sequence_convolutions,
    merged_branches,
    functional_model,
    cudnn_model,
    keras_2_model,
)


def main():
    with tempfile.TemporaryDirectory() as folder:
        for build in MODELS:
            build(folder)
        for name in OPTIMIZERS:
            optimizer_model(folder, name)
        buffer = io.BytesIO()
        np.savez(buffer, **recorded)
        with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED) as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)
            archive.writestr("recorded.npz", buffer.getvalue())
    print(TARGET, TARGET.stat().st_size)


if __name__ == "__main__":
    main()
