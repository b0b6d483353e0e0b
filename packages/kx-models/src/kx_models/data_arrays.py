"""Batches cut from arrays in memory."""

import math

import numpy as np

from kx_models.class_weights import check_class_weight, class_weights_to_sample_weights
from kx_models.data_source import Source, as_arrays, leaves
from kx_models.shuffling import new_generator
from kx_tensor import tree
from kx_tensor.tensor import Tensor


class ArraySource(Source):
    """Batches of arrays, or of structures of arrays, that all have the samples along their first axis.

    `shuffle=True` draws a new order of the samples for each pass, "batch" a new order of the whole batches
    (for data that is fast to read only in runs); the last batch may be smaller. Without shuffling the batches
    are views.

    >>> source = ArraySource(np.arange(5), None, None, batch_size=2)
    >>> [x.tolist() for x, y, weight in source.epoch()]
    [[0, 1], [2, 3], [4]]
    """

    def __init__(self, x, y, sample_weight, batch_size=32, shuffle=False, class_weight=None, steps=None):
        if shuffle not in (True, False, "batch"):
            raise ValueError(f"shuffle expects True, False or 'batch', got {shuffle!r}.")
        if isinstance(batch_size, bool) or int(batch_size) != batch_size or batch_size < 1:
            raise ValueError(f"batch_size expects a positive integer, got {batch_size!r}.")
        x, y, sample_weight = as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(sample_weight, "sample_weight")
        self.samples = count_samples({"x": x, "y": y, "sample_weight": sample_weight})
        if class_weight is not None:
            if sample_weight is not None:
                raise ValueError("You cannot `class_weight` and `sample_weight` at the same time.")
            sample_weight = class_weights_to_sample_weights(y, check_class_weight(class_weight))
        batch_size = int(batch_size)
        super().__init__(steps, batch_size, num_batches=math.ceil(self.samples / batch_size))
        self.shuffle = shuffle
        self.data = (x, y, sample_weight)
        self._arrays = [_DeviceRows(a) if isinstance(a, Tensor) else a for a in tree.flatten(self.data)]
        self._is_flat = all(part is None or isinstance(part, (np.ndarray, Tensor)) for part in self.data)
        self.random = new_generator() if shuffle else None

    def _batches(self):
        """Yield the batches of one pass."""
        starts = range(0, self.samples, self.batch_size)
        if self.random is None:
            return self._sliced(starts)
        if self.shuffle == "batch":
            full = self.samples // self.batch_size
            order = self.random.permutation(full) * self.batch_size
            return self._sliced([*order.tolist(), *starts[full:]])
        return self._taken(self.random.permutation(self.samples))

    def _sliced(self, starts):
        size = self.batch_size
        if self._is_flat:  # the usual case, without rebuilding structures
            x, y, weight = self._arrays
            for start in starts:
                end = start + size
                yield (
                    x[start:end],
                    None if y is None else y[start:end],
                    None if weight is None else weight[start:end],
                )
            return
        for start in starts:
            yield self._pack([None if a is None else a[start : start + size] for a in self._arrays])

    def _taken(self, order):
        size = self.batch_size
        if self._is_flat:
            x, y, weight = self._arrays
            for start in range(0, self.samples, size):
                index = order[start : start + size]
                yield (
                    x.take(index, 0),
                    None if y is None else y.take(index, 0),
                    None if weight is None else weight.take(index, 0),
                )
            return
        for start in range(0, self.samples, size):
            index = order[start : start + size]
            yield self._pack([None if a is None else a.take(index, 0) for a in self._arrays])

    def _pack(self, arrays):
        return tree.pack_sequence_as(self.data, arrays)


def count_samples(parts):
    """Return the common first size of the arrays in a dict of structures; ValueError with all sizes if none.

    >>> count_samples({"x": np.zeros((4, 2)), "y": np.zeros(4)})
    4
    """
    sizes: dict[str, list[int]] = {}
    for name, structure in parts.items():
        for array in leaves(structure):
            if array.ndim == 0:
                raise ValueError(
                    f"{name} has a scalar, {array!r}, where an array with samples along axis 0 is expected."
                )
            sizes.setdefault(name, []).append(len(array))
    found = {size for of_part in sizes.values() for size in of_part}
    if len(found) > 1:
        lines = "".join(f"\n'{name}' sizes: {_listed(of_part)}" for name, of_part in sizes.items())
        hint = ""
        if any(len(of_part) > 3 for of_part in sizes.values()):
            hint = "\nA list of arrays means several inputs; if its items are samples, `np.stack(...)` them."
        raise ValueError(
            f"Data cardinality is ambiguous. Make sure all arrays contain the same number of "
            f"samples.{lines}{hint}"
        )
    if found in (set(), {0}):
        raise ValueError(f"There is no data: {', '.join(sizes) or 'x'} has no samples.")
    return found.pop()


def split(arrays, validation_split):
    """Split `(x, y, sample_weight)` into a training part and the last `validation_split` of the samples.

    Errors: ValueError if either part would be empty, or for data that is not arrays.

    >>> (x, y), (val_x, val_y) = split((np.arange(4), np.arange(4)), 0.25)
    >>> x.tolist(), val_x.tolist()
    ([0, 1, 2], [3])
    """
    names = ("x", "y", "sample_weight")
    arrays = tuple(as_arrays(part, name) for part, name in zip(arrays, names))
    samples = count_samples(dict(zip(names, arrays)))
    at = math.floor(samples * (1.0 - validation_split))
    if not 0 < at < samples:
        raise ValueError(
            f"Training data contains {samples} samples, which is not sufficient to split it into a "
            f"validation and training set as specified by `validation_split={validation_split}`. Either "
            "provide more data, or a different value for the `validation_split` argument."
        )
    return tuple(
        tree.map_structure(lambda a, part=part: None if a is None else a[part], arrays)
        for part in (slice(at), slice(at, None))
    )


def _listed(sizes):
    """Name sizes, but not hundreds of them."""
    shown = ", ".join(map(str, sizes[:8]))
    return shown if len(sizes) <= 8 else f"{shown}, ... ({len(sizes)} arrays)"


class _DeviceRows:
    """Rows of a Tensor on another device than the host, cut as NumPy arrays are."""

    def __init__(self, tensor):
        self.data = tensor.data
        self.device = tensor.device

    def __getitem__(self, rows):
        return Tensor(self.data[rows], None, self.device)

    def take(self, index, axis):
        return Tensor(self.data.take(self.device.asarray(index), axis), None, self.device)
