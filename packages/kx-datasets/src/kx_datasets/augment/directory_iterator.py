"""`DirectoryIterator`: the pictures of a folder, changed at random."""

import os

import numpy as np

from kx_datasets.augment.file_iterator import FileIterator
from kx_datasets.augment.iterator import Iterator, part_of
from kx_datasets.labelled_files import class_folders, find_files


class DirectoryIterator(FileIterator):
    """Batches of changed pictures of a folder with one subfolder for each class; usually made by
    `ImageDataGenerator.flow_from_directory`.

    Classes are numbered in the order of `classes`, else of the sorted names of the folders (hidden ones are none); the
    files of the folders below them belong to them. Links that lead out of the directory count only with
    `follow_links`.

    >>> import tempfile
    >>> from kx_datasets.augment.generator import ImageDataGenerator
    >>> from kx_datasets.images import save_img
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cats", "dogs"):
    ...         os.mkdir(os.path.join(folder, name))
    ...         save_img(os.path.join(folder, name, "1.png"), np.ones((9, 8, 3)))
    ...     it = DirectoryIterator(folder, ImageDataGenerator(), target_size=(4, 4), class_mode="sparse", shuffle=False)
    ...     x, y = it[0]
    Found 2 images belonging to 2 classes.
    >>> x.shape, y.tolist(), it.class_indices, it.filenames
    ((2, 4, 4, 3), [0.0, 1.0], {'cats': 0, 'dogs': 1}, ['cats/1.png', 'dogs/1.png'])
    """

    allowed_class_modes = ("categorical", "binary", "sparse", "input", None)

    def __init__(
        self,
        directory,
        image_data_generator,
        target_size=(256, 256),
        color_mode="rgb",
        classes=None,
        class_mode="categorical",
        batch_size=32,
        shuffle=True,
        seed=None,
        data_format=None,
        save_to_dir=None,
        save_prefix="",
        save_format="png",
        follow_links=False,
        subset=None,
        interpolation="nearest",
        keep_aspect_ratio=False,
        dtype=None,
    ):
        super().__init__(
            image_data_generator, target_size, color_mode, class_mode, data_format, save_to_dir, save_prefix,
            save_format, subset, interpolation, keep_aspect_ratio, dtype,
        )  # fmt: skip
        self.directory = os.fspath(directory)
        present = class_folders(directory, follow_links)
        classes = list(classes) if classes else present
        self.class_indices = {name: number for number, name in enumerate(classes)}
        self.num_classes = len(classes)
        endings = tuple(f".{ending}" for ending in self.white_list_formats)
        self.filepaths, numbers = [], []
        for number, name in enumerate(classes):
            folder = os.path.join(self.directory, name)
            found = find_files(folder, endings, follow_links) if name in present else []
            found = found[part_of(len(found), subset, self.validation_split)]
            self.filepaths += found
            numbers += [number] * len(found)
        self.classes = self.labels = np.array(numbers, dtype="int32")
        self.filenames = [os.path.relpath(path, self.directory) for path in self.filepaths]
        self.samples = len(self.filepaths)
        print(f"Found {self.samples} images belonging to {self.num_classes} classes.")
        Iterator.__init__(self, self.samples, batch_size, shuffle, seed)
