"""Records `keras.backend` of Keras 2: each function on a few arrays.

`python tools/record/backend.py` with tf_keras installed writes packages/kx/tests/golden/backend.npz: `cases`, a JSON list of
{name, args, kwargs, out}, in which {"array": n} stands for the array `a<n>` and {"tuple": [...]} for a tuple.
"""

import json
import os
import pathlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np
from tf_keras import backend as K

GOLDEN = pathlib.Path(__file__).resolve().parents[2] / "packages/kx/tests/golden/backend.npz"
rng = np.random.default_rng(0)


def f(*shape, low=-2.0, high=2.0):
    return np.round(rng.uniform(low, high, shape), 3).astype("float32")


X, Y, P = f(3, 4), f(3, 4), f(3, 4, low=0.05, high=0.95)
T = np.eye(4, dtype="float32")[[0, 2, 3]]
CTC = [
    np.float32([[0, 1, 2], [1, 1, 0], [2, 0, 0]]), np.exp(np.random.default_rng(1).normal(size=(3, 6, 5)) * 2).astype("float32"),
    np.array([[6], [5], [4]]), np.array([[3], [3], [1]]),
]  # fmt: skip
CTC[1] /= CTC[1].sum(-1, keepdims=True)
CASES = [
    *[(name, [X], {}) for name in (
        "abs", "cos", "exp", "sign", "sin", "square", "tanh", "sigmoid", "softplus", "softsign", "softmax", "round",
        "relu", "elu", "hard_sigmoid", "flatten", "batch_flatten", "transpose", "expand_dims", "zeros_like",
        "ones_like", "l2_normalize", "argmax", "argmin", "cumsum", "cumprod",
    )],
    ("sqrt", [X], {}), ("log", [P], {}), ("pow", [P, 2.5], {}), ("clip", [X, -0.5, 1], {}),
    ("clip", [X, 1.0, -1.0], {}), ("relu", [X], {"alpha": 0.1, "max_value": 1.0, "threshold": 0.2}),
    ("elu", [X, 0.5], {}), ("l2_normalize", [X], {"axis": 1}), ("softmax", [X], {"axis": 0}),
    *[(name, [X], {"axis": 1, "keepdims": keep}) for name in ("sum", "mean", "max", "min", "prod", "std", "var") for keep in (False, True)],
    *[(name, [X], {}) for name in ("sum", "mean", "max", "std", "var")],
    ("mean", [X > 0], {"axis": -1}), ("all", [X > 0], {"axis": 1}), ("any", [X > 0], {"axis": 1}),
    *[(name, [X, Y], {}) for name in ("equal", "not_equal", "greater", "greater_equal", "less", "less_equal", "maximum", "minimum")],
    ("dot", [X, f(4, 2)], {}), ("dot", [f(2, 3, 4), f(4, 5)], {}), ("dot", [f(2, 3), f(4, 3, 5)], {}),
    ("batch_dot", [X, Y], {}), ("batch_dot", [X, Y], {"axes": 1}), ("batch_dot", [f(3, 2, 4), f(3, 4, 5)], {}),
    ("batch_dot", [f(3, 2, 4), f(3, 5, 4)], {"axes": (2, 2)}), ("batch_dot", [f(3, 4), f(3, 4, 2)], {"axes": (1, 1)}),
    ("batch_dot", [f(3, 2, 4), f(3, 4)], {"axes": (2, 1)}),
    ("concatenate", [[X, Y]], {}), ("concatenate", [[X, Y]], {"axis": 0}), ("stack", [[X, Y]], {"axis": 1}),
    ("reshape", [X, (4, 3)], {}), ("permute_dimensions", [f(2, 3, 4), (2, 0, 1)], {}), ("squeeze", [f(3, 1, 2), 1], {}),
    ("repeat", [X, 3], {}), ("repeat_elements", [X, 2, 1], {}), ("tile", [X, (2, 1)], {}), ("reverse", [X, 1], {}),
    ("reverse", [X, [0, 1]], {}), ("gather", [X, np.array([2, 0])], {}), ("one_hot", [np.array([1, 0, 3]), 4], {}),
    ("cast", [X, "int32"], {}), ("eye", [3], {}), ("arange", [5], {}), ("arange", [1, 9, 2], {}),
    ("bias_add", [X, f(4)], {}), ("bias_add", [f(2, 3, 4, 5), f(5)], {}),
    ("bias_add", [f(2, 3, 4, 5), f(3)], {"data_format": "channels_first"}), ("bias_add", [f(2, 3, 4), f(3, 4)], {}),
    ("batch_normalization", [X, f(4), P[0], f(4), f(4)], {}),
    ("binary_crossentropy", [T, P], {}), ("binary_crossentropy", [T, X], {"from_logits": True}),
    ("categorical_crossentropy", [T, P], {}), ("categorical_crossentropy", [T, X], {"from_logits": True}),
    ("sparse_categorical_crossentropy", [np.array([1, 0, 3]), P], {}),
    ("sparse_categorical_crossentropy", [np.array([1, 0, 3]), P], {"ignore_class": 0}),
    ("binary_focal_crossentropy", [T, P], {}), ("binary_focal_crossentropy", [T, P], {"apply_class_balancing": True}),
    ("categorical_focal_crossentropy", [T, P], {}), ("in_top_k", [P, np.array([1, 0, 3]), 2], {}),
    ("switch", [X > 0, X, Y], {}),
    ("conv1d", [f(2, 6, 3), f(3, 3, 2)], {"padding": "causal"}), ("conv1d", [f(2, 6, 3), f(3, 3, 2)], {"strides": 2}),
    ("conv2d", [f(2, 5, 6, 3), f(3, 2, 3, 2)], {"padding": "same", "strides": (2, 1)}),
    ("conv3d", [f(1, 3, 4, 5, 2), f(2, 2, 2, 2, 3)], {}),
    ("conv2d_transpose", [f(1, 3, 3, 2), f(3, 3, 4, 2), (1, 6, 6, 4)], {"strides": (2, 2), "padding": "same"}),
    ("conv2d_transpose", [f(1, 3, 3, 2), f(3, 3, 4, 2), (1, 5, 5, 4)], {"strides": (2, 2), "padding": "same"}),
    ("conv2d_transpose", [f(1, 3, 3, 2), f(2, 3, 4, 2), (1, 6, 7, 4)], {"strides": (2, 2)}),
    ("depthwise_conv2d", [f(1, 4, 4, 3), f(2, 2, 3, 2)], {}),
    ("separable_conv2d", [f(1, 4, 4, 3), f(2, 2, 3, 2), f(1, 1, 6, 4)], {}),
    ("local_conv1d", [f(2, 5, 3), f(4, 6, 2), (2,), (1,)], {}),
    ("local_conv2d", [f(2, 4, 5, 3), f(4, 18, 2), (2, 3), (2, 2), (2, 2)], {}),
    ("pool2d", [f(1, 5, 5, 2), (2, 2)], {"strides": (2, 2), "padding": "same", "pool_mode": "avg"}),
    ("pool2d", [f(1, 5, 5, 2), (3, 2)], {"strides": (2, 1)}), ("pool3d", [f(1, 4, 4, 4, 2), (2, 2, 2)], {"strides": (2, 2, 2)}),
    ("temporal_padding", [f(2, 3, 2), (2, 1)], {}), ("spatial_2d_padding", [f(1, 2, 3, 2), ((1, 2), (0, 1))], {}),
    ("spatial_2d_padding", [f(1, 2, 3, 2), ((1, 2), (0, 1))], {"data_format": "channels_first"}),
    ("spatial_3d_padding", [f(1, 2, 2, 2, 1)], {}),
    ("resize_images", [f(1, 2, 3, 2), 2, 3, "channels_last"], {}),
    ("resize_images", [f(1, 2, 3, 4), 3, 2, "channels_first"], {"interpolation": "bilinear"}),
    ("resize_volumes", [f(1, 2, 1, 2, 2), 2, 3, 2, "channels_last"], {}),
    ("foldl", [None, np.float32([5, 1, 2])], {}), ("foldr", [None, np.float32([5, 1, 2])], {}),
    ("map_fn", [None, X], {}),
    ("ctc_batch_cost", CTC, {}),
    ("ctc_decode", [CTC[1], np.array([6, 5, 4])], {}),
    ("ctc_decode", [CTC[1], np.array([6, 5, 4])], {"greedy": False, "beam_width": 10, "top_paths": 2}),
]  # fmt: skip
FUNCTIONS = {
    "foldl": lambda a, x: a - 2 * x, "foldr": lambda a, x: a - 2 * x, "map_fn": lambda x: x * x,
}  # fmt: skip


