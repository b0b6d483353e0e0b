"""Fashion-MNIST: pictures of clothes in ten classes, in the format of MNIST."""

from kx_datasets.fashion_mnist import load_data as load_data
