"""Weights in HDF5 as Keras 1 and 2 laid them out, and Keras 3 in whole-model files: a group for each layer."""

import warnings
from typing import NamedTuple

import numpy as np

from kx_io.atomic import replacing
from kx_io.errors import FileFormatError
from kx_io.hdf5 import StoredArray, StoredGroup, open_hdf5, write_hdf5
from kx_layers.discretization import Discretization
from kx_models.saving.old_eras import Era
from kx_models.saving.old_graphs import clean
from kx_models.saving.old_weights_conversion import converted

KERAS_VERSION = "3.15.1"  # whose layout is written
BACKEND = "numpy"
_TOP = "top_level_model_weights"  # the weights that a model has beside its layers'


class Group(NamedTuple):
    """The weights of one layer in a file: its name there, their names and arrays."""

    name: str
    weight_names: list
    arrays: list


class Loaded(NamedTuple):
    """What was loaded into a layer: the number of arrays in the file, the variables they went to, in order."""

    layer: object
    count: int
    variables: list


# ---- writing


def write_old_weights(model, path):
    """Write a model's weights as Keras 1 and 2 did with `save_weights("x.h5")`: both read them, and so does Keras 3."""
    with replacing(path) as beside, write_hdf5(beside) as root:
        write_groups(model, root)


def write_groups(model, root):
    """Write a model's weights into a group of an open file, a group for each layer."""
    root.write_names("layer_names", [layer.name for layer in model.layers])
    root.attribute("backend", BACKEND)
    root.attribute("keras_version", KERAS_VERSION)
    for layer in model.layers:
        _write_group(root.group(layer.name), in_file_order(layer))
    _write_group(root.group(_TOP), _own_weights(model))


def _write_group(group, variables):
    paths = [variable.path for variable in variables]
    group.write_names("weight_names", paths)
    for path, variable in zip(paths, variables, strict=True):
        group.array(path, variable.numpy())


def in_file_order(layer):
    """A layer's weights in the order of these files: those that train, then the others."""
    return layer.trainable_weights + layer.non_trainable_weights


def _own_weights(model):
    own = model._own_variables()
    return [v for v in own if v.trainable] + [v for v in own if not v.trainable]


# ---- reading


def read_old_weights(model, path, by_name=False, skip_mismatch=False):
    """Load a file of weights, or the weights of a whole-model file, into a built model.

    Layers with weights are matched in order, or with `by_name` those whose names are in the file. Raises ValueError
    that names layer, weight and both shapes for what does not fit, and leaves the model as it was; with
    `skip_mismatch` such layers are left out with a warning.
    """
    with open_hdf5(path) as root:
        root = root.get("model_weights", root) if not root.has_attribute("layer_names") else root
        load_groups(model, root, by_name, skip_mismatch)


def load_groups(model, root, by_name=False, skip_mismatch=False):
    """Load the weights in a group of an open file; return the `Loaded` of each layer, in the order of the file."""
    if not model.built:
        raise ValueError(
            f"Model {model.name!r} has no weights yet, so none can be loaded. Call it on data, or build it, first."
        )
    era = Era.of(root.attribute("keras_version"), root.attribute("backend"))
    groups = _without_learned(model, read_groups(root))
    pairs = _by_name(model, groups) if by_name else _paired(model, groups)
    assignments, loaded = [], []
    for index, layer, group in pairs:
        label = f"layer #{index} (named {layer.name!r} in the model, {group.name!r} in the file)"
        try:
            found, variables = _fit(layer, group, era, label)
        except ValueError as error:
            if not skip_mismatch:
                raise
            warnings.warn(f"Left out: {error}", stacklevel=3)
            continue
        assignments += found
        loaded.append(Loaded(layer, len(group.arrays), variables))
    assignments += _top_level(model, root, by_name, skip_mismatch)
    for variable, array in assignments:
        variable.assign(np.asarray(array))
    return loaded


def _without_learned(model, groups):
    """The groups but those of preprocessing layers that have no weights today, which take what they learned."""
    learners = {layer.name: layer for layer in model.layers if isinstance(layer, Discretization)}
    for group in groups:
        if clean(group.name) in learners:
            stored = {str(i): array for i, array in enumerate(group.arrays)}
            learners[clean(group.name)].load_own_variables(stored)
    return [group for group in groups if clean(group.name) not in learners]


def read_groups(root):
    """The groups of a file that hold weights, in the order in which it lists the layers."""
    names = root.names("layer_names")
    if names is None:
        count = root.attribute("nb_layers")
        if count is None:
            raise FileFormatError(
                f"{root.path} holds no weights as Keras 1 and 2 wrote them: it has no attribute layer_names."
            )
        # before Keras 1, layers had no names; one more than there are is missed below, however many are claimed
        names = [f"layer_{i}" for i in range(min(int(count), len(root) + 1))]
    groups = []
    for name in names:
        group = member(root, name, StoredGroup)
        weight_names = group.names("weight_names")
        if weight_names is None:
            weight_names = [
                f"param_{i}" for i in range(min(int(group.attribute("nb_params", 0)), len(group) + 1))
            ]
        if weight_names:
            arrays = [member(group, weight, StoredArray) for weight in weight_names]
            groups.append(Group(name, weight_names, arrays))
    return groups


def member(group, name, kind):
    """What a list in a file names; FileFormatError where it isn't there, or is something else."""
    found = group.get(name)
    if not isinstance(found, kind):
        raise FileFormatError(f"The file lists {name!r} in {group.path}, but holds no such weights.")
    return found


