"""Regularizers: penalties on weights and activities."""

from kx_layers.regularizers import L1 as L1
from kx_layers.regularizers import L1L2 as L1L2
from kx_layers.regularizers import L2 as L2
from kx_layers.regularizers import OrthogonalRegularizer as OrthogonalRegularizer
from kx_layers.regularizers import Regularizer as Regularizer
from kx_layers.regularizers import deserialize as deserialize
from kx_layers.regularizers import get as get
from kx_layers.regularizers import l1 as l1
from kx_layers.regularizers import l1_l2 as l1_l2
from kx_layers.regularizers import l2 as l2
from kx_layers.regularizers import orthogonal_regularizer as orthogonal_regularizer
from kx_layers.regularizers import serialize as serialize
