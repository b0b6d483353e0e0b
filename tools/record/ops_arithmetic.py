"""Golden calls of arithmetic on two arrays; see op_recording.py."""

import numpy as np
from op_recording import case, dtype_pairs, f, i, record

PROMOTING = ("add", "subtract", "multiply", "maximum", "minimum")
DIVIDING = ("true_divide", "divide", "floor_divide", "mod", "divide_no_nan")
# These take Python numbers for floatx tensors in Keras; in kx numbers are weak everywhere.
FLOATING = ("arctan2", "logaddexp", "hypot")

CASES = [
    *[c for op in PROMOTING for c in dtype_pairs(op)],
    *[c for op in DIVIDING for c in dtype_pairs(op, low=1, high=4)],
    *[c for op in FLOATING for c in dtype_pairs(op, low=1, high=3, numbers=False)],
    *dtype_pairs("power", low=1, high=3),
    *[case(op, f(2, 1, 3), f(4, 1)) for op in (*PROMOTING, *DIVIDING, *FLOATING)],
    *[case(op, f(3), 2) for op in (*PROMOTING, *DIVIDING)],
    *[case(op, 2.5, i(3, low=1)) for op in (*PROMOTING, *DIVIDING)],
    *[case(op, [1.0, 2.0], [3, 4]) for op in (*PROMOTING, *DIVIDING)],
    *[case(op, 5, 2) for op in (*PROMOTING, *DIVIDING, "power")],
    case("mod", np.array([7, -7, 7, -7], "int32"), np.array([3, 3, -3, -3], "int32")),
    case("mod", np.array([7.5, -7.5, 7.5, -7.5], "float32"), np.array([3, 3, -3, -3], "float32")),
    case("floor_divide", np.array([7, -7, 7, -7], "int32"), np.array([3, 3, -3, -3], "int32")),
    case("floor_divide", np.array([7.5, -7.5, 7.5, -7.5], "float32"), np.array([3, 3, -3, -3], "float32")),
    case("divide_no_nan", f(3), np.array([0.0, 1.0, 0.0], "float32")),
    case("power", np.array([-2.0, 0.0, 3.0], "float32"), 3),
    case("power", np.array([2.0, 4.0], "float32"), -0.5),
    case("power", 2, np.array([1.0, 2.0, 3.0], "float32")),
    case("power", np.array([2, 3], "int32"), 2),
    case("maximum", np.array([1.0, np.nan], "float32"), np.array([np.nan, 1.0], "float32")),
    case("subtract", np.array([1, 2], "uint8"), np.array([2, 1], "uint8")),
    case("hypot", np.array([3e20], "float32"), np.array([4e20], "float32")),
    case("logaddexp", np.array([-np.inf, 800.0], "float32"), np.array([-np.inf, 800.0], "float32")),
]

if __name__ == "__main__":
    record("arithmetic", CASES)
