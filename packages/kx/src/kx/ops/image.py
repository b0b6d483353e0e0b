"""The operations on images."""

from kx_tensor.ops.image import affine_transform as affine_transform
from kx_tensor.ops.image import crop_images as crop_images
from kx_tensor.ops.image import extract_patches as extract_patches
from kx_tensor.ops.image import extract_patches_3d as extract_patches_3d
from kx_tensor.ops.image import hsv_to_rgb as hsv_to_rgb
from kx_tensor.ops.image import map_coordinates as map_coordinates
from kx_tensor.ops.image import pad_images as pad_images
from kx_tensor.ops.image import resize as resize
from kx_tensor.ops.image import rgb_to_grayscale as rgb_to_grayscale
from kx_tensor.ops.image import rgb_to_hsv as rgb_to_hsv
