"""Record how the normalization layers of real Keras behave, for packages/kx-layers/tests/test_layers_golden.py.

Run it where Keras 3.15.1 and JAX are installed:

    KERAS_BACKEND=jax python tools/record/norm.py packages/kx-layers/tests/golden/norm.npz
"""

import sys

from layers import record, row

LAST = [(None, None, 4)]
L2 = {
    "gamma_regularizer": "l2",
    "beta_regularizer": "l1",
    "gamma_constraint": "non_neg",
    "beta_constraint": "max_norm",
}

BATCH = [
    row("BatchNormalization", {}, "6,3", symbolic=[(None, 3)]),
    row("BatchNormalization", {}, "6,3", training=True),
    row(
        "BatchNormalization",
        {"momentum": 0.5, "epsilon": 0.1},
        "2,3,2,4",
        symbolic=[(None, None, None, 4)],
        training=True,
    ),
    row("BatchNormalization", {"axis": 1}, "3,2,4", symbolic=[(None, 2, None)], training=True),
    row("BatchNormalization", {"axis": 1, "center": False}, "3,2,2,2", training=True),
    row("BatchNormalization", {"axis": -1, "scale": False}, "4,2,3", symbolic=LAST[:0], training=True),
    row("BatchNormalization", {"center": False, "scale": False}, "5,3", training=True),
    row("BatchNormalization", {"trainable": False}, "6,3", training=True),
    row("BatchNormalization", L2, "6,3", training=True),
    row(
        "BatchNormalization",
        {
            "moving_mean_initializer": "ones",
            "moving_variance_initializer": "zeros",
            "beta_initializer": "ones",
            "gamma_initializer": "he_normal",
        },
        "6,3",
    ),
    row("BatchNormalization", {"momentum": 0.8}, "4,3,2", mask=True, training=True),
    row("BatchNormalization", {"momentum": 0.8}, "4,3,2", mask=True),
    row("BatchNormalization", {"axis": 1, "momentum": 0.8}, "4,3,2", mask=True, training=True),
    row("BatchNormalization", {"renorm": True}, "6,3", symbolic=[(None, 3)]),
    row(
        "BatchNormalization", {"renorm": True, "momentum": 0.8, "renorm_momentum": 0.6}, "6,3", training=True
    ),
    row(
        "BatchNormalization",
        {
            "renorm": True,
            "renorm_clipping": {"rmax": 1.2, "rmin": 0.9, "dmax": 0.3},
            "axis": 1,
            "scale": False,
        },
        "4,3,2",
        training=True,
    ),
    row(
        "BatchNormalization",
        {"renorm": True, "renorm_clipping": {"dmax": 0.2}},
        "4,3,2",
        mask=True,
        training=True,
    ),
]

SAMPLE = [
    row("LayerNormalization", {}, "3,5", symbolic=[(None, 5), (None, None, 5)], mask=None),
    row("LayerNormalization", {"axis": [1, 2], "epsilon": 0.01}, "2,3,4", symbolic=[(None, 3, 4)]),
    row("LayerNormalization", {"axis": 1}, "2,3,4", symbolic=[(None, 3, None)]),
    row("LayerNormalization", {"axis": (3, 1), "center": False}, "2,3,2,2"),
    row("LayerNormalization", {"scale": False}, "2,3,4", mask=True, symbolic=LAST),
    row("LayerNormalization", L2, "4,3"),
    row("RMSNormalization", {}, "3,5", symbolic=[(None, 5), (None, None, 5)]),
    row("RMSNormalization", {"axis": [1, 2], "epsilon": 0.1}, "2,3,4", symbolic=[(None, 3, 4)]),
    row("GroupNormalization", {"groups": 2}, "2,3,4", symbolic=LAST, mask=True),
    row(
        "GroupNormalization",
        {"groups": 3, "axis": 1, "epsilon": 0.1},
        "2,6,2,2",
        symbolic=[(None, 6, None, None)],
    ),
    row("GroupNormalization", {"groups": -1}, "2,3,3,2", symbolic=[(None, None, None, 2)]),
    row("GroupNormalization", {"groups": 1, "center": False}, "3,4", symbolic=[(None, 4)]),
    row("GroupNormalization", {"groups": 2, "scale": False}, "2,2,2,2,4"),
    row("GroupNormalization", {"groups": 2, **L2}, "2,3,4"),
    row("UnitNormalization", {}, "3,5", symbolic=[(None, None)], mask=None),
    row("UnitNormalization", {"axis": [1, 2]}, "2,3,4", symbolic=LAST, mask=True),
    row("UnitNormalization", {"axis": 1}, "zeros:2,3,4"),
]

WRAPPED = {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, "name": "inner"}}
SPECTRAL = [
    row("SpectralNormalization", {"layer": WRAPPED}, "2,4", symbolic=[(None, 4)]),
    row("SpectralNormalization", {"layer": WRAPPED}, "2,4", training=True, gradients=False),
    row(
        "SpectralNormalization",
        {"layer": WRAPPED, "power_iterations": 3},
        "2,3,4",
        training=True,
        gradients=False,
    ),
]

CASES = BATCH + SAMPLE + SPECTRAL

FAILURES = [
    ("BatchNormalization", {"axis": 5}, [(2, 3)]),
    ("BatchNormalization", {"axis": [1, 2]}, None),
    ("BatchNormalization", {"axis": "a"}, None),
    ("BatchNormalization", {"momentum": None}, None),
    ("BatchNormalization", {"synchronized": True}, None),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"foo": 1.0}}, None),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"rmax": 0.5, "rmin": 1.0}}, None),
    ("BatchNormalization", {"renorm": True, "renorm_clipping": {"dmax": -1.0}}, None),
    ("BatchNormalization", {"renorm_clipping": {"rmax": 1.0}}, [(2, 3)]),
    ("BatchNormalization", {"gamma_initializer": "foo"}, None),
    ("BatchNormalization", {}, [(2, 3), "then", (2, 4)]),
    ("BatchNormalization", {}, [(2, 3), "then", (2, 4, 3)]),
    ("LayerNormalization", {"axis": 5}, [(2, 3)]),
    ("LayerNormalization", {"axis": "a"}, None),
    ("LayerNormalization", {"axis": 1.5}, None),
    ("LayerNormalization", {"axis": [1, 1]}, [(2, 3, 4)]),
    ("LayerNormalization", {"rms_scaling": True}, [(2, 3, 4)]),
    ("RMSNormalization", {"axis": 5}, [(2, 3)]),
    ("RMSNormalization", {"axis": [1, 1]}, [(2, 3, 4)]),
    ("GroupNormalization", {"groups": 3}, [(2, 4)]),
    ("GroupNormalization", {"groups": 8}, [(2, 4)]),
    ("GroupNormalization", {"groups": 0}, None),
    ("GroupNormalization", {"groups": 2.5}, None),
    ("GroupNormalization", {"groups": 1, "axis": [1]}, [(2, 4)]),
    ("GroupNormalization", {"groups": 1, "axis": 7}, [(2, 4)]),
    ("UnitNormalization", {"axis": "a"}, None),
    ("UnitNormalization", {"axis": 1.5}, None),
    ("UnitNormalization", {"axis": 5}, [(2, 4)]),
    (
        "SpectralNormalization",
        {"layer": {"module": "keras.layers", "class_name": "ReLU", "config": {}}},
        [(2, 4)],
    ),
    ("SpectralNormalization", {"layer": WRAPPED, "power_iterations": 0}, None),
    ("SpectralNormalization", {"layer": 3}, None),
]

if __name__ == "__main__":
    record(sys.argv[1], CASES, FAILURES)
