"""The state of a running `fit`, and how another process goes on from it."""

import json
from typing import Any, NamedTuple

import numpy as np

from kx_io.atomic import replacing
from kx_io.errors import FileFormatError
from kx_io.safetensors import open_safetensors, write_safetensors
from kx_models.batches import to_device
from kx_tensor import device as devices
from kx_tensor import random, tape


class State(NamedTuple):
    """What `fit` needs to go on: `facts` for JSON (epoch, batch, place in the data), and arrays by name."""

    facts: dict
    arrays: dict


class Run:
    """Where a `fit` is: its data, the epoch and batch to begin with, its callbacks, a State to begin from if any."""

    def __init__(self, source, epoch, callbacks=()):
        self.source = source
        self.epoch = epoch
        self.callbacks = callbacks
        self.batch = 0
        self.pending: Any = None

    def begin_from(self, state):
        """Have `restore` set this State before the first batch."""
        self.pending = state
        self.epoch, self.batch = state.facts["epoch"], state.facts["batch"]

    def restore(self, model, plain_step):
        """Set the model, the data, the callbacks and the random numbers to the pending State.

        `plain_step` says whether `train_step` is Model's own: then an evaluation of a batch builds what waits
        for data.
        """
        state, self.pending = self.pending, None
        if self.batch or not model.built:
            _build(model, plain_step, self.source.sample())
        self.source.resume(state.facts["data"], self.batch)
        if model.built and model.optimizer is not None:
            model.optimizer.build(model.trainable_variables)
        variables = _variables(model)
        if not self.batch:  # a new epoch begins with fresh metrics
            model.reset_metrics()
            variables = {name: v for name, v in variables.items() if not name.startswith("metrics/")}
        _fill(variables, state)
        _fill_callbacks(self.callbacks, state)
        random.set_state({name: a for name, a in state.arrays.items() if name.startswith("random/")})


def _build(model, plain_step, batch):
    if batch is None:
        return
    x, y, weight = (to_device(part, devices.current()) for part in batch)
    with tape.no_grad():
        if plain_step:
            model._test(x, y, weight)
        elif not model.built:
            model(x, training=False)


def state_of(model, epoch, batch):
    """Return the State of the running `fit` of a model, whose next batch is `batch` of `epoch`."""
    facts = {"epoch": epoch, "batch": batch, "data": model.run.source.place(between_epochs=not batch)}
    arrays = {name: v.device.to_numpy(v.data) for name, v in _variables(model).items()}
    facts["callbacks"] = {}
    for key, callback in _keyed(model.run.callbacks):
        kept = {name: getattr(callback, name) for name in callback.resumed_attributes}
        for name in [name for name, value in kept.items() if _is_arrays(value)]:
            arrays.update({f"callbacks/{key}/{name}/{i}": one for i, one in enumerate(kept.pop(name))})
        facts["callbacks"][key] = kept
    return State(facts, {**arrays, **random.get_state()})


def _keyed(callbacks):
    """Yield the callbacks that have something to keep, each with a key: its class, and the how-manieth of it."""
    counts: dict[str, int] = {}
    for callback in callbacks:
        if getattr(callback, "resumed_attributes", ()):
            kind = type(callback).__name__
            counts[kind] = counts.get(kind, -1) + 1
            yield f"{kind}/{counts[kind]}", callback


def _is_arrays(value):
    return isinstance(value, list) and bool(value) and all(isinstance(one, np.ndarray) for one in value)


def _fill_callbacks(callbacks, state):
    """Give the callbacks what they counted; one that was not there when the State was written starts anew."""
    for key, callback in _keyed(callbacks):
        kept = state.facts["callbacks"].get(key)
        if kept is None:
            continue
        for name in callback.resumed_attributes:
            if name in kept:
                setattr(callback, name, kept[name])
            else:
                prefix = f"callbacks/{key}/{name}/"
                count = sum(each.startswith(prefix) for each in state.arrays)
                setattr(callback, name, [state.arrays[f"{prefix}{i}"] for i in range(count)])


def _variables(model):
    """All variables that training changes, by number: automatic names may differ in the next process."""
    parts = {"model": model.variables, "metrics": model.metrics_variables}
    if model.optimizer is not None:
        parts["optimizer"] = model.optimizer.variables
    named, seen = {}, set()
    for part, variables in parts.items():
        for i, variable in enumerate(variables):
            if id(variable) not in seen:
                seen.add(id(variable))
                named[f"{part}/{i}"] = variable
    return named


def _fill(variables, state):
    unfit = []
    for name, variable in variables.items():
        stored = state.arrays.get(name)
        if stored is None or tuple(stored.shape) != tuple(variable.shape):
            found = "nothing" if stored is None else f"shape {tuple(stored.shape)}"
            unfit.append(f"  {name}, {variable.path}, expects shape {tuple(variable.shape)}, found {found}")
    if unfit:
        listed = "\n".join(unfit[:20])
        raise ValueError(
            f"The state in {state.facts['path']!r} does not fit the model, so training can't go on from it:\n"
            f"{listed}\nIf it is from another model, remove it, or give this one another backup_dir."
        )
    for name, variable in variables.items():
        variable.assign(state.arrays[name])


def write_state(path, state):
    """Write a State to a file; the one there stays whole until the new one is complete."""
    with replacing(path) as beside:
        write_safetensors(beside, state.arrays, {"kx.fit": json.dumps(state.facts, default=_plain)})


def _plain(value):
    """What stands for a value of NumPy's, or a Tensor, in JSON."""
    value = np.asarray(value)
    if value.dtype == object:
        raise TypeError(
            f"BackupAndRestore can't keep {value!r} of a callback: it is no number, text, list or dict."
        )
    return value.tolist()


def read_state(path):
    """Read what `write_state` wrote; FileFormatError for another file, or a damaged one."""
    with open_safetensors(path) as tensors:
        try:
            facts = json.loads(tensors.metadata["kx.fit"])
            data = facts["data"]
            counts = (facts["epoch"], facts["batch"], data["used"])
            if not all(type(n) is int and n >= 0 for n in counts):
                raise ValueError(f"epoch, batch and used are {counts}")
            if not all(type(kept) is dict for kept in facts.setdefault("callbacks", {}).values()):
                raise ValueError("what callbacks counted is no dict")
            if type(data["order"]) not in (dict, type(None)) or not tensors.keys() >= random.STATE_NAMES:
                raise ValueError("the order of the data or the random numbers are missing")
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise FileFormatError(f"{path}: no state of a training, or a damaged one ({error!r}).") from error
        return State({**facts, "path": path}, {name: tensors[name] for name in tensors})
