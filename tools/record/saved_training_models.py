"""Models of saved_models.py's kind for how they train: optimizers, schedules, losses, metrics, precision."""

import numpy as np
from saved_models import floats, rng


def _small(keras, name, units=2, activation=None):
    layers = keras.layers
    stack = [layers.Dense(3, activation="tanh"), layers.Dense(units, activation=activation)]
    return keras.Sequential([keras.Input((4,)), *stack], name=name)


def _regression(name, optimizer, loss):
    def make(keras):
        model = _small(keras, name)
        model.compile(optimizer(keras.optimizers), loss(keras.losses))
        return model, (floats(12, 4), abs(floats(12, 2, seed=1)) + 0.1)

    return make


def _ids(classes):
    return rng(3).integers(0, classes, (12, 1))


def _one_hot(classes):
    return np.eye(classes, dtype="float32")[_ids(classes)[:, 0]]


# name: optimizer, loss; the losses are those of numbers, as object, name or function
REGRESSIONS = {
    "sgd": (lambda o: o.SGD(o.schedules.InverseTimeDecay(0.1, 3, 0.5), momentum=0.5, clipvalue=0.1), lambda l: l.Huber()),
    "adam": (
        lambda o: o.Adam(o.schedules.CosineDecay(0.02, 9, alpha=0.1, warmup_target=0.05, warmup_steps=3), global_clipnorm=0.3),
        lambda l: l.MeanAbsoluteError(reduction="sum"),
    ),
    "adamw": (
        lambda o: o.AdamW(0.02, weight_decay=0.05, use_ema=True, ema_momentum=0.9, ema_overwrite_frequency=4),
        lambda l: l.MeanSquaredError(),
    ),
    "adadelta": (lambda o: o.Adadelta(1.0, rho=0.9), lambda l: l.LogCosh()),
    "adagrad": (lambda o: o.Adagrad(o.schedules.PiecewiseConstantDecay([4, 8], [0.1, 0.05, 0.01])), lambda l: l.mean_squared_error),
    "adamax": (lambda o: o.Adamax(o.schedules.PolynomialDecay(0.1, 5, 0.02, power=2.0, cycle=True)), lambda l: "mae"),
    "nadam": (lambda o: o.Nadam(0.02, weight_decay=0.01), lambda l: l.CosineSimilarity(axis=-1)),
    "ftrl": (lambda o: o.Ftrl(0.1, l1_regularization_strength=0.01, beta=0.1), lambda l: "mean_absolute_percentage_error"),
    "lion": (lambda o: o.Lion(0.01, beta_2=0.9), lambda l: "mean_squared_error"),
    "lamb": (lambda o: o.Lamb(0.02, weight_decay=0.01), lambda l: "mse"),
    "rmsprop": (
        lambda o: o.RMSprop(o.schedules.CosineDecayRestarts(0.02, 3), momentum=0.9, clipnorm=0.5),
        lambda l: l.MeanSquaredLogarithmicError(),
    ),
    "schedule_free": (lambda o: o.ScheduleFreeAdamW(0.02, warmup_steps=4), lambda l: "mse"),
    "accumulated": (
        lambda o: o.SGD(0.05, momentum=0.9, gradient_accumulation_steps=2, weight_decay=0.01),
        lambda l: "mean_absolute_error",
    ),
    "loss_scale": (
        lambda o: o.LossScaleOptimizer(o.Adam(0.02), initial_scale=8.0, dynamic_growth_steps=2),
        lambda l: l.KLDivergence(),
    ),
    "loss_scale_factor": (lambda o: o.Adam(0.02, loss_scale_factor=16.0, amsgrad=True), lambda l: "mse"),
}  # fmt: skip


def float16(keras):
    layers = keras.layers
    stack = [
        layers.Dense(3, activation="relu", dtype="mixed_float16"),
        layers.BatchNormalization(dtype="mixed_float16"),
        layers.Dense(3, dtype=keras.mixed_precision.Policy("mixed_float16")),
        layers.Dense(1, dtype="float32"),
    ]
    model = keras.Sequential([keras.Input((4,)), *stack], name="float16")
    model.compile(keras.optimizers.LossScaleOptimizer(keras.optimizers.SGD(0.01)), "mse")
    return model, (floats(12, 4), floats(12, 1, seed=1))


def bfloat16(keras):
    layers = keras.layers
    stack = [
        layers.LayerNormalization(dtype="mixed_bfloat16"),
        layers.GRU(2, dtype="mixed_bfloat16"),
        layers.Dense(1, dtype="float32"),
    ]
    model = keras.Sequential([keras.Input((3, 4)), *stack], name="bfloat16")
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, (floats(12, 3, 4), floats(12, 1, seed=1))


def float64(keras):
    layers = keras.layers
    stack = [layers.Dense(3, activation="tanh", dtype="float64"), layers.Dense(1, dtype="float64")]
    model = keras.Sequential([keras.Input((4,), dtype="float64"), *stack], name="float64")
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model, (floats(12, 4).astype("float64"), floats(12, 1, seed=1).astype("float64"))