def _paired(model, groups):
    """[(number, layer, group)]: by name where all names agree, else one after the other."""
    names = [clean(group.name) for group in groups]
    for layers in (_with_weights(model.layers), _with_weights(_leaves(model))):
        if len(layers) != len(groups):
            continue
        by_name = {layer.name: (i, layer) for i, layer in enumerate(layers)}
        if len(by_name) == len(layers) and by_name.keys() == set(names):
            return [(*by_name[name], group) for name, group in zip(names, groups, strict=True)]
        return [(i, layer, group) for i, (layer, group) in enumerate(zip(layers, groups, strict=True))]
    layers = _with_weights(model.layers)
    raise ValueError(
        f"Layer count mismatch when loading weights from file. Model expected {len(layers)} layers, found "
        f"{len(groups)} saved layers. In the model: {[layer.name for layer in layers]}. In the file: {names}. "
        "Layers of the same name alone are loaded with by_name=True."
    )


def _by_name(model, groups):
    layers = {layer.name: (i, layer) for i, layer in enumerate(model.layers) if layer.weights}
    return [(*layers[clean(group.name)], group) for group in groups if clean(group.name) in layers]


def _with_weights(layers):
    return [layer for layer in layers if layer.weights]


def _leaves(model):
    """The layers of a model, and for models among them their layers: Keras 1 wrote Sequential models so."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from _leaves(layer)
        else:
            yield layer


def _fit(layer, group, era, label):
    """([(variable, array)], variables in the order of the file) for a layer; ValueError where something doesn't fit."""
    arrays = converted(layer, group.arrays, era)
    expected = in_file_order(layer)
    if len(arrays) != len(expected):
        raise ValueError(
            f"Weight count mismatch for {label}. Layer expects {len(expected)} weight(s): "
            f"{[v.path for v in expected]}. Received {len(arrays)} saved weight(s): {group.weight_names}."
        )
    orders = [expected, layer.weights, _as_if_unfrozen(layer)]
    fitting = [order for order in orders if _shapes_agree(order, arrays)]
    last = [name.rpartition("/")[2].partition(":")[0] for name in group.weight_names]
    # which weights trained when the file was written changes the order: the names tell
    order = next((order for order in fitting if [v.name for v in order] == last), None)
    order = order or _by_sublayers(layer, group.weight_names, arrays) or next(iter(fitting), None)
    if order is None:
        _report_shape(expected, arrays, label)
    return list(zip(order, arrays, strict=True)), order


def _shapes_agree(variables, arrays):
    return all(tuple(v.shape) == tuple(a.shape) for v, a in zip(variables, arrays, strict=True))


def _as_if_unfrozen(layer):
    """The weights in the order of files written while all of the layer trained."""
    fixed = {id(v) for part in layer._flatten_layers() for v in part._own_variables() if not v.trainable}
    fixed -= {id(v) for part in layer._flatten_layers() for v in part._frozen}
    return [v for v in layer.weights if id(v) not in fixed] + [v for v in layer.weights if id(v) in fixed]


def _by_sublayers(layer, names, arrays):
    """The weights in the order of a file that names the layers inside, if each is told by name or by its shapes.

    The order alone does not tell which layers inside were frozen when it was written.
    """
    if len(names) != len(arrays):
        return None
    stored, own, of_layer = {}, {}, {id(v) for v in layer.weights}
    for name, array in zip(names, arrays, strict=True):
        parent, _, weight = name.partition(":")[0].rpartition("/")
        stored.setdefault(parent.rpartition("/")[2], {})[weight] = tuple(array.shape)
    for part in layer._flatten_layers():
        weights = {v.name: v for v in part._own_variables() if id(v) in of_layer}
        if weights:
            own.setdefault(part.name, weights)
    chosen = {}
    for parent, shapes in stored.items():
        fitting = [
            n for n, weights in own.items() if {w: tuple(v.shape) for w, v in weights.items()} == shapes
        ]
        alike = [other for other, theirs in stored.items() if theirs == shapes]
        if parent in fitting:
            chosen[parent] = own[parent]
        elif len(fitting) == 1 and len(alike) == 1:
            chosen[parent] = own[fitting[0]]
        else:
            return None
    order = []
    for name in names:
        parent, _, weight = name.partition(":")[0].rpartition("/")
        order.append(chosen[parent.rpartition("/")[2]][weight])
    return order if len({id(v) for v in order}) == len(order) else None


def _report_shape(expected, arrays, label):
    for variable, array in zip(expected, arrays, strict=True):
        if tuple(variable.shape) != tuple(array.shape):
            raise ValueError(
                f"Shape mismatch in {label} for weight {variable.path}. Weight expects shape {tuple(variable.shape)}. "
                f"Received saved weight with shape {tuple(array.shape)}."
            )


def _top_level(model, root, by_name, skip_mismatch):
    """The assignments for the weights that the model has beside its layers'."""
    group, own = root.get(_TOP), _own_weights(model)
    names = group.names("weight_names") if isinstance(group, StoredGroup) else None
    if not names:
        return []
    arrays = [member(group, name, StoredArray) for name in names]
    if len(arrays) == len(own) and _shapes_agree(own, arrays):
        return list(zip(own, arrays, strict=True))
    paths = [variable.path for variable in own]
    message = f"The file's weights {names} of the model itself do not fit those of {model.name!r}: {paths}."
    if not skip_mismatch and not by_name:
        raise ValueError(message)
    warnings.warn(f"Left out: {message}", stacklevel=4)
    return []
