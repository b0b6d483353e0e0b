"""Record how the pooling layers of real Keras behave, for packages/kx-layers/tests/test_layers_golden.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/pool.py packages/kx-layers/tests/golden/pool.npz
"""

import sys

from layers import record, row

FIRST = "channels_first"
WINDOWS = [
    case
    for kind in ("Max", "Average")
    for case in (
        row(f"{kind}Pooling1D", {"pool_size": 2}, "2,5,2", symbolic=[(None, None, 2), (None, 6, None)]),
        row(
            f"{kind}Pooling1D",
            {"pool_size": 3, "strides": 2, "padding": "same"},
            "2,6,2",
            symbolic=[(None, 7, 2)],
        ),
        row(f"{kind}Pooling1D", {"pool_size": 3, "strides": 1, "data_format": FIRST}, "2,2,5", mask=True),
        row(
            f"{kind}Pooling2D", {"pool_size": 2}, "2,4,4,2", symbolic=[(None, 5, None, 2), (None, 4, 4, None)]
        ),
        row(
            f"{kind}Pooling2D",
            {"pool_size": (2, 3), "strides": 1},
            "1,4,5,2",
            symbolic=[(None, None, None, 2)],
        ),
        row(f"{kind}Pooling2D", {"pool_size": [3, 2], "strides": (2, 1), "padding": "same"}, "1,5,4,2"),
        row(f"{kind}Pooling2D", {"pool_size": 2, "strides": 3, "data_format": FIRST}, "1,2,6,5"),
        row(
            f"{kind}Pooling2D",
            {"pool_size": 3, "strides": 2, "padding": "same", "data_format": FIRST},
            "1,2,5,6",
        ),
        row(f"{kind}Pooling3D", {"pool_size": 2}, "1,4,3,4,2", symbolic=[(None, 4, None, 5, 2)]),
        row(f"{kind}Pooling3D", {"pool_size": (2, 1, 2), "strides": 1, "padding": "same"}, "1,2,3,3,1"),
        row(f"{kind}Pooling3D", {"pool_size": 2, "data_format": FIRST}, "1,2,2,4,3"),
    )
]
WINDOWS += [
    row("MaxPooling1D", {}, "2,4,1"),
    row("MaxPooling2D", {}, "1,4,4,1:float32<2"),
    row("MaxPooling3D", {}, "1,2,2,2,1"),
    row("MaxPooling2D", {"pool_size": 2, "strides": 1, "padding": "same"}, "1,4,4,1:float32<2"),
]

ADAPTIVE = [
    case
    for kind in ("Max", "Average")
    for case in (
        row(f"Adaptive{kind}Pooling1D", {"output_size": 2}, "2,5,2", symbolic=[(None, 5, 2)]),
        row(f"Adaptive{kind}Pooling1D", {"output_size": (3,), "data_format": FIRST}, "2,2,7"),
        row(f"Adaptive{kind}Pooling2D", {"output_size": 2}, "1,4,5,2", symbolic=[(None, 4, 5, 2)]),
        row(f"Adaptive{kind}Pooling2D", {"output_size": (3, 2), "data_format": FIRST}, "1,2,5,6"),
        row(
            f"Adaptive{kind}Pooling3D", {"output_size": [1, 2, 3]}, "1,3,4,5,1", symbolic=[(None, 3, 4, 5, 1)]
        ),
    )
]

GLOBAL = [
    case
    for kind in ("Max", "Average")
    for case in (
        row(f"Global{kind}Pooling1D", {}, "2,4,3", symbolic=[(None, None, 3)]),
        row(
            f"Global{kind}Pooling1D",
            {"keepdims": True, "data_format": FIRST},
            "2,3,4",
            symbolic=[(None, 3, None)],
        ),
        row(f"Global{kind}Pooling2D", {}, "2,3,4,2", symbolic=[(None, None, None, 2)]),
        row(f"Global{kind}Pooling2D", {"keepdims": True, "data_format": FIRST}, "2,2,3,4"),
        row(f"Global{kind}Pooling3D", {}, "2,2,3,2,2", symbolic=[(None, None, 3, 2, None)]),
        row(f"Global{kind}Pooling3D", {"keepdims": True}, "1,2,2,2,3"),
    )
]
GLOBAL += [
    row("GlobalAveragePooling1D", {}, "3,4,2", mask=True),
    row("GlobalAveragePooling1D", {"keepdims": True}, "3,4,2", mask=True),
    row("GlobalAveragePooling1D", {"data_format": FIRST}, "2,4,4", mask=True),
]

CASES = WINDOWS + ADAPTIVE + GLOBAL

FAILURES = [
    ("MaxPooling2D", {"pool_size": 0}, None),
    ("MaxPooling2D", {"pool_size": (2,)}, None),
    ("MaxPooling2D", {"pool_size": (2, 2, 2)}, None),
    ("MaxPooling2D", {"pool_size": 2.5}, None),
    ("MaxPooling2D", {"pool_size": None}, None),
    ("MaxPooling2D", {"pool_size": "a"}, None),
    ("MaxPooling2D", {"strides": (1, 2, 3)}, None),
    ("MaxPooling2D", {"strides": 0}, [(1, 4, 4, 1)]),
    ("MaxPooling2D", {"padding": "full"}, [(1, 4, 4, 1)]),
    ("MaxPooling2D", {"data_format": "last"}, None),
    ("AveragePooling2D", {}, None),
    ("MaxPooling2D", {}, [(1, 4, 4)]),
    ("MaxPooling1D", {}, [(1, 4, 4, 1)]),
    ("AdaptiveAveragePooling2D", {"output_size": None}, None),
    ("AdaptiveAveragePooling2D", {"output_size": (2,)}, None),
    ("AdaptiveAveragePooling2D", {"output_size": 2.5}, None),
    ("AdaptiveMaxPooling2D", {"output_size": "a"}, None),
    ("AdaptiveMaxPooling2D", {"output_size": 0}, [(1, 4, 4, 1)]),
    ("GlobalAveragePooling2D", {"data_format": "last"}, None),
    ("GlobalAveragePooling2D", {}, [(1, 4, 4)]),
    ("GlobalMaxPooling1D", {}, [(1, 4, 4, 1)]),
]

if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
