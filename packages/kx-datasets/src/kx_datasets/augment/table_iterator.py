"""`DataFrameIterator`: the pictures that a table names, changed at random."""

import os
import warnings

import numpy as np

from kx_datasets.augment.file_iterator import FileIterator
from kx_datasets.augment.iterator import Iterator, part_of


class DataFrameIterator(FileIterator):
    """Batches of changed pictures of the files that a table names (pandas, polars, or a dict of columns); usually made
    by `ImageDataGenerator.flow_from_dataframe`.

    `x_col` has names of files, absolute or below `directory`; `y_col` what `class_mode` asks for: texts, or lists of
    them, for "categorical"; texts for "binary" and "sparse"; numbers for "raw" and, in several columns, for
    "multi_output". Files that are not there are left out, with a warning, unless `validate_filenames=False`.

    >>> import tempfile
    >>> from kx_datasets.augment.generator import ImageDataGenerator
    >>> from kx_datasets.images import save_img
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save_img(os.path.join(folder, "1.png"), np.ones((9, 8, 3)))
    ...     table = {"filename": ["1.png", "1.png"], "class": ["cat", "dog"]}
    ...     it = DataFrameIterator(table, folder, ImageDataGenerator(), target_size=(4, 4), shuffle=False)
    ...     x, y = it[0]
    Found 2 validated image filenames belonging to 2 classes.
    >>> x.shape, y.tolist()
    ((2, 4, 4, 3), [[1.0, 0.0], [0.0, 1.0]])
    """

    allowed_class_modes = ("binary", "categorical", "input", "multi_output", "raw", "sparse", None)

    def __init__(
        self,
        dataframe,
        directory=None,
        image_data_generator=None,
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
        data_format="channels_last",
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
        dtype="float32",
        validate_filenames=True,
    ):
        super().__init__(
            image_data_generator, target_size, color_mode, class_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio, dtype,
        )  # fmt: skip
        self.directory = os.fspath(directory or "")
        names = _column(dataframe, x_col)
        if not all(isinstance(name, str) for name in names):
            raise TypeError(f"All values in column x_col={x_col} must be strings.")
        labels = _labels(dataframe, y_col, class_mode, classes)
        weights = None if weight_col is None else np.asarray(dataframe[weight_col])
        if weights is not None and not np.issubdtype(weights.dtype, np.number):
            raise TypeError(f"Column weight_col={weight_col} must be numeric.")

        kept = range(len(names))
        if validate_filenames:
            kept = [i for i in kept if self._is_picture(names[i])]
            if len(kept) < len(names):
                warnings.warn(
                    f'Found {len(names) - len(kept)} invalid image filename(s) in x_col="{x_col}". These filename(s) '
                    "will be ignored.",
                    stacklevel=3,
                )
        with_classes = class_mode in ("binary", "categorical", "sparse")
        if with_classes:
            of_rows = [[label] if isinstance(label, str) else label for label in labels]
            if not classes:
                classes = sorted({label for i in kept for label in of_rows[i]})
            self.class_indices = {label: number for number, label in enumerate(classes)}
            kept = [i for i in kept if any(label in self.class_indices for label in of_rows[i])]
        kept = list(kept)[part_of(len(kept), subset, self.validation_split)]
        if with_classes:
            self.classes = [self._numbers(labels[i]) for i in kept]
        elif class_mode == "multi_output":
            self.labels = [values[kept] for values in labels]
        elif class_mode == "raw":
            self.labels = labels[kept]
        self.filenames = [names[i] for i in kept]
        self.filepaths = [os.path.join(self.directory, name) for name in self.filenames]
        self.sample_weight = None if weights is None else weights[kept]
        self.samples = len(kept)
        how = "validated" if validate_filenames else "non-validated"
        of_classes = f" belonging to {len(self.class_indices)} classes" if with_classes else ""
        print(f"Found {self.samples} {how} image filenames{of_classes}.")
        Iterator.__init__(self, self.samples, batch_size, shuffle, seed)

    def _numbers(self, label):
        """Return the class number of a text; of a list of them, the known ones' numbers."""
        if isinstance(label, str):
            return self.class_indices[label]
        return [self.class_indices[each] for each in label if each in self.class_indices]

    def _is_picture(self, name):
        ending = os.path.splitext(name)[1].lstrip(".").lower()
        return ending in self.white_list_formats and os.path.isfile(os.path.join(self.directory, name))


def _column(table, name):
    values = table[name]
    return values.to_list() if hasattr(values, "to_list") else list(values)


def _labels(table, y_col, class_mode, classes):
    """Return the column (columns) of labels after a look at what is in it."""
    if class_mode in ("input", None):
        return None
    if class_mode == "multi_output":
        if not isinstance(y_col, (list, tuple)):
            raise TypeError(
                f'If class_mode="{class_mode}", y_col must be a list. Received {type(y_col).__name__}.'
            )
        return [np.asarray(table[name]) for name in y_col]
    if class_mode == "raw":
        if isinstance(y_col, (list, tuple)):
            return np.stack([np.asarray(table[name]) for name in y_col], axis=1)
        return np.asarray(table[y_col])
    labels = _column(table, y_col)
    kinds = (str, list, tuple) if class_mode == "categorical" else str
    if not all(isinstance(label, kinds) for label in labels):
        expected = "type string, list or tuple" if class_mode == "categorical" else "strings"
        raise TypeError(f'If class_mode="{class_mode}", y_col="{y_col}" column values must be {expected}.')
    if classes and not isinstance(classes, (list, tuple)):
        raise TypeError(f"`classes` must be a list or tuple of names. Received: {classes}")
    if class_mode == "binary":
        found = classes or set(labels)
        if len(found) != 2:
            had = f"{len(found)} class/es were given" if classes else f"Found {len(found)} classes"
            raise ValueError(f'If class_mode="binary" there must be 2 classes. {had}.')
    return labels
