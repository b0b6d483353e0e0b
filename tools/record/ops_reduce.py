"""Golden calls of reductions and running sums; see op_recording.py."""

import numpy as np
from op_recording import b, case, dtype_singles, f, i, record

REDUCE = (
    "sum", "mean", "max", "min", "prod", "any", "all", "argmax", "argmin", "var", "std", "amax", "amin", "ptp", "logsumexp",
    "count_nonzero", "average",
)  # fmt: skip
NO_KEEPDIMS = ("count_nonzero", "average")
ONE_AXIS = ("argmax", "argmin")
PLAIN = [op for op in REDUCE if op not in NO_KEEPDIMS]

CASES = [
    *[c for op in REDUCE for c in dtype_singles(op, low=1, symbolic=op != "logsumexp")],
    *[c for op in REDUCE for c in dtype_singles(op, axis=0, low=1, symbolic=op != "logsumexp")],
    *[case(op, f(2, 3, 4), axis=-1) for op in REDUCE],
    *[case(op, f(2, 3, 4), axis=(0, 2)) for op in REDUCE if op not in ONE_AXIS],
    *[case(op, f(2, 3, 4), axis=[1]) for op in ("sum", "mean", "max", "var")],
    *[case(op, f(2, 3, 4), axis=1, keepdims=True) for op in PLAIN],
    *[case(op, f(2, 3), keepdims=True) for op in PLAIN],
    *[case(op, 3.0) for op in ("sum", "mean", "max", "prod", "argmax", "any", "var")],
    *[case(op, [[1, 2], [3, 4]]) for op in REDUCE],
    *[case(op, np.array([np.nan, 1.0, np.inf], "float32")) for op in ("sum", "mean", "max", "min", "any")],
    *[case(op, np.zeros((0, 3), "float32"), axis=0) for op in ("sum", "prod", "any", "all", "mean")],
    *[case(op, f(3), axis=0, initial=0.5) for op in ("max", "min")],
    *[case("max", np.zeros((0, 2), "float32"), axis=0, initial=-1.0)],
    *[case("max", i(3, 2), axis=1, initial=2)],
    *[case("prod", i(2, 3), axis=1, dtype=d) for d in ("int64", "float32", "float16", "int8")],
    *[case("prod", f(2, 3), dtype="float64")],
    *[c for op in ("cumsum", "cumprod") for c in dtype_singles(op)],
    *[c for op in ("cumsum", "cumprod") for c in dtype_singles(op, axis=1)],
    *[
        case(op, i(2, 3), axis=-1, dtype=d)
        for op in ("cumsum", "cumprod")
        for d in ("int64", "float32", "float16", "int8")
    ],
    *[case("cumsum", b(4), dtype="bool")],
    *[case("average", f(2, 3), axis=1, weights=f(2, 3, low=0.5))],
    *[
        case("average", f(2, 3), axis=1, weights=f(3, low=0.5)),
        case("average", f(2, 3), axis=0, weights=f(2, low=0.5)),
    ],
    *[case("average", f(2, 3), weights=f(2, 3, low=0.5)), case("average", i(3), weights=i(3, low=1))],
    *[
        case("average", i(2, 3), axis=-1, weights=f(3, low=0.5)),
        case("average", f(3, dtype="float16"), weights=f(3, low=0.5)),
    ],
    *[
        case("logsumexp", np.array([1000.0, 1000.0], "float32")),
        case("logsumexp", np.array([-np.inf, -np.inf], "float32")),
    ],
    *[
        case("logsumexp", np.array([np.inf, 1.0], "float32")),
        case("logsumexp", f(2, 3, 4), axis=(0, -1), keepdims=True),
    ],
    *[
        case("moments", f(2, 3, 4), axes=a, keepdims=k)
        for a in (0, [1], (0, 2), (0, 1, 2))
        for k in (False, True)
    ],
    *[case("moments", f(3, 4, dtype=d), axes=0) for d in ("float16", "bfloat16", "float64")],
    *[case("norm", f(4), ord=o) for o in (None, 1, 2, 3, 0, 0.5, np.inf, -np.inf, -1)],
    *[case("norm", f(3, 4), ord=o) for o in (None, "fro", 1, -1, np.inf, -np.inf)],
    *[case("norm", f(3, 4), ord=o, axis=1) for o in (None, 1, 2, 3, 0, np.inf, -np.inf)],
    *[case("norm", f(2, 3, 4), ord=o, axis=(1, 2)) for o in (None, "fro", 1, -1, np.inf, -np.inf)],
    *[case("norm", f(2, 3, 4), ord=o, axis=(2, 0), keepdims=True) for o in ("fro", 1, np.inf)],
    case("norm", f(2, 3, 4), axis=1, keepdims=True),
    *dtype_singles("norm"),
    *dtype_singles("norm", axis=0, ord=1),
    *[case("trace", f(3, 4)), case("trace", i(3, 3), offset=1), case("trace", b(3, 3))],
]

if __name__ == "__main__":
    record("reduce", CASES)
