"""Optimizers."""

from kx.optimizers import schedules as schedules
from kx_optimizers import deserialize as deserialize
from kx_optimizers import get as get
from kx_optimizers import serialize as serialize
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
