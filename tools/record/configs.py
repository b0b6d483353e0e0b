"""Record what Keras 3 writes for its objects, for the config tests of every package.

Run with Keras 3.15.1 and JAX installed:  KERAS_BACKEND=jax python tools/record/configs.py
Writes packages/kx-io/tests/golden/configs.json:
- "objects": {kind: [{"class", "kwargs", "serialized", "defaults"}]}; `kwargs` may hold serialized objects.
- "identifiers": {kind: {name: name of the class or function that `get(name)` gives}}.
- "values": [[description, serialized]] for plain values, functions and custom classes.
- "models": {name: serialized model}.
"""

import importlib
import json
import pathlib

import keras
import numpy as np
from keras.saving import deserialize_keras_object, serialize_keras_object
from keras.src.saving.serialization_lib import ObjectSharingScope

TARGET = pathlib.Path(__file__).parents[2] / "packages/kx-io/tests/golden/configs.json"
L2 = {"module": "keras.regularizers", "class_name": "L2", "config": {"l2": 0.02}, "registered_name": None}
DECAY = {
    "module": "keras.optimizers.schedules",
    "class_name": "ExponentialDecay",
    "config": {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    "registered_name": None,
}
BASES = {
    "Layer",
    "Loss",
    "Metric",
    "Optimizer",
    "Initializer",
    "Regularizer",
    "Constraint",
    "LearningRateSchedule",
}


def alike(names, arguments):
    """The same arguments for several classes."""
    return {name: dict(arguments) for name in names}


# kind -> class -> what a default instance needs
NEEDED = {
    "constraints": {},
    "regularizers": {},
    "initializers": {},
    "losses": {},
    "metrics": {
        "IoU": {"num_classes": 3, "target_class_ids": [0, 2]},
        "MeanIoU": {"num_classes": 3},
        "OneHotIoU": {"num_classes": 3, "target_class_ids": [0, 2]},
        "OneHotMeanIoU": {"num_classes": 3},
        "PrecisionAtRecall": {"recall": 0.8},
        "RecallAtPrecision": {"precision": 0.8},
        "SensitivityAtSpecificity": {"specificity": 0.5},
        "SpecificityAtSensitivity": {"sensitivity": 0.5},
    },
    "optimizers": {},
    "schedules": {
        "CosineDecay": {"initial_learning_rate": 0.1, "decay_steps": 100},
        "CosineDecayRestarts": {"initial_learning_rate": 0.1, "first_decay_steps": 100},
        "ExponentialDecay": {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9},
        "InverseTimeDecay": {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9},
        "PiecewiseConstantDecay": {"boundaries": [10, 20], "values": [1.0, 0.5, 0.1]},
        "PolynomialDecay": {"initial_learning_rate": 0.1, "decay_steps": 100},
    },
    "layers": {
        "InputLayer": {"shape": [3]},
        "Dense": {"units": 3},
        "Activation": {"activation": "relu"},
        "Dropout": {"rate": 0.5},
        "Flatten": {},
        "Reshape": {"target_shape": [2, 3]},
        "Embedding": {"input_dim": 10, "output_dim": 4},
        **alike(("Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum", "Concatenate"), {}),
        "Dot": {"axes": 1},
        "EinsumDense": {"equation": "abc,cd->abd", "output_shape": [None, 8]},
        **alike(("ELU", "LeakyReLU", "PReLU", "ReLU", "Softmax", "Identity", "Masking"), {}),
        "Conv1D": {"filters": 4, "kernel_size": 3},
        "Conv2D": {"filters": 4, "kernel_size": 3},
        "Conv3D": {"filters": 4, "kernel_size": 3},
        "Conv1DTranspose": {"filters": 4, "kernel_size": 3},
        "Conv2DTranspose": {"filters": 4, "kernel_size": 3},
        "DepthwiseConv1D": {"kernel_size": 3},
        "DepthwiseConv2D": {"kernel_size": 3},
        "SeparableConv1D": {"filters": 4, "kernel_size": 3},
        "SeparableConv2D": {"filters": 4, "kernel_size": 3},
        **alike((f"MaxPooling{n}D" for n in (1, 2, 3)), {}),
        **alike((f"AveragePooling{n}D" for n in (1, 2, 3)), {"pool_size": 2}),
        **alike((f"Global{m}Pooling{n}D" for m in ("Max", "Average") for n in (1, 2, 3)), {}),
        **alike(("ZeroPadding1D", "ZeroPadding2D", "ZeroPadding3D"), {}),
        **alike(("UpSampling1D", "UpSampling2D", "UpSampling3D"), {}),
        **alike(("Cropping1D", "Cropping2D", "Cropping3D"), {}),
        "Permute": {"dims": [2, 1]},
        "RepeatVector": {"n": 3},
        "BatchNormalization": {},
        "LayerNormalization": {},
        "GroupNormalization": {"groups": 2},
        "RMSNormalization": {},
        "UnitNormalization": {},
        "GaussianNoise": {"stddev": 0.1},
        "GaussianDropout": {"rate": 0.1},
        "AlphaDropout": {"rate": 0.1},
        "SpatialDropout1D": {"rate": 0.1},
        "SpatialDropout2D": {"rate": 0.1},
        "ActivityRegularization": {},
        **alike(("LSTM", "GRU", "SimpleRNN", "LSTMCell", "GRUCell", "SimpleRNNCell"), {"units": 4}),
        "MultiHeadAttention": {"num_heads": 2, "key_dim": 3},
        "GroupQueryAttention": {"head_dim": 3, "num_query_heads": 4, "num_key_value_heads": 2},
        **alike(("Attention", "AdditiveAttention"), {}),
        "Rescaling": {"scale": 0.5},
        "Normalization": {},
        "CategoryEncoding": {"num_tokens": 4},
    },
}

# kind -> class -> arguments of the other instance, besides the needed ones
OTHER = {
    "constraints": {
        "MaxNorm": {"max_value": 3, "axis": [0, 1]},
        "MinMaxNorm": {"min_value": 0.5, "max_value": 2.0, "rate": 0.9, "axis": 1},
        "NonNeg": {},
        "UnitNorm": {"axis": 1},
    },
    "regularizers": {
        "L1": {"l1": 0.1},
        "L1L2": {"l1": 0.1, "l2": 0.2},
        "L2": {"l2": 0.3},
        "OrthogonalRegularizer": {"factor": 0.2, "mode": "columns"},
    },
    "initializers": {
        "Constant": {"value": 0.5},
        **alike(
            ("GlorotNormal", "GlorotUniform", "HeNormal", "HeUniform", "LecunNormal", "LecunUniform"),
            {"seed": 7},
        ),
        **alike(("Identity", "IdentityInitializer"), {"gain": 2.0}),
        **alike(("Orthogonal", "OrthogonalInitializer"), {"gain": 2.0, "seed": 7}),
        **alike(("RandomNormal", "TruncatedNormal"), {"mean": 1.0, "stddev": 0.5, "seed": 7}),
        "RandomUniform": {"minval": -1.0, "maxval": 1.0, "seed": 7},
        **alike(("STFT", "STFTInitializer"), {"side": "imag", "window": None, "periodic": True}),
        "VarianceScaling": {"scale": 2.0, "mode": "fan_out", "distribution": "uniform", "seed": 7},
        "Ones": {},
        "Zeros": {},
    },
    "losses": {
        "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
        "BinaryFocalCrossentropy": {"apply_class_balancing": True, "alpha": 0.3, "gamma": 1.5},
        "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
        "CategoricalFocalCrossentropy": {"alpha": 0.3, "gamma": 1.5, "from_logits": True},
        "CategoricalGeneralizedCrossEntropy": {"q": 0.6},
        "Circle": {"gamma": 40.0, "margin": 0.3, "remove_diagonal": False},
        "CosineSimilarity": {"axis": 1},
        "Dice": {"axis": [1, 2]},
        "Huber": {"delta": 2.0},
        "SparseCategoricalCrossentropy": {"from_logits": True, "ignore_class": 0},
        "Tversky": {"alpha": 0.3, "beta": 0.7, "axis": 1},
    },
    "metrics": {
        "AUC": {"num_thresholds": 10, "curve": "PR", "summation_method": "majoring", "from_logits": True},
        "BinaryAccuracy": {"threshold": 0.7},
        "BinaryCrossentropy": {"from_logits": True, "label_smoothing": 0.1},
        "BinaryIoU": {"target_class_ids": [1], "threshold": 0.3},
        "CategoricalCrossentropy": {"from_logits": True, "label_smoothing": 0.1, "axis": 1},
        "ConcordanceCorrelation": {"axis": 1},
        "CosineSimilarity": {"axis": 1},
        "F1Score": {"average": "micro", "threshold": 0.4},
        "FBetaScore": {"average": "macro", "beta": 2.0, "threshold": 0.4},
        **alike(("FalseNegatives", "FalsePositives", "TrueNegatives", "TruePositives"), {"thresholds": 0.3}),
        "IoU": {"ignore_class": 1, "sparse_y_pred": False},
        "MeanIoU": {"ignore_class": 1, "axis": 1},
        "OneHotIoU": {"ignore_class": 1},
        "OneHotMeanIoU": {"sparse_y_pred": True},
        "PearsonCorrelation": {"axis": 1},
        "Precision": {"thresholds": [0.3, 0.6], "class_id": 1},
        "Recall": {"top_k": 2, "class_id": 1},
        "PrecisionAtRecall": {"num_thresholds": 10},
        "RecallAtPrecision": {"num_thresholds": 10, "class_id": 1},
        "SensitivityAtSpecificity": {"num_thresholds": 10},
        "SpecificityAtSensitivity": {"num_thresholds": 10},
        "R2Score": {"class_aggregation": "variance_weighted_average", "num_regressors": 1},
        "SparseCategoricalCrossentropy": {"from_logits": True, "axis": 1},
        **alike(("TopKCategoricalAccuracy", "SparseTopKCategoricalAccuracy"), {"k": 3}),
    },
    "optimizers": {
        "Adadelta": {"rho": 0.9},
        "Adafactor": {"clip_threshold": 2.0, "relative_step": False},
        "Adagrad": {"initial_accumulator_value": 0.2},
        "Adam": {"learning_rate": DECAY, "beta_1": 0.8, "amsgrad": True},
        "AdamW": {"weight_decay": 0.01, "clipnorm": 1.0},
        "Adamax": {"beta_2": 0.99, "global_clipnorm": 1.0},
        "Ftrl": {"l1_regularization_strength": 0.1, "beta": 0.2},
        "Lion": {"beta_1": 0.8, "clipvalue": 0.5},
        "Muon": {"adam_beta_1": 0.8, "nesterov": False},
        "Nadam": {"epsilon": 1e-6, "use_ema": True, "ema_overwrite_frequency": 5},
        "RMSprop": {"rho": 0.8, "momentum": 0.5, "centered": True},
        "SGD": {"momentum": 0.9, "nesterov": True, "weight_decay": 0.01, "gradient_accumulation_steps": 2},
        "LossScaleOptimizer": {"initial_scale": 16.0},
        "ScheduleFreeAdamW": {"warmup_steps": 10},
    },
    "schedules": {
        "CosineDecay": {"alpha": 0.1, "warmup_target": 0.2, "warmup_steps": 5},
        "CosineDecayRestarts": {"t_mul": 1.5, "m_mul": 0.5, "alpha": 0.1},
        "ExponentialDecay": {"staircase": True},
        "InverseTimeDecay": {"staircase": True},
        "PiecewiseConstantDecay": {},
        "PolynomialDecay": {"end_learning_rate": 0.01, "power": 2.0, "cycle": True},
    },
    "layers": {
        "InputLayer": {"batch_size": 2, "dtype": "int32", "name": "tokens"},
        "Dense": {
            "activation": "relu",
            "use_bias": False,
            "kernel_initializer": "he_normal",
            "kernel_regularizer": L2,
            "bias_constraint": "max_norm",
            "activity_regularizer": "l1",
            "dtype": "mixed_bfloat16",
            "trainable": False,
        },
        "Activation": {"name": "act"},
        "Dropout": {"noise_shape": [None, 1], "seed": 3},
        "Flatten": {"data_format": "channels_first"},
        "Reshape": {"name": "shaped"},
        "Embedding": {"mask_zero": True, "embeddings_initializer": "ones"},
        "Concatenate": {"axis": 1},
        "Dot": {"normalize": True},
        "EinsumDense": {"bias_axes": "d", "activation": "tanh"},
        "LeakyReLU": {"negative_slope": 0.1},
        "ReLU": {"max_value": 6.0},
        "Softmax": {"axis": 1},
        "Conv2D": {
            "strides": [2, 1],
            "padding": "same",
            "dilation_rate": 1,
            "groups": 2,
            "activation": "gelu",
        },
        "MaxPooling2D": {"pool_size": 3, "strides": 2, "padding": "same"},
        "ZeroPadding2D": {"padding": [[1, 0], [0, 2]]},
        "UpSampling2D": {"size": 3, "interpolation": "bilinear"},
        "BatchNormalization": {"momentum": 0.9, "axis": 1, "center": False},
        "LayerNormalization": {"axis": [1, 2], "epsilon": 1e-5},
        "LSTM": {
            "return_sequences": True,
            "dropout": 0.1,
            "go_backwards": True,
            "recurrent_activation": "tanh",
        },
        "GRU": {"reset_after": False, "unroll": True},
        "MultiHeadAttention": {"value_dim": 5, "dropout": 0.1, "output_shape": [4]},
    },
}
MODULES = {"schedules": "optimizers.schedules"}


def revive(value):
    """Arguments with serialized objects made objects again."""
    if isinstance(value, dict):
        return deserialize_keras_object(value)
    return [revive(v) for v in value] if isinstance(value, list) else value


def record(cls, kwargs, defaults):
    keras.utils.clear_session()
    obj = cls(**{name: revive(value) for name, value in kwargs.items()})
    serialized = serialize_keras_object(obj)
    return {"class": cls.__name__, "kwargs": kwargs, "defaults": defaults, "serialized": serialized}


def objects():
    found = {}
    for kind, needed in NEEDED.items():
        module = importlib.import_module("keras." + MODULES.get(kind, kind))
        public = {n: c for n, c in vars(module).items() if isinstance(c, type) and n not in BASES}
        names = sorted(needed) if kind == "layers" else sorted({c.__name__ for c in public.values()})
        rows = []
        for name in names:
            cls = public.get(name)
            if cls is None or name in (
                "MeanMetricWrapper",
                "LossFunctionWrapper",
                "MultiOptimizer",
                "OptimizerMap",
            ):
                continue
            extra = OTHER[kind].get(name)
            base = needed.get(name, {})
            if name == "LossScaleOptimizer":
                base = {"inner_optimizer": serialize_keras_object(keras.optimizers.SGD(0.1))}
            rows.append(record(cls, base, True))
            if extra is None and kind in ("losses", "metrics"):
                extra = {"name": "mine"} | (
                    {"reduction": "sum"} if kind == "losses" else {"dtype": "float16"}
                )
            if extra:
                rows.append(record(cls, base | extra, False))
        found[kind] = rows
    return found


def identifiers():
    found = {}
    for kind in (
        "losses",
        "metrics",
        "optimizers",
        "initializers",
        "regularizers",
        "constraints",
        "activations",
    ):
        names = importlib.import_module(f"keras.src.{kind}").ALL_OBJECTS_DICT
        found[kind] = {name: target.__name__ for name, target in sorted(names.items())}
    return found


class Scaled(keras.layers.Layer):
    def __init__(self, factor, offset=2, **kwargs):
        super().__init__(**kwargs)
        self.factor = factor


@keras.saving.register_keras_serializable("golden")
class Registered(keras.layers.Layer):
    def __init__(self, factor, shape=(1, 2), **kwargs):
        super().__init__(**kwargs)
        self.factor = factor


@keras.saving.register_keras_serializable("golden")
def swoosh(x):
    return x


def plain(x):
    return x


def values():
    built = keras.layers.Dense(3)
    built.build((None, 2))
    regularizer = keras.regularizers.L2(0.02)
    with ObjectSharingScope():
        shared = serialize_keras_object([regularizer, regularizer])
    for item in shared:
        item["shared_object_id"] = 1  # Keras writes memory addresses
    rows = [
        ("None", None),
        ("numpy float32 3", np.float32(3)),
        ("numpy arange(3, dtype=int32)", np.arange(3, dtype="int32")),
        ("numpy bool array", np.array([[True, False]])),
        ("slice(1, 3)", slice(1, 3)),
        ("ellipsis", ...),
        ("bytes abc", b"abc"),
        ("nested containers", {"a": [1, (2, 3.5)], "b": "x"}),
        ("relu", keras.activations.relu),
        ("mean_squared_error", keras.losses.mean_squared_error),
        ("registered function", swoosh),
        ("plain function", plain),
        ("len", len),
        ("DTypePolicy mixed_float16", keras.DTypePolicy("mixed_float16")),
        ("KerasTensor (None, 3)", keras.KerasTensor((None, 3))),
        ("tensor [1, 2]", keras.ops.convert_to_tensor([1.0, 2.0])),
        ("SeedGenerator(3)", keras.random.SeedGenerator(3, name="seed")),
        ("InputSpec(ndim=2)", keras.InputSpec(ndim=2)),
        ("Scaled(3, name='s')", Scaled(3, name="s")),
        ("Registered(3)", Registered(3)),
        ("Dense built", built),
    ]
    return [[text, serialize_keras_object(value)] for text, value in rows] + [["shared L2 twice", shared]]


def models():
    keras.utils.clear_session()
    x = inputs = keras.Input((4,), name="x")
    x = keras.layers.Dense(3, activation="relu", name="hidden")(x)
    y = keras.layers.Dense(3, name="side")(inputs)
    out = keras.layers.Add(name="sum")([x, y])
    functional = keras.Model(inputs, out, name="functional")
    many = keras.Model({"a": inputs}, [x, keras.ops.relu(out)], name="many")
    sequential = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(2), keras.layers.Dropout(0.2)], name="seq"
    )
    deferred = keras.Sequential([keras.layers.Dense(2, name="d")], name="deferred")
    compiled = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1, name="d")], name="compiled")
    compiled.compile("adam", loss=keras.losses.Huber(2.0), metrics=["mae", keras.metrics.AUC(name="auc")])
    nested = keras.Sequential(
        [keras.Input((4,)), functional, keras.layers.Dense(1, name="top")], name="nested"
    )
    made = (functional, many, sequential, deferred, compiled, nested)
    return {model.name: serialize_keras_object(model) for model in made}


def written(value, depth=0):
    """JSON with one line per recorded object, so that a change shows as the lines that changed."""
    if depth == 3 or not isinstance(value, (dict, list)) or not value:
        return json.dumps(value, sort_keys=True)
    if isinstance(value, list):
        return "[\n" + ",\n".join(written(item, 3) for item in value) + "\n]"
    items = (f"{json.dumps(key)}: {written(value[key], depth + 1)}" for key in sorted(value))
    return "{\n" + ",\n".join(items) + "\n}"


if __name__ == "__main__":
    recorded = {
        "keras": keras.__version__,
        "objects": objects(),
        "identifiers": identifiers(),
        "values": values(),
        "models": models(),
    }
    TARGET.parent.mkdir(parents=True, exist_ok=True)
    TARGET.write_text(written(recorded) + "\n")
    print(TARGET, {kind: len(found) for kind, found in recorded["objects"].items()})
