"""The backend module: dtypes, the epsilon, automatic names; by their names also the functions of Keras 2."""

import importlib
import sys

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

_KERAS_2 = ("arithmetic", "shapes", "conv", "random", "losses", "ctc", "state", "graph")


def __getattr__(name):
    """The functions of Keras 2, `K.mean` and the like: one module of `kx.compat` for each family."""
    if not name.startswith("_"):
        for family in _KERAS_2:
            module = importlib.import_module(f"kx.compat.backend_{family}")
            if name in module.__all__:
                return getattr(module, name)
    raise AttributeError(
        f"module 'kx.backend' has no attribute {name!r}", name=name, obj=sys.modules[__name__]
    )


def __dir__():
    families = [importlib.import_module(f"kx.compat.backend_{family}").__all__ for family in _KERAS_2]
    return [*globals(), *(name for family in families for name in family)]
