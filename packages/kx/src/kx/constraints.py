"""Constraints: what a weight is projected to after each step."""

from kx_layers.constraints import Constraint as Constraint
from kx_layers.constraints import MaxNorm as MaxNorm
from kx_layers.constraints import MinMaxNorm as MinMaxNorm
from kx_layers.constraints import NonNeg as NonNeg
from kx_layers.constraints import UnitNorm as UnitNorm
from kx_layers.constraints import deserialize as deserialize
from kx_layers.constraints import get as get
from kx_layers.constraints import max_norm as max_norm
from kx_layers.constraints import min_max_norm as min_max_norm
from kx_layers.constraints import non_neg as non_neg
from kx_layers.constraints import serialize as serialize
from kx_layers.constraints import unit_norm as unit_norm
