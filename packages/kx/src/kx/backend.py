"""The few names of Keras's backend module: dtypes, the epsilon, automatic names."""

from kx_tensor.config import epsilon as epsilon
from kx_tensor.config import floatx as floatx
from kx_tensor.config import image_data_format as image_data_format
from kx_tensor.config import set_epsilon as set_epsilon
from kx_tensor.config import set_floatx as set_floatx
from kx_tensor.config import set_image_data_format as set_image_data_format
from kx_tensor.device import backend as backend
from kx_tensor.dtypes import is_float_dtype as is_float_dtype
from kx_tensor.dtypes import is_int_dtype as is_int_dtype
from kx_tensor.dtypes import result_type as result_type
from kx_tensor.dtypes import standardize_dtype as standardize_dtype
from kx_tensor.naming import get_uid as get_uid
