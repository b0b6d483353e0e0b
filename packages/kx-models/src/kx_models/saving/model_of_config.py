"""A model from its config, as files hold it."""

from kx_io import CustomObjectScope
from kx_io.config import read, shared_objects
from kx_io.errors import FileFormatError
from kx_models.saving.old_configs import modern_config


def model_of(
    config, label, custom_objects=None, compile=True, safe_mode=True, keras_version=None, backend=None
):
    """The model, without its weights, that a config read from a file stands for, one of Keras 1, 2 or 3.

    `keras_version` and `backend` are what the file says beside the config, if the config itself doesn't.
    """
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise FileFormatError(f"{label}: its config is that of no model.")
    if not compile:
        config = {**config, "compile_config": None}
    with shared_objects(), CustomObjectScope(custom_objects):
        config = modern_config(config, keras_version, backend)
        model = read(config, None, safe_mode)
    if not hasattr(model, "_flatten_layers"):
        raise FileFormatError(f"{label} holds a {type(model).__name__}, not a model.")
    return model
