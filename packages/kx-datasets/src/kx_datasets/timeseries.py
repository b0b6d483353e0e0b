"""Windows of a time series: `timeseries_dataset_from_array`, and Keras 2's `TimeseriesGenerator`."""

import json

import numpy as np

from kx_datasets.pipeline.dataset import Dataset
from kx_datasets.pydataset import PyDataset


def timeseries_dataset_from_array(
    data,
    targets,
    sequence_length,
    sequence_stride=1,
    sampling_rate=1,
    batch_size=128,
    shuffle=False,
    seed=None,
    start_index=None,
    end_index=None,
    format="tf",
):
    """Return the `Dataset` of batches of windows, with `targets[start of the window]` if there are targets.

    Window i holds `data[i * sequence_stride + k * sampling_rate]` for k below `sequence_length`, all between
    `start_index` and `end_index`. To predict `d` steps ahead, pass `data[:-d]` and `targets[d:]`. Without a
    `batch_size` the elements are single windows. Shapes: (n, ...) -> (batch, sequence_length, ...).

    Errors: ValueError for an index or a step outside of the data.

    >>> series = np.arange(7)
    >>> for x, y in timeseries_dataset_from_array(series[:-1], series[3:], 3, batch_size=2):
    ...     print(x.tolist(), y)
    [[0, 1, 2], [1, 2, 3]] [3 4]
    [[2, 3, 4], [3, 4, 5]] [5 6]
    """
    check_format(format)
    data = np.asarray(data)
    targets = None if targets is None else np.asarray(targets)
    size = len(data)
    _check_range(start_index, end_index, size)
    for name, value in (
        ("sequence_length", sequence_length),
        ("sampling_rate", sampling_rate),
        ("sequence_stride", sequence_stride),
    ):
        if value <= 0:
            raise ValueError(f"`{name}` must be higher than 0. Received: {name}={value}")
        if value >= size and name != "sequence_length":
            raise ValueError(
                f"`{name}` must be lower than the length of the data. Received: {name}={value}, for data of length "
                f"{size}"
            )
    first = start_index or 0
    last = size if end_index is None else end_index
    count = max(0, last - first - (sequence_length - 1) * sampling_rate)
    if targets is not None:
        count = max(0, min(count, len(targets) - first))
    starts = np.arange(0, count, sequence_stride)
    if shuffle:
        seed = np.random.randint(2**31 - 1) if seed is None else seed
        np.random.default_rng(seed).shuffle(starts)
    starts = starts + first
    steps = np.arange(sequence_length) * sampling_rate

    def cut(at):
        windows = data[np.add.outer(at, steps)]
        return windows if targets is None else (windows, targets[at])

    dataset = Dataset.from_tensor_slices(starts)
    if batch_size is not None:
        dataset = dataset.shuffle(max(1, batch_size * 8), seed) if shuffle else dataset
        return dataset.batch(batch_size).map(cut)
    return (dataset.shuffle(1024, seed) if shuffle else dataset).map(cut)


def check_format(format):
    """Raise ValueError for a `format` that Keras does not know; either of its formats is a `Dataset` here.

    >>> check_format("tf")
    """
    if format not in ("tf", "grain"):
        raise ValueError(f'`format` should be either "tf" or "grain". Received: format={format}')


def _check_range(start, end, size):
    given = f"for data of length {size}"
    if start is not None and start < 0:
        raise ValueError(f"`start_index` must be 0 or greater. Received: start_index={start}")
    if start is not None and start >= size:
        raise ValueError(
            f"`start_index` must be lower than the length of the data. Received: start_index={start}, {given}"
        )
    if end is None:
        return
    if start and end <= start:
        raise ValueError(
            f"`end_index` must be higher than `start_index`. Received: start_index={start}, and end_index={end}"
        )
    if end >= size:
        raise ValueError(
            f"`end_index` must be lower than the length of the data. Received: end_index={end}, {given}"
        )
    if end < 0:
        raise ValueError(f"`end_index` must be higher than 0. Received: end_index={end}")


class TimeseriesGenerator(PyDataset):
    """Batches of windows of a series and what follows each, as in Keras 2.

    Sample `r` is `data[r - length : r : sampling_rate]` (the other way round with `reverse`) with `targets[r]`, for `r`
    from `start_index + length` to `end_index` in steps of `stride`, or drawn at random with `shuffle`.

    >>> x, y = TimeseriesGenerator(np.arange(5), np.arange(5) * 10, length=2)[0]
    >>> x.tolist(), y
    ([[0, 1], [1, 2], [2, 3]], array([20, 30, 40]))
    """

    def __init__(
        self,
        data,
        targets,
        length,
        sampling_rate=1,
        stride=1,
        start_index=0,
        end_index=None,
        shuffle=False,
        reverse=False,
        batch_size=128,
    ):
        super().__init__()
        if len(data) != len(targets):
            raise ValueError(
                f"Data and targets have to be of same length. Data length is {len(data)} while target length is "
                f"{len(targets)}"
            )
        self.data, self.targets = data, targets
        self.length, self.sampling_rate, self.stride = length, sampling_rate, stride
        self.start_index = start_index + length
        self.end_index = len(data) - 1 if end_index is None else end_index
        self.shuffle, self.reverse, self.batch_size = shuffle, reverse, batch_size
        if self.start_index > self.end_index:
            raise ValueError(
                f"`start_index+length={self.start_index} > end_index={self.end_index}` is disallowed, as no part of "
                "the sequence would be left to be used as current step."
            )

    def __len__(self):
        per_batch = self.batch_size * self.stride
        return (self.end_index - self.start_index + per_batch) // per_batch

    def __getitem__(self, index):
        """Batch number `index`: windows and targets."""
        if self.shuffle:
            rows = np.random.randint(self.start_index, self.end_index + 1, size=self.batch_size)
        else:
            first = self.start_index + self.batch_size * self.stride * index
            rows = np.arange(
                first, min(first + self.batch_size * self.stride, self.end_index + 1), self.stride
            )
        windows = np.array([self.data[row - self.length : row : self.sampling_rate] for row in rows])
        targets = np.array([self.targets[row] for row in rows])
        return (windows[:, ::-1, ...] if self.reverse else windows), targets

    def get_config(self):
        """Return all settings, with the data as JSON."""
        as_json = lambda values: json.dumps(values.tolist() if hasattr(values, "tolist") else values)
        names = (
            "length", "sampling_rate", "stride", "start_index", "end_index", "shuffle", "reverse", "batch_size",
        )  # fmt: skip
        return {
            "data": as_json(self.data),
            "targets": as_json(self.targets),
            **{name: getattr(self, name) for name in names},
        }

    def to_json(self, **kwargs):
        """Return the settings as JSON text; `kwargs` are those of `json.dumps`."""
        return json.dumps({"class_name": type(self).__name__, "config": self.get_config()}, **kwargs)
