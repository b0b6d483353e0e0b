"""Record golden cases of Keras's losses: values, gradients, dtypes, reductions, weights, masks, configs.

Run with Keras 3.15 and JAX installed, from any folder:  KERAS_BACKEND=jax python tools/record/losses.py
Writes packages/kx-losses/tests/golden/loss_functions.npz and loss_objects.npz. Arrays lie in one flat pool a dtype; a
case is one line of JSON in which {"$": [dtype, offset, shape]} stands for an array.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import jax.numpy as jnp
import keras
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-losses/tests/golden"
BINARY_NAMES = {"binary_crossentropy", "binary_focal_crossentropy"}


class Pool:
    """Cases whose arrays are kept once each, in one flat array a dtype."""

    def __init__(self):
        self.flat, self.size, self.seen, self.cases = {}, {}, {}, []

    def put(self, value):
        if value is None or isinstance(value, (bool, int, float, str)):
            return value
        array = np.asarray(value)
        stored = array.astype(np.float32) if array.dtype.name == "bfloat16" else array
        name = stored.dtype.name
        key = (array.dtype.name, array.shape, stored.tobytes())
        if key not in self.seen:
            offset = self.size.get(name, 0)
            self.flat.setdefault(name, []).append(stored.ravel())
            self.size[name] = offset + stored.size
            self.seen[key] = {"$": [name, offset, list(array.shape), array.dtype.name]}
        return self.seen[key]

    def add(self, **case):
        self.cases.append(json.dumps(case))

    def save(self, name):
        GOLDEN.mkdir(parents=True, exist_ok=True)
        path = GOLDEN / f"{name}.npz"
        arrays = {key: np.concatenate(parts) for key, parts in self.flat.items()}
        np.savez_compressed(path, cases=np.array("\n".join(self.cases)), **arrays)
        print(path.name, len(self.cases), "cases,", path.stat().st_size, "bytes")


rng = np.random.default_rng(7)


def normal(*shape):
    return rng.normal(size=shape).astype("float32")


def softmax(x, axis=-1):
    e = np.exp(x - x.max(axis, keepdims=True))
    return (e / e.sum(axis, keepdims=True)).astype("float32")


def one_hot(*shape):
    classes = shape[-1]
    return np.eye(classes, dtype="float32")[rng.integers(0, classes, shape[:-1])]


def bits(*shape):
    return rng.integers(0, 2, shape).astype("float32")


def unit(*shape):
    x = normal(*shape)
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def uniform(*shape):
    return rng.uniform(0.02, 0.98, shape).astype("float32")


def regression_inputs():
    yield normal(4, 3), normal(4, 3)
    yield normal(2, 3, 4), normal(2, 3, 4)
    yield normal(5), normal(5)
    yield normal(5), normal(5, 1)
    yield normal(5, 1), normal(5)
    yield normal(4, 1), normal(4, 3)
    yield rng.integers(-3, 4, (4, 3)), normal(4, 3)


def positive_inputs():
    for y_true, y_pred in regression_inputs():
        yield np.abs(y_true), np.abs(y_pred)
    yield np.array([[0.0, 2.0, 1.0]], "float32"), np.array([[0.5, 0.0, 3.0]], "float32")


def signed_inputs():
    for shape in ((4, 3), (2, 3, 4), (5,)):
        yield bits(*shape), normal(*shape)
        yield 2 * bits(*shape) - 1, normal(*shape)
    yield bits(5), normal(5, 1)
    yield bits(4, 3).astype("int32"), normal(4, 3)


def categorical_inputs():
    yield one_hot(4, 3), softmax(normal(4, 3))
    yield softmax(normal(2, 3, 4)), softmax(normal(2, 3, 4))
    yield one_hot(4, 3), uniform(4, 3)  # rows that do not sum to one
    yield np.eye(3, dtype="float32"), np.array([[1, 0, 0], [0, 0, 1], [0.2, 0.3, 0.5]], "float32")
    yield one_hot(4, 3).astype("int32"), softmax(normal(4, 3))


def logits_inputs():
    yield one_hot(4, 3), normal(4, 3)
    yield softmax(normal(2, 3, 4)), 5 * normal(2, 3, 4)


def binary_inputs():
    for shape in ((4, 3), (2, 3, 4), (5,), (5, 1)):
        yield bits(*shape), uniform(*shape)
    yield bits(5), uniform(5, 1)
    yield bits(5, 1), uniform(5)
    yield np.array([[0.0, 1.0, 0.0, 1.0]], "float32"), np.array([[0.0, 1.0, 1.0, 0.0]], "float32")
    yield bits(4, 3).astype("int32"), uniform(4, 3)


def binary_logits():
    yield bits(4, 3), 4 * normal(4, 3)
    yield bits(5), normal(5, 1)
    yield np.array([[0.0, 1.0, 0.0, 1.0]], "float32"), np.array([[90.0, 90.0, -90.0, -90.0]], "float32")


def sparse_inputs():
    yield rng.integers(0, 3, (4,)), softmax(normal(4, 3))
    yield rng.integers(0, 3, (4, 1)), softmax(normal(4, 3))
    yield rng.integers(0, 4, (2, 3)), softmax(normal(2, 3, 4))
    yield rng.integers(0, 4, (2, 3, 1)), uniform(2, 3, 4)
    yield rng.integers(0, 3, (4,)).astype("float32"), softmax(normal(4, 3))


def sparse_logits():
    yield rng.integers(0, 3, (4,)), normal(4, 3)
    yield rng.integers(0, 4, (2, 3)), 5 * normal(2, 3, 4)


def channels_first(inputs):
    return [(np.moveaxis(t, -1, 1) if t.ndim == p.ndim else t, np.moveaxis(p, -1, 1)) for t, p in inputs]


def segmentation_inputs():
    yield bits(2, 4, 4, 1), uniform(2, 4, 4, 1)
    yield bits(3, 5), uniform(3, 5)
    yield bits(2, 4, 4).astype("int32"), uniform(2, 4, 4)


def circle_inputs():
    yield np.array([0, 1, 0, 2, 1, 2]), unit(6, 4)
    yield np.array([[0], [1], [0], [0]]), unit(4, 3)
    yield np.array([0, 1, 2]), unit(3, 4)


FUNCTIONS = [
    ("mean_squared_error", {}, regression_inputs),
    ("mean_absolute_error", {}, regression_inputs),
    ("mean_absolute_percentage_error", {}, regression_inputs),
    ("mean_squared_logarithmic_error", {}, regression_inputs),
    ("cosine_similarity", {}, regression_inputs),
    ("cosine_similarity", {"axis": 0}, lambda: [(normal(4, 3), normal(4, 3))]),
    ("cosine_similarity", {}, lambda: [(np.zeros((2, 3), "float32"), normal(2, 3))]),
    ("huber", {}, regression_inputs),
    ("huber", {"delta": 0.3}, regression_inputs),
    ("log_cosh", {}, regression_inputs),
    ("log_cosh", {}, lambda: [(normal(2, 3), 200 * normal(2, 3))]),
    ("poisson", {}, positive_inputs),
    ("kl_divergence", {}, categorical_inputs),
    ("kl_divergence", {}, positive_inputs),
    ("hinge", {}, signed_inputs),
    ("squared_hinge", {}, signed_inputs),
    ("categorical_hinge", {}, categorical_inputs),
    ("categorical_hinge", {}, logits_inputs),
    ("categorical_crossentropy", {}, categorical_inputs),
    ("categorical_crossentropy", {"label_smoothing": 0.1}, categorical_inputs),
    ("categorical_crossentropy", {"from_logits": True}, logits_inputs),
    ("categorical_crossentropy", {"from_logits": True, "label_smoothing": 0.2}, logits_inputs),
    ("categorical_crossentropy", {"axis": 1}, lambda: channels_first(categorical_inputs())),
    ("categorical_crossentropy", {"axis": 1, "from_logits": True}, lambda: channels_first(logits_inputs())),
    ("sparse_categorical_crossentropy", {}, sparse_inputs),
    ("sparse_categorical_crossentropy", {"from_logits": True}, sparse_logits),
    ("sparse_categorical_crossentropy", {"ignore_class": 1}, sparse_inputs),
    (
        "sparse_categorical_crossentropy",
        {"ignore_class": -1},
        lambda: [(np.array([0, -1, 2]), softmax(normal(3, 3)))],
    ),
    (
        "sparse_categorical_crossentropy",
        {"ignore_class": 255, "from_logits": True},
        lambda: [(np.array([0, 255, 2]), normal(3, 3))],
    ),
    (
        "sparse_categorical_crossentropy",
        {"axis": 1},
        lambda: [(rng.integers(0, 4, (2, 3)), softmax(normal(2, 4, 3), 1))],
    ),
    ("binary_crossentropy", {}, binary_inputs),
    ("binary_crossentropy", {"from_logits": True}, binary_logits),
    ("binary_crossentropy", {"label_smoothing": 0.1}, binary_inputs),
    ("binary_crossentropy", {"label_smoothing": 0.2, "from_logits": True}, binary_logits),
    ("binary_crossentropy", {"axis": 1}, lambda: [(bits(2, 3, 4), uniform(2, 3, 4))]),
    ("binary_focal_crossentropy", {}, binary_inputs),
    ("binary_focal_crossentropy", {"from_logits": True}, binary_logits),
    ("binary_focal_crossentropy", {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5}, binary_inputs),
    ("binary_focal_crossentropy", {"label_smoothing": 0.1}, binary_inputs),
    ("categorical_focal_crossentropy", {}, categorical_inputs),
    ("categorical_focal_crossentropy", {"from_logits": True}, logits_inputs),
    (
        "categorical_focal_crossentropy",
        {"alpha": 0.5, "gamma": 1.0, "label_smoothing": 0.1},
        categorical_inputs,
    ),
    (
        "categorical_focal_crossentropy",
        {"alpha": [0.2, 0.3, 0.5]},
        lambda: [(one_hot(4, 3), softmax(normal(4, 3)))],
    ),
    (
        "categorical_focal_crossentropy",
        {"axis": 1},
        lambda: [(one_hot(2, 3, 4), softmax(normal(2, 3, 4), 1))],
    ),
    ("categorical_generalized_cross_entropy", {"q": 0.5}, sparse_inputs),
    (
        "categorical_generalized_cross_entropy",
        {"q": 0.7},
        lambda: [(rng.integers(0, 3, (4,)), softmax(normal(4, 3)))],
    ),
    ("dice", {}, segmentation_inputs),
    ("dice", {"axis": [1]}, segmentation_inputs),
    ("dice", {"axis": [1, 2, 3]}, lambda: [(bits(2, 4, 4, 1), uniform(2, 4, 4, 1))]),
    ("dice", {}, lambda: [(np.zeros((2, 3), "float32"), np.zeros((2, 3), "float32"))]),
    ("tversky", {}, segmentation_inputs),
    ("tversky", {"alpha": 0.2, "beta": 0.7}, segmentation_inputs),
    ("tversky", {"alpha": 0.2, "beta": 0.7, "axis": [1]}, segmentation_inputs),
    ("circle", {}, circle_inputs),
    ("circle", {"remove_diagonal": False, "gamma": 10, "margin": 0.25}, circle_inputs),
]

CLASSES = {
    "mean_squared_error": "MeanSquaredError",
    "mean_absolute_error": "MeanAbsoluteError",
    "mean_absolute_percentage_error": "MeanAbsolutePercentageError",
    "mean_squared_logarithmic_error": "MeanSquaredLogarithmicError",
    "cosine_similarity": "CosineSimilarity",
    "huber": "Huber",
    "log_cosh": "LogCosh",
    "poisson": "Poisson",
    "kl_divergence": "KLDivergence",
    "hinge": "Hinge",
    "squared_hinge": "SquaredHinge",
    "categorical_hinge": "CategoricalHinge",
    "categorical_crossentropy": "CategoricalCrossentropy",
    "sparse_categorical_crossentropy": "SparseCategoricalCrossentropy",
    "binary_crossentropy": "BinaryCrossentropy",
    "binary_focal_crossentropy": "BinaryFocalCrossentropy",
    "categorical_focal_crossentropy": "CategoricalFocalCrossentropy",
    "categorical_generalized_cross_entropy": "CategoricalGeneralizedCrossEntropy",
    "dice": "Dice",
    "tversky": "Tversky",
    "circle": "Circle",
}


def as_params(params):
    return {k: tuple(v) if k == "axis" and isinstance(v, list) else v for k, v in params.items()}


def record_functions():
    pool = Pool()
    for name, params, inputs in FUNCTIONS:
        fn, keywords = getattr(keras.losses, name), as_params(params)
        for y_true, y_pred in inputs():
            y_true = np.asarray(y_true)
            y_true = y_true.astype("int32") if y_true.dtype.kind == "i" else y_true
            base = dict(loss=name, params=params, y_true=pool.put(y_true), y_pred=pool.put(y_pred))
            try:
                out = fn(jnp.asarray(y_true), jnp.asarray(y_pred), **keywords)
            except Exception as error:
                pool.add(**base, error=type(error).__name__)
                continue
            g = (1 + np.arange(out.size).reshape(out.shape) / 8).astype("float32")
            grad = jax.grad(lambda p: jnp.sum(fn(jnp.asarray(y_true), p, **keywords) * g))(
                jnp.asarray(y_pred)
            )
            pool.add(**base, out=pool.put(out), g=pool.put(g), grad=pool.put(grad))
    for name, (t, p) in {
        "mean_squared_error": ((32, 3), (32, 10)),
        "mean_absolute_error": ((4, 2, 3), (4, 3, 3)),
        "huber": ((4, 2), (4, 3)),
        "categorical_crossentropy": ((4, 3), (4, 5)),
        "binary_crossentropy": ((4, 3), (4, 1)),
        "kl_divergence": ((4, 3), (4, 2)),
        "categorical_hinge": ((4, 3), (4, 2)),
        "dice": ((4, 3), (4, 2)),
    }.items():
        mismatch(pool, name, bits(*t), uniform(*p))
    mismatch(pool, "categorical_crossentropy", np.array([0, 1, 2, 0]), uniform(4, 3))
    mismatch(pool, "categorical_crossentropy", np.array([[0], [1], [2], [0]]), uniform(4, 3))
    mismatch(pool, "sparse_categorical_crossentropy", one_hot(4, 3), uniform(4, 3))
    mismatch(pool, "sparse_categorical_crossentropy", np.array([0, 1, 2]), uniform(4, 3))
    mismatch(pool, "binary_crossentropy", np.array([0, 1, 1, 0]), uniform(4, 3))
    mismatch(pool, "binary_crossentropy", bits(4, 1), uniform(4, 3))
    mismatch(pool, "mean_squared_error", normal(4), uniform(4, 3))
    mismatch(pool, "mean_squared_error", normal(3), uniform(4, 3))
    mismatch(pool, "hinge", bits(4), uniform(4, 3))
    for name, y_true, y_pred in (
        ("mean_squared_error", normal(2, 3), normal(2, 3)),
        ("huber", normal(2, 3), normal(2, 3)),
        ("log_cosh", normal(2, 3), normal(2, 3)),
        ("cosine_similarity", normal(2, 3), normal(2, 3)),
        ("binary_crossentropy", bits(2, 3), uniform(2, 3)),
        ("categorical_crossentropy", one_hot(2, 3), softmax(normal(2, 3))),
        ("sparse_categorical_crossentropy", np.array([0, 2]), softmax(normal(2, 3))),
        ("binary_focal_crossentropy", bits(2, 3), uniform(2, 3)),
        ("hinge", bits(2, 3), normal(2, 3)),
        ("dice", bits(2, 3), uniform(2, 3)),
    ):
        for true_dtype in ("int32", "float16", "float32", "bfloat16"):
            for pred_dtype in ("float16", "bfloat16", "float32"):
                t, p = jnp.asarray(y_true, true_dtype), jnp.asarray(y_pred, pred_dtype)
                out = getattr(keras.losses, name)(t, p)
                pool.add(
                    loss=name,
                    params={},
                    y_true=pool.put(t),
                    y_pred=pool.put(p),
                    out=pool.put(out),
                    dtype=out.dtype.name,
                )
    pool.save("loss_functions")


def mismatch(pool, name, y_true, y_pred):
    """Record whether Keras refuses these shapes; where it broadcasts instead, record the value."""
    y_true = y_true.astype("int32") if y_true.dtype.kind == "i" else y_true
    base = dict(loss=name, params={}, y_true=pool.put(y_true), y_pred=pool.put(y_pred))
    try:
        out = getattr(keras.losses, name)(jnp.asarray(y_true), jnp.asarray(y_pred))
        pool.add(**base, out=pool.put(out), mismatch="broadcasts")
    except Exception as error:
        pool.add(**base, error=type(error).__name__)


def record_object(pool, name, config, y_true, y_pred, weight=None, mask=None):
    loss = getattr(keras.losses, name)(**as_params(config))
    y_true = np.asarray(y_true)
    y_true = y_true.astype("int32") if y_true.dtype.kind == "i" else y_true
    base = dict(
        loss=name, config=config, y_true=pool.put(y_true), y_pred=pool.put(y_pred),
        weight=pool.put(weight), mask=pool.put(mask),
    )  # fmt: skip

    def value(p):
        if mask is not None:
            keras.src.backend.set_keras_mask(p, jnp.asarray(mask))
        return loss(jnp.asarray(y_true), p, weight)

    try:
        out = value(jnp.asarray(y_pred))
    except Exception as error:
        pool.add(**base, error=type(error).__name__)
        return
    g = (1 + np.arange(out.size).reshape(out.shape) / 8).astype("float32")
    grad = jax.grad(lambda p: jnp.sum(value(p) * g))(jnp.asarray(y_pred))
    pool.add(**base, out=pool.put(out), dtype=out.dtype.name, g=pool.put(g), grad=pool.put(grad))


def record_objects():
    pool = Pool()
    reductions = ("sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None)
    cube, flat = (normal(2, 3, 4), normal(2, 3, 4)), (normal(4, 3), normal(4, 3))
    w = lambda *shape: uniform(*shape) * 2
    cube_mask, flat_mask = np.array([[1, 0, 1], [0, 1, 1]], bool), np.array([1, 0, 1, 1], bool)
    for reduction in reductions:
        config = {"reduction": reduction}
        for weight in (
            None,
            2.0,
            w(2),
            w(2, 1),
            w(2, 3),
            w(2, 3, 1),
            w(1, 3),
            np.zeros((2, 3), "float32"),
            np.array([1, 2]),
        ):
            for mask in (
                None,
                cube_mask,
                cube_mask[..., None],
                np.array([1, 0], bool),
                np.zeros((2, 3), bool),
            ):
                record_object(pool, "MeanSquaredError", config, *cube, weight, mask)
        for weight in (None, w(4), w(4, 1), w(4, 3), w(3)):
            for mask in (None, flat_mask, flat_mask[:, None]):
                record_object(pool, "MeanAbsoluteError", config, *flat, weight, mask)
        labels, probabilities = rng.integers(0, 4, (2, 3)), softmax(normal(2, 3, 4))
        for weight in (None, w(2), w(2, 3)):
            for mask in (None, cube_mask):
                record_object(
                    pool, "SparseCategoricalCrossentropy", config, labels, probabilities, weight, mask
                )
                record_object(
                    pool,
                    "SparseCategoricalCrossentropy",
                    {**config, "ignore_class": 1},
                    labels,
                    probabilities,
                    weight,
                    mask,
                )
                record_object(
                    pool,
                    "CategoricalCrossentropy",
                    config,
                    np.eye(4, dtype="float32")[labels],
                    probabilities,
                    weight,
                    mask,
                )
        record_object(pool, "BinaryCrossentropy", config, bits(5), uniform(5, 1), w(5))
        record_object(pool, "BinaryCrossentropy", config, bits(5, 1), uniform(5, 1), w(5, 1))
        record_object(pool, "Dice", config, bits(2, 3, 3, 1), uniform(2, 3, 3, 1), w(2))
        record_object(
            pool, "Dice", {**config, "axis": [1, 2, 3]}, bits(2, 3, 3, 1), uniform(2, 3, 3, 1), w(2)
        )
        record_object(pool, "Circle", config, np.array([0, 1, 0, 1]), unit(4, 3), w(4))
        record_object(pool, "MeanSquaredError", config, normal(0, 3), normal(0, 3))
        record_object(pool, "MeanSquaredError", config, normal(5), normal(5, 1))
        record_object(pool, "MeanSquaredError", config, normal(5, 1), normal(5))
        record_object(pool, "MeanSquaredError", config, normal(2, 3, 1), normal(2, 3))
    for dtype in ("float16", "bfloat16", "float32"):
        for given in ("float16", "float32"):
            record_object(
                pool,
                "MeanSquaredError",
                {"dtype": dtype},
                normal(4, 3).astype(given),
                normal(4, 3).astype(given),
                w(4),
            )
    for name, params, inputs in FUNCTIONS:
        keywords = {**as_params(params)}
        for y_true, y_pred in inputs():
            record_object(pool, CLASSES[name], params, y_true, y_pred)
        loss = getattr(keras.losses, CLASSES[name])(**keywords)
        pool.add(loss=CLASSES[name], config=params, get_config=loss.get_config(), name=loss.name)
    pool.save("loss_objects")


if __name__ == "__main__":
    record_functions()
    record_objects()
