"""Pictures as arrays, and what Keras 2 has for changing them at random."""

from kx_datasets.images import array_to_img as array_to_img
from kx_datasets.images import img_to_array as img_to_array
from kx_datasets.images import load_img as load_img
from kx_datasets.images import save_img as save_img
from kx_datasets.resize import smart_resize as smart_resize
