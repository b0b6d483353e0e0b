"""Golden calls that make or cast tensors; see op_recording.py."""

import numpy as np
from op_recording import DTYPES, b, case, dtype_singles, f, i, record, sample

CASES = [
    *[case(op, s) for op in ("zeros", "ones") for s in ((2, 3), [2], ())], *[case(op, (2,), dtype=d) for op in ("zeros", "ones") for d in DTYPES],
    *[case("full", (2,), v) for v in (1, 1.5, True)], *[case("full", (2,), 1, dtype=d) for d in DTYPES], case("full", (2, 3), f(3)), case("full", (2,), 1.7, dtype="int32"),
    *[c for op in ("zeros_like", "ones_like") for c in dtype_singles(op)], *[case(op, i(2), dtype="float32") for op in ("zeros_like", "ones_like")],
    *dtype_singles("full_like", 2), case("full_like", f(2), 2, dtype="int32"), case("full_like", i(2), 1.7), case("full_like", i(2, 3), i(3)),
    *[case("arange", *a) for a in ((3,), (3.0,), (1, 4), (1.0, 4), (0, 10, 3), (0, 1, 0.25), (5, 0, -2), (4, 1), (0.5, 2.5), (1, 2.5))],
    *[case("arange", 0, 5, 2, dtype=d) for d in DTYPES if d != "bool"], case("arange", 2.5, dtype="int32"), case("arange", np.int64(3)), case("arange", np.float32(3)), case("arange", 0.0, 1.0, 0.1),
    case("arange", np.int64(1), np.float64(3)), case("arange", 3, dtype="float16"), case("arange", 10, 0, -3),
    *[case("linspace", *a) for a in ((0, 1, 5), (0.0, 10.0, 4), (1, 5), (5.0, 1.0, 3), (0, 1, 1))], case("linspace", 0, 1, 4, endpoint=False), case("linspace", 0, 1, 4, retstep=True),
    *[case("linspace", 0, 10, 4, dtype=d) for d in ("int32", "int64", "float16", "float64", "bfloat16")], case("linspace", f(2), f(2), 3), case("linspace", f(2), f(2), 3, axis=-1),
    case("linspace", f(2, dtype="float16"), f(2), 3, symbolic=False), case("linspace", i(2), i(2), 3), case("linspace", i(2, dtype="int64"), i(2, dtype="int64"), 3), case("linspace", f(2, dtype="float64"), 1, 3),
    *[case("eye", *a) for a in ((3,), (2, 3), (3, 2, 1), (3, 3, -1))], case("eye", 2, dtype="int32"), case("eye", 2, dtype="bool"), case("identity", 3), case("identity", 2, dtype="int32"),
    *[case("tri", *a) for a in ((3,), (2, 3), (3, 2, 1), (3, 3, -1))], case("tri", 2, dtype="int32"), case("tri", 2, dtype="bool"),
    *[case("cast", sample(d, 4), e) for d in DTYPES for e in DTYPES], case("cast", 1.7, "int32"), case("cast", [1, 2], "float16"), case("cast", np.array([300, -1], "int32"), "uint8"),
    *[case("convert_to_tensor", v) for v in (1, 1.5, True, [1, 2], [1.0, 2], [[True]], (1, 2), np.float64(1.5), np.arange(3), np.array([1.0]), [], [1, 2.5])],
    *[case("convert_to_tensor", v, dtype=d) for v in (1, 1.5, [1, 2]) for d in ("float16", "int64", "float32")], case("convert_to_tensor", b(3), dtype="int32"), case("convert_to_tensor", f(3), dtype="int32"),
    *dtype_singles("stop_gradient"),
]  # fmt: skip

if __name__ == "__main__":
    record("creation", CASES)
