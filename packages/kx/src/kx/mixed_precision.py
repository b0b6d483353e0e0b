"""Mixed precision, under the names it had before `kx.dtype_policies`."""

from kx_layers.policy import DTypePolicy as DTypePolicy
from kx_layers.policy import DTypePolicy as Policy
from kx_layers.policy import dtype_policy as dtype_policy
from kx_layers.policy import dtype_policy as global_policy
from kx_layers.policy import set_dtype_policy as set_dtype_policy
from kx_layers.policy import set_dtype_policy as set_global_policy
from kx_optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
