"""What the user passes to `fit`, `evaluate` and `predict`, as a source of batches."""

from kx_datasets.pydataset import PyDataset
from kx_models.data_arrays import ArraySource, split
from kx_models.data_iterables import IterableSource, PyDatasetSource
from kx_models.data_source import is_array_structure


def adapt(x, y=None, sample_weight=None, batch_size=None, shuffle=True, class_weight=None, steps=None):
    """Return a source whose `epoch()` yields batches `(x, y, sample_weight)`.

    `x` is an array-like (NumPy, nested lists of numbers, kx Tensor, pandas, PyTorch tensor), a list, tuple or
    dict of those, an iterator or iterable of batches `(x,)`, `(x, y)` or `(x, y, sample_weight)`, a
    `Dataset`, a `PyDataset`, or a PyTorch DataLoader. Arrays are cut into batches of `batch_size` (default 32) in a new
    random order for each epoch if `shuffle`; other data come in their own batches and (but for a `PyDataset`)
    their own order. `class_weight` maps classes to weights of their samples; `steps` is the number of batches
    in an epoch.

    >>> import numpy as np
    >>> source = adapt(np.arange(4.0), batch_size=3, shuffle=False)
    >>> source.num_batches
    2
    >>> next(source.epoch())[0]
    array([0., 1., 2.], dtype=float32)
    """
    kind = _kind(x)
    if kind is None:
        return ArraySource(
            x, y, sample_weight, 32 if batch_size is None else batch_size, shuffle, class_weight, steps
        )
    for name, value, what in (("y", y, "targets"), ("sample_weight", sample_weight, "sample weights")):
        if value is not None:
            raise ValueError(
                f"When providing `x` as a {kind}, `{name}` should not be passed. Instead, the {what} should "
                f"be included as part of the {kind}."
            )
    if kind == "PyDataset":
        return PyDatasetSource(x, shuffle, class_weight, steps)
    return IterableSource(x, class_weight, steps)


def split_validation(x, y, sample_weight, validation_split):
    """Return `(x, y, sample_weight)` for training and for validation, which takes the last samples of arrays.

    >>> import numpy as np
    >>> [part[0].tolist() for part in split_validation(np.arange(4), None, None, 0.25)]
    [[0, 1, 2], [3]]
    """
    if _kind(x) is not None:
        raise ValueError(
            "Argument `validation_split` is only supported for tensors or NumPy arrays. Found incompatible type in "
            f"the input: {type(x)}. Pass `validation_data`; a Dataset is cut by `take` and `skip`, or "
            "`split_dataset`."
        )
    return split((x, y, sample_weight), validation_split)


def _kind(x):
    """Return None for arrays, else what to call the data in messages."""
    if isinstance(x, PyDataset):
        return "PyDataset"
    if any(c.__name__ == "DataLoader" and c.__module__.startswith("torch.") for c in type(x).__mro__):
        return "torch DataLoader"
    if hasattr(x, "__next__"):
        return "generator"
    if is_array_structure(x):
        return None
    if hasattr(x, "__iter__") and not isinstance(x, (str, bytes)):
        return type(x).__name__
    raise ValueError(
        f"Unrecognized data type: x={x!r} (of type {type(x)}). Expected an array (NumPy array, list of "
        "numbers, kx Tensor, pandas DataFrame, PyTorch tensor), a list, tuple or dict of arrays, a generator "
        "or other iterable of batches, a PyDataset, or a PyTorch DataLoader."
    )
