"""The operations of linear algebra."""

from kx_tensor.ops import jvp as jvp
from kx_tensor.ops import norm as norm
