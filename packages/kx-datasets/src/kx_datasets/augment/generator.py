"""`ImageDataGenerator` of Keras 2: how pictures are changed at random and standardized while they are read."""

import warnings

import numpy as np

from kx_datasets.augment.affine import apply_affine_transform
from kx_datasets.augment.array_iterator import NumpyArrayIterator
from kx_datasets.augment.changes import apply_brightness_shift, apply_channel_shift, draw_zoom
from kx_datasets.augment.directory_iterator import DirectoryIterator
from kx_datasets.augment.table_iterator import DataFrameIterator

_EPSILON = 1e-6  # added to the deviations that pictures are divided by
_STANDING_STILL = {"theta": 0, "tx": 0, "ty": 0, "shear": 0, "zx": 1, "zy": 1}
_GONE = {  # arguments of `flow_from_dataframe` before Keras 2.3
    "has_ext": "the names in the table must be those of the files, with their endings.",
    "sort": "the order is that of the table, unless `shuffle`.",
    "drop_duplicates": "drop them from the table with pandas.DataFrame.drop_duplicates.",
}


class ImageDataGenerator:
    """Pictures changed at random and standardized, as batches of an array, a folder or a table.

    Order: an affine transform (`rotation_range` and `shear_range` in degrees to either side; `width_shift_range` and
    `height_shift_range` as part of the size below 1, in pixels above, whole ones for an int, one of a list with either
    sign; `zoom_range` as (lowest, highest) or 1 minus and plus a number), `channel_shift_range`, flips,
    `brightness_range`; then `preprocessing_function`, `rescale` (a factor), the mean of each picture or of those of
    `fit` to zero and their deviation to one, ZCA whitening. `fill_mode`, `cval` and `interpolation_order` say what
    stands between and beyond the pixels. `validation_split` is the part for `subset="validation"`.

    As in Keras since 2.4, `height_shift_range` moves along the width and `width_shift_range` along the height, and
    pictures that are not square turn around another point than their middle: a seed gives the same pictures as there.

    Errors: ValueError for arguments that have no meaning.

    >>> it = ImageDataGenerator(rescale=1 / 255, horizontal_flip=True).flow(np.full((8, 4, 4, 3), 255.0), batch_size=4)
    >>> len(it), next(it).max()
    (2, np.float32(1.0))
    """

    def __init__(
        self,
        featurewise_center=False,
        samplewise_center=False,
        featurewise_std_normalization=False,
        samplewise_std_normalization=False,
        zca_whitening=False,
        zca_epsilon=1e-6,
        rotation_range=0,
        width_shift_range=0.0,
        height_shift_range=0.0,
        brightness_range=None,
        shear_range=0.0,
        zoom_range=0.0,
        channel_shift_range=0.0,
        fill_mode="nearest",
        cval=0.0,
        horizontal_flip=False,
        vertical_flip=False,
        rescale=None,
        preprocessing_function=None,
        data_format=None,
        validation_split=0.0,
        interpolation_order=1,
        dtype=None,
    ):
        if data_format not in (None, "channels_last", "channels_first"):
            raise ValueError(
                '`data_format` should be `"channels_last"` (channel after row and column) or `"channels_first"` '
                f"(channel before row and column). Received: {data_format}"
            )
        if validation_split and not 0 < validation_split < 1:
            raise ValueError(
                f"`validation_split` must be strictly between 0 and 1. Received: {validation_split}"
            )
        if brightness_range is not None and np.shape(brightness_range) != (2,):
            raise ValueError(
                f"`brightness_range should be tuple or list of two floats. Received: {brightness_range}"
            )
        self.samplewise_center, self.samplewise_std_normalization = (
            samplewise_center,
            samplewise_std_normalization,
        )
        self.featurewise_center, self.zca_whitening = featurewise_center, zca_whitening
        self.featurewise_std_normalization = featurewise_std_normalization
        self.zca_epsilon = zca_epsilon
        self.rotation_range, self.shear_range = rotation_range, shear_range
        self.width_shift_range, self.height_shift_range = width_shift_range, height_shift_range
        self.brightness_range, self.channel_shift_range = brightness_range, channel_shift_range
        self.zoom_range = _zoom(zoom_range)
        self.fill_mode, self.cval, self.interpolation_order = fill_mode, cval, interpolation_order
        self.horizontal_flip, self.vertical_flip = horizontal_flip, vertical_flip
        self.rescale, self.preprocessing_function = rescale, preprocessing_function
        self.data_format = data_format or "channels_last"
        self.row_axis, self.col_axis, self.channel_axis = (  # of a batch
            (2, 3, 1) if self.data_format == "channels_first" else (1, 2, 3)
        )
        self.validation_split = validation_split
        self.dtype = dtype or "float32"
        self.mean = self.std = self.zca_whitening_matrix = None
        self._settle_contradictions()

    def _settle_contradictions(self):
        for name, over, value in (
            ("zca_whitening", "featurewise_center", True),
            ("zca_whitening", "featurewise_std_normalization", False),
            ("featurewise_std_normalization", "featurewise_center", True),
            ("samplewise_std_normalization", "samplewise_center", True),
        ):
            if getattr(self, name) and getattr(self, over) != value:
                setattr(self, over, value)
                warnings.warn(
                    f"This ImageDataGenerator specifies `{name}`, which overrides setting of `{over}`.",
                    stacklevel=3,
                )

    # ---- batches ---------------------------------------------------------------------------------------------

    def flow(
        self,
        x,
        y=None,
        batch_size=32,
        shuffle=True,
        sample_weight=None,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        ignore_class_split=False,
        subset=None,
    ):
        """Return the `NumpyArrayIterator` of the pictures `x`, of rank 4, with labels and sample weights if given."""
        return NumpyArrayIterator(
            x,
            y,
            self,
            batch_size=batch_size,
            shuffle=shuffle,
            sample_weight=sample_weight,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            ignore_class_split=ignore_class_split,
            subset=subset,
            dtype=self.dtype,
        )

    def flow_from_directory(
        self,
        directory,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
    ):
        """Return the `DirectoryIterator` of a folder with one subfolder for each class."""
        return DirectoryIterator(
            directory,
            self,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            follow_links=follow_links,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
        )

    def flow_from_dataframe(
        self,
        dataframe,
        directory=None,
        x_col="filename",
        y_col="class",
        weight_col=None,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        validate_filenames=True,
        keep_aspect_ratio=False,
        **kwargs,
    ):
        """Return the `DataFrameIterator` of the pictures that a table names."""
        for name in kwargs:
            if name not in _GONE:
                raise TypeError(f"flow_from_dataframe() got an unexpected keyword argument '{name}'")
            warnings.warn(f"`{name}` has no effect: {_GONE[name]}", DeprecationWarning, stacklevel=2)
        return DataFrameIterator(
            dataframe,
            directory,
            self,
            x_col=x_col,
            y_col=y_col,
            weight_col=weight_col,
            target_size=target_size,
            color_mode=color_mode,
            classes=classes,
            class_mode=class_mode,
            batch_size=batch_size,
            shuffle=shuffle,
            seed=seed,
            data_format=self.data_format,
            save_to_dir=save_to_dir,
            save_prefix=save_prefix,
            save_format=save_format,
            subset=subset,
            interpolation=interpolation,
            keep_aspect_ratio=keep_aspect_ratio,
            dtype=self.dtype,
            validate_filenames=validate_filenames,
        )

    # ---- standardizing ---------------------------------------------------------------------------------------

    def fit(self, x, augment=False, rounds=1, seed=None):
        """Take mean, deviation and whitening from pictures, of rank 4; `augment`: from `rounds` changes of each."""
        x = np.array(x, dtype=self.dtype)
        if x.ndim != 4:
            raise ValueError(f"Input to `.fit()` should have rank 4. Got array with shape: {x.shape}")
        if x.shape[self.channel_axis] not in (1, 3, 4):
            axis, channels = self.channel_axis, x.shape[self.channel_axis]
            warnings.warn(
                "Expected input to be images (as Numpy array) following the data format convention "
                f'"{self.data_format}" (channels on axis {axis}), i.e. expected either 1, 3 or 4 channels on axis '
                f"{axis}. However, it was passed an array with shape {x.shape} ({channels} channels).",
                stacklevel=2,
            )
        if seed is not None:
            np.random.seed(seed)
        if augment:
            x = np.concatenate([[self.random_transform(each) for each in x] for _ in range(rounds)])
        axes = (0, self.row_axis, self.col_axis)
        if self.featurewise_center:
            self.mean = x.mean(axis=axes, keepdims=True)[0]
            x -= self.mean
        if self.featurewise_std_normalization:
            self.std = x.std(axis=axes, keepdims=True)[0]
            x /= self.std + _EPSILON
        if self.zca_whitening:
            flat = x.reshape(len(x), -1).astype("float64")
            values, vectors = np.linalg.eigh(flat.T @ flat / len(flat))
            scale = 1 / np.sqrt(np.maximum(values, 0) + self.zca_epsilon)
            self.zca_whitening_matrix = ((vectors * scale) @ vectors.T).astype(self.dtype)

    def standardize(self, x):
        """Return a picture, or a batch of them, standardized; an array of floats is overwritten."""
        if self.preprocessing_function:
            x = self.preprocessing_function(x)
        if not np.issubdtype(x.dtype, np.floating):
            x = x.astype(self.dtype)
        if self.rescale:
            x *= self.rescale
        if self.samplewise_center:
            x -= np.mean(x, keepdims=True)
        if self.samplewise_std_normalization:
            x /= np.std(x, keepdims=True) + _EPSILON
        if self.featurewise_center and self._is_fit("featurewise_center", self.mean):
            x -= self.mean
        if self.featurewise_std_normalization and self._is_fit("featurewise_std_normalization", self.std):
            x /= self.std + _EPSILON
        if self.zca_whitening and self._is_fit("zca_whitening", self.zca_whitening_matrix):
            flat = x.reshape(-1, len(self.zca_whitening_matrix))
            x = (flat @ self.zca_whitening_matrix).reshape(x.shape)
        return x

    def _is_fit(self, name, value):
        if value is None:
            warnings.warn(
                f"This ImageDataGenerator specifies `{name}`, but it hasn't been fit on any training data. Fit it "
                "first by calling `.fit(numpy_data)`.",
                stacklevel=3,
            )
        return value is not None

    # ---- random changes --------------------------------------------------------------------------------------

    def get_random_transform(self, img_shape, seed=None):
        """Return the parameters of a random change of a picture, a dict for `apply_transform`."""
        if seed is not None:
            np.random.seed(seed)
        height, width = img_shape[self.row_axis - 1], img_shape[self.col_axis - 1]
        # in this order, which says what a seed gives
        parameters = {
            "theta": _either_side(self.rotation_range),
            "tx": _draw_shift(self.height_shift_range, height),
            "ty": _draw_shift(self.width_shift_range, width),
            "shear": _either_side(self.shear_range),
        }
        parameters["zx"], parameters["zy"] = draw_zoom(self.zoom_range)
        parameters["flip_horizontal"] = (np.random.random() < 0.5) * self.horizontal_flip
        parameters["flip_vertical"] = (np.random.random() < 0.5) * self.vertical_flip
        parameters["channel_shift_intensity"] = _either_side(self.channel_shift_range) or None
        parameters["brightness"] = None
        if self.brightness_range is not None:
            parameters["brightness"] = np.random.uniform(*self.brightness_range)
        return parameters

    def apply_transform(self, x, transform_parameters):
        """Return a picture, of rank 3, changed as the parameters say; those left out change nothing."""
        axes = (self.row_axis - 1, self.col_axis - 1, self.channel_axis - 1)
        given = transform_parameters
        moves = (given.get(name, value) for name, value in _STANDING_STILL.items())
        x = apply_affine_transform(x, *moves, *axes, self.fill_mode, self.cval, self.interpolation_order)
        if given.get("channel_shift_intensity") is not None:
            x = apply_channel_shift(x, given["channel_shift_intensity"], axes[2])
        if given.get("flip_horizontal"):
            x = np.flip(x, axes[1])
        if given.get("flip_vertical"):
            x = np.flip(x, axes[0])
        if given.get("brightness") is not None:
            last = apply_brightness_shift(np.moveaxis(x, axes[2], -1), given["brightness"], scale=False)
            x = np.moveaxis(last, -1, axes[2])
        return x

    def random_transform(self, x, seed=None):
        """Return a picture, of rank 3, changed at random."""
        return self.apply_transform(x, self.get_random_transform(x.shape, seed))


def _zoom(given):
    if isinstance(given, (int, float)):
        return (1 - given, 1 + given)
    if np.shape(given) == (2,) and all(isinstance(each, (int, float)) for each in given):
        return (given[0], given[1])
    raise ValueError(f"`zoom_range` should be a float or a tuple or list of two floats. Received: {given}")


def _either_side(most):
    return np.random.uniform(-most, most) if most else 0


def _draw_shift(given, size):
    """Return a number of pixels. A list, or an int n for 0 to n - 1: one of them with either sign."""
    if np.ndim(given) == 0 and not given:
        return 0
    if isinstance(given, (int, np.integer)) or np.ndim(given):
        return np.random.choice(given) * np.random.choice([-1, 1])
    pixels = np.random.uniform(-given, given)
    return pixels * size if given < 1 else pixels
