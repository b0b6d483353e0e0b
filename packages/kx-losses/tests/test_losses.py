"""What recorded values cannot say about losses: errors, own classes, structures, the registry, the call budget."""

import sys

import numpy as np
import pytest

from kx_losses import Loss, LossFunctionWrapper, losses, resolve_loss
from kx_tensor import KerasTensor, ops
from kx_tensor.testing import check_grad

rng = np.random.default_rng(0)


def floats(*shape):
    return rng.random(shape).astype("float32")


@pytest.mark.parametrize(
    ("name", "y_true", "y_pred", "text"),
    [
        (
            "mean_squared_error",
            (32, 3),
            (32, 10),
            r"y_true of shape \(32, 3\) does not fit y_pred of shape \(32, 10\).*last layer needs 3",
        ),
        ("mean_squared_error", (31, 3), (32, 3), "number of samples differs: 31 and 32"),
        ("mean_squared_error", (32,), (32, 10), r"one output a sample \(Dense\(1\)\), not 10"),
        (
            "categorical_crossentropy",
            (32,),
            (32, 10),
            "use 'sparse_categorical_crossentropy', or one-hot targets",
        ),
        ("categorical_crossentropy", (32, 1), (32, 10), "use 'sparse_categorical_crossentropy'"),
        ("sparse_categorical_crossentropy", (32, 10), (32, 10), "one-hot: use 'categorical_crossentropy'"),
        (
            "sparse_categorical_crossentropy",
            (31,),
            (32, 10),
            r"expected one integer label|Expected one integer label",
        ),
        ("binary_crossentropy", (32, 3), (32, 1), "binary_crossentropy: y_true of shape"),
        ("huber", (32, 4, 4), (32, 4, 4, 8), "does not fit"),
    ],
)
def test_shapes_that_do_not_fit(name, y_true, y_pred, text):
    with pytest.raises(ValueError, match=text):
        losses.get(name)(np.zeros(y_true, "float32"), floats(*y_pred))
    with pytest.raises(ValueError, match=text):
        resolve_loss(name, y_true, y_pred)(np.zeros(y_true, "float32"), floats(*y_pred))


@pytest.mark.parametrize("label", [-1, 3])
def test_label_out_of_range(label):
    for loss in (
        losses.sparse_categorical_crossentropy,
        losses.SparseCategoricalCrossentropy(from_logits=True),
    ):
        with pytest.raises(ValueError, match=f"label {label} is out of range: the output has 3 classes"):
            loss(np.array([0, label]), floats(2, 3))


def test_ignored_label_may_be_out_of_range():
    loss = losses.SparseCategoricalCrossentropy(ignore_class=-1)
    probabilities = floats(3, 4)
    kept = losses.SparseCategoricalCrossentropy()(np.array([2, 1]), probabilities[[0, 2]])
    assert float(loss(np.array([2, -1, 1]), probabilities)) == pytest.approx(float(kept), rel=1e-6)


def test_weights_that_do_not_fit():
    with pytest.raises(ValueError, match=r"give the missing axes: sample_weight\[\.\.\., None\]"):
        losses.MeanSquaredError()(floats(2, 3, 4), floats(2, 3, 4), sample_weight=floats(2))
    with pytest.raises(ValueError, match="weight samples, not single outputs"):
        losses.MeanSquaredError()(floats(4, 3), floats(4, 3), sample_weight=floats(4, 3))


@pytest.mark.parametrize("options", [{"reduction": "average"}, {"reduction": "SUM"}])
def test_unknown_reduction(options):
    with pytest.raises(ValueError, match="reduction must be 'sum_over_batch_size'"):
        losses.MeanSquaredError(**options)


def test_misspelt_argument():
    with pytest.raises(TypeError, match="Did you mean 'from_logits'"):
        losses.BinaryCrossentropy(from_logit=True)


