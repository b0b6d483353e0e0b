"""Classic datasets, downloaded once and kept; a folder that `KX_DATASETS` names is looked through first.
`Dataset` is the pipeline that feeds a model, after tf.data.
"""

import importlib

TYPE_CHECKING = False
if TYPE_CHECKING:
    from kx.datasets import boston_housing as boston_housing
    from kx.datasets import california_housing as california_housing
    from kx.datasets import cifar10 as cifar10
    from kx.datasets import cifar100 as cifar100
    from kx.datasets import fashion_mnist as fashion_mnist
    from kx.datasets import imdb as imdb
    from kx.datasets import mnist as mnist
    from kx.datasets import reuters as reuters
    from kx_datasets.pipeline.dataset import AUTOTUNE as AUTOTUNE
    from kx_datasets.pipeline.dataset import INFINITE_CARDINALITY as INFINITE_CARDINALITY
    from kx_datasets.pipeline.dataset import UNKNOWN_CARDINALITY as UNKNOWN_CARDINALITY
    from kx_datasets.pipeline.dataset import Dataset as Dataset
    from kx_datasets.pipeline.elements import TensorSpec as TensorSpec

_LOADERS = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]

_PIPELINE = ["AUTOTUNE", "INFINITE_CARDINALITY", "UNKNOWN_CARDINALITY", "Dataset", "TensorSpec"]

__all__ = [*_PIPELINE, *_LOADERS]


def __getattr__(name):
    if name in _LOADERS:
        return importlib.import_module(f"kx.datasets.{name}")
    if name in _PIPELINE:
        return getattr(importlib.import_module("kx_datasets"), name)
    raise AttributeError(f"module 'kx.datasets' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__
