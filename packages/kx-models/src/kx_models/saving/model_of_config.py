"""A model from its config, as files hold it."""

from kx_io.config import read, shared_objects
from kx_io.errors import FileFormatError


def model_of(config, label, custom_objects=None, compile=True, safe_mode=True):
    """The model, without its weights, that a config read from a file stands for."""
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise FileFormatError(f"{label}: its config is that of no model.")
    if not compile:
        config = {**config, "compile_config": None}
    with shared_objects():
        model = read(config, custom_objects, safe_mode)
    if not hasattr(model, "_flatten_layers"):
        raise FileFormatError(f"{label} holds a {type(model).__name__}, not a model.")
    return model
