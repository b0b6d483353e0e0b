"""CIFAR-100: 50,000 training and 10,000 test colour images of 100 classes, which form 20 groups."""

from kx_datasets.cifar100 import load_data as load_data
