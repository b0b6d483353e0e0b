"""What does not belong elsewhere: arrays, files, progress, custom objects."""

from kx_datasets.cache import get_file as get_file
from kx_datasets.categorical import normalize as normalize
from kx_datasets.categorical import to_categorical as to_categorical
from kx_datasets.pydataset import PyDataset as PyDataset
from kx_datasets.pydataset import Sequence as Sequence
from kx_datasets.sequences import pad_sequences as pad_sequences
from kx_io.config import deserialize_keras_object as deserialize_keras_object
from kx_io.config import serialize_keras_object as serialize_keras_object
from kx_io.scopes import CustomObjectScope as CustomObjectScope
from kx_io.scopes import custom_object_scope as custom_object_scope
from kx_io.scopes import get_custom_objects as get_custom_objects
from kx_io.scopes import get_registered_name as get_registered_name
from kx_io.scopes import get_registered_object as get_registered_object
from kx_io.scopes import register_keras_serializable as register_keras_serializable
from kx_models.messages import disable_interactive_logging as disable_interactive_logging
from kx_models.messages import enable_interactive_logging as enable_interactive_logging
from kx_models.messages import is_interactive_logging_enabled as is_interactive_logging_enabled
from kx_models.plots.diagram import model_to_dot as model_to_dot
from kx_models.plots.diagram import plot_model as plot_model
from kx_models.feature_space import FeatureSpace as FeatureSpace
from kx_models.progress import Progbar as Progbar
from kx_models.session import clear_session as clear_session
from kx_tensor.dtypes import standardize_dtype as standardize_dtype
from kx_tensor.random import set_random_seed as set_random_seed
from kx_tensor.symbolic import get_source_inputs as get_source_inputs
from kx_tensor.symbolic import is_keras_tensor as is_keras_tensor
