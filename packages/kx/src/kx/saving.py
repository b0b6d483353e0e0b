"""Objects to configs and back."""

import kx_models  # every class that a config may name is made known by its own module
from kx_io.config import deserialize_keras_object as deserialize_keras_object
from kx_io.config import serialize_keras_object as serialize_keras_object
from kx_io.scopes import CustomObjectScope as CustomObjectScope
from kx_io.scopes import custom_object_scope as custom_object_scope
from kx_io.scopes import get_custom_objects as get_custom_objects
from kx_io.scopes import get_registered_name as get_registered_name
from kx_io.scopes import get_registered_object as get_registered_object
from kx_io.scopes import register_keras_serializable as register_keras_serializable
from kx_models.saving.api import load_model as load_model
from kx_models.saving.api import load_weights as load_weights
from kx_models.saving.api import save_model as save_model
from kx_models.saving.api import save_weights as save_weights
from kx_models.saving.editor import KerasFileEditor as KerasFileEditor
