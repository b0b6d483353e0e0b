"""Golden calls of cutting and turning arrays, sequences and windows; see op_recording.py."""

import numpy as np
from op_recording import DTYPES, case, dtype_singles, f, i, record

CASES = [
    *[case("array", v) for v in ([1, 2], 1.5, np.arange(3))], case("array", [1, 2], dtype="float16"), case("array_split", f(7, 2), 3), case("array_split", f(2, 5), 2, axis=1),
    case("array_split", f(5), [1, 3]), case("hsplit", f(2, 4), 2), case("hsplit", f(4), 2), case("vsplit", f(4, 2), 2), case("vsplit", f(4, 2), [1]), case("dsplit", f(2, 2, 4), 2),
    case("dstack", [f(2), f(2)]), case("dstack", [f(2, 3), f(2, 3)]), case("dstack", [f(2, 3, 1), f(2, 3, 2)]), case("dstack", [i(2), f(2)]), case("fliplr", f(2, 3)), case("flipud", f(2, 3)),
    case("flipud", f(3)), *[case("rot90", f(2, 3), k) for k in (1, 3, -1, 5)],  # TensorFlow's half turns are wrong
    case("rot90", f(2, 3, 4), axes=(1, 2)), case("rot90", f(2, 3, 4), k=3, axes=(2, 0)),
    *[case("unravel_index", i(4, dtype=d, low=0, below=6), (2, 3), symbolic=False) for d in ("int32", "int64", "int8")],
    *[case("view", f(2, 4), dtype=d) for d in ("int32", "uint8", "int16", "float64")], case("view", i(2, 4, dtype="uint8"), dtype="float32"), case("view", f(3)),
    case("rearrange", f(2, 3, 4), "b h w -> h b w"), case("rearrange", f(2, 6, 3), "b (h p) c -> b h (p c)", p=2), case("rearrange", f(2, 6, 4), "b (h1 h) (w1 w) -> (b h1 w1) h w", h1=2, w1=2),
    case("rearrange", f(2, 3, 4), "a b c -> (a b c)"), case("rearrange", f(2, 3, 4), "a b c -> a (c b)"),
    *[case("diff", f(5), n) for n in (1, 2, 3)], case("diff", f(3, 4), axis=0), case("diff", i(3, 4), n=2, axis=1), *dtype_singles("diff", dtypes=[d for d in DTYPES if d != "bool"]),
    case("trapezoid", f(5)), case("trapezoid", f(3, 4), dx=0.5, axis=0), case("trapezoid", f(3, 4), x=f(4)), case("trapezoid", f(3, 4), x=f(3, 4)), *dtype_singles("trapezoid"),
    case("trapezoid", f(3, 4), x=f(3), axis=0), *[case("vander", f(3), n) for n in (None, 2, 5)], case("vander", f(3), increasing=True), case("vander", i(3), 3), case("vander", np.array([0.0, 2.0], "float32")),
    *[case("cross", f(*a), f(*c)) for a, c in (((3,), (3,)), ((4, 3), (4, 3)), ((2,), (2,)), ((2,), (3,)), ((4, 2), (4, 3)))], case("cross", f(3, 4), f(3, 4), axis=0, symbolic=False),
    case("cross", f(3, 4), f(4, 3), axisa=0, symbolic=False), case("cross", f(4, 3), f(3), symbolic=False), case("cross", f(4, 3), f(4, 3), axisc=0), case("cross", i(3), f(3)), case("cross", i(3), i(3)),
    *[case("logspace", *a) for a in ((0, 2, 3), (0.0, 1.0, 4))], case("logspace", 0, 3, 4, base=2), case("logspace", 0, 3, 4, endpoint=False), case("logspace", 0, 2, 3, dtype="int32"), case("logspace", f(2), f(2), 3),
    case("logspace", f(2), f(2), 3, axis=1), case("logspace", 0, 2, 3, dtype="float16"), case("logspace", 0.0, 2.0, 3, base=2.5),
    *[case("geomspace", *a) for a in ((1, 100, 3), (1.0, 8.0, 4), (-1.0, -8.0, 4))], case("geomspace", 1, 100, 3, endpoint=False), case("geomspace", f(2, low=1), f(2, low=1), 3), case("geomspace", 1, 1000, 4, dtype="int32"),
    case("geomspace", f(2, low=1), f(2, low=1), 3, axis=-1),
    *[case(op, n) for op in ("bartlett", "blackman", "hamming", "hanning") for n in (1, 2, 5, 6)], case("kaiser", 5, 3.0), case("kaiser", 6, 0.5),
    *[case("diagflat", f(2, 2), k) for k in (0, 1, -1)], case("diagflat", i(3)),
]  # fmt: skip

if __name__ == "__main__":
    record("arrange", CASES)
