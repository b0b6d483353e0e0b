"""What all sources of batches share: steps per epoch, running out of data, one batch in standard form."""

import warnings
from typing import Any

import numpy as np

from kx_layers.text_arrays import as_input, as_texts
from kx_tensor import config, dtypes, tree
from kx_tensor import device as devices
from kx_tensor.tensor import Tensor
from kx_tensor.variable import Variable

RAN_OUT = (
    "Your input ran out of data; interrupting training. Make sure that your dataset or generator can "
    "generate at least `steps_per_epoch * epochs` batches. You may need to use the `.repeat()` function when "
    "building your dataset."
)

_SCALARS = (int, float, complex, str, bytes, np.generic)


class Source:
    """Batches `(x, y, sample_weight)` for any number of epochs.

    `num_batches` is their number in an epoch (None: not known before it ends) and `batch_size` the samples in
    one (None: not known). With `steps`, an epoch is that many batches and the next one goes on where it
    stopped. `ran_out` turns True when no further epoch can follow. Subclasses write `_batches`, one pass over
    the data.
    """

    random: Any = None  # the generator that shuffles
    restartable = True  # whether `_batches` can be called again for the same data
    starts_over = False  # whether, with `steps`, the next pass begins where one ends, within an epoch
    endless = False  # whether the data are known to have no end

    def __init__(self, steps, batch_size=None, num_batches=None):
        if steps is not None and (isinstance(steps, bool) or int(steps) != steps or steps < 1):
            raise ValueError(f"The number of steps must be a positive integer, got {steps!r}.")
        self.steps = steps
        self.batch_size = batch_size
        self.num_batches = num_batches if steps is None else steps
        self.ran_out = False
        self.used = 0  # batches of the present pass that were trained on; `fit` counts them
        self._position: Any = None  # the generator of the present pass
        self._pass_state: Any = None  # the state of the random numbers at its start
        self._resumed = False  # whether the next epoch goes on with the present pass
        self._done = 0  # batches of the next epoch that were trained on before

    def epoch(self):
        """Return an iterator over the batches of the next epoch."""
        if self.steps is None and self.restartable:
            if not self._resumed:
                self._start_pass()
            self._resumed = False
            return self._position
        return self._limited()

    def _start_pass(self):
        self._pass_state = self._random_state()
        self.used = 0
        self._position = self._batches()

    def _random_state(self):
        """The state of the generator that shuffles, for JSON; None where nothing is shuffled."""
        return None if self.random is None else self.random.bit_generator.state

    def _set_random_state(self, state):
        if self.random is not None and state is not None:
            self.random.bit_generator.state = state

    def place(self, between_epochs):
        """Return, for JSON, where in the data the last batch was; `resume` goes on there."""
        if between_epochs and self.steps is None and self.restartable:
            return {"order": self._random_state(), "used": 0}
        return {"order": self._pass_state, "used": self.used}

    def resume(self, place, done=0):
        """Go on from a `place`, in an epoch of which `done` batches are done."""
        self._set_random_state(place["order"])
        self._done = done
        if place["used"] or done:
            if self._position is None:
                self._start_pass()
            for _ in range(place["used"]):
                if next(self._position, None) is None:
                    break
            self.used = place["used"]
            self._resumed = True

    def sample(self):
        """Return some batch, which is not used up: for building a model before training; None if there is none."""
        state = self._random_state()
        batches = self._batches()
        batch = next(batches, None)
        if self.restartable:
            batches.close()
            self._set_random_state(state)
        elif batch is not None:
            self._position = _with_first(batch, batches)
        return batch

    def close(self):
        """End the present pass and whatever works for it (the workers of a `PyDataset`)."""
        if self._position is not None:
            self._position.close()
            self._position = None

    def reset(self):
        """Let the next epoch start from the first batch, where the data can be read again."""
        if self.restartable:
            self.close()

    def with_end(self, steps_name):
        """Return this source; ValueError where neither the data nor `steps` would ever end an evaluation."""
        if self.endless and self.steps is None:
            raise ValueError(
                "When passing data without end, you must specify how many batches to draw: expected "
                f"`{steps_name}`, or a Dataset that `take(...)` has cut."
            )
        return self

    def on_epoch_begin(self):
        """Called before each epoch."""

    def on_epoch_end(self):
        """Called after each epoch."""

    def _batches(self):
        raise NotImplementedError(f"{type(self).__name__} must implement `_batches`.")

    def _limited(self):
        """Yield `steps` batches (all, if None), going on where the last epoch stopped."""
        count, self._done = self._done, 0
        while self.steps is None or count < self.steps:
            fresh = self._position is None
            if fresh:
                self._start_pass()
            batch = next(self._position, None)
            if batch is not None:
                count += 1
                yield batch
                continue
            if self.restartable:
                self._position = None
                if self.starts_over or (not fresh and count == 0):
                    continue  # in the second case the last epoch used up exactly all batches
            ended = self.steps is None and count > 0
            if not ended:
                self.ran_out = not self.restartable
                warnings.warn(RAN_OUT, stacklevel=3)
            return


