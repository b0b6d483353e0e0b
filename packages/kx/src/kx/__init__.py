"""Keras, rebuilt small: the Keras API on NumPy and CuPy, with its own automatic differentiation.

Everything is loaded when it is first used, so that `import kx` costs next to nothing.

>>> import numpy as np
>>> import kx
>>> model = kx.Sequential([kx.Input((4,)), kx.layers.Dense(8, activation="relu"), kx.layers.Dense(1)])
>>> model.compile(optimizer="adam", loss="mse")
>>> x = np.linspace(-1, 1, 256, dtype="float32").reshape(64, 4)
>>> history = model.fit(x, x.sum(axis=1), epochs=20, verbose=0)
>>> history.history["loss"][-1] < history.history["loss"][0], model.predict(x, verbose=0).shape
(True, (64, 1))
"""

import importlib
import sys

TYPE_CHECKING = False  # editors and type checkers take a variable of this name for true
if TYPE_CHECKING:
    from kx import activations as activations
    from kx import backend as backend
    from kx import callbacks as callbacks
    from kx import config as config
    from kx import constraints as constraints
    from kx import datasets as datasets
    from kx import dtype_policies as dtype_policies
    from kx import initializers as initializers
    from kx import layers as layers
    from kx import losses as losses
    from kx import metrics as metrics
    from kx import mixed_precision as mixed_precision
    from kx import models as models
    from kx import ops as ops
    from kx import optimizers as optimizers
    from kx import preprocessing as preprocessing
    from kx import random as random
    from kx import regularizers as regularizers
    from kx import saving as saving
    from kx import tree as tree
    from kx import utils as utils
    from kx import visualization as visualization
    from kx.compat import install_as_keras as install_as_keras
    from kx_layers.constant_initializers import Initializer as Initializer
    from kx_layers.input_layer import Input as Input
    from kx_layers.input_spec import InputSpec as InputSpec
    from kx_layers.layer import Layer as Layer
    from kx_layers.policy import DTypePolicy as DTypePolicy
    from kx_layers.policy import FloatDTypePolicy as FloatDTypePolicy
    from kx_layers.regularizers import Regularizer as Regularizer
    from kx_losses.loss import Loss as Loss
    from kx_losses.metric import Metric as Metric
    from kx_models.model import Model as Model
    from kx_models.sequential import Sequential as Sequential
    from kx_optimizers.optimizer import Optimizer as Optimizer
    from kx_tensor.custom import custom_gradient as custom_gradient
    from kx_tensor.device import device as device
    from kx_tensor.gradients import GradientTape as GradientTape
    from kx_tensor.gradients import grad as grad
    from kx_tensor.gradients import value_and_grad as value_and_grad
    from kx_tensor.graph import Function as Function
    from kx_tensor.naming import name_scope as name_scope
    from kx_tensor.ops.casting import stop_gradient as stop_gradient
    from kx_tensor.symbolic import KerasTensor as KerasTensor
    from kx_tensor.tape import no_grad as no_grad
    from kx_tensor.tensor import Tensor as Tensor
    from kx_tensor.variable import Variable as Variable

__version__ = "0.1.0"

_NAMESPACES = (
    "activations",
    "backend",
    "callbacks",
    "config",
    "constraints",
    "datasets",
    "dtype_policies",
    "initializers",
    "layers",
    "losses",
    "metrics",
    "mixed_precision",
    "models",
    "ops",
    "optimizers",
    "preprocessing",
    "random",
    "regularizers",
    "saving",
    "tree",
    "utils",
    "visualization",
)

_HOME = {
    "DTypePolicy": "kx_layers.policy",
    "FloatDTypePolicy": "kx_layers.policy",
    "Function": "kx_tensor.graph",
    "GradientTape": "kx_tensor.gradients",
    "Initializer": "kx_layers.constant_initializers",
    "Input": "kx_layers.input_layer",
    "InputSpec": "kx_layers.input_spec",
    "KerasTensor": "kx_tensor.symbolic",
    "Layer": "kx_layers.layer",
    "Loss": "kx_losses.loss",
    "Metric": "kx_losses.metric",
    "Model": "kx_models.model",
    "Optimizer": "kx_optimizers.optimizer",
    "Regularizer": "kx_layers.regularizers",
    "Sequential": "kx_models.sequential",
    "Tensor": "kx_tensor.tensor",
    "Variable": "kx_tensor.variable",
    "custom_gradient": "kx_tensor.custom",
    "device": "kx_tensor.device",
    "grad": "kx_tensor.gradients",
    "install_as_keras": "kx.compat",
    "name_scope": "kx_tensor.naming",
    "no_grad": "kx_tensor.tape",
    "stop_gradient": "kx_tensor.ops.casting",
    "value_and_grad": "kx_tensor.gradients",
}

__all__ = sorted([*_NAMESPACES, *_HOME, "version"])


def version():
    """Return the version of kx.

    >>> version() == __version__
    True
    """
    return __version__


def __getattr__(name):
    if name in _NAMESPACES:
        return importlib.import_module(f"kx.{name}")  # which also makes it an attribute of kx
    if name not in _HOME:
        # with `obj`, Python's own "Did you mean" looks through `dir(kx)`
        raise AttributeError(f"module 'kx' has no attribute {name!r}", name=name, obj=sys.modules[__name__])
    value = getattr(importlib.import_module(_HOME[name]), name)
    globals()[name] = value
    return value


def __dir__():
    return [*__all__, "__version__"]
