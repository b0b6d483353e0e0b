"""Texts in folders as a Dataset."""

from kx_datasets.labelled_files import labelled_datasets
from kx_datasets.pipeline.dataset import Dataset
from kx_datasets.timeseries import check_format


def text_dataset_from_directory(
    directory,
    labels="inferred",
    label_mode="int",
    class_names=None,
    batch_size=32,
    max_length=None,
    shuffle=True,
    seed=None,
    validation_split=None,
    subset=None,
    follow_links=False,
    format="tf",
    verbose=True,
) -> Dataset:
    """Return the `Dataset` of the `.txt` files (UTF-8) below a directory, with the folders of which as labels.

    Args: labels: "inferred", None, or a list of integers, one for each file in the order of their paths. label_mode:
        "int"; "categorical", one-hot rows; "binary", 0. and 1., shape (n, 1); None. class_names: which folders, in
        which order. max_length: bytes of a text to keep. validation_split, subset, seed: the part to hold out, and
        which part to return: "training", "validation", "both". follow_links: outwards too.

    The Dataset has the attributes `class_names` and `file_paths`. Errors: ValueError for arguments that do not go
    together, or a directory without such files.

    >>> import os, tempfile
    >>> folder = tempfile.TemporaryDirectory()
    >>> for name in ("neg", "pos"):
    ...     os.mkdir(os.path.join(folder.name, name))
    ...     _ = open(os.path.join(folder.name, name, "1.txt"), "w").write(f"a {name} text")
    >>> data = text_dataset_from_directory(folder.name, shuffle=False, verbose=False)
    >>> list(data)
    [(array(['a neg text', 'a pos text'], dtype='<U10'), array([0, 1], dtype=int32))]
    """
    check_format(format)

    def read(path):
        with open(path, "rb") as file:
            content = file.read() if max_length is None else file.read(max_length)
        return content.decode("utf-8", "replace" if max_length is None else "ignore")

    return labelled_datasets(
        directory, labels, label_mode, class_names, (".txt",), follow_links, "text", read, verbose,
        shuffle, seed, validation_split, subset, batch_size,
    )  # fmt: skip
