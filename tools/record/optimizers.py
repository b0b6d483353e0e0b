"""Record golden cases of Keras's optimizers: five steps each, slots, configs, schedules, messages.

Run with Keras 3.15 and JAX installed, from any folder:  KERAS_BACKEND=jax python tools/record/optimizers.py
Writes packages/kx-optimizers/tests/golden/optimizers.npz: `cases` is one line of JSON per case (class,
arguments, what is done between the steps, and what Keras reported); `<i>.w` holds the two variables after
each step, flattened, and `<i>.s` all optimizer variables at the end. `schedules` and `schedule_values` hold
each schedule at `steps`.
"""

import json
import os
import pathlib
import warnings

os.environ.setdefault("KERAS_BACKEND", "jax")

import keras
import numpy as np
from keras import optimizers

OUT = pathlib.Path(__file__).resolve().parents[2] / "packages/kx-optimizers/tests/golden/optimizers.npz"
STEPS = 5
SCHEDULE = {
    "schedule": "ExponentialDecay",
    "args": {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.5},
}

rng = np.random.default_rng(11)
KERNEL = rng.normal(size=(3, 4)).astype("float32")
BIAS = rng.normal(size=4).astype("float32")
GRADIENTS = [
    (rng.normal(size=(3, 4)).astype("float32"), rng.normal(size=4).astype("float32")) for _ in range(STEPS)
]