@pytest.mark.parametrize(
    ("call", "text"),
    [
        (
            lambda: losses.CategoricalCrossentropy(label_smoothing=2.0)(np.eye(2), floats(2, 2)),
            "label_smoothing must be",
        ),
        (
            lambda: losses.CategoricalGeneralizedCrossEntropy(q=1.5)(np.array([0, 1]), floats(2, 2)),
            "q must lie between",
        ),
        (lambda: losses.circle(np.zeros((2, 2)), floats(2, 2)), r"y_true must have shape \(batch,\)"),
        (lambda: losses.get("catgorical_crossentropy"), "Did you mean 'categorical_crossentropy'"),
        (lambda: losses.get(3), "Cannot use 3"),
    ],
)
def test_bad_values(call, text):
    with pytest.raises(ValueError, match=text):
        call()


# ---- losses of the user


class Scaled(Loss):
    def __init__(self, factor, name="scaled", **kwargs):
        super().__init__(name=name, **kwargs)
        self.factor = factor

    def call(self, y_true, y_pred):
        return self.factor * ops.mean(ops.abs(y_true - y_pred), axis=-1)


def test_own_class_with_init():
    loss = Scaled(3.0, reduction="sum")
    assert float(loss(np.zeros((2, 1)), np.ones((2, 1)))) == 6.0
    assert loss.get_config() == {"factor": 3.0, "name": "scaled", "reduction": "sum"}
    assert Scaled.from_config(loss.get_config()).factor == 3.0


def test_own_class_without_call():
    with pytest.raises(NotImplementedError, match="Empty needs a method call"):
        type("Empty", (Loss,), {})()(floats(2, 1), floats(2, 1))


def test_own_values_may_be_arrays_or_carry_a_mask():
    class Raw(Loss):
        def call(self, y_true, y_pred):
            return np.array([1.0, 3.0], "float32")

    class Masked(Loss):
        def call(self, y_true, y_pred):
            values = ops.convert_to_tensor([1.0, 3.0])
            values._keras_mask = ops.convert_to_tensor([False, True])
            return values

    assert float(Raw()(floats(2, 1), floats(2, 1))) == 2.0
    assert float(Masked()(floats(2, 1), floats(2, 1))) == 3.0
    masked = ops.convert_to_tensor(floats(2, 1))
    masked._keras_mask = ops.convert_to_tensor([True, False])
    assert float(Masked()(floats(2, 1), masked)) == 0.0


def test_structures_of_targets_and_predictions():
    class Both(Loss):
        def call(self, y_true, y_pred):
            return ops.abs(y_true["a"] - y_pred["a"]) + ops.abs(y_true["b"][0] - y_pred["b"][0])

    y = {"a": np.array([1.0, 2.0]), "b": [np.array([0.0, 0.0])]}
    assert float(Both()(y, {"a": np.array([0.0, 0.0]), "b": [np.array([1.0, 1.0])]})) == 2.5


def test_wrapper_of_a_function():
    def power(y_true, y_pred, p=1):
        return ops.mean(ops.abs(y_true - y_pred) ** p, axis=-1)

    loss = LossFunctionWrapper(power, reduction="sum", p=3)
    assert loss.name == "power"
    assert float(loss(np.zeros(2), np.full((2, 1), 2.0))) == 16.0
    assert loss.get_config()["p"] == 3
    assert resolve_loss(power, (2,), (2, 1)).name == "power"


# ---- dtypes, symbolic tensors, derivatives


@pytest.mark.parametrize(
    ("dtype", "expected"),
    [(None, "float32"), ("float16", "float16"), ("mixed_bfloat16", "bfloat16"), ("float64", "float64")],
)
def test_dtype_of_the_result(dtype, expected):
    loss = losses.MeanAbsoluteError(dtype=dtype)
    assert loss(np.zeros((2, 3)), np.ones((2, 3), "float16")).dtype == loss.dtype == expected
    assert ("dtype" in loss.get_config()) == (dtype is not None)


def test_integers_are_taken_as_floats():
    assert losses.mean_squared_error([[1, 2]], [[1, 4]]).dtype == "float32"


