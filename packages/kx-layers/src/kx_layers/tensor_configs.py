"""Tensors in configs: Keras's tags for them, read as kx's. What is written stands in `kx_io.codecs`."""

from kx_io.codecs import decoder
from kx_tensor import ops
from kx_tensor.symbolic import KerasTensor

decoder("__tensor__", lambda config: ops.convert_to_tensor(config["value"], dtype=config["dtype"]))
decoder("__keras_tensor__", lambda config: KerasTensor(config["shape"], config["dtype"]))