CLASSES = {
    "SGD": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "momentum": 0.9},
        {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
        {
            "momentum": 0.9,
            "weight_decay": 0.1,
            "use_ema": True,
            "ema_momentum": 0.8,
            "ema_overwrite_frequency": 2,
        },
    ],
    "RMSprop": [
        {},
        {"learning_rate": 0.05, "momentum": 0.9},
        {"learning_rate": 0.05, "centered": True},
        {"learning_rate": 0.05, "rho": 0.8, "momentum": 0.5, "centered": True, "epsilon": 1e-3},
    ],
    "Adam": [
        {},
        {"learning_rate": 0.1, "amsgrad": True},
        {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3},
        {"learning_rate": 0.1, "weight_decay": 0.1},
    ],
    "AdamW": [
        {},
        {"learning_rate": 0.1, "weight_decay": 0.3, "amsgrad": True},
        {"learning_rate": 0.1, "exclude": ["bias"]},
    ],
    "Adadelta": [{"learning_rate": 1.0}, {"rho": 0.8, "epsilon": 1e-3}],
    "Adagrad": [{"learning_rate": 0.1}, {"initial_accumulator_value": 0.5, "epsilon": 1e-3}],
    "Adamax": [{"learning_rate": 0.1}, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}],
    "Nadam": [{"learning_rate": 0.1}, {"beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}],
    "Ftrl": [
        {"learning_rate": 0.1},
        {
            "learning_rate": 0.1,
            "l1_regularization_strength": 0.05,
            "l2_regularization_strength": 0.1,
            "l2_shrinkage_regularization_strength": 0.2,
            "beta": 0.3,
        },
        {"learning_rate": 0.1, "learning_rate_power": -0.7, "initial_accumulator_value": 0.3},
        {"learning_rate": 0.1, "learning_rate_power": 0.0, "beta": 0.5},
    ],
    "Lion": [
        {"learning_rate": 0.1},
        {"learning_rate": 0.1, "beta_1": 0.5, "beta_2": 0.7, "weight_decay": 0.1},
    ],
    "Lamb": [{"learning_rate": 0.1}, {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3}],
    "Adafactor": [
        {"learning_rate": 0.001},
        {"learning_rate": 0.1, "relative_step": False},
        {"clip_threshold": 0.5, "beta_2_decay": -0.5, "epsilon_2": 1e-2, "weight_decay": 0.1},
    ],
    "Muon": [
        {},
        {"nesterov": False, "rms_rate": None, "weight_decay": None, "adam_weight_decay": None},
        {"adam_lr_ratio": 0.5, "ns_steps": 3, "momentum": 0.8, "weight_decay": 0.2, "adam_weight_decay": 0.1},
        {"exclude_layers": ["kern"], "adam_beta_1": 0.8, "adam_beta_2": 0.9, "epsilon": 1e-3},
    ],
    "ScheduleFreeAdamW": [
        {},
        {"learning_rate": 0.1, "warmup_steps": 3},
        {"learning_rate": 0.1, "beta_1": 0.8, "beta_2": 0.9, "weight_decay": 0.1, "warmup_steps": 0},
    ],
}
COMMON = [
    {"weight_decay": 0.1},
    {"weight_decay": 0.1, "exclude": ["bias"]},
    {"clipnorm": 0.5},
    {"clipvalue": 0.3},
    {"global_clipnorm": 0.5},
    {"use_ema": True, "ema_momentum": 0.7},
    {"use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 2},
    {"gradient_accumulation_steps": 2},
    {"gradient_accumulation_steps": 2, "clipnorm": 0.5, "weight_decay": 0.1},
    {"gradient_accumulation_steps": 2, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 1},
    {"loss_scale_factor": 8.0},
    {"loss_scale_factor": 8.0, "clipvalue": 0.05, "gradient_accumulation_steps": 2},
    {"learning_rate": SCHEDULE},
    {"learning_rate": SCHEDULE, "gradient_accumulation_steps": 2},
    {"learning_rate": SCHEDULE, "weight_decay": 0.1},
    {"none": 1},
    {"none": 0, "use_ema": True, "ema_momentum": 0.7, "weight_decay": 0.1},
    {"none": 0, "ema_overwrite_frequency": 2, "use_ema": True, "global_clipnorm": 0.5},
    {"assign": {"2": 0.03}},
    {"constraint": True},
    {"constraint": True, "use_ema": True, "ema_momentum": 0.7, "ema_overwrite_frequency": 3},
    {"overwrite": True},
    {"overwrite": True, "use_ema": True, "weight_decay": 0.1, "clipnorm": 0.5},
    {"overwrite": True, "loss_scale_factor": 4.0},
    {"overwrite": True, "gradient_accumulation_steps": 2},
    {"dtype": "float16"},
    {"dtype": "bfloat16"},
]
SPECIAL = ("exclude", "none", "assign", "constraint", "overwrite", "dtype", "finalize", "inf")
LOSS_SCALE = [
    {"initial_scale": 4.0, "dynamic_growth_steps": 2},
    {"initial_scale": 4.0, "dynamic_growth_steps": 2, "inf": [1, 3]},
    {"initial_scale": 4.0, "dynamic_growth_steps": 2, "inf": [0, 1, 2]},
]
MESSAGES = {
    "unknown_variable": lambda o, k, b: (o.build([k]), o.apply([np.ones(4, "float32")], [b])),
    "unknown_variables_list": lambda o, k, b: (
        o.build([k]),
        o.apply([np.ones((3, 4), "float32"), np.ones(4, "float32")], [k, b]),
    ),
    "too_few_gradients": lambda o, k, b: (o.build([k, b]), o.apply([np.ones((3, 4), "float32")])),
    "too_few_gradients_given_variables": lambda o, k, b: (
        o.build([k, b]),
        o.apply([np.ones((3, 4), "float32")], [k, b]),
    ),
    "too_many_gradients": lambda o, k, b: (o.build([k]), o.apply([np.ones((3, 4), "float32")] * 2)),
    "not_built": lambda o, k, b: o.apply([np.ones((3, 4), "float32")]),
    "no_gradients": lambda o, k, b: o.apply([None, None], [k, b]),
    "empty": lambda o, k, b: o.apply([], []),
    "apply_gradients_none": lambda o, k, b: o.apply_gradients([(None, k), (None, b)]),
    "subset_of_built": lambda o, k, b: (o.build([k, b]), o.apply([np.ones(4, "float32")], [b])),
    "wrong_shape": lambda o, k, b: (o.build([k]), o.apply([np.ones((4, 3), "float32")])),
    "build_twice": lambda o, k, b: (o.build([k]), o.build([k])),
    "exclude_after_build": lambda o, k, b: (o.build([k]), o.exclude_from_weight_decay(var_names=["x"])),
    "stateless_not_built": lambda o, k, b: o.stateless_apply([], [], []),
    "assign_schedule_over_float": lambda o, k, b: setattr(
        o, "learning_rate", optimizers.schedules.ExponentialDecay(0.1, 2, 0.5)
    ),
}
BAD_ARGUMENTS = [
    {"learning_rate": 1},
    {"learning_rate": "fast"},
    {"lr": 0.1},
    {"decay": 0.1},
    {"clipnorm": -1.0},
    {"clipvalue": -1.0},
    {"global_clipnorm": -1.0},
    {"clipnorm": 1.0, "clipvalue": 1.0},
    {"use_ema": True, "ema_momentum": 2.0},
    {"use_ema": True, "ema_overwrite_frequency": 0},
    {"use_ema": True, "ema_overwrite_frequency": 1.5},
    {"gradient_accumulation_steps": 1},
    {"momentum": 2.0},
    {"momentum": -0.1},
    {"moment": 0.5},
    {"learning_rate": 0.1, "weight_decay": -0.1},
]
SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9}),
    (
        "ExponentialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 100, "decay_rate": 0.9, "staircase": True},
    ),
    ("PiecewiseConstantDecay", {"boundaries": [10, 50, 1000], "values": [1.0, 0.5, 0.1, 0.01]}),
    ("PiecewiseConstantDecay", {"boundaries": [7], "values": [0.5, 0.25], "name": "two"}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 100}),
    (
        "PolynomialDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 100, "end_learning_rate": 0.01, "power": 2.0},
    ),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 100, "cycle": True, "power": 0.5}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 1, "decay_rate": 0.01}),
    (
        "InverseTimeDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 30, "decay_rate": 0.5, "staircase": True},
    ),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 100}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 100, "alpha": 0.2}),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.0, "decay_steps": 100, "warmup_target": 0.1, "warmup_steps": 20},
    ),
    (
        "CosineDecay",
        {
            "initial_learning_rate": 0.01,
            "decay_steps": 50,
            "alpha": 0.3,
            "warmup_target": 0.1,
            "warmup_steps": 49,
        },
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 10}),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 10, "t_mul": 1.0, "m_mul": 0.9, "alpha": 0.1},
    ),
    (
        "CosineDecayRestarts",
        {"initial_learning_rate": 0.1, "first_decay_steps": 30, "t_mul": 1.5, "m_mul": 0.5},
    ),
]
SCHEDULE_STEPS = [0, 1, 2, 3, 7, 8, 9, 10, 11, 19, 20, 21, 29, 30, 31, 49, 50, 51, 69, 70, 71, 99, 100, 101, 150,
                  200, 201, 300, 999, 1000, 1001, 5000]  # fmt: skip
