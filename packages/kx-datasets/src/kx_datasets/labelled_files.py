"""Files in a folder and their labels: one subfolder for each class, in a fixed order, cut in two by a seed."""

import os

import numpy as np

from kx_datasets.pipeline.dataset import Dataset

_LABEL_MODES = ("int", "categorical", "binary", None)
_SUBSETS = ("training", "validation", "both", None)


def check_arguments(labels, label_mode, class_names, validation_split, subset, shuffle, seed, kind):
    """Raise ValueError for arguments of `..._dataset_from_directory` that do not go together.

    >>> check_arguments("inferred", "int", None, None, None, True, None, "text")
    """
    if labels not in ("inferred", None) if not isinstance(labels, (list, tuple)) else False:
        raise ValueError(
            "`labels` argument should be a list/tuple of integer labels, of the same size as the number of "
            f"{kind} files in the target directory. If you wish to infer the labels from the subdirectory names in the "
            f'target directory, pass `labels="inferred"`. If you wish to get a dataset that only contains {kind} '
            f"samples (no labels), pass `labels=None`. Received: labels={labels}"
        )
    if class_names and isinstance(labels, (list, tuple)):
        raise ValueError(
            'You can only pass `class_names` if `labels="inferred"`. Received: '
            f"labels={labels}, and class_names={class_names}"
        )
    if class_names and labels is None:
        raise ValueError("When `labels=None` (no labels), argument `class_names` cannot be specified.")
    if label_mode not in _LABEL_MODES:
        raise ValueError(
            '`label_mode` argument must be one of "int", "categorical", "binary", or None. Received: '
            f"label_mode={label_mode}"
        )
    if validation_split is not None and not 0 < validation_split < 1:
        raise ValueError(f"`validation_split` must be between 0 and 1, received: {validation_split}")
    if (validation_split is None) != (subset is None):
        raise ValueError("If `subset` is set, `validation_split` must be set, and inversely.")
    if subset not in _SUBSETS:
        raise ValueError(f'`subset` must be either "training", "validation" or "both", received: {subset}')
    if validation_split and shuffle and seed is None:
        raise ValueError(
            "If using `validation_split` and shuffling the data, you must provide a `seed` argument, to make sure that "
            "there is no overlap between the training and validation subset."
        )


def find_files(directory, endings, follow_links=False):
    """Return the paths of the files below a directory with one of the endings, its own before those of its folders.

    A link to a folder, or to a file outside of the directory, is only followed with `follow_links`.
    """
    root = os.path.realpath(directory)
    found = []
    for folder, _, names in _folders(directory, follow_links):
        for name in sorted(names):
            path = os.path.join(folder, name)
            if name.lower().endswith(endings) and (follow_links or _is_inside(path, root)):
                found.append(path)
    return found


def _folders(directory, follow_links):
    """`os.walk` in sorted order; a link that leads back up is not entered again."""
    seen = set()
    for folder, folders, names in os.walk(directory, followlinks=follow_links):
        real = os.path.realpath(folder)
        if real in seen:
            folders.clear()
            continue
        seen.add(real)
        folders.sort()
        yield folder, folders, names


def _is_inside(path, root):
    return os.path.commonpath([os.path.realpath(path), root]) == root


def index_directory(directory, labels, class_names, endings, follow_links, kind, verbose=True):
    """Return paths, integer labels (None) and names of classes (None) of the files in a directory."""
    directory = os.fspath(directory)
    if labels != "inferred":
        if not os.path.isdir(directory):
            raise FileNotFoundError(f"No such directory: '{directory}'")
        paths = find_files(directory, endings, follow_links)
        if labels is not None and len(labels) != len(paths):
            raise ValueError(
                "Expected the lengths of `labels` to match the number of files in the target directory. len(labels) is "
                f"{len(labels)} while we found {len(paths)} files in directory {directory}."
            )
        names = None if labels is None else [str(label) for label in sorted(set(labels))]
        if verbose:
            print(f"Found {len(paths)} files.")
        return paths, None if labels is None else np.asarray(labels, "int32"), names
    present = class_folders(directory, follow_links)
    names = present if not class_names else list(class_names)
    if not set(names) <= set(present):
        raise ValueError(
            "The `class_names` passed did not match the names of the subdirectories of the target directory. "
            f"Expected: {present} (or a subset of it), but received: class_names={class_names}"
        )
    paths, numbers = [], []
    for number, name in enumerate(names):
        of_class = find_files(os.path.join(directory, name), endings, follow_links)
        paths += of_class
        numbers += [number] * len(of_class)
    if verbose:
        print(f"Found {len(paths)} files belonging to {len(names)} classes.")
    return paths, np.array(numbers, "int32"), names


