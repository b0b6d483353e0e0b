"""Golden calls of normalization and pooling; see op_recording.py."""

from op_recording import case, f, i, record

FLOATS = ("float16", "bfloat16", "float32", "float64")
FIRST = "channels_first"


def batch(*shape, axis, dtype="float32", **kwargs):
    """A call of batch_normalization with moments, and, where asked for, vectors, of the right length."""
    size = shape[axis]
    vectors = {name: f(size, dtype=dtype) for name in ("offset", "scale") if kwargs.pop(name, True)}
    moments = f(size, dtype=dtype), f(size, dtype=dtype, low=0.25)
    return case("batch_normalization", f(*shape, dtype=dtype), *moments, axis, **vectors, **kwargs)


CASES = [
    *[batch(3, 4, axis=-1, dtype=d) for d in FLOATS],
    batch(2, 3, 4, axis=1, epsilon=0.5),
    batch(2, 3, 2, 2, axis=1, offset=False),
    batch(2, 3, 2, 2, axis=-1, scale=False),
    batch(3, 2, axis=1, scale=False, offset=False, epsilon=1e-5),
    case("batch_normalization", f(2, 3), f(3), f(3, low=0.5), -1, f(3), f(3), 0.01),
    *[case("layer_normalization", f(3, 4, dtype=d), f(4, dtype=d), f(4, dtype=d)) for d in FLOATS],
    case("layer_normalization", f(3, 4)),
    case("layer_normalization", f(2, 3, 4), f(3, 4), f(3, 4), axis=(1, 2), epsilon=0.1),
    case("layer_normalization", f(2, 3, 4), axis=1),
    case("layer_normalization", f(2, 3, 4), None, f(4), -1, 0.01),
    *[case("rms_normalization", f(3, 4, dtype=d), f(4, dtype=d)) for d in FLOATS],
    case("rms_normalization", f(3, 4)),
    case("rms_normalization", f(2, 3, 4), f(4), -1, 0.1),
    case("rms_normalization", f(2, 3, 4), axis=(1, 2), epsilon=1e-3),
    *[
        case(op, f(1, 4, 4, 2, dtype=d), (2, 2), (2, 2))
        for op in ("max_pool", "average_pool")
        for d in FLOATS
    ],
    *[
        made
        for op in ("max_pool", "average_pool")
        for made in (
            case(op, f(2, 5, 2), 2, 2),
            case(op, f(2, 5, 2), 3, 1, "same"),
            case(op, f(2, 5, 2), (2,), (3,)),
            case(op, f(1, 5, 6, 2), (2, 3), (2, 1), padding="same"),
            case(op, f(1, 5, 6, 1), 3, 2, "valid", "channels_last"),
            case(op, f(1, 2, 5, 6), 2, 2, "same", FIRST),
            case(op, f(1, 4, 3, 4, 1), 2, 2),
            case(op, f(1, 1, 4, 3, 4), (2, 1, 3), 1, "same", FIRST),
        )
    ],
    case("max_pool", i(1, 4, 4, 1).astype("float32"), 3, 1, "same"),
    *[
        case(f"adaptive_{kind}_pool", x, size, data_format)
        for kind in ("max", "average")
        for x, size, data_format in (
            (f(2, 5, 2), 2, "channels_last"),
            (f(2, 2, 7), (3,), FIRST),
            (f(1, 4, 5, 2), (2, 3), "channels_last"),
            (f(1, 2, 5, 6), 2, FIRST),
            (f(1, 3, 4, 5, 1), (1, 2, 3), "channels_last"),
        )
    ],
]

if __name__ == "__main__":
    record("normalize", CASES)
