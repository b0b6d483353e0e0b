"""Classic datasets with Keras's loaders, a checked download cache, and the array utilities that feed a model.

Everything is loaded on first use, so that `import kx_datasets` costs next to nothing.

>>> import kx_datasets
>>> kx_datasets.to_categorical([0, 2]).tolist()
[[1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]
"""

import importlib

_HOME = {
    "get_file": "cache",
    "to_categorical": "categorical",
    "normalize": "categorical",
    "ChecksumError": "errors",
    "DatasetNotFound": "errors",
    "DownloadError": "errors",
    "UnsafeArchive": "errors",
    "PyDataset": "pydataset",
    "Sequence": "pydataset",
    "AUTOTUNE": "pipeline.dataset",
    "Dataset": "pipeline.dataset",
    "INFINITE_CARDINALITY": "pipeline.dataset",
    "TensorSpec": "pipeline.elements",
    "UNKNOWN_CARDINALITY": "pipeline.dataset",
    "TimeseriesGenerator": "timeseries",
    "timeseries_dataset_from_array": "timeseries",
    "DataFrameIterator": "augment.table_iterator",
    "DirectoryIterator": "augment.directory_iterator",
    "ImageDataGenerator": "augment.generator",
    "Iterator": "augment.iterator",
    "NumpyArrayIterator": "augment.array_iterator",
    "apply_affine_transform": "augment.affine",
    "apply_brightness_shift": "augment.changes",
    "apply_channel_shift": "augment.changes",
    "random_brightness": "augment.changes",
    "random_channel_shift": "augment.changes",
    "random_rotation": "augment.changes",
    "random_shear": "augment.changes",
    "random_shift": "augment.changes",
    "random_zoom": "augment.changes",
    "audio_dataset_from_directory": "audio_folder",
    "image_dataset_from_directory": "image_folder",
    "text_dataset_from_directory": "text_folder",
    "array_to_img": "images",
    "img_to_array": "images",
    "load_img": "images",
    "save_img": "images",
    "smart_resize": "resize",
    "pack_x_y_sample_weight": "dataset_split",
    "split_dataset": "dataset_split",
    "pad_sequences": "sequences",
    "make_sampling_table": "word_pairs",
    "skipgrams": "word_pairs",
    "hashing_trick": "text",
    "one_hot": "text",
    "text_to_word_sequence": "text",
    "Tokenizer": "tokenizer",
    "tokenizer_from_json": "tokenizer",
    "ordered_batches": "workers",
}

_MODULES = (
    "archive",
    "boston_housing",
    "cache",
    "california_housing",
    "categorical",
    "cifar10",
    "cifar100",
    "errors",
    "fashion_mnist",
    "imdb",
    "mnist",
    "pydataset",
    "reuters",
    "sequences",
    "text",
    "tokenizer",
    "workers",
)

__all__ = sorted([*_HOME, *_MODULES])


def __getattr__(name):
    if name in _HOME:
        value = getattr(importlib.import_module(f"kx_datasets.{_HOME[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"kx_datasets.{name}")
    else:
        raise AttributeError(f"module 'kx_datasets' has no attribute {name!r}; it has {', '.join(__all__)}")
    globals()[name] = value
    return value


def __dir__():
    return __all__
