"""The architecture of a model as JSON or YAML, without its weights."""

from kx_io.config import serialize_keras_object, shared_objects
from kx_io.text import read_json, read_yaml, write_json, write_yaml
from kx_models.saving.model_of_config import model_of


def to_json(model, **kwargs):
    """The JSON of a model's config."""
    return write_json(_config(model), **kwargs)


def to_yaml(model, **kwargs):
    """The YAML of a model's config."""
    return write_yaml(_config(model), **kwargs)


def _config(model):
    with shared_objects():
        return serialize_keras_object(model)


def model_from_json(json_string, custom_objects=None):
    """Make a model, with new weights, from `model.to_json()`.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> text = Sequential([Input((3,)), Dense(2)]).to_json()
    >>> model_from_json(text).output_shape
    (None, 2)
    """
    return model_of(read_json(json_string), "the JSON", custom_objects)


def model_from_yaml(yaml_string, custom_objects=None):
    """Make a model, with new weights, from `model.to_yaml()`; the YAML is read safely, whatever is in it.

    >>> from kx_layers.dense import Dense
    >>> from kx_layers.input_layer import Input
    >>> from kx_models.sequential import Sequential
    >>> text = Sequential([Input((3,)), Dense(2)]).to_yaml()
    >>> model_from_yaml(text).output_shape
    (None, 2)
    """
    return model_of(read_yaml(yaml_string), "the YAML", custom_objects)


def model_from_config(config, custom_objects=None):
    """Make a model from the config of one, as `serialize_keras_object(model)` gives it.

    >>> from kx_io import serialize_keras_object
    >>> from kx_models.sequential import Sequential
    >>> model_from_config(serialize_keras_object(Sequential(name="empty"))).name
    'empty'
    """
    return model_of(config, "the config", custom_objects)
