"""The parts of a model whose state a file holds, and their places in it, as Keras names them."""

from kx_layers.weights import Weights
from kx_models.model import Model
from kx_optimizers.loss_scale import LossScaleOptimizer
from kx_optimizers.owner import Owner
from kx_tensor.naming import to_snake_case
from kx_tensor.random import SeedGenerator

_KINDS = (Weights, Owner, SeedGenerator)
_OF_MODELS = ("stack", "graph_layers")  # where models keep what `layers` gives


def parts(root):
    """Give `(path, object)` for the object and all layers, optimizers and seed generators in it, each once.

    The path is that of Keras's files: names of attributes, in alphabetical order with private ones last, and for
    what is in lists and dicts the name of its class, numbered. Keras itself leaves out seed generators, and passes
    over them when it reads.

    >>> from kx_layers.dense import Dense
    >>> from kx_models.sequential import Sequential
    >>> [path for path, _ in parts(Sequential([Dense(2), Dense(3)]))]
    ['', 'layers/dense', 'layers/dense_1']
    """
    return list(_walk(root, "", set()))


def listed_parts(root):
    """`parts` with the layers of a model by the list of all of them alone, as the Keras 2 of TensorFlow names them."""
    return list(_walk(root, "", set(), listed=True))


def _walk(obj, path, seen, listed=False):
    if id(obj) in seen:
        return
    seen.add(id(obj))
    yield path, obj
    held = {"layers": obj.layers} if listed and isinstance(obj, Model) else _attributes(obj)
    for name, value in sorted(held.items(), key=lambda item: (item[0].startswith("_"), item[0])):
        yield from _below(value, f"{path}/{name}".lstrip("/"), seen, listed)


def _below(value, path, seen, listed):
    if isinstance(value, _KINDS):
        if path.rpartition("/")[2] == "vars":
            raise ValueError(
                f"An attribute called 'vars' ({path}) cannot be saved: a layer's own variables are stored under that "
                f"name. Call it something else."
            )
        yield from _walk(value, path, seen, listed)
        return
    if not isinstance(value, (list, tuple, dict)):
        return
    counts = {}
    for item in value.values() if isinstance(value, dict) else value:
        if isinstance(item, _KINDS):
            name = to_snake_case(type(item).__name__)
        elif isinstance(item, (list, tuple, dict)):
            name = "container"
        else:
            continue
        number = counts.get(name, 0)
        counts[name] = number + 1
        yield from _below(item, f"{path}/{name}_{number}" if number else f"{path}/{name}", seen, listed)


def _attributes(obj):
    """The attributes of an object that may hold parts."""
    held = obj._record()
    if isinstance(obj, Model):
        held = {
            name: value for name, value in held.items() if not name.startswith("_") and name not in _OF_MODELS
        }
        held["layers"] = obj.layers
        if obj.optimizer is not None:
            held["optimizer"] = obj.optimizer
        return held
    if isinstance(obj, LossScaleOptimizer):
        return {"inner_optimizer": obj.inner_optimizer}
    return held if not isinstance(obj, SeedGenerator) else {}
