"""Golden calls of comparisons, logic, choices and bit operations; see op_recording.py."""

import numpy as np
from op_recording import DTYPES, b, case, dtype_pairs, dtype_singles, f, i, record, sample

COMPARE = ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal")
LOGIC = ("logical_and", "logical_or", "logical_xor")
BITS = ("bitwise_and", "bitwise_or", "bitwise_xor")
SHIFTS = ("left_shift", "right_shift", "bitwise_left_shift", "bitwise_right_shift")
INTS = ("uint8", "int8", "int16", "int32", "int64")
ODD = np.array([np.nan, np.inf, -np.inf, 0.0, 1.0], "float32")

CASES = [
    *[c for op in ("equal", "less", "greater_equal") for c in dtype_pairs(op)],
    *[c for op in LOGIC for c in dtype_pairs(op, ("bool", "int32", "float16", "float32"))],
    *[case(op, f(2, 1, 3), f(4, 1)) for op in (*COMPARE, *LOGIC)],
    *[case(op, i(5), 1) for op in COMPARE],
    *[case(op, i(5), 0.5) for op in COMPARE],
    *[case(op, ODD, ODD) for op in COMPARE],
    *dtype_singles("logical_not"),
    *[case(op, ODD) for op in ("isnan", "isinf", "isfinite")],
    *[c for op in ("isnan", "isinf", "isfinite") for c in dtype_singles(op)],
    *[
        case("isclose", ODD[[0, 3, 4]], ODD[[0, 3, 4]], equal_nan=e) for e in (False, True)
    ],  # TensorFlow's is wrong for inf
    case("isclose", f(4), f(4), rtol=1.0, atol=0.5),
    case("isclose", i(4), i(4)),
    case("isclose", np.array([1.0, 2.0], "float32"), 2.0),
    *[
        case(op, sample(d, 3, low=0), sample(e, 3, low=0))
        for op in BITS
        for d in ("bool", *INTS)
        for e in ("bool", *INTS)
    ],
    *[case(op, sample(d, 3, low=1), sample(d, 3, low=0)) for op in SHIFTS for d in INTS],
    *[case(op, sample(d, 3)) for op in ("bitwise_not", "bitwise_invert") for d in INTS],
    *[case(op, i(3, below=7), 3) for op in BITS],
    *[case(op, i(3, low=0), 2) for op in SHIFTS],
    *[
        case("where", b(3), sample(d, 3), sample(e, 3))
        for d in (*DTYPES, "int", "float")
        for e in (*DTYPES, "int", "float")
    ],
    case("where", b(3, 1), f(1, 4), 0.0),
    case("where", np.array([0, 1, 2], "int32"), f(3), f(3)),
    case("where", np.array([0.0, 1.0], "float32"), 1, 2),
    case("where", np.array([True, False, True]), symbolic=False),
    case("where", np.array([[0, 3], [4, 0]], "int32"), symbolic=False),
    *[case("clip", sample(d, 5), 0, 1) for d in DTYPES],
    *[case("clip", sample(d, 5), 0.5, 1.5) for d in DTYPES],
    case("clip", f(2, 3), f(3, low=-1, high=0), f(3, low=0.5, high=1)),
    case("clip", f(4), np.float64(-1), np.float64(1)),
]

if __name__ == "__main__":
    record("compare", CASES)