BAD_SCHEDULES = [
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.9}),
    ("PiecewiseConstantDecay", {"boundaries": [10, 20], "values": [1.0]}),
    ("PolynomialDecay", {"initial_learning_rate": 0.1, "decay_steps": 0}),
    ("InverseTimeDecay", {"initial_learning_rate": 0.1, "decay_steps": 0, "decay_rate": 0.9}),
    ("CosineDecay", {"initial_learning_rate": 0.1, "decay_steps": 0}),
    (
        "CosineDecay",
        {"initial_learning_rate": 0.1, "decay_steps": 5, "warmup_steps": 5, "warmup_target": 0.05},
    ),
    ("CosineDecayRestarts", {"initial_learning_rate": 0.1, "first_decay_steps": 0}),
    ("ExponentialDecay", {"initial_learning_rate": 0.1, "decay_steps": 5, "decay_rat": 0.9}),
]


def build_arguments(arguments):
    rate = arguments.get("learning_rate")
    if isinstance(rate, dict):
        return {**arguments, "learning_rate": getattr(optimizers.schedules, rate["schedule"])(**rate["args"])}
    return arguments


class HalfPlane(keras.constraints.Constraint):
    """Keeps values at or above -0.5."""

    def __call__(self, w):
        return keras.ops.maximum(w, -0.5)


