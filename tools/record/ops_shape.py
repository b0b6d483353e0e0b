"""Golden calls of functions that move elements: shapes, joins, tiles, pads; see op_recording.py."""

import numpy as np
from op_recording import b, case, dtype_singles, f, i, record

CASES = [
    *[case("reshape", f(3, 4), s) for s in ((2, 6), (-1,), (4, -1), (3, 2, 2), [12], -1, 12)],
    case("reshape", f(2, 3, 4), (2, -1)), case("reshape", f(1), ()), case("reshape", i(4), (2, 2)), case("reshape", b(4), (2, -1)),
    case("reshape", f(3, 4), (-1, 4)), case("reshape", np.zeros((0, 3), "float32"), (0, 1, 3)),
    *[case("transpose", f(2, 3, 4), a) for a in (None, (1, 0, 2), (2, 0, 1), [0, 2, 1], (-1, 0, 1))], case("transpose", f(3)),
    *[case("broadcast_to", f(3, 1), s) for s in ((3, 4), (2, 3, 4), [3, 2])],
    *[case("expand_dims", f(3, 4), a) for a in (0, 1, 2, -1, -3, (0, 1), (0, -1), [1, 3])], case("expand_dims", 3.0, 0),
    *[case("squeeze", f(1, 3, 1), a) for a in (None, 0, 2, -1, (0, 2), (0, -1))],
    *[case("swapaxes", f(2, 3, 4), *a) for a in ((0, 1), (0, -1), (1, 1))],
    *[case("moveaxis", f(2, 3, 4), *a) for a in ((0, -1), (-1, 0), ((0, 1), (-1, -2)), ([0, 2], [2, 0]))],
    *[case("flip", f(2, 3), a) for a in (None, 0, 1, -1, (0, 1))],
    *[case("roll", f(2, 3), *a) for a in ((1,), (-2,), (1, 0), (2, 1), ((1, 2), (0, 1)), (7, 1))],
    *[case("ravel", f(2, 3)), case("ravel", 2.0)],
    *[case("concatenate", [f(2, 3), f(2, 3)], a) for a in (0, 1, -1)],
    *[case("concatenate", [i(2, 3), f(2, 3)]), case("concatenate", [b(2), i(3)]), case("concatenate", (f(2), f(1, dtype="float16")))],
    *[case("concatenate", [f(1), f(2, dtype="float64"), i(3)])],
    *[case("stack", [f(2, 3), f(2, 3)], a) for a in (0, 1, 2, -1, -2)], case("stack", [i(2), f(2)]), case("stack", [1.0, 2.0]),
    *[case("hstack", [f(2), f(3)]), case("hstack", [f(2, 3), f(2, 1)]), case("hstack", [i(2, 3), f(2, 1)])],
    *[case("vstack", [f(2, 3), f(1, 3)]), case("vstack", [i(2, 3), f(1, 3)])],
    *[case("append", f(2, 3), f(1, 3), axis=0), case("append", f(2), f(2, 2)), case("append", i(2), f(2))],
    *[case("split", f(6, 2), n) for n in (2, 3, [1, 4], (2,), [0, 6], [2, 9])], case("split", f(2, 6), 3, axis=1),
    case("split", f(2, 6), 3, axis=-1), case("split", i(5), [1, 3]), case("split", f(4), np.array([1, 2])),
    *[case("unstack", f(2, 3), axis=a) for a in (0, 1, -1)], case("unstack", f(2, 3), 2),
    *[case("tile", f(2, 3), r) for r in (2, (2,), (2, 1), (1, 2, 1), [2, 3, 1], (0, 1))], case("tile", f(2, 3), np.array([2, 1])),
    *[case("repeat", f(2, 3), 2, a) for a in (None, 0, 1, -1)], case("repeat", f(2, 3), [1, 2], 0), case("repeat", i(2, 3), [1, 0, 2], axis=1),
    case("repeat", f(3), [2]), case("repeat", f(3), np.array([1, 2, 0])), case("repeat", f(2, 3), 0, axis=0), case("repeat", 2.0, 3),
    *[case("pad", f(2, 3), w) for w in (1, (1, 2), [(1, 0), (0, 2)], ((1, 2),), ((1, 1), (2, 2)))],
    *[case("pad", f(3, 3), ((1, 2), (0, 1)), mode=m) for m in ("constant", "reflect", "symmetric")],
    case("pad", f(2, 2), 1, constant_values=3), case("pad", i(2, 2), 1, constant_values=3), case("pad", b(2), 1), case("pad", i(3), 2),
    case("pad", f(2), ((1, 1),), "constant", 2.5),
    *[case("meshgrid", f(2), f(3), indexing=x) for x in ("xy", "ij")], case("meshgrid", f(2), f(3), f(4)), case("meshgrid", f(2)),
    case("meshgrid", f(2), i(3)), case("meshgrid", f(2), f(3), f(2), f(1), indexing="ij"), case("meshgrid", f(2, 2), f(3)),
    *[case("shape", f(2, 3)), case("ndim", f(2, 3), symbolic=False)],
    *[c for op in ("ravel", "transpose", "flip") for c in dtype_singles(op)],
    *[case("tril", f(3, 4), k) for k in (0, 1, -1, 5)], *[case("triu", f(3, 4), k) for k in (0, 1, -1, 5)],
    case("tril", f(2, 3, 3)), case("triu", b(3, 3)), case("tril", i(3, 3)),
    *[case("diagonal", f(3, 4), **k) for k in ({}, {"offset": 1}, {"offset": -2}, {"axis1": 1, "axis2": 0})],
    case("diagonal", f(2, 3, 4), axis1=1, axis2=2), case("diagonal", f(2, 3, 4), offset=1), case("diagonal", i(3, 3), offset=1),
    case("trace", f(2, 3, 4), axis1=1, axis2=2), case("trace", f(3, 4), offset=1),
    *[case("diag", f(3), k) for k in (0, 1, -2)], *[case("diag", f(3, 4), k) for k in (0, 1, -1)], case("diag", i(3)), case("diag", b(3)),
]  # fmt: skip

if __name__ == "__main__":
    record("shape", CASES)
