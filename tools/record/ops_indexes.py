"""Golden calls of taking, scattering, sorting and searching; see op_recording.py."""

import numpy as np
from op_recording import DTYPES, b, case, dtype_singles, f, i, record, sample

REPEATED = np.array([[0], [2], [0]], "int32")
ORDERED = np.array([1.0, 2.0, 2.0, 5.0], "float32")

CASES = [
    *[case("take", f(4, 3), k, axis=a) for a in (0, 1, -1) for k in ([0, 2], np.array([[0], [1]]), 1, -1, [-1, 0])],
    case("take", f(4, 3), np.array([0, 5, -1])), case("take", f(4, 3), 2), case("take", i(5), i(3, low=0), axis=0),
    *[case("take", f(5), i(2, dtype=d, low=0), axis=0) for d in ("int8", "uint8", "int16", "int64", "uint32")],
    *dtype_singles("take", [1, 0], axis=0),
    *[case("take_along_axis", f(3, 4), i(3, 2, low=-2, below=3), a) for a in (1, -1)],
    case("take_along_axis", f(3, 4), i(2, 4, low=0, below=3), axis=0), case("take_along_axis", f(3, 4), i(5, low=0, below=11)),
    case("take_along_axis", f(3, 4), i(1, 2, low=0, below=3), axis=1), case("take_along_axis", f(2, 3, 4), i(2, 1, 4, low=0, below=2), axis=1),
    case("take_along_axis", i(3, 4), i(3, 1, dtype="int64", low=0, below=3), axis=1),
    *[case("get_item", f(3, 4, 5), k) for k in (0, -1)], case("get_item", f(3, 4), (0, 1)), case("get_item", i(3, 4), (-1,)),
    case("nonzero", np.array([[0, 1], [2, 0]], "int32")), case("nonzero", b(5)), case("nonzero", np.array([0.0, 1.5], "float32")),
    case("scatter", np.array([[0], [2]]), f(2), (4,)), case("scatter", REPEATED, f(3), (4,)), case("scatter", np.array([[0, 1], [2, 3]]), i(2), (3, 4)),
    case("scatter", np.array([[0], [2]]), f(2, 3), (4, 3)), case("scatter", np.array([[[0], [2]]]), f(1, 2), (4,)),
    case("scatter_update", f(4), np.array([[0], [2]]), f(2)), case("scatter_update", f(4, 3), np.array([[0], [2]]), f(2, 3)),
    case("scatter_update", f(4, 3), np.array([[0, 1], [2, 2]]), f(2)), case("scatter_update", i(4), np.array([[0], [2]]), i(2)),
    *[case("scatter_update", f(4), REPEATED, f(3), reduction=r) for r in ("add", "max", "min", "mul")],
    *[case("scatter_update", i(4), REPEATED, i(3), reduction=r) for r in ("add", "max", "min", "mul")],
    case("slice_update", f(4), [1], f(2)), case("slice_update", f(3, 4), (1, 2), f(2, 2)), case("slice_update", i(3, 4), np.array([1, 2]), i(1, 1)),
    case("slice", f(3, 4), [1, 0], [2, 3]), case("slice", f(3, 4), (0, 1), (2, 2)), case("slice", i(5), [2], [2]), case("slice", f(3, 4), np.array([1, 1]), (1, 2)),
    *[case("in_top_k", i(4, low=0, below=3), f(4, 3), k) for k in (1, 2, 3)],
    case("in_top_k", np.array([0, 1]), np.array([[0.5, 0.5], [0.5, 0.5]], "float32"), 1),
    case("in_top_k", np.array([0, 1]), np.array([[np.nan, 0.5], [0.5, 0.5]], "float32"), 1),
    *[case(op, f(2, 4), a) for op in ("sort", "argsort") for a in (-1, 0, 1)], case("sort", f(2, 4), None), case("argsort", f(2, 4), None),
    *[c for op in ("sort", "argsort") for c in dtype_singles(op, dtypes=[d for d in DTYPES if d != "bool"])],
    case("argsort", np.array([1, 0, 1, 0], "int32")), case("argsort", np.array([2.0, 1.0, 2.0, 1.0], "float32")),
    *[case("top_k", sample(d, 2, 6, high=50), 3, symbolic=False) for d in DTYPES if d not in ("bool",)],
    case("top_k", np.array([0, 200, 100, 255], "uint8"), 2), case("top_k", np.array([-128, 127, 0], "int8"), 2), case("top_k", np.array([1.0, 1.0, 2.0], "float32"), 3),
    case("top_k", f(2, 5), 2, sorted=True), case("top_k", f(5), 1),
    *[case("searchsorted", ORDERED, np.array([0.0, 2.0, 3.0, 9.0], "float32"), side=s, symbolic=False) for s in ("left", "right")],
    case("searchsorted", np.array([1, 3, 5], "int32"), np.array([2, 3], "int32"), symbolic=False), case("searchsorted", ORDERED, f(2, 3)),
    case("searchsorted", np.array([1, 3, 5], "int64"), np.array([[2], [3]], "int64")),
    case("digitize", f(5), np.array([-1.0, 0.0, 1.0], "float32")), case("digitize", i(2, 3), np.array([0, 2], "int32")), case("digitize", np.array([1.0]), [1.0, 2.0]),
    case("unique", np.array([3, 1, 3, 2], "int32")), case("unique", np.array([[3.0, 1.0], [3.0, 1.0]], "float32")),
    case("unique", np.array([3, 1, 3, 2], "int32"), return_index=True, return_inverse=True, return_counts=True),
    case("unique", np.array([[3, 1], [3, 2]], "int32"), return_inverse=True), case("unique", np.array([[3, 1], [3, 1], [0, 1]], "int32"), axis=0, return_inverse=True, return_counts=True),
    case("unique", np.array([3, 1, 3, 2], "int32"), size=5), case("unique", np.array([3, 1, 3, 2], "int32"), size=5, fill_value=7, return_counts=True),
    case("unique", np.array([3, 1, 3, 2], "int32"), size=2), case("unique", np.array([[3, 1], [3, 1]], "int32"), axis=1, size=3),
]  # fmt: skip

if __name__ == "__main__":
    record("indexes", CASES)
