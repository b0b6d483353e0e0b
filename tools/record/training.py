"""Record golden cases of training: two epochs of small models with fixed weights and a fixed order of the data.

Run with Keras 3.15 and JAX installed, from any folder:  KERAS_BACKEND=jax python tools/record/training.py
Writes tests/golden/training.npz. `models` is a JSON dict of the models' configs, `arrays` the names of the data;
`cases` is one line of JSON per case: the model, what `compile` and `fit` get, and what Keras reported (history,
evaluate as a list and as a dict). `structures` describes models of all shapes. `<i>.weights`, `<i>.predictions` and `<i>.gradients` are flat float32 arrays.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import keras
import numpy as np
from keras import Input, Model, Sequential, layers

OUT = pathlib.Path(__file__).resolve().parents[2] / "tests/golden/training.npz"
rng = np.random.default_rng(5)


def positive(*shape):
    return rng.uniform(0.1, 1, shape).astype("float32")


labels = np.array([0, 1, 2, 2, 1, 0, 1, 2, 0, 1])
ARRAYS = {
    "x": rng.normal(size=(10, 3)).astype("float32"),
    "y": rng.normal(size=(10, 2)).astype("float32"),
    "signs": np.sign(rng.normal(size=(10, 2))).astype("float32"),
    "shares": (lambda p: p / p.sum(-1, keepdims=True))(positive(10, 3)),
    "rates": positive(10, 2),
    "labels": labels,
    "column": labels[:, None],
    "onehot": np.eye(3, dtype="float32")[labels],
    "bits": (labels > 0).astype("float32")[:, None],
    "weights": positive(10),
    "column_weights": positive(10, 1),
    "tokens": np.array([[1, 2, 0], [3, 0, 0], [1, 1, 2], [2, 0, 0], [3, 2, 1],
                        [1, 0, 0], [2, 2, 0], [3, 3, 3], [1, 3, 0], [2, 0, 0]]),
    "steps": rng.normal(size=(10, 3, 2)).astype("float32"),
    "step_labels": rng.integers(0, 2, (10, 3)),
    "step_weights": positive(10, 3),
}  # fmt: skip


# ---- models


def stack(*parts, inputs=(3,), dtype=None, name="model"):
    return Sequential([Input(inputs, dtype=dtype, name="x"), *parts], name=name)


def mlp(units=2, activation=None, **hidden):
    return stack(
        layers.Dense(5, activation="tanh", name="hidden", **hidden),
        layers.Dense(units, activation=activation, name="out"),
    )


def two_heads(as_dict=False):
    x = Input((3,), name="x")
    hidden = layers.Dense(4, activation="tanh", name="hidden")(x)
    regression, classes = (
        layers.Dense(2, name="a")(hidden),
        layers.Dense(3, activation="softmax", name="b")(hidden),
    )
    return Model(x, {"a": regression, "b": classes} if as_dict else [regression, classes], name="model")


def two_inputs():
    x, z = Input((3,), name="x"), Input((2,), name="z")
    shared = layers.Dense(4, activation="tanh", name="shared")
    merged = layers.Concatenate(name="both")([shared(x), shared(layers.Dense(3, name="up")(z))])
    return Model({"x": x, "z": z}, layers.Dense(2, name="out")(merged), name="model")


def tokens(units, activation=None):
    return stack(
        layers.Embedding(4, 3, mask_zero=True, name="words"),
        layers.Dense(units, activation=activation, name="out"),
        inputs=(3,),
        dtype="int32",
    )


BOTH_NORMS = keras.regularizers.L1L2(0.01, 0.02)
MODELS = {
    "mlp": mlp(),
    "mlp3": mlp(3),
    "softmax": mlp(3, "softmax"),
    "sigmoid": mlp(1, "sigmoid"),
    "logit": mlp(1),
    "softplus": mlp(2, "softplus"),
    "linear": stack(layers.Dense(2, use_bias=False, name="out")),
    "heads": two_heads(),
    "dict_heads": two_heads(as_dict=True),
    "two_inputs": two_inputs(),
    "tokens": tokens(2),
    "token_classes": tokens(2, "softmax"),
    "frozen": stack(layers.Dense(5, trainable=False, name="hidden"), layers.Dense(2, name="out")),
    "regularized": mlp(kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer=BOTH_NORMS),
    "constrained": mlp(kernel_constraint=keras.constraints.MaxNorm(0.6), bias_constraint="non_neg"),
    "activity": stack(
        layers.Dense(5, name="hidden"), layers.ActivityRegularization(0.1, 0.2), layers.Dense(2, name="out")
    ),
}  # fmt: skip


# ---- models of all shapes: only their configs, names, weights' order and outputs are recorded


def block(name):
    x = Input((3,), name=f"{name}_x")
    return Model(x, layers.Dense(3, name=f"{name}_out")(layers.Dense(4, name=f"{name}_in")(x)), name=name)


def structures():
    x, z = Input((3,), name="x"), Input((2,), name="z")
    yield "nested", Model(x, layers.Dense(1, name="out")(block("inner")(x)), name="model")
    middle = Sequential([Input((3,), name="s"), block("deep")], name="middle")
    yield "nested_twice", stack(middle, layers.Dense(1, name="out"))
    twice = layers.Dense(3, name="twice")
    yield "shared", Model(x, twice(layers.Activation("tanh", name="tanh")(twice(x))), name="model")
    one, two = layers.Dense(3, name="one"), layers.Dense(3, name="two")
    both = layers.Add(name="sum")([two(x), one(x)])
    late = layers.Concatenate(name="cat")([both, layers.Dense(2, name="late")(one(both))])
    yield "diamond", Model(x, [layers.Dense(1, name="first")(late), both], name="model")
    yield "unused", Model([x, z], layers.Dense(2, name="out")(z), name="model")
    yield (
        "tuples",
        Model((x, z), (layers.Dense(2, name="out")(z), layers.Dense(1, name="more")(x)), name="model"),
    )
    outputs = {"n": layers.Dense(2, name="b")(z), "m": [layers.Dense(1, name="a")(x)]}
    yield "dicts", Model({"q": z, "p": x}, outputs, name="model")
    ops = keras.ops
    part = ops.relu(ops.concatenate([x * 2 + 1, -x], axis=-1))[:, 1:5]
    yield (
        "ops",
        Model(x, layers.Dense(2, name="out")(ops.mean(part, axis=-1, keepdims=True) / 3), name="model"),
    )
    inner = block("cut")
    yield "cut", Model(inner.get_layer("cut_in").output, inner.output, name="model")
    frozen = block("frozen")
    frozen.trainable = False
    yield "frozen", Model(x, layers.Dense(1, name="out")(frozen(x)), name="model")


def describe(model):
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(model)))
    model = keras.saving.deserialize_keras_object(
        json.loads(json.dumps(config))
    )  # it changes what it is given
    start(model)
    shapes = keras.tree.map_structure(lambda t: t.shape[1:], model.inputs)
    random = np.random.RandomState(4)
    inputs = [random.standard_normal((2, *shape)).astype("float32") for shape in shapes]
    outputs = keras.tree.flatten(
        model(
            inputs[0] if isinstance(model, Sequential) else keras.tree.pack_sequence_as(model.input, inputs)
        )
    )
    return {
        "config": config,
        "layers": [layer.name for layer in model.layers],
        "weights": [w.path for w in model.weights],
        "trainable": [w.path for w in model.trainable_weights],
        "shapes": [model.input_shape, model.output_shape],
        "outputs": [np.asarray(out).tolist() for out in outputs],
    }


# ---- cases

SGD = {"class_name": "SGD", "config": {"learning_rate": 0.1}}
CASES = []


def add(model="mlp", x="x", y="y", optimizer=SGD, loss="mse", fit=None, **compiled):
    compiled = {"optimizer": optimizer, "loss": loss, **compiled}
    CASES.append({"model": model, "x": x, "y": y, "compile": compiled, "fit": fit or {}})


def schedule(name, **config):
    return {"class_name": name, "config": config}


def optimizer(name, **config):
    add(optimizer={"class_name": name, "config": config})


def of_optimizers():
    decay = schedule("ExponentialDecay", initial_learning_rate=0.2, decay_steps=2, decay_rate=0.5)
    steps = schedule("PiecewiseConstantDecay", boundaries=[1, 3], values=[0.2, 0.1, 0.05])
    optimizer("SGD", learning_rate=0.1)
    optimizer("SGD", learning_rate=0.1, momentum=0.9)
    optimizer("SGD", learning_rate=0.1, momentum=0.9, nesterov=True)
    optimizer("SGD", learning_rate=decay)
    optimizer("SGD", learning_rate=steps, momentum=0.5)
    optimizer("SGD", learning_rate=0.1, weight_decay=0.1)
    optimizer("SGD", learning_rate=0.1, clipnorm=0.3)
    optimizer("SGD", learning_rate=0.1, clipvalue=0.05)
    optimizer("SGD", learning_rate=0.1, global_clipnorm=0.3)
    optimizer("SGD", learning_rate=0.1, use_ema=True, ema_momentum=0.5)
    optimizer("SGD", learning_rate=0.1, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=2)
    optimizer("SGD", learning_rate=0.1, gradient_accumulation_steps=2)
    optimizer("RMSprop", learning_rate=0.02)
    optimizer("RMSprop", learning_rate=0.02, momentum=0.5, centered=True)
    optimizer("Adam", learning_rate=0.02)
    optimizer("Adam", learning_rate=0.02, amsgrad=True)
    optimizer("Adam", learning_rate=decay, clipnorm=0.5)
    optimizer("AdamW", learning_rate=0.02, weight_decay=0.1)
    optimizer("Adamax", learning_rate=0.02)
    optimizer("Nadam", learning_rate=0.02)
    optimizer("Adagrad", learning_rate=0.1)
    optimizer("Adadelta", learning_rate=1.0)
    optimizer("Ftrl", learning_rate=0.1)
    optimizer("Lion", learning_rate=0.02)
    optimizer("Lamb", learning_rate=0.02)
    add(optimizer="rmsprop")
    add(optimizer="adam")


def of_losses():
    add(
        "softplus",
        y="rates",
        loss="mape",
        optimizer={"class_name": "SGD", "config": {"learning_rate": 0.001}},
    )
    for name in ("mse", "mae", "msle", "huber", "log_cosh", "cosine_similarity", "mean_squared_error"):
        add(loss=name)
    add(loss={"class_name": "Huber", "config": {"delta": 0.3}})
    add(loss={"class_name": "MeanSquaredError", "config": {"reduction": "sum"}})
    add(
        loss={"class_name": "MeanAbsoluteError", "config": {"reduction": "mean_with_sample_weight"}},
        fit={"sample_weight": "weights"},
    )
    add(loss={"class_name": "CosineSimilarity", "config": {"axis": 1}})
    for name in ("hinge", "squared_hinge", "categorical_hinge"):
        add(y="signs", loss=name)
    add("softplus", y="rates", loss="poisson")
    add("softplus", y="rates", loss="msle")
    add("softmax", y="shares", loss="kl_divergence")
    add("softmax", y="onehot", loss="categorical_crossentropy", metrics=["accuracy"])
    add("softmax", y="onehot", loss="categorical_focal_crossentropy")
    add("softmax", y="onehot", loss="dice")
    add("softmax", y="labels", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    add("softmax", y="column", loss="sparse_categorical_crossentropy", metrics=["acc"])
    add(
        "mlp3",
        y="onehot",
        loss={
            "class_name": "CategoricalCrossentropy",
            "config": {"from_logits": True, "label_smoothing": 0.1},
        },
    )
    add(
        "mlp3",
        y="labels",
        loss={"class_name": "SparseCategoricalCrossentropy", "config": {"from_logits": True}},
        metrics=["accuracy"],
    )
    add(
        "mlp3",
        y="labels",
        loss={
            "class_name": "SparseCategoricalCrossentropy",
            "config": {"from_logits": True, "ignore_class": 1},
        },
    )
    add(
        "sigmoid",
        y="bits",
        loss="binary_crossentropy",
        metrics=["accuracy", {"class_name": "AUC", "config": {"name": "auc"}}],
    )
    add("sigmoid", y="bits", loss="binary_focal_crossentropy")
    add(
        "logit",
        y="bits",
        loss={"class_name": "BinaryCrossentropy", "config": {"from_logits": True, "label_smoothing": 0.2}},
    )


def of_features():
    weights = {"sample_weight": "weights"}
    add(fit=weights, metrics=["mae"], weighted_metrics=["mse", "mae"])
    add(fit={"sample_weight": "column_weights"}, weighted_metrics=["mae"])
    add(
        "softmax",
        y="labels",
        loss="sparse_categorical_crossentropy",
        fit={"class_weight": {"0": 1.0, "1": 3.0, "2": 0.5}},
        weighted_metrics=["accuracy"],
    )
    add("softmax", y="onehot", loss="categorical_crossentropy", fit={"class_weight": {"0": 2.0}})
    add(fit={"validation_split": 0.3}, metrics=["mae", "mse"])
    add(fit={"validation_split": 0.25, **weights}, weighted_metrics=["mae"])
    add(fit={"validation_data": ["x", "y", "weights"], "validation_freq": 2})
    add(fit={"steps_per_epoch": 2})
    add(loss_weights=0.3)
    add(loss_weights=[2.0])
    add(steps_per_execution=2, metrics=["mae"])
    add(
        metrics=["mae", {"class_name": "MeanAbsoluteError", "config": {"name": "mae"}}, "mse"],
        weighted_metrics=["mae"],
    )
    both = ["mse", "sparse_categorical_crossentropy"]
    add("heads", y=["y", "labels"], loss=both, loss_weights=[1.0, 0.5], metrics=[["mae"], ["accuracy"]])
    add(
        "heads",
        y={"b": "labels", "a": "y"},
        loss={"b": both[1], "a": "mae"},
        loss_weights={"b": 2.0, "a": 0.5},
    )
    add("heads", y=["y", "labels"], loss=["mse", None], metrics=["mae", None])
    add("heads", y=["y", "labels"], loss=both, fit={"sample_weight": ["weights", "column_weights"]})
    add("dict_heads", y={"a": "y", "b": "labels"}, loss={"a": "mse", "b": both[1]}, loss_weights={"a": 0.2, "b": 1.0},
        metrics={"b": "accuracy", "a": ["mae", "mse"]}, weighted_metrics={"a": "mae"},
        fit={"sample_weight": {"a": "weights", "b": "weights"}})  # fmt: skip
    add("two_inputs", x={"z": "y", "x": "x"}, y="rates")
    add("two_inputs", x={"x": "x", "z": "y"}, y="rates", optimizer="adam", fit={"validation_split": 0.3})
    add("tokens", x="tokens", y="steps", metrics=["mae"], weighted_metrics=["mse"])
    add(
        "tokens",
        x="tokens",
        y="steps",
        fit={"sample_weight": "step_weights"},
        metrics=["mae"],
        weighted_metrics=["mse"],
    )
    add(
        "token_classes",
        x="tokens",
        y="step_labels",
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    for model in ("linear", "frozen", "regularized", "constrained", "activity"):
        add(model, metrics=["mae"])
        add(model, optimizer={"class_name": "Adam", "config": {"learning_rate": 0.05}})


# ---- running them


def start(model):
    """Set weights that do not depend on the initializers; the test does the same."""
    random = np.random.RandomState(3)
    model.set_weights(
        [(0.7 * random.standard_normal(w.shape)).astype("float32") for w in model.get_weights()]
    )


def data(names):
    return keras.tree.map_structure(lambda n: ARRAYS[n] if isinstance(n, str) else n, names)


def made(kind, value):
    """The object that a config stands for; inside its config, that of a schedule."""
    if isinstance(value, dict) and "class_name" in value:
        config = {k: made(keras.optimizers.schedules, v) for k, v in value["config"].items()}
        return getattr(kind, value["class_name"])(**config)
    return value


def run(case):
    compiled = dict(case["compile"])
    compiled["optimizer"] = made(keras.optimizers, compiled["optimizer"])
    if not isinstance(compiled["loss"], list):
        compiled["loss"] = made(keras.losses, compiled["loss"])
    if isinstance(compiled.get("metrics"), list):
        compiled["metrics"] = [made(keras.metrics, m) for m in compiled["metrics"]]
    model = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(MODELS[case["model"]]))
    start(model)
    model.compile(**compiled)
    x, y = data(case["x"]), data(case["y"])
    fit = dict(case["fit"])
    for name in ("sample_weight", "validation_data"):
        if name in fit:
            fit[name] = data(fit[name])
    if "validation_data" in fit:
        fit["validation_data"] = tuple(fit["validation_data"])
    if "class_weight" in fit:
        fit["class_weight"] = {int(k): v for k, v in fit["class_weight"].items()}
    found = {"gradients": flat(gradients(model, x, y))}
    history = model.fit(x, y, batch_size=4, epochs=2, shuffle=False, verbose=0, **fit).history
    weight = fit.get("sample_weight")
    found["weights"] = flat(model.get_weights())
    found["predictions"] = flat(keras.tree.flatten(model.predict(x, batch_size=4, verbose=0)))
    if case["x"] == "tokens":  # in a training step on JAX, y_pred loses its mask on the way to the metrics
        history = {name: values if name == "loss" else None for name, values in history.items()}
    case["history"] = history
    case["evaluate"] = model.evaluate(x, y, batch_size=4, sample_weight=weight, verbose=0, return_dict=True)
    listed = model.evaluate(x, y, batch_size=4, sample_weight=weight, verbose=0)
    listed = listed if isinstance(listed, list) else [listed]
    # Keras repeats a value where two metrics have one name; kx lists each once
    case["listed"] = listed if len(listed) == len(case["evaluate"]) else None
    case["weight_paths"] = [w.path for w in model.weights]
    return found


def gradients(model, x, y):
    """Of the whole loss of all samples (the compiled loss and what layers add) at the starting weights."""
    model.evaluate(x, y, verbose=0)  # resolves the losses

    def loss(trainable):
        values = [v.value for v in model.non_trainable_variables]
        out, _, added = model.stateless_call(trainable, values, x, return_losses=True)
        return model._compile_loss(y, out) + sum(added)

    return jax.grad(loss)([v.value for v in model.trainable_variables])


def flat(arrays):
    return np.concatenate([np.asarray(a, "float32").ravel() for a in arrays])


def main():
    of_optimizers()
    of_losses()
    of_features()
    stored = {f"data.{name}": value for name, value in ARRAYS.items()}
    for i, case in enumerate(CASES):
        stored.update({f"{i}.{name}": value for name, value in run(case).items()})
    configs = {name: keras.saving.serialize_keras_object(model) for name, model in MODELS.items()}
    stored["models"] = json.dumps(configs)
    stored["structures"] = json.dumps({name: describe(model) for name, model in structures()})
    stored["cases"] = "\n".join(json.dumps(case) for case in CASES)
    OUT.parent.mkdir(exist_ok=True)
    np.savez_compressed(OUT, **stored)
    print(f"{len(CASES)} cases, {OUT.stat().st_size} bytes")


if __name__ == "__main__":
    main()
