"""Models: sequential, functional and subclassed."""

from kx_models.model import Model as Model
from kx_models.saving.api import load_model as load_model
from kx_models.saving.api import save_model as save_model
from kx_models.saving.architecture import model_from_config as model_from_config
from kx_models.saving.architecture import model_from_json as model_from_json
from kx_models.saving.architecture import model_from_yaml as model_from_yaml
from kx_models.saving.clone import clone_model as clone_model
from kx_models.sequential import Sequential as Sequential
