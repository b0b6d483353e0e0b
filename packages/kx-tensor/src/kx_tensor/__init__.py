"""Tensors on NumPy and CuPy with automatic differentiation, symbolic shapes and reproducible random numbers."""

from kx_tensor import device as device
from kx_tensor import dtypes as dtypes
from kx_tensor import ops as ops
from kx_tensor import random as random
from kx_tensor import tree as tree
from kx_tensor.custom import custom_gradient as custom_gradient
from kx_tensor.gradients import GradientTape as GradientTape
from kx_tensor.gradients import grad as grad
from kx_tensor.gradients import value_and_grad as value_and_grad
from kx_tensor.graph import Function as Function
from kx_tensor.row_sparse import RowSparse as RowSparse
from kx_tensor.symbolic import KerasTensor as KerasTensor
from kx_tensor.tape import no_grad as no_grad
from kx_tensor.tensor import Tensor as Tensor
from kx_tensor.variable import Variable as Variable

__version__ = "0.1.0"
