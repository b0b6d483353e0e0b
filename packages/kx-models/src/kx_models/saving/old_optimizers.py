"""Optimizers of Keras 1 and 2 as today's: their arguments, and the state that a file holds for them."""

import numpy as np

from kx_io.spellings import modern_arguments, modern_class
from kx_models.saving.old_objects import bare_name, is_custom, is_object
from kx_models.saving.old_weights_conversion import converted

_DROPPED = ("is_legacy_optimizer", "jit_compile", "decay", "initial_decay", "schedule_decay")
# What slots were called: class -> {old name: name now}; names not listed are the same
_SLOTS = {
    "SGD": {"m": "momentum"},
    "RMSprop": {"rms": "velocity", "mg": "average_gradient"},
    "Adam": {"m": "momentum", "v": "velocity", "vhat": "velocity_hat"},
    "AdamW": {"m": "momentum", "v": "velocity", "vhat": "velocity_hat"},
    "Adadelta": {"accum_grad": "accumulated_grad", "accum_var": "accumulated_delta_var"},
    "Adamax": {"m": "momentum", "v": "norm", "u": "norm"},
    "Nadam": {"m": "momentum", "v": "velocity"},
    "Lion": {"m": "momentum"},
}  # fmt: skip
# The order in which Keras 1 and 2 wrote slots that have no names
_ORDER = {
    "SGD": ("momentum",), "RMSprop": ("velocity",), "Adagrad": ("accumulator",),
    "Adam": ("momentum", "velocity", "velocity_hat"), "Adamax": ("momentum", "norm"), "Nadam": ("momentum", "velocity"),
    "Adadelta": ("accumulated_grad", "accumulated_delta_var"),
}  # fmt: skip
_KNOWN_SLOTS = frozenset(
    (
        "momentum",
        "velocity",
        "average_gradient",
        "accumulator",
        "linear",
        "accumulated_grad",
        "accumulated_delta_var",
        "average",
    )
) | frozenset(old for names in _SLOTS.values() for old in names)


def modern_optimizer(config, era):
    """Return (config of today's optimizer, what about it is not as it was, in words)."""
    if not era.old or not is_object(config) or is_custom(config):
        return config, []
    name = modern_class(bare_name(config["class_name"]))
    given, notes = dict(config["config"]), []
    if name.startswith("LossScaleOptimizer"):
        name = "LossScaleOptimizer"
        inner, notes = modern_optimizer(given.get("inner_optimizer", given.get("optimizer")), era)
        kept = {
            k: given[k]
            for k in ("initial_scale", "dynamic_growth_steps")
            if isinstance(given.get(k), (int, float))
        }
        return {"class_name": name, "config": {"inner_optimizer": inner, **kept}}, notes
    decay = given.get("decay") or 0.0
    if name == "Nadam" and ("decay" in given or "schedule_decay" in given):
        notes.append("the momentum schedule of Nadam, which has changed: training takes another path")
        decay = 0.0
    kept = {k: v for k, v in given.items() if k not in _DROPPED}
    arguments = modern_arguments(name, kept, parents=("Optimizer",), quiet=True)
    if decay:
        arguments["learning_rate"] = _decaying(arguments.get("learning_rate", 0.01), decay)
    if is_object(arguments.get("learning_rate")):
        arguments["learning_rate"] = _schedule(arguments["learning_rate"])
    if arguments.get("epsilon", 1e-7) is None:
        arguments["epsilon"] = 1e-7
    if era.standalone:
        if (
            "clipnorm" in arguments
        ):  # Keras clipped by the norm of all gradients together until TensorFlow had it
            arguments["global_clipnorm"] = arguments.pop("clipnorm")
        if name == "Adagrad":
            arguments.setdefault("initial_accumulator_value", 0.0)
    if arguments.get("global_clipnorm") and arguments.get("clipvalue"):
        notes.append(f"clipvalue={arguments.pop('clipvalue')} of {name}, as there is global_clipnorm too")
    return {
        "module": "keras.optimizers",
        "class_name": name,
        "config": arguments,
        "registered_name": None,
    }, notes


def _decaying(rate, decay):
    config = {"initial_learning_rate": rate, "decay_steps": 1, "decay_rate": decay, "staircase": False}
    return {"class_name": "InverseTimeDecay", "config": config}


def _schedule(config):
    arguments = {key: value for key, value in config["config"].items() if key != "name" or value is not None}
    name = bare_name(config["class_name"])
    return {
        "module": "keras.optimizers.schedules",
        "class_name": name,
        "config": arguments,
        "registered_name": None,
    }