def _with_first(batch, rest):
    try:
        yield batch
        yield from rest
    finally:
        rest.close()


def as_array(value, name):
    """Return array-like `value` as a NumPy array, a Tensor if on another device; float64 as `floatx`, text as `str`.

    Errors: TypeError or ValueError names the argument, what came and what is accepted.

    >>> as_array([[1.0, 2.0]], "x").dtype
    dtype('float32')
    """
    array = _standardize(value, name)
    if array.dtype == "float64":
        return array if config.floatx() == "float64" else _cast(array, config.floatx())
    return _as_texts(array, name, value) if array.dtype == object or array.dtype.kind in "UST" else array


def _as_texts(array, name, value):
    """The array as one of strings, which only layers such as StringLookup take; ValueError for other objects."""
    try:
        return as_texts(array)
    except TypeError:
        raise ValueError(
            f"{name} holds Python objects (dtype object, {_describe(value)}), neither numbers nor strings. Rows of "
            "different lengths, None or text among numbers, or a table with text columns give such an array; pad, fill "
            "or encode it first."
        ) from None


def _cast(array, dtype):
    if isinstance(array, Tensor):
        return Tensor(array.data.astype(dtypes.as_numpy(dtype)), None, array.device)
    return array.astype(dtypes.as_numpy(dtype))


def _standardize(value, name):
    if isinstance(value, np.ndarray):
        return np.asarray(value)  # np.memmap and np.matrix become plain, without a copy
    if isinstance(value, Variable):
        value = value.value
    if isinstance(value, Tensor):
        return np.asarray(value.data) if value.device.kind == "cpu" else value
    if hasattr(value, "to_numpy"):  # pandas, polars
        array = _of_table(value)
        return array[:, None] if type(value).__name__ == "Series" else array
    if hasattr(value, "tocsr"):
        raise ValueError(f"{name} is a SciPy sparse matrix; kx reads dense arrays: pass `{name}.toarray()`.")
    if hasattr(value, "detach"):  # PyTorch
        return value.detach().cpu().numpy()
    if hasattr(value, "__cuda_array_interface__"):  # CuPy
        return Tensor(value, None, devices.get(f"cuda:{value.device.id}"))
    try:
        return as_input(value)
    except ValueError as error:
        raise ValueError(f"{name} can't be made an array ({_describe(value)}): {error}") from error


def _of_table(value):
    """Return a table or a column of one as an array; columns of several kinds of numbers as float64, missing as NaN."""
    array = value.to_numpy()
    columns = getattr(value, "dtypes", None)  # of pandas, whose `to_numpy` takes such for objects
    columns = list(columns) if np.iterable(columns) else [columns]
    if array.dtype != object or not all(getattr(column, "kind", "O") in "biuf" for column in columns):
        return array
    return value.to_numpy(dtype="float64", na_value=np.nan)


