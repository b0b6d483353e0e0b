"""Optimizers, learning-rate schedules and loss scaling; usable on your own variables without a model.

>>> from kx_tensor import Variable
>>> target, w = 3.0, Variable([0.0, 1.0])
>>> optimizer = SGD(learning_rate=0.25)
>>> for _ in range(20):
...     optimizer.apply([2.0 * (w - target)], [w])  # the gradient of sum((w - target) ** 2)
>>> w.numpy().round(3)
array([3., 3.], dtype=float32)
"""

from kx_io import registry as _registry
from kx_optimizers import schedules as schedules
from kx_optimizers.adafactor import Adafactor as Adafactor
from kx_optimizers.adagrad import Adadelta as Adadelta
from kx_optimizers.adagrad import Adagrad as Adagrad
from kx_optimizers.adam import Adam as Adam
from kx_optimizers.adam import Adamax as Adamax
from kx_optimizers.adam import AdamW as AdamW
from kx_optimizers.adam import Nadam as Nadam
from kx_optimizers.ftrl import Ftrl as Ftrl
from kx_optimizers.lamb import Lamb as Lamb
from kx_optimizers.lion import Lion as Lion
from kx_optimizers.loss_scale import LossScaleOptimizer as LossScaleOptimizer
from kx_optimizers.muon import Muon as Muon
from kx_optimizers.optimizer import Optimizer as Optimizer
from kx_optimizers.rmsprop import RMSprop as RMSprop
from kx_optimizers.schedule_free import ScheduleFreeAdamW as ScheduleFreeAdamW
from kx_optimizers.sgd import SGD as SGD

__version__ = "0.1.0"


def get(identifier):
    """Return the optimizer that a name ("adam"), a config dict, a class or an optimizer stands for.

    Raises ValueError for an unknown name, with the nearest known one.

    >>> type(get("RMSprop")).__name__
    'RMSprop'
    """
    return _registry("optimizers").get(identifier)


def serialize(optimizer):
    """Return the optimizer as a dict that `deserialize` turns back into it, without its state.

    >>> serialize(SGD())["class_name"]
    'SGD'
    """
    return _registry("optimizers").serialize(optimizer)


def deserialize(config, custom_objects=None):
    """Return the optimizer that `serialize` described.

    >>> deserialize(serialize(SGD(momentum=0.5))).momentum
    0.5
    """
    return _registry("optimizers").deserialize(config, custom_objects=custom_objects)
