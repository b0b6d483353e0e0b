"""The operations of linear algebra."""

from kx_tensor.ops import norm as norm
