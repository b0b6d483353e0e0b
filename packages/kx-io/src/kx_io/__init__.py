"""Declared fields, the registry, and objects to configs and back: what every kx object is made of."""

from kx_io.checks import Check as Check
from kx_io.checks import each as each
from kx_io.checks import fraction as fraction
from kx_io.checks import instance_of as instance_of
from kx_io.checks import non_negative as non_negative
from kx_io.checks import one_of as one_of
from kx_io.checks import positive as positive
from kx_io.codecs import decoder as decoder
from kx_io.codecs import encoder as encoder
from kx_io.codecs import tagged as tagged
from kx_io.config import deserialize_keras_object as deserialize_keras_object
from kx_io.config import serialize_keras_object as serialize_keras_object
from kx_io.config import shared_objects as shared_objects
from kx_io.fields import REQUIRED as REQUIRED
from kx_io.fields import Fields as Fields
from kx_io.fields import field as field
from kx_io.names import snake_case as snake_case
from kx_io.registry import Registry as Registry
from kx_io.registry import register as register
from kx_io.registry import registry as registry
from kx_io.scopes import CustomObjectScope as CustomObjectScope
from kx_io.scopes import custom_object_scope as custom_object_scope
from kx_io.scopes import get_custom_objects as get_custom_objects
from kx_io.scopes import get_registered_name as get_registered_name
from kx_io.scopes import get_registered_object as get_registered_object
from kx_io.scopes import register_keras_serializable as register_keras_serializable

serialize = serialize_keras_object
deserialize = deserialize_keras_object