def make_variables(dtype, constrained=False, overwrite=False):
    with keras.name_scope("dense"):
        kernel = keras.Variable(KERNEL, dtype=dtype, name="kernel")
        bias = keras.Variable(BIAS, dtype=dtype, name="bias")
    if constrained:
        kernel.constraint = HalfPlane()
    if overwrite:
        bias.overwrite_with_gradient = True
    return [kernel, bias]


def wide(array):
    array = np.asarray(array)
    return array.astype("float32") if array.dtype.name in ("float16", "bfloat16") else array


def step_once(optimizer, gradients, variables):
    if not isinstance(optimizer, optimizers.LossScaleOptimizer):
        return optimizer.apply(gradients, variables)
    if not optimizer.built:  # its scaling only works statelessly on JAX
        optimizer.build(variables)
    values = optimizer.stateless_apply(
        [v.value for v in optimizer.variables], gradients, [v.value for v in variables]
    )
    for variable, value in zip(variables + optimizer.variables, values[0] + values[1], strict=True):
        variable.assign(value)


def run(optimizer, spec):
    variables = make_variables(spec.get("dtype", "float32"), spec.get("constraint"), spec.get("overwrite"))
    if spec.get("exclude"):
        optimizer.exclude_from_weight_decay(var_names=spec["exclude"])
    seen = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for step, gradients in enumerate(GRADIENTS):
            gradients = [keras.ops.cast(g, spec.get("dtype", "float32")) for g in gradients]
            if step in spec.get("inf", ()):
                gradients[1] = gradients[1] * np.float32("inf")
            if "none" in spec:
                gradients[spec["none"]] = None
            if str(step) in spec.get("assign", {}):
                optimizer.learning_rate = spec["assign"][str(step)]
            step_once(optimizer, gradients, variables)
            seen.append(np.concatenate([wide(v.numpy()).ravel() for v in variables]))
    store = {}
    optimizer.save_own_variables(store)
    report = {
        "names": [v.name for v in optimizer.variables],
        "paths": [v.path for v in optimizer.variables],
        "shapes": [list(v.shape) for v in optimizer.variables],
        "dtypes": [v.dtype for v in optimizer.variables],
        "saved": list(store),
        "config": optimizer.get_config(),
        "warnings": sorted({str(w.message) for w in caught if w.category is UserWarning}),
        "learning_rate": float(optimizer.learning_rate),
        "iterations": int(optimizer.iterations),
    }
    state = np.concatenate([wide(v.numpy()).ravel().astype("float64") for v in optimizer.variables])
    if spec.get("use_ema"):
        optimizer.finalize_variable_values(variables)
        seen.append(np.concatenate([wide(v.numpy()).ravel() for v in variables]))
    return report, np.stack(seen), state.astype("float32")


