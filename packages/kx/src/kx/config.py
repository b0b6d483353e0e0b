"""Global settings: the backend, the default dtypes, the order of image axes."""

from kx_layers.policy import dtype_policy as dtype_policy
from kx_layers.policy import set_dtype_policy as set_dtype_policy
from kx_tensor.config import disable_flash_attention as disable_flash_attention
from kx_tensor.config import enable_flash_attention as enable_flash_attention
from kx_tensor.config import epsilon as epsilon
from kx_tensor.config import floatx as floatx
from kx_tensor.config import image_data_format as image_data_format
from kx_tensor.config import is_flash_attention_enabled as is_flash_attention_enabled
from kx_tensor.config import set_epsilon as set_epsilon
from kx_tensor.config import set_floatx as set_floatx
from kx_tensor.config import set_image_data_format as set_image_data_format
from kx_tensor.device import backend as backend
from kx_tensor.device import set_backend as set_backend
