"""Pictures as arrays, and what Keras 2 has for changing them at random."""

from kx_datasets.augment.affine import apply_affine_transform as apply_affine_transform
from kx_datasets.augment.array_iterator import NumpyArrayIterator as NumpyArrayIterator
from kx_datasets.augment.changes import apply_brightness_shift as apply_brightness_shift
from kx_datasets.augment.changes import apply_channel_shift as apply_channel_shift
from kx_datasets.augment.changes import random_brightness as random_brightness
from kx_datasets.augment.changes import random_channel_shift as random_channel_shift
from kx_datasets.augment.changes import random_rotation as random_rotation
from kx_datasets.augment.changes import random_shear as random_shear
from kx_datasets.augment.changes import random_shift as random_shift
from kx_datasets.augment.changes import random_zoom as random_zoom
from kx_datasets.augment.directory_iterator import DirectoryIterator as DirectoryIterator
from kx_datasets.augment.generator import ImageDataGenerator as ImageDataGenerator
from kx_datasets.augment.iterator import Iterator as Iterator
from kx_datasets.augment.table_iterator import DataFrameIterator as DataFrameIterator
from kx_datasets.images import array_to_img as array_to_img
from kx_datasets.images import img_to_array as img_to_array
from kx_datasets.images import load_img as load_img
from kx_datasets.images import save_img as save_img
from kx_datasets.resize import smart_resize as smart_resize
