"""Golden calls of less common numeric functions, NaN-aware reductions, quantiles and counts; see op_recording.py."""

import numpy as np
from op_recording import DTYPES, case, dtype_pairs, dtype_singles, f, i, record, sample

NAN = np.nan
HOLES = np.array([[1.0, NAN, 3.0, 4.0], [NAN, NAN, NAN, NAN], [5.0, 2.0, NAN, 0.5]], "float32")
NANS = ("nansum", "nanprod", "nanmean", "nanvar", "nanstd", "nanmax", "nanmin", "nanmedian")
NANARGS = ("nanargmax", "nanargmin")
INTS = [d for d in DTYPES if "int" in d]
FLOATS = [d for d in DTYPES if "float" in d]
ODD = np.array([NAN, np.inf, -np.inf, 0.0, -0.0, 1.5], "float32")

CASES = [
    *[c for op in ("fmax", "fmin") for c in dtype_pairs(op)],
    *[c for op in ("fmod",) for c in dtype_pairs(op, low=1, high=4, numbers=False)],
    *[c for op in ("heaviside", "logaddexp2", "nextafter") for c in dtype_pairs(op, low=1, high=3, numbers=False)],
    *[c for op in ("gcd", "lcm") for c in dtype_pairs(op, INTS, numbers=False, low=1, high=30)],
    *[case("ldexp", sample(d, 3), sample(e, 3)) for d in FLOATS for e in ("int8", "int32", "int64")],
    *[c for op in ("cbrt", "fabs", "sinc", "signbit", "isposinf", "isneginf", "isreal") for c in dtype_singles(op)],
    *[case(op, ODD) for op in ("cbrt", "fabs", "signbit", "isposinf", "isneginf", "isreal", "sinc")],
    *[case(op, ODD, 0.5) for op in ("fmax", "fmin")], case("heaviside", ODD[1:], 0.5),
    *[case(op, ODD, ODD[::-1].copy()) for op in ("fmax", "fmin")],
    *[case("fmod", np.array([7.5, -7.5, 7.5, -7.5], d), np.array([3, 3, -3, -3], d)) for d in ("float32", "int32")],
    *[case(op, HOLES, axis=a) for op in NANS for a in (None, 0, 1)],
    *[case(op, HOLES, axis=a) for op in NANARGS for a in (None, 0, 1)],
    *[case(op, HOLES, axis=1, keepdims=True) for op in (*NANS, *NANARGS)],
    *[case(op, HOLES, axis=(0, 1)) for op in NANS],
    *[c for op in NANS for c in dtype_singles(op)],
    *[c for op in NANARGS for c in dtype_singles(op)],
    *[case(op, HOLES, axis=a) for op in ("nancumsum", "nancumprod") for a in (None, 0, 1)],
    *[c for op in ("nancumsum", "nancumprod") for c in dtype_singles(op)],
    *[c for op in ("median",) for c in dtype_singles(op)],
    *[case("median", f(3, 4, 5), axis=a, keepdims=k) for a in (None, 0, 1, (0, 2), [1]) for k in (False, True)],
    *[case("quantile", f(3, 5), q, axis=1, method=m) for q in (0.3, [0.1, 0.5, 1.0]) for m in ("linear", "lower", "higher", "midpoint", "nearest")],
    *[case("quantile", f(3, 5), np.array([0.25, 0.5], "float32"), keepdims=True, symbolic=False), case("quantile", HOLES, 0.5, axis=1)],
    *[case("percentile", f(3, 5), q, axis=0) for q in (30, [10.0, 50.0], 100)], case("nanpercentile", HOLES, 40, axis=1),
    *[case("nanquantile", HOLES, q, axis=1, method=m) for q in (0.3, [0.5, 1.0]) for m in ("linear", "lower", "nearest")],
    *dtype_singles("quantile", 0.5),
    case("bincount", np.array([1, 2, 2, 5], "int32")), case("bincount", np.array([1, 2, 2], "uint8"), minlength=6),
    case("bincount", np.array([1, 2, 2], "int32"), weights=np.array([0.5, 1.0, 2.0], "float32")), case("bincount", np.array([[1, 2, 2], [0, 0, 1]], "int32")),
    case("bincount", np.array([1, 2, 2], "int32"), weights=np.array([1, 2, 3], "int32"), minlength=2),
    case("histogram", f(20), bins=4, symbolic=False), case("histogram", f(20), bins=3, range=(-1.0, 1.0), symbolic=False),     case("histogram", f(9, dtype="float64"), bins=5, symbolic=False),

    case("isin", i(2, 3), i(3)), case("isin", f(4), [0.5, 1.0]), case("isin", i(5), i(2), invert=True), case("isin", np.array([1, 2], "int32"), 2),
    case("isin", np.array([1.0, 2.5], "float32"), np.array([1, 2], "int32")), case("isin", np.array([True, False]), np.array([1], "int32")),
    case("allclose", f(3), f(3)), case("allclose", np.ones(2, "float32"), np.ones(2, "float32")), case("allclose", ODD[:1], ODD[:1], equal_nan=True),
    *[case("corrcoef", x, symbolic=False) for x in (f(3, 6), i(2, 5), f(2, 4, dtype="float64"))],
    *[case("correlate", f(a), f(c), mode=m) for a, c in ((5, 3), (3, 5), (4, 4), (5, 2)) for m in ("valid", "same", "full")],
    case("correlate", i(4), f(2)), case("cdist", f(3, 2), f(4, 2)), case("cdist", f(5, 3, 2), f(5, 4, 2)), case("argpartition", np.array([3, 1, 2], "int32"), 1),
    *[case("normalize", f(3, 4), axis=a, order=o) for a in (-1, 0) for o in (1, 2, 3)], case("normalize", i(2, 3)), case("normalize", np.zeros((2, 2), "float32")),
    case("normalize", f(2, 3, dtype="float16"), symbolic=False), case("normalize", f(2, 3, 4), axis=(0, 1)), case("psnr", f(2, 3), f(2, 3), 1.0), case("psnr", f(2, 3, dtype="float16"), f(2, 3, dtype="float16"), 255, symbolic=False),
    *[case("saturate_cast", np.array([-1e5, -1.0, 0.4, 300.0, 1e5], d), e) for d in ("float32", "float64") for e in ("int8", "uint8", "int16", "int32", "float16", "int64")],
    *[case("saturate_cast", np.array([-300, -1, 0, 300], "int32"), e) for e in ("int8", "uint8", "int64", "float16")],
    *[case(op, np.array([3, 30, 4, 40], "int32"), np.array([0, 0, 2, 2], "int32"), 4) for op in ("segment_sum", "segment_prod", "segment_max", "segment_min")],
    *[case(op, f(4, 2), np.array([2, 0, 2, 1], "int32"), 3) for op in ("segment_sum", "segment_prod", "segment_max", "segment_min")],
    *[case(op, f(4, 2), np.array([0, 0, 1, 1], "int32"), sorted=True) for op in ("segment_sum", "segment_max")],
]  # fmt: skip

if __name__ == "__main__":
    record("numeric", CASES)
