"""Record golden cases of Keras's metrics: two updates, result, reset, variables, config; and the metric functions.

Run with Keras 3.15 and JAX installed, from any folder:  KERAS_BACKEND=jax python tools/record/metrics.py
Writes metric_means.npz, metric_counts.npz and metric_functions.npz in packages/kx-losses/tests/golden, in the form
losses.py describes.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax.numpy as jnp
import keras
import numpy as np
from keras.src.trainers.compile_utils import get_loss, get_metric
from losses import Pool, bits, normal, one_hot, rng, softmax, uniform


def labels(classes, *shape):
    return rng.integers(0, classes, shape).astype("int32")


def regression():
    yield lambda: (normal(4, 3), normal(4, 3)), [(4,), (4, 1)]
    yield lambda: (normal(2, 3, 4), normal(2, 3, 4)), [(2,), (2, 3), (2, 1)]
    yield lambda: (normal(5), normal(5, 1)), [(5,), (5, 1)]
    yield lambda: (normal(5, 1), normal(5, 1)), [(5,)]
    yield lambda: (normal(5), normal(5)), [(5,)]


def positive():
    yield lambda: (np.abs(normal(4, 3)), np.abs(normal(4, 3))), [(4,)]


def signed():
    yield lambda: (bits(4, 3), normal(4, 3)), [(4,)]
    yield lambda: (2 * bits(5) - 1, normal(5)), [(5,)]


def categorical():
    yield lambda: (one_hot(4, 3), softmax(normal(4, 3))), [(4,), (4, 1)]
    yield lambda: (one_hot(2, 3, 4), softmax(normal(2, 3, 4))), [(2, 3), (2,)]


def sparse():
    yield lambda: (labels(3, 4), softmax(normal(4, 3))), [(4,)]
    yield lambda: (labels(3, 4, 1), softmax(normal(4, 3))), [(4,), (4, 1)]
    yield lambda: (labels(4, 2, 3), softmax(normal(2, 3, 4))), [(2, 3), (2,)]
    yield lambda: (labels(4, 2, 3, 1), softmax(normal(2, 3, 4))), [(2, 3)]


def binary():
    yield lambda: (bits(4, 3), uniform(4, 3)), [(4,), (4, 1)]
    yield lambda: (bits(6), uniform(6)), [(6,)]
    yield lambda: (bits(6), uniform(6, 1)), [(6,), (6, 1)]
    yield lambda: (bits(6, 1), uniform(6, 1)), [(6,), (6, 1)]
    yield lambda: (bits(2, 3, 4), uniform(2, 3, 4)), [(2, 3)]


def counts():
    """Inputs of the confusion-matrix metrics: weights may have the shape of the predictions."""
    yield lambda: (bits(8), uniform(8)), [(8,)]
    yield lambda: (bits(4, 3), uniform(4, 3)), [(4,), (4, 1), (4, 3)]
    yield lambda: (bits(6, 1), uniform(6, 1)), [(6,), (6, 1)]
    yield lambda: (bits(6), uniform(6, 1)), [(6,)]
    yield lambda: (np.array([0, 0, 1, 1], "int32"), np.array([0.0, 0.5, 0.5, 1.0], "float32")), [(4,)]
    yield lambda: (bits(2, 3, 4), uniform(2, 3, 4)), [(2, 3)]


def logits():
    yield lambda: (bits(8), 3 * normal(8)), [(8,)]
    yield lambda: (bits(4, 3), 3 * normal(4, 3)), [(4,)]


def wide():
    yield lambda: (one_hot(4, 7), softmax(normal(4, 7))), [(4,)]
    yield lambda: (one_hot(2, 3, 7), softmax(normal(2, 3, 7))), [(2, 3)]


def sparse_wide():
    yield lambda: (labels(7, 4), softmax(normal(4, 7))), [(4,)]
    yield lambda: (labels(7, 4, 1), softmax(normal(4, 7))), [(4,)]
    yield lambda: (labels(7, 2, 3), softmax(normal(2, 3, 7))), [(2, 3)]


def sorted_ids():
    yield lambda: (labels(5, 4), np.stack([rng.permutation(5) for _ in range(4)]).astype("int32")), [(4,)]


def equal():
    yield lambda: (labels(3, 8), labels(3, 8)), [(8,)]
    yield lambda: (labels(3, 4, 2), labels(3, 4, 2)), [(4,), (4, 2)]
    yield lambda: (labels(3, 4, 1).astype("float32"), labels(3, 4, 1).astype("float32")), [(4, 1)]


def classes_of(n, *shape):
    def inputs():
        yield lambda: (labels(n, *shape), labels(n, *shape)), [shape]
        yield lambda: (labels(n, *shape, 1), labels(n, *shape)), []

    return inputs


def sparse_scores():
    yield lambda: (labels(3, 8), softmax(normal(8, 3))), [(8,)]
    yield lambda: (labels(3, 2, 5), softmax(normal(2, 5, 3))), [(2, 5)]


def one_hots():
    yield lambda: (one_hot(8, 3), softmax(normal(8, 3))), [(8,)]
    yield lambda: (one_hot(2, 5, 3), softmax(normal(2, 5, 3))), [(2, 5)]


def one_hot_labels():
    yield lambda: (one_hot(8, 3), labels(3, 8)), [(8,)]


def one_hots_axis1():
    yield lambda: (np.moveaxis(one_hot(2, 5, 3), -1, 1), softmax(normal(2, 3, 5), 1)), []


def multi_label():
    yield lambda: (bits(6, 3), uniform(6, 3)), [(6,), (6, 1)]


def values():
    yield lambda: (normal(5),), [(5,), (5, 1)]
    yield lambda: (normal(4, 3),), [(4,), (4, 3), (4, 1)]
    yield lambda: (normal(2, 3, 4),), [(2,), (2, 3), (2, 3, 4)]
    yield lambda: (np.float32(3.5),), [()]
    yield lambda: (2.5,), []
    yield lambda: (labels(9, 4),), [(4,)]
    yield lambda: (normal(0),), []


def scores():
    yield lambda: (bits(6, 3), uniform(6, 3)), [(6,)]
    yield lambda: (one_hot(6, 3).astype("int32"), softmax(normal(6, 3))), [(6,)]


THRESHOLDED = {
    "TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives", "Precision", "Recall", "AUC",
    "PrecisionAtRecall", "RecallAtPrecision", "SensitivityAtSpecificity", "SpecificityAtSensitivity",
}  # fmt: skip
THRESHOLDS = ({}, {"thresholds": 0.3}, {"thresholds": [0.2, 0.5, 0.9]})
TOP = ({"top_k": 2}, {"class_id": 1}, {"top_k": 2, "class_id": 1}, {"top_k": 1, "class_id": 2})
AT = ({"num_thresholds": 1}, {"num_thresholds": 20}, {"class_id": 1})
IOU = {"num_classes": 3, "target_class_ids": [0, 2]}

METRICS = [
    *(("Mean", c, values) for c in ({}, {"dtype": "float16"})),
    ("Sum", {}, values),
    *(
        (n, {}, regression)
        for n in ("MeanSquaredError", "MeanAbsoluteError", "RootMeanSquaredError", "LogCoshError")
    ),
    *((n, {}, regression) for n in ("MeanAbsolutePercentageError", "MeanSquaredLogarithmicError")),
    ("CosineSimilarity", {}, regression),
    ("CosineSimilarity", {"axis": 1}, regression),
    ("Poisson", {}, positive),
    ("KLDivergence", {}, categorical),
    ("Hinge", {}, signed),
    ("SquaredHinge", {}, signed),
    ("CategoricalHinge", {}, categorical),
    ("BinaryCrossentropy", {}, binary),
    ("BinaryCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, logits),
    ("CategoricalCrossentropy", {}, categorical),
    ("CategoricalCrossentropy", {"from_logits": True, "label_smoothing": 0.1}, categorical),
    ("SparseCategoricalCrossentropy", {}, sparse),
    ("SparseCategoricalCrossentropy", {"from_logits": True, "ignore_class": 1}, sparse),
    ("Accuracy", {}, equal),
    ("BinaryAccuracy", {}, binary),
    ("BinaryAccuracy", {"threshold": 0.3}, binary),
    ("CategoricalAccuracy", {}, categorical),
    ("SparseCategoricalAccuracy", {}, sparse),
    *(("TopKCategoricalAccuracy", {"k": k}, wide) for k in (1, 3, 5)),
    *(("SparseTopKCategoricalAccuracy", {"k": k}, sparse_wide) for k in (1, 3, 5)),
    ("SparseTopKCategoricalAccuracy", {"k": 2, "from_sorted_ids": True}, sorted_ids),
    *(
        (n, c, counts)
        for n in ("TruePositives", "TrueNegatives", "FalsePositives", "FalseNegatives")
        for c in THRESHOLDS
    ),
    *((n, c, counts) for n in ("Precision", "Recall") for c in THRESHOLDS),
    *((n, c, multi_label) for n in ("Precision", "Recall") for c in TOP),
    *(("PrecisionAtRecall", {"recall": 0.6, **c}, multi_label) for c in AT),
    *(("RecallAtPrecision", {"precision": 0.6, **c}, multi_label) for c in AT),
    *(("SensitivityAtSpecificity", {"specificity": 0.6, **c}, multi_label) for c in AT),
    *(("SpecificityAtSensitivity", {"sensitivity": 0.6, **c}, multi_label) for c in AT),
    ("PrecisionAtRecall", {"recall": 0.5}, counts),
    ("RecallAtPrecision", {"precision": 0.99}, counts),
    ("SensitivityAtSpecificity", {"specificity": 0.5}, counts),
    ("SpecificityAtSensitivity", {"sensitivity": 0.5}, counts),
    ("AUC", {}, counts),
    ("AUC", {"num_thresholds": 5}, counts),
    *(
        ("AUC", {"num_thresholds": 21, "curve": c, "summation_method": s}, multi_label)
        for c in ("ROC", "PR")
        for s in ("interpolation", "minoring", "majoring")
    ),
    ("AUC", {"thresholds": [0.1, 0.4, 0.45, 0.8]}, counts),
    ("AUC", {"multi_label": True}, multi_label),
    ("AUC", {"multi_label": True, "curve": "PR", "num_thresholds": 11}, multi_label),
    ("AUC", {"multi_label": True, "num_labels": 3, "label_weights": [0.2, 0.5, 0.3]}, multi_label),
    ("AUC", {"from_logits": True}, logits),
    *(
        ("F1Score", {"average": a, "threshold": t}, scores)
        for a in (None, "micro", "macro", "weighted")
        for t in (None, 0.5)
    ),
    *(
        ("FBetaScore", {"average": a, "beta": 2.0, "threshold": 0.4}, scores)
        for a in (None, "micro", "macro", "weighted")
    ),
    ("IoU", IOU, classes_of(3, 8)),
    ("IoU", IOU, classes_of(3, 2, 4)),
    ("IoU", {**IOU, "ignore_class": 1}, classes_of(3, 8)),
    ("IoU", {**IOU, "sparse_y_pred": False}, sparse_scores),
    ("IoU", {**IOU, "sparse_y_pred": False, "sparse_y_true": False}, one_hots),
    ("MeanIoU", {"num_classes": 3}, classes_of(3, 8)),
    ("MeanIoU", {"num_classes": 4}, classes_of(3, 8)),
    ("MeanIoU", {"num_classes": 3, "ignore_class": 0}, classes_of(3, 2, 4)),
    ("OneHotIoU", IOU, one_hots),
    ("OneHotIoU", {**IOU, "sparse_y_pred": True}, one_hot_labels),
    ("OneHotIoU", {**IOU, "axis": 1}, one_hots_axis1),
    ("OneHotMeanIoU", {"num_classes": 3}, one_hots),
    ("OneHotMeanIoU", {"num_classes": 3, "ignore_class": 2}, one_hots),
    ("BinaryIoU", {}, counts),
    ("BinaryIoU", {"target_class_ids": [1], "threshold": 0.3}, counts),
    *(
        ("R2Score", {"class_aggregation": a}, regression)
        for a in (None, "uniform_average", "variance_weighted_average")
    ),
    ("R2Score", {"num_regressors": 2}, regression),
    ("PearsonCorrelation", {}, regression),
    ("PearsonCorrelation", {"axis": 0}, regression),
    ("ConcordanceCorrelation", {}, regression),
    ("ConcordanceCorrelation", {"axis": 0}, regression),
]


def plain(value):
    return value.tolist() if hasattr(value, "tolist") else value


def state(metric):
    return [[v.name, list(v.shape), keras.backend.standardize_dtype(v.dtype)] for v in metric.variables]


def run(pool, name, config, updates, masks=(None, None)):
    """Two updates; the state and the result after each; the result after a reset."""
    keras.utils.clear_session(free_memory=False)
    metric = getattr(keras.metrics, name)(**config)
    case = dict(metric=name, config=config, updates=[[pool.put(a) for a in u] for u in updates])
    case["masks"] = [pool.put(m) for m in masks]
    results = []
    try:
        for (*inputs, weight), mask in zip(updates, masks):
            if mask is not None:
                inputs = [jnp.asarray(x) for x in inputs]
                keras.src.backend.set_keras_mask(inputs[-1], jnp.asarray(mask))
            metric.update_state(*inputs, sample_weight=weight)
            results.append(np.asarray(metric.result()))
    except Exception as error:
        pool.add(**case, error=type(error).__name__)
        return
    case["dtype"] = results[-1].dtype.name
    case["results"] = [pool.put(r) for r in results]
    small = sum(int(np.prod(v.shape)) for v in metric.variables) < 40
    case["variables"] = [pool.put(v) for v in metric.variables] if small else None
    case["state"] = state(metric)
    metric.reset_state()
    case["after_reset"] = [pool.put(float(np.abs(np.asarray(v)).sum())) for v in metric.variables]
    pool.add(**case)


def record_objects():
    means, counts_of_thresholds = Pool(), Pool()
    for name, config, inputs in METRICS:
        pool = counts_of_thresholds if name in THRESHOLDED else means
        keras.utils.clear_session(free_memory=False)
        metric = getattr(keras.metrics, name)(**config)
        saved = {k: plain(v) for k, v in metric.get_config().items()}
        pool.add(metric=name, config=config, name=metric.name, get_config=saved, state=state(metric))
        for make, weights in inputs():
            run(pool, name, config, [(*make(), None), (*make(), None)])
            for shape in weights:
                run(pool, name, config, [(*make(), 2 * uniform(*shape)), (*make(), bits(*shape))])
            if weights and name in (
                "MeanSquaredError",
                "Precision",
                "SparseCategoricalAccuracy",
                "AUC",
                "BinaryAccuracy",
            ):
                shape = weights[0]
                masks = bits(*shape).astype(bool), bits(*shape).astype(bool)
                run(pool, name, config, [(*make(), None), (*make(), None)], masks)
                run(pool, name, config, [(*make(), 2 * uniform(*shape)), (*make(), bits(*shape))], masks)
    pool = means
    run(
        pool,
        "Mean",
        {},
        [(normal(2, 3), None), (normal(2, 3), None)],
        (bits(2, 3).astype(bool), np.array([1, 0], bool)),
    )
    run(
        pool,
        "Mean",
        {},
        [(normal(4), 2 * uniform(4)), (normal(4), 3.0)],
        (bits(4).astype(bool), bits(4).astype(bool)),
    )
    run(
        pool,
        "Sum",
        {},
        [(normal(4), 2 * uniform(4)), (normal(4), None)],
        (bits(4).astype(bool), bits(4).astype(bool)),
    )
    means.save("metric_means")
    counts_of_thresholds.save("metric_counts")


FUNCTIONS = [
    ("binary_accuracy", {}, binary),
    ("binary_accuracy", {"threshold": 0.2}, binary),
    ("categorical_accuracy", {}, categorical),
    ("sparse_categorical_accuracy", {}, sparse),
    ("top_k_categorical_accuracy", {"k": 2}, wide),
    ("sparse_top_k_categorical_accuracy", {"k": 2}, sparse_wide),
    ("sparse_top_k_categorical_accuracy", {"k": 2, "from_sorted_ids": True}, sorted_ids),
    ("pearson_correlation", {}, regression),
    ("concordance_correlation", {}, regression),
    ("concordance_correlation", {"axis": 0}, regression),
]


def record_functions():
    pool = Pool()
    for name, params, inputs in FUNCTIONS:
        for make, _ in inputs():
            y_true, y_pred = make()
            case = dict(metric=name, params=params, y_true=pool.put(y_true), y_pred=pool.put(y_pred))
            try:
                out = getattr(keras.metrics, name)(y_true, y_pred, **params)
                pool.add(**case, out=pool.put(out), dtype=np.asarray(out).dtype.name)
            except Exception as error:
                pool.add(**case, error=type(error).__name__)
    shapes = (
        ((4,), (4, 1)), ((4, 1), (4, 1)), ((4,), (4,)), ((4,), (4, 3)), ((4, 1), (4, 3)), ((4, 3), (4, 3)),
        ((4, 5), (4, 5, 3)), ((4, 5, 1), (4, 5, 3)), ((4, 5, 3), (4, 5, 3)), ((4, 5, 1), (4, 5, 1)),
        ((4, 5), (4, 5, 1)), ((4, 3), (4, 1)),
    )  # fmt: skip
    for t, p in shapes:
        for identifier in ("accuracy", "acc", "mse"):
            metric = get_metric(identifier, np.zeros(t, "float32"), np.zeros(p, "float32"))
            fn = metric._fn.__name__
            pool.add(resolve=identifier, shapes=[t, p], fn=fn, name=metric.name)
        pool.add(
            resolve_loss="crossentropy",
            shapes=[t, p],
            fn=get_loss("ce", np.zeros(t), np.zeros(p)).fn.__name__,
        )
    pool.save("metric_functions")


if __name__ == "__main__":
    record_objects()
    record_functions()
