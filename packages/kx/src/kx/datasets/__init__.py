"""Classic datasets, downloaded once and kept; a folder that `KX_DATASETS` names is looked through first."""

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

__all__ = [
    "boston_housing",
    "california_housing",
    "cifar10",
    "cifar100",
    "fashion_mnist",
    "imdb",
    "mnist",
    "reuters",
]


def __getattr__(name):
    if name in __all__:
        return importlib.import_module(f"kx.datasets.{name}")
    raise AttributeError(f"module 'kx.datasets' has no attribute {name!r}; it has {', '.join(__all__)}")


def __dir__():
    return __all__