# ---- state


def restore_state(optimizer, model, names, arrays, loaded, era):
    """Give a new optimizer for `model` the state that a file holds as `names` and `arrays`.

    `loaded` says what the file's weights went into, in its order. Raises ValueError that says what does not fit; the
    optimizer may then have a part of the state.
    """
    if not optimizer.built:
        optimizer.build(model.trainable_variables)
    if not era.old:
        _restore_as_is(optimizer, arrays)
        return
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    numbers = [i for i, array in enumerate(arrays) if array.shape == () and _slot_of(names[i]) is None]
    steps = [i for i in numbers if "iter" in names[i]] or numbers
    if steps:
        optimizer.variables[0].assign(np.asarray(arrays[steps[0]]).astype("int32"))
    rest = [i for i in range(len(arrays)) if i not in numbers]
    count = sum(_trained(item) for item in loaded)
    kind = type(optimizer).__name__
    slots = _by_slot(kind, [names[i] for i in rest], [arrays[i] for i in rest], count)
    own = {variable.name: variable for variable in optimizer.variables}
    for slot in _slot_names(optimizer) + (["average"] if optimizer.use_ema else []):
        if len(slots.get(slot, ())) != count:
            found = f"{len(slots[slot])} arrays" if slot in slots else "none"
            raise ValueError(f"it has {found} of the slot {slot!r} for {count} variables that train")
        for variable, array in _spread(slots[slot], loaded, era):
            _assign(own[f"{variable.path.replace('/', '_')}_{slot}"], array, variable)
    if kind == "Nadam":
        follow_schedule(optimizer)


def _restore_as_is(optimizer, arrays):
    variables = optimizer.variables
    shapes = [tuple(v.shape) for v in variables], [tuple(a.shape) for a in arrays]
    if shapes[0] != shapes[1]:
        raise ValueError(
            f"it has {len(arrays)} arrays, the optimizer {len(variables)}, or their shapes differ"
        )
    for variable, array in zip(variables, arrays, strict=True):
        variable.assign(np.asarray(array))


def _trained(item):
    """How many arrays of a layer in the file trained: all but those that stay, which are one for one."""
    return item.count - sum(not v.trainable for v in item.variables)


def _slot_names(optimizer):
    return [name for names in optimizer.slots for name in ((names,) if isinstance(names, str) else names)]


def _by_slot(kind, names, arrays, count):
    """{slot: its arrays in the order of the weights}: by the names in the file, else in the order of the time."""
    old = [_slot_of(name) for name in names]
    if all(old):
        slots = {}
        for name, array in zip(old, arrays, strict=True):
            slots.setdefault(_SLOTS.get(kind, {}).get(name, name), []).append(array)
        return slots
    return {slot: arrays[i * count : (i + 1) * count] for i, slot in enumerate(_ORDER.get(kind, ()))}


def _slot_of(name):
    """The slot in "Adam/dense/kernel/m:0" (TensorFlow 2.0 to 2.10) and "Adam/m/dense/kernel:0" (from 2.11)."""
    parts = name.partition(":")[0].split("/")
    return next((part for part in (parts[-1], *parts[:2]) if part in _KNOWN_SLOTS), None)


def _spread(arrays, loaded, era):
    """[(variable, array)] for a slot's arrays, which went through the same changes of layout as the weights."""
    out, start = [], 0
    for item in loaded:
        count = _trained(item)
        part = [*arrays[start : start + count], *[None] * (item.count - count)]
        start += count
        trained = [v for v in item.variables if v.trainable]
        now = [a for a in converted(item.layer, part, era, moments=True) if a is not None]
        if len(now) != len(trained):
            raise ValueError(f"its state for layer {item.layer.name!r} does not fit the layer's weights")
        out += zip(trained, now, strict=True)
    return out


def _assign(slot, array, variable):
    if tuple(slot.shape) != tuple(array.shape):
        raise ValueError(
            f"its {slot.name} has shape {tuple(array.shape)}, the variable {variable.path} {tuple(variable.shape)}"
        )
    slot.assign(np.asarray(array))


def follow_schedule(optimizer):
    """Nadam's product of momenta, which tf.keras did not save, as it is after the steps made."""
    steps = np.arange(1, int(optimizer.variables[0]) + 1)
    product = np.prod(optimizer.beta_1 * (1.0 - 0.5 * 0.96**steps))
    optimizer.variables[-1].assign(np.float32(product))
