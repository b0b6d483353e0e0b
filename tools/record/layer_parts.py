"""Record real Keras's activations, regularizers, constraints and dtype policies for the tests of kx-layers.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/layer_parts.py packages/kx-layers/tests/golden

It writes `activations.npz`, `regularizers.npz` and `constraints.npz` (each with a JSON text `cases`) into that folder,
and `policies.npz`.
"""

import json
import pathlib
import sys

import jax
import jax.numpy as jnp
import keras
import numpy as np

ACTIVATIONS = [
    *[(name, {}) for name in (
        "celu", "elu", "exponential", "gelu", "glu", "hard_shrink", "hard_sigmoid", "hard_silu", "hard_swish",
        "hard_tanh",
        "leaky_relu", "linear", "log_sigmoid", "log_softmax", "mish", "relu", "relu6", "selu", "sigmoid", "silu",
        "soft_shrink", "softmax", "softplus", "softsign", "sparse_plus", "sparse_sigmoid", "sparsemax", "squareplus",
        "swish",
        "tanh", "tanh_shrink",
    )],
    ("celu", {"alpha": 0.5}),
    ("elu", {"alpha": 0.5}),
    ("gelu", {"approximate": True}),
    ("glu", {"axis": 0}),
    ("hard_shrink", {"threshold": 1.0}),
    ("leaky_relu", {"negative_slope": 0.05}),
    ("log_softmax", {"axis": 0}),
    ("relu", {"negative_slope": 0.1}),
    ("relu", {"max_value": 1.0}),
    ("relu", {"threshold": 0.5}),
    ("relu", {"negative_slope": 0.1, "max_value": 1.5, "threshold": 0.5}),
    ("relu", {"max_value": 6.0}),
    ("softmax", {"axis": 0}),
    ("softmax", {"axis": [0, 1]}),
    ("soft_shrink", {"threshold": 1.0}),
    ("sparsemax", {"axis": 0}),
    ("squareplus", {"b": 1.0}),
    ("threshold", {"threshold": 0.3, "default_value": -1.0}),
]  # fmt: skip
ALONG_AXIS = ("glu", "softmax", "log_softmax", "sparsemax")
DTYPES = ("float16", "bfloat16", "int32", "int64", "bool")

REGULARIZERS = [
    ("L1", {}), ("L1", {"l1": 0.3}), ("L2", {}), ("L2", {"l2": 0.3}), ("L1L2", {}), ("L1L2", {"l1": 0.1, "l2": 0.2}),
    ("L1L2", {"l1": 0.1}), ("L1L2", {"l2": 0.2}), ("OrthogonalRegularizer", {}),
    ("OrthogonalRegularizer", {"factor": 0.1, "mode": "columns"}),
]  # fmt: skip

CONSTRAINTS = [
    ("MaxNorm", {}), ("MaxNorm", {"max_value": 1.0, "axis": 1}), ("MaxNorm", {"max_value": 0.5, "axis": [0, 1]}),
    ("NonNeg", {}),
    ("UnitNorm", {}), ("UnitNorm", {"axis": 1}), ("UnitNorm", {"axis": [0, 1]}), ("MinMaxNorm", {}),
    ("MinMaxNorm", {"min_value": 0.5, "max_value": 0.8, "rate": 0.7, "axis": 1}),
]  # fmt: skip

IDENTIFIERS = {
    "activations": [
        "relu", "ReLU", "swish", "hard_swish", "silu", "leakyrelu", "leaky_relu", "threshold", "softmax", None,
    ],
    "initializers": [
        "zeros", "Zeros", "zero", "ones", "one", "constant", "uniform", "normal", "random_uniform", "random_normal",
        "truncated_normal", "TruncatedNormal", "identity", "Identity", "IdentityInitializer", "orthogonal",
        "OrthogonalInitializer", "Orthogonal", "glorot_uniform", "GlorotUniform", "he_normal", "he_uniform",
        "lecun_normal", "variance_scaling", "VarianceScaling", "stft", "STFT", None,
    ],
    "regularizers": [
        "l1", "L1", "l2", "L2", "l1_l2", "l1l2", "L1L2", "orthogonal_regularizer", "OrthogonalRegularizer", None,
    ],
    "constraints": [
        "max_norm", "MaxNorm", "maxnorm", "non_neg", "NonNeg", "nonneg", "unit_norm", "unitnorm", "min_max_norm", None,
    ],
}  # fmt: skip

POLICIES = [
    "float32",
    "float16",
    "bfloat16",
    "float64",
    "mixed_float16",
    "mixed_bfloat16",
    "int8",
    "uint8",
    "bool",
    None,
]


