"""Record golden cases of Keras's activation, cross-entropy and one-hot ops: values and gradients.

Run with Keras 3.15 and JAX installed, from any folder:  KERAS_BACKEND=jax python tools/record/activations.py
Writes packages/kx-tensor/tests/golden/activations.npz: arrays "<case>/in<i>", "<case>/out", "<case>/grad<i>" and a
JSON list `cases` of {"op", "args", "kwargs", "grads"}, where an argument {"in": i} stands for an array. Gradients are
those of sum(out * cos(0, 1, 2, ...)). Left out: sparsemax with more than one positive result, which Keras 3.15 gets
wrong (its results don't sum to 1), and relu6 of integers, whose dtype differs among its backends.
"""

import json
import os
import pathlib

os.environ.setdefault("KERAS_BACKEND", "jax")

import jax
import jax.numpy as jnp
import keras
import numpy as np

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-tensor/tests/golden"
rng = np.random.default_rng(5)
x = (rng.uniform(-4, 4, (5, 6)) + 0.01).astype("float32")  # no element sits on a kink
wide = np.array([-1000.0, -90.0, -20.0, 20.0, 90.0, 1000.0], "float32")
exact = np.eye(4, dtype="float32")
probabilities = rng.dirichlet(np.ones(4), (3,)).astype("float32")
unscaled = (probabilities * rng.uniform(0.5, 2.0, (3, 1))).astype("float32")
extreme = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [1e-9, 1e-9, 1.0, 0.0]], "float32")
targets = rng.dirichlet(np.ones(4), (3,)).astype("float32")
logits = rng.normal(0, 3, (3, 4)).astype("float32")
labels = np.array([3, 0, 2], "int32")
arrays, cases = {}, []

ALL = (
    "relu", "relu6", "sigmoid", "tanh", "softplus", "log_sigmoid", "silu", "swish", "elu", "selu", "celu", "gelu",
    "leaky_relu", "hard_sigmoid", "hard_silu", "hard_swish", "hard_tanh", "hard_shrink", "soft_shrink", "glu",
    "squareplus", "sparse_plus", "sparse_sigmoid", "softsign", "tanh_shrink", "softmax", "log_softmax", "erf",
)  # fmt: skip
SATURATED = (
    "sigmoid", "tanh", "softplus", "log_sigmoid", "silu", "elu", "gelu", "softmax", "log_softmax", "sparsemax", "erf",
)  # fmt: skip
CASES = [
    *[(op, (x,), {}, (0,)) for op in ALL],
    *[(op, (wide,), {}, ()) for op in SATURATED],
    ("elu", (x,), {"alpha": 0.3}, (0,)), ("celu", (x,), {"alpha": 2.0}, (0,)),
    ("gelu", (x,), {"approximate": False}, (0,)), ("glu", (x[:4],), {"axis": 0}, (0,)),
    ("leaky_relu", (x,), {"negative_slope": 0.01}, (0,)), ("hard_shrink", (x,), {"threshold": 1.5}, (0,)),
    ("soft_shrink", (x,), {"threshold": 1.5}, (0,)), ("threshold", (x, 1.0, -0.5), {}, (0,)),
    ("squareplus", (x,), {"b": 1}, (0,)), ("softmax", (x,), {"axis": 0}, (0,)),
    ("log_softmax", (x,), {"axis": 0}, (0,)), ("softmax", (x,), {"axis": (0, 1)}, (0,)),
    *[(op, (x.astype("float16"),), {}, ()) for op in ("relu", "sigmoid", "gelu", "softmax", "elu", "hard_sigmoid")],
    ("relu", (np.array([-2, 3], "int32"),), {}, ()),
    *[("categorical_crossentropy", (t, p), {}, (0, 1)) for t, p in ((targets, probabilities), (targets, unscaled))],
    ("categorical_crossentropy", (targets, logits), {"from_logits": True}, (0, 1)),
    ("categorical_crossentropy", (exact, exact), {}, (1,)), ("categorical_crossentropy", (targets, extreme), {}, (1,)),
    ("categorical_crossentropy", (targets.T.copy(), logits.T.copy()), {"from_logits": True, "axis": 0}, (0, 1)),
    ("sparse_categorical_crossentropy", (labels, unscaled), {}, (1,)),
    ("sparse_categorical_crossentropy", (labels[:, None], logits), {"from_logits": True}, (1,)),
    ("sparse_categorical_crossentropy", (labels, extreme), {}, (1,)),
    ("sparse_categorical_crossentropy", (labels.astype("float32"), unscaled), {}, ()),
    ("binary_crossentropy", (targets, probabilities), {}, (0, 1)), ("binary_crossentropy", (exact, exact), {}, (1,)),
    ("binary_crossentropy", (targets, logits), {"from_logits": True}, (0, 1)),
    ("binary_crossentropy", (np.float32([0, 1, 0, 1, 1, 0]), wide), {"from_logits": True}, (1,)),
    ("one_hot", (labels, 4), {}, ()), ("one_hot", (labels, 5), {"axis": 0, "dtype": "int32"}, ()),
    ("one_hot", (np.array([-1, 2, 7]), 4), {}, ()), ("multi_hot", (np.array([[0, 2], [1, 1]]), 3), {}, ()),
    ("multi_hot", (np.array([0, 3]), 5), {}, ()),
]  # fmt: skip


def weighted_sum(out):
    return jnp.sum(out * jnp.cos(jnp.arange(out.size, dtype=out.dtype)).reshape(out.shape))


for number, (op, args, kwargs, wanted) in enumerate(CASES):
    function = getattr(keras.ops, op)
    arrays[f"{number}/out"] = np.asarray(function(*args, **kwargs))
    described = []
    for i, arg in enumerate(args):
        if isinstance(arg, np.ndarray):
            arrays[f"{number}/in{i}"] = arg
            described.append({"in": i})
        else:
            described.append(arg)
    if wanted:
        found = jax.grad(lambda *a: weighted_sum(function(*a, **kwargs)), wanted)(*map(jnp.asarray, args))
        for i, g in zip(wanted, found, strict=True):
            arrays[f"{number}/grad{i}"] = np.asarray(g)
    kwargs = {k: list(v) if isinstance(v, tuple) else v for k, v in kwargs.items()}
    cases.append({"op": op, "args": described, "kwargs": kwargs, "grads": list(wanted)})

GOLDEN.mkdir(parents=True, exist_ok=True)
path = GOLDEN / "activations.npz"
np.savez_compressed(path, cases=np.array(json.dumps(cases)), **arrays)
print(path.name, len(cases), "cases,", path.stat().st_size, "bytes")
