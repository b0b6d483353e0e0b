"""The operations on images that `ops.image` has, gathered from their families."""

from kx_tensor.ops.colors import hsv_to_rgb as hsv_to_rgb
from kx_tensor.ops.colors import rgb_to_grayscale as rgb_to_grayscale
from kx_tensor.ops.colors import rgb_to_hsv as rgb_to_hsv
from kx_tensor.ops.image_size import crop_images as crop_images
from kx_tensor.ops.image_size import extract_patches as extract_patches
from kx_tensor.ops.image_size import extract_patches_3d as extract_patches_3d
from kx_tensor.ops.image_size import pad_images as pad_images
from kx_tensor.ops.image_size import resize as resize
from kx_tensor.ops.warp import affine_transform as affine_transform
from kx_tensor.ops.warp import map_coordinates as map_coordinates
