"""`KerasFileEditor`: look into a file of weights, change names and weights in it, compare it with a model."""

import io
import os

import numpy as np

from kx_io.content import what_is


class KerasFileEditor:
    """The weights of a `.keras` or `.weights.h5` file as nested dicts of arrays, `weights_dict`, to look at and change.

    An object is named by its path ("layers/dense") or, where that is enough, by its last name ("dense"), which stands
    for all objects called so. `save` writes a new `.weights.h5` file; the file that was opened stays as it is.

    >>> import os, tempfile
    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     Sequential([Input((3,)), Dense(2)]).save_weights(f"{folder}/a.weights.h5")
    ...     editor = KerasFileEditor(f"{folder}/a.weights.h5")
    >>> editor.rename_object("dense", "head")
    >>> editor.summary()
    Weights structure
      layers
        head
          0: shape=(3, 2), dtype=float32
          1: shape=(2,), dtype=float32
    """

    def __init__(self, filepath):
        from kx_io.hdf5 import open_hdf5
        from kx_models.saving import keras_archive

        self.filepath = os.fspath(filepath)
        self.metadata = self.config = self.model = None
        content = what_is(filepath)
        if content.kind == "missing":
            raise FileNotFoundError(f"There is no file {self.filepath!r}.")
        if content.kind == "keras":
            opened = keras_archive.opened_weights(filepath)
            self.metadata, self.config = keras_archive.read_texts(filepath)
        elif content.kind in ("weights-hdf5", "hdf5"):
            opened = open_hdf5(filepath)
        else:
            raise ValueError(f"{self.filepath} is no `.keras` or `.weights.h5` file: {content.sentence}.")
        self._names = {}  # path -> the name attribute of the object's variables
        with opened as root:
            self.weights_dict = _tree(root, "", self._names)

    # ---- looking -------------------------------------------------------------------------------------------------

    def summary(self):
        """Print all objects and weights."""
        print("Weights structure")
        _print(self.weights_dict, "  ")

    def compare(self, reference_model):
        """Print how the file differs from what the model would save; return the status and the counts.

        An object that the file lacks counts as one error and one more for each of its weights.
        """
        from kx_io.hdf5 import open_hdf5, write_hdf5
        from kx_models.saving import weights

        file = io.BytesIO()
        with write_hdf5(file) as root:
            weights.write_weights(reference_model, root)
        with open_hdf5(file) as root:
            reference = _tree(root, "", {})
        print("Running comparison")
        errors, matches = _compare(reference, self.weights_dict, "")
        status = "error" if errors else "success"
        if errors:
            print(f"Found {errors} errors: the saved file is not compatible with the reference model.")
        else:
            print(f"The saved file is compatible with the reference model: {matches} matching weights.")
        return {"status": status, "error_count": errors, "match_count": matches}

    # ---- changing ------------------------------------------------------------------------------------------------

    def rename_object(self, object_name, new_name):
        """Give an object another name; its place stays the same."""
        _check_name(new_name)
        for parent, name, path in self._find(object_name):
            if new_name in parent:
                raise ValueError(f"There is a {new_name!r} beside {path!r} already.")
            items = [(new_name if key == name else key, value) for key, value in parent.items()]
            parent.clear()
            parent.update(items)
            renamed = f"{path.rpartition('/')[0]}/{new_name}".lstrip("/")
            self._names = {
                renamed + p.removeprefix(path) if p == path or p.startswith(path + "/") else p: value
                for p, value in self._names.items()
            }

    def delete_object(self, object_name):
        """Take an object with all that is in it out of the file."""
        for parent, name, _ in self._find(object_name):
            del parent[name]

    def add_object(self, object_path, weights):
        """Add an object at a path ("layers/dense_3") with its weights, a dict from names ("0", "1") to arrays."""
        *folders, name = object_path.strip("/").split("/")
        _check_name(name)
        parent = self.weights_dict
        for part in folders:
            parent = parent.setdefault(part, {})
            if not isinstance(parent, dict):
                raise ValueError(f"{part!r} in {object_path!r} is an array, not an object.")
        if name in parent:
            raise ValueError(f"There is an object {object_path!r} already; add_weights adds to it.")
        parent[name] = {}
        _put(parent[name], weights, object_path)

    def add_weights(self, object_name, weights):
        """Add weights, a dict from names to arrays, to an object, or replace those of the same names."""
        for parent, name, path in self._find(object_name):
            _put(parent[name], weights, path)

    def delete_weight(self, object_name, weight_name):
        """Take one weight out of an object."""
        for parent, name, path in self._find(object_name):
            if not isinstance(parent[name].get(weight_name), np.ndarray):
                arrays = [key for key, value in parent[name].items() if isinstance(value, np.ndarray)]
                raise ValueError(f"{path!r} has no weight {weight_name!r}; it has {arrays}.")
            del parent[name][weight_name]

    def _find(self, wanted):
        """The `(dict it is in, name, path)` of the object at a path, or of all objects of a name."""
        wanted = wanted.strip("/")
        found = [place for place in _objects(self.weights_dict, "") if wanted in (place[1], place[2])]
        found = [place for place in found if place[2] == wanted] or found
        if not found:
            paths = [path for _, _, path in _objects(self.weights_dict, "")]
            raise ValueError(f"There is no object {wanted!r} in {self.filepath}; it has {paths}.")
        return found

    # ---- writing -------------------------------------------------------------------------------------------------

    def save(self, filepath):
        """Write the weights as they are now to a new `.weights.h5` file."""
        from kx_models.saving import weights

        if not os.fspath(filepath).endswith(".weights.h5"):
            raise ValueError(f"The name must end in `.weights.h5`, got {os.fspath(filepath)!r}.")
        weights.write_nested(self.weights_dict, self._names, filepath)

    def resave_weights(self, filepath):
        """As `save`."""
        self.save(filepath)


