"""Global settings: the backend, the default dtypes, the order of image axes."""

from kx_layers.policy import dtype_policy as dtype_policy
from kx_layers.policy import set_dtype_policy as set_dtype_policy
from kx_models.limits import max_epochs as max_epochs
from kx_models.limits import max_steps_per_epoch as max_steps_per_epoch
from kx_models.limits import set_max_epochs as set_max_epochs
from kx_models.limits import set_max_steps_per_epoch as set_max_steps_per_epoch
from kx_models.messages import disable_interactive_logging as disable_interactive_logging
from kx_models.messages import enable_interactive_logging as enable_interactive_logging
from kx_models.messages import is_interactive_logging_enabled as is_interactive_logging_enabled
from kx_models.tracebacks import disable_traceback_filtering as disable_traceback_filtering
from kx_models.tracebacks import enable_traceback_filtering as enable_traceback_filtering
from kx_models.tracebacks import is_traceback_filtering_enabled as is_traceback_filtering_enabled
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
