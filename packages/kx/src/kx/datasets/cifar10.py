"""CIFAR-10: 50,000 training and 10,000 test colour images of ten classes."""

from kx_datasets.cifar10 import load_data as load_data
