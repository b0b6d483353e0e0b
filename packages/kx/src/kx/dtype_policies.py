"""Dtype policies: in which dtype layers compute, and in which they keep their weights."""

from kx_layers.policy import DTypePolicy as DTypePolicy
from kx_layers.policy import DTypePolicyMap as DTypePolicyMap
from kx_layers.policy import FloatDTypePolicy as FloatDTypePolicy
from kx_layers.policy import deserialize as deserialize
from kx_layers.policy import get as get
from kx_layers.policy import serialize as serialize
