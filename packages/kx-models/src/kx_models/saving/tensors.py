"""The weights of a model as a safetensors file, by the paths of `.weights.h5`."""

import os

from kx_io.atomic import replacing
from kx_io.safetensors import open_safetensors, write_safetensors
from kx_models.saving.parts import parts
from kx_models.saving.store import own_variables
from kx_models.saving.weights import PLAIN_SAVE, is_plain, place, read_weights


def write_tensors(model, path):
    """Write the variables of all parts as tensors named `<place>/<number>`, such as "layers/dense/vars/0"."""
    tensors = {}
    for inner, part in parts(model):
        if not is_plain(part, "save_own_variables", PLAIN_SAVE):
            raise ValueError(
                f"{type(part).__name__} {part.name!r} writes its variables itself (save_own_variables), which "
                f"safetensors cannot hold; save as `.weights.h5`."
            )
        for i, variable in enumerate(own_variables(part)):
            tensors[f"{place(inner)}/{i}"] = variable.device.to_numpy(variable.data)
    with replacing(path) as beside:
        write_safetensors(beside, tensors, {"format": "np"})


def read_tensors(model, path, skip_mismatch=False, objects_to_skip=None):
    """Fill a model's weights from what `write_tensors` wrote."""
    with open_safetensors(path) as tensors:
        places = {}
        for name in tensors:
            where, _, number = name.rpartition("/")
            places.setdefault(where, {})[number] = _Tensor(tensors, name)
        read_weights(model, places.get, os.fspath(path), skip_mismatch, objects_to_skip)


class _Tensor:
    """One tensor of a file, read when asked, as a `StoredArray` is."""

    def __init__(self, tensors, name):
        self._tensors, self._name = tensors, name
        self.shape = tensors.shape(name)

    @property
    def dtype(self):
        return None  # never that of a variable: it is read and then assigned

    def __array__(self, dtype=None, copy=None):
        value = self._tensors[self._name]
        return value if dtype is None else value.astype(dtype)