def attempt(action):
    """What happened: the exception's class and text, or the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            action()
        except Exception as error:
            return [type(error).__name__, str(error)[:300]]
        return ["ok", " | ".join(str(w.message) for w in caught if w.category is UserWarning)]


def main():
    rows, arrays = [], {"kernel": KERNEL, "bias": BIAS, "gradients": np.stack(
        [np.concatenate([k.ravel(), b]) for k, b in GRADIENTS])}  # fmt: skip
    table = [(name, spec) for name, specs in CLASSES.items() for spec in specs]
    table += [(name, spec) for name in ("SGD", "Adam") for spec in COMMON]
    table += [(name, spec) for name in CLASSES if name not in ("SGD", "Adam") for spec in COMMON
              if set(spec) & {"none", "dtype", "overwrite"} or spec == {"gradient_accumulation_steps": 2}
              or spec == {"weight_decay": 0.1, "exclude": ["bias"]}]  # fmt: skip
    for name, spec in table:
        arguments = {"learning_rate": 0.1, **{k: v for k, v in spec.items() if k not in SPECIAL}}
        optimizer = getattr(optimizers, name)(**build_arguments({**arguments, "name": name.lower()}))
        report, seen, state = run(optimizer, spec)
        arrays[f"{len(rows)}.w"], arrays[f"{len(rows)}.s"] = seen, state
        rows.append({"class": name, "spec": spec, "arguments": arguments, **report})
    for spec in LOSS_SCALE:
        inner = optimizers.SGD(learning_rate=0.1, momentum=0.9, name="sgd")
        arguments = {k: v for k, v in spec.items() if k not in SPECIAL}
        report, seen, state = run(optimizers.LossScaleOptimizer(inner, name="scaled", **arguments), spec)
        arrays[f"{len(rows)}.w"], arrays[f"{len(rows)}.s"] = seen, state
        rows.append({"class": "LossScaleOptimizer", "spec": spec, "arguments": arguments, **report})

    defaults = {name: getattr(optimizers, name)(name="x").get_config() for name in CLASSES}
    messages = {name: attempt(lambda act=act: act(optimizers.SGD(), *make_variables("float32")))
                for name, act in MESSAGES.items()}  # fmt: skip
    bad = [[spec, attempt(lambda: optimizers.SGD(**spec))] for spec in BAD_ARGUMENTS]
    schedules, values = [], []
    for name, arguments in SCHEDULES:
        schedule = getattr(optimizers.schedules, name)(**arguments)
        schedules.append({"class": name, "arguments": arguments, "config": schedule.get_config(),
                          "serialized": optimizers.schedules.serialize(schedule)})  # fmt: skip
        values.append([float(schedule(step)) for step in SCHEDULE_STEPS])
    bad_schedules = [
        [n, a, attempt(lambda: getattr(optimizers.schedules, n)(**a)(3))] for n, a in BAD_SCHEDULES
    ]
    scheduled = optimizers.SGD(build_arguments({"learning_rate": SCHEDULE})["learning_rate"], name="s")
    scaled = optimizers.LossScaleOptimizer(optimizers.SGD(name="inner"), name="outer")
    serialized = {
        "plain": optimizers.serialize(optimizers.Adam(name="adam")),
        "schedule": optimizers.serialize(scheduled),
        "scaled": optimizers.serialize(scaled),
        "names": [type(optimizers.get(n)).__name__ for n in ("sgd", "adam", "RMSprop", "ADAMW", "Nadam")],
        "automatic_names": [optimizers.get(n).name for n in ("sgd", "rmsprop", "adamw", "ScheduleFreeAdamW")],
        "unknown": attempt(lambda: optimizers.get("adamm")),
        "wrong": attempt(lambda: optimizers.get(3)),
    }  # fmt: skip
    texts = {
        "defaults": defaults,
        "messages": messages,
        "bad": bad,
        "bad_schedules": bad_schedules,
        "serialized": serialized,
    }
    OUT.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        OUT, cases=np.array("\n".join(map(json.dumps, rows))), texts=np.array(json.dumps(texts)),
        schedules=np.array("\n".join(map(json.dumps, schedules))), schedule_values=np.array(values),
        steps=np.array(SCHEDULE_STEPS), **pack(arrays),
    )  # fmt: skip
    print(OUT.name, len(rows), "cases,", OUT.stat().st_size, "bytes")


def pack(arrays):
    """Join the arrays of all cases into two, with their sizes: hundreds of zip entries would cost more "
    "than the data."""
    packed = {key: value for key, value in arrays.items() if "." not in key}
    for kind in "ws":
        parts = [value for key, value in arrays.items() if key.endswith("." + kind)]
        packed[kind] = np.concatenate([part.ravel() for part in parts])
        packed[kind + "_sizes"] = np.array([part.size for part in parts])
    return packed


if __name__ == "__main__":
    main()
