"""Pictures in files, changed at random: what `DirectoryIterator` and `DataFrameIterator` have in common."""

import numpy as np

from kx_datasets.augment.iterator import Iterator, save_batch
from kx_datasets.images import check_data_format, img_to_array, load_img

_CHANNELS = {"rgb": 3, "rgba": 4, "grayscale": 1}


class FileIterator(Iterator):
    """Batches of changed pictures of files, `filepaths`, with targets as `class_mode` says."""

    allowed_class_modes: tuple = ()

    def __init__(
        self, image_data_generator, target_size, color_mode, class_mode, data_format, save_to_dir, save_prefix,
        save_format, subset, interpolation, keep_aspect_ratio, dtype,
    ):  # fmt: skip
        if color_mode not in _CHANNELS:
            raise ValueError(f'Invalid color mode: {color_mode}; expected "rgb", "rgba", or "grayscale".')
        if class_mode not in self.allowed_class_modes:
            raise ValueError(
                f"Invalid class_mode: {class_mode}; expected one of: {', '.join(map(repr, self.allowed_class_modes))}"
            )
        self.image_data_generator = image_data_generator
        self.target_size = tuple(target_size)
        self.color_mode, self.class_mode = color_mode, class_mode
        self.data_format = check_data_format(data_format)
        channels = (_CHANNELS[color_mode],)
        first = self.data_format == "channels_first"
        self.image_shape = channels + self.target_size if first else self.target_size + channels
        self.save_to_dir, self.save_prefix, self.save_format = save_to_dir, save_prefix, save_format
        self.subset = subset
        self.validation_split = image_data_generator.validation_split if image_data_generator else 0
        self.interpolation, self.keep_aspect_ratio = interpolation, keep_aspect_ratio
        self.dtype = dtype or "float32"
        self.sample_weight = None

    def _get_batches_of_transformed_samples(self, index_array):
        change = self.image_data_generator
        batch = np.zeros((len(index_array), *self.image_shape), dtype=self.dtype)
        for i, number in enumerate(index_array):
            img = load_img(
                self.filepaths[number],
                color_mode=self.color_mode,
                target_size=self.target_size,
                interpolation=self.interpolation,
                keep_aspect_ratio=self.keep_aspect_ratio,
            )
            picture = img_to_array(img, data_format=self.data_format)
            if change:
                parameters = change.get_random_transform(picture.shape)
                picture = change.standardize(change.apply_transform(picture, parameters))
            batch[i] = picture
        save_batch(self, batch, index_array)
        if self.class_mode is None and self.sample_weight is None:
            return batch
        targets = (batch, self._targets(batch, index_array))
        return targets if self.sample_weight is None else (*targets, self.sample_weight[index_array])

    def _targets(self, batch, numbers):
        if self.class_mode == "input":
            return batch.copy()
        if self.class_mode in ("binary", "sparse"):
            return np.asarray([self.classes[n] for n in numbers], dtype=self.dtype)
        if self.class_mode == "categorical":
            rows = np.zeros((len(numbers), len(self.class_indices)), dtype=self.dtype)
            for row, number in zip(rows, numbers, strict=True):
                row[self.classes[number]] = 1
            return rows
        if self.class_mode == "multi_output":
            return [values[numbers] for values in self.labels]
        return None if self.class_mode is None else self.labels[numbers]
