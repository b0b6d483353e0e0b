"""Golden calls of functions of one array; see op_recording.py."""

import numpy as np
from op_recording import case, dtype_singles, f, record

EVERYWHERE = (
    "absolute", "abs", "arcsinh", "arctan", "ceil", "copy", "cos", "cosh", "deg2rad", "exp", "exp2", "expm1", "floor",
    "nan_to_num", "negative", "rad2deg", "round", "sign", "sin", "sinh", "square", "tan", "trunc",
)  # fmt: skip
POSITIVE = ("log", "log10", "log1p", "log2", "reciprocal", "rsqrt", "sqrt", "arccosh")
SMALL = ("arccos", "arcsin", "arctanh")
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], "float32")

CASES = [
    *[c for op in EVERYWHERE for c in dtype_singles(op)],
    *[c for op in POSITIVE for c in dtype_singles(op, low=1, high=3, symbolic=op != "reciprocal")],
    *[c for op in SMALL for c in dtype_singles(op, low=0, high=1)],
    *[case(op, ODD) for op in EVERYWHERE if op != "copy"],
    *[case(op, 2) for op in (*EVERYWHERE, *POSITIVE) if op != "copy"],
    *[case(op, 1.5) for op in (*EVERYWHERE, *POSITIVE) if op != "copy"],
    case("round", f(5, low=-20, high=20), 1),
    case("round", np.array([0.5, 1.5, 2.5, -0.5], "float32")),
    case("round", np.array([123, 456, 455], "int32"), decimals=-1),
    case("round", np.array([1234.5], "float32"), decimals=-2),
    case("nan_to_num", ODD, nan=1.0, posinf=2.0, neginf=3.0),
    case("nan_to_num", ODD.astype("float64")),
    case("nan_to_num", ODD.astype("float16")),
    case("nan_to_num", np.array([1, 2], "int32")),
]

if __name__ == "__main__":
    record("unary", CASES)
