"""Random numbers: the same seed gives the same numbers on every backend."""

from kx_tensor.random import SeedGenerator as SeedGenerator
from kx_tensor.random import beta as beta
from kx_tensor.random import binomial as binomial
from kx_tensor.random import categorical as categorical
from kx_tensor.random import dropout as dropout
from kx_tensor.random import gamma as gamma
from kx_tensor.random import normal as normal
from kx_tensor.random import randint as randint
from kx_tensor.random import shuffle as shuffle
from kx_tensor.random import truncated_normal as truncated_normal
from kx_tensor.random import uniform as uniform