def _tree(group, path, names):
    """The weights below a group as nested dicts; notes the names of objects in `names`."""
    found = {}
    for name, item in group.items():
        if not hasattr(item, "items"):
            found[name] = item.read()
        elif name == "vars":
            found.update((key, value.read()) for key, value in item.items())
            if item.has_attribute("name"):
                names[path] = item.attribute("name")
        else:
            below = _tree(item, f"{path}/{name}".lstrip("/"), names)
            if below:
                found[name] = below
    return found


def _objects(held, path):
    for name, value in list(held.items()):
        if isinstance(value, dict):
            where = f"{path}/{name}".lstrip("/")
            yield held, name, where
            yield from _objects(value, where)


def _put(held, weights, path):
    for name, value in weights.items():
        _check_name(name)
        if isinstance(held.get(name), dict):
            raise ValueError(f"{name!r} in {path!r} is an object, not a weight.")
        held[name] = np.asarray(value)


def _check_name(name):
    if not name or "/" in name or name == "vars":
        raise ValueError(f"A name in a file is not empty, has no '/', and is not 'vars', got {name!r}.")


def _print(held, indent):
    for name, value in held.items():
        if isinstance(value, dict):
            print(f"{indent}{name}")
            _print(value, indent + "  ")
        else:
            print(f"{indent}{name}: shape={value.shape}, dtype={value.dtype}")


def _compare(reference, saved, path):
    errors = matches = 0
    for name, value in reference.items():
        where = f"{path}/{name}"
        other = saved.get(name)
        if isinstance(value, dict):
            if not isinstance(other, dict):
                keys = [key for key in value if not isinstance(value[key], dict)]
                print(f"  {where}: in the reference model, with {keys}, but not in the saved file")
                errors += 1 + sum(1 for _ in _arrays(value))
                continue
            below = _compare(value, other, where)
            errors, matches = errors + below[0], matches + below[1]
        elif not isinstance(other, np.ndarray):
            print(f"  {where}: in the reference model, but not in the saved file")
            errors += 1
        elif other.shape != value.shape:
            print(f"  {where}: shape {value.shape} in the reference model, {other.shape} in the saved file")
            errors += 1
        else:
            matches += 1
    for name in saved:
        if name not in reference:
            print(f"  {path}/{name}: in the saved file, but not in the reference model")
    return errors, matches


def _arrays(held):
    for value in held.values():
        if isinstance(value, dict):
            yield from _arrays(value)
        else:
            yield value