def test_large_integer_labels_keep_their_value():
    labels = np.array([2**24 + 1])
    assert losses.SparseCategoricalCrossentropy()._cast_target(labels).numpy()[0] == 2**24 + 1


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        (n, False)
        for n in (
            "mean_squared_error",
            "huber",
            "log_cosh",
            "binary_crossentropy",
            "cosine_similarity",
            "hinge",
            "poisson",
        )
    ]
    + [("sparse_categorical_crossentropy", True)],
)
def test_symbolic_batch(name, labels):
    y_true = KerasTensor((None,) if labels else (None, 3), "int32" if labels else "float32")
    assert losses.get(name)(y_true, KerasTensor((None, 3), "float32")).shape == (None,)
    if not labels:
        one = losses.get(name)(KerasTensor((None,)), KerasTensor((None, 1)))
        assert one.shape == (None,)


@pytest.mark.parametrize(
    ("fn", "targets"),
    [
        (losses.huber, rng.normal(size=(3, 4))),
        (losses.log_cosh, rng.normal(size=(3, 4))),
        (losses.cosine_similarity, rng.normal(size=(3, 4))),
        (losses.binary_focal_crossentropy, rng.integers(0, 2, (3, 4)).astype(float)),
        (losses.categorical_focal_crossentropy, np.eye(4)[[0, 2, 3]]),
        (losses.kl_divergence, rng.uniform(0.1, 1, (3, 4))),
        (losses.dice, rng.integers(0, 2, (3, 4)).astype(float)),
        (losses.tversky, rng.integers(0, 2, (3, 4)).astype(float)),
    ],
)
def test_second_derivative(fn, targets):
    check_grad(lambda y_pred: fn(targets, y_pred), rng.uniform(0.2, 0.8, (3, 4)))


# ---- the registry


@pytest.mark.parametrize(
    ("name", "found"),
    [
        ("mse", losses.mean_squared_error), ("MSE", losses.mean_squared_error), ("bce", losses.binary_crossentropy),
        ("kld", losses.kl_divergence), ("kullback_leibler_divergence", losses.kl_divergence),
        ("logcosh", losses.log_cosh), ("mape", losses.mean_absolute_percentage_error),
        ("msle", losses.mean_squared_logarithmic_error),
    ],
)  # fmt: skip
def test_aliases(name, found):
    assert losses.get(name) is found


def test_class_names_give_instances_and_functions_stay_themselves():
    assert type(losses.get("Huber")) is losses.Huber
    assert type(losses.get({"class_name": "Huber", "config": {"delta": 2.0}})) is losses.Huber
    assert losses.get(losses.hinge) is losses.hinge
    assert losses.get(None) is None
    assert losses.deserialize(losses.serialize(losses.hinge)) is losses.hinge
    assert losses.serialize(losses.Huber())["module"] == "keras.losses"


# ---- speed


def python_calls(run):
    """The number of Python functions that `run` calls, once warm."""
    seen = []
    run()
    sys.setprofile(lambda frame, event, arg: seen.append(frame) if event == "call" else None)
    try:
        run()
    finally:
        sys.setprofile(None)
    return len(seen) - 1


def test_call_budget():
    """The loss adds a handful of calls to its two ops; the ops have budgets of their own."""
    y_true, y_pred = ops.convert_to_tensor(floats(8, 1)), ops.convert_to_tensor(floats(8, 1))
    labels, scores = ops.convert_to_tensor(np.arange(8, dtype="int32")), ops.convert_to_tensor(floats(8, 10))
    mse, sparse = losses.MeanSquaredError(), losses.SparseCategoricalCrossentropy()

    def ops_of_mse():
        ops.mean(ops.squared_error(y_true, y_pred))

    def ops_of_sparse():
        ops.mean(ops.sparse_categorical_crossentropy(labels, scores, from_logits=False, axis=-1))

    assert python_calls(lambda: mse(y_true, y_pred)) - python_calls(ops_of_mse) <= 8
    assert python_calls(lambda: sparse(labels, scores)) - python_calls(ops_of_sparse) <= 10