def classes(keras):
    """Metrics of classes, by name, function and object, counted in the middle of training."""
    m = keras.metrics
    model = _small(keras, "classes", 3, "softmax")
    model.compile(
        keras.optimizers.Adam(0.02),
        keras.losses.CategoricalCrossentropy(label_smoothing=0.1),
        metrics=[
            "accuracy", m.TopKCategoricalAccuracy(2), m.Precision(top_k=1, name="precision"), m.Recall(class_id=1),
            keras.metrics.categorical_accuracy, m.CategoricalCrossentropy(), m.OneHotIoU(3, target_class_ids=[0, 2]),
            m.F1Score(average="macro"), m.FBetaScore(average="weighted", beta=0.5), m.CategoricalHinge(),
        ],
        weighted_metrics=["categorical_accuracy"],
    )  # fmt: skip
    return model, (floats(12, 4), _one_hot(3))


def binary(keras):
    m = keras.metrics
    model = _small(keras, "binary", 1, "sigmoid")
    model.compile(
        keras.optimizers.SGD(0.1, momentum=0.9),
        keras.losses.BinaryFocalCrossentropy(apply_class_balancing=True, gamma=1.5),
        metrics=[
            m.AUC(num_thresholds=7, curve="PR", name="area"), m.BinaryAccuracy(threshold=0.4), m.TruePositives(),
            m.FalseNegatives(thresholds=[0.3, 0.6]), m.TrueNegatives(), m.FalsePositives(), m.BinaryIoU([1]),
            m.PrecisionAtRecall(0.5, num_thresholds=9), m.RecallAtPrecision(0.4, num_thresholds=9),
            m.SensitivityAtSpecificity(0.5, num_thresholds=9), m.SpecificityAtSensitivity(0.5, num_thresholds=9),
            m.Hinge(), m.SquaredHinge(), m.BinaryCrossentropy(label_smoothing=0.1),
        ],
    )  # fmt: skip
    return model, (floats(12, 4), _ids(2).astype("float32"))


def sparse(keras):
    m = keras.metrics
    model = _small(keras, "sparse", 3)
    model.compile(
        keras.optimizers.SGD(0.1),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True, ignore_class=2),
        metrics=[
            "acc",
            m.SparseTopKCategoricalAccuracy(k=2),
            m.SparseCategoricalCrossentropy(from_logits=True),
        ],
    )
    return model, (floats(12, 4), _ids(3))


def numbers(keras):
    m = keras.metrics
    model = _small(keras, "numbers", activation="softplus")
    model.compile(
        keras.optimizers.SGD(0.05),
        "mean_squared_logarithmic_error",
        metrics=[
            "mape", m.R2Score(), m.CosineSimilarity(), m.LogCoshError(), m.MeanSquaredLogarithmicError(),
            m.RootMeanSquaredError(name="root"), m.KLDivergence(), m.Poisson(), m.MeanAbsoluteError(),
        ],
    )  # fmt: skip
    return model, (floats(12, 4), abs(floats(12, 2, seed=1)))


def correlations(keras):
    m = keras.metrics
    model = _small(keras, "correlations")
    model.compile(
        keras.optimizers.SGD(0.05), "mse", metrics=[m.PearsonCorrelation(), m.ConcordanceCorrelation()]
    )
    return model, (floats(12, 4), floats(12, 2, seed=1))


def _one_of_each(name, losses, activation, targets):
    """A model with an output for each of the losses."""

    def make(keras):
        x = keras.Input((4,), name="x")
        given = losses(keras.losses)
        outs = [keras.layers.Dense(3, activation=activation, name=f"out_{i}")(x) for i in range(len(given))]
        model = keras.Model(x, outs, name=name)
        model.compile(keras.optimizers.SGD(0.05), given)
        return model, (floats(12, 4), [targets()] * len(given))

    return make


def _signs():
    return np.sign(floats(12, 3, seed=4))


def generalized(keras):
    model = _small(keras, "generalized", 3, "softmax")
    model.compile(keras.optimizers.SGD(0.1), keras.losses.CategoricalGeneralizedCrossEntropy(q=0.6))
    return model, (floats(12, 4), _ids(3))


def circle(keras):
    layers = keras.layers
    stack = [layers.Dense(3, activation="tanh"), layers.Dense(3), layers.UnitNormalization()]
    model = keras.Sequential([keras.Input((4,)), *stack], name="circle")
    model.compile(keras.optimizers.SGD(0.01), keras.losses.Circle(gamma=4.0, margin=0.3))
    return model, (floats(12, 4), _ids(3)[:, 0])


MODELS = {name: _regression(name, *given) for name, given in REGRESSIONS.items()}
MODELS |= {
    f.__name__: f
    for f in (
        float16, bfloat16, float64, classes, binary, sparse, numbers, correlations, generalized, circle,
    )
}  # fmt: skip
MODELS |= {
    "class_losses": _one_of_each(
        "class_losses",
        lambda l: [
            l.CategoricalFocalCrossentropy(alpha=0.3), l.CategoricalHinge(), l.Dice(), l.Tversky(0.4, 0.6),
            l.Poisson(), l.BinaryCrossentropy(axis=-1), l.KLDivergence(reduction="sum"), "categorical_crossentropy",
        ],
        "softmax",
        lambda: _one_hot(3),
    ),
    "sign_losses": _one_of_each(
        "sign_losses",
        lambda l: [l.Hinge(), l.SquaredHinge(), "hinge", l.squared_hinge, l.MeanAbsolutePercentageError()],
        None,
        _signs,
    ),
}  # fmt: skip