def main():
    arrays, cases = {}, []

    def packed(value):
        if isinstance(value, np.ndarray):
            arrays[f"a{len(arrays)}"] = value
            return {"array": len(arrays) - 1}
        if isinstance(value, tuple):
            return {"tuple": [packed(v) for v in value]}
        return [packed(v) for v in value] if isinstance(value, list) else value

    for name, args, kwargs in CASES:
        function = FUNCTIONS.get(name)
        given = [function, *args[1:]] if function else args
        # Keras 2 takes tensors or arrays where a layer would give it tensors
        tensors = [K.constant(a, dtype=a.dtype.name) if isinstance(a, np.ndarray) else a for a in given]
        tensors = [
            [K.constant(a) for a in t] if isinstance(t, list) and isinstance(t[0], np.ndarray) else t
            for t in tensors
        ]
        out = getattr(K, name)(*tensors, **kwargs)
        if name == "ctc_decode":  # all paths, and their scores
            out = [np.stack([np.asarray(path) for path in out[0]]), np.asarray(out[1])]
        else:
            out = np.asarray(out)
        stored = {k: packed(v) for k, v in kwargs.items()}
        cases.append({"name": name, "args": [packed(a) for a in args], "kwargs": stored, "out": packed(out)})
    GOLDEN.parent.mkdir(exist_ok=True)
    np.savez_compressed(GOLDEN, cases=np.array(json.dumps(cases)), **arrays)
    print(len(cases), "cases,", GOLDEN.stat().st_size, "bytes")


if __name__ == "__main__":
    main()
