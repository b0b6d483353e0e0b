"""Nested structures of tuples, lists and dicts."""

from kx_tensor.tree import assert_same_paths as assert_same_paths
from kx_tensor.tree import assert_same_structure as assert_same_structure
from kx_tensor.tree import flatten as flatten
from kx_tensor.tree import flatten_with_path as flatten_with_path
from kx_tensor.tree import is_nested as is_nested
from kx_tensor.tree import lists_to_tuples as lists_to_tuples
from kx_tensor.tree import map_shape_structure as map_shape_structure
from kx_tensor.tree import map_structure as map_structure
from kx_tensor.tree import map_structure_up_to as map_structure_up_to
from kx_tensor.tree import pack_sequence_as as pack_sequence_as
from kx_tensor.tree import traverse as traverse