def record_activations(path):
    rng = np.random.default_rng(1)
    x = rng.uniform(-3, 3, (4, 6)).astype("float32")
    x[0, :3] = (0.0, -0.25, 1.75)
    tricky = np.array([[-100.0, 100.0, 88.0, -88.0, np.nan, np.inf, -np.inf, 1e-30]], "float32")
    arrays, cases = {"x": x, "tricky": tricky, "g": rng.normal(size=x.shape).astype("float32")}, []
    for index, (name, kwargs) in enumerate(ACTIVATIONS):
        function = getattr(keras.activations, name)
        kwargs_here = {k: tuple(v) if isinstance(v, list) else v for k, v in kwargs.items()}
        out = np.asarray(function(x, **kwargs_here))
        g = arrays["g"].ravel()[: out.size].reshape(out.shape)
        arrays[f"{index}/out"] = out
        arrays[f"{index}/grad"] = np.asarray(
            jax.grad(lambda v, f=function, k=kwargs_here, g=g: (f(v, **k) * g).sum())(jnp.asarray(x))
        )
        if name not in ALONG_AXIS:
            arrays[f"{index}/tricky"] = np.asarray(function(tricky, **kwargs_here))
        dtypes = {}
        for dtype in DTYPES:
            try:
                dtypes[dtype] = str(function(jnp.ones((2, 4)).astype(dtype), **kwargs_here).dtype)
            except (TypeError, ValueError):  # JAX refuses integers in some functions
                dtypes[dtype] = None
        serialized = keras.activations.serialize(function)
        cases.append({"name": name, "kwargs": kwargs, "dtypes": dtypes, "serialized": serialized})
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)


def record_regularizers(path):
    rng = np.random.default_rng(2)
    arrays, cases = {"x": rng.normal(size=(4, 3)).astype("float32")}, []
    for index, (name, kwargs) in enumerate(REGULARIZERS):
        regularizer = getattr(keras.regularizers, name)(**kwargs)
        arrays[f"{index}/grad"] = np.asarray(
            jax.grad(lambda v, r=regularizer: r(v))(jnp.asarray(arrays["x"]))
        )
        config = keras.regularizers.serialize(regularizer)
        cases.append(
            {
                "name": name,
                "kwargs": kwargs,
                "value": float(regularizer(jnp.asarray(arrays["x"]))),
                "config": config,
            }
        )
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)


def record_constraints(path):
    rng = np.random.default_rng(3)
    arrays, cases = {"x": rng.normal(size=(4, 3)).astype("float32") * 2}, []
    arrays["x"][:, 1] = 0
    for index, (name, kwargs) in enumerate(CONSTRAINTS):
        constraint = getattr(keras.constraints, name)(**kwargs)
        arrays[f"{index}/out"] = np.asarray(constraint(jnp.asarray(arrays["x"])))
        cases.append({"name": name, "kwargs": kwargs, "config": keras.constraints.serialize(constraint)})
    np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)


def resolved(kind, identifier):
    module = getattr(keras, kind)
    try:
        found = module.get(identifier)
    except Exception as error:
        return {"identifier": identifier, "error": type(error).__name__, "text": str(error)}
    return {"identifier": identifier, "serialized": None if found is None else module.serialize(found)}


def record_policies(path):
    policies = []
    for name in POLICIES:
        try:
            policy = keras.dtype_policies.get(name) if name is None else keras.DTypePolicy(name)
        except Exception as error:
            policies.append({"name": name, "error": type(error).__name__, "text": str(error)})
            continue
        policies.append({
            "name": name,
            "compute": policy.compute_dtype,
            "variable": policy.variable_dtype,
            "resolved": policy.name,
            "repr": repr(policy),
            "config": keras.dtype_policies.serialize(policy),
            "converted": [
                str(policy.convert_input(jnp.ones(2, d), True, policy.compute_dtype).dtype)
                for d in ("float32", "float16", "int32", "bool")
            ],
        })  # fmt: skip
    policy_map = keras.dtype_policies.DTypePolicyMap(
        "bfloat16",
        {"model/dense": keras.DTypePolicy("mixed_float16"), "block.*": keras.DTypePolicy("float16")},
    )
    lookups = {
        key: policy_map[key].name
        for key in ("model/dense", "model/dense_1", "block_3", "x/block_3", "other", "blo")
    }
    record = {
        "policies": policies,
        "map": {"config": keras.dtype_policies.serialize(policy_map), "lookups": lookups},
        "identifiers": {kind: [resolved(kind, i) for i in names] for kind, names in IDENTIFIERS.items()},
    }
    np.savez_compressed(path, record=np.array(json.dumps(record)))


if __name__ == "__main__":
    folder = pathlib.Path(sys.argv[1])
    record_activations(folder / "activations.npz")
    record_regularizers(folder / "regularizers.npz")
    record_constraints(folder / "constraints.npz")
    record_policies(folder / "policies.npz")
