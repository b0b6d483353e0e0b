"""MNIST: handwritten digits, 60,000 to train on and 10,000 to test with."""

from kx_datasets.mnist import load_available as load_available
from kx_datasets.mnist import load_data as load_data
from kx_datasets.mnist import load_subset as load_subset
