"""A model from its config, as files hold it."""

import contextlib

from kx_io import CustomObjectScope
from kx_io.config import read, shared_objects
from kx_io.errors import FileFormatError
from kx_models.saving.old_configs import modern_config
from kx_tensor.allowance import Allowance

MOST_WITHOUT_WEIGHTS = 4 << 30  # bytes of a model of which only the architecture is there
# A file of weights may give rise to this many times its bytes: the slots of an optimizer that it has no state of.
_TIMES_STORED = 8
_SMALL = 64 << 20
# What Python raises where a value of a damaged config is used as something that it is not.
_PUZZLING = (ArithmeticError, AssertionError, AttributeError, LookupError, MemoryError, RecursionError)


def model_of(
    config,
    label,
    custom_objects=None,
    compile=True,
    safe_mode=True,
    keras_version=None,
    backend=None,
    stored=None,
):
    """The model, without its weights, that a config read from a file stands for, one of Keras 1, 2 or 3.

    `keras_version` and `backend` are what the file says beside the config, if the config itself doesn't. `stored` is
    the size of the weights that are read next: the model may not take many times that.
    """
    if not isinstance(config, dict) or not isinstance(config.get("class_name"), str):
        raise FileFormatError(f"{label}: its config is that of no model.")
    if not compile:
        config = {**config, "compile_config": None}
    with shared_objects(), CustomObjectScope(custom_objects), _making(label, stored):
        config = modern_config(config, keras_version, backend)
        model = read(config, None, safe_mode)
    if not hasattr(model, "_flatten_layers"):
        raise FileFormatError(f"{label} holds a {type(model).__name__}, not a model.")
    return model


@contextlib.contextmanager
def _making(label, stored):
    """A block that makes a model from a config: its variables are limited, its failures say that a file is at fault."""
    limit = MOST_WITHOUT_WEIGHTS if stored is None else _TIMES_STORED * stored + _SMALL
    try:
        with Allowance(limit, filled_later=stored is not None):
            yield
    except _PUZZLING as error:
        what = f"{type(error).__name__}: {error}"
        raise FileFormatError(
            f"{label}: a damaged config, from which no model can be made ({what})."
        ) from error
