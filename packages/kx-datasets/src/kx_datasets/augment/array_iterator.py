"""`NumpyArrayIterator`: pictures in an array, changed at random."""

import warnings

import numpy as np

from kx_datasets.augment.iterator import Iterator, part_of, save_batch
from kx_datasets.images import check_data_format


class NumpyArrayIterator(Iterator):
    """Batches of changed pictures of an array, with their labels and sample weights, if any; usually made by
    `ImageDataGenerator.flow`.

    `x` has rank 4, or is a pair of that and a list of other arrays, which go along unchanged.

    Errors: ValueError for other ranks, lengths that differ, and subsets of different classes.

    >>> from kx_datasets.augment.generator import ImageDataGenerator
    >>> it = NumpyArrayIterator(np.ones((5, 4, 4, 3)), np.arange(5), ImageDataGenerator(rescale=0.5), batch_size=2)
    >>> x, y = it[1]
    >>> x.shape, x.max(), y
    ((2, 4, 4, 3), np.float32(0.5), array([2, 3]))
    """

    def __init__(
        self,
        x,
        y,
        image_data_generator,
        batch_size=32,
        shuffle=False,
        sample_weight=None,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        ignore_class_split=False,
        dtype=None,
    ):
        others = []
        if isinstance(x, (tuple, list)):
            given = x[1] if isinstance(x[1], list) else [x[1]]
            x, others = np.asarray(x[0]), [np.asarray(each) for each in given]
            for other in others:
                if len(other) != len(x):
                    raise ValueError(
                        "All of the arrays in `x` should have the same length. Found a pair with: "
                        f"len(x[0]) = {len(x)}, len(x[?]) = {len(other)}"
                    )
        x = np.asarray(x, dtype=dtype or "float32")
        for name, values in (("y` (labels)", y), ("sample_weight`", sample_weight)):
            if values is not None and len(values) != len(x):
                raise ValueError(
                    f"`x` (images tensor) and `{name} should have the same length. Found: x.shape = {x.shape}, "
                    f"{name.split('`')[0]}.shape = {np.shape(values)}"
                )
        if x.ndim != 4:
            raise ValueError(
                f"Input data in `NumpyArrayIterator` should have rank 4. You passed an array with shape {x.shape}"
            )
        self.data_format = check_data_format(data_format)
        axis = 1 if self.data_format == "channels_first" else 3
        if x.shape[axis] not in (1, 3, 4):
            warnings.warn(
                f'NumpyArrayIterator is set to use the data format convention "{self.data_format}" (channels on axis '
                f"{axis}), i.e. expected either 1, 3, or 4 channels on axis {axis}. However, it was passed an array "
                f"with shape {x.shape} ({x.shape[axis]} channels).",
                stacklevel=3,
            )
        y = None if y is None else np.asarray(y)
        weight = None if sample_weight is None else np.asarray(sample_weight)
        part = part_of(len(x), subset, image_data_generator.validation_split)
        if subset is not None and y is not None and not ignore_class_split:
            cut = part.start or part.stop
            if not np.array_equal(np.unique(y[:cut]), np.unique(y[cut:])):
                raise ValueError(
                    "Training and validation subsets have different number of classes after the split. If your numpy "
                    "arrays are sorted by the label, you might want to shuffle them."
                )
        self.x, self.x_misc = x[part], [other[part] for other in others]
        self.y = None if y is None else y[part]
        self.sample_weight = None if weight is None else weight[part]
        self.image_data_generator = image_data_generator
        self.dtype = dtype or "float32"
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        super().__init__(len(self.x), batch_size, shuffle, seed)

    def _get_batches_of_transformed_samples(self, index_array):
        change = self.image_data_generator
        batch = np.zeros((len(index_array), *self.x.shape[1:]), dtype=self.dtype)
        for i, number in enumerate(index_array):
            picture = self.x[number]
            parameters = change.get_random_transform(picture.shape)
            picture = change.apply_transform(picture.astype(self.dtype), parameters)
            batch[i] = change.standardize(picture)
        save_batch(self, batch, index_array)
        inputs = [batch, *(other[index_array] for other in self.x_misc)] if self.x_misc else batch
        if self.y is None:
            return inputs
        targets = (inputs, self.y[index_array])
        return targets if self.sample_weight is None else (*targets, self.sample_weight[index_array])