def class_folders(directory, follow_links=False):
    """Return the sorted names of the folders in a directory, without hidden ones and (unless followed) links outwards.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("dogs", "cats", ".git"):
    ...         os.mkdir(os.path.join(folder, name))
    ...     class_folders(folder)
    ['cats', 'dogs']
    """
    root = os.path.realpath(directory)
    return sorted(
        name
        for name in os.listdir(directory)
        if os.path.isdir(path := os.path.join(directory, name))
        and not name.startswith(".")
        and (follow_links or _is_inside(path, root))
    )


def labelled_datasets(
    directory, labels, label_mode, class_names, endings, follow_links, kind, read, verbose,
    shuffle, seed, validation_split, subset, batch_size, batch=None,
):  # fmt: skip
    """Return the Dataset of `read(path)`, with labels, or two of them for `subset="both"`.

    Each has `class_names` and `file_paths`. `batch(dataset, size)` puts elements together, `Dataset.batch` by default.
    """
    check_arguments(labels, label_mode, class_names, validation_split, subset, shuffle, seed, kind)
    labels = None if label_mode is None else labels
    paths, numbers, names = index_directory(
        directory, labels, class_names, endings, follow_links, kind, verbose
    )
    if label_mode == "binary" and names is not None and len(names) != 2:
        raise ValueError(
            'When passing `label_mode="binary"`, there must be exactly 2 class_names. Received: '
            f"class_names={names}"
        )
    seed = np.random.randint(2**31 - 1) if seed is None else seed
    if shuffle:
        order = np.random.default_rng(seed).permutation(len(paths))
        paths = [paths[i] for i in order]
        numbers = None if numbers is None else numbers[order]
    held_out = int((validation_split or 0) * len(paths))
    cut = len(paths) - held_out
    parts = {"training": slice(cut), "validation": slice(cut, None), None: slice(None)}
    found = []
    for part in ("training", "validation") if subset == "both" else (subset,):
        chosen = paths[parts[part]]
        if part is not None and verbose:
            print(f"Using {len(chosen)} files for {part}.")
        if not chosen:
            of = "" if part is None else f" for {part}"
            raise ValueError(
                f"No {kind} files found in directory {directory}{of}. Allowed formats: {', '.join(endings)}"
            )
        if numbers is None:
            dataset = Dataset.from_tensor_slices(chosen)
        else:
            encoded = _encoded(numbers[parts[part]], names, label_mode)
            dataset = Dataset.from_tensor_slices((chosen, encoded))
        if shuffle:
            dataset = dataset.shuffle(1024 if batch_size is None else 8 * batch_size, seed)
        dataset = dataset.map(_loader(read, numbers is not None))
        if batch_size is not None:
            dataset = (batch or Dataset.batch)(dataset, batch_size)
        dataset = dataset.prefetch(2)
        dataset.class_names, dataset.file_paths = names, chosen
        found.append(dataset)
    return found if subset == "both" else found[0]


def _loader(read, labelled):
    return (lambda path, label: (read(str(path)), label)) if labelled else (lambda path: read(str(path)))


def _encoded(numbers, names, label_mode):
    if label_mode == "binary":
        return numbers[:, None].astype("float32")
    if label_mode == "categorical":
        return np.eye(len(names), dtype="float32")[numbers]
    return numbers
