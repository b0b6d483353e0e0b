"""What `save_own_variables` writes into and `load_own_variables` reads from: a mapping onto a group of a file."""

import numpy as np

from kx_tensor import device as devices
from kx_tensor.variable import Variable


class OwnVariables:
    """A mapping from names to arrays that writes each at once into a `WritableGroup`."""

    def __init__(self, group):
        self._group = group
        self._names = []

    def __setitem__(self, name, value):
        if isinstance(value, Variable):
            value = value.device.to_numpy(value.data)
        elif hasattr(value, "numpy"):
            value = value.numpy()
        self._group.array(str(name), value)
        self._names.append(str(name))

    def __contains__(self, name):
        return name in self._names

    def __len__(self):
        return len(self._names)

    def keys(self):
        return list(self._names)


def own_variables(obj):
    """The variables that an object's own `save_own_variables` stands for, in order."""
    state = getattr(obj, "state", None)
    if state is not None and not hasattr(obj, "save_own_variables"):  # a SeedGenerator
        return [state]
    return obj._own_weights() if hasattr(obj, "_own_weights") else obj.variables


def fill(variable, stored):
    """Read a `StoredArray` into a variable: into its own memory where that is the CPU's."""
    if variable.device is devices.cpu and variable.data.dtype == stored.dtype:
        stored.read(variable.data)
    else:
        variable.assign(np.asarray(stored))