def as_arrays(structure, name):
    """Return a structure of array-likes (nested lists, tuples, dicts) with arrays as its leaves.

    A list of numbers, or of lists of numbers, is one array; a list of arrays is several.
    """
    if structure is None or is_array_like(structure):
        return None if structure is None else as_array(structure, name)
    if isinstance(structure, dict):
        return {key: as_arrays(part, f"{name}[{key!r}]") for key, part in structure.items()}
    if isinstance(structure, (list, tuple)):
        parts = [as_arrays(part, f"{name}[{i}]") for i, part in enumerate(structure)]
        return type(structure)(*parts) if hasattr(structure, "_fields") else type(structure)(parts)
    raise ValueError(
        f"Unrecognized data type: {name}={structure!r} (of type {type(structure)}). Expected a NumPy array "
        "or what can be made one (list of numbers, kx Tensor, pandas DataFrame, PyTorch tensor), or lists, "
        "tuples or dicts of those."
    )


def is_array_structure(value):
    """Whether `value` is an array-like or a list, tuple or dict (of array-likes, so one hopes)."""
    return isinstance(value, (list, tuple, dict)) or is_array_like(value)


def is_array_like(value):
    """Whether `value` is one array: a NumPy array, a tensor, a table, or nested lists of numbers."""
    if (
        isinstance(value, (np.ndarray, Tensor, Variable))
        or hasattr(value, "__array__")
        or hasattr(value, "tocsr")
    ):
        return True
    if isinstance(value, (list, tuple)):
        return bool(value) and _is_numeric(value)
    return hasattr(value, "__cuda_array_interface__") or hasattr(value, "__dlpack__")


def _is_numeric(value):
    """Whether the innermost first item of nested lists is a plain number, bool or text."""
    while isinstance(value, (list, tuple)) and value:
        value = value[0]
    return isinstance(value, _SCALARS)


def unpack(batch):
    """Return a batch as `(x, y, sample_weight)` with arrays as leaves.

    A batch is `(x,)`, `(x, y)` or `(x, y, sample_weight)`, as tuple or list, or `x` alone (an array or dict).

    >>> unpack((np.zeros((2, 3)),))[0].dtype
    dtype('float32')
    """
    if isinstance(batch, (tuple, list)) and not hasattr(batch, "_fields"):
        if not 1 <= len(batch) <= 3 or isinstance(batch[0], _SCALARS):
            raise ValueError(
                "Data is expected to be in format `x`, `(x,)`, `(x, y)`, or `(x, y, sample_weight)`, found: "
                f"{_describe(batch)}."
            )
        x, y, weight = (*batch, None, None)[:3]
    else:
        if not isinstance(batch, dict) and not is_array_like(batch):
            raise ValueError(
                "Each batch must be a tuple, either (inputs,) or (inputs, targets) or (inputs, targets, "
                f"sample_weights). Received: {batch!r} of type {type(batch).__name__}."
            )
        x, y, weight = batch, None, None
    return as_arrays(x, "x"), as_arrays(y, "y"), as_arrays(weight, "sample_weight")


def _describe(value):
    """Name the type and, for arrays and containers of them, the shapes."""
    if isinstance(value, (tuple, list)) and not _is_numeric(value):
        return f"a {type(value).__name__} of {len(value)}: ({', '.join(_describe(part) for part in value)})"
    shape = getattr(value, "shape", None)
    name = type(value).__name__
    return f"a {name}" if shape is None else f"{name} of shape {tuple(shape)}"


def leaves(structure):
    """Return the arrays of a structure without the Nones.

    >>> len(leaves([np.zeros(2), None]))
    1
    """
    return [leaf for leaf in tree.flatten(structure) if leaf is not None]
